//! A probe's identity: one secret seed per deployment, one Ed25519 key per region.

use crate::name::Region;
use ed25519_dalek::{SigningKey, VerifyingKey};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The shortest seed, in bytes of text: what `openssl rand -hex 16` prints.
pub const MIN_SEED_BYTES: usize = 32;

/// The key of one region: `HKDF-SHA256(salt = "edgewatch-probe-v1", ikm = seed, info = region)` (RFC 5869) as an Ed25519
/// seed, so that one secret serves every region of a deployment.
///
/// # Errors
/// When the seed is shorter than [`MIN_SEED_BYTES`].
pub fn derive_key(seed: &str, region: &Region) -> Result<SigningKey, String> {
    derive(seed, region.as_str())
}

fn derive(seed: &str, info: &str) -> Result<SigningKey, String> {
    let seed = seed.trim();
    if seed.len() < MIN_SEED_BYTES {
        return Err(format!(
            "the probe seed has {} characters and needs {MIN_SEED_BYTES} or more: make one with `openssl rand -hex 32`",
            seed.len()
        ));
    }
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(b"edgewatch-probe-v1"), seed.as_bytes())
        .expand(info.as_bytes(), &mut key)
        .map_err(|_| "the key cannot be derived".to_owned())?;
    Ok(SigningKey::from_bytes(&key))
}

/// The key of one of several probes that share a region of one deployment: the first has the region's own
/// ([`derive_key`]), the others one of their own, with `info = region#shard`.
///
/// # Errors
/// See [`derive_key`].
pub fn derive_shard_key(seed: &str, region: &Region, shard: u8) -> Result<SigningKey, String> {
    match shard {
        0 => derive(seed, region.as_str()),
        _ => derive(seed, &format!("{region}#{shard}")),
    }
}

/// A public key's fingerprint: the first 16 bytes of its SHA-256, lower-case hex. It is also the `keyid` of signatures
/// and the probe's name in batches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Fingerprint(pub String);

impl Fingerprint {
    /// The fingerprint of a public key.
    pub fn of(key: &VerifyingKey) -> Self {
        Self(hex::encode(&Sha256::digest(key.as_bytes())[..16]))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_has_its_own_key_and_the_same_one_each_time() {
        let seed = "0123456789abcdef0123456789abcdef";
        let key = |region: &str| derive_key(seed, &region.parse().unwrap()).unwrap();
        assert_eq!(key("weur").to_bytes(), key("weur").to_bytes());
        assert_ne!(key("weur").to_bytes(), key("enam").to_bytes());
        let shard = |shard| {
            derive_shard_key(seed, &"weur".parse().unwrap(), shard)
                .unwrap()
                .to_bytes()
        };
        assert_eq!(shard(0), key("weur").to_bytes());
        assert!(shard(1) != shard(0) && shard(1) != shard(2));
        assert_eq!(Fingerprint::of(&key("weur").verifying_key()).0.len(), 32);
        assert!(
            derive_key("short", &"weur".parse().unwrap())
                .unwrap_err()
                .contains("openssl rand")
        );
    }
}
