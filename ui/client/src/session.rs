//! Signing in: `/api/v1/session`, and the first administrator: `/api/v1/setup`.

use crate::{json_by_serde, json_object};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a user may do. Each role may do all that the one before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees everything but secrets.
    Viewer,
    /// Changes monitors and runs tests.
    Editor,
    /// Approves probes, makes enrolment tokens, changes regions.
    Admin,
}

json_by_serde!(Role);

/// `POST /api/v1/session`: sign in.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInRequest {
    /// E-mail address, case-insensitive.
    pub email: String,
    /// Password.
    pub password: String,
}

/// `POST /api/v1/setup`: make the first administrator and sign in. Refused with `409` once there is one.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupRequest {
    /// The one-time code that the aggregator prints at start while there is no user.
    pub code: String,
    /// E-mail address.
    pub email: String,
    /// At least 12 characters.
    pub password: String,
}

/// `GET /api/v1/setup`: whether the first administrator is still to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupResponse {
    /// There is no user yet.
    pub needed: bool,
}

json_object!(SetupResponse { needed });

/// The signed-in user. Cookies carry the session; scripts may send `access_token` as `Authorization: Bearer` instead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionResponse {
    /// E-mail address.
    pub email: String,
    /// Role.
    pub role: Role,
    /// When the access token ends; `POST /api/v1/session/refresh` renews it.
    pub expires_at: DateTime<Utc>,
    /// The access token, in answers to `POST /api/v1/session` and `POST /api/v1/setup` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
}

json_object!(SessionResponse {
    email,
    role,
    expires_at,
    access_token
});
