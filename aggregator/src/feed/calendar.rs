//! Maintenance as iCalendar (RFC 5545, RFC 7986). Times are UTC: calendars show them in their reader's zone.

use super::{GENERATOR, PageAddress, affects, window_title};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::public_status::{PublicMaintenance, StatusSnapshot};
use edgewatch_ui::public::Texts;
use icalendar::{Calendar, Component as _, Event, EventLike as _, EventStatus, Property};

/// What it is served as.
pub const MEDIA_TYPE: &str = "text/calendar; charset=utf-8";

/// How often calendars are to ask again.
const ASKED_AGAIN: TimeDelta = TimeDelta::minutes(30);

/// The calendar of a page's maintenance, under way and to come.
pub fn calendar(snapshot: &StatusSnapshot, address: &PageAddress, texts: Texts) -> String {
    let page = &snapshot.page;
    let mut calendar = Calendar::empty();
    calendar
        .append_property(Property::new("VERSION", "2.0"))
        .append_property(Property::new(
            "PRODID",
            format!("-//{GENERATOR}//{GENERATOR}//EN"),
        ))
        .append_property(Property::new("CALSCALE", "GREGORIAN"))
        .append_property(Property::new("METHOD", "PUBLISH"))
        .name(&page.title)
        .ttl(&ASKED_AGAIN);
    for window in &snapshot.maintenance {
        calendar.push(event(window, address, texts));
    }
    calendar.to_string()
}

fn event(window: &PublicMaintenance, address: &PageAddress, texts: Texts) -> Event {
    let affects = affects(&window.components, texts);
    let note = Some(window.note.clone()).filter(|note| !note.is_empty());
    let description: Vec<_> = note.into_iter().chain(affects).collect();
    let mut event = Event::new();
    event
        // Windows of a recurring maintenance share its number.
        .uid(&format!(
            "maintenance-{}-{}@{}",
            window.id,
            window.from.timestamp(),
            address.host()
        ))
        .summary(&window_title(window, texts))
        .description(&description.join("\n"))
        .starts(window.from)
        .ends(window.to)
        .status(EventStatus::Confirmed)
        .url(&address.page())
        .timestamp(window.updated_at)
        .append_property(Property::new("CREATED", utc(window.created_at)))
        .append_property(Property::new("LAST-MODIFIED", utc(window.updated_at)))
        // It keeps nobody from other appointments.
        .append_property(Property::new("TRANSP", "TRANSPARENT"));
    event.done()
}

fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}
