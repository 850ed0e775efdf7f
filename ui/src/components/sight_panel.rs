//! Everything that one check saw: for a stored result and for a test run alike.

use crate::{
    components::{
        certificate::certificate,
        facts,
        icon::Icon,
        state_badge::{badge, of_outcome},
        waterfall::waterfall,
    },
    format,
};
use edgewatch_client::{
    check_document::SightDocument,
    protocol::{
        assertion::Severity,
        batch::Place,
        observation::{HttpFacts, Outcome, Sight},
        reason::Reason,
    },
};
use leptos::prelude::*;

/// A reason as people say it.
pub fn reason_words(reason: Reason) -> String {
    reason.as_str().replace('_', " ")
}

/// Where a probe found itself: `FRA · DE · AS13335 · IPv4 and IPv6`.
pub fn place_words(place: &Place) -> String {
    use edgewatch_client::protocol::batch::IpFamily;
    let family = place.ip_family.map(|family| match family {
        IpFamily::V4 => "IPv4".to_owned(),
        IpFamily::V6 => "IPv6".to_owned(),
        IpFamily::Dual => "IPv4 + IPv6".to_owned(),
    });
    let parts: Vec<_> = [
        place.colo.clone(),
        place.country.clone(),
        place.asn.map(|asn| format!("AS{asn}")),
        family,
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        "not told".to_owned()
    } else {
        parts.join(" · ")
    }
}

/// The whole sight.
pub fn sight_panel(seen: &SightDocument) -> AnyView {
    let SightDocument { sight, facts } = seen;
    let look = of_outcome(sight.outcome.state());
    let phase = match sight.outcome {
        Outcome::Down {
            phase: Some(phase), ..
        } => Some(format!(" in {}", phase.as_str())),
        _ => None,
    };
    let assertions = sight
        .failed_assertions
        .iter()
        .map(|failed| {
            let (tone, icon) = match failed.severity {
                Severity::Down => ("tone-down", Icon::Cross),
                Severity::Degraded => ("tone-degraded", Icon::Warning),
            };
            html! { <li class=tone>{icon.view()} <code>{failed.text.clone()}</code></li> }
        })
        .collect_view();
    html! {
        <div class="sight">
            <div class="sight-head">
                {badge(look)}
                {sight
                    .outcome
                    .reason()
                    .map(|reason| html! { <span class="sight-reason">{reason_words(reason)} {phase.clone()}</span> })}
            </div>
            {sight.message.clone().map(|message| html! { <p class="sight-message">{message}</p> })}
            {(!sight.failed_assertions.is_empty())
                .then(|| html! { <section><h3>"Failed assertions"</h3><ul class="assertion-list">{assertions}</ul></section> })}
            {facts::facts(facts)}
            <section>
                <h3>"Phases"</h3>
                {waterfall(&sight.phases, sight.total_us.into())}
            </section>
            {match (&sight.http, sight.address) {
                (Some(http), _) => response(http, sight),
                (None, Some(address)) => html! { <dl class="facts"><div><dt>"Address"</dt><dd><code>{address.to_string()}</code></dd></div></dl> },
                (None, None) => ().into_any(),
            }}
            {sight
                .certificate
                .as_ref()
                // A chain begins with it.
                .filter(|_| facts["of"] != "tls")
                .map(|facts| html! { <section><h3>"Certificate"</h3>{certificate(facts)}</section> })}
        </div>
    }
}

fn response(http: &HttpFacts, sight: &Sight) -> AnyView {
    let hops = http
        .hops
        .iter()
        .map(|hop| {
            let total: i64 = edgewatch_client::protocol::phase::Phase::ALL
                .iter()
                .filter_map(|&phase| hop.phases.get(phase).measured_us())
                .map(i64::from)
                .sum();
            html! {
                <li>
                    <span class="num">{hop.status.to_string()}</span>
                    <code>{hop.url.clone()}</code>
                    <span class="num muted">{format::micros(total)}</span>
                </li>
            }
        })
        .collect_view();
    html! {
        <section>
            <h3>"Response"</h3>
            <dl class="facts">
                {http.status.map(|status| html! { <div><dt>"Status"</dt><dd class="num">{status.to_string()}</dd></div> })}
                {http.protocol.clone().map(|protocol| html! { <div><dt>"Protocol"</dt><dd>{protocol}</dd></div> })}
                {sight.address.map(|address| html! { <div><dt>"Address"</dt><dd><code>{address.to_string()}</code></dd></div> })}
                <div><dt>"Body"</dt><dd class="num">{format::bytes(http.body_bytes)}</dd></div>
                {http
                    .body_sha256
                    .clone()
                    .map(|hash| html! { <div><dt>"SHA-256"</dt><dd><code class="hash">{hash}</code></dd></div> })}
            </dl>
            {(!http.hops.is_empty()).then(|| html! { <h3>"Redirects"</h3><ol class="hops">{hops}</ol> })}
            {http
                .excerpt
                .clone()
                .map(|excerpt| html! { <h3>"Beginning of the body"</h3><pre class="excerpt" tabindex="0">{excerpt}</pre> })}
        </section>
    }
}
