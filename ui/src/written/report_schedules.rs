//! `/reports/schedules`: reports that are made and mailed regularly.

use super::{
    Page,
    form::{field, flag, problem, refusal},
    words::moment,
};
use crate::{
    components::{field::input_id, icon::Icon},
    format::Moment,
    session::Session,
};
use edgewatch_client::{
    Client,
    protocol::problem::Problem,
    report_schedule::{ReportRhythm, ReportSchedule, ScheduledReport},
    sla::Sla,
};
use leptos::prelude::*;

/// Writes it.
pub async fn write(client: &Client, session: &Session) -> Result<Page, Problem> {
    let schedules = client.list_report_schedules().await?;
    let can_edit = session.can_edit();
    let slas = if can_edit {
        client.list_slas().await?
    } else {
        Vec::new()
    };
    let list = if schedules.is_empty() {
        html! { <p class="note">"No report is made by itself yet."</p> }
    } else {
        let rows = schedules
            .iter()
            .map(|schedule| row(schedule, can_edit))
            .collect_view();
        html! {
            <div class="table-scroll" tabindex="0">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Agreement"</th>
                            <th scope="col">"Each"</th>
                            <th scope="col">"Mailed to"</th>
                            <th scope="col">"Next"</th>
                            <th scope="col">"Last"</th>
                            {can_edit.then(|| html! { <th scope="col"><span class="sr-only">"Delete"</span></th> })}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
    };
    let content = html! {
        <div class="page-head">
            <div>
                <a class="back" href="/reports">{Icon::ChevronLeft.view()} "Reports"</a>
                <h1>"Report schedules"</h1>
                <p class="page-sub">"Made three hours after the end of each day, week, month or quarter, and mailed."</p>
            </div>
        </div>
        <section class="card">{list}</section>
        {(can_edit && !slas.is_empty()).then(|| add(&slas))}
    };
    Ok(("Report schedules".to_owned(), content))
}

fn name_of(rhythm: ReportRhythm) -> &'static str {
    match rhythm {
        ReportRhythm::Daily => "day",
        ReportRhythm::Weekly => "week",
        ReportRhythm::Monthly => "month",
        ReportRhythm::Quarterly => "quarter",
    }
}

fn row(schedule: &ReportSchedule, can_edit: bool) -> AnyView {
    let settings = &schedule.settings;
    let form = format!(
        "{} {}{}",
        settings.format.as_str().to_uppercase(),
        if settings.attached {
            "attached"
        } else {
            "by a link"
        },
        if settings.bundle { ", with the bundle" } else { "" }
    );
    let remove = can_edit.then(|| {
        let api = format!("DELETE /api/v1/report-schedules/{}", schedule.id);
        html! {
            <td class="cell-end">
                <form data-api=api data-then="/reports/schedules">
                    <button class="button button-small" r#type="submit" aria-label=format!("Delete the schedule of {}", schedule.sla_name)>
                        {Icon::Bin.view()}
                    </button>
                </form>
            </td>
        }
    });
    html! {
        <tr>
            <th scope="row">
                <a class="quiet-link" href=format!("/slas/{}", settings.sla)>{schedule.sla_name.clone()}</a>
            </th>
            <td>{name_of(settings.rhythm)}</td>
            <td>{settings.recipients.join(", ")} <span class="muted">{format!(" {form}")}</span></td>
            <td class="muted">{moment(schedule.next_at, Moment::Minute)}</td>
            <td>{schedule.last.as_ref().map(last)}</td>
            {remove}
        </tr>
    }
}

fn last(last: &ScheduledReport) -> AnyView {
    let mut words = vec![format!("sent to {}", last.sent)];
    if last.waiting > 0 {
        words.push(format!("{} to go", last.waiting));
    }
    if last.refused > 0 {
        words.push(format!("not to {}", last.refused));
    }
    let failure = last
        .failure
        .clone()
        .map(|why| html! { <span class="muted">{format!(" {why}")}</span> });
    html! {
        <a class="quiet-link" href=format!("/reports/{}", last.report)>{words.join(", ")}</a>
        {failure}
    }
}

fn add(slas: &[Sla]) -> AnyView {
    let agreements = slas
        .iter()
        .map(|sla| html! { <option value=sla.id.to_string()>{sla.settings.name.clone()}</option> })
        .collect_view();
    let select = |pointer: &'static str, name: &'static str, kind: &'static str, options: AnyView| {
        html! {
            <span class="select">
                <select class="input" id=input_id(pointer) name=name data-kind=kind>{options}</select>
            </span>
        }
    };
    let rhythms = html! {
        <option value="daily">"Day"</option>
        <option value="weekly">"Week"</option>
        <option value="monthly" selected>"Month"</option>
        <option value="quarterly">"Quarter"</option>
    };
    let formats = html! {
        <option value="pdf">"PDF"</option>
        <option value="html">"HTML"</option>
        <option value="xlsx">"XLSX"</option>
        <option value="csv">"CSV"</option>
        <option value="json">"JSON"</option>
    };
    let recipients = html! {
        <input class="input" id=input_id("/recipients") name="recipients" data-kind="list" autocomplete="off" placeholder="ann@customer.example, ben@customer.example" aria-describedby="problem-recipients" />
    };
    html! {
        <section class="section card" aria-labelledby="new-title">
            <div class="card-head"><h2 id="new-title">"New schedule"</h2></div>
            <form class="written-form report-form" data-api="POST /api/v1/report-schedules" data-then="/reports/schedules" novalidate>
                {field("/sla", "Agreement", "", select("/sla", "sla", "number", agreements.into_any()))}
                {field("/rhythm", "A report of each", "", select("/rhythm", "rhythm", "text", rhythms))}
                {field("/format", "As", "", select("/format", "format", "text", formats))}
                {field("/recipients", "Mailed to", "Addresses with commas between them, at most 20.", recipients)}
                <label class="check">
                    <input r#type="checkbox" name="attached" data-kind="flag" checked />
                    <span>"Attach the file. Else there is a link in the mail, good for 30 days."</span>
                </label>
                {problem("/attached")}
                {flag("bundle", false, "A link to the bundle that it is verified by", "Whole batches are in it, with what the same probes saw of other monitors.")}
                {refusal()}
                <div class="actions"><button class="button button-primary" r#type="submit">"Save"</button></div>
            </form>
        </section>
    }
}
