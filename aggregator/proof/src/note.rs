//! Signed notes (C2SP signed-note): a text of whole lines, an empty line, and a line for each signature. Of the kinds of signatures
//! there are, these are known here: Ed25519 over the text, and the timestamped cosignatures of C2SP tlog-cosignature.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{SIGNATURE_LENGTH, Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use std::{fmt, str::FromStr};

/// More signatures than these are not read.
const SIGNATURES_AT_MOST: usize = 64;

/// What a signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureKind {
    /// Its signer wrote the text.
    Plain,
    /// Its signer saw the text at a time.
    Cosignature,
}

impl SignatureKind {
    fn byte(self) -> u8 {
        match self {
            Self::Plain => 1,
            Self::Cosignature => 4,
        }
    }
}

/// Whose signatures are believed: a name, a kind and a key. As text it is a verifier key, `name+id+key`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: SignatureKind,
    key: VerifyingKey,
}

/// What keeps a text from being a note, a key or a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is no signed note.
    #[error("it is no signed note: lines of text, an empty line, and a line for each signature")]
    NotANote,
    /// It is no signature line.
    #[error("it is no signature line: an em dash, a name, and base64")]
    NotASignature,
    /// It is no verifier key.
    #[error("it is no verifier key: `name+id+key` of an Ed25519 key or a cosigner's")]
    NotAKey,
    /// A name is empty, or has a space or a plus in it.
    #[error("a key's name has at least one character, and neither spaces nor `+`")]
    NotAName,
}

fn check_name(name: &str) -> Result<(), NoteError> {
    let is_name =
        !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+');
    if is_name { Ok(()) } else { Err(NoteError::NotAName) }
}

impl VerifierKey {
    /// A key under a name.
    ///
    /// # Errors
    /// When it is no name.
    pub fn new(name: &str, kind: SignatureKind, key: VerifyingKey) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self {
            name: name.to_owned(),
            kind,
            key,
        })
    }

    /// Whose it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its signatures say.
    pub fn kind(&self) -> SignatureKind {
        self.kind
    }

    /// The key itself.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// What signature lines name it by, besides its name.
    pub fn id(&self) -> u32 {
        let digest = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', self.kind.byte()])
            .chain_update(self.key.as_bytes())
            .finalize();
        u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
    }

    /// Whether a signature is this key's and holds for a text. `None` also for those of other keys.
    pub fn verify(&self, text: &str, line: &SignatureLine) -> Option<Verified> {
        if line.name != self.name || line.key_id != self.id() {
            return None;
        }
        let (signed, at_s, signature) = match self.kind {
            SignatureKind::Plain => (text.to_owned(), None, &line.signature[..]),
            SignatureKind::Cosignature => {
                let (time, signature) = line.signature.split_first_chunk::<8>()?;
                let at_s = i64::try_from(u64::from_be_bytes(*time)).ok()?;
                (cosigned_message(text, at_s), Some(at_s), signature)
            }
        };
        let signature = Signature::from_slice(signature).ok()?;
        self.key.verify_strict(signed.as_bytes(), &signature).ok()?;
        Some(Verified { at_s })
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.kind.byte()], &self.key.as_bytes()[..]].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id(), STANDARD.encode(bytes))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::NotAKey);
        };
        let bytes = STANDARD.decode(key).map_err(|_| NoteError::NotAKey)?;
        let (kind, key) = bytes.split_first().ok_or(NoteError::NotAKey)?;
        let kind = [SignatureKind::Plain, SignatureKind::Cosignature]
            .into_iter()
            .find(|known| known.byte() == *kind)
            .ok_or(NoteError::NotAKey)?;
        let key = <[u8; 32]>::try_from(key).map_err(|_| NoteError::NotAKey)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| NoteError::NotAKey)?;
        let read = Self::new(name, kind, key)?;
        // A mistake in copying shows in the id.
        if format!("{:08x}", read.id()) == id {
            Ok(read)
        } else {
            Err(NoteError::NotAKey)
        }
    }
}

/// A signature that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// When it was made by the signer's clock, Unix seconds; cosignatures alone say it.
    pub at_s: Option<i64>,
}

/// A line of a note that has a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    /// Who is said to have signed.
    pub name: String,
    /// Which key of his; see [`VerifierKey::id`].
    pub key_id: u32,
    /// What stands behind the id.
    pub signature: Vec<u8>,
}

impl SignatureLine {
    /// Signs a text under a name.
    ///
    /// # Errors
    /// When it is no name.
    pub fn sign(text: &str, name: &str, key: &SigningKey) -> Result<Self, NoteError> {
        let verifier = VerifierKey::new(name, SignatureKind::Plain, key.verifying_key())?;
        Ok(Self {
            name: name.to_owned(),
            key_id: verifier.id(),
            signature: key.sign(text.as_bytes()).to_bytes().to_vec(),
        })
    }

    /// Cosigns a text under a name, at a time in Unix seconds.
    ///
    /// # Errors
    /// When it is no name.
    pub fn cosign(text: &str, name: &str, key: &SigningKey, at_s: i64) -> Result<Self, NoteError> {
        let verifier = VerifierKey::new(name, SignatureKind::Cosignature, key.verifying_key())?;
        let mut signature = Vec::with_capacity(8 + SIGNATURE_LENGTH);
        signature.extend(at_s.unsigned_abs().to_be_bytes());
        signature.extend(key.sign(cosigned_message(text, at_s).as_bytes()).to_bytes());
        Ok(Self {
            name: name.to_owned(),
            key_id: verifier.id(),
            signature,
        })
    }
}

fn cosigned_message(text: &str, at_s: i64) -> String {
    format!("cosignature/v1\ntime {at_s}\n{text}")
}

/// Without a line feed.
impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id.to_be_bytes(), &self.signature[..]].concat();
        write!(f, "— {} {}", self.name, STANDARD.encode(bytes))
    }
}

impl FromStr for SignatureLine {
    type Err = NoteError;

    fn from_str(line: &str) -> Result<Self, NoteError> {
        let (name, bytes) = line
            .strip_prefix("— ")
            .and_then(|rest| rest.split_once(' '))
            .ok_or(NoteError::NotASignature)?;
        check_name(name).map_err(|_| NoteError::NotASignature)?;
        let bytes = STANDARD.decode(bytes).map_err(|_| NoteError::NotASignature)?;
        let (id, signature) = bytes.split_first_chunk::<4>().ok_or(NoteError::NotASignature)?;
        Ok(Self {
            name: name.to_owned(),
            key_id: u32::from_be_bytes(*id),
            signature: signature.to_vec(),
        })
    }
}

/// A text and its signatures, as they were read: whether they hold, [`VerifierKey::verify`] tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The text, which ends with a line feed.
    pub text: String,
    /// The signatures, at least one in what was read.
    pub signatures: Vec<SignatureLine>,
}

impl Note {
    /// The first of its signatures that is this key's and holds.
    pub fn verify(&self, key: &VerifierKey) -> Option<Verified> {
        self.signatures
            .iter()
            .find_map(|line| key.verify(&self.text, line))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        if note.contains(|c: char| c.is_ascii_control() && c != '\n') {
            return Err(NoteError::NotANote);
        }
        let end = note.rfind("\n\n").ok_or(NoteError::NotANote)?;
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteError::NotANote)?;
        if lines.split('\n').count() > SIGNATURES_AT_MOST {
            return Err(NoteError::NotANote);
        }
        let signatures = lines.split('\n').map(str::parse).collect::<Result<_, _>>();
        Ok(Self {
            text: text.to_owned(),
            signatures: signatures.map_err(|_| NoteError::NotANote)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key and a note of its that the Go implementation is documented with.
    const KNOWN_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const KNOWN_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
                              then you don't know what your problem is.\n\n\
                              — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn signing_key(byte: u8) -> SigningKey {
        SigningKey::from_bytes(&[byte; 32])
    }

    #[test]
    fn a_note_of_another_implementation_is_verified() {
        let key: VerifierKey = KNOWN_KEY.parse().unwrap();
        assert_eq!(key.to_string(), KNOWN_KEY);
        let note: Note = KNOWN_NOTE.parse().unwrap();
        assert_eq!(note.to_string(), KNOWN_NOTE);
        assert_eq!(note.verify(&key), Some(Verified { at_s: None }));
        let altered: Note = KNOWN_NOTE.replace("know", "knew").parse().unwrap();
        assert_eq!(altered.verify(&key), None);
    }

    #[test]
    fn a_cosignature_of_another_implementation_is_read() {
        // The example of C2SP tlog-cosignature.
        let note: Note = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
                          — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
                          — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
            .parse()
            .unwrap();
        assert_eq!(note.signatures[1].key_id, 0x8d66_cf3f);
        assert_eq!(note.signatures[1].signature[..8], 1_679_315_147_u64.to_be_bytes());
    }

    #[test]
    fn each_kind_of_signature_holds_for_its_own_key_alone() {
        let (text, key) = ("a\n\nb\n", signing_key(1));
        let verifier =
            |kind, key: &SigningKey| VerifierKey::new("log.example", kind, key.verifying_key()).unwrap();
        let note = Note {
            text: text.to_owned(),
            signatures: vec![
                SignatureLine::sign(text, "log.example", &key).unwrap(),
                SignatureLine::cosign(text, "log.example", &key, 1_700_000_000).unwrap(),
            ],
        };
        let note: Note = note.to_string().parse().unwrap();
        assert_eq!(note.text, text);
        let verified =
            |kind, key: &SigningKey| note.verify(&verifier(kind, key)).map(|verified| verified.at_s);
        assert_eq!(verified(SignatureKind::Plain, &key), Some(None));
        assert_eq!(
            verified(SignatureKind::Cosignature, &key),
            Some(Some(1_700_000_000))
        );
        for kind in [SignatureKind::Plain, SignatureKind::Cosignature] {
            assert_eq!(verified(kind, &signing_key(2)), None);
            let verifier = verifier(kind, &key);
            assert_eq!(verifier.to_string().parse(), Ok(verifier));
        }
        // The time is signed too.
        let mut later = note.signatures[1].clone();
        later.signature[7] ^= 1;
        assert_eq!(
            verifier(SignatureKind::Cosignature, &key).verify(text, &later),
            None
        );
    }

    #[test]
    fn what_is_no_note_no_line_and_no_key_is_refused() {
        for wrong in [
            "",
            "a\n",
            "a\n\n",
            "a\n\nb\n",
            "a\n\n— k YWJjZGVm",
            "a\r\n\n— k YWJjZGVm\n",
            "a\n\n— k YWI=\n",
            "a\n\n— k+k YWJjZGVm\n",
            "a\n\n—  YWJjZGVm\n",
        ] {
            assert_eq!(wrong.parse::<Note>(), Err(NoteError::NotANote), "{wrong:?}");
        }
        assert!("a\n\n— k YWJjZGVm\n".parse::<Note>().is_ok());
        for wrong in [
            "",
            "PeterNeumann",
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
            "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        ] {
            assert_eq!(wrong.parse::<VerifierKey>(), Err(NoteError::NotAKey), "{wrong}");
        }
        let key = signing_key(1);
        assert_eq!(SignatureLine::sign("a\n", "a b", &key), Err(NoteError::NotAName));
    }
}
