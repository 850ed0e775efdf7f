//! `/regions`: where checks are made from: regions, their probes, and how new ones join.

mod probes;
mod tokens;

use crate::{
    api::{fixed, read, use_client},
    components::{
        icon::Icon,
        loading::{alert, loaded, skeleton_rows, warning},
        moment::moment,
    },
    format::{self, Moment},
    live::use_live,
    session::use_session,
};
use chrono::{DateTime, Utc};
use edgewatch_client::{
    client::path,
    event::Event,
    protocol::{enrolment::ProbeStatus, problem::Problem},
    region::Region,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;

/// The regions.
#[component]
pub fn RegionsPage() -> impl IntoView {
    let regions = read(fixed(path::REGIONS));
    html! {
        <Title text="Regions" />
        {loaded(regions, skeleton_rows, board)}
    }
}

fn board(initial: Vec<Region>) -> AnyView {
    let regions = RwSignal::new(initial);
    let problem = RwSignal::new(None::<Problem>);
    let client = use_client();
    let read_anew = Callback::new(move |()| {
        let client = client.clone();
        spawn_local(async move {
            match client.list_regions().await {
                Ok(now) => {
                    let _ = regions.try_set(now);
                }
                Err(refusal) => {
                    let _ = problem.try_set(Some(refusal));
                }
            }
        });
    });
    use_live().listen(move |event| {
        if matches!(event, Event::Probes | Event::Resync) {
            read_anew.run(());
        }
    });
    let session = use_session();
    let actions = probes::Actions {
        allowed: session.can_administer(),
        problem,
        read_anew,
    };
    let pending = move || {
        regions.with(|regions| {
            let pending: Vec<_> = regions
                .iter()
                .flat_map(|region| &region.probes)
                .filter(|probe| probe.status == ProbeStatus::Pending)
                .collect();
            (!pending.is_empty()).then(|| {
                let cards = pending.iter().map(|probe| probes::pending(probe, actions)).collect_view();
                html! {
                    <section class="section" aria-labelledby="pending-title">
                        <h2 class="section-title" id="pending-title">
                            "Waiting for approval" <span class="count">{pending.len().to_string()}</span>
                        </h2>
                        <p class="section-about">"Compare the fingerprint with the one that the probe logs before you approve it."</p>
                        <div class="probe-list">{cards}</div>
                    </section>
                }
            })
        })
    };
    let cards =
        move || regions.with(|regions| regions.iter().map(|region| card(region, actions)).collect_view());
    let none = move || {
        regions.with(Vec::is_empty).then(|| {
            html! {
                <div class="empty empty-large">
                    <div class="empty-icon">{Icon::Globe.view()}</div>
                    <h2>"No region yet"</h2>
                    <p>"Make an enrolment token, give it to a probe at the edge, and its region appears here by itself."</p>
                    <ol class="steps">
                        <li>"Make a token above."</li>
                        <li>"Give it to the probe as " <code>"EDGEWATCH_ENROLMENT_TOKEN"</code> "."</li>
                        <li>"Approve the probe here when its fingerprint is the one it logs."</li>
                    </ol>
                </div>
            }
        })
    };
    let subtitle = move || {
        regions.with(|regions| {
            let probes = regions
                .iter()
                .flat_map(|region| &region.probes)
                .filter(|probe| probe.status == ProbeStatus::Approved)
                .count();
            format!(
                "{} · {}",
                format::counted(regions.len(), "region"),
                format::counted(probes, "probe")
            )
        })
    };
    html! {
        <div class="page-head">
            <div>
                <h1>"Regions"</h1>
                <p class="page-sub">{move || subtitle()}</p>
            </div>
            {session.can_administer().then(|| html! { <a class="quiet-link" href="/log">"Log of signed batches"</a> })}
            {session.can_administer().then(tokens::new_token)}
        </div>
        {move || problem.with(|problem| problem.as_ref().map(alert))}
        {move || pending()}
        {move || none()}
        <div class="region-list">{move || cards()}</div>
        {session.can_administer().then(tokens::tokens)}
    }
}

fn card(region: &Region, actions: probes::Actions) -> AnyView {
    let name = region.settings.name.as_str().to_owned();
    let label = region.settings.label.clone();
    let rows = region
        .probes
        .iter()
        .filter(|probe| probe.status != ProbeStatus::Pending)
        .map(|probe| probes::row(probe, actions))
        .collect::<Vec<_>>();
    let empty = rows.is_empty();
    html! {
        <section class="card region" aria-label=name.clone()>
            <div class="card-head">
                <h2>
                    {if label.is_empty() { name.clone() } else { label.clone() }}
                    {(!label.is_empty()).then(|| html! { <code class="region-name">{name.clone()}</code> })}
                </h2>
                <span class="muted">{load(region)}</span>
            </div>
            {(region.overruns > 0).then(|| too_slow(region))}
            {region.disqualified_since.map(disqualified)}
            {empty.then(|| html! { <p class="note">"No approved probe serves this region: it does not vote."</p> })}
            <div class="probe-list">{rows}</div>
        </section>
    }
}

/// What the region has to do, and whether it does it in time.
fn load(region: &Region) -> String {
    let monitors = format::counted(region.monitors as usize, "monitor");
    match region.late_p99_ms {
        Some(ms) => format!(
            "{monitors} · 99 of 100 checks begin within {} of their time",
            format::micros(ms * 1_000)
        ),
        None => monitors,
    }
}

/// A region whose own network fails.
fn disqualified(since: DateTime<Utc>) -> AnyView {
    html! {
        <div class="region-warning">
            {warning(
                "down",
                "Disqualified: its own network fails.".to_owned(),
                "It fails on most of what other regions see up. Its outcomes are kept as evidence, and do not vote.",
            )}
            <p class="hint">"Since " {moment(since, Moment::Minute)}</p>
        </div>
    }
}

/// A region whose probes cannot keep up.
fn too_slow(region: &Region) -> AnyView {
    let slots = format::counted(region.overruns as usize, "check");
    html! {
        <div class="region-warning">
            {warning(
                "degraded",
                format!("Too slow for its load: {slots} of the last hour began late or not at all."),
                "Half of an interval had passed before it could begin them. Another probe would share the load; longer intervals and shorter time-outs lessen it.",
            )}
        </div>
    }
}
