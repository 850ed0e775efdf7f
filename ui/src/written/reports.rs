//! `/reports`: what was reported.

use super::{
    Page, Query,
    agreement_words::{at, share, window_name},
    words::moment,
};
use crate::{
    components::{
        icon::Icon,
        state_badge::{Look, badge},
    },
    format::{self, Moment},
    session::Session,
};
use edgewatch_client::{
    Client,
    protocol::problem::Problem,
    report::{Report, ReportState},
};
use edgewatch_domain::{calendar::zone, sla::SlaWindow};
use leptos::prelude::*;

/// Writes it. `?sla=` shows the reports of one agreement.
pub async fn write(client: &Client, session: &Session, query: Query<'_>) -> Result<Page, Problem> {
    let sla = query.read::<i32>("sla");
    let page = client.list_reports(sla).await?;
    let named = match sla {
        Some(id) => Some(client.get_sla(id).await?.sla.settings.name),
        None => None,
    };
    let new = sla.map_or_else(
        || "/reports/new".to_owned(),
        |id| format!("/reports/new?sla={id}"),
    );
    let add = || {
        let new = new.clone();
        session
            .can_edit()
            .then(|| html! { <a class="button button-primary" href=new>{Icon::Plus.view()} "New report"</a> })
    };
    let sub = match &named {
        Some(name) => format!("of {name}"),
        None => format::counted(page.items.len(), "report"),
    };
    let back = sla.map(|id| {
        html! { <a class="back" href=format!("/slas/{id}")>{Icon::ChevronLeft.view()} "Agreement"</a> }
    });
    let is_empty = page.items.is_empty();
    let body = if is_empty {
        html! {
            <div class="empty empty-large">
                <div class="empty-icon">{Icon::Steps.view()}</div>
                <h2>"No report yet"</h2>
                <p>"A report says how an agreement was kept over a period: availability with its bounds, each outage with its cause, credits due. It names the version of the agreement and the hash of its policy, and is kept as it was made."</p>
                {add()}
            </div>
        }
    } else {
        let rows = page.items.iter().map(row).collect_view();
        let more = page.next_cursor.is_some().then(|| {
            html! { <p class="note">"The newest are shown. All of them: /api/v1/reports."</p> }
        });
        html! {
            <section class="card">
                <div class="table-scroll" tabindex="0">
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col">"Report"</th>
                                <th scope="col">"Period"</th>
                                <th scope="col" class="cell-end">"Availability"</th>
                                <th scope="col" class="cell-end">"Outages"</th>
                                <th scope="col">"Promise"</th>
                                <th scope="col">"Asked for"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                {more}
            </section>
        }
    };
    let content = html! {
        <div class="page-head">
            <div>{back} <h1>"Reports"</h1> <p class="page-sub">{sub}</p></div>
            <div class="actions">
                <a class="button" href="/reports/schedules">{Icon::Clock.view()} "Schedules"</a>
                <a class="button" href="/slas">{Icon::Shield.view()} "Agreements"</a>
                {(!is_empty).then(add)}
            </div>
        </div>
        {body}
    };
    Ok(("Reports".to_owned(), content))
}

/// The period of a report in the words of its calendar.
pub fn period(report: &Report) -> String {
    let (from_ms, to_ms) = (report.from.timestamp_millis(), report.to.timestamp_millis());
    let zone = zone(&report.zone).unwrap_or_default();
    window_name(SlaWindow::CalendarMonth, zone, from_ms, to_ms)
}

/// How far a report is, and what it says in a word.
pub fn look(report: &Report) -> Look {
    let held = report.summary.as_ref().map(|summary| summary.is_held);
    let (tone, icon, word) = match (report.state, held) {
        (ReportState::Waiting, _) => ("paused", Icon::Clock, "Waiting"),
        (ReportState::Running, _) => ("maintenance", Icon::Clock, "Being made"),
        (ReportState::Failed, _) => ("down", Icon::Warning, "Failed"),
        (ReportState::Ready, Some(Some(true))) => ("up", Icon::Check, "Kept"),
        (ReportState::Ready, Some(Some(false))) => ("down", Icon::Cross, "Not kept"),
        (ReportState::Ready, _) => ("unknown", Icon::Question, "No data"),
    };
    Look { tone, icon, word }
}

fn row(report: &Report) -> AnyView {
    let summary = report.summary.as_ref();
    let availability = summary.map_or("–".to_owned(), |summary| {
        share(summary.time.contractual.uptime())
    });
    let outages = summary.map_or("–".to_owned(), |summary| {
        format::count(summary.mean_times.outages)
    });
    html! {
        <tr>
            <th scope="row">
                <a class="quiet-link" href=format!("/reports/{}", report.id)>{report.title.clone()}</a>
                <span class="muted">{format!(" {} v{}", report.sla_name, report.version)}</span>
            </th>
            <td>{period(report)}</td>
            <td class="num cell-end">{availability}</td>
            <td class="num cell-end">{outages}</td>
            <td>{badge(look(report))}</td>
            <td class="muted">{moment(at(report.requested_at.timestamp_millis()), Moment::Minute)}</td>
        </tr>
    }
}
