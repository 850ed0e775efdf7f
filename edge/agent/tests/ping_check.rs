//! The ping check against loopback, where the kernel lets this process send echo requests; where it does not, what is
//! said of that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

use edgewatch_agent::{NativePlatform, echo, run_check};
use edgewatch_core::platform::Platform as _;
use edgewatch_protocol::{
    check::Check,
    facts::{Facts, PingFacts},
    observation::{Outcome, Sight},
    reason::Reason,
};
use serde_json::{Value, json};
use std::{net::IpAddr, sync::Arc, time::Duration};

async fn see(platform: &NativePlatform, more: Value) -> Sight {
    let mut check = json!({"type": "ping", "host": "127.0.0.1", "count": 3, "spacing_ms": 20});
    if let (Value::Object(check), Value::Object(more)) = (&mut check, more) {
        check.extend(more);
    }
    let check: Check = serde_json::from_value(check).unwrap();
    assert_eq!(edgewatch_core::check::validate(&check), []);
    run_check(&check, 1000, platform).await
}

/// Where this machine does not allow it, the same tests run once more in a network of their own that does.
#[test]
fn in_a_network_that_allows_it() {
    const INSIDE: &str = "EDGEWATCH_TEST_PING_INSIDE";
    if echo::check_permission().is_ok() || std::env::var_os(INSIDE).is_some() {
        return;
    }
    let script = "ip link set lo up && echo 0 0 > /proc/sys/net/ipv4/ping_group_range && exec \"$0\"";
    let inside = std::process::Command::new("unshare")
        .args(["--net", "--map-root-user", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .env(INSIDE, "1")
        .output();
    match inside {
        Ok(inside) if inside.status.success() => {}
        Ok(inside) if String::from_utf8_lossy(&inside.stdout).contains("test result: FAILED") => {
            panic!("{}", String::from_utf8_lossy(&inside.stdout));
        }
        Ok(inside) => eprintln!("skipped: {}", String::from_utf8_lossy(&inside.stderr)),
        Err(error) => eprintln!("skipped: no unshare: {error}"),
    }
}

/// Says so where nothing can be tested.
fn is_allowed() -> bool {
    match echo::check_permission() {
        Ok(()) => true,
        Err(why) => {
            eprintln!("skipped: {why}");
            false
        }
    }
}

fn facts(sight: &Sight) -> &PingFacts {
    match &sight.facts {
        Some(Facts::Ping(facts)) => facts,
        other => panic!("{other:?} in {sight:?}"),
    }
}

#[tokio::test]
async fn the_capability_is_what_the_kernel_says() {
    let platform = NativePlatform::unrestricted();
    let has_ping = platform.capabilities().iter().any(|one| one == "ping");
    assert_eq!(has_ping, echo::check_permission().is_ok());
    if let Err(why) = echo::check_permission() {
        assert!(why.contains("net.ipv4.ping_group_range"), "{why}");
        let sight = see(&platform, json!({})).await;
        let reason = Reason::PlatformLimit;
        assert_eq!(sight.outcome, Outcome::Unmeasured { reason }, "{sight:?}");
        assert_eq!(sight.message.unwrap(), why);
    }
}

#[tokio::test]
async fn a_host_that_answers_is_up() {
    if !is_allowed() {
        return;
    }
    let platform = NativePlatform::unrestricted();
    for host in ["127.0.0.1", "::1"] {
        let sight = see(&platform, json!({"host": host, "payload_bytes": 1400})).await;
        assert_eq!(sight.outcome, Outcome::Up, "{host} {sight:?}");
        let facts = facts(&sight);
        assert_eq!((facts.sent, facts.received), (3, 3));
        let (min, mean, max) = (
            facts.min_us.unwrap(),
            facts.mean_us.unwrap(),
            facts.max_us.unwrap(),
        );
        assert!(min <= mean && mean <= max && max < 500_000, "{facts:?}");
        assert!(facts.jitter_us.is_some());
        assert_eq!(sight.address, Some(host.parse().unwrap()));
        // Three requests 20 ms apart.
        assert!(sight.total_us >= 40_000, "{}", sight.total_us);
    }
}

#[tokio::test]
async fn a_host_that_is_silent_is_down() {
    if !is_allowed() {
        return;
    }
    // TEST-NET-1 (RFC 5737) is nobody's.
    let sight = see(&NativePlatform::unrestricted(), json!({"host": "192.0.2.1"})).await;
    let reason = Reason::PacketLoss;
    assert_eq!(sight.outcome, Outcome::Down { reason, phase: None }, "{sight:?}");
    assert_eq!(facts(&sight).received, 0);
}

/// All checks share a socket: each must get its own answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_checks_at_once_do_not_mix() {
    if !is_allowed() {
        return;
    }
    let platform = NativePlatform::unrestricted();
    let checks: Vec<_> = (1..=200_u8)
        .map(|last| {
            let platform = platform.clone();
            tokio::spawn(async move {
                let target = IpAddr::from([127, 0, 0, last]);
                let echo = platform.echo(target, 56);
                tokio::time::timeout(Duration::from_secs(5), echo).await
            })
        })
        .collect();
    for check in checks {
        let us = check.await.unwrap().unwrap().unwrap();
        assert!(us < 2_000_000, "{us}");
    }
}

#[tokio::test]
async fn a_host_that_the_policy_forbids_is_not_asked() {
    let platform = NativePlatform::new(Arc::new(|_| Err("not from here".to_owned())));
    let sight = see(&platform, json!({})).await;
    let reason = Reason::TargetForbidden;
    assert_eq!(sight.outcome, Outcome::Unmeasured { reason });
}
