//! Which figures a window of time is answered from: single results, or what they come to by minute, hour or day. One
//! function decides, by the window's length and by what is kept that long; never by what happens to be there, so that an
//! answer stays the same when results are dropped.

use crate::settings::Settings;
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::series::SeriesQuery;
use std::ops::RangeInclusive;

/// From what figures are summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Single results.
    Raw,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days.
    Day,
}

/// What is asked for, in whole buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Beginning of the first bucket.
    pub from: DateTime<Utc>,
    /// End of the last bucket.
    pub to: DateTime<Utc>,
    /// Length of a bucket.
    pub bucket_s: i64,
    /// What it is summed up from.
    pub level: Level,
    /// When it was asked.
    pub now: DateTime<Utc>,
}

const POINTS: RangeInclusive<u16> = 10..=1000;
const DEFAULT_POINTS: u16 = 200;
const DEFAULT_WINDOW: TimeDelta = TimeDelta::hours(24);
/// The longest window.
const MAX_WINDOW: TimeDelta = TimeDelta::days(400);
const DAY_S: i64 = 86_400;
/// Lengths of a bucket that people can read off an axis; whole multiples of the units of the levels that they belong to.
const BUCKET_S: [i64; 16] = [
    10,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10_800,
    21_600,
    43_200,
    DAY_S,
    10 * DAY_S,
    50 * DAY_S,
];

impl Level {
    const ALL: [Self; 4] = [Self::Raw, Self::Minute, Self::Hour, Self::Day];

    /// The level for a window that began so long ago: the finest one that does not take too long to read and is kept long
    /// enough.
    pub fn choose(length: TimeDelta, age: TimeDelta, settings: &Settings) -> Self {
        let serves = |level: &Self| {
            let (longest, kept_days) = match level {
                Self::Raw => (TimeDelta::hours(6), settings.result_retention_days),
                Self::Minute => (TimeDelta::days(2), settings.minute_rollup_retention_days),
                Self::Hour => (TimeDelta::days(31), settings.hour_rollup_retention_days),
                Self::Day => return true,
            };
            length <= longest && age <= TimeDelta::days(kept_days.into())
        };
        Self::ALL.into_iter().find(serves).unwrap_or(Self::Day)
    }

    /// As the database knows it.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// As answers name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Minute => "1m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    /// The shortest bucket it can tell of.
    fn unit_s(self) -> i64 {
        match self {
            Self::Raw => 1,
            Self::Minute => 60,
            Self::Hour => 3600,
            Self::Day => DAY_S,
        }
    }
}

impl Window {
    /// The window of a query.
    ///
    /// # Errors
    /// What is wrong with the query.
    pub fn of(query: &SeriesQuery, now: DateTime<Utc>, settings: &Settings) -> Result<Self, &'static str> {
        let points = query.points.unwrap_or(DEFAULT_POINTS);
        if !POINTS.contains(&points) {
            return Err("`points` is from 10 to 1000");
        }
        let to = query.to.unwrap_or(now);
        let from = query.from.unwrap_or(to - DEFAULT_WINDOW);
        if from >= to || to - from > MAX_WINDOW {
            return Err("`from` is before `to`, by at most 400 days");
        }
        let level = Level::choose(to - from, now - from, settings);
        let enclosing = |bucket_s: i64| {
            let first = from.timestamp().div_euclid(bucket_s);
            // `to` is not inside, so a `to` at a bucket's beginning does not need that bucket.
            let end = -(-to.timestamp_millis()).div_euclid(bucket_s * 1000);
            (first, end, bucket_s)
        };
        let (first, end, bucket_s) = BUCKET_S
            .into_iter()
            .filter(|&bucket_s| bucket_s >= level.unit_s())
            .map(enclosing)
            .find(|&(first, end, _)| end - first <= i64::from(points))
            .unwrap_or_else(|| enclosing(50 * DAY_S));
        let moment = |bucket: i64| DateTime::from_timestamp(bucket * bucket_s, 0).unwrap_or_default();
        Ok(Self {
            from: moment(first),
            to: moment(end),
            bucket_s,
            level,
            now,
        })
    }

    /// How many buckets it has.
    pub fn buckets(&self) -> usize {
        usize::try_from((self.to - self.from).num_seconds() / self.bucket_s).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn buckets_enclose_the_window_and_are_no_more_than_asked_for(
            to_ms in 1_600_000_000_000_i64..2_000_000_000_000, length_ms in 1_i64..34_560_000_000, points in 10_u16..=1000,
            age_s in 0_i64..40_000_000
        ) {
            let to = DateTime::from_timestamp_millis(to_ms).unwrap();
            let from = to - TimeDelta::milliseconds(length_ms);
            let query = SeriesQuery { from: Some(from), to: Some(to), points: Some(points), region: None };
            let window = Window::of(&query, to + TimeDelta::seconds(age_s), &Settings::default()).unwrap();
            prop_assert!(window.from <= from && to <= window.to);
            let bucket = TimeDelta::seconds(window.bucket_s);
            prop_assert!(from - window.from < bucket && window.to - to < bucket);
            prop_assert!(window.buckets() <= usize::from(points));
            prop_assert_eq!(window.from.timestamp() % window.bucket_s, 0);
            prop_assert_eq!(window.bucket_s % window.level.unit_s(), 0);
        }
    }

    #[test]
    fn the_level_goes_by_length_and_by_what_is_kept() {
        let settings = Settings::default();
        let choose = |hours, age_days| {
            Level::choose(TimeDelta::hours(hours), TimeDelta::days(age_days), &settings).name()
        };
        assert_eq!(
            [
                choose(1, 0),
                choose(24, 1),
                choose(7 * 24, 7),
                choose(90 * 24, 90),
                choose(365 * 24, 365)
            ],
            ["raw", "1m", "1h", "1d", "1d"]
        );
        // What a day of last month was by the minute is not kept; its hours and its results are.
        assert_eq!(
            [choose(24, 30), choose(1, 30), choose(1, 401)],
            ["1h", "raw", "1d"]
        );
    }
}
