//! The frozen evidence of outages, read just behind their opening: an incident is there at once, and what is known of it a
//! moment later. What is still to be read stands in the database, so that whoever judges next goes on.
//!
//! It is read from the signed batches: of each region the first failing check, and the last good one before it. Once more
//! after all regions have had their turn, where some had not looked since: "everywhere" takes all of them.

use super::incidents::regroup_since;
use crate::{
    announcement::Change,
    state::AppState,
    store::{
        evaluation_queue::holds_evaluation,
        incident_evidence::{
            DueOutage, ReadOutage, RegionResults, is_evidence_due, list_due_outages, list_region_results,
            store_evidence, store_faults,
        },
        result::ResultKey,
        stored_batch::{StoredBatch, find_stored_batches},
    },
    untrusted_text::clean_json,
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::incident::{IncidentDifference, Sighting};
use edgewatch_domain::fault::{Look, Pair, Sample, differences, sentence};
use edgewatch_protocol::{
    facts::Facts,
    observation::{Outcome, OutcomeState, Sight},
    phase::Phase,
};
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Outages read in one transaction: in between, what has come is judged.
const OUTAGES_AT_ONCE: i64 = 50;

/// Batches held in memory at once.
const BATCHES_AT_ONCE: usize = 16;

/// How often evidence is read at most.
const READS: i16 = 2;

/// The second reading waits for an interval of the monitor, within these bounds, and for the way of the results.
const SECOND_READ_AFTER_S: (i64, i64, i64) = (10, 300, 15);

/// Facts of a check beyond this length, as JSON, are not copied; the batch has them.
const MAX_FACTS_BYTES: usize = 32 << 10;

/// Reads the evidence of some outages that it is due for, if this process judges; whether there may be more.
pub(super) async fn read_some(state: &AppState) -> sqlx::Result<bool> {
    let now = state.clock.now();
    if !is_evidence_due(&state.pool, now).await? {
        return Ok(false);
    }
    let mut transaction = state.pool.begin().await?;
    if !holds_evaluation(&mut transaction, state.events.instance()).await? {
        return Ok(false);
    }
    let due = list_due_outages(&mut transaction, now, OUTAGES_AT_ONCE).await?;
    if due.is_empty() {
        return Ok(false);
    }
    let results = list_region_results(&mut transaction, &due).await?;
    let sightings = read_sightings(&mut transaction, &due, &results).await?;
    let read: Vec<_> = due
        .iter()
        .map(|outage| read_outage(outage, &results, &sightings, now))
        .collect();
    store_evidence(&mut transaction, &read).await?;
    let mut incidents: BTreeSet<_> = due.iter().map(|outage| outage.incident).collect();
    let first_reached = std::iter::zip(&due, &read)
        .filter(|(outage, read)| outage.reads == 0 && !read.addresses.is_empty())
        .map(|(outage, _)| outage.from.timestamp_millis())
        .min();
    if let Some(from_ms) = first_reached {
        incidents.extend(regroup_since(&mut transaction, from_ms, now).await?);
    }
    let incidents: Vec<_> = incidents.into_iter().collect();
    store_faults(&mut transaction, &incidents).await?;
    transaction.commit().await?;
    state.announce(Change::Incidents(incidents)).await;
    Ok(true)
}

/// The results by their names, as the batches have them.
type Sightings = BTreeMap<ResultKey, Sighting>;

async fn read_sightings(
    db: &mut PgConnection,
    due: &[DueOutage],
    results: &[RegionResults],
) -> sqlx::Result<Sightings> {
    let monitor_of: HashMap<_, _> = due.iter().map(|outage| (outage.id, outage.monitor)).collect();
    let mut wanted = BTreeMap::<i64, Vec<Wanted>>::new();
    for result in results {
        let Some(&monitor) = monitor_of.get(&result.outage) else {
            continue;
        };
        for (key, lag_ms) in [(result.seen, result.seen_lag_ms)]
            .into_iter()
            .chain(result.last_good)
        {
            let of_batch = wanted.entry(key.batch_id).or_default();
            of_batch.push(Wanted { monitor, key, lag_ms });
        }
    }
    let ids: Vec<_> = wanted.keys().copied().collect();
    let mut sightings = Sightings::new();
    for some in ids.chunks(BATCHES_AT_ONCE) {
        let batches = find_stored_batches(&mut *db, some).await?;
        let wanted: HashMap<_, _> = some.iter().filter_map(|id| wanted.remove_entry(id)).collect();
        let read = tokio::task::spawn_blocking(move || {
            let of_batch = |batch: &StoredBatch| {
                let wanted = wanted.get(&batch.id).map(Vec::as_slice).unwrap_or_default();
                read_batch(batch, wanted)
            };
            batches.iter().flat_map(of_batch).collect::<Vec<_>>()
        });
        sightings.extend(read.await.map_err(|error| sqlx::Error::Decode(error.into()))?);
    }
    Ok(sightings)
}

/// A result that is looked for in its batch.
struct Wanted {
    monitor: i32,
    key: ResultKey,
    lag_ms: i32,
}

fn read_batch(stored: &StoredBatch, wanted: &[Wanted]) -> Vec<(ResultKey, Sighting)> {
    let Ok(batch) = stored.read() else {
        tracing::error!(
            probe = stored.fingerprint,
            seq = stored.seq,
            "the evidence of a batch cannot be read; it is not copied"
        );
        return Vec::new();
    };
    let evidence = stored.evidence(Some(&batch));
    let sighting = |wanted: &Wanted| {
        let place = usize::try_from(wanted.key.position).ok()?;
        let observation = batch.observations.get(place)?;
        let sighting = Sighting {
            at: wanted.key.time,
            slot: wanted.key.time - TimeDelta::milliseconds(wanted.lag_ms.into()),
            sight: bounded(observation.sight.clone()),
            batch: wanted.key.batch_id,
            evidence: evidence.clone(),
        };
        (observation.monitor.0 == wanted.monitor).then_some((wanted.key, sighting))
    };
    wanted.iter().filter_map(sighting).collect()
}

fn bounded(mut sight: Sight) -> Sight {
    sight.facts = sight
        .facts
        .filter(|facts| serde_json::to_vec(facts).is_ok_and(|json| json.len() <= MAX_FACTS_BYTES));
    sight
}

fn read_outage(
    outage: &DueOutage,
    results: &[RegionResults],
    sightings: &Sightings,
    now: DateTime<Utc>,
) -> ReadOutage {
    let first = results.partition_point(|result| result.outage < outage.id);
    let of_outage = results[first..]
        .iter()
        .take_while(|result| result.outage == outage.id);
    let regions: Vec<_> = of_outage
        .filter_map(|result| {
            let good = result.last_good.and_then(|(key, _)| sightings.get(&key));
            Some((result.region.as_str(), sightings.get(&result.seen)?, good))
        })
        .collect();
    // What a region saw before the outage says nothing of it.
    let has_looked = |seen: &Sighting| is_down(seen) || seen.at >= outage.from;
    let looks: Vec<_> = regions
        .iter()
        .filter(|(_, seen, _)| has_looked(seen))
        .map(|(region, seen, _)| look(region, &seen.sight))
        .collect();
    let address = |sighting: &Sighting| sighting.sight.address.map(|address| address.to_string());
    let failed: Vec<_> = regions
        .iter()
        .filter(|(_, seen, _)| is_down(seen))
        .filter_map(|&(region, seen, good)| Some((region, good?, seen, address(good?), address(seen))))
        .collect();
    let pairs: Vec<_> = failed
        .iter()
        .map(|(region, good, seen, before, now)| Pair {
            region,
            before: sample(&good.sight, before.as_deref()),
            now: sample(&seen.sight, now.as_deref()),
        })
        .collect();
    let told: Vec<_> = differences(&pairs, regions.len())
        .into_iter()
        .map(|difference| IncidentDifference {
            regions: difference.regions,
            text: difference.text,
        })
        .collect();
    let all_have_looked = regions.iter().all(|(_, seen, _)| has_looked(seen));
    let (least_s, most_s, way_s) = SECOND_READ_AFTER_S;
    let wait_s = i64::from(outage.interval_s).clamp(least_s, most_s) + way_s;
    let reads_again = !all_have_looked && outage.reads + 1 < READS && outage.to.is_none();
    ReadOutage {
        id: outage.id,
        fault: sentence(&looks),
        differences: serde_json::to_value(&told).map(clean_json).unwrap_or_default(),
        addresses: regions
            .iter()
            .filter(|(_, seen, _)| is_down(seen))
            .filter_map(|(_, seen, _)| address(seen))
            .collect(),
        due_at: reads_again.then(|| now + TimeDelta::seconds(wait_s)),
        regions: regions
            .iter()
            .filter_map(|(region, seen, good)| {
                let json = |sighting: &Sighting| serde_json::to_value(sighting).map(clean_json).ok();
                Some(((*region).to_owned(), json(seen)?, good.and_then(json)))
            })
            .collect(),
    }
}

fn is_down(seen: &Sighting) -> bool {
    seen.sight.outcome.state() == OutcomeState::Down
}

fn look<'a>(region: &'a str, sight: &Sight) -> Look<'a> {
    Look {
        region,
        outcome: sight.outcome.state(),
        reason: sight.outcome.reason(),
        phase: match sight.outcome {
            Outcome::Down { phase, .. } => phase,
            _ => None,
        },
        status: sight.http.as_ref().and_then(|http| http.status),
    }
}

fn sample<'a>(sight: &'a Sight, address: Option<&'a str>) -> Sample<'a> {
    let records = match &sight.facts {
        Some(Facts::Dns(dns)) => dns.records.iter().map(|record| record.value.as_str()).collect(),
        _ => BTreeSet::new(),
    };
    let http = sight.http.as_ref();
    let phases = Phase::ALL
        .into_iter()
        .filter_map(|phase| Some((phase, sight.phases.get(phase).measured_us()?)));
    Sample {
        records,
        address,
        certificate: sight
            .certificate
            .as_ref()
            .map(|certificate| certificate.fingerprint.as_str()),
        issuer: sight
            .certificate
            .as_ref()
            .map(|certificate| certificate.issuer.as_str()),
        status: http.and_then(|http| http.status),
        protocol: http.and_then(|http| http.protocol.as_deref()),
        final_url: None,
        phases_us: phases.collect(),
    }
}
