//! The token that schedulers outside of Spin ask for a turn with.

use edgewatch_protocol::digest::sha256_hex;
use http::{HeaderMap, header};

/// The shortest token, in characters: what `openssl rand -hex 16` prints.
pub const MIN_TOKEN_CHARS: usize = 32;

/// What a request presents in its one `Authorization` header (RFC 6750).
pub fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether what is presented is the token. What is compared are digests, and all of their bytes: neither the time nor the
/// length of an answer tells how much of a guess was right.
pub fn is_token(presented: &str, token: &str) -> bool {
    let (presented, token) = (sha256_hex(presented.as_bytes()), sha256_hex(token.as_bytes()));
    let pairs = presented.bytes().zip(token.bytes());
    pairs.fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn presents(values: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        bearer_token(&headers).is_some_and(|presented| is_token(presented, TOKEN))
    }

    #[test]
    fn only_the_whole_token_in_one_bearer_header_is_taken() {
        let bearer = format!("Bearer {TOKEN}");
        assert!(presents(&[&bearer]) && presents(&[&format!("bearer  {TOKEN}")]));
        for wrong in [
            &[][..],
            &[TOKEN],
            &["Bearer"],
            &["Bearer "],
            &["Bearer 0123456789abcdef0123456789abcde"],
            &["Bearer 0123456789abcdef0123456789abcdee"],
            &["Bearer 0123456789abcdef0123456789abcdeff"],
            &["Basic 0123456789abcdef0123456789abcdef"],
            &[&bearer, &bearer],
        ] {
            assert!(!presents(wrong), "{wrong:?}");
        }
    }
}
