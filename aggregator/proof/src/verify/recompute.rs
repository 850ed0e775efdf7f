//! From raw observations to the report's figures, by the same rules that made the report's.

use super::{
    Finding,
    evidence::{Evidence, Seen},
};
use crate::bundle::{Bundle, MonitorRecord};
use edgewatch_domain::{
    admission::plausible,
    policy::{PolicyHistory, RegionId},
    replay::region_votes,
    sla::{RegionRecord, SlaFigures, SlaMember, SlaPeriod, figures, region_record},
    span::SpanSet,
    timeline::{StateInterval, TimelineSource, build},
    vantage::window_of,
    vote::Check,
};
use edgewatch_protocol::name::Region;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    io::{Read, Seek},
};

/// The figures, and of how many observations they are; no figures where nothing is said of a monitor.
pub fn recompute<R: Read + Seek>(
    bundle: &Bundle<R>,
    evidence: &Evidence,
    findings: &mut Vec<Finding>,
) -> (Option<SlaFigures>, u64) {
    let statements = &bundle.statements;
    let ids: HashMap<&Region, RegionId> = statements
        .regions
        .iter()
        .map(|region| (&region.name, region.id))
        .collect();
    let probes: Vec<Option<RegionId>> = bundle
        .probes
        .iter()
        .map(|probe| ids.get(&probe.region).copied())
        .collect();
    let disqualified: HashSet<(RegionId, i64)> = statements
        .disqualified
        .iter()
        .map(|window| (window.region, window.from_ms))
        .collect();
    let mut checks = BTreeMap::<i32, Vec<(RegionId, Check)>>::new();
    let monitors: BTreeMap<i32, (&MonitorRecord, PolicyHistory)> = statements
        .monitors
        .iter()
        .filter_map(|monitor| Some((monitor.monitor, (monitor, monitor.history()?))))
        .collect();
    let mut observations = 0;
    for seen in &evidence.seen {
        let Some((_, history)) = monitors.get(&seen.monitor) else {
            continue;
        };
        let Some(region) = probes.get(seen.probe as usize).copied().flatten() else {
            continue;
        };
        if !is_result(
            seen,
            region,
            history,
            bundle.manifest.from_ms,
            bundle.manifest.to_ms,
        ) {
            continue;
        }
        observations += 1;
        // Of what several probes of a region say of a slot, that is judged by which counts.
        let check = Check {
            slot_ms: seen.slot_ms,
            at_ms: seen.started_ms,
            outcome: seen.outcome,
            disqualified: disqualified.contains(&(region, window_of(seen.slot_ms).from_ms)),
        };
        checks.entry(seen.monitor).or_default().push((region, check));
    }
    let period = bundle.report.figures.period;
    let mut records = Vec::new();
    let mut all_stated = true;
    let mut silent = BTreeSet::new();
    for &monitor in &bundle.policy.monitors {
        let Some((stated, history)) = monitors.get(&monitor) else {
            findings.push(Finding::MonitorNotStated { monitor });
            all_stated = false;
            continue;
        };
        let checks = checks.remove(&monitor).unwrap_or_default();
        let looked: BTreeSet<RegionId> = checks.iter().map(|(region, _)| *region).collect();
        let asked = history.entries().iter().flat_map(|(_, policy)| &policy.regions);
        silent.extend(asked.filter(|region| !looked.contains(region)));
        let history = bundle.policy.judging(history);
        let made = record_of(
            stated,
            &history,
            checks,
            period,
            bundle.manifest.from_ms,
            &statements_names(bundle),
        );
        records.push((monitor, made));
    }
    let names = statements_names(bundle);
    findings.extend(silent.into_iter().filter_map(|region| {
        let region = names.get(&region)?.clone();
        let is_elsewhere = bundle.probes.iter().any(|probe| probe.region == region);
        (!is_elsewhere).then_some(Finding::RegionWithoutEvidence { region })
    }));
    if !all_stated {
        return (None, observations);
    }
    let members: Vec<SlaMember<'_>> = records
        .iter()
        .map(|(monitor, (record, regions))| SlaMember {
            monitor: *monitor,
            record,
            regions,
        })
        .collect();
    let made = figures(&bundle.policy, &bundle.exclusions, period, &members);
    (Some(made), observations)
}

fn statements_names<R: Read + Seek>(bundle: &Bundle<R>) -> BTreeMap<RegionId, Region> {
    let regions = bundle.statements.regions.iter();
    regions.map(|region| (region.id, region.name.clone())).collect()
}

/// Whether the aggregator made a result of an observation.
fn is_result(seen: &Seen, region: RegionId, history: &PolicyHistory, from_ms: i64, to_ms: i64) -> bool {
    (from_ms..to_ms).contains(&seen.started_ms)
        && plausible(seen.slot_ms, seen.started_ms, seen.received_ms).is_ok()
        && history
            .at(seen.received_ms)
            .regions
            .binary_search(&region)
            .is_ok()
}

/// The record of a monitor, and those of its regions.
fn record_of(
    stated: &MonitorRecord,
    history: &PolicyHistory,
    checks: Vec<(RegionId, Check)>,
    period: SlaPeriod,
    from_ms: i64,
    names: &BTreeMap<RegionId, Region>,
) -> (Vec<StateInterval>, Vec<RegionRecord>) {
    let votes = region_votes(checks, history, period.as_of_ms);
    let (maintenance, pauses): (SpanSet, SpanSet) = (
        stated.maintenance.iter().copied().collect(),
        stated.pauses.iter().copied().collect(),
    );
    let source = TimelineSource {
        created_ms: stated.created_ms.max(from_ms),
        history,
        votes: &votes,
        maintenance: &maintenance,
        pauses: &pauses,
    };
    let asked: BTreeSet<RegionId> = history
        .entries()
        .iter()
        .flat_map(|(_, policy)| policy.regions.iter().copied())
        .collect();
    let regions = asked.into_iter().filter_map(|region| {
        Some(RegionRecord {
            region: names.get(&region)?.clone(),
            record: region_record(source, region, period.as_of_ms),
        })
    });
    (build(source, period.as_of_ms), regions.collect())
}

/// A region that is said not to count has to have failed on enough of what it checked: that much its own observations show.
pub fn check_disqualified<R: Read + Seek>(
    bundle: &Bundle<R>,
    evidence: &Evidence,
    findings: &mut Vec<Finding>,
) {
    let names = statements_names(bundle);
    for window in &bundle.statements.disqualified {
        // Of a region that nothing is said of there is nothing in the figures.
        let Some(region) = names.get(&window.region) else {
            continue;
        };
        let Some(checked) = evidence.windows.get(&(region.clone(), window.from_ms)) else {
            continue;
        };
        let policy = window.judged_by.unwrap_or(bundle.statements.vantage);
        let failed = checked.values().filter(|failed| **failed).count();
        let enough = failed >= usize::from(policy.targets)
            && failed * 100 > checked.len() * usize::from(policy.over_percent);
        if !enough {
            findings.push(Finding::DisqualificationUnfounded {
                region: region.clone(),
                from_ms: window.from_ms,
                failed,
                checked: checked.len(),
            });
        }
    }
}
