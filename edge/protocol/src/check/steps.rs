//! The multi-step HTTP check: requests in order, with values carried from one to the next.

use crate::check::{http::HttpCheck, shared::is_default};
use serde::{Deserialize, Serialize};

/// The settings of a multi-step HTTP check. `{{name}}` in a step's URL, headers, body, credentials and assertions stands
/// for a variable's value. The check ends at the first step that is down; its outcome is the worst of the steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepsCheck {
    /// Variables that are set from the beginning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
    /// Cookies that a step's answer sets are sent with the later ones (RFC 6265), each to its own host.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cookies: bool,
    /// The steps, 1 to 20, within the check's one time-out.
    pub steps: Vec<Step>,
}

/// A variable of a multi-step check.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Variable {
    /// Letters, digits and `_`.
    pub name: String,
    /// Kept secret.
    pub value: String,
}

impl std::fmt::Debug for Variable {
    /// Without the value, which may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Variable({})", self.name)
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Step {
    /// What people call it.
    pub name: String,
    /// The request and its assertions.
    pub request: HttpCheck,
    /// What is taken from the answer for later steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extract: Vec<Extraction>,
}

/// A value taken from an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Extraction {
    /// The variable that it is kept in: letters, digits and `_`.
    pub name: String,
    /// Where it is.
    #[serde(flatten)]
    pub source: ExtractionSource,
}

/// Where an extracted value is. Without such a value the step is `down (extraction_failed)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum ExtractionSource {
    /// The first value at an RFC 9535 path in a JSON body.
    JsonPath {
        /// Such as `$.token`.
        path: String,
    },
    /// The first group of a regular expression's match in the body; the whole match if it has no group.
    Regex {
        /// The expression.
        pattern: String,
    },
    /// A response header.
    Header {
        /// The field's name (`field`, since `name` is the variable's).
        field: String,
    },
}
