//! E-mail addresses as names of users.

/// The longest address (RFC 5321, path without its brackets).
const MAX_BYTES: usize = 254;

/// The address without spaces around it. Only what cannot be an address is refused: whether mail arrives is not known
/// by looking.
pub fn parse(text: &str) -> Result<String, String> {
    let text = text.trim();
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    let sound = text.len() <= MAX_BYTES
        && text.chars().all(plain)
        && text
            .rsplit_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if sound {
        return Ok(text.to_owned());
    }
    Err("is not an e-mail address such as you@example.org".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_trimmed_and_roughly_judged() {
        assert_eq!(parse(" A.b+c@Example.org ").unwrap(), "A.b+c@Example.org");
        assert!(parse("root@localhost").is_ok());
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a b@c",
            "a\n@b",
            &format!("{}@b", "a".repeat(260)),
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
