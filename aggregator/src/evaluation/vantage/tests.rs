use super::*;
use crate::{
    evaluation::tests::recorded,
    http::{
        probe::test_probe::{DOWN, TestProbe, observation},
        test_server::TestServer,
    },
};
use edgewatch_client::session::Role;
use edgewatch_domain::state::MonitorState;
use edgewatch_protocol::observation::{Observation, Outcome};
use serde_json::json;
use sqlx::PgPool;

#[test]
fn a_target_is_a_host() {
    for (target, host) in [
        ("https://a.example/b?c", "a.example"),
        ("https://a.example:8443/b", "a.example"),
        ("grpcs://a.example:443", "a.example"),
        ("a.example:22", "a.example"),
        ("a.example MX @192.0.2.1", "a.example"),
        ("a.example", "a.example"),
        ("http://[2001:db8::1]:80/", "[2001:db8::1]"),
        ("2001:db8::1", "2001:db8::1"),
    ] {
        assert_eq!(host_of(target), host, "{target}");
    }
}

/// So many minutes from each region, the first of which fails on all but the last monitor from the third to the sixth.
fn results(server: &TestServer, monitors: i32, region: usize) -> Vec<Observation> {
    let of_minute = |minute: i64| {
        (1..=monitors).map(move |id| {
            let fails = region == 0 && id < monitors && (3..7).contains(&minute);
            observation(server, id, 10 - minute, if fails { DOWN } else { Outcome::Up })
        })
    };
    (0..=10).flat_map(of_minute).collect()
}

/// Parts results into batches, in the order in which these arrive.
type Order = fn(Vec<Observation>) -> Vec<Vec<Observation>>;

async fn create_monitors(server: &TestServer, count: i32) {
    let client = server.client(Role::Editor).await;
    for n in 0..count {
        let check = json!({"type": "http", "url": format!("https://host{n}.example/")});
        let settings = json!({"name": n.to_string(), "quorum": "any", "confirmations": 1, "check": check});
        assert_eq!(client.post("/api/v1/monitors", settings).await.status, 201);
    }
}

/// One region's own network fails for all its monitors but one: no outage and no advisory, by whatever order and batching.
/// On four monitors it is the monitors that fail.
#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_region_whose_own_network_fails_does_not_vote(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probes = [
        TestProbe::enrolled(&mut server, "weur").await,
        TestProbe::enrolled(&mut server, "enam").await,
        TestProbe::enrolled(&mut server, "apac").await,
    ];
    create_monitors(&server, 6).await;
    server.state.clock.advance(TimeDelta::minutes(12));
    let orders: [Order; 3] = [
        |all| vec![all],
        |all| all.chunks(5).map(<[_]>::to_vec).collect(),
        |all| all.rchunks(7).map(<[_]>::to_vec).collect(),
    ];
    let mut records = Vec::new();
    // The failing region's results before those of the others, after them, and in between.
    for (order, regions) in orders.into_iter().zip([[0, 1, 2], [1, 2, 0], [2, 0, 1]]) {
        for sql in [
            "TRUNCATE vote_change, state_interval, region_state, result, vantage_window",
            "UPDATE monitor SET state = 4",
            "UPDATE evaluator SET version = version + 1",
        ] {
            sqlx::query(sql).execute(&pool).await.unwrap();
        }
        for region in regions {
            for batch in order(results(&server, 6, region)) {
                probes[region].deliver(&server, batch).await;
            }
        }
        records.push(recorded(&pool).await);
    }
    let states = |record: &[(DateTime<Utc>, i16, i16)]| record.iter().map(|of| of.1).collect::<BTreeSet<_>>();
    for record in &records {
        assert!(
            !states(record).contains(&MonitorState::Down.code()),
            "{record:#?}"
        );
        assert_eq!(record, &records[0]);
    }
    let advisories: i64 = sqlx::query_scalar("SELECT count(*) FROM state_interval WHERE advisory <> '{}'")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(advisories, 0);
    let disqualified: i64 = sqlx::query_scalar("SELECT count(*) FROM vantage_window WHERE disqualified")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(disqualified, 4, "one for each minute");

    // The same of four failing monitors is an outage of each.
    sqlx::query("TRUNCATE vote_change, state_interval, region_state, result, vantage_window")
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query("UPDATE evaluator SET version = version + 1")
        .execute(&pool)
        .await
        .unwrap();
    for (region, probe) in probes.iter_mut().enumerate() {
        let all = results(&server, 6, region).into_iter();
        probe
            .deliver(&server, all.filter(|one| one.monitor.0 != 1).collect())
            .await;
    }
    assert!(states(&recorded(&pool).await).contains(&MonitorState::Down.code()));
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn the_regions_tell_which_of_them_does_not_count(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut weur = TestProbe::enrolled(&mut server, "weur").await;
    let mut enam = TestProbe::enrolled(&mut server, "enam").await;
    create_monitors(&server, 5).await;
    for (probe, outcome) in [(&mut enam, Outcome::Up), (&mut weur, DOWN)] {
        let seen = (1..=5).flat_map(|id| [2, 1, 0].map(|ago| observation(&server, id, ago, outcome)));
        probe.deliver(&server, seen.collect()).await;
    }
    let viewer = server.client(Role::Viewer).await;
    let regions = viewer.get("/api/v1/regions").await.json();
    let since: Vec<_> = regions
        .as_array()
        .unwrap()
        .iter()
        .map(|region| &region["disqualified_since"])
        .collect();
    assert!(since[0].is_null(), "{regions:#}");
    let since: DateTime<Utc> = since[1].as_str().unwrap().parse().unwrap();
    let minutes = (server.state.clock.now() - since).num_minutes();
    assert!((2..=3).contains(&minutes), "{minutes}");
    server.state.clock.advance(TimeDelta::minutes(13));
    assert!(viewer.get("/api/v1/regions").await.json()[1]["disqualified_since"].is_null());
}
