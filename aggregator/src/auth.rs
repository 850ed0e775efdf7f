//! Who may do what: passwords, sessions and their tokens, without HTTP (`http/auth.rs`) and without SQL (`store`).
//!
//! A sign-in opens a *session*. The browser holds two cookies for it: an access token (JWT, 15 minutes) that every
//! request carries, and a refresh token (random, 30 days, changed at each use) that only the session endpoints see. A
//! refresh token that comes a second time was stolen, now or the first time, and ends its session.

pub mod access_token;
pub mod email;
pub mod password;
pub mod refresh_token;
pub mod setup_code;
pub mod sign_in_limit;

use crate::secret::{Purpose, Secrets};
use access_token::AccessTokens;
use password::Passwords;
use setup_code::SetupCode;
use sign_in_limit::SignInLimit;

/// What authentication keeps in memory.
pub struct Auth {
    /// Hashing.
    pub passwords: Passwords,
    /// Access tokens.
    pub access_tokens: AccessTokens,
    /// Failed sign-ins.
    pub sign_in_limit: SignInLimit,
    /// What the first administrator has to know.
    pub setup_code: SetupCode,
}

impl Auth {
    /// With the installation's keys.
    pub fn new(secrets: &Secrets) -> Self {
        Self {
            passwords: Passwords::default(),
            access_tokens: AccessTokens::new(&secrets.key(Purpose::AccessToken)),
            sign_in_limit: SignInLimit::default(),
            setup_code: SetupCode::random(),
        }
    }
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Auth(…)")
    }
}
