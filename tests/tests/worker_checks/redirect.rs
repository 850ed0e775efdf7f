//! Redirects.

use crate::case::{Case, Places, case, same};
use edgewatch_protocol::{phase::Phase, reason::Reason};
use serde_json::json;

pub fn cases(places: &Places<'_>) -> Vec<Case> {
    let http = |name: &str, path: &str| case(name, places.http(path));
    let target = places.0.http.clone();
    let slow_hop = places.https("held", "/delay/200");
    vec![
        http("one redirect", "/redirect/1?status=301")
            .up()
            .status(200)
            .sees({
                let target = target.clone();
                move |sight| {
                    let hops = &sight.http.as_ref().ok_or("no response")?.hops;
                    same("the number of hops", hops.len(), 1)?;
                    // Without the query, which may hold a secret.
                    same(
                        "the hop",
                        (&*hops[0].url, hops[0].status),
                        (&*format!("{target}/redirect/1"), 301),
                    )?;
                    same(
                        "that the hop is timed",
                        hops[0].phases.ttfb.measured_us().is_some(),
                        true,
                    )
                }
            }),
        http("three redirects", "/redirect/3").up().sees(|sight| {
            let hops = &sight.http.as_ref().ok_or("no response")?.hops;
            let statuses: Vec<_> = hops.iter().map(|hop| hop.status).collect();
            same("the hops", statuses, vec![302, 302, 302])
        }),
        // Both the sum and each hop show where the time went.
        http(
            "a redirect to a slow place",
            &format!("/redirect-to?url={slow_hop}"),
        )
        .up()
        .takes_and(Phase::Tls, 300, 30)
        .takes(Phase::Ttfb, 200)
        .sees(|sight| {
            let hops = &sight.http.as_ref().ok_or("no response")?.hops;
            same("the number of hops", hops.len(), 1)?;
            let ttfb_us = hops[0].phases.ttfb.measured_us().ok_or("the hop is not timed")?;
            same("that the first hop was quick", ttfb_us < 100_000, true)
        }),
        http("one redirect too many", "/redirect/6")
            .down_by_rule(Reason::TooManyRedirects)
            .sees(|sight| {
                let hops = &sight.http.as_ref().ok_or("no response")?.hops;
                same("the number of hops", hops.len(), 5)
            }),
        http("a redirect to itself", "/redirect-loop").down_by_rule(Reason::RedirectLoop),
        http("a redirect to nowhere", "/redirect-nowhere").down_by_rule(Reason::RedirectInvalid),
        http("a redirect that is judged itself", "/redirect/1")
            .with(&json!({"max_redirects": 0}))
            .fails(&["status (302) in 200-299"]),
        http("a redirect that is wanted", "/redirect/1")
            .with(&json!({"max_redirects": 0, "assertions": [{"on": "status", "allowed": "302"}]}))
            .up()
            .status(302),
    ]
}
