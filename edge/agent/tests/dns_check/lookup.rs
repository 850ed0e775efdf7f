//! The lookup before every other check: what the machine's resolver says decides, not its words.

use super::{Server, down, own};
use edgewatch_agent::{NativePlatform, Resolver, run_check};
use edgewatch_core::platform::{DialError, DialTarget, Platform as _, ResolveError};
use edgewatch_protocol::{
    check::{Check, shared::IpVersion},
    observation::{Outcome, Sight},
    phase::Phase,
    reason::Reason,
};
use serde_json::json;
use tokio::net::TcpListener;

async fn connect(platform: &NativePlatform, host: &str, port: u16) -> Sight {
    let check = json!({"type": "tcp", "host": host, "port": port});
    let check: Check = serde_json::from_value(check).unwrap();
    run_check(&check, 1000, platform).await
}

#[tokio::test]
async fn a_lookup_is_measured_and_its_failures_are_told_apart() {
    let server = Server::start().await;
    let platform = own(&server);
    let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = target.local_addr().unwrap().port();
    let sight = connect(&platform, "local.test", port).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert!(sight.phases.dns.measured_us().is_some());
    for (name, reason) in [
        ("none.test", Reason::DnsNotFound),
        ("empty.test", Reason::DnsNotFound),
        ("servfail.test", Reason::DnsFailed),
        ("refused.test", Reason::DnsFailed),
        ("silent.test", Reason::Timeout),
    ] {
        let sight = connect(&platform, name, port).await;
        assert_eq!(sight.outcome, down(reason, Phase::Dns), "{name} {sight:?}");
    }
}

#[tokio::test]
async fn nothing_is_kept_between_two_lookups() {
    let server = Server::start().await;
    let platform = own(&server);
    for _ in 0..3 {
        let found = platform.resolve("local.test", IpVersion::V4).await;
        assert_eq!(found, Ok(vec!["127.0.0.1".parse().unwrap()]));
    }
    let asked = server.datagrams.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(asked, 3);
}

#[tokio::test]
async fn the_wanted_kind_of_address_is_asked_for() {
    let server = Server::start().await;
    let platform = own(&server);
    let v6 = platform.resolve("a.test", IpVersion::V6).await;
    assert_eq!(v6, Ok(vec!["2000::".parse().unwrap()]));
    let any = platform.resolve("a.test", IpVersion::Any).await.unwrap();
    assert!(any.iter().all(std::net::IpAddr::is_ipv4));
}

#[tokio::test]
async fn a_resolver_that_is_away_is_told_apart_from_a_name_that_is_not_there() {
    let nobody = Resolver::of_servers(&["127.0.0.1:1".parse().unwrap()]);
    let platform = NativePlatform::unrestricted().with_resolver(nobody);
    let error = platform.resolve("a.test", IpVersion::Any).await;
    assert!(matches!(error, Err(ResolveError::Unavailable(_))), "{error:?}");
    // The last resort, the system's own way, does not find it either; which says nothing of the target.
    let error = platform
        .dial(&DialTarget::Name("name.invalid".to_owned(), 9))
        .await;
    assert!(matches!(error, Err(DialError::Unresolved(_))), "{error:?}");
}
