//! The script check: a program on the agent's own machine.

use crate::assertion::Assertion;
use serde::{Deserialize, Serialize};

/// The settings of a script check. A definition names a script; only the agent's own configuration says which program
/// that is, so that nobody can have a program run by writing a monitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScriptCheck {
    /// The script's name in the agent's configuration.
    pub script: String,
    /// Arguments after those of the agent's configuration; taken only where that allows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    /// What must hold: `reply` (of the first line of output), `latency`. Exit code 0 is up, 1 degraded, any other down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}
