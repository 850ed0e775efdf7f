//! `/slas/new`, `/slas/{id}/edit`, `/slas/import`: what is agreed. Its credits are rows that `script/sla.js` adds.

use super::{
    Page, Query,
    form::{Way, choice, ending, for_editors, head, list_choices, monitors, problem, rule, share, text},
    viewer_zone::ViewerZone,
    words::percent,
};
use crate::{
    assets::Assets,
    components::{field::input_id, icon::Icon},
    session::Session,
};
use edgewatch_client::{Client, protocol::problem::Problem, sla::SlaSettings};
use edgewatch_domain::{
    group::GroupRule,
    quorum::Quorum,
    sla::{CreditTier, DegradedRule, MaintenanceRule, SlaPolicy, SlaWindow, UnknownRule},
    slo::Objective,
};
use leptos::prelude::*;

/// What others are told.
const FOR_EDITORS: &str = "Agreements are made and changed by editors.";

/// The usual rolling windows, in days.
const DAYS: [u16; 4] = [7, 28, 30, 90];

/// Writes it. `?monitor=` chooses one for a new agreement.
pub async fn write(
    client: &Client,
    session: &Session,
    id: Option<i32>,
    query: Query<'_>,
    zone: ViewerZone,
) -> Result<Page, Problem> {
    for_editors(session, FOR_EDITORS)?;
    let settings = match id {
        Some(id) => client.get_sla(id).await?.sla.settings,
        None => blank(query.read("monitor"), zone),
    };
    let policy = &settings.policy;
    let choices = list_choices(client.get_overview().await?, &policy.monitors);
    let (title, called) = match id {
        Some(_) => ("Edit agreement", "Agreement"),
        None => ("New agreement", "Agreements"),
    };
    let Way { api, then, back } = Way::of("/slas", id);
    let script = Assets::embedded().url("sla.js").unwrap_or_default();
    let note = id.map(|_| {
        html! { <p class="note">"Saving writes a new version. It counts for every window that ends later; windows that are over keep theirs."</p> }
    });
    let content = html! {
        {head(&back, called, title)}
        <form class="card written-form" id="agreement" data-api=api data-then=then novalidate>
            {problem("")}
            {note}
            <div class="field-grid">
                <div class="sixths-4">{text("/name", "Name", "", &settings.name)}</div>
                <div class="sixths-2">
                    {share("/policy/objective_ppm", "Promise, %", "Of the time that counts", policy.objective_ppm.parts_per_million())}
                </div>
                <div class="sixths-6">{text("/description", "With whom, and what about", "Reports show it", &settings.description)}</div>
                <div class="sixths-2">{window(policy)}</div>
                <div class="sixths-2">{text("/policy/zone", "Time zone", "UTC, Europe/Berlin", &policy.zone)}</div>
                <div class="sixths-2">{rule("/policy/rule", policy.rule)}</div>
                <div class="sixths-6">{monitors("/policy/monitors", &choices)}</div>
                <div class="sixths-2">{maintenance(policy)}</div>
                <div class="sixths-2">{unknown(policy)}</div>
                <div class="sixths-2">{degraded(policy)}</div>
                <div class="sixths-2">{quorum(policy)}</div>
                <div class="sixths-6">{credits(policy)}</div>
            </div>
            {ending("Save", &back)}
        </form>
        <page-script src=script></page-script>
    };
    Ok((title.to_owned(), content))
}

/// Writes the page on which a document is read.
pub fn write_import(session: &Session) -> Result<Page, Problem> {
    for_editors(session, FOR_EDITORS)?;
    let content = html! {
        {head("/slas", "Agreements", "Import an agreement")}
        <form class="card written-form" data-api="POST /api/v1/slas/open-slo" data-then="/slas/{id}" novalidate>
            {problem("")}
            <div class="field">
                <label class="label" for=input_id("/open_slo")>"OpenSLO v1 document, kind SLO"</label>
                <textarea class="input sla-document" id=input_id("/open_slo") name="open_slo" rows="24" spellcheck="false" placeholder=EXAMPLE></textarea>
                <p class="hint">"It is kept as it is written, and can be had back. From a command line: POST it to /api/v1/slas/open-slo as application/yaml."</p>
                {problem("/open_slo")}
            </div>
            {ending("Import", "/slas")}
        </form>
    };
    Ok(("Import an agreement".to_owned(), content))
}

const EXAMPLE: &str = "apiVersion: openslo/v1
kind: SLO
metadata:
  name: acme-shop
  displayName: Acme, shop
spec:
  service: shop
  indicator:
    spec:
      ratioMetric:
        rawType: success
        raw:
          metricSource:
            type: Edgewatch
            spec:
              monitors: [shop]
              credits:
                - belowPercent: 99.9
                  creditPercent: 10
  timeWindow:
    - duration: 1M
      isRolling: false
      calendar: {timeZone: Europe/Berlin}
  budgetingMethod: RatioTimeslices
  objectives:
    - target: 0.999
      timeSliceWindow: 1m";

fn blank(monitor: Option<i32>, zone: ViewerZone) -> SlaSettings {
    SlaSettings {
        name: String::new(),
        description: String::new(),
        policy: SlaPolicy {
            monitors: monitor.into_iter().collect(),
            rule: GroupRule::All,
            objective_ppm: Objective::from_parts_per_million(999_000).unwrap_or(Objective::LEAST),
            window: SlaWindow::CalendarMonth,
            zone: zone.name().to_owned(),
            maintenance: MaintenanceRule::Excluded,
            unknown: UnknownRule::Excluded,
            degraded: DegradedRule::Available,
            quorum: None,
            credits: vec![CreditTier {
                below_ppm: 999_000,
                percent: 10,
            }],
        },
    }
}

fn window(policy: &SlaPolicy) -> AnyView {
    let own = match policy.window {
        SlaWindow::RollingDays(days) if !DAYS.contains(&days) => Some(days),
        _ => None,
    };
    let calendar = [
        (SlaWindow::CalendarMonth, "Each calendar month".to_owned()),
        (SlaWindow::CalendarQuarter, "Each quarter".to_owned()),
        (SlaWindow::CalendarYear, "Each year".to_owned()),
    ];
    let rolling = own
        .into_iter()
        .chain(DAYS)
        .map(|days| (SlaWindow::RollingDays(days), format!("{days} rolling days")));
    choice(
        "/policy/window",
        "Window",
        "",
        &policy.window,
        calendar.into_iter().chain(rolling),
    )
}

fn maintenance(policy: &SlaPolicy) -> AnyView {
    let options = [
        (MaintenanceRule::Excluded, "Left out".to_owned()),
        (MaintenanceRule::Counted, "Counts by what is beneath".to_owned()),
    ];
    choice(
        "/policy/maintenance",
        "Maintenance",
        "",
        &policy.maintenance,
        options,
    )
}

fn unknown(policy: &SlaPolicy) -> AnyView {
    let options = [
        (UnknownRule::Excluded, "Left out".to_owned()),
        (UnknownRule::Unavailable, "Counts as down".to_owned()),
        (UnknownRule::Available, "Counts as up".to_owned()),
    ];
    choice(
        "/policy/unknown",
        "Unknown time",
        "When no region could look",
        &policy.unknown,
        options,
    )
}

fn degraded(policy: &SlaPolicy) -> AnyView {
    let options = [
        (DegradedRule::Available, "Counts as up".to_owned()),
        (DegradedRule::Unavailable, "Counts as down".to_owned()),
    ];
    choice("/policy/degraded", "Degraded time", "", &policy.degraded, options)
}

fn quorum(policy: &SlaPolicy) -> AnyView {
    let known = [Quorum::Any, Quorum::Majority, Quorum::All].map(Some);
    let own = policy.quorum.filter(|quorum| !known.contains(&Some(*quorum)));
    let named = |quorum: Option<Quorum>| {
        let words = match quorum {
            None => "As each monitor has it".to_owned(),
            Some(Quorum::Any) => "Any region's word".to_owned(),
            Some(Quorum::Majority) => "The majority".to_owned(),
            Some(Quorum::All) => "All regions".to_owned(),
            Some(Quorum::Count(count)) => format!("{count} regions"),
        };
        (quorum, words)
    };
    let options = [None].into_iter().chain(known).chain(own.map(Some)).map(named);
    choice(
        "/policy/quorum",
        "Who decides",
        "How many regions have to see it down",
        &policy.quorum,
        options,
    )
}

fn credits(policy: &SlaPolicy) -> AnyView {
    let row = |below: String, credit: String| {
        html! {
            <li class="sla-tier">
                <span>"Below"</span>
                <input class="input input-small num" data-tier="below" inputmode="decimal" value=below aria-label="Below, percent" autocomplete="off" />
                <span>"%, credit"</span>
                <input class="input input-small num" data-tier="credit" inputmode="numeric" value=credit aria-label="Credit, percent" autocomplete="off" />
                <span>"%"</span>
                <button class="button button-small" r#type="button" data-tier="remove" aria-label="Remove this tier">{Icon::Bin.view()}</button>
            </li>
        }
    };
    let rows = policy
        .credits
        .iter()
        .map(|tier| row(percent(tier.below_ppm), tier.percent.to_string()))
        .collect_view();
    let json = serde_json::to_string(&policy.credits).unwrap_or_default();
    html! {
        <fieldset class="field">
            <legend class="label">"Credits"</legend>
            <p class="hint">"Of the tiers under which the share lies, the highest credit is due, in percent of what the window costs."</p>
            <input r#type="hidden" name="policy/credits" data-kind="json" value=json />
            <ul class="sla-tiers" id="tiers">{rows}</ul>
            <template id="tier">{row(String::new(), String::new())}</template>
            <div><button class="button button-small" r#type="button" id="add-tier">{Icon::Plus.view()} "Add a tier"</button></div>
            {problem("/policy/credits")}
        </fieldset>
    }
}
