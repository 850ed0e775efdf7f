//! `{{name}}` in the texts of a step's request, and the values in their place.
//!
//! A value stands for itself wherever it is put: it is escaped as its place asks for, so that an answer can neither add
//! a parameter to a URL nor a member to a JSON body. Whatever else is in double braces is text.

use edgewatch_protocol::{
    assertion::{Subject, TextCondition},
    check::{HttpAuth, HttpCheck, http::BodyFormat},
};
use url::form_urlencoded;

/// The longest name of a variable, in bytes.
pub const MAX_NAME_BYTES: usize = 64;

/// The most that is looked at between braces, in bytes: a name, and spaces around it.
const MAX_INSIDE_BYTES: usize = MAX_NAME_BYTES + 16;

/// What is written around a value, and so how it is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Anything: as it is.
    Text,
    /// A URL's path or query: percent-encoded but for slashes.
    Url,
    /// JSON: as within a string.
    Json,
    /// One line of a form.
    FormLine,
    /// A regular expression: literally.
    Pattern,
}

/// Whether a text can name a variable.
pub fn is_name(text: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Shows each text of a request that may hold variables, with its JSON pointer relative to the request.
pub fn visit(request: &mut HttpCheck, see: &mut impl FnMut(&str, Place, &mut String)) {
    see("/url", Place::Url, &mut request.url);
    for (index, header) in request.headers.iter_mut().enumerate() {
        see(&format!("/headers/{index}/value"), Place::Text, &mut header.value);
    }
    if let Some(body) = &mut request.body {
        let place = match request.body_format {
            BodyFormat::Text => Place::Text,
            BodyFormat::Json => Place::Json,
            BodyFormat::Form => Place::FormLine,
        };
        see("/body", place, body);
    }
    match &mut request.auth {
        Some(HttpAuth::Basic { username, password }) => {
            see("/auth/username", Place::Text, username);
            see("/auth/password", Place::Text, password);
        }
        Some(HttpAuth::Bearer { token }) => see("/auth/token", Place::Text, token),
        None => {}
    }
    for (index, assertion) in request.assertions.iter_mut().enumerate() {
        let (Subject::Header { condition, .. }
        | Subject::Body { condition }
        | Subject::JsonPath { condition, .. }) = &mut assertion.subject
        else {
            continue;
        };
        let pointer = format!("/assertions/{index}/value");
        match condition {
            TextCondition::Present | TextCondition::Absent => {}
            TextCondition::Matches(pattern) | TextCondition::NotMatches(pattern) => {
                see(&pointer, Place::Pattern, pattern);
            }
            TextCondition::Equal(text)
            | TextCondition::NotEqual(text)
            | TextCondition::Contains(text)
            | TextCondition::NotContains(text)
            | TextCondition::GreaterThan(text)
            | TextCondition::LessThan(text) => see(&pointer, Place::Text, text),
        }
    }
}

/// The request with its variables' values; those that have none stay as they are written.
pub fn fill<'v>(request: &HttpCheck, value: impl Fn(&str) -> Option<&'v str>) -> HttpCheck {
    let mut filled = request.clone();
    visit(&mut filled, &mut |_, place, text| {
        let parts = Parts(text).map(|part| match part {
            Part::Text(text) => text.to_owned(),
            Part::Variable { name, written } => {
                value(name).map_or_else(|| written.to_owned(), |value| escape(value, place))
            }
        });
        *text = parts.collect();
    });
    filled
}

/// The names of the variables in a text.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    Parts(text).filter_map(|part| match part {
        Part::Variable { name, .. } => Some(name),
        Part::Text(_) => None,
    })
}

/// Whether a text is nothing but one variable.
pub fn is_variable(text: &str) -> bool {
    matches!(Parts(text).next(), Some(Part::Variable { written, .. }) if written.len() == text.len())
}

fn escape(value: &str, place: Place) -> String {
    match place {
        Place::Text => value.to_owned(),
        Place::Url => {
            let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            encoded.replace('+', "%20").replace("%2F", "/")
        }
        Place::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        // There is no way to write a line break in a line.
        Place::FormLine => value.replace(['\r', '\n'], " "),
        Place::Pattern => regex_lite::escape(value),
    }
}

enum Part<'t> {
    Text(&'t str),
    Variable {
        name: &'t str,
        /// With its braces.
        written: &'t str,
    },
}

/// The parts of a text, in order.
struct Parts<'t>(&'t str);

impl<'t> Iterator for Parts<'t> {
    type Item = Part<'t>;

    fn next(&mut self) -> Option<Part<'t>> {
        let text = self.0;
        if text.is_empty() {
            return None;
        }
        // Also within three braces, as where a number is a member of a JSON body: `{"id":{{id}}}`.
        let found = text.match_indices('{').find_map(|(start, _)| {
            let inside = text[start + 1..].strip_prefix('{')?;
            let ends = inside.as_bytes().windows(2).take(MAX_INSIDE_BYTES);
            let end = ends.into_iter().position(|two| two == b"}}")?;
            let name = inside[..end].trim_matches(' ');
            is_name(name).then_some((start, start + 2 + end + 2, name))
        });
        match found {
            Some((0, end, name)) => {
                self.0 = &text[end..];
                let written = &text[..end];
                Some(Part::Variable { name, written })
            }
            Some((start, ..)) => {
                self.0 = &text[start..];
                Some(Part::Text(&text[..start]))
            }
            None => {
                self.0 = "";
                Some(Part::Text(text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_found() {
        let found = |text| names(text).collect::<Vec<_>>();
        assert_eq!(found("a{{b}}{{ c_1 }}d{{{e}}"), ["b", "c_1", "e"]);
        assert_eq!(found("{{}} {{a b}} {{a"), [""; 0]);
        assert_eq!(found(r#"{"a":{"b":{{c}}}}"#), ["c"]);
        assert!(is_variable("{{a}}") && !is_variable("x{{a}}") && !is_variable("{{a}}{{b}}"));
    }

    #[test]
    fn a_value_stands_for_itself_wherever_it_is() {
        let request: HttpCheck = serde_json::from_value(json!({
            "url": "https://example.com/{{v}}?q={{v}}", "headers": [{"name": "X-A", "value": "<{{v}}>"}],
            "body": r#"{"a": "{{v}}"}"#, "body_format": "json", "auth": {"scheme": "bearer", "token": "{{v}}"},
            "assertions": [
                {"on": "body", "is": "matches", "value": "^{{v}}$"}, {"on": "body", "is": "equal", "value": "{{v}}"},
                {"on": "header", "name": "a", "is": "present"}, {"on": "body", "is": "contains", "value": "{{other}}"}
            ]
        }))
        .unwrap();
        let filled = fill(&request, |name| (name == "v").then_some(r#"a/b&c "d".x"#));
        let filled = serde_json::to_value(filled).unwrap();
        assert_eq!(
            filled["url"],
            "https://example.com/a/b%26c%20%22d%22.x?q=a/b%26c%20%22d%22.x"
        );
        assert_eq!(filled["headers"][0]["value"], r#"<a/b&c "d".x>"#);
        let body: serde_json::Value = serde_json::from_str(filled["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["a"], r#"a/b&c "d".x"#);
        assert_eq!(filled["auth"]["token"], r#"a/b&c "d".x"#);
        let pattern = filled["assertions"][0]["value"].as_str().unwrap();
        assert!(
            regex_lite::Regex::new(pattern)
                .unwrap()
                .is_match(r#"a/b&c "d".x"#)
        );
        assert!(
            !regex_lite::Regex::new(pattern)
                .unwrap()
                .is_match(r#"a/b&c "d"_x"#)
        );
        assert_eq!(filled["assertions"][1]["value"], r#"a/b&c "d".x"#);
        assert_eq!(
            filled["assertions"][3]["value"], "{{other}}",
            "what has no value stays"
        );
    }
}
