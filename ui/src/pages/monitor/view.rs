//! What of a monitor is looked at, kept in the address. Pure.

use crate::components::chart_geometry::Mode;
use chrono::{DateTime, Duration, Utc};
use edgewatch_client::{
    address::percent_encode, protocol::observation::OutcomeState, result::ResultsQuery, series::SeriesQuery,
};

/// The windows on offer: name in the address, label, hours, buckets of the chart.
pub const WINDOWS: [(&str, &str, i64, u16); 6] = [
    ("1h", "1 hour", 1, 60),
    ("24h", "24 hours", 24, 144),
    ("7d", "7 days", 168, 168),
    ("30d", "30 days", 720, 180),
    // Days, and the one that the window begins within.
    ("90d", "90 days", 2_160, 91),
    ("365d", "1 year", 8_760, 366),
];

/// The periods of uptime on offer: label, and name in the address and the API.
pub const PERIODS: [(&str, &str); 4] = [
    ("Hours", "hour"),
    ("Days", "day"),
    ("Weeks", "week"),
    ("Months", "month"),
];

/// How many results a page of the list has.
pub const RESULTS: u16 = 25;

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Index into [`WINDOWS`].
    pub window: usize,
    /// Index into [`PERIODS`].
    pub period: usize,
    /// Of this region alone.
    pub region: Option<String>,
    /// Phases or percentiles.
    pub mode: Mode,
    /// Only results with this outcome.
    pub outcome: Option<OutcomeState>,
    /// Results from this cursor on.
    pub cursor: Option<String>,
    /// The result that is shown in full.
    pub result: Option<String>,
}

impl View {
    /// Reads it from the address.
    pub fn from_query(get: impl Fn(&str) -> Option<String>) -> Self {
        let window = get("window");
        let outcome = get("outcome");
        let period = get("uptime");
        let filled = |name| get(name).filter(|value: &String| !value.is_empty());
        Self {
            window: WINDOWS
                .iter()
                .position(|(name, ..)| Some(*name) == window.as_deref())
                .unwrap_or(1),
            period: PERIODS
                .iter()
                .position(|(_, name)| Some(*name) == period.as_deref())
                .unwrap_or(1),
            region: filled("region"),
            mode: if get("view").as_deref() == Some("percentiles") {
                Mode::Percentiles
            } else {
                Mode::Phases
            },
            outcome: OutcomeState::ALL
                .into_iter()
                .find(|known| Some(known.as_str()) == outcome.as_deref()),
            cursor: filled("cursor"),
            result: filled("result"),
        }
    }

    /// The query of the address that shows this, `?` included.
    pub fn query(&self) -> String {
        let mut query = String::new();
        let mut add = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                query.push(if query.is_empty() { '?' } else { '&' });
                query.push_str(name);
                query.push('=');
                query.push_str(&percent_encode(value));
            }
        };
        add("window", (self.window != 1).then(|| WINDOWS[self.window].0));
        add("uptime", (self.period != 1).then(|| PERIODS[self.period].1));
        add("region", self.region.as_deref());
        add("view", (self.mode == Mode::Percentiles).then_some("percentiles"));
        add("outcome", self.outcome.map(OutcomeState::as_str));
        add("cursor", self.cursor.as_deref());
        add("result", self.result.as_deref());
        if query.is_empty() { "?".to_owned() } else { query }
    }

    /// The same, changed; the list begins anew.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = Self {
            cursor: None,
            result: None,
            ..self.clone()
        };
        change(&mut changed);
        changed
    }

    /// The same with another result in full.
    #[must_use]
    pub fn with_result(&self, result: Option<String>) -> Self {
        Self {
            result,
            ..self.clone()
        }
    }

    /// The query of the series.
    pub fn series_query(&self, now: DateTime<Utc>) -> SeriesQuery {
        let (_, _, hours, points) = WINDOWS[self.window];
        SeriesQuery {
            from: Some(now - Duration::hours(hours)),
            to: Some(now),
            region: self.region.clone(),
            points: Some(points),
        }
    }

    /// The query of the results.
    pub fn results_query(&self) -> ResultsQuery {
        ResultsQuery {
            region: self.region.clone(),
            outcome: self.outcome,
            limit: Some(RESULTS),
            cursor: self.cursor.clone(),
            ..ResultsQuery::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_view_lives_in_the_address() {
        let none = View::from_query(|_| None);
        assert_eq!((none.window, none.query().as_str()), (1, "?"));
        let view = View {
            window: 2,
            period: 3,
            region: Some("weur".to_owned()),
            mode: Mode::Percentiles,
            outcome: Some(OutcomeState::Down),
            cursor: Some("a=b".to_owned()),
            result: None,
        };
        assert_eq!(
            view.query(),
            "?window=7d&uptime=month&region=weur&view=percentiles&outcome=down&cursor=a%3Db"
        );
        let query = |name: &str| match name {
            "window" => Some("7d".to_owned()),
            "uptime" => Some("month".to_owned()),
            "region" => Some("weur".to_owned()),
            "view" => Some("percentiles".to_owned()),
            "outcome" => Some("down".to_owned()),
            "cursor" => Some("a=b".to_owned()),
            _ => None,
        };
        assert_eq!(View::from_query(query), view);
    }

    #[test]
    fn another_filter_begins_at_the_first_page() {
        let mut view = View::from_query(|_| None);
        view.cursor = Some("x".to_owned());
        assert_eq!(view.with(|view| view.window = 0).cursor, None);
        assert_eq!(
            view.with_result(Some("r".to_owned())).cursor,
            Some("x".to_owned())
        );
    }
}
