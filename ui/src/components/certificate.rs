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

/// How many days are left until a moment, as a badge.
pub fn days_left(until_ms: i64) -> AnyView {
    let clock = use_clock();
    let days = move || (until_ms - clock.now_ms()).div_euclid(DAY_MS);
    let (tone, icon) = match (until_ms - clock.now_ms_untracked()).div_euclid(DAY_MS) {
        ..0 => ("tone-down", Icon::Cross),
        0..14 => ("tone-degraded", Icon::Warning),
        _ => ("tone-up", Icon::Check),
    };
    let left = move || match days() {
        days @ ..0 => format!("over for {} d", -days),
        days => format!("{days} d left"),
    };
    html! { <span class=format!("badge badge-small {tone}")>{icon.view()} {move || left()}</span> }
}

/// A day, from Unix milliseconds.
pub fn date(ms: i64) -> Option<AnyView> {
    DateTime::from_timestamp_millis(ms).map(|at| moment(at, Moment::Date))
}

/// The certificate's facts.
pub fn certificate(facts: &CertificateFacts) -> AnyView {
    let names = facts
        .names
        .iter()
        .map(|name| html! { <li>{name.clone()}</li> })
        .collect_view();
    let key = [
        facts.key_algorithm.clone(),
        facts
            .key_bits
            .map(|bits| format!("{bits} bits"))
            .unwrap_or_default(),
    ];
    let key = key.join(" ");
    let told = |label: &'static str, text: &str| {
        (!text.trim().is_empty())
            .then(|| html! { <div><dt>{label}</dt><dd>{text.trim().to_owned()}</dd></div> })
    };
    html! {
        <dl class="facts">
            <div><dt>"Subject"</dt><dd>{facts.subject.clone()}</dd></div>
            <div><dt>"Issuer"</dt><dd>{facts.issuer.clone()}</dd></div>
            <div>
                <dt>"Valid"</dt>
                <dd>{date(facts.not_before_ms)} " – " {date(facts.not_after_ms)} " " {days_left(facts.not_after_ms)}</dd>
            </div>
            {(!facts.names.is_empty()).then(|| html! { <div><dt>"Names"</dt><dd><ul class="name-list">{names}</ul></dd></div> })}
            {told("Key", &key)}
            {told("Signed with", &facts.signature_algorithm)}
            {told("Connection", &[facts.tls_version.as_str(), facts.cipher_suite.as_str()].join(" "))}
            <div><dt>"SHA-256"</dt><dd><code class="hash">{facts.fingerprint.clone()}</code></dd></div>
        </dl>
    }
}
