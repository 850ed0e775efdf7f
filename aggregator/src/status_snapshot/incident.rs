//! The incidents of a page: those that concern monitors of its components, as far as the public may know of them.

use super::{Sources, component::Tree, outages::Outages};
use crate::store::status_snapshot::StoredIncident;
use chrono::{DateTime, Utc};
use edgewatch_client::{
    incident::Severity,
    public_status::{IncidentImpact, IncidentStage, PublicIncident, PublicUpdate},
};
use edgewatch_domain::span::Span;
use std::collections::BTreeSet;

/// The incidents of a page that have time in common with a window, the newest first; and when they concerned what.
pub fn of_page(tree: &Tree<'_>, sources: &Sources, window: Span) -> (Vec<PublicIncident>, Outages) {
    let monitors = tree.monitors();
    let mut outages = Outages::default();
    let mut incidents = Vec::new();
    for stored in &sources.incidents {
        let Some(incident) = show(stored, &monitors, tree, sources.now) else {
            continue;
        };
        let until_ms = incident.resolved_at.map_or(i64::MAX, |at| at.timestamp_millis());
        // What is over as soon as it began has its moment.
        let lasted = Span::new(
            incident.started_at.timestamp_millis(),
            until_ms.max(incident.started_at.timestamp_millis() + 1),
        );
        if lasted.intersection(window).is_empty() {
            continue;
        }
        for outage in stored
            .outages
            .iter()
            .filter(|outage| monitors.contains(&outage.monitor))
        {
            let ms = |at: DateTime<Utc>| at.timestamp_millis();
            let span = match outage.from {
                Some(from) => Span::new(ms(from), outage.to.map_or(i64::MAX, ms)),
                None => lasted,
            };
            outages.note(outage.monitor, span, stored.id);
        }
        incidents.push(incident);
    }
    incidents.sort_by_key(|incident| std::cmp::Reverse((incident.started_at, incident.id)));
    (incidents, outages)
}

/// What the public sees of an incident on a page with these monitors; `None`: nothing.
fn show(
    stored: &StoredIncident,
    monitors: &BTreeSet<i32>,
    tree: &Tree<'_>,
    now: DateTime<Utc>,
) -> Option<PublicIncident> {
    let outages = || {
        stored
            .outages
            .iter()
            .filter(|outage| monitors.contains(&outage.monitor))
    };
    outages().next()?;
    // What only a few regions see is no outage: it is told where somebody does.
    if stored.severity == Severity::Advisory && stored.updates.is_empty() {
        return None;
    }
    let started_at = outages()
        .filter_map(|outage| outage.from)
        .min()
        .unwrap_or(stored.opened_at);
    let resolved_at = stored.resolved_at.map(|at| at.max(started_at));
    let over_at = outages().any(|outage| outage.from.is_some()).then(|| {
        let ends = outages()
            .filter(|outage| outage.from.is_some())
            .map(|outage| outage.to);
        // `None` is the least, and stands for one that goes on.
        let all: Option<Vec<_>> = ends.collect();
        all.and_then(|ends| ends.into_iter().max())
    });
    let stage_at = |at: DateTime<Utc>| {
        let has_passed = |moment: Option<DateTime<Utc>>| moment.is_some_and(|moment| moment <= at);
        if has_passed(resolved_at) {
            IncidentStage::Resolved
        } else if has_passed(over_at.flatten()) {
            IncidentStage::Monitoring
        } else if has_passed(stored.acknowledged_at) {
            IncidentStage::Identified
        } else {
            IncidentStage::Investigating
        }
    };
    let updates: Vec<_> = stored
        .updates
        .iter()
        .map(|(id, at, text)| PublicUpdate {
            id: *id,
            at: *at,
            stage: stage_at(*at),
            text: text.clone(),
        })
        .collect();
    let moments = [
        Some(started_at),
        resolved_at,
        over_at.flatten(),
        stored.acknowledged_at,
    ];
    let moments = moments
        .into_iter()
        .flatten()
        .chain(updates.iter().map(|update| update.at));
    let concerns: BTreeSet<_> = outages().map(|outage| outage.monitor).collect();
    Some(PublicIncident {
        id: stored.id,
        title: stored.title.clone(),
        impact: match stored.severity {
            Severity::Advisory => IncidentImpact::None,
            Severity::Minor => IncidentImpact::Minor,
            Severity::Major => IncidentImpact::Major,
            Severity::Critical => IncidentImpact::Critical,
        },
        stage: stage_at(now),
        started_at,
        resolved_at,
        updated_at: moments.max().unwrap_or(started_at),
        updates,
        components: tree.concerned(|monitor| concerns.contains(&monitor)),
    })
}
