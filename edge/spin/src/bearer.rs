//! The token that schedulers outside of Spin ask for a turn with.

use edgewatch_protocol::digest::sha256_hex;
use http::{HeaderMap, header};

/// The shortest token, in characters: what `openssl rand -hex 16` prints.
pub const MIN_TOKEN_CHARS: usize = 32;

/// Whether a request's `Authorization` carries the token (RFC 6750). What is compared are digests, and all of their
/// bytes: neither the time nor the length of an answer tells how much of a guess was right.
pub fn is_authorized(headers: &HeaderMap, token: &str) -> bool {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let Some((scheme, presented)) = value.to_str().ok().and_then(|value| value.split_once(' ')) else {
        return false;
    };
    let (presented, wanted) = (
        sha256_hex(presented.trim().as_bytes()),
        sha256_hex(token.as_bytes()),
    );
    let differing = presented
        .bytes()
        .zip(wanted.bytes())
        .fold(0, |differing, (a, b)| differing | (a ^ b));
    scheme.eq_ignore_ascii_case("bearer") && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn with(values: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        is_authorized(&headers, TOKEN)
    }

    #[test]
    fn only_the_whole_token_in_one_bearer_header_is_taken() {
        let bearer = format!("Bearer {TOKEN}");
        assert!(with(&[&bearer]) && with(&[&format!("bearer  {TOKEN}")]));
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
            assert!(!with(wrong), "{wrong:?}");
        }
    }
}
