//! Status pages as editors write them: `/api/v1/status-pages`. What the public sees is in [`crate::public_status`].

use crate::{
    json::{FromJson, Json, Unreadable},
    json_object,
    public_sla::PageSla,
    public_status::ComponentState,
};
use chrono::{DateTime, Utc};
pub use edgewatch_domain::group::GroupRule;
use serde::{Deserialize, Serialize};

/// What a user writes: `POST /api/v1/status-pages`, `PUT /api/v1/status-pages/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StatusPageSettings {
    /// Where it is: `/status/{slug}`. Unique; 1 to 60 small letters, digits and single hyphens between them.
    pub slug: String,
    /// Its name, 1 to 100 characters.
    pub title: String,
    /// What stands beneath the title, at most 500 characters.
    #[serde(default)]
    pub description: String,
    /// A host name of its own, such as `status.example.org`: requests with this `Host` find the page at `/`. Unique.
    #[serde(default)]
    pub host: Option<String>,
    /// Where its title leads to: an `http` or `https` address, at most 500 characters.
    #[serde(default)]
    pub home_url: Option<String>,
    /// Colour of links and of what can be pressed, `#rrggbb`: any, for shades that can be read as text in the light and in the
    /// dark are made from it.
    #[serde(default)]
    pub accent: Option<String>,
    /// Light, dark, or as the visitor's system is.
    #[serde(default)]
    pub theme: PageTheme,
    /// The language of what Edgewatch itself says on the page; absent: by what the visitor's browser asks for.
    #[serde(default)]
    pub language: Option<PageLanguage>,
    /// The zone in which its days and months begin and end, by its IANA name.
    #[serde(default = "default_zone")]
    pub zone: String,
    /// Who may see it.
    #[serde(default)]
    pub access: PageAccess,
    /// The password, 12 characters or more: needed when access becomes `password`, kept where it is absent, and never told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Days that the uptime figures are of, 1 to 365. The bars always show 90.
    #[serde(default = "default_uptime_days")]
    pub uptime_days: u16,
    /// What is shown beside the states.
    #[serde(default)]
    pub shows: PageShows,
    /// Whether edge workers serve it while the aggregator is away: a page for everybody, where `settings.edge_workers` names
    /// any.
    #[serde(default)]
    pub edge: bool,
    /// The agreements that it shows at `/sla`, in their order; at most 50.
    #[serde(default)]
    pub slas: Vec<PageSla>,
    /// Components and groups in their order; at most 200 of them, groups at most 4 deep.
    #[serde(default)]
    pub components: Vec<StatusPageComponent>,
}

json_object!(StatusPageSettings {
    slug,
    title,
    description [or String::new()],
    host,
    home_url,
    accent,
    theme [or PageTheme::default()],
    language,
    zone [or default_zone()],
    access [or PageAccess::default()],
    password,
    uptime_days [or default_uptime_days()],
    shows [or PageShows::default()],
    edge [or false],
    slas [or Vec::new()],
    components [or Vec::new()],
});

/// See [`StatusPageSettings::zone`].
pub fn default_zone() -> String {
    "UTC".to_owned()
}

/// See [`StatusPageSettings::uptime_days`].
pub fn default_uptime_days() -> u16 {
    90
}

/// How a page's colours are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PageTheme {
    /// As the visitor's system is.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// The languages of public pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PageLanguage {
    /// English.
    #[default]
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
    /// Japanese.
    Ja,
    /// Chinese, simplified.
    Zh,
}

impl PageLanguage {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::En, Self::De, Self::Fr, Self::Es, Self::Ja, Self::Zh];

    /// The language tag (BCP 47).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
            Self::Ja => "ja",
            Self::Zh => "zh",
        }
    }

    /// The language of a tag such as `de` or `de-AT`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?;
        let mut all = Self::ALL.into_iter();
        all.find(|language| language.as_str().eq_ignore_ascii_case(primary))
    }
}

/// Who may see a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PageAccess {
    /// Everybody.
    #[default]
    Public,
    /// Who knows the password.
    Password,
    /// The users of this installation.
    SignedIn,
}

/// What a page shows beside the states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct PageShows {
    /// Uptime in figures.
    pub uptime: bool,
    /// How long checks took over the last 24 hours, component by component.
    pub latency: bool,
    /// What each region sees. Names of regions are then public.
    pub regions: bool,
    /// The notes of maintenance, which are written for the team as well. Their names are always shown.
    pub maintenance_notes: bool,
}

impl Default for PageShows {
    fn default() -> Self {
        Self {
            uptime: true,
            latency: false,
            regions: false,
            maintenance_notes: false,
        }
    }
}

json_object!(PageShows {
    uptime [or true],
    latency [or false],
    regions [or false],
    maintenance_notes [or false],
});

/// A component or a group of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StatusPageComponent {
    /// Its number; absent for a new one. One that is left out when the page is replaced is removed.
    #[serde(default)]
    pub id: Option<i32>,
    /// Shown to the public, 1 to 100 characters.
    pub name: String,
    /// Shown to the public, at most 300 characters.
    #[serde(default)]
    pub description: String,
    /// Where its state comes from.
    pub source: ComponentSource,
    /// What is in it; of a group alone.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub children: Vec<StatusPageComponent>,
}

json_object!(StatusPageComponent {
    id,
    name,
    description [or String::new()],
    source,
    children [or Vec::new()],
});

/// Where a component's state comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ComponentSource {
    /// From what is in it.
    Group {
        /// Whether all that is in it has to be up, or any will do.
        #[serde(default)]
        rule: GroupRule,
    },
    /// From monitors.
    Monitors {
        /// By number, 1 to 50. None may be left only where they were deleted.
        monitors: Vec<i32>,
        /// Of several: whether all have to be up, or any will do.
        #[serde(default)]
        rule: GroupRule,
    },
    /// From an editor.
    ByHand {
        /// The state from now on, until another one is set.
        state: ComponentState,
    },
}

impl FromJson for ComponentSource {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        let tag = json.get("type").ok_or(Unreadable::Missing("type"))?;
        let rule = || json.member_or("rule", GroupRule::default);
        Ok(match tag.text()? {
            "group" => Self::Group { rule: rule()? },
            "monitors" => Self::Monitors {
                monitors: json.member("monitors")?,
                rule: rule()?,
            },
            "by_hand" => Self::ByHand {
                state: json.member("state")?,
            },
            _ => return Err(Unreadable::Mismatch),
        })
    }
}

/// A page as it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusPage {
    /// Its number.
    pub id: i32,
    /// Grows with each change.
    pub revision: i32,
    /// Its settings, without the password.
    #[serde(flatten)]
    pub settings: StatusPageSettings,
    /// Whether a password is set.
    pub has_password: bool,
    /// Its logo.
    pub logo: Option<PageLogo>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was removed; it can be restored for 30 days.
    pub deleted_at: Option<DateTime<Utc>>,
    /// Who did what, the latest first; at most 50.
    pub history: Vec<StatusPageChange>,
}

json_object!(StatusPage { id, revision, settings [flat], has_password, logo, created_at, deleted_at, history });

/// A page in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusPageSummary {
    /// Its number.
    pub id: i32,
    /// Where it is: `/status/{slug}`.
    pub slug: String,
    /// Its name.
    pub title: String,
    /// Its own host.
    pub host: Option<String>,
    /// Who may see it.
    pub access: PageAccess,
    /// How many components and groups it has.
    pub components: u32,
    /// Those that show monitors, in the order of the page.
    pub groups: Vec<PageGroup>,
    /// What it says of all of them; absent where it was not taken yet.
    pub state: Option<ComponentState>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// When it was removed; it can be restored for 30 days.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// A component or group that shows monitors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PageGroup {
    /// Its number.
    pub id: i32,
    /// Its name.
    pub name: String,
}

json_object!(PageGroup { id, name });

json_object!(StatusPageSummary {
    id,
    slug,
    title,
    host,
    access,
    components,
    groups,
    state,
    updated_at,
    deleted_at
});

/// A logo: `PUT /api/v1/status-pages/{id}/logo` with the picture as the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PageLogo {
    /// The media type: `image/png`, `image/jpeg`, `image/webp` or `image/svg+xml`.
    pub media_type: String,
    /// Length in bytes, at most 262,144.
    pub bytes: u32,
    /// Its address, relative to the page's: `logo?v=` and a part of its SHA-256, so that another logo has another address.
    pub path: String,
}

json_object!(PageLogo {
    media_type,
    bytes,
    path
});

/// Something that was done to a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusPageChange {
    /// When.
    pub at: DateTime<Utc>,
    /// The address of who did it, if that user is still there.
    pub by: Option<String>,
    /// What.
    pub kind: StatusPageChangeKind,
    /// More of it, such as which settings were changed.
    pub detail: String,
}

json_object!(StatusPageChange { at, by, kind, detail });

/// What was done to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StatusPageChangeKind {
    /// It was made.
    Created,
    /// Its settings were changed.
    Changed,
    /// Its logo was set or taken away.
    Logo,
    /// It was removed.
    Removed,
    /// It was restored.
    Restored,
}

impl StatusPageChangeKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Created,
        Self::Changed,
        Self::Logo,
        Self::Removed,
        Self::Restored,
    ];

    /// The name on the wire and in storage.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Logo => "logo",
            Self::Removed => "removed",
            Self::Restored => "restored",
        }
    }
}

impl FromJson for StatusPageChangeKind {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        let name = json.text()?;
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.as_str() == name).ok_or(Unreadable::Mismatch)
    }
}

/// The query of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct StatusPagesQuery {
    /// Those that were removed and can be restored, instead of those that are there.
    #[serde(default)]
    pub deleted: bool,
}
