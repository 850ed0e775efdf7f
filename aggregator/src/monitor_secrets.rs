//! The secrets within a check: shown as [`REDACTED`] to everybody, kept when they come back so.
//!
//! A kept secret stays bound to the origin (such as scheme, host, port) that it was written for: whoever points the
//! check somewhere else has to know the secret. Otherwise an editor, who may not read it, could have it sent to himself.

use edgewatch_client::monitor::REDACTED;
use edgewatch_core::check::{origin, secrets};
use edgewatch_protocol::{check::Check, problem::FieldError};

/// The check as it may be shown.
pub fn redact(check: &Check) -> Check {
    let mut shown = check.clone();
    for secret in secrets(&mut shown) {
        REDACTED.clone_into(secret.value);
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
    let kept: Vec<(String, String)> = kept
        .iter_mut()
        .flat_map(|kept| {
            secrets(kept)
                .into_iter()
                .map(|secret| (secret.slot, secret.value.clone()))
        })
        .collect();
    let mut errors = Vec::new();
    for secret in secrets(check) {
        if secret.value != REDACTED {
            continue;
        }
        let pointer = format!("/check{}", secret.pointer);
        match kept.iter().find(|(kept_slot, _)| *kept_slot == secret.slot) {
            Some((_, value)) if same_origin => secret.value.clone_from(value),
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

#[cfg(test)]
mod tests {
    use super::*;
    use edgewatch_protocol::check::{Header, HttpAuth, HttpCheck};

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
}
