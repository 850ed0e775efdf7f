//! `/reports/{id}`: one report: how far it is, what it says in short, and where to have it.

use super::{
    Page,
    agreement_words::{bounds, coverage, share},
    form::{field, flag, refusal},
    reports::{look, period},
    words::{moment, percent},
};
use crate::{
    assets::Assets,
    components::{field::input_id, icon::Icon, state_badge::badge},
    format::{self, Moment},
    session::Session,
};
use edgewatch_client::{
    Client,
    protocol::problem::Problem,
    report::{Report, ReportState, ReportSummary},
};
use leptos::prelude::*;

/// Writes it.
pub async fn write(client: &Client, session: &Session, id: i32) -> Result<Page, Problem> {
    let report = client.get_report(id).await?;
    let body = match (report.state, &report.summary) {
        (ReportState::Ready, Some(summary)) => html! {
            <section class="card" aria-labelledby="summary-title">
                <div class="card-head"><h2 id="summary-title">"In short"</h2></div>
                {figures(summary)}
            </section>
        },
        _ => progress(&report),
    };
    let content = html! {
        <div class="page-head">
            <div>
                <a class="back" href="/reports">{Icon::ChevronLeft.view()} "Reports"</a>
                <h1>{report.title.clone()}</h1>
                <p class="page-sub slo-sub">
                    {badge(look(&report))}
                    <span>{period(&report)}</span>
                    <span>
                        <a class="quiet-link" href=format!("/slas/{}", report.sla)>{report.sla_name.clone()}</a>
                        {format!(", version {}", report.version)}
                    </span>
                </p>
            </div>
        </div>
        {body}
        {(report.state == ReportState::Ready).then(|| files(id, session.can_edit()))}
        <p class="note">
            "Asked for by " {report.author.clone()} ", " {moment(report.requested_at, Moment::Minute)}
            ". Policy SHA-256 " <code class="sla-hash">{report.hash.clone()}</code>
        </p>
        {session.can_edit().then(|| remove(id))}
    };
    Ok((report.title, content))
}

/// The figures of a report in short.
fn figures(summary: &ReportSummary) -> AnyView {
    let time = &summary.time;
    let small = |text: Option<String>| text.map(|text| html! { <small>{text}</small> });
    let mean = |ms: Option<i64>| ms.map_or("–".to_owned(), format::length);
    let credits = match summary.credits_percent.as_slice() {
        [] => "none".to_owned(),
        due => due
            .iter()
            .map(|percent| format!("{percent} %"))
            .collect::<Vec<_>>()
            .join(", "),
    };
    html! {
        <dl class="figures slo-board">
            <div>
                <dt>"Availability"</dt>
                <dd>{share(time.contractual.uptime())} {small(bounds(&time.contractual))} {small(coverage(time))}</dd>
            </div>
            <div><dt>"Promise"</dt><dd>{format!("{} %", percent(summary.objective_ppm))}</dd></div>
            <div>
                <dt>"Strict"</dt>
                <dd>{share(time.strict.uptime())} {small(bounds(&time.strict))} <small>"nothing left out"</small></dd>
            </div>
            <div><dt>"Down"</dt><dd>{format::length(time.contractual.down_ms)} <small>{format::counted(summary.mean_times.outages.max(0) as usize, "outage")}</small></dd></div>
            <div><dt>"Mean time to recovery"</dt><dd>{mean(summary.mean_times.mttr_ms)}</dd></div>
            <div><dt>"Mean time between failures"</dt><dd>{mean(summary.mean_times.mtbf_ms)}</dd></div>
            <div><dt>"Unknown"</dt><dd>{format::length(time.recorded.unknown_ms)}</dd></div>
            <div><dt>"Credits due"</dt><dd>{credits}</dd></div>
        </dl>
    }
}

/// Where to have it, and a link for others.
fn files(id: i32, can_share: bool) -> AnyView {
    let names = ["pdf", "html", "xlsx", "csv", "json"];
    let links = names.map(|format| {
        html! {
            <a class="button" href=format!("/api/v1/reports/{id}/files/{format}") download rel="external">
                {format.to_uppercase()}
            </a>
        }
    });
    let share = can_share.then(|| {
        html! {
            <form class="report-share" data-api=format!("POST /api/v1/reports/{id}/links") data-then="{url}" novalidate>
                {field("/days", "Share it for so many days", "Whoever has the link reads the report without an account. The page that opens is the link.", html! {
                    <input class="input input-small" r#type="number" min="1" max="365" value="30" id=input_id("/days") name="days" data-kind="number" aria-describedby="problem-days" />
                })}
                {flag("bundle", false, "With the bundle", "So that they can check it. Whole batches are in it, with what the same probes saw of other monitors.")}
                {refusal()}
                <button class="button" r#type="submit">"Make a link"</button>
            </form>
        }
    });
    html! {
        <section class="section card" aria-labelledby="files-title">
            <div class="card-head"><h2 id="files-title">"Files"</h2></div>
            <div class="report-files">
            <div class="actions">{links.into_iter().collect_view()}</div>
            <p class="hint">
                "Who doubts it takes the "
                <a href=format!("/api/v1/reports/{id}/files/bundle") download rel="external">"bundle"</a>
                ", which holds the signed results that it rests on, and "
                <a href="/verify" rel="external">"checks it"</a>
                " without asking anybody. Whole batches are in it, with what the same probes saw of other monitors."
            </p>
            {share}
            </div>
        </section>
    }
}

fn progress(report: &Report) -> AnyView {
    let text = match (report.state, &report.failure) {
        (_, Some(failure)) => failure.clone(),
        (ReportState::Waiting, None) => "It waits to be made.".to_owned(),
        _ => "It is being made.".to_owned(),
    };
    let is_over = report.state == ReportState::Failed;
    // It is looked at again until it is there.
    let script = Assets::embedded().url("sla.js").unwrap_or_default();
    let again = (!is_over).then(|| html! { <page-script src=script data-again="1"></page-script> });
    html! {
        <section class="card report-progress" id="progress" aria-live="polite">
            <p>{text}</p>
            {(!is_over).then(|| html! { <progress max="1000" value=report.progress.to_string() aria-label="Progress"></progress> })}
        </section>
        {again}
    }
}

fn remove(id: i32) -> AnyView {
    html! {
        <details class="fold written-remove">
            <summary><span class="fold-title">"Delete this report"</span></summary>
            <form data-api=format!("DELETE /api/v1/reports/{id}") data-then="/reports">
                {refusal()}
                <p>"It is gone for good, with all its files. The same can be made again from what is kept."</p>
                <button class="button button-danger" r#type="submit">{Icon::Bin.view()} "Delete"</button>
            </form>
        </details>
    }
}
