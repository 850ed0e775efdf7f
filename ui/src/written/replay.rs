//! `/monitors/{id}/replay`: a policy is tried on the past before it is changed. The form asks by its address, so what it
//! says can be passed on.

use super::{Page, Query, words::moment};
use crate::{
    clock::machine_now_ms,
    components::{field::input_id, icon::Icon, loading::alert},
    format::{self, Moment},
};
use chrono::{DateTime, Duration};
use edgewatch_client::{
    Client,
    check_document::CheckDocument,
    monitor::Monitor,
    protocol::problem::Problem,
    replay::{
        LatencyThresholds, ProposedPolicy, Replay, ReplayRequest, ReplayedOutage, ReplayedPolicy, SeenOutage,
    },
};
use leptos::prelude::*;

/// The windows that can be chosen, in days.
const DAYS: [u16; 4] = [1, 7, 30, 92];

/// Writes it.
pub async fn write(client: &Client, id: i32, query: Query<'_>) -> Result<Page, Problem> {
    let monitor = client.get_monitor(id).await?;
    // Sent by the form, if only as it was offered.
    let days = query.read::<u16>("days");
    let answer = match days {
        Some(days) => Some(client.replay_policy(id, &request(query, days)).await),
        None => None,
    };
    let problem = answer.as_ref().and_then(|answer| answer.as_ref().err()).cloned();
    let result = match &answer {
        Some(Ok(replay)) => Some(result(replay)),
        Some(Err(problem)) if problem.errors.is_empty() => Some(alert(problem)),
        _ => None,
    };
    let name = monitor.settings.name.clone();
    let content = html! {
        <div class="page-head">
            <div>
                <a class="back" href=format!("/monitors/{id}")>{Icon::ChevronLeft.view()} {name.clone()}</a>
                <h1>"Replay"</h1>
                <p class="page-sub">"What another policy would have said of the results that are stored. Nothing is changed by it."</p>
            </div>
        </div>
        {form(&monitor, query, problem.as_ref())}
        {result}
    };
    Ok((format!("Replay · {name}"), content))
}

fn request(query: Query<'_>, days: u16) -> ReplayRequest {
    let latency = LatencyThresholds {
        degraded_us: threshold_us(query, "degraded"),
        down_us: threshold_us(query, "down"),
    };
    ReplayRequest {
        from: DateTime::from_timestamp_millis(machine_now_ms()).map(|now| now - Duration::days(days.into())),
        to: None,
        policy: ProposedPolicy {
            quorum: query.read("quorum"),
            confirmations: query.read("confirmations"),
            recoveries: query.read("recoveries"),
            latency: (latency != LatencyThresholds::default()).then_some(latency),
            ..ProposedPolicy::default()
        },
    }
}

fn threshold_us(query: Query<'_>, name: &str) -> Option<u32> {
    query.read::<u32>(name).map(|ms| ms.saturating_mul(1_000))
}

fn form(monitor: &Monitor<CheckDocument>, query: Query<'_>, problem: Option<&Problem>) -> AnyView {
    let settings = &monitor.settings;
    let wrong = |pointer: &str| {
        let errors = problem
            .map(|problem| problem.errors.as_slice())
            .unwrap_or_default();
        let own = errors.iter().find(|error| error.pointer.starts_with(pointer));
        own.map(|error| error.detail.clone())
    };
    let days = query.read("days").unwrap_or(30);
    let windows: Vec<_> = DAYS
        .into_iter()
        .map(|choice| {
            (
                choice.to_string(),
                format!("the last {}", format::counted(choice.into(), "day")),
                choice == days,
            )
        })
        .collect();
    let quorum = query.get("quorum").unwrap_or_default();
    let counts =
        (2..=monitor.region_states.len().min(9)).map(|n| (format!("count:{n}"), format!("{n} regions")));
    let named = [
        ("any", "any region"),
        ("majority", "the majority"),
        ("all", "all regions"),
    ];
    let quorums = std::iter::once((String::new(), format!("as it was ({} now)", settings.quorum)))
        .chain(named.map(|(value, text)| (value.to_owned(), text.to_owned())))
        .chain(counts);
    let quorums: Vec<_> = quorums
        .map(|(value, text)| {
            let chosen = value == quorum;
            (value, text, chosen)
        })
        .collect();
    let now = |value: u8| format!("as it was ({value} now)");
    html! {
        <form class="card replay-form" method="get">
            <div class="field-grid">
                <div class="sixths-2">{select("days", "Over", windows, wrong("/from"))}</div>
                <div class="sixths-2">{select("quorum", "Down when it is seen by", quorums, wrong("/policy/quorum"))}</div>
                <div class="sixths-2"></div>
                <div class="sixths-3">
                    {number("confirmations", "Failures that confirm it", now(settings.confirmations), query, wrong("/policy/confirmations"))}
                </div>
                <div class="sixths-3">
                    {number("recoveries", "Successes that end it", now(settings.recoveries), query, wrong("/policy/recoveries"))}
                </div>
                <div class="sixths-3">
                    {number("degraded", "Degraded above, ms", "as it was judged".to_owned(), query, wrong("/policy/latency"))}
                </div>
                <div class="sixths-3">
                    {number("down", "Down above, ms", "as it was judged".to_owned(), query, None)}
                </div>
            </div>
            <div class="actions">
                <button class="button button-primary" r#type="submit">{Icon::Play.view()} "Replay"</button>
            </div>
        </form>
    }
}

fn labelled(name: &'static str, label: &'static str, wrong: Option<String>, input: AnyView) -> AnyView {
    let problem = wrong.map(|detail| {
        html! { <p class="problem" id=format!("problem-{name}") role="alert">{Icon::Warning.view()} <span>{detail}</span></p> }
    });
    html! { <div class="field"><label for=input_id(name)>{label}</label>{input}{problem}</div> }
}

fn select(
    name: &'static str,
    label: &'static str,
    options: Vec<(String, String, bool)>,
    wrong: Option<String>,
) -> AnyView {
    let options = options
        .into_iter()
        .map(|(value, text, chosen)| html! { <option value=value selected=chosen>{text}</option> })
        .collect_view();
    let input = html! {
        <span class="select">
            <select class="input" id=input_id(name) name=name aria-describedby=format!("problem-{name}")>{options}</select>
        </span>
    };
    labelled(name, label, wrong, input)
}

fn number(
    name: &'static str,
    label: &'static str,
    placeholder: String,
    query: Query<'_>,
    wrong: Option<String>,
) -> AnyView {
    let input = html! {
        <input
            class="input num"
            id=input_id(name)
            name=name
            inputmode="numeric"
            pattern="[0-9]*"
            autocomplete="off"
            placeholder=placeholder
            value=query.get(name).unwrap_or_default()
            aria-invalid=wrong.is_some().then_some("true")
            aria-describedby=format!("problem-{name}")
        />
    };
    labelled(name, label, wrong, input)
}

fn result(replay: &Replay) -> AnyView {
    let (before, after) = (&replay.before, &replay.after);
    let cut = (replay.from > replay.asked_from).then(|| {
        html! { " · asked for from " {moment(replay.asked_from, Moment::Minute)} ", of before this nothing is stored" }
    });
    let row = |name: &'static str, figure: fn(&ReplayedPolicy) -> String| {
        let (was, would) = (figure(before), figure(after));
        let class = if was == would {
            "num cell-end"
        } else {
            "num cell-end replay-other"
        };
        html! {
            <tr>
                <th scope="row">{name}</th>
                <td class="num cell-end">{was}</td>
                <td class=class>{would}</td>
            </tr>
        }
    };
    html! {
        <section class="section card" aria-labelledby="replay-title">
            <div class="card-head">
                <h2 id="replay-title">{replay.headline()}</h2>
            </div>
            <p class="note replay-window">
                {moment(replay.from, Moment::Minute)} " to " {moment(replay.to, Moment::Minute)} " · "
                {format::counted(replay.results as usize, "result")} {cut}
            </p>
            <div class="table-scroll" tabindex="0">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col"><span class="sr-only">"Figure"</span></th>
                            <th scope="col" class="cell-end">"As it was"</th>
                            <th scope="col" class="cell-end">"As it would have been"</th>
                        </tr>
                    </thead>
                    <tbody>
                        {row("Pages", |policy| format::count(policy.pages))}
                        {row("Outages", |policy| format::count(policy.outages))}
                        {row("Uptime", uptime)}
                        {row("Down", |policy| format::length(policy.figures.down_ms))}
                        {row("Degraded", |policy| format::length(policy.figures.degraded_ms))}
                    </tbody>
                </table>
            </div>
        </section>
        {outages(replay)}
    }
}

fn uptime(policy: &ReplayedPolicy) -> String {
    match &policy.figures.contractual {
        Some(share) => format!("{} %", share.percent),
        None => "no data".to_owned(),
    }
}

fn outages(replay: &Replay) -> AnyView {
    if replay.outages.is_empty() {
        return html! {
            <section class="section card">
                <p class="note">"There was no outage by either policy."</p>
            </section>
        };
    }
    let rows = replay.outages.iter().rev().map(outage).collect_view();
    let left_out = (replay.outages_left_out > 0).then(|| {
        let earlier = format::counted(replay.outages_left_out as usize, "earlier outage");
        html! { <p class="note">{format!("and {earlier}")}</p> }
    });
    html! {
        <section class="section card" aria-labelledby="replay-outages-title">
            <div class="card-head">
                <h2 id="replay-outages-title">"Outages"</h2>
            </div>
            <div class="table-scroll" tabindex="0">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"From"</th>
                            <th scope="col" class="cell-end">"As it was"</th>
                            <th scope="col" class="cell-end">"As it would have been"</th>
                            <th scope="col">"What is different"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {left_out}
        </section>
    }
}

fn outage(outage: &ReplayedOutage) -> AnyView {
    let from = outage
        .before
        .as_ref()
        .or(outage.after.as_ref())
        .map(|seen| moment(seen.from, Moment::Second));
    let long = |seen: &Option<SeenOutage>| match seen {
        Some(seen) if seen.to.is_none() => format!("{}, lasts", format::length(seen.down_ms)),
        Some(seen) => format::length(seen.down_ms),
        None => "–".to_owned(),
    };
    let (tone, what) = match (&outage.before, &outage.after) {
        (_, None) => ("up", "would not have been".to_owned()),
        (None, _) => ("down", "would have been, too".to_owned()),
        (Some(before), Some(after)) => match outage.known_later_ms {
            Some(0) if before == after => ("unknown", "nothing".to_owned()),
            Some(0) => ("unknown", "seen as soon".to_owned()),
            Some(ms) if ms > 0 => ("degraded", format!("seen {} later", format::length(ms))),
            Some(ms) => ("up", format!("seen {} sooner", format::length(-ms))),
            None => ("unknown", "one of both only knew it afterwards".to_owned()),
        },
    };
    html! {
        <tr>
            <td>{from}</td>
            <td class="num cell-end">{long(&outage.before)}</td>
            <td class="num cell-end">{long(&outage.after)}</td>
            <td><span class=format!("badge tone-{tone}")>{what}</span></td>
        </tr>
    }
}
