//! Names and their addresses.

use crate::case::{Case, Change, HostKind, Shape, down, http, unmeasured};
use edgewatch_protocol::{
    phase::{NotMeasurable, Phase},
    reason::Reason,
};
use serde_json::json;

fn named(what: &str, name: &str) -> Case {
    http(what, format!("http://{name}:{{port.http}}/healthy"))
}

pub fn cases() -> Vec<Case> {
    vec![
        named("a name", "loopback.test")
            .up()
            .takes(Phase::Dns, 0)
            .says("/address", "127.0.0.1"),
        named("a name in capitals", "LoopBack.TEST").up(),
        named("a name with its last dot", "loopback.test.").up(),
        named("a name that takes 150 ms to look up", "delay-150.test")
            .up()
            .takes(Phase::Dns, 150)
            .takes(Phase::Tcp, 0),
        named("an alias", "alias.test").up().says("/address", "127.0.0.1"),
        named("a chain of aliases", "chain.test").up().says("/address", "127.0.0.1"),
        named("an alias of nothing", "dangling.test").down(Reason::DnsNotFound, Phase::Dns),
        // Its first two addresses refuse.
        named("many addresses, of which the last answers", "many.test")
            .up()
            .says("/address", "127.0.0.1"),
        http("a name of IPv6 alone", "http://v6.test:{port.http_v6}/healthy")
            .up()
            .says("/address", "::1"),
        named("a name of both, IPv4 first", "both.test").up().says("/address", "127.0.0.1"),
        http("a name of both, IPv6 asked for", "http://both.test:{port.http_v6}/healthy")
            .with(&json!({"ip_version": "v6"}))
            .up()
            .says("/address", "::1"),
        named("a name without the address that is asked for", "loopback.test")
            .with(&json!({"ip_version": "v6"}))
            .down(Reason::DnsNotFound, Phase::Dns),
        named("a name that does not exist", "absent.test").down(Reason::DnsNotFound, Phase::Dns),
        named("a name without addresses", "empty.test").down(Reason::DnsNotFound, Phase::Dns),
        named("a resolver that fails", "servfail.test").down(Reason::DnsFailed, Phase::Dns),
        named("a resolver that refuses", "refused.test").down(Reason::DnsFailed, Phase::Dns),
        named("a resolver that talks nonsense", "garbage.test")
            .down(Reason::DnsFailed, Phase::Dns)
            .differs(
                HostKind::Agent,
                "over UDP anybody can send nonsense: it is passed over, and then the resolver has not answered",
                &[Change::Ends(vec![unmeasured(Reason::ServiceUnavailable)])],
            ),
        named("a resolver that is silent", "never.test").times_out(400, Phase::Dns),
        // The platform looks the name up itself, and nobody else knows it: whose fault that is cannot be said.
        named("a resolver that is out of order", "http-503.test")
            .takes_resolver_away()
            .shows(Phase::Dns, Shape::Hidden(NotMeasurable::ResolverUnavailable))
            .ends(&[unmeasured(Reason::ServiceUnavailable)])
            .differs(
                HostKind::Cloudflare,
                "a connection by name fails alike whether it was the name or the peer",
                &[Change::Ends(vec![down(Reason::ConnectFailed, Phase::Tcp)])],
            ),
    ]
}
