//! The overview's list as data: what is shown of each monitor, in which order, and which are left out. Pure.

use crate::components::heartbeat_bar::Beats;
use chrono::{DateTime, Utc};
use edgewatch_client::{
    address::percent_encode,
    json_object,
    monitor::MonitorState,
    overview::{MonitorSummary, Overview},
};
use serde::Serialize;

/// One monitor as the list shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Number.
    pub id: i32,
    /// What a change of the settings changes.
    pub title: EntryTitle,
    /// What the regions together say.
    pub standing: Standing,
    /// Its last slots.
    pub beats: Beats,
    /// Median, microseconds.
    pub p50_us: Option<i32>,
    /// 95th percentile, microseconds.
    pub p95_us: Option<i32>,
}

json_object!(Entry {
    id,
    title,
    standing,
    beats,
    p50_us,
    p95_us
});

/// What a monitor is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct EntryTitle {
    /// Name.
    pub name: String,
    /// What is checked.
    pub target: String,
    /// Tags.
    pub tags: Vec<String>,
}

json_object!(EntryTitle { name, target, tags });

/// How a monitor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// State.
    pub state: MonitorState,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Some region sees it down, below the quorum.
    pub advisory: bool,
    /// It changes its state too often.
    pub flapping: bool,
}

json_object!(Standing {
    state,
    since,
    advisory,
    flapping
});

/// The entries of an answer.
pub fn entries(overview: Overview) -> Vec<Entry> {
    overview.monitors.into_iter().map(entry).collect()
}

fn entry(summary: MonitorSummary) -> Entry {
    Entry {
        id: summary.id,
        beats: Beats::new(&summary.heartbeats, summary.interval_s),
        standing: Standing {
            state: summary.state,
            since: summary.state_since,
            advisory: summary.advisory,
            flapping: summary.flapping,
        },
        p50_us: summary.p50_us,
        p95_us: summary.p95_us,
        title: EntryTitle {
            name: summary.name,
            target: summary.target,
            tags: summary.tags,
        },
    }
}

/// Worst first.
pub fn rank(standing: Standing) -> u8 {
    match standing.state {
        MonitorState::Down => 0,
        MonitorState::Degraded => 1,
        _ if standing.advisory => 2,
        MonitorState::Unknown => 3,
        MonitorState::Maintenance => 4,
        MonitorState::Up => 5,
        MonitorState::Paused => 6,
    }
}

/// What the visitor wants to see; kept in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Words that name, target or tags must hold, all of them.
    pub text: String,
    /// Only this state.
    pub state: Option<MonitorState>,
    /// Only with this tag.
    pub tag: Option<String>,
}

impl Filter {
    /// Reads it from the address: `q`, `state` and `tag`.
    pub fn from_query(get: impl Fn(&str) -> Option<String>) -> Self {
        let state = get("state");
        Self {
            text: get("q").unwrap_or_default(),
            state: MonitorState::ALL
                .into_iter()
                .find(|known| Some(known.as_str()) == state.as_deref()),
            tag: get("tag").filter(|tag| !tag.is_empty()),
        }
    }

    /// The address that shows this.
    pub fn path(&self) -> String {
        let mut path = String::from("/");
        let mut add = |name: &str, value: &str| {
            path.push(if path.len() == 1 { '?' } else { '&' });
            path.push_str(name);
            path.push('=');
            path.push_str(&percent_encode(value));
        };
        if let Some(state) = self.state {
            add("state", state.as_str());
        }
        if let Some(tag) = &self.tag {
            add("tag", tag);
        }
        if !self.text.is_empty() {
            add("q", &self.text);
        }
        path
    }

    /// The same with another state.
    #[must_use]
    pub fn with_state(&self, state: Option<MonitorState>) -> Self {
        Self {
            state,
            ..self.clone()
        }
    }

    /// The same with another tag.
    #[must_use]
    pub fn with_tag(&self, tag: Option<String>) -> Self {
        Self { tag, ..self.clone() }
    }

    /// Whether a monitor is shown.
    pub fn shows(&self, title: &EntryTitle, state: MonitorState) -> bool {
        self.state.is_none_or(|wanted| wanted == state)
            && self.tag.as_ref().is_none_or(|tag| title.tags.contains(tag))
            && lower_case(&self.text).split_whitespace().all(|word| {
                let holds = |text: &String| lower_case(text).contains(word);
                holds(&title.name) || holds(&title.target) || title.tags.iter().any(holds)
            })
    }
}

/// The browser knows how to do this, so its tables need not be shipped.
#[cfg(feature = "hydrate")]
fn lower_case(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
}

#[cfg(not(feature = "hydrate"))]
fn lower_case(text: &str) -> String {
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title() -> EntryTitle {
        EntryTitle {
            name: "Checkout API".to_owned(),
            target: "https://shop.example/api".to_owned(),
            tags: vec!["shop".to_owned(), "eu west".to_owned()],
        }
    }

    #[test]
    fn all_words_must_be_found_somewhere() {
        let filter = |text: &str| Filter {
            text: text.to_owned(),
            ..Filter::default()
        };
        assert!(filter("").shows(&title(), MonitorState::Up));
        assert!(filter("API shop").shows(&title(), MonitorState::Up));
        assert!(!filter("api billing").shows(&title(), MonitorState::Up));
    }

    #[test]
    fn state_and_tag_narrow() {
        let filter = Filter {
            state: Some(MonitorState::Down),
            tag: Some("shop".to_owned()),
            ..Filter::default()
        };
        assert!(filter.shows(&title(), MonitorState::Down));
        assert!(!filter.shows(&title(), MonitorState::Up));
        assert!(
            !filter
                .with_tag(Some("none".to_owned()))
                .shows(&title(), MonitorState::Down)
        );
    }

    #[test]
    fn the_filter_lives_in_the_address() {
        let filter = Filter {
            text: "a b".to_owned(),
            state: Some(MonitorState::Down),
            tag: Some("eu west".to_owned()),
        };
        assert_eq!(filter.path(), "/?state=down&tag=eu%20west&q=a%20b");
        let query = |name: &str| match name {
            "state" => Some("down".to_owned()),
            "tag" => Some("eu west".to_owned()),
            "q" => Some("a b".to_owned()),
            _ => None,
        };
        assert_eq!(Filter::from_query(query), filter);
        assert_eq!(Filter::default().path(), "/");
        assert_eq!(Filter::from_query(|_| Some("nonsense".to_owned())).state, None);
    }

    #[test]
    fn worst_first() {
        let standing = |state, advisory| Standing {
            state,
            since: DateTime::UNIX_EPOCH,
            advisory,
            flapping: false,
        };
        let mut standings = [
            standing(MonitorState::Up, false),
            standing(MonitorState::Paused, false),
            standing(MonitorState::Up, true),
            standing(MonitorState::Down, false),
            standing(MonitorState::Degraded, true),
        ];
        standings.sort_by_key(|standing| rank(*standing));
        assert_eq!(
            standings.map(|standing| (standing.state, standing.advisory)),
            [
                (MonitorState::Down, false),
                (MonitorState::Degraded, true),
                (MonitorState::Up, true),
                (MonitorState::Up, false),
                (MonitorState::Paused, false),
            ]
        );
    }
}
