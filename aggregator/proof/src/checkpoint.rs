//! Checkpoints (C2SP tlog-checkpoint): the size and the root of a log at a time, as the text of a signed note.

use crate::{
    hash::Hash,
    note::{Note, NoteError, SignatureKind, SignatureLine, VerifierKey},
};
use ed25519_dalek::SigningKey;
use std::{fmt, str::FromStr};

/// What a log says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is.
    pub origin: String,
    /// How many leaves it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// Whatever else it says, a line each. Edgewatch's own say nothing else.
    pub extensions: Vec<String>,
}

/// As the text of a note.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root)?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A text is not a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is not even a note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// It is not the lines that a checkpoint has.
    #[error("it is no checkpoint: a line of the log's origin, one of its size, one of its root")]
    NotACheckpoint,
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let lines = text.strip_suffix('\n').ok_or(CheckpointError::NotACheckpoint)?;
        let mut lines = lines.split('\n');
        let mut next = || lines.next().filter(|line| !line.is_empty());
        let (Some(origin), Some(size), Some(root)) = (next(), next(), next()) else {
            return Err(CheckpointError::NotACheckpoint);
        };
        let extensions: Vec<_> = lines.map(ToOwned::to_owned).collect();
        let read = Self {
            origin: origin.to_owned(),
            size: size.parse().map_err(|_| CheckpointError::NotACheckpoint)?,
            root: root.parse().map_err(|_| CheckpointError::NotACheckpoint)?,
            extensions,
        };
        // One way of writing each: no leading zeroes, no empty lines.
        let is_canonical = read.to_string() == text && !read.extensions.iter().any(String::is_empty);
        if is_canonical {
            Ok(read)
        } else {
            Err(CheckpointError::NotACheckpoint)
        }
    }
}

/// A checkpoint and its signatures, as they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// As it was signed.
    pub note: Note,
}

impl SignedCheckpoint {
    /// Signs a checkpoint with its log's key: once as the log, and once with the time, in Unix seconds, by the log's clock.
    ///
    /// # Errors
    /// When the origin is no name for a key.
    pub fn sign(checkpoint: Checkpoint, key: &SigningKey, at_s: i64) -> Result<Self, NoteError> {
        let text = checkpoint.to_string();
        let name = &checkpoint.origin;
        let signatures = vec![
            SignatureLine::sign(&text, name, key)?,
            SignatureLine::cosign(&text, name, key, at_s)?,
        ];
        Ok(Self {
            checkpoint,
            note: Note { text, signatures },
        })
    }

    /// Checks that the log with this key has signed it, and when by its own clock, Unix seconds. `None` if it has not, or is another
    /// log's.
    pub fn verify(&self, log: &VerifierKey) -> Option<i64> {
        if self.checkpoint.origin != log.name() {
            return None;
        }
        let of = |kind| VerifierKey::new(log.name(), kind, *log.key()).ok();
        self.note.verify(&of(SignatureKind::Plain)?)?;
        self.note.verify(&of(SignatureKind::Cosignature)?)?.at_s
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

impl FromStr for SignedCheckpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let note: Note = text.parse()?;
        Ok(Self {
            checkpoint: note.text.parse()?,
            note,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            origin: "example.com/behind-the-sofa".to_owned(),
            size: 20_852_163,
            root: "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=".parse().unwrap(),
            extensions: Vec::new(),
        }
    }

    #[test]
    fn the_example_of_the_specification_is_read_and_written() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        assert_eq!(checkpoint().to_string(), text);
        assert_eq!(text.parse(), Ok(checkpoint()));
        let extended = Checkpoint {
            extensions: vec!["more".to_owned()],
            ..checkpoint()
        };
        assert_eq!(format!("{text}more\n").parse(), Ok(extended));
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        for wrong in [
            String::new(),
            format!("o\n1\n{root}"),
            format!("\n1\n{root}\n"),
            format!("o\n01\n{root}\n"),
            format!("o\n+1\n{root}\n"),
            format!("o\n-1\n{root}\n"),
            format!("o\n1\n{}\n", &root[4..]),
            format!("o\n1\n{root}\n\n"),
            "o\n1\n".to_owned(),
        ] {
            let read = wrong.parse::<Checkpoint>();
            assert_eq!(read, Err(CheckpointError::NotACheckpoint), "{wrong:?}");
        }
    }

    #[test]
    fn a_checkpoint_counts_as_its_logs_and_nobody_elses() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let signed = SignedCheckpoint::sign(checkpoint(), &key, 1_800_000_000).unwrap();
        let read: SignedCheckpoint = signed.to_string().parse().unwrap();
        assert_eq!(read, signed);
        let log = |name: &str, key: &SigningKey| {
            VerifierKey::new(name, SignatureKind::Plain, key.verifying_key()).unwrap()
        };
        let origin = &checkpoint().origin;
        assert_eq!(read.verify(&log(origin, &key)), Some(1_800_000_000));
        assert_eq!(read.verify(&log("other", &key)), None);
        assert_eq!(read.verify(&log(origin, &SigningKey::from_bytes(&[8; 32]))), None);
        // What it signed under its own name says that it is of another log.
        let text = Checkpoint {
            origin: "other".to_owned(),
            ..checkpoint()
        };
        let note = Note {
            text: text.to_string(),
            signatures: vec![
                SignatureLine::sign(&text.to_string(), origin, &key).unwrap(),
                SignatureLine::cosign(&text.to_string(), origin, &key, 1_800_000_000).unwrap(),
            ],
        };
        let foreign: SignedCheckpoint = note.to_string().parse().unwrap();
        assert_eq!(foreign.verify(&log(origin, &key)), None);
        let mut untimed = read.clone();
        untimed.note.signatures.truncate(1);
        assert_eq!(untimed.verify(&log(origin, &key)), None);
        let grown: SignedCheckpoint = signed
            .to_string()
            .replace("20852163", "20852164")
            .parse()
            .unwrap();
        assert_eq!(grown.verify(&log(origin, &key)), None);
    }
}
