//! A month of a page.

use super::{Sources, component::Tree, incident, looks, maintenance, zone_of};
use crate::store::status_page::StoredPage;
use chrono::{NaiveDate, NaiveTime};
use edgewatch_client::public_status::{PublicMaintenance, StatusMonth};
use edgewatch_domain::{
    calendar::{Unit, local_ms, local_time, period_at, periods},
    span::Span,
};

/// The month that a date of a page's zone is in.
pub fn month_of(page: &StoredPage, date: NaiveDate) -> Span {
    let zone = zone_of(page);
    period_at(zone, Unit::Month, local_ms(zone, date.and_time(NaiveTime::MIN)))
}

/// A page's month, of sources over it. `known_since_ms` is when anything was known of the page first.
pub fn build_month(
    page: &StoredPage,
    sources: &Sources,
    month: Span,
    known_since_ms: Option<i64>,
) -> StatusMonth {
    let zone = zone_of(page);
    let now_ms = sources.now.timestamp_millis();
    let passed = Span::new(month.from_ms, month.to_ms.min(now_ms + 1));
    let days: Vec<_> = periods(zone, Unit::Day, passed).collect();
    let tree = Tree::of(page, sources);
    let (incidents, outages) = incident::of_page(&tree, sources, passed);
    let mut windows: Vec<PublicMaintenance> = maintenance::of_page(page, &tree, sources, passed);
    windows.retain(|window| window.from <= sources.now);
    windows.reverse();
    let first_day = |at_ms| local_time(zone, period_at(zone, Unit::Month, at_ms).from_ms).date();
    StatusMonth {
        page: looks(page),
        taken_at: sources.now,
        month: first_day(month.from_ms),
        previous: known_since_ms
            .is_some_and(|known_ms| known_ms < month.from_ms)
            .then(|| first_day(month.from_ms - 1)),
        next: (month.to_ms <= now_ms).then(|| first_day(month.to_ms)),
        components: tree.show(
            sources,
            &outages,
            &days,
            Span::new(month.from_ms, passed.to_ms.min(now_ms)),
        ),
        incidents,
        maintenance: windows,
    }
}
