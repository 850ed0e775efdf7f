use super::*;
use crate::{
    http::{
        probe::test_probe::{DOWN, TestProbe, observation},
        test_server::TestServer,
    },
    store::{
        timeline::list_record,
        vote::{list_changes_since, list_folds},
    },
};
use chrono::TimeDelta;
use edgewatch_client::session::Role;
use edgewatch_domain::{
    sla::{RegionRecord, SlaMember, SlaPeriod, figures, region_record},
    timeline::{RegionVotes, TimelineSource, build},
    vote::steps,
};
use edgewatch_proof::{
    bundle::Bundle,
    verify::{Options, Severity, Verification, verify},
};
use edgewatch_protocol::observation::Outcome;
use serde_json::json;
use sqlx::PgPool;
use std::io::Cursor;

/// Three regions, of which one compresses, watch a shop for an hour; a blip, an outage of all of them, maintenance, a silence,
/// results that come late, and one region's own network failing.
async fn an_hour(server: &mut TestServer) {
    let mut probes = Vec::new();
    for region in ["weur", "enam", "apac"] {
        probes.push(TestProbe::enrolled(server, region).await);
    }
    probes[1].compresses = true;
    let client = server.client(Role::Editor).await;
    for monitor in 1..=7 {
        let settings = json!({
            "name": monitor.to_string(),
            "check": {"type": "http", "url": format!("https://{monitor}.example/")}
        });
        assert_eq!(client.post("/api/v1/monitors", settings).await.status, 201);
    }
    let mut late = Vec::new();
    for minute in 0..60 {
        server.state.clock.advance(TimeDelta::minutes(1));
        if minute == 30 {
            let changed =
                json!({"name": "1", "recoveries": 2, "check": {"type": "http", "url": "https://1.example/"}});
            let client = server.client(Role::Admin).await;
            assert_eq!(client.put("/api/v1/monitors/1", changed).await.status, 200);
            let begins = server.state.clock.now() + TimeDelta::minutes(8);
            let planned = json!({
                "name": "move", "scope": {"monitors": [1]},
                "schedule": {"type": "once", "from": begins, "to": begins + TimeDelta::minutes(4)}
            });
            assert_eq!(client.post("/api/v1/maintenance", planned).await.status, 201);
        }
        for (region, probe) in probes.iter_mut().enumerate() {
            if (45..50).contains(&minute) {
                continue;
            }
            let is_down = matches!(minute, 5 | 35..41) || (region == 0 && (10..18).contains(&minute));
            let seen = observation(server, 1, 0, if is_down { DOWN } else { Outcome::Up });
            if (22..24).contains(&minute) && region < 2 {
                let outcome = if region == 0 { DOWN } else { Outcome::Up };
                let all = (1..=7).map(|monitor| observation(server, monitor, 0, outcome));
                probe.deliver(server, all.collect()).await;
            } else if region == 2 && (20..40).contains(&minute) {
                late.push(seen);
            } else {
                probe.deliver(server, vec![seen]).await;
            }
        }
    }
    probes[2].deliver(server, late).await;
    server.evaluate().await;
}

/// The figures of what is stored: the record of each monitor, and what its regions said.
async fn recorded(
    server: &TestServer,
    policy: &SlaPolicy,
    exclusions: &[Exclusion],
    span: Span,
) -> SlaFigures {
    let mut db = server.state.pool.acquire().await.unwrap();
    let now_ms = server.state.clock.now_ms();
    let rules = list_rules(&mut db, &policy.monitors).await.unwrap();
    let names = list_region_names(&mut *db).await.unwrap();
    let mut memory = Memory::default();
    memory.learn_maintenance(&mut db).await.unwrap();
    let mut members = Vec::new();
    for (&id, rules) in &rules {
        let changes = list_changes_since(&mut db, &[(id, i64::MIN)]).await.unwrap();
        let folds = list_folds(&mut db, &[id]).await.unwrap();
        let votes: Vec<_> = changes
            .iter()
            .map(|(pair, changes)| {
                let silence = folds
                    .get(pair)
                    .and_then(|fold| fold.silent_at(&rules.history, now_ms));
                let all: Vec<_> = changes.iter().copied().chain(silence).collect();
                RegionVotes {
                    region: pair.1.cast_unsigned(),
                    steps: steps(&all),
                }
            })
            .collect();
        let windows = memory.windows(Span::new(rules.created_ms, now_ms));
        let maintenance = maintenance_of(id, rules, &windows);
        let history = policy.judging(&rules.history);
        let source = TimelineSource {
            created_ms: rules.created_ms,
            history: &history,
            votes: &votes,
            maintenance: &maintenance,
            pauses: &rules.pauses,
        };
        let asked: BTreeSet<u16> = history
            .entries()
            .iter()
            .flat_map(|(_, policy)| policy.regions.clone())
            .collect();
        let regions: Vec<_> = asked
            .into_iter()
            .map(|region| RegionRecord {
                region: names[&region.cast_signed()].clone(),
                record: region_record(source, region, now_ms),
            })
            .collect();
        let record = match policy.quorum {
            Some(_) => build(source, now_ms),
            None => list_record(&mut db, id, i64::MIN, now_ms).await.unwrap(),
        };
        members.push((id, record, regions));
    }
    let members: Vec<_> = members
        .iter()
        .map(|(monitor, record, regions)| SlaMember {
            monitor: *monitor,
            record,
            regions,
        })
        .collect();
    let period = SlaPeriod::new(span, rules.values().map(|rules| &rules.history), now_ms);
    figures(policy, exclusions, period, &members)
}

/// What is reported of the last so many minutes.
async fn reported(server: &TestServer, minutes: i64, quorum: Option<&str>) -> Reported {
    let now = server.state.clock.now();
    let policy: SlaPolicy = serde_json::from_value(json!({
        "monitors": [1, 2], "objective_ppm": 990_000, "window": "calendar_month", "zone": "Europe/Berlin", "quorum": quorum
    }))
    .unwrap();
    let exclusions = vec![Exclusion {
        id: 1,
        from_ms: (now - TimeDelta::minutes(25)).timestamp_millis(),
        to_ms: (now - TimeDelta::minutes(24)).timestamp_millis(),
        monitors: Vec::new(),
        reason: "a test of the alarm".to_owned(),
        author: "owner@example.org".to_owned(),
        entered_ms: now.timestamp_millis(),
    }];
    let span = Span::new(
        (now - TimeDelta::minutes(minutes)).timestamp_millis(),
        now.timestamp_millis(),
    );
    let figures = recorded(server, &policy, &exclusions, span).await;
    Reported {
        document: serde_json::to_vec(&json!({"title": "The shop", "figures": figures})).unwrap(),
        figures,
        policy,
        exclusions,
        made_at: now,
    }
}

async fn verified(server: &TestServer, reported: Reported) -> Verification {
    let mut bytes = Vec::new();
    write_bundle(&server.state, reported, &mut bytes).await.unwrap();
    let mut bundle = Bundle::open(Cursor::new(bytes)).unwrap();
    verify(&mut bundle, &Options::default(), &mut |_| ()).unwrap()
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_bundle_proves_its_report_to_the_last_number(pool: PgPool) {
    let mut server = TestServer::new(pool);
    an_hour(&mut server).await;
    for (minutes, quorum) in [(60, None), (40, None), (60, Some("any"))] {
        let verification = verified(&server, reported(&server, minutes, quorum).await).await;
        let told: Vec<_> = verification.findings.iter().map(ToString::to_string).collect();
        assert!(
            verification.holds && verification.figures_are_equal(),
            "{told:#?}"
        );
        assert!(verification.stated.time.contractual.down_ms > 0);
        assert!(
            verification.probes.iter().all(|probe| probe.enrolment_verified),
            "{told:#?}"
        );
        let log = verification.log.unwrap();
        let batches: u64 = verification.probes.iter().map(|probe| probe.batches).sum();
        // Those of the probes' enrolments, too.
        assert_eq!(log.leaves, batches + 3);
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_bundle_of_packed_batches_is_the_same(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    an_hour(&mut server).await;
    let mut seen = BTreeMap::new();
    for (minutes, packs) in [(60, false), (40, false), (60, true), (40, true)] {
        let reported = reported(&server, minutes, None).await;
        if packs {
            server.state.clock.advance(TimeDelta::hours(7));
            crate::jobs::run_all(&server.state).await.unwrap();
            let hot: i64 = sqlx::query_scalar("SELECT count(*) FROM batch")
                .fetch_one(&pool)
                .await
                .unwrap();
            assert_eq!(hot, 0);
            server.state.clock.advance(-TimeDelta::hours(7));
        }
        let verification = verified(&server, reported).await;
        let told: Vec<_> = verification.findings.iter().map(ToString::to_string).collect();
        assert!(
            verification.holds && verification.figures_are_equal(),
            "{told:#?}"
        );
        let batches: Vec<_> = verification.probes.iter().map(|probe| probe.batches).collect();
        let expected = seen.entry(minutes).or_insert_with(|| batches.clone());
        assert_eq!(&batches, expected, "{packs}");
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_came_after_the_report_is_not_in_its_bundle(pool: PgPool) {
    let mut server = TestServer::new(pool);
    an_hour(&mut server).await;
    let before = reported(&server, 60, None).await;
    // Another region comes, and looks at all monitors.
    server.state.clock.advance(TimeDelta::minutes(1));
    let mut other = TestProbe::enrolled(&mut server, "sa").await;
    let seen = observation(&server, 1, 0, DOWN);
    other.deliver(&server, vec![seen]).await;
    let verification = verified(&server, before).await;
    let told: Vec<_> = verification.findings.iter().map(ToString::to_string).collect();
    assert!(verification.holds && verification.probes.len() == 3, "{told:#?}");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_stored_batch_that_was_touched_is_found(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    an_hour(&mut server).await;
    let reported = reported(&server, 60, None).await;
    // Whoever can write to the database lets an outage begin later.
    let (id, body): (i64, Vec<u8>) = sqlx::query_as(
        "SELECT b.id, b.body FROM batch b JOIN probe p ON p.id = b.probe_id JOIN region r ON r.id = p.region_id
         WHERE r.name = 'weur' AND b.seq = 37",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    let json = String::from_utf8(zstd::stream::decode_all(&*body).unwrap()).unwrap();
    let calm = json.replace("\"state\":\"down\",\"reason\":\"timeout\"", "\"state\":\"up\"");
    assert_ne!(json, calm);
    sqlx::query("UPDATE batch SET body = $2 WHERE id = $1")
        .bind(id)
        .bind(zstd::bulk::compress(calm.as_bytes(), 1).unwrap())
        .execute(&pool)
        .await
        .unwrap();
    let verification = verified(&server, reported).await;
    let faults: Vec<_> = verification
        .findings
        .iter()
        .filter(|finding| finding.severity() == Severity::Fault)
        .map(ToString::to_string)
        .collect();
    assert!(!verification.holds);
    assert!(
        faults.iter().any(|fault| fault.contains("batch 37 of weur") && fault.contains("is not what its probe signed")),
        "{faults:#?}"
    );
}
