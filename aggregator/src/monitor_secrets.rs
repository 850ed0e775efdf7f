//! The secrets within a check: shown as [`REDACTED`] to everybody, kept when they come back so.
//!
//! A kept secret stays bound to the origin (scheme, host, port) that it was written for: whoever points the check
//! somewhere else has to know the secret. Otherwise an editor, who may not read it, could have it sent to himself.

use edgewatch_client::monitor::REDACTED;
use edgewatch_protocol::{
    check::{Check, HttpAuth, HttpCheck},
    problem::FieldError,
};

/// The check as it may be shown.
pub fn redact(check: &Check) -> Check {
    let mut shown = check.clone();
    for (_, _, secret) in secrets(&mut shown) {
        REDACTED.clone_into(secret);
    }
    shown
}

/// Puts the kept secrets back into a check that came with [`REDACTED`] in their place. `kept` is the check as stored.
///
/// # Errors
/// A secret that is redacted although there is none to keep, or none for this origin.
pub fn restore(check: &mut Check, kept: Option<&Check>) -> Result<(), Vec<FieldError>> {
    let same_origin = kept.is_some_and(|kept| origin(kept).is_some() && origin(kept) == origin(check));
    let mut kept = kept.cloned();
    let kept: Vec<(Slot, String)> = kept
        .iter_mut()
        .flat_map(|kept| {
            secrets(kept)
                .into_iter()
                .map(|(slot, _, secret)| (slot, secret.clone()))
        })
        .collect();
    let mut errors = Vec::new();
    for (slot, pointer, secret) in secrets(check) {
        if secret != REDACTED {
            continue;
        }
        match kept.iter().find(|(kept_slot, _)| *kept_slot == slot) {
            Some((_, value)) if same_origin => secret.clone_from(value),
            Some(_) => errors.push(FieldError {
                pointer,
                detail: "the check goes to another origin than this secret was written for: enter it again"
                    .to_owned(),
            }),
            None => errors.push(FieldError {
                pointer,
                detail: "is redacted, and there is no secret to keep: enter it".to_owned(),
            }),
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// What identifies a secret within its check.
#[derive(Debug, PartialEq, Eq)]
enum Slot {
    Password,
    Token,
    /// The n-th field of this name.
    Header {
        name: String,
        nth: usize,
    },
}

/// All secrets of a check: what each is, where it stands in the settings, and its value.
fn secrets(check: &mut Check) -> Vec<(Slot, String, &mut String)> {
    match check {
        Check::Http(http) => http_secrets(http),
        Check::Unknown => Vec::new(),
    }
}

fn http_secrets(http: &mut HttpCheck) -> Vec<(Slot, String, &mut String)> {
    let mut found = Vec::new();
    match &mut http.auth {
        Some(HttpAuth::Basic { password, .. }) => {
            found.push((Slot::Password, "/check/auth/password".to_owned(), password));
        }
        Some(HttpAuth::Bearer { token }) => found.push((Slot::Token, "/check/auth/token".to_owned(), token)),
        None => {}
    }
    let mut names: Vec<String> = Vec::new();
    for (index, header) in http.headers.iter_mut().enumerate() {
        let name = header.name.trim().to_ascii_lowercase();
        let nth = names.iter().filter(|earlier| **earlier == name).count();
        names.push(name.clone());
        if carries_credentials(&name) && !header.value.is_empty() {
            let slot = Slot::Header { name, nth };
            found.push((slot, format!("/check/headers/{index}/value"), &mut header.value));
        }
    }
    found
}

/// Whether fields of this name (in lower case) usually carry credentials: `Authorization`, `Cookie`, `X-Api-Key`,
/// `X-Auth-Token`, `Ocp-Apim-Subscription-Key` and their like. Hiding one too many does no harm.
fn carries_credentials(name: &str) -> bool {
    const WORDS: [&str; 9] = [
        "auth",
        "cookie",
        "credential",
        "key",
        "passw",
        "secret",
        "session",
        "signature",
        "token",
    ];
    WORDS.iter().any(|word| name.contains(word))
}

/// Scheme, host and port that a check goes to.
fn origin(check: &Check) -> Option<String> {
    match check {
        Check::Http(http) => {
            let origin = url::Url::parse(&http.url).ok()?.origin();
            origin.is_tuple().then(|| origin.ascii_serialization())
        }
        Check::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgewatch_protocol::check::Header;

    fn header(name: &str, value: &str) -> Header {
        Header {
            name: name.into(),
            value: value.into(),
        }
    }

    fn check(url: &str) -> Check {
        let mut http = HttpCheck::get(url);
        http.auth = Some(HttpAuth::Basic {
            username: "u".into(),
            password: "s3cret-1".into(),
        });
        http.headers = vec![
            header("Accept", "text/html"),
            header("X-API-Key", "s3cret-2"),
            header("cookie", "s3cret-3"),
            header("Cookie", "s3cret-4"),
        ];
        Check::Http(http)
    }

    fn pointers(errors: Vec<FieldError>) -> Vec<String> {
        errors.into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn a_redacted_check_holds_no_secret_and_comes_back_whole() {
        let stored = check("https://example.org/a");
        let mut shown = redact(&stored);
        let json = serde_json::to_string(&shown).unwrap();
        assert!(!json.contains("s3cret") && json.contains("text/html"), "{json}");
        restore(&mut shown, Some(&stored)).unwrap();
        assert_eq!(shown, stored);
    }

    #[test]
    fn a_new_secret_replaces_the_old_one_alone() {
        let stored = check("https://example.org/a");
        let mut edited = redact(&stored);
        if let Check::Http(http) = &mut edited {
            http.headers[3].value = "new".into();
            http.url = "https://example.org:443/b".into();
        }
        restore(&mut edited, Some(&stored)).unwrap();
        let Check::Http(http) = edited else { panic!() };
        let values: Vec<&str> = http.headers.iter().map(|header| &*header.value).collect();
        assert_eq!(values, ["text/html", "s3cret-2", "s3cret-3", "new"]);
    }

    #[test]
    fn secrets_do_not_follow_to_another_origin() {
        for elsewhere in [
            "https://evil.example/a",
            "http://example.org/a",
            "https://example.org:8443/a",
            "nonsense",
        ] {
            let stored = check("https://example.org/a");
            let mut edited = redact(&stored);
            if let Check::Http(http) = &mut edited {
                http.url = elsewhere.into();
            }
            let errors = restore(&mut edited, Some(&stored)).unwrap_err();
            assert_eq!(
                pointers(errors),
                [
                    "/check/auth/password",
                    "/check/headers/1/value",
                    "/check/headers/2/value",
                    "/check/headers/3/value"
                ],
                "{elsewhere}"
            );
            assert!(!serde_json::to_string(&edited).unwrap().contains("s3cret"));
        }
    }

    #[test]
    fn there_is_nothing_to_keep_for_a_new_monitor_or_another_scheme() {
        let mut fresh = redact(&check("https://example.org/"));
        assert_eq!(restore(&mut fresh, None).unwrap_err().len(), 4);

        let stored = check("https://example.org/");
        let mut edited = redact(&stored);
        if let Check::Http(http) = &mut edited {
            http.auth = Some(HttpAuth::Bearer {
                token: REDACTED.into(),
            });
        }
        assert_eq!(
            pointers(restore(&mut edited, Some(&stored)).unwrap_err()),
            ["/check/auth/token"]
        );
    }

    #[test]
    fn headers_that_carry_credentials() {
        for name in [
            "authorization",
            "proxy-authorization",
            "x-auth-token",
            "x-functions-key",
            "set-cookie",
            "x-hub-signature",
        ] {
            assert!(carries_credentials(name), "{name}");
        }
        for name in [
            "accept",
            "user-agent",
            "content-type",
            "x-request-id",
            "if-none-match",
        ] {
            assert!(!carries_credentials(name), "{name}");
        }
    }
}
