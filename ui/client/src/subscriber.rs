//! Who is told of what happens on a status page: what they ask for (`POST /status/{slug}/subscribe`), and what editors see
//! of them (`GET /api/v1/status-pages/{id}/subscribers`).

use crate::{
    json::{FromJson, Json, Unreadable},
    json_object,
    status_page::PageLanguage,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// By e-mail.
    Email,
    /// By a signed `POST` to a URL.
    Webhook,
    /// By an incoming webhook of Slack, or of whatever takes the same messages.
    Slack,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Email, Self::Webhook, Self::Slack];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
        }
    }

    /// The channel of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == name)
    }
}

impl FromJson for Channel {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        Self::from_name(json.text()?).ok_or(Unreadable::Mismatch)
    }
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SubscribeRequest {
    /// How to be told.
    pub channel: Channel,
    /// The e-mail address, or the URL.
    pub target: String,
    /// Numbers of components and groups of the page, at most 200; none: the whole page.
    #[serde(default)]
    pub components: Vec<i32>,
    /// The language to be told in; absent: the page's, or what the request accepts.
    #[serde(default)]
    pub language: Option<PageLanguage>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubscribeResponse {
    /// Where it stands.
    pub state: SubscribeState,
    /// The key that messages to a webhook are signed with, `whsec_` and Base64. It is shown this once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Where the subscription can be changed and ended, by whoever has this address; of one that is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manage_url: Option<String>,
}

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SubscribeState {
    /// A message was sent there; it begins when the link in it is followed. The same is said whether or not there is a
    /// subscription already.
    Sent,
    /// It has begun.
    Confirmed,
}

/// A subscription as editors see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subscriber {
    /// Its number.
    pub id: i32,
    /// How it is told.
    pub channel: Channel,
    /// The e-mail address; of a URL the host alone, because who knows the whole of one can send there.
    pub target: String,
    /// Components and groups by number; none: the whole page.
    pub components: Vec<i32>,
    /// Its language.
    pub language: PageLanguage,
    /// When it began.
    pub confirmed_at: DateTime<Utc>,
    /// Since when nothing is sent, because it was refused several times in a row.
    pub suspended_at: Option<DateTime<Utc>>,
    /// How often in a row it was refused for good.
    pub failures: i16,
}

json_object!(Subscriber {
    id,
    channel,
    target,
    components,
    language,
    confirmed_at,
    suspended_at,
    failures,
});

/// Which of a page's subscribers: `GET /api/v1/status-pages/{id}/subscribers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct SubscribersQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// 1 to 500, else 100.
    pub limit: Option<u16>,
}
