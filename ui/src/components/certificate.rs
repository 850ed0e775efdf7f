//! What a probe saw of the peer's certificate.

use crate::{
    clock::use_clock,
    components::{icon::Icon, moment::moment},
    format::Moment,
};
use chrono::DateTime;
use edgewatch_client::protocol::observation::CertificateFacts;
use leptos::prelude::*;

const DAY_MS: i64 = 86_400_000;

/// The certificate's facts.
pub fn certificate(facts: &CertificateFacts) -> AnyView {
    let clock = use_clock();
    let not_after_ms = facts.not_after_ms;
    let days_left = move || (not_after_ms - clock.now_ms()).div_euclid(DAY_MS);
    let (tone, icon) = match (not_after_ms - clock.now_ms_untracked()).div_euclid(DAY_MS) {
        ..0 => ("tone-down", Icon::Cross),
        0..14 => ("tone-degraded", Icon::Warning),
        _ => ("tone-up", Icon::Check),
    };
    let left = move || match days_left() {
        days @ ..0 => format!("over for {} d", -days),
        days => format!("{days} d left"),
    };
    let date = |ms: i64| DateTime::from_timestamp_millis(ms).map(|at| moment(at, Moment::Date));
    let names = facts
        .names
        .iter()
        .map(|name| html! { <li>{name.clone()}</li> })
        .collect_view();
    html! {
        <dl class="facts">
            <div><dt>"Subject"</dt><dd>{facts.subject.clone()}</dd></div>
            <div><dt>"Issuer"</dt><dd>{facts.issuer.clone()}</dd></div>
            <div>
                <dt>"Valid"</dt>
                <dd>
                    {date(facts.not_before_ms)} " – " {date(facts.not_after_ms)} " "
                    <span class=format!("badge badge-small {tone}")>{icon.view()} {move || left()}</span>
                </dd>
            </div>
            <div><dt>"Names"</dt><dd><ul class="name-list">{names}</ul></dd></div>
            <div><dt>"Connection"</dt><dd>{facts.tls_version.clone()} " · " {facts.cipher_suite.clone()}</dd></div>
            <div><dt>"SHA-256"</dt><dd><code class="hash">{facts.fingerprint.clone()}</code></dd></div>
        </dl>
    }
}
