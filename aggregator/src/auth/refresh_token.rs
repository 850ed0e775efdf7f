//! Refresh tokens: 256 random bits, of which the database keeps the SHA-256 alone.

use crate::secret::random;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};

/// How long a session lasts after its last renewal.
pub const LIFETIME: TimeDelta = TimeDelta::days(30);

/// A new token.
pub fn generate() -> String {
    URL_SAFE_NO_PAD.encode(random::<32>())
}

/// What is stored of a token, and looked up by. A fast hash suffices for what cannot be guessed.
pub fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_random_and_fit_a_cookie() {
        let token = generate();
        assert_eq!(token.len(), 43);
        assert!(
            token
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        );
        assert_ne!(hash(&token), hash(&generate()));
    }
}
