//! The body of a response, bounded: all of it is hashed, and only what somebody needs is kept.

use crate::attempt::excerpt::SAMPLE_BYTES;
use sha2::{Digest as _, Sha256};

/// A body on its way in.
pub struct ReceivedBody {
    hash: Sha256,
    kept: Vec<u8>,
    keep_bytes: usize,
    bytes: u64,
    max_bytes: u64,
    complete: bool,
}

impl ReceivedBody {
    /// An empty body that may grow to `max_bytes`. The whole of it is kept for assertions on it, else only what an
    /// excerpt needs.
    pub fn new(max_bytes: u32, keep_whole: bool) -> Self {
        Self {
            hash: Sha256::new(),
            kept: Vec::new(),
            keep_bytes: if keep_whole {
                max_bytes as usize
            } else {
                SAMPLE_BYTES
            },
            bytes: 0,
            max_bytes: max_bytes.into(),
            complete: false,
        }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// With the bound, when the body has grown past it.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), u64> {
        self.bytes += piece.len() as u64;
        if self.bytes > self.max_bytes {
            return Err(self.max_bytes);
        }
        self.hash.update(piece);
        let room = self.keep_bytes - self.kept.len();
        self.kept.extend_from_slice(&piece[..piece.len().min(room)]);
        Ok(())
    }

    /// Says that the body has ended as it should.
    pub fn finish(&mut self) {
        self.complete = true;
    }

    /// Whether the body came to its end.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// How large a body may become.
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Bytes that came.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Lower-case hex SHA-256, if the body came to its end.
    pub fn sha256(&self) -> Option<String> {
        self.complete.then(|| hex::encode(self.hash.clone().finalize()))
    }

    /// What was kept, from the beginning.
    pub fn kept(&self) -> &[u8] {
        &self.kept
    }
}
