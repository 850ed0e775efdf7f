//! The beginning of a body for people to look at, with what looks like a secret masked.

use edgewatch_protocol::observation::EXCERPT_BYTES;
use regex_lite::{Captures, Regex};
use std::{borrow::Cow, sync::LazyLock};
use url::form_urlencoded;

/// The longest message, in bytes. Parts of it come from peers.
const MAX_MESSAGE_BYTES: usize = 1000;

const MASK: &str = "•••";

/// How much of a body is looked at, so that a secret on the excerpt's edge is seen whole.
pub const SAMPLE_BYTES: usize = 2 * EXCERPT_BYTES;

/// `"password": "…"`, `api_key=…`, `Authorization: Bearer …`: a telling name, its separator, and the value.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"(?i)((?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential"#,
        r#"|auth|authorization|cookie|session(?:id)?|signature|sid|jwt|csrf)[a-z0-9_-]*["']?\s*[:=]\s*)"#,
        r#"("(?:[^"\\]|\\.)*"?|'[^']*'?|(?:basic|bearer|digest)\s+[^\s"'<>,;&]+|[^\s"'<>,;&]+)"#,
    ))
    .ok()
});

/// User and password in a URL.
static USERINFO: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"://[^/\s:@]+:[^/\s@]+@").ok());

/// Runs of base64, base64url or hex that are too long for words, and JSON web tokens.
static RUN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]*|[A-Za-z0-9+/_-]{32,}={0,2}").ok()
});

/// A message within its bound.
pub fn clip_message(message: &str) -> String {
    clip(message, MAX_MESSAGE_BYTES).to_owned()
}

/// Values that are shown to nobody, whatever they look like and wherever they turn up.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    /// The shortest value that is hidden, in characters: a shorter one is no secret, and texts without it would be
    /// riddles.
    pub const MIN_CHARS: usize = 3;

    /// Adds a value, also as it looks in a URL, in a form and in JSON.
    pub fn add(&mut self, value: &str) {
        if value.chars().count() < Self::MIN_CHARS {
            return;
        }
        let in_form = form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>();
        let in_url = in_form.replace('+', "%20");
        let in_path = in_url.replace("%2F", "/");
        let in_json = serde_json::Value::from(value).to_string();
        let in_json = in_json.trim_matches('"').to_owned();
        for form in [value.to_owned(), in_form, in_url, in_path, in_json] {
            if !self.0.contains(&form) {
                self.0.push(form);
            }
        }
        // The longest first: a value may be a part of another.
        self.0.sort_by_key(|value| std::cmp::Reverse(value.len()));
    }

    /// The text with a mask in the place of each value.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                text = Cow::Owned(text.replace(secret.as_str(), MASK));
            }
        }
        text
    }

    /// The same for the beginning of a longer text, which may end within a value.
    fn mask_beginning(&self, text: &str) -> String {
        let mut text = self.mask(text.trim_end_matches('\u{fffd}')).into_owned();
        let ends_within = |secret: &String| {
            let mut lengths = secret.char_indices().map(|(at, _)| at).rev();
            lengths.find(|&length| length > 0 && text.ends_with(&secret[..length]))
        };
        if let Some(length) = self.0.iter().filter_map(ends_within).max() {
            text.truncate(text.len() - length);
        }
        text
    }
}

/// The excerpt of a body: text of at most [`EXCERPT_BYTES`], masked; `None` of an empty body.
pub fn excerpt(body: &[u8]) -> Option<String> {
    excerpt_without(body, &Secrets::default())
}

/// The same, without these values.
pub fn excerpt_without(body: &[u8], secrets: &Secrets) -> Option<String> {
    let head = String::from_utf8_lossy(&body[..body.len().min(SAMPLE_BYTES)]);
    let head = if body.len() < SAMPLE_BYTES {
        secrets.mask(&head).into_owned()
    } else {
        secrets.mask_beginning(&head)
    };
    let text: String = head
        .replace("\r\n", "\n")
        .chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect();
    let masked = mask(&text);
    (!masked.is_empty()).then(|| clip(&masked, EXCERPT_BYTES).to_owned())
}

/// Masks what looks like a secret.
pub fn mask(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    if let Some(named) = NAMED.as_ref() {
        replace(&mut text, named, |found| {
            let quote = match found[2].chars().next() {
                Some(quote @ ('"' | '\'')) => quote.to_string(),
                _ => String::new(),
            };
            format!("{}{quote}{MASK}{quote}", &found[1])
        });
    }
    if let Some(userinfo) = USERINFO.as_ref() {
        replace(&mut text, userinfo, |_| format!("://{MASK}@"));
    }
    if let Some(run) = RUN.as_ref() {
        replace(&mut text, run, |found| {
            // A long run without a digit is a path or an identifier of words.
            if found[0].contains(|c: char| c.is_ascii_digit()) {
                MASK.to_owned()
            } else {
                found[0].to_owned()
            }
        });
    }
    text
}

fn replace(text: &mut Cow<'_, str>, pattern: &Regex, with: impl Fn(&Captures<'_>) -> String) {
    if let Cow::Owned(replaced) = pattern.replace_all(text, with) {
        *text = Cow::Owned(replaced);
    }
}

/// The longest beginning of a text that has at most so many bytes.
pub fn clip(text: &str, max_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(max_bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn secrets_are_masked_and_words_are_not() {
        let shown = |text: &str| excerpt(text.as_bytes()).unwrap();
        assert_eq!(
            shown(r#"{"user":"anna","password": "hunter2 \" x","n":1}"#),
            r#"{"user":"anna","password": "•••","n":1}"#
        );
        assert_eq!(shown("access_token=abc&scope=all"), "access_token=•••&scope=all");
        assert_eq!(shown("Authorization: Bearer abc.def"), "Authorization: •••");
        assert_eq!(shown("api-key: 'k1' rest"), "api-key: '•••' rest");
        assert_eq!(shown("at postgres://app:pw@db/x"), "at postgres://•••@db/x");
        assert_eq!(shown("id 4f9a2c77d0e1b3a58c6d7e8f90123456 end"), "id ••• end");
        assert_eq!(
            shown("Internal Server Error in module frontend"),
            "Internal Server Error in module frontend"
        );
        assert_eq!(
            shown("/usr/share/applications/configuration/directory/"),
            "/usr/share/applications/configuration/directory/"
        );
        assert_eq!(shown("a\u{1b}[31mb\nc"), "a\u{fffd}[31mb\nc");
        assert_eq!(excerpt(b""), None);
    }

    #[test]
    fn given_values_are_hidden_in_every_form() {
        let mut secrets = Secrets::default();
        for value in ["s3 cr/t\"", "ab", "s3 cr/t\"-and-more"] {
            secrets.add(value);
        }
        assert_eq!(
            secrets.mask(r#"a s3 cr/t" b s3+cr%2Ft%22 c /s3%20cr/t%22/ d "s3 cr/t\"-and-more" ab"#),
            r#"a ••• b ••• c /•••/ d "•••" ab"#
        );
        assert_eq!(excerpt_without(b"x s3 cr/t\" y", &secrets).unwrap(), "x ••• y");
        // A value on the edge of what is looked at does not show its beginning, though masks make room for it.
        let long = format!("{}!", "wörd ".repeat(200));
        secrets.add(&long);
        let body = format!("{long}{long}{long}");
        assert_eq!(excerpt_without(body.as_bytes(), &secrets).unwrap(), "•••");
    }

    proptest! {
        #[test]
        fn an_excerpt_is_bounded_and_never_fails(body in proptest::collection::vec(any::<u8>(), 0..3000)) {
            prop_assert!(excerpt(&body).is_none_or(|text| text.len() <= EXCERPT_BYTES));
        }

        #[test]
        fn a_named_secret_never_shows(secret in "[a-z0-9]{6,40}", name in "(password|token|api_key|secret)") {
            let body = format!(r#"{{"{name}":"{secret}"}} {name}={secret}"#);
            prop_assert!(!excerpt(body.as_bytes()).unwrap().contains(&secret) || name.contains(&secret));
        }
    }
}
