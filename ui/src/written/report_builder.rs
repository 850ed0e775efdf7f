//! `/reports/new`: what is to be reported, with what it would say. `script/sla.js` renews that while something is changed.

use super::{
    Page, Query,
    agreement_words::{bounds, coverage, credit, date, kept_look, share, window_name},
    form::{ending, field, for_editors, head, problem},
    words::{moment, percent},
};
use crate::{
    assets::Assets,
    components::{
        field::{input_id, problem_id},
        icon::Icon,
        state_badge::badge,
    },
    format::{self, Moment},
    session::Session,
};
use chrono::{DateTime, Months, NaiveDate, Utc};
use edgewatch_client::{Client, protocol::problem::Problem, report::ReportPreview, sla::Sla};
use edgewatch_domain::{
    calendar::{Unit, period_at},
    sla::{SlaPolicy, SlaWindow},
};
use leptos::prelude::*;

/// Outages shown in the preview.
const SHOWN: usize = 8;

/// Writes it. `?sla=`, `from` and `to` say what is chosen.
pub async fn write(
    client: &Client,
    session: &Session,
    query: Query<'_>,
    now: DateTime<Utc>,
) -> Result<Page, Problem> {
    for_editors(session, "Reports are asked for by editors.")?;
    let slas = client.list_slas().await?;
    let chosen = query.read::<i32>("sla");
    let chosen = slas
        .iter()
        .find(|sla| Some(sla.id) == chosen)
        .or_else(|| slas.first());
    let Some(sla) = chosen else {
        return Ok(("New report".to_owned(), without_agreement()));
    };
    let (last_from, last_to) = last_window(&sla.settings.policy, now);
    let from = query.get("from").unwrap_or_else(|| last_from.to_string());
    let to = query.get("to").unwrap_or_else(|| last_to.to_string());
    let preview = match client.preview_report(sla.id, None, &from, &to).await {
        Ok(preview) => shown(sla, &preview),
        Err(problem) => refused(&problem),
    };
    let script = Assets::embedded().url("sla.js").unwrap_or_default();
    let options = slas
        .iter()
        .map(|other| {
            html! { <option value=other.id.to_string() selected=other.id == sla.id>{other.settings.name.clone()}</option> }
        })
        .collect_view();
    let agreement = html! {
        <span class="select">
            <select class="input" id=input_id("/sla") name="sla" data-kind="number">{options}</select>
        </span>
    };
    let day = |pointer: &'static str, value: String| {
        html! {
            <input class="input" r#type="date" id=input_id(pointer) name=&pointer[1..] value=value aria-describedby=problem_id(pointer) />
        }
    };
    let title = html! {
        <input class="input" id=input_id("/title") name="title" autocomplete="off" placeholder="Named after the agreement and the period" aria-describedby="problem-title" />
    };
    let periods = quick_periods(&sla.settings.policy, now)
        .into_iter()
        .map(|(name, from, to)| {
            html! { <a class="tag" href=format!("/reports/new?sla={}&from={from}&to={to}", sla.id)>{name}</a> }
        })
        .collect_view();
    let content = html! {
        {head("/reports", "Reports", "New report")}
        <div class="report-builder">
            <form class="card written-form" id="builder" data-api="POST /api/v1/reports" data-then="/reports/{id}" novalidate>
                {problem("")}
                {field("/sla", "Agreement", "", agreement)}
                <div class="report-quick">{periods}</div>
                <div class="field-grid">
                    <div class="sixths-3">{field("/from", "From", "", day("/from", from))}</div>
                    <div class="sixths-3">{field("/to", "To, included", "", day("/to", to))}</div>
                </div>
                <p class="hint">{format!("Days begin and end in {}.", sla.settings.policy.zone)}</p>
                {field("/title", "Title", "", title)}
                {ending("Make the report", "/reports")}
            </form>
            <section class="card" id="preview" aria-label="Preview" aria-live="polite">{preview}</section>
        </div>
        <page-script src=script></page-script>
    };
    Ok(("New report".to_owned(), content))
}

fn without_agreement() -> AnyView {
    html! {
        {head("/reports", "Reports", "New report")}
        <div class="empty empty-large">
            <div class="empty-icon">{Icon::Shield.view()}</div>
            <h2>"A report is made of an agreement"</h2>
            <p>"Say first what was promised, of which monitors, and how time counts."</p>
            <a class="button button-primary" href="/slas/new">{Icon::Plus.view()} "New agreement"</a>
        </div>
    }
}

/// The first and last day of the last window that is over; of rolling days, of those until now.
fn last_window(policy: &SlaPolicy, now: DateTime<Utc>) -> (NaiveDate, NaiveDate) {
    let zone = policy.zone();
    let window = policy.window.span_at(zone, now.timestamp_millis());
    let last = match policy.window {
        SlaWindow::RollingDays(_) => window,
        _ => policy.window.span_at(zone, window.from_ms - 1),
    };
    days(policy, last.from_ms, last.to_ms)
}

fn days(policy: &SlaPolicy, from_ms: i64, to_ms: i64) -> (NaiveDate, NaiveDate) {
    let zone = policy.zone();
    let day = |ms: i64| {
        let moment = DateTime::from_timestamp_millis(ms).unwrap_or_default();
        moment.with_timezone(&zone).date_naive()
    };
    (day(from_ms), day(to_ms - 1))
}

/// What is mostly asked for.
fn quick_periods(policy: &SlaPolicy, now: DateTime<Utc>) -> Vec<(String, NaiveDate, NaiveDate)> {
    let zone = policy.zone();
    let period = |unit: Unit, before: u32| {
        let at = now.checked_sub_months(Months::new(before)).unwrap_or(now);
        let span = period_at(zone, unit, at.timestamp_millis());
        days(policy, span.from_ms, span.to_ms)
    };
    let named = |name: &str, (from, to)| (name.to_owned(), from, to);
    vec![
        named("This month", period(Unit::Month, 0)),
        named("Last month", period(Unit::Month, 1)),
        named("Last quarter", period(Unit::Quarter, 3)),
        named("This year", period(Unit::Year, 0)),
        named("Last year", period(Unit::Year, 12)),
    ]
}

fn refused(problem: &Problem) -> AnyView {
    let errors = problem.errors.iter().map(|error| {
        html! { <p class="problem">{Icon::Warning.view()} <span>{format!("{} {}", error.pointer.trim_start_matches('/'), error.detail)}</span></p> }
    });
    let detail = problem.detail.clone();
    html! { <div class="report-preview">{errors.collect_view()} {detail.map(|detail| html! { <p class="muted">{detail}</p> })}</div> }
}

fn shown(sla: &Sla, preview: &ReportPreview) -> AnyView {
    let (figures, zone) = (&preview.figures, sla.settings.policy.zone());
    let time = &figures.time;
    let small = |text: Option<String>| text.map(|text| html! { <small>{text}</small> });
    let windows = figures
        .windows
        .iter()
        .map(|window| {
            let name = window_name(sla.settings.policy.window, zone, window.from_ms, window.to_ms);
            html! {
                <tr>
                    <th scope="row">{name} {(!window.is_whole).then(|| html! { <span class="muted">" in part"</span> })}</th>
                    <td class="num cell-end">{share(window.time.contractual.uptime())}</td>
                    <td class="num cell-end">{credit(window)}</td>
                </tr>
            }
        })
        .collect_view();
    let outages = figures
        .outages
        .iter()
        .take(SHOWN)
        .map(|outage| {
            html! {
                <li>
                    {moment(super::agreement_words::at(outage.from_ms), Moment::Minute)}
                    <span class="muted">{format!(" for {}", format::length(outage.down_ms))}</span>
                </li>
            }
        })
        .collect_view();
    let more = figures.outages.len().saturating_sub(SHOWN);
    let outages = if figures.outages.is_empty() {
        html! { <p class="muted">"None."</p> }
    } else {
        html! {
            <ul class="sla-log">{outages}</ul>
            {(more > 0).then(|| html! { <p class="muted">{format!("and {more} more")}</p> })}
        }
    };
    let period = format!(
        "{} – {}",
        date(zone, preview.from.timestamp_millis()),
        date(zone, preview.to.timestamp_millis() - 1)
    );
    html! {
        <div class="report-preview">
            <div class="slo-head">
                <div>
                    <h2>{preview.title.clone()}</h2>
                    <p class="muted">{format!("{period} · version {}", preview.version)}</p>
                </div>
                {badge(kept_look(figures.is_held, &figures.budget))}
            </div>
            <dl class="slo-figures">
                <div>
                    <dt>"Availability"</dt>
                    <dd>{share(time.contractual.uptime())} {small(bounds(&time.contractual))} {small(coverage(time))}</dd>
                </div>
                <div><dt>"Strict"</dt><dd>{share(time.strict.uptime())} {small(bounds(&time.strict))}</dd></div>
                <div>
                    <dt>"Promise"</dt>
                    <dd>{format!("{} %", percent(sla.settings.policy.objective_ppm.parts_per_million()))}</dd>
                </div>
            </dl>
            {day_bars(preview)}
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Window"</th>
                        <th scope="col" class="cell-end">"Availability"</th>
                        <th scope="col" class="cell-end">"Credit"</th>
                    </tr>
                </thead>
                <tbody>{windows}</tbody>
            </table>
            <h3>{format::counted(figures.outages.len(), "outage")}</h3>
            {outages}
        </div>
    }
}

/// Each day as a bar: down, degraded or up from its ground, and nothing where nothing counted.
fn day_bars(preview: &ReportPreview) -> AnyView {
    let days = &preview.figures.days;
    let width = days.len().max(1) * 10;
    let bars = days
        .iter()
        .enumerate()
        .map(|(index, day)| {
            let counted = day.time.contractual;
            let class = match () {
                () if counted.total_ms() == 0 => "day-bar tone-unknown",
                () if counted.down_ms > 0 => "day-bar tone-down",
                () if counted.degraded_ms > 0 => "day-bar tone-degraded",
                () => "day-bar tone-up",
            };
            html! { <rect class=class x=(index * 10 + 1).to_string() width="8" height="30" /> }
        })
        .collect_view();
    let down = days.iter().filter(|day| day.time.contractual.down_ms > 0).count();
    let label = format!(
        "{}, {down} of them with time down",
        format::counted(days.len(), "day")
    );
    html! {
        <svg class="day-bars" viewBox=format!("0 0 {width} 30") preserveAspectRatio="none" role="img" aria-label=label>{bars}</svg>
    }
}
