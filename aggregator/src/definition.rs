//! Check definitions at rest: JSON, sealed with a key of their own, because they may hold credentials of the target.

use crate::secret::{Purpose, Secrets};
use edgewatch_protocol::check::Check;

/// What a sealed definition is bound to. Monitors and test runs share it: a definition moves from one to the other.
const PLACE: &[u8] = b"check";

/// A stored definition that cannot be read: the secret key is another one than it was sealed with, or it is damaged.
#[derive(Debug, thiserror::Error)]
#[error("a check definition cannot be opened: is EDGEWATCH_SECRET_KEY the one that it was stored with?")]
pub struct Unreadable;

/// Seals a check for storage.
pub fn seal(secrets: &Secrets, check: &Check) -> Vec<u8> {
    // A check is plain data with text keys, which always has a JSON form.
    let plain = serde_json::to_vec(check).unwrap_or_default();
    secrets.seal(Purpose::Definition, PLACE, &plain)
}

/// Opens a stored check.
pub fn open(secrets: &Secrets, sealed: &[u8]) -> Result<Check, Unreadable> {
    let plain = secrets.open(Purpose::Definition, PLACE, sealed).ok_or(Unreadable)?;
    serde_json::from_slice(&plain).map_err(|_| Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgewatch_protocol::check::HttpCheck;

    #[test]
    fn a_definition_is_read_with_the_key_that_sealed_it_alone() {
        let secrets = Secrets::from_text(&"k".repeat(32)).unwrap();
        let check = Check::Http(HttpCheck::get("https://example.org/?token=s3cret"));
        let sealed = seal(&secrets, &check);
        assert!(!String::from_utf8_lossy(&sealed).contains("s3cret"));
        assert_eq!(open(&secrets, &sealed).unwrap(), check);
        assert!(open(&Secrets::from_text(&"l".repeat(32)).unwrap(), &sealed).is_err());
    }
}
