//! `/styleguide`, in debug builds alone: every token, and the components that pages are built of, as they look now. Rendered
//! on the server and never taken over, so that it costs those who use the dashboard nothing.

use crate::{
    clock::Clock,
    components::{
        certificate::days_left,
        chart_geometry::Mode,
        copy::copy_button,
        field::{Binding, InputKind, check_box, field, input_id, select, text_area, text_input},
        heartbeat_bar::{Beats, heartbeat_bar},
        icon::Icon,
        latency_chart::latency_chart,
        loading::{alert, skeleton_rows, warning},
        state_badge::{badge, mark, of_monitor},
        waterfall::waterfall,
    },
};
use chrono::{DateTime, TimeDelta};
use edgewatch_client::{
    monitor::MonitorState,
    overview::Heartbeat,
    protocol::{
        observation::OutcomeState,
        phase::{PhaseTime, PhaseTimes},
        problem::{Problem, ProblemType},
    },
    series::{MeanPhases, Percentiles, Series, SeriesBucket},
};
use leptos::prelude::*;

/// The tokens, as the style sheet has them.
const TOKENS: &str = include_str!("../style/tokens.css");

/// A token: its name and value.
type Token = (&'static str, &'static str);

/// The tokens under their comments, in the order of the file.
fn groups() -> Vec<(String, Vec<Token>)> {
    let mut groups: Vec<(String, Vec<Token>)> = Vec::new();
    let mut rest = TOKENS.split_once(":root {").map_or("", |(_, rest)| rest);
    rest = rest.split_once("\n}").map_or(rest, |(own, _)| own);
    while let Some(at) = rest.find(['/', '-']) {
        rest = &rest[at..];
        if let Some((comment, after)) = rest.strip_prefix("/*").and_then(|rest| rest.split_once("*/")) {
            let words: Vec<_> = comment.split_whitespace().collect();
            groups.push((words.join(" "), Vec::new()));
            rest = after;
        } else if let Some(((name, value), after)) = rest
            .split_once(';')
            .and_then(|(token, after)| Some((token.split_once(':')?, after)))
        {
            if groups.is_empty() {
                groups.push(("Faces.".to_owned(), Vec::new()));
            }
            if let Some((_, tokens)) = groups.last_mut().filter(|_| name.starts_with("--")) {
                tokens.push((name.trim(), value.trim()));
            }
            rest = after;
        } else {
            break;
        }
    }
    groups
}

/// What a token looks like. No inline style: the pages' content security policy forbids it.
fn sample((name, value): Token) -> AnyView {
    let of = format!("var({name})");
    let swatch = |width: String, radius: String, fill: String| {
        html! {
            <svg width="100%" height="28" aria-hidden="true">
                <rect x="0.5" y="0.5" width=width height="27" rx=radius fill=fill stroke="var(--line-strong)" />
            </svg>
        }
    };
    let text = |size: String, weight: String, family: &'static str| {
        html! {
            <svg width="100%" height="28" aria-hidden="true">
                <text y="21" font-size=size font-weight=weight font-family=family fill="var(--text)">"Edgewatch 123"</text>
            </svg>
        }
    };
    match name {
        _ if value.starts_with("light-dark(#") || value.starts_with('#') || name == "--backdrop" => {
            swatch("98%".to_owned(), "5".to_owned(), of)
        }
        _ if name.starts_with("--type") => text(of, "400".to_owned(), "inherit"),
        _ if name.starts_with("--weight") => text("14px".to_owned(), of, "inherit"),
        "--mono" => text("14px".to_owned(), "400".to_owned(), "var(--mono)"),
        _ if name.starts_with("--space") || name.starts_with("--control") => {
            swatch(of, "0".to_owned(), "var(--accent)".to_owned())
        }
        _ if name.starts_with("--radius") => swatch("98%".to_owned(), of, "var(--sunken)".to_owned()),
        _ => ().into_any(),
    }
}

fn tokens() -> AnyView {
    let groups = groups()
        .into_iter()
        .map(|(about, tokens)| {
            let tokens = tokens
                .into_iter()
                .map(|token| {
                    html! { <div><dt><code>{token.0}</code></dt><dd title=token.1>{sample(token)}</dd></div> }
                })
                .collect_view();
            html! {
                <section class="section card">
                    <p class="note">{about}</p>
                    <div class="calls"><dl class="probe-facts">{tokens}</dl></div>
                </section>
            }
        })
        .collect_view();
    groups.into_any()
}

fn part(title: &'static str, content: AnyView) -> AnyView {
    html! {
        <section class="section card">
            <div class="card-head"><h2>{title}</h2></div>
            <div class="calls">{content}</div>
        </section>
    }
}

fn states() -> AnyView {
    let all = [
        MonitorState::Up,
        MonitorState::Degraded,
        MonitorState::Down,
        MonitorState::Maintenance,
        MonitorState::Unknown,
        MonitorState::Paused,
    ];
    let marks = all.map(|state| mark(of_monitor(state))).collect_view();
    let badges = all.map(|state| badge(of_monitor(state))).collect_view();
    let banners = all
        .map(of_monitor)
        .map(|look| {
            html! {
                <div class=format!("banner tone-{}", look.tone)>
                    <span class="banner-icon">{look.icon.view()}</span>
                    <div class="banner-text">
                        <p class="banner-state">{look.word}</p>
                        <p class="banner-why">"All 3 regions agree."</p>
                    </div>
                </div>
            }
        })
        .collect_view();
    let day_ms = 86_400_000;
    let now_ms = Clock::provide().now_ms_untracked();
    let days = [-3, 5, 90]
        .map(|days| days_left(now_ms + days * day_ms))
        .collect_view();
    html! {
        <div class="actions">{marks}</div>
        <div class="actions">{badges}</div>
        <div class="actions">{days} <span class="tag">"production"</span> <span class="count">"3"</span></div>
        {banners}
    }
}

fn buttons() -> AnyView {
    html! {
        <div class="actions">
            <button class="button button-primary" r#type="button">{Icon::Plus.view()} "New monitor"</button>
            <button class="button" r#type="button">{Icon::Pencil.view()} "Edit"</button>
            <button class="button button-danger" r#type="button">{Icon::Bin.view()} "Delete"</button>
            <button class="button" r#type="button" disabled="">"Off"</button>
            <button class="button button-primary" r#type="button" disabled="">"Saving …"</button>
            <button class="button button-small" r#type="button">"Revoke"</button>
            {copy_button("guide-secret", "the secret")}
            <button class="icon-button" r#type="button" aria-label="Remove">{Icon::Cross.view()}</button>
        </div>
        <div class="actions">
            <div class="segments" role="group" aria-label="Window">
                <button r#type="button" aria-pressed="true">"24 h"</button>
                <button r#type="button" aria-pressed="false">"7 d"</button>
                <button r#type="button" aria-pressed="false">"30 d"</button>
            </div>
        </div>
        <div class="secret"><code id="guide-secret">"https://watch.example/api/v1/heartbeats/…"</code></div>
    }
}

fn fields() -> AnyView {
    let holding = |text: &str| Binding {
        get: Signal::stored(text.to_owned()),
        set: Callback::new(|_| ()),
    };
    let well = Signal::stored(None);
    let wrong = Signal::stored(Some("is 70000, use 1 to 65535".to_owned()));
    let records = ["A", "AAAA"].map(|one| (one.to_owned(), one.to_owned()));
    html! {
        <div class="field-grid">
            <div class="sixths-4">
                {field("Host", "/host", Some("A name or an address."), well, text_input("/host", InputKind::Text, &holding(""), "host.example.com", well))}
            </div>
            <div class="sixths-2">
                {field("Port", "/port", None, wrong, text_input("/port", InputKind::Number, &holding("70000"), "", wrong))}
            </div>
            <div class="sixths-3">
                {field("Record", "/record", None, well, select(input_id("/record"), None, records.to_vec(), &holding("A")))}
            </div>
            <div class="sixths-3">
                {field("Password", "/password", None, well, text_input("/password", InputKind::Secret, &holding("secret"), "", well))}
            </div>
            <div class="sixths-6">
                {field("Body", "/body", None, well, text_area("/body", &holding("{}"), 2, "", well))}
            </div>
        </div>
        <div class="check-grid">
            {check_box("guide-on".to_owned(), "Chosen".to_owned(), None.into(), false.into(), true.into(), Callback::new(|_| ()))}
            {check_box("guide-off".to_owned(), "Not chosen".to_owned(), None.into(), false.into(), false.into(), Callback::new(|_| ()))}
            {check_box(
                "guide-not".to_owned(),
                "Not to be had".to_owned(),
                Some("None of its probes can do IPv6.".to_owned()).into(),
                true.into(),
                false.into(),
                Callback::new(|_| ()),
            )}
        </div>
        <details class="fold"><summary>"Few people need this"</summary><p>"But it is there."</p></details>
    }
}

fn messages() -> AnyView {
    let problem = Problem::new(ProblemType::Conflict).detail("There is a monitor of this name.");
    html! {
        {alert(&problem)}
        {warning("degraded", "Too slow for its load: 42 checks of the last hour began late or not at all.".to_owned(), "Another probe would share the load.")}
        <div class="empty">
            <div class="empty-icon">{Icon::Globe.view()}</div>
            <h2>"No region yet"</h2>
            <p>"Make an enrolment token, give it to a probe at the edge, and its region appears here by itself."</p>
        </div>
        {skeleton_rows()}
    }
}

fn table() -> AnyView {
    let rows = [
        (MonitorState::Up, "200", "128 ms"),
        (MonitorState::Degraded, "200", "1.28 s"),
        (MonitorState::Down, "503", "96.4 ms"),
    ]
    .map(|(state, status, total)| {
        html! {
            <tr>
                <td>"weur"</td>
                <td>{badge(of_monitor(state))}</td>
                <td class="cell-end num">{status}</td>
                <td class="cell-end num">{total}</td>
            </tr>
        }
    })
    .collect_view();
    html! {
        <div class="table-scroll">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Region"</th>
                        <th scope="col">"Outcome"</th>
                        <th scope="col" class="cell-end">"Status"</th>
                        <th scope="col" class="cell-end">"Total"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <dl class="facts">
            <div><dt>"Subject"</dt><dd>"CN=shop.example"</dd></div>
            <div><dt>"SHA-256"</dt><dd><code class="hash">"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"</code></dd></div>
        </dl>
        <pre class="excerpt">"HTTP/1.1 503 Service Unavailable"</pre>
    }
}

/// A series that goes up and down, with a gap of failures.
fn series() -> Series {
    let from = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
    let buckets = (0..72)
        .map(|i| {
            let wave = (i % 24 - 12_i32).abs() * 900;
            let fails = (40..44).contains(&i);
            let us = |us: i32| (!fails).then_some(us + wave);
            SeriesBucket {
                at: from + TimeDelta::minutes(20 * i64::from(i)),
                succeeded: if fails { 0 } else { 60 },
                failed: if fails { 60 } else { 0 },
                unmeasured: 0,
                phases: MeanPhases {
                    dns_us: us(4_000),
                    tcp_us: us(9_000),
                    tls_us: us(14_000),
                    request_us: us(300),
                    ttfb_us: us(40_000),
                    body_us: us(3_000),
                },
                percentiles: Percentiles {
                    p50_us: us(70_000),
                    p75_us: us(76_000),
                    p90_us: us(88_000),
                    p95_us: us(95_000),
                    p99_us: us(130_000),
                },
            }
        })
        .collect();
    Series {
        from,
        to: from + TimeDelta::hours(24),
        bucket_s: 1_200,
        level: "1m".to_owned(),
        buckets,
        window: Percentiles {
            p50_us: Some(70_000),
            p75_us: Some(76_000),
            p90_us: Some(88_000),
            p95_us: Some(95_000),
            p99_us: Some(130_000),
        },
    }
}

fn charts() -> AnyView {
    let begin = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
    let worst = |i: i64| match i {
        20..24 => Some(OutcomeState::Down),
        24..27 => Some(OutcomeState::Degraded),
        40 => Some(OutcomeState::Unmeasured),
        50..53 => None,
        _ => Some(OutcomeState::Up),
    };
    let beats: Vec<_> = (0..60)
        .map(|i| Heartbeat {
            at: begin + TimeDelta::minutes(i),
            worst: worst(i),
            succeeded: 3,
            failed: 0,
            max_total_us: Some(128_000),
        })
        .collect();
    let phases = PhaseTimes {
        dns: PhaseTime::Measured(4_120),
        tcp: PhaseTime::Measured(9_300),
        tls: PhaseTime::Measured(21_000),
        request: PhaseTime::Measured(120),
        ttfb: PhaseTime::Measured(84_000),
        body: PhaseTime::NotReached,
    };
    html! {
        {heartbeat_bar(Signal::stored(Beats::new(&beats, 60)))}
        {waterfall(&phases, 118_540)}
        {latency_chart(series(), Mode::Phases)}
        {latency_chart(series(), Mode::Percentiles)}
    }
}

/// The whole page.
pub fn styleguide() -> AnyView {
    Clock::provide();
    html! {
        <main class="page">
            <div class="page-head">
                <div>
                    <h1>"Styleguide"</h1>
                    <p class="page-sub">"What pages are built of. Only debug builds have this page."</p>
                </div>
                <button class="icon-button" r#type="button" data-theme-switch="" aria-label="Switch theme">
                    <span class="theme-system">{Icon::Screen.view()}</span>
                    <span class="theme-light">{Icon::Sun.view()}</span>
                    <span class="theme-dark">{Icon::Moon.view()}</span>
                </button>
            </div>
            {part("States", states())}
            {part("Buttons and secrets", buttons())}
            {part("Fields", fields())}
            {part("Messages", messages())}
            {part("Tables and facts", table())}
            {part("Charts", charts())}
            {tokens()}
        </main>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_of_the_style_sheet_is_shown() {
        let shown: Vec<_> = groups().into_iter().flat_map(|(_, tokens)| tokens).collect();
        let own = TOKENS.split_once(":root {").unwrap().1;
        let written = own.lines().filter(|line| line.starts_with("  --")).count();
        assert_eq!(shown.len(), written);
        assert!(shown.contains(&("--space-1", "4px")));
    }
}
