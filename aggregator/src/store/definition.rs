//! Check definitions at rest: JSON, sealed, and bound to the row that they belong to.

use crate::secret::{Purpose, Secrets};
use edgewatch_protocol::check::Check;
use uuid::Uuid;

/// Whose definition it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A monitor, by its number.
    Monitor(i32),
    /// A test run.
    TestRun(Uuid),
}

impl Owner {
    fn aad(self) -> String {
        match self {
            Self::Monitor(id) => format!("monitor:{id}"),
            Self::TestRun(id) => format!("test_run:{id}"),
        }
    }
}

/// Seals a definition for its row.
pub fn seal_definition(secrets: &Secrets, owner: Owner, check: &Check) -> sqlx::Result<Vec<u8>> {
    let json = serde_json::to_vec(check).map_err(|error| sqlx::Error::Encode(error.into()))?;
    Ok(secrets.seal(Purpose::Definition, owner.aad().as_bytes(), &json))
}

/// Opens a definition of a row.
///
/// # Errors
/// When it was sealed with another secret key or for another row.
pub fn open_definition(secrets: &Secrets, owner: Owner, sealed: &[u8]) -> sqlx::Result<Check> {
    let json = secrets
        .open(Purpose::Definition, owner.aad().as_bytes(), sealed)
        .ok_or_else(|| {
            sqlx::Error::Decode(
                format!("the definition of {owner:?} cannot be opened: is EDGEWATCH_SECRET_KEY another one?")
                    .into(),
            )
        })?;
    serde_json::from_slice(&json).map_err(|error| sqlx::Error::Decode(error.into()))
}
