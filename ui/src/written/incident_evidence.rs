//! The evidence of an outage, what each region saw beside what it saw when it was last good.

use super::incident::instant;
use crate::{
    components::{
        sight_panel::{place_words, reason_words, sight_panel},
        state_badge::{badge, of_outcome},
    },
    format,
};
use edgewatch_client::{
    check_document::SightDocument,
    incident::{self, IncidentEvidence},
    protocol::observation::Outcome,
};
use leptos::prelude::*;

type Sighting = incident::Sighting<SightDocument>;
type RegionEvidence = incident::RegionEvidence<SightDocument>;

/// How many of the rows tell by differing that something has changed; the others differ always.
const TELLING: usize = 5;

/// The section.
pub fn section(evidence: &IncidentEvidence<SightDocument>) -> AnyView {
    let regions = evidence.regions.iter().map(region).collect_view();
    html! {
        <section class="section card" id="evidence" aria-label="Evidence">
        <div class="card-head">
            <h2>"Evidence " <span class="muted">"· frozen when the outage was confirmed"</span></h2>
        </div>
        {regions}
        </section>
    }
}

/// What is compared: of what failed, and of what was good.
fn compared(sighting: &Sighting) -> [(&'static str, String); 8] {
    let sight = &sighting.sight.sight;
    let status = sight.http.as_ref().and_then(|http| http.status);
    let phase = match sight.outcome {
        Outcome::Down {
            phase: Some(phase), ..
        } => format!(" in {}", phase.as_str()),
        _ => String::new(),
    };
    let reason = sight.outcome.reason();
    let certificate = sight.certificate.as_ref();
    let batch = &sighting.evidence;
    [
        (
            "Reason",
            reason
                .map(|reason| format!("{}{phase}", reason_words(reason)))
                .unwrap_or_default(),
        ),
        (
            "Status",
            status.map(|status| status.to_string()).unwrap_or_default(),
        ),
        (
            "Address",
            sight
                .address
                .map(|address| address.to_string())
                .unwrap_or_default(),
        ),
        (
            "Certificate",
            certificate
                .map(|certificate| certificate.fingerprint.chars().take(16).collect())
                .unwrap_or_default(),
        ),
        (
            "Issuer",
            certificate
                .map(|certificate| certificate.issuer.clone())
                .unwrap_or_default(),
        ),
        ("Took", format::micros(sight.total_us.into())),
        ("Observed place", place_words(&batch.place)),
        (
            "Signed batch",
            format!(
                "{} of {}, {}",
                batch.seq,
                short(&batch.probe),
                short(&batch.digest)
            ),
        ),
    ]
}

fn short(hex: &str) -> String {
    hex.chars().take(12).collect()
}

fn region(evidence: &RegionEvidence) -> AnyView {
    let before = evidence.last_good.as_ref().map(compared);
    let rows = compared(&evidence.seen)
        .into_iter()
        .enumerate()
        .filter_map(|(index, (name, now))| {
            let before = before
                .as_ref()
                .map(|before| before[index].1.clone())
                .unwrap_or_default();
            let differs = index < TELLING && !now.is_empty() && !before.is_empty() && now != before;
            let says_something = !(now.is_empty() && before.is_empty());
            says_something.then(|| {
                html! { <tr class=differs.then_some("differs")><th scope="row">{name}</th><td>{now}</td><td class="muted">{before}</td></tr> }
            })
        })
        .collect_view();
    let column = |sighting: &Sighting| {
        let outcome = sighting.sight.sight.outcome.state();
        html! { {badge(of_outcome(outcome))} " " {instant(sighting.at)} }.into_any()
    };
    let good = evidence
        .last_good
        .as_ref()
        .map_or_else(|| "No good result before".into_any(), column);
    html! {
        <div class="region-evidence">
            <h3>{evidence.region.clone()}</h3>
            <div class="table-scroll" tabindex="0">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col"><span class="sr-only">"What"</span></th>
                            <th scope="col">{column(&evidence.seen)}</th>
                            <th scope="col">{good}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <details class="evidence-more">
                <summary class="quiet-link">"All that was seen"</summary>
                {sight_panel(&evidence.seen.sight)}
            </details>
        </div>
    }
    .into_any()
}
