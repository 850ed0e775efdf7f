//! Passwords: Argon2id with the parameters of the OWASP Password Storage Cheat Sheet (19 MiB, 2 passes, 1 lane).
//!
//! Hashing is slow and hungry by design, so it runs on blocking threads and only few at a time: a flood of sign-ins
//! waits in a queue instead of taking all memory.

use crate::secret::random;
use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::{Error as HashError, SaltString},
};
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;

/// The fewest characters of a password (NIST SP 800-63B asks for length, not for kinds of characters).
pub const MIN_CHARACTERS: usize = 12;

/// The most bytes of a password, so that nobody lets us hash a book.
pub const MAX_BYTES: usize = 1024;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;

/// How many hashes are computed at a time.
const CONCURRENT: usize = 2;

/// Why a password was not hashed or not compared.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The password breaks a rule; the text says which.
    #[error("{0}")]
    Unacceptable(String),
    /// The stored hash is damaged, or the machine has no memory or randomness left.
    #[error("the password hash cannot be computed: {0}")]
    Hash(String),
}

/// Hashes and compares passwords. Clones share one queue.
#[derive(Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(CONCURRENT)),
        }
    }
}

impl Passwords {
    /// Hashes a new password into a PHC string, after checking it against the rules.
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        require_acceptable(&password).map_err(PasswordError::Unacceptable)?;
        self.run(move || hash(&password)).await
    }

    /// Whether the password is the one that was hashed. Without a hash (no such user) the same work is done, so that the
    /// time taken tells nothing, and the answer is no.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, PasswordError> {
        if password.len() > MAX_BYTES {
            return Ok(false);
        }
        self.run(move || verify(&password, hash.as_deref())).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let ended = |error: &dyn std::fmt::Display| PasswordError::Hash(error.to_string());
        let permit = self
            .permits
            .clone()
            .acquire_owned()
            .await
            .map_err(|error| ended(&error))?;
        let answer = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        answer.await.map_err(|error| ended(&error))?
    }
}

/// Says what is wrong with a new password, if anything.
pub fn require_acceptable(password: &str) -> Result<(), String> {
    if password.len() > MAX_BYTES {
        return Err(format!("use at most {MAX_BYTES} bytes"));
    }
    match password.chars().count() {
        MIN_CHARACTERS.. => Ok(()),
        characters => Err(format!(
            "has {characters} characters, use {MIN_CHARACTERS} or more"
        )),
    }
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|error| PasswordError::Hash(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, PasswordError> {
    let failed = |error: HashError| PasswordError::Hash(error.to_string());
    let salt = SaltString::encode_b64(&random::<SALT_BYTES>()).map_err(failed)?;
    let hash = argon2()?
        .hash_password(password.as_bytes(), &salt)
        .map_err(failed)?;
    Ok(hash.to_string())
}

fn verify(password: &str, stored: Option<&str>) -> Result<bool, PasswordError> {
    let failed = |error: HashError| PasswordError::Hash(error.to_string());
    let hash = match stored {
        Some(hash) => hash,
        None => placeholder()?,
    };
    let hash = PasswordHash::new(hash).map_err(failed)?;
    match argon2()?.verify_password(password.as_bytes(), &hash) {
        Ok(()) => Ok(stored.is_some()),
        Err(HashError::Password) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

/// A hash of nothing in particular, with today's parameters.
fn placeholder() -> Result<&'static str, PasswordError> {
    static PLACEHOLDER: OnceLock<String> = OnceLock::new();
    if let Some(hash) = PLACEHOLDER.get() {
        return Ok(hash);
    }
    let fresh = hash("nobody has this password")?;
    Ok(PLACEHOLDER.get_or_init(|| fresh))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_same_password_matches_and_each_hash_has_its_own_salt() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse battery".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(
            hash,
            passwords.hash("correct horse battery".into()).await.unwrap()
        );
        assert!(
            passwords
                .verify("correct horse battery".into(), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify("correct horse batterz".into(), Some(hash))
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn nobody_matches_nothing() {
        let passwords = Passwords::default();
        assert!(
            !passwords
                .verify("nobody has this password".into(), None)
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn passwords_are_long_but_no_books() {
        let passwords = Passwords::default();
        for bad in ["short".to_owned(), "é".repeat(11), "x".repeat(MAX_BYTES + 1)] {
            assert!(matches!(
                passwords.hash(bad).await,
                Err(PasswordError::Unacceptable(_))
            ));
        }
        assert!(require_acceptable(&"é".repeat(12)).is_ok());
    }

    #[tokio::test]
    async fn a_damaged_hash_is_an_error_and_no_sign_in() {
        assert!(
            Passwords::default()
                .verify("x".into(), Some("$argon2id$".into()))
                .await
                .is_err()
        );
    }
}
