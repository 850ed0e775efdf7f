//! The code that the first administrator needs: printed at start, so that only who sees the aggregator's log can take a
//! new installation.

use crate::secret::random;
use sha2::{Digest as _, Sha256};

/// The one-time code of this start.
pub struct SetupCode(String);

impl SetupCode {
    /// A new code of 128 bits.
    pub fn random() -> Self {
        Self(hex::encode(random::<16>()))
    }

    /// To be printed while there is no user.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the code. Digests are compared, so that the time taken tells nothing of the code.
    pub fn matches(&self, code: &str) -> bool {
        Sha256::digest(code.trim()) == Sha256::digest(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_itself_matches_alone() {
        let code = SetupCode::random();
        assert!(code.matches(code.as_str()) && code.matches(&format!(" {}\n", code.as_str())));
        assert!(!code.matches("") && !code.matches(SetupCode::random().as_str()));
        assert_eq!(code.as_str().len(), 32);
    }
}
