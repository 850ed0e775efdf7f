//! The secret of a heartbeat's URL: random, found by its SHA-256, and sealed to be shown again.

use crate::secret::{Purpose, Secrets, random};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// The bytes of randomness in a token; 43 characters in a URL.
const TOKEN_BYTES: usize = 32;

/// A token, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptToken {
    /// To find it by.
    pub hash: Vec<u8>,
    /// To show it again.
    pub sealed: Vec<u8>,
}

/// Makes a token for a monitor.
pub fn make(secrets: &Secrets, monitor: i32) -> KeptToken {
    let token = URL_SAFE_NO_PAD.encode(random::<TOKEN_BYTES>());
    KeptToken {
        hash: hash(&token),
        sealed: secrets.seal(Purpose::HeartbeatToken, aad(monitor).as_bytes(), token.as_bytes()),
    }
}

/// What a token is found by.
pub fn hash(token: &str) -> Vec<u8> {
    // Long and random: a slow hash would add nothing.
    Sha256::digest(token.as_bytes()).to_vec()
}

/// The token of a monitor; `None` if it was sealed with another secret key.
pub fn open(secrets: &Secrets, monitor: i32, sealed: &[u8]) -> Option<String> {
    let token = secrets.open(Purpose::HeartbeatToken, aad(monitor).as_bytes(), sealed)?;
    String::from_utf8(token).ok()
}

fn aad(monitor: i32) -> String {
    format!("heartbeat:{monitor}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_found_by_its_hash_and_opens_for_its_monitor_alone() {
        let secrets = Secrets::from_text(&"k".repeat(32)).unwrap();
        let kept = make(&secrets, 7);
        let token = open(&secrets, 7, &kept.sealed).unwrap();
        assert_eq!((token.len(), hash(&token)), (43, kept.hash));
        assert_eq!(open(&secrets, 8, &kept.sealed), None);
        assert_ne!(make(&secrets, 7).hash, hash(&token));
    }
}
