//! The quorum policy: which share of the regions that vote decides.

use serde::{Deserialize, Serialize};

/// The quorum policy. As text: `any`, `majority`, `all` or `count:N`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Quorum {
    /// One region is enough.
    Any,
    /// More than half of the regions that vote.
    #[default]
    Majority,
    /// Every region that votes.
    All,
    /// At least so many.
    Count(u16),
}

impl Quorum {
    /// How many of `voting` regions must agree: at least 1 and never more than there are.
    pub fn needed(self, voting: usize) -> usize {
        let needed = match self {
            Self::Any => 1,
            Self::Majority => voting / 2 + 1,
            Self::All => voting,
            Self::Count(n) => usize::from(n),
        };
        needed.clamp(1, voting.max(1))
    }
}

impl std::fmt::Display for Quorum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Majority => f.write_str("majority"),
            Self::All => f.write_str("all"),
            Self::Count(n) => write!(f, "count:{n}"),
        }
    }
}

impl std::str::FromStr for Quorum {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "any" => Ok(Self::Any),
            "majority" => Ok(Self::Majority),
            "all" => Ok(Self::All),
            _ => text
                .strip_prefix("count:")
                .and_then(|n| n.parse().ok())
                .filter(|&n| n > 0)
                .map(Self::Count)
                .ok_or_else(|| format!("`{text}` is not a quorum: use any, majority, all or count:N")),
        }
    }
}

impl Serialize for Quorum {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quorum {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Quorum {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("Which share of the regions that vote decides."))
            .pattern(Some("^(any|majority|all|count:[1-9][0-9]*)$"))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Quorum {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_text() {
        for text in ["any", "majority", "all", "count:2"] {
            assert_eq!(text.parse::<Quorum>().unwrap().to_string(), text);
        }
        for bad in ["", "most", "count:0", "count:-1", "count:x"] {
            assert!(bad.parse::<Quorum>().unwrap_err().contains("count:N"), "{bad}");
        }
    }

    #[test]
    fn needed() {
        assert_eq!(Quorum::Majority.needed(4), 3);
        assert_eq!(Quorum::Count(9).needed(2), 2);
        assert_eq!(Quorum::All.needed(0), 1);
    }
}
