//! The master secret and the keys derived from it.
//!
//! One secret of 32 bytes or more protects an installation: `EDGEWATCH_SECRET_KEY`, else the file `secret.key` in the
//! data directory, made at the first start with mode 0600. Each purpose has its own key (HKDF-SHA256, RFC 5869), so
//! that none can be used for another. What is sealed is XChaCha20-Poly1305 with a random nonce before it.

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hkdf::Hkdf;
use sha2::Sha256;
use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

/// The shortest master secret, in bytes.
pub const MIN_BYTES: usize = 32;

const FILE: &str = "secret.key";
const NONCE_BYTES: usize = 24;

/// What a key is for; its name goes into the derivation and must never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Seals check definitions.
    Definition,
    /// Signs access tokens.
    AccessToken,
    /// Authenticates pagination cursors and other values that clients hand back.
    Cursor,
    /// Seals the secrets of heartbeat URLs.
    HeartbeatToken,
    /// Seals the cookies of who knows a status page's password.
    PageAccess,
    /// Signs status pages that are handed to edge workers.
    EdgePage,
    /// Signs the batches of the aggregator's own probe.
    PushProbe,
    /// Seals what links to shared reports carry.
    ReportLink,
    /// Seals addresses of subscribers, and what links in messages to them carry.
    Subscriber,
    /// Finds subscribers by their addresses.
    SubscriberTarget,
    /// Signs the log's checkpoints.
    Log,
}

impl Purpose {
    fn info(self) -> &'static [u8] {
        match self {
            Self::Definition => b"definition",
            Self::AccessToken => b"access-token",
            Self::Cursor => b"cursor",
            Self::HeartbeatToken => b"heartbeat-token",
            Self::PageAccess => b"page-access",
            Self::EdgePage => b"edge-page",
            Self::PushProbe => b"push-probe",
            Self::ReportLink => b"report-link",
            Self::Subscriber => b"subscriber",
            Self::SubscriberTarget => b"subscriber-target",
            Self::Log => b"log",
        }
    }
}

/// The installation's keys.
#[derive(Clone)]
pub struct Secrets(Hkdf<Sha256>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// From a master secret given as text.
    ///
    /// # Errors
    /// When it is shorter than [`MIN_BYTES`].
    pub fn from_text(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() < MIN_BYTES {
            return Err(format!(
                "the secret key has {} characters and needs {MIN_BYTES} or more: make one with `openssl rand -hex 32`",
                text.len()
            ));
        }
        Ok(Self(Hkdf::new(Some(b"edgewatch-v1"), text.as_bytes())))
    }

    /// From the file in the data directory, which is made if it is missing.
    ///
    /// # Errors
    /// When the file cannot be read or made, or holds too little; in one line.
    pub fn from_data_dir(data_dir: &Path) -> Result<Self, String> {
        let path = data_dir.join(FILE);
        let fault = |error: std::io::Error| format!("the secret key {}: {error}", path.display());
        match fs::read_to_string(&path) {
            Ok(text) => Self::from_text(&text).map_err(|error| format!("{}: {error}", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let text = hex::encode(random::<32>());
                let mut file = fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&path)
                    .map_err(fault)?;
                file.write_all(text.as_bytes())
                    .and_then(|()| file.sync_all())
                    .map_err(fault)?;
                Self::from_text(&text)
            }
            Err(error) => Err(fault(error)),
        }
    }

    /// The key of a purpose.
    pub fn key(&self, purpose: Purpose) -> [u8; 32] {
        let mut key = [0; 32];
        // Cannot fail: HKDF-SHA256 gives up to 8,160 bytes.
        let _ = self.0.expand(purpose.info(), &mut key);
        key
    }

    /// Seals bytes; `aad` binds them to their place (a row, a column) without being kept.
    pub fn seal(&self, purpose: Purpose, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce = random::<NONCE_BYTES>();
        let sealed = self
            .cipher(purpose)
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad })
            // Only fails for messages of more than 256 GiB.
            .unwrap_or_default();
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens what [`Secrets::seal`] made with the same purpose and `aad`; `None` if it is anything else.
    pub fn open(&self, purpose: Purpose, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, msg) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        self.cipher(purpose)
            .decrypt(&XNonce::from(*nonce), Payload { msg, aad })
            .ok()
    }

    fn cipher(&self, purpose: Purpose) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.key(purpose).into())
    }
}

/// Random bytes of the operating system.
///
/// # Panics
/// When the operating system has none, which leaves nothing safe to do.
#[allow(clippy::expect_used, reason = "a process without randomness must not go on")]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_is_sealed_opens_only_at_its_place() {
        let secrets = Secrets::from_text(&"k".repeat(32)).unwrap();
        let mut sealed = secrets.seal(Purpose::Definition, b"monitor 1", b"secret");
        let open = |sealed: &[u8], purpose, aad: &[u8]| secrets.open(purpose, aad, sealed);
        assert_eq!(
            open(&sealed, Purpose::Definition, b"monitor 1").unwrap(),
            b"secret"
        );
        assert_eq!(open(&sealed, Purpose::Definition, b"monitor 2"), None);
        assert_eq!(open(&sealed, Purpose::Cursor, b"monitor 1"), None);
        assert_eq!(open(&sealed[..10], Purpose::Definition, b"monitor 1"), None);
        sealed[30] ^= 1;
        assert_eq!(open(&sealed, Purpose::Definition, b"monitor 1"), None);
    }

    #[test]
    fn the_file_is_made_once_and_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let first = Secrets::from_data_dir(dir.path()).unwrap();
        let again = Secrets::from_data_dir(dir.path()).unwrap();
        assert_eq!(first.key(Purpose::Cursor), again.key(Purpose::Cursor));
        assert_ne!(first.key(Purpose::Cursor), first.key(Purpose::AccessToken));
        let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(Secrets::from_text("short").unwrap_err().contains("openssl rand"));
    }
}
