//! Keyset pagination.

use crate::json::{FromJson, Json, Unreadable};
use serde::{Deserialize, Serialize};

/// One page of a list, newest first unless said otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Pass it as `cursor` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T: FromJson> FromJson for Page<T> {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            items: json.member("items")?,
            next_cursor: json.member("next_cursor")?,
        })
    }
}
