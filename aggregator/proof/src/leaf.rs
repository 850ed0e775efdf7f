//! What a leaf of the log is about, as the text whose hash it is: short, of public facts alone, and easily made by hand.

use crate::hash::Hash;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use edgewatch_protocol::digest::sha256_hex;
use std::fmt;

/// The fields by which a probe's request is signed, as they came with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureFields<'a> {
    /// `Signature-Input`.
    pub signature_input: &'a str,
    /// `Signature`.
    pub signature: &'a str,
    /// What was signed as `@authority`.
    pub authority: &'a str,
}

impl SignatureFields<'_> {
    /// Lower-case hex SHA-256 of the three, each with a line feed behind it.
    pub fn digest(&self) -> String {
        let lines = format!(
            "{}\n{}\n{}\n",
            self.signature_input, self.signature, self.authority
        );
        sha256_hex(lines.as_bytes())
    }
}

/// A leaf: something that a probe has signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafData<'a> {
    /// A batch was taken.
    Batch {
        /// The fingerprint of the probe's key.
        probe: &'a str,
        /// The batch's number in the probe's chain.
        seq: u64,
        /// SHA-256 of the body that was signed.
        body_sha256: &'a [u8],
        /// How it was signed.
        fields: SignatureFields<'a>,
    },
    /// A probe has enrolled with its key.
    Enrolment {
        /// The fingerprint of its key.
        probe: &'a str,
        /// The region that it enrolled for.
        region: &'a str,
        /// Its key.
        public_key: &'a [u8],
        /// SHA-256 of the request's body, which itself is not disclosed: it holds the token that the probe enrolled with.
        body_sha256: &'a [u8],
        /// How it was signed.
        fields: SignatureFields<'a>,
    },
}

impl LeafData<'_> {
    /// Its hash in the log.
    pub fn hash(&self) -> Hash {
        Hash::of_leaf(self.to_string().as_bytes())
    }
}

/// Each line ends with a line feed.
impl fmt::Display for LeafData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch {
                probe,
                seq,
                body_sha256,
                fields,
            } => {
                writeln!(f, "edgewatch-batch-v1\n{probe}\n{seq}")?;
                writeln!(f, "{}\n{}", hex::encode(body_sha256), fields.digest())
            }
            Self::Enrolment {
                probe,
                region,
                public_key,
                body_sha256,
                fields,
            } => {
                writeln!(
                    f,
                    "edgewatch-enrolment-v1\n{probe}\n{region}\n{}",
                    STANDARD.encode(public_key)
                )?;
                writeln!(f, "{}\n{}", hex::encode(body_sha256), fields.digest())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: SignatureFields<'_> = SignatureFields {
        signature_input: "sig=(\"@method\");created=1",
        signature: "sig=:AA==:",
        authority: "watch.example.org",
    };

    #[test]
    fn leaves_are_these_texts_for_good() {
        // printf 'sig=("@method");created=1\nsig=:AA==:\nwatch.example.org\n' | sha256sum
        let fields = "a9d3217c07b5fa3b";
        let batch = LeafData::Batch {
            probe: "00112233445566778899aabbccddeeff",
            seq: 7,
            body_sha256: &[0xab; 32],
            fields: FIELDS,
        };
        let digest = FIELDS.digest();
        assert!(digest.starts_with(fields), "{digest}");
        let ab = "ab".repeat(32);
        assert_eq!(
            batch.to_string(),
            format!("edgewatch-batch-v1\n00112233445566778899aabbccddeeff\n7\n{ab}\n{digest}\n")
        );
        assert_eq!(batch.hash(), Hash::of_leaf(batch.to_string().as_bytes()));
        let enrolment = LeafData::Enrolment {
            probe: "00112233445566778899aabbccddeeff",
            region: "weur",
            public_key: &[1, 2, 3],
            body_sha256: &[0xab; 32],
            fields: FIELDS,
        };
        assert_eq!(
            enrolment.to_string(),
            format!("edgewatch-enrolment-v1\n00112233445566778899aabbccddeeff\nweur\nAQID\n{ab}\n{digest}\n")
        );
    }
}
