//! Components and groups: their records, from those of monitors and of editors, and what is read off them.

use super::{LATENCY_HOURS, Sources, monitors_of, outages::Outages};
use crate::store::status_page::StoredPage;
use chrono::DateTime;
use chrono_tz::Tz;
use edgewatch_client::{
    public_status::{ComponentName, ComponentState, PublicComponent, PublicDay, PublicLatency, PublicRegion},
    status_page::{ComponentSource, GroupRule, PageShows, StatusPageComponent},
    timeline::UptimeShare,
};
use edgewatch_domain::{
    calendar, group::combine, latency::Histogram, span::Span, state::MonitorState, timeline::StateInterval,
    uptime::Figures, verdict::Verdict,
};
use std::collections::{BTreeMap, BTreeSet};

/// All components and groups of a tree from top to bottom.
pub fn flat(components: &[StatusPageComponent]) -> Vec<&StatusPageComponent> {
    let mut all = Vec::new();
    for component in components {
        all.push(component);
        all.extend(flat(&component.children));
    }
    all
}

/// A page's components with their records.
pub struct Tree<'a> {
    zone: Tz,
    shows: PageShows,
    nodes: Vec<Node<'a>>,
}

/// A component or a group.
pub struct Node<'a> {
    id: i32,
    settings: &'a StatusPageComponent,
    /// Its record: down while it is down as a whole or in part.
    record: Vec<StateInterval>,
    /// The same, down only while it is down as a whole; `None`: whenever it is down, it is as a whole.
    major: Option<Vec<StateInterval>>,
    /// Its monitors and those of what is in it.
    pub monitors: BTreeSet<i32>,
    children: Vec<Node<'a>>,
}

impl<'a> Tree<'a> {
    pub fn of(page: &'a StoredPage, sources: &Sources) -> Self {
        Self {
            zone: super::zone_of(page),
            shows: page.settings.shows,
            nodes: nodes(&page.settings.components, sources),
        }
    }

    /// The components (groups aside) that concern any of these monitors, in their order.
    pub fn concerned(&self, monitors: impl Fn(i32) -> bool) -> Vec<ComponentName> {
        let mut concerned = Vec::new();
        for node in &self.nodes {
            node.concerned(&monitors, &mut concerned);
        }
        concerned
    }

    /// All monitors of the page.
    pub fn monitors(&self) -> BTreeSet<i32> {
        self.nodes
            .iter()
            .flat_map(|node| node.monitors.iter().copied())
            .collect()
    }

    /// The uptime of everything together.
    pub fn uptime(&self, window: Span) -> Option<UptimeShare> {
        let members: Vec<_> = self.nodes.iter().map(|node| node.record.as_slice()).collect();
        let record = together(&members, GroupRule::All);
        UptimeShare::of(&Figures::of(&record, window).contractual)
    }

    /// As the public sees it: with these days, and the uptime of this window.
    pub fn show(
        &self,
        sources: &Sources,
        outages: &Outages,
        days: &[Span],
        uptime: Span,
    ) -> Vec<PublicComponent> {
        let view = View {
            tree: self,
            sources,
            outages,
            days,
            uptime,
        };
        self.nodes.iter().map(|node| view.component(node)).collect()
    }
}

impl Node<'_> {
    fn concerned(&self, monitors: &impl Fn(i32) -> bool, concerned: &mut Vec<ComponentName>) {
        if monitors_of(self.settings)
            .iter()
            .any(|&monitor| monitors(monitor))
        {
            concerned.push(ComponentName {
                id: self.id,
                name: self.settings.name.clone(),
            });
        }
        for child in &self.children {
            child.concerned(monitors, concerned);
        }
    }

    fn major(&self) -> &[StateInterval] {
        self.major.as_deref().unwrap_or(&self.record)
    }
}

fn nodes<'a>(components: &'a [StatusPageComponent], sources: &Sources) -> Vec<Node<'a>> {
    components
        .iter()
        .map(|component| node(component, sources))
        .collect()
}

fn node<'a>(settings: &'a StatusPageComponent, sources: &Sources) -> Node<'a> {
    let children = nodes(&settings.children, sources);
    let own = monitors_of(settings);
    let (record, major) = match &settings.source {
        ComponentSource::Group { rule } => {
            let members: Vec<_> = children.iter().map(|child| child.record.as_slice()).collect();
            let wholly: Vec<_> = children.iter().map(Node::major).collect();
            (together(&members, *rule), Some(together(&wholly, GroupRule::Any)))
        }
        ComponentSource::Monitors { rule, .. } => {
            let records = own.iter().filter_map(|id| sources.records.get(id));
            let members: Vec<_> = records.map(Vec::as_slice).collect();
            let is_partly = *rule == GroupRule::All && members.len() > 1;
            let major = is_partly.then(|| together(&members, GroupRule::Any));
            (together(&members, *rule), major)
        }
        ComponentSource::ByHand { .. } => {
            let said = settings.id.and_then(|id| sources.by_hand.get(&id));
            let said = said.map_or(&[][..], Vec::as_slice);
            let now_ms = sources.now.timestamp_millis();
            let is_partly = said
                .iter()
                .any(|(_, state)| *state == ComponentState::PartialOutage);
            (
                by_hand(said, now_ms, true),
                is_partly.then(|| by_hand(said, now_ms, false)),
            )
        }
    };
    let mut monitors: BTreeSet<_> = own.iter().copied().collect();
    monitors.extend(children.iter().flat_map(|child| child.monitors.iter().copied()));
    Node {
        id: settings.id.unwrap_or_default(),
        settings,
        record,
        major,
        monitors,
        children,
    }
}

fn together(members: &[&[StateInterval]], rule: GroupRule) -> Vec<StateInterval> {
    match *members {
        [one] => one.to_vec(),
        _ => combine(members, rule),
    }
}

/// The record of what editors said; whether a part that is down is down.
fn by_hand(said: &[(i64, ComponentState)], now_ms: i64, part_is_down: bool) -> Vec<StateInterval> {
    let ends = said.iter().skip(1).map(|next| next.0).chain([now_ms]);
    let intervals = said.iter().zip(ends).map(|(&(from_ms, state), to_ms)| {
        let state = match state {
            ComponentState::Unknown => MonitorState::Unknown,
            ComponentState::Operational => MonitorState::Up,
            ComponentState::Maintenance => MonitorState::Maintenance,
            ComponentState::Degraded => MonitorState::Degraded,
            ComponentState::PartialOutage if !part_is_down => MonitorState::Degraded,
            ComponentState::PartialOutage | ComponentState::MajorOutage => MonitorState::Down,
        };
        StateInterval {
            from_ms,
            to_ms: to_ms.max(from_ms),
            state,
            measured: state,
            advisory: Vec::new(),
            earliest_ms: from_ms,
        }
    });
    intervals.collect()
}

/// How components are shown.
struct View<'a> {
    tree: &'a Tree<'a>,
    sources: &'a Sources,
    outages: &'a Outages,
    days: &'a [Span],
    uptime: Span,
}

impl View<'_> {
    fn component(&self, node: &Node<'_>) -> PublicComponent {
        let figures = Figures::of(&node.record, self.uptime);
        let shows = self.tree.shows;
        PublicComponent {
            id: node.id,
            name: node.settings.name.clone(),
            description: node.settings.description.clone(),
            is_group: matches!(node.settings.source, ComponentSource::Group { .. }),
            state: state_now(node),
            since: since_ms(&node.record).and_then(DateTime::from_timestamp_millis),
            known_since: node
                .record
                .first()
                .and_then(|first| DateTime::from_timestamp_millis(first.from_ms)),
            days: self.days.iter().map(|day| self.day(node, *day)).collect(),
            uptime: UptimeShare::of(&figures.contractual).filter(|_| shows.uptime),
            latency: self
                .sources
                .latencies
                .get(&node.id)
                .and_then(|hours| latency(hours)),
            regions: if shows.regions {
                self.regions(node)
            } else {
                Vec::new()
            },
            children: node.children.iter().map(|child| self.component(child)).collect(),
        }
    }

    fn day(&self, node: &Node<'_>, day: Span) -> PublicDay {
        let passed = day.intersection(Span::new(i64::MIN, self.sources.now.timestamp_millis()));
        let figures = Figures::of(&node.record, passed);
        let known = within(&node.record, day)
            .map(|interval| public(interval.state))
            .max();
        let is_major = || within(node.major(), day).any(|interval| interval.state == MonitorState::Down);
        let worst = match known {
            Some(ComponentState::MajorOutage) if !is_major() => Some(ComponentState::PartialOutage),
            known => known,
        };
        PublicDay {
            date: calendar::local_time(self.tree.zone, day.from_ms).date(),
            worst,
            uptime: UptimeShare::of(&figures.contractual).filter(|_| self.tree.shows.uptime),
            down_ms: figures.contractual.down_ms,
            degraded_ms: figures.contractual.degraded_ms,
            maintenance_ms: figures.maintenance_ms,
            incidents: self.outages.on(&node.monitors, day),
        }
    }

    /// The worst that each region sees of a component's own monitors.
    fn regions(&self, node: &Node<'_>) -> Vec<PublicRegion> {
        let mut worst = BTreeMap::<&str, ComponentState>::new();
        let votes = monitors_of(node.settings)
            .iter()
            .filter_map(|monitor| self.sources.regions.get(monitor));
        for (region, verdict) in votes.flatten() {
            let state = match verdict {
                Verdict::Up => ComponentState::Operational,
                Verdict::Degraded => ComponentState::Degraded,
                Verdict::Down => ComponentState::MajorOutage,
                Verdict::Unknown => ComponentState::Unknown,
            };
            let kept = worst.entry(region).or_insert(state);
            *kept = state.max(*kept);
        }
        let regions = worst.into_iter();
        regions
            .map(|(name, state)| PublicRegion {
                name: name.to_owned(),
                state,
            })
            .collect()
    }
}

/// The intervals that have time in common with a window.
fn within(record: &[StateInterval], window: Span) -> impl Iterator<Item = &StateInterval> {
    let first = record.partition_point(|interval| interval.to_ms <= window.from_ms);
    record[first..]
        .iter()
        .take_while(move |interval| interval.from_ms < window.to_ms)
}

/// What the public is told of a state; of what is down, as if it were so as a whole.
fn public(state: MonitorState) -> ComponentState {
    match state {
        MonitorState::Up => ComponentState::Operational,
        MonitorState::Degraded => ComponentState::Degraded,
        MonitorState::Down => ComponentState::MajorOutage,
        MonitorState::Maintenance => ComponentState::Maintenance,
        MonitorState::Unknown | MonitorState::Paused => ComponentState::Unknown,
    }
}

fn state_now(node: &Node<'_>) -> ComponentState {
    let last = |record: &[StateInterval]| record.last().map(|last| last.state);
    match last(&node.record) {
        None => ComponentState::Unknown,
        Some(MonitorState::Down) if last(node.major()) != Some(MonitorState::Down) => {
            ComponentState::PartialOutage
        }
        Some(state) => public(state),
    }
}

/// Since when the last state holds.
fn since_ms(record: &[StateInterval]) -> Option<i64> {
    let state = public(record.last()?.state);
    let same = record
        .iter()
        .rev()
        .take_while(|interval| public(interval.state) == state);
    same.last().map(|first| first.from_ms)
}

fn latency(hours: &[(usize, Histogram)]) -> Option<PublicLatency> {
    let mut all = Histogram::default();
    let mut shown = vec![None; usize::try_from(LATENCY_HOURS).unwrap_or_default()];
    for (index, histogram) in hours {
        all += histogram;
        if let Some(hour) = shown.get_mut(*index) {
            *hour = histogram.percentile_us(50);
        }
    }
    Some(PublicLatency {
        p50_us: all.percentile_us(50)?,
        p95_us: all.percentile_us(95)?,
        hours: shown,
    })
}
