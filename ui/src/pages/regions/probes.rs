//! Probes: how they stand, and approving and revoking them.

use crate::{
    api::use_client,
    components::{
        icon::Icon,
        loading::warning,
        moment::ago,
        question::{Question, question},
        sight_panel::place_words,
        state_badge::{Look, badge},
    },
    format,
};
use edgewatch_client::{
    probe::Probe,
    protocol::{enrolment::ProbeStatus, problem::Problem},
};
use leptos::{prelude::*, task::spawn_local};

/// What may be done with probes, and what follows.
#[derive(Clone, Copy)]
pub struct Actions {
    /// The role allows it.
    pub allowed: bool,
    /// Where a refusal is shown.
    pub problem: RwSignal<Option<Problem>>,
    /// Reads the regions anew.
    pub read_anew: Callback<()>,
}

impl Actions {
    /// Approves or revokes.
    fn decide(self, fingerprint: String, approve: bool, client: edgewatch_client::Client) {
        spawn_local(async move {
            let answer = if approve {
                client.approve_probe(&fingerprint).await
            } else {
                client.revoke_probe(&fingerprint).await
            };
            self.problem.set(answer.err());
            self.read_anew.run(());
        });
    }
}

fn look(probe: &Probe) -> Look {
    let (tone, icon, word) = match (probe.status, probe.silent, probe.clock_off_s) {
        (ProbeStatus::Pending, ..) => ("maintenance", Icon::Question, "Pending"),
        (ProbeStatus::Revoked, ..) => ("paused", Icon::Cross, "Revoked"),
        (ProbeStatus::Approved, _, Some(_)) => ("down", Icon::Clock, "Wrong clock"),
        (ProbeStatus::Approved, true, None) => ("down", Icon::Offline, "Silent"),
        (ProbeStatus::Approved, false, None) => ("up", Icon::Check, "Reporting"),
    };
    Look { tone, icon, word }
}

/// A probe that waits.
pub fn pending(probe: &Probe, actions: Actions) -> AnyView {
    let client = use_client();
    let other_client = client.clone();
    let fingerprint = probe.fingerprint.clone();
    let other = fingerprint.clone();
    html! {
        <article class="card probe-pending">
            <div class="probe-head">
                {badge(look(probe))}
                <strong>{probe.region.as_str().to_owned()}</strong>
                <span class="muted">{probe.host.clone()} " · " {probe.software.clone()} " · asked " {ago(probe.enrolled_at)}</span>
            </div>
            <code class="fingerprint">{fingerprint_groups(&probe.fingerprint)}</code>
            <p class="muted">"Found itself at " {place_words(&probe.place)}</p>
            {if actions.allowed {
                html! {
                    <div class="actions">
                        <button
                            class="button button-primary"
                            r#type="button"
                            on:click=move |_| actions.decide(fingerprint.clone(), true, client.clone())
                        >
                            {Icon::Check.view()}
                            "Approve"
                        </button>
                        <button class="button" r#type="button" on:click=move |_| actions.decide(other.clone(), false, other_client.clone())>
                            "Refuse"
                        </button>
                    </div>
                }
            } else {
                html! { <p class="muted">"An administrator approves it."</p> }
            }}
        </article>
    }
}

/// What hosts the aggregator's own probe, which signs heartbeats: revoking it would only silence them.
const OWN_HOST: &str = "aggregator";

/// A probe that was approved or revoked.
pub fn row(probe: &Probe, actions: Actions) -> AnyView {
    let revoked = probe.status == ProbeStatus::Revoked;
    let faults = [
        (probe.chain_breaks > 0).then(|| {
            format!(
                "{} in its chain",
                format::counted(probe.chain_breaks as usize, "break")
            )
        }),
        (probe.dropped > 0).then(|| {
            format!(
                "{} dropped",
                format::counted(probe.dropped as usize, "observation")
            )
        }),
    ];
    let faults = faults
        .into_iter()
        .flatten()
        .map(|fault| html! { <span class="badge badge-small tone-degraded">{Icon::Warning.view()} {fault}</span> })
        .collect_view();
    html! {
        <article class="probe" class:probe-revoked=revoked>
            <div class="probe-head">
                {badge(look(probe))}
                <code class="fingerprint">{fingerprint_groups(&probe.fingerprint)}</code>
                {faults}
                {(actions.allowed && !revoked && probe.host != OWN_HOST).then(|| revoke(probe.fingerprint.clone(), actions))}
            </div>
            {probe.clock_off_s.filter(|_| !revoked).map(clock_off)}
            <dl class="probe-facts">
                <div><dt>"Last tick"</dt><dd>{match probe.last_seen_at { Some(at) => ago(at), None => "never".into_any() }}</dd></div>
                <div><dt>"Observed place"</dt><dd>{place_words(&probe.place)}</dd></div>
                <div><dt>"Version"</dt><dd>{probe.software.clone()}</dd></div>
                <div><dt>"Batches"</dt><dd class="num">{format::count(probe.last_seq)}</dd></div>
                <div><dt>"Dropped"</dt><dd class="num">{format::counted(probe.dropped as usize, "observation")}</dd></div>
                <div><dt>"Can do"</dt><dd>{probe.capabilities.join(", ")}</dd></div>
            </dl>
        </article>
    }
}

/// What a wrong clock means, and what is to be done.
fn clock_off(off_s: i64) -> AnyView {
    let by = format::span(off_s.abs() * 1_000);
    let side = if off_s > 0 { "ahead of" } else { "behind" };
    warning(
        "down",
        format!("Its clock is {by} {side} the aggregator's."),
        "What it sends is refused. It keeps its results, and they are taken once the clock of its machine is right.",
    )
}

/// Revoking asks once more.
fn revoke(fingerprint: String, actions: Actions) -> AnyView {
    let client = use_client();
    let asked = Question {
        button: ("button button-small probe-revoke", Icon::Cross, "Revoke"),
        title: "Revoke this probe?",
        about: "From now on its batches are refused. Its history stays, and it cannot be approved again: a new key must enrol.",
        yes: "Revoke",
    };
    let detail = html! { <p><code class="fingerprint">{fingerprint_groups(&fingerprint)}</code></p> };
    let confirmed = Callback::new(move |()| actions.decide(fingerprint.clone(), false, client.clone()));
    question(asked, detail, confirmed)
}

/// A fingerprint in groups of four, so that it can be compared.
fn fingerprint_groups(fingerprint: &str) -> String {
    let symbols: Vec<char> = fingerprint.chars().collect();
    symbols
        .chunks(4)
        .map(|group| group.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join(" ")
}
