//! The maintenance of a page: windows for monitors of its components.

use super::{Sources, component::Tree};
use crate::store::status_page::StoredPage;
use chrono::DateTime;
use edgewatch_client::public_status::PublicMaintenance;
use edgewatch_domain::{
    maintenance::{Scope, occurrences},
    span::Span,
};

/// The windows that have time in common with a range, in order.
pub fn of_page(page: &StoredPage, tree: &Tree<'_>, sources: &Sources, range: Span) -> Vec<PublicMaintenance> {
    let at = |ms| DateTime::from_timestamp_millis(ms).unwrap_or_default();
    let covers = |scope: &Scope, monitor: i32| {
        let places = sources.places.get(&monitor);
        places.is_some_and(|places| scope.covers(places.of(monitor)))
    };
    let mut windows = Vec::new();
    for stored in &sources.maintenance {
        for occurrence in occurrences(&stored.versions, range) {
            let (Some(version), Some(text)) = (
                stored.versions.get(occurrence.version),
                stored.texts.get(occurrence.version),
            ) else {
                continue;
            };
            let components = tree.concerned(|monitor| covers(&version.scope, monitor));
            if components.is_empty() {
                continue;
            }
            windows.push(PublicMaintenance {
                id: stored.id,
                title: text.name.clone(),
                note: if page.settings.shows.maintenance_notes {
                    text.note.clone()
                } else {
                    String::new()
                },
                from: at(occurrence.span.from_ms),
                to: at(occurrence.span.to_ms),
                created_at: stored.created_at,
                updated_at: at(version.from_ms),
                components,
            });
        }
    }
    windows.sort_by_key(|window| (window.from, window.id));
    windows
}
