//! Policy replay: `POST /api/v1/monitors/{id}/replay`.

use crate::{json_object, monitor::Quorum, timeline::UptimeFigures};
use chrono::{DateTime, Utc};
pub use edgewatch_domain::{policy::FlappingPolicy, replay::LatencyThresholds};
use edgewatch_protocol::name::Region;
use serde::{Deserialize, Serialize};

/// What is to be replayed, and by which policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ReplayRequest {
    /// From this time on; default 30 days before `to`, at most 92 days.
    pub from: Option<DateTime<Utc>>,
    /// Before this time; default, and at the latest, now.
    pub to: Option<DateTime<Utc>>,
    /// What is to be other.
    pub policy: ProposedPolicy,
}

/// What of a monitor's policy is to be other; what is left out stays as it was at each time. The interval does: there are
/// no other results than there are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ProposedPolicy {
    /// Which share of the regions that vote must see it down.
    pub quorum: Option<Quorum>,
    /// Consecutive down outcomes that make a region's verdict down, 1 to 10.
    pub confirmations: Option<u8>,
    /// Consecutive successes that bring it back up, 1 to 10.
    pub recoveries: Option<u8>,
    /// The regions that vote.
    pub regions: Option<Vec<Region>>,
    /// When the monitor is marked as flapping.
    pub flapping: Option<FlappingPolicy>,
    /// Judges successes by their total time, instead of the thresholds that they were judged by.
    pub latency: Option<LatencyThresholds>,
}

/// What another policy would have said of the results that there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Replay {
    /// What was asked for begins here …
    pub asked_from: DateTime<Utc>,
    /// … and what was replayed here: later, where the monitor or its stored results do not reach back so far.
    pub from: DateTime<Utc>,
    /// Before this time.
    pub to: DateTime<Utc>,
    /// Results that were replayed.
    pub results: i64,
    /// As it was.
    pub before: ReplayedPolicy,
    /// As it would have been.
    pub after: ReplayedPolicy,
    /// The latest outages of both, oldest first.
    pub outages: Vec<ReplayedOutage>,
    /// Earlier outages that are not listed.
    pub outages_left_out: i64,
}

json_object!(Replay {
    asked_from,
    from,
    to,
    results,
    before,
    after,
    outages,
    outages_left_out
});

impl Replay {
    /// How often it would have paged, in a sentence without its full stop.
    pub fn headline(&self) -> String {
        let times = |count: i64| match count {
            1 => "once".to_owned(),
            _ => format!("{count} times"),
        };
        match (self.before.pages, self.after.pages) {
            (0, 0) => "It would not have paged, as it did not".to_owned(),
            (before, after) if before == after => format!("It would have paged {}, as it did", times(before)),
            (before, 0) => format!("It would not have paged at all, instead of {}", times(before)),
            (0, after) => format!("It would have paged {}, where it did not", times(after)),
            (1, after) => format!("It would have paged {} instead of once", times(after)),
            (before, after) => format!("It would have paged {} instead of {before}", times(after)),
        }
    }
}

/// What a policy says of a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayedPolicy {
    /// How often somebody is paged: for each change to down, and once for each flapping.
    pub pages: i64,
    /// Outages with time in the window.
    pub outages: i64,
    /// The figures of the record that it makes.
    pub figures: UptimeFigures,
}

json_object!(ReplayedPolicy {
    pages,
    outages,
    figures
});

/// An outage by both policies; by one of them alone, if the other does not have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayedOutage {
    /// As it was.
    pub before: Option<SeenOutage>,
    /// As it would have been.
    pub after: Option<SeenOutage>,
    /// By how many milliseconds it would have been known later; negative: sooner. `None` unless both were known while they
    /// lasted.
    pub known_later_ms: Option<i64>,
}

json_object!(ReplayedOutage {
    before,
    after,
    known_later_ms
});

/// An outage, and when it was known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeenOutage {
    /// From when on it was down.
    pub from: DateTime<Utc>,
    /// When it was up again; `None` while it goes on.
    pub to: Option<DateTime<Utc>>,
    /// How long it was down, milliseconds.
    pub down_ms: i64,
    /// When the check began that made it known; `None` if it was known only afterwards.
    pub known: Option<DateTime<Utc>>,
}

json_object!(SeenOutage {
    from,
    to,
    down_ms,
    known
});
