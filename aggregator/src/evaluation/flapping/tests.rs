use crate::http::{
    probe::test_probe::{DOWN, TestProbe, observation},
    test_server::TestServer,
};
use chrono::TimeDelta;
use edgewatch_client::session::Role;
use edgewatch_protocol::observation::Outcome;
use serde_json::json;
use sqlx::PgPool;

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_monitor_flaps_until_it_holds_a_state(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let check = json!({"type": "http", "url": "https://shop.example/"});
    let settings = json!({"name": "shop", "confirmations": 1, "flapping": {"holds_s": 180}, "check": check});
    let id = client.post("/api/v1/monitors", settings).await.json()["id"]
        .as_i64()
        .unwrap() as i32;
    // The record begins with the monitor.
    server.state.clock.advance(TimeDelta::minutes(9));
    let flaps = async || {
        let monitor = client.get(&format!("/api/v1/monitors/{id}")).await.json();
        let overview = client.get("/api/v1/overview").await.json();
        assert_eq!(
            overview["monitors"][0]["flapping"],
            !monitor["flapping_since"].is_null()
        );
        !monitor["flapping_since"].is_null()
    };
    let seen =
        |ago: i64, is_down: bool| observation(&server, id, ago, if is_down { DOWN } else { Outcome::Up });
    // A change a minute: the sixth is one too many.
    for ago in (3..=8).rev() {
        probe.deliver(&server, vec![seen(ago, ago % 2 == 1)]).await;
        assert!(!flaps().await);
    }
    probe.deliver(&server, vec![seen(2, false), seen(1, true)]).await;
    assert!(flaps().await);
    server.state.clock.advance(TimeDelta::minutes(3));
    server.evaluate().await;
    assert!(!flaps().await, "it has held its state for three minutes");
}
