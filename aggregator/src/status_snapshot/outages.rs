//! When incidents concerned what.

use edgewatch_domain::span::Span;
use std::collections::{BTreeMap, BTreeSet};

/// When incidents concerned which monitor.
#[derive(Default)]
pub struct Outages(BTreeMap<i32, Vec<(Span, i32)>>);

impl Outages {
    /// An incident concerned a monitor at this time.
    pub fn note(&mut self, monitor: i32, span: Span, incident: i32) {
        self.0.entry(monitor).or_default().push((span, incident));
    }

    /// The incidents of these monitors that have time in common with a window, by number.
    pub fn on(&self, monitors: &BTreeSet<i32>, window: Span) -> Vec<i32> {
        let of_monitors = monitors
            .iter()
            .filter_map(|monitor| self.0.get(monitor))
            .flatten();
        let found = of_monitors.filter(|(span, _)| !span.intersection(window).is_empty());
        let ids: BTreeSet<_> = found.map(|(_, id)| *id).collect();
        ids.into_iter().collect()
    }
}
