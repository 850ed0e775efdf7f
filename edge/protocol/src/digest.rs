//! RFC 9530 `Content-Digest`, with SHA-256.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

/// The value of the `Content-Digest` field for a body: `sha-256=:…:`.
pub fn content_digest(body: &[u8]) -> String {
    content_digest_of(&Sha256::digest(body).into())
}

/// The same for a body whose SHA-256 is known.
pub fn content_digest_of(sha256: &[u8; 32]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(sha256))
}

/// Lower-case hex SHA-256, as batches are chained with.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_of_rfc_9530() {
        // RFC 9530, appendix B.1: the body `{"hello": "world"}` followed by a line feed.
        assert_eq!(
            super::content_digest(b"{\"hello\": \"world\"}\n"),
            "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
        );
    }
}
