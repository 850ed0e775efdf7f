//! The time zone of whoever looks at a written page, whose days are laid out by the server.

use axum::http::{HeaderMap, header::COOKIE, request::Parts};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use leptos::prelude::use_context;

/// The cookie that `script/theme.js` keeps it in.
const COOKIE_NAME: &str = "edgewatch_zone";

/// A time zone; UTC until the browser has told its own.
#[derive(Clone, Copy, Debug)]
pub struct ViewerZone(Tz);

impl ViewerZone {
    /// That of the request that is answered.
    pub fn of_request() -> Self {
        use_context::<Parts>().map_or(Self(Tz::UTC), |parts| Self::of(&parts.headers))
    }

    fn of(headers: &HeaderMap) -> Self {
        let told = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE_NAME);
        Self(told.and_then(|(_, zone)| zone.parse().ok()).unwrap_or(Tz::UTC))
    }

    /// Its name, such as `Europe/Berlin`.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What the clock on the wall shows at a moment.
    pub fn wall(self, at: DateTime<Utc>) -> DateTime<Utc> {
        at.with_timezone(&self.0).naive_local().and_utc()
    }

    /// The day of a moment.
    pub fn day(self, at: DateTime<Utc>) -> NaiveDate {
        self.wall(at).date_naive()
    }

    /// When a day begins; an hour later where the clocks are put forward at midnight.
    pub fn begin_of(self, day: NaiveDate) -> Option<DateTime<Utc>> {
        (0..=2).find_map(|hour| {
            let time = day.and_time(NaiveTime::from_hms_opt(hour, 0, 0)?);
            Some(self.0.from_local_datetime(&time).earliest()?.to_utc())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(cookie: &str) -> ViewerZone {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, cookie.parse().unwrap());
        ViewerZone::of(&headers)
    }

    #[test]
    fn the_browser_tells_its_zone() {
        assert_eq!(zone("a=b; edgewatch_zone=Asia/Tokyo").name(), "Asia/Tokyo");
        for other in ["edgewatch_zone=Mars/Base", "edgewatch_zone", "zone=Asia/Tokyo"] {
            assert_eq!(zone(other).name(), "UTC", "{other}");
        }
    }

    #[test]
    fn days_are_those_of_the_zone() {
        let at = "2026-11-03T22:00:00Z".parse().unwrap();
        let tokyo = zone("edgewatch_zone=Asia/Tokyo");
        let day = NaiveDate::from_ymd_opt(2026, 11, 4).unwrap();
        assert_eq!(tokyo.day(at), day);
        assert_eq!(tokyo.begin_of(day), "2026-11-03T15:00:00Z".parse().ok());
        // Midnight is left out when the clocks are put forward.
        let forward = NaiveDate::from_ymd_opt(2024, 4, 26).unwrap();
        let cairo = zone("edgewatch_zone=Africa/Cairo");
        assert_eq!(cairo.begin_of(forward), "2024-04-25T22:00:00Z".parse().ok());
    }
}
