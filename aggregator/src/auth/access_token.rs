//! Access tokens: JSON Web Tokens (RFC 7519), HS256, good for 15 minutes.
//!
//! A token names its session; whether that session still stands is looked up with each request (`http/auth.rs`), so that
//! signing out, a changed password and a changed role take effect at once and not a quarter of an hour later.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long an access token is good for.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(15);

const ISSUER: &str = "edgewatch";

/// Issues and reads access tokens with one key.
#[derive(Clone)]
pub struct AccessTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    /// The session.
    sid: Uuid,
    iat: i64,
    exp: i64,
}

impl AccessTokens {
    /// With a key of 32 bytes that serves this purpose alone.
    pub fn new(key: &[u8; 32]) -> Self {
        Self {
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
        }
    }

    /// A token for a session, and when it ends.
    pub fn issue(
        &self,
        session: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(String, DateTime<Utc>), jsonwebtoken::errors::Error> {
        let ends = now + LIFETIME;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sid: session,
            iat: now.timestamp(),
            exp: ends.timestamp(),
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)?;
        Ok((token, DateTime::from_timestamp(claims.exp, 0).unwrap_or(ends)))
    }

    /// The session of a token and when the token ends; `None` when it is not ours, damaged or over.
    pub fn read(&self, token: &str, now: DateTime<Utc>) -> Option<(Uuid, DateTime<Utc>)> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss"]);
        // The library would ask the machine's clock; the injected one decides below.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation)
            .ok()?
            .claims;
        let ends = DateTime::from_timestamp(claims.exp, 0)?;
        (now < ends).then_some((claims.sid, ends))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    fn tokens() -> AccessTokens {
        AccessTokens::new(&[7; 32])
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn a_token_holds_for_fifteen_minutes() {
        let session = Uuid::from_u128(42);
        let (token, ends) = tokens().issue(session, now()).unwrap();
        assert_eq!(ends, now() + LIFETIME);
        assert_eq!(tokens().read(&token, now()), Some((session, ends)));
        assert!(tokens().read(&token, ends - TimeDelta::seconds(1)).is_some());
        assert_eq!(tokens().read(&token, ends), None);
    }

    #[test]
    fn tokens_of_another_key_or_algorithm_and_changed_ones_are_refused() {
        let (token, _) = tokens().issue(Uuid::from_u128(1), now()).unwrap();
        assert_eq!(AccessTokens::new(&[8; 32]).read(&token, now()), None);

        let parts: Vec<&str> = token.split('.').collect();
        let claims = URL_SAFE_NO_PAD.encode(
            String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap())
                .unwrap()
                .replace("000001", "000002"),
        );
        assert_ne!(claims, parts[1]);
        assert_eq!(
            tokens().read(&format!("{}.{claims}.{}", parts[0], parts[2]), now()),
            None
        );

        let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        assert_eq!(tokens().read(&format!("{unsigned}.{}.", parts[1]), now()), None);
        assert_eq!(tokens().read("", now()), None);
    }
}
