//! `/status/{slug}/sla`: the agreements that a page shows, and what of them stands on the page itself.

use super::{
    agreement_words::{
        bounds, length, ppm_percent, promise, rules, share, span_name, window_name, window_title,
    },
    frame::{Document, Frame, Head, Seen},
    looks::Look,
    texts::{Texts, attribute, escape},
};
use crate::components::icon::Icon;
use edgewatch_client::{
    public_sla::{PromiseState, PublicExclusion, PublicReport, PublicSla},
    public_status::StatusSnapshot,
    sla::SlaPast,
};
use edgewatch_domain::sla::{SlaTime, SlaWindow, SlaWindowFigures};
use leptos::prelude::*;
use std::fmt::Write as _;

/// Agreements that stand on the page itself; the others are behind its link.
const ON_THE_PAGE: usize = 5;

/// The page of agreements. `installation` is what addresses of the dashboard begin with: scheme and host, or nothing where it
/// is at the page's own; `None` where that is not known.
pub fn service_levels_page(
    frame: &Frame<'_>,
    snapshot: &StatusSnapshot,
    installation: Option<&str>,
) -> Document {
    let texts = frame.texts();
    let page = &snapshot.page;
    let head = Head {
        title: texts.tell("service-levels-title", [("page", page.title.as_str().into())]),
        description: String::new(),
        page: Some(page),
        canonical: Some("/sla".to_owned()),
    };
    let as_of = texts.markup("as-of", [("moment", texts.moment_html(snapshot.taken_at))]);
    let slas = snapshot
        .slas
        .iter()
        .map(|sla| agreement(frame, sla))
        .collect_view();
    let content = html! {
        <div class="column">
            {frame.age(snapshot.taken_at)}
            <a class="back" href=frame.link("")>{Icon::ChevronLeft.view()} {texts.say("back-to-status")}</a>
            <div class="month-head"><h1>{texts.say("service-levels")}</h1></div>
            <p class="quiet sla-as-of" inner_html=as_of></p>
            {slas}
            {verify(texts, snapshot, installation)}
        </div>
    };
    frame.document(head, content)
}

/// What stands on the page itself: how each promise stands, in a line.
pub(super) fn summary(frame: &Frame<'_>, snapshot: &StatusSnapshot) -> Option<AnyView> {
    if snapshot.slas.is_empty() {
        return None;
    }
    let texts = frame.texts();
    let rows = snapshot.slas.iter().take(ON_THE_PAGE).map(|sla| {
        html! {
            <li class="sla-line">
                <div>
                    <span class="component-name">{sla.name.clone()}</span>
                    <p class="component-about">{promise(texts, sla)}</p>
                </div>
                <span class="figures">
                    <span class="figure">{share(texts, sla.figures.time.contractual.uptime())}</span>
                    {look(&sla.figures).label(texts)}
                </span>
            </li>
        }
    });
    Some(html! {
        <section class="part">
            <h2>{texts.say("service-levels")}</h2>
            <ul class="card components">{rows.collect_view()}</ul>
            <p><a class="more" href=frame.link("/sla")>{texts.say("sla-table")} {Icon::ChevronRight.view()}</a></p>
        </section>
    })
}

fn look(figures: &SlaWindowFigures) -> Look {
    let (tone, icon, word) = match PromiseState::of(figures.is_held, &figures.budget) {
        PromiseState::NoData => ("unknown", Icon::Question, "no-data"),
        PromiseState::Broken => ("down", Icon::Cross, "sla-broken"),
        PromiseState::Below => ("degraded", Icon::Warning, "sla-below"),
        PromiseState::AtRisk => ("degraded", Icon::Warning, "sla-risk"),
        PromiseState::Kept => ("up", Icon::Check, "sla-kept"),
    };
    Look { tone, icon, word }
}

fn agreement(frame: &Frame<'_>, sla: &PublicSla) -> AnyView {
    let texts = frame.texts();
    let id = format!("sla-{}", sla.id);
    let history = (!sla.history.is_empty()).then(|| history(texts, sla));
    html! {
        <section class="card sla" aria-labelledby=id.clone()>
            <div class="sla-head">
                <div>
                    <h2 id=id.clone()>{sla.name.clone()}</h2>
                    <p class="component-about">{promise(texts, sla)}</p>
                </div>
                {look(&sla.figures).badge(texts)}
            </div>
            {standing(texts, sla)}
            {history}
            {sla.exclusions.as_deref().map(|left_out| exclusions(texts, left_out))}
            {reports(frame, sla)}
            <div class="sla-rules">
                <p>{rules(texts, sla)}</p>
                <p>{texts.tell("sla-policy", [("n", sla.version.into())])} " " <code>{sla.hash.clone()}</code></p>
            </div>
        </section>
    }
}

fn standing(texts: Texts, sla: &PublicSla) -> AnyView {
    let figures = &sla.figures;
    let time = &figures.time;
    let budget = &figures.budget;
    let small = |text: Option<String>| text.map(|text| html! { <small>{text}</small> });
    let left = match budget.remaining_ppm {
        None => texts.say("no-data"),
        Some(..0) => texts.tell(
            "sla-overspent",
            [("length", texts.length(-budget.remaining_ms).into())],
        ),
        Some(_) => texts.length(budget.remaining_ms),
    };
    let of = budget
        .remaining_ppm
        .map(|_| texts.tell("sla-budget-of", [("total", texts.length(budget.total_ms).into())]));
    let best = sla
        .best_ppm
        .filter(|_| !matches!(sla.window, SlaWindow::RollingDays(_)))
        // As shares are: three decimals, rounded downwards.
        .map(|ppm| texts.tell("sla-best", [("share", ppm_percent(texts, ppm / 10 * 10).into())]));
    let name = match sla.window {
        SlaWindow::RollingDays(_) => window_name(texts, sla, figures),
        _ => window_title(texts, sla, figures),
    };
    html! {
        <h3>{name}</h3>
        <dl class="sla-board">
            <div class="sla-first">
                <dt>{texts.say("sla-availability")}</dt>
                <dd>{share(texts, time.contractual.uptime())} {small(bounds(texts, &time.contractual))} {small(best)}</dd>
            </div>
            <div>
                <dt>{texts.say("sla-strict")}</dt>
                <dd>{share(texts, time.strict.uptime())} {small(bounds(texts, &time.strict))} <small>{texts.say("sla-strict-hint")}</small></dd>
            </div>
            <div>
                <dt>{texts.say("sla-coverage")}</dt>
                <dd>{share(texts, time.coverage())} <small>{texts.say("sla-coverage-hint")}</small></dd>
            </div>
            <div>
                <dt>{texts.say("sla-budget")}</dt>
                <dd>{left} {small(of)}</dd>
            </div>
        </dl>
        {budget_bar(texts, figures)}
    }
}

/// What is left of the budget as a bar, which a text says as well.
fn budget_bar(texts: Texts, figures: &SlaWindowFigures) -> AnyView {
    let left = figures.budget.remaining_ppm.unwrap_or(0).clamp(0, 1_000_000);
    let label = format!(
        "{}: {}",
        texts.say("sla-budget"),
        ppm_percent(texts, left / 10_000 * 10_000)
    );
    html! {
        <svg class=format!("sla-bar tone-{}", look(figures).tone) viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label=label>
            <rect class="sla-bar-ground" width="1000" height="10" />
            <rect class="sla-bar-left" width=(left / 1_000).to_string() height="10" />
        </svg>
    }
}

fn history(texts: Texts, sla: &PublicSla) -> AnyView {
    let earliest_first = || sla.history.iter().rev();
    let hint = texts.tell(
        "sla-bars",
        [("sla", sla.name.as_str().into()), ("n", sla.history.len().into())],
    );
    let mut bars = format!("<legend class=\"sr-only\">{}</legend>", escape(&hint));
    for (i, past) in earliest_first().enumerate() {
        let figures = &past.figures;
        let words = [
            window_title(texts, sla, figures),
            share(texts, figures.time.contractual.uptime()),
            texts.say(look(figures).word),
        ];
        let tone = look(figures).tone;
        let class = if tone == "unknown" { "none" } else { tone };
        let _ = write!(
            bars,
            "<input type=\"radio\" name=\"w{}\" class=\"{class}\"",
            sla.id
        );
        attribute(&mut bars, "aria-label", &words.join("\n"));
        bars.push_str(if i + 1 == sla.history.len() {
            " checked autocomplete=\"off\">"
        } else {
            ">"
        });
    }
    let last = earliest_first().next_back().filter(|_| sla.history.len() > 1);
    let ends = [earliest_first().next(), last]
        .map(|past| past.map(|past| html! { <span>{window_name(texts, sla, &past.figures)}</span> }));
    let rows = sla
        .history
        .iter()
        .map(|past| row(texts, sla, past))
        .collect_view();
    html! {
        <div class="sla-history">
            <h3>{texts.say("history")}</h3>
            <div class="sla-bars">
                <fieldset class="days" inner_html=bars></fieldset>
                <p class="sla-axis" aria-hidden="true">{ends.into_iter().collect_view()}</p>
            </div>
            <details class="sla-more">
                <summary>{Icon::ChevronRight.view()} {texts.say("sla-table")}</summary>
                <div class="sla-scroll" tabindex="0" role="region" aria-label=texts.say("history")>
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">{texts.say("sla-window")}</th>
                                <th scope="col">{texts.say("sla-availability")}</th>
                                <th scope="col">{texts.say("sla-strict")}</th>
                                <th scope="col">{texts.say("sla-coverage")}</th>
                                <th scope="col">{texts.say("sla-down")}</th>
                                <th scope="col"><span class="sr-only">{texts.say("badge-status")}</span></th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </details>
        </div>
    }
}

fn row(texts: Texts, sla: &PublicSla, past: &SlaPast) -> AnyView {
    let figures = &past.figures;
    let time: &SlaTime = &figures.time;
    let between = bounds(texts, &time.contractual).map(|text| html! { <small>{text}</small> });
    html! {
        <tr>
            <th scope="row">
                {window_title(texts, sla, figures)}
                <small>{ppm_percent(texts, past.objective_ppm)}</small>
            </th>
            <td>{share(texts, time.contractual.uptime())} {between}</td>
            <td>{share(texts, time.strict.uptime())}</td>
            <td>{share(texts, time.coverage())}</td>
            <td>{length(texts, time.contractual.down_ms)}</td>
            <td>{look(figures).label(texts)}</td>
        </tr>
    }
}

fn exclusions(texts: Texts, left_out: &[PublicExclusion]) -> AnyView {
    let rows = left_out.iter().map(|one| {
        let span = texts.markup(
            "from-to",
            [("from", texts.moment_html(one.from)), ("to", texts.moment_html(one.to))],
        );
        html! { <li><span class="quiet" inner_html=span></span> <p class="prose">{one.reason.clone()}</p></li> }
    });
    let list = if left_out.is_empty() {
        html! { <p class="quiet">{texts.say("sla-none-excluded")}</p> }
    } else {
        html! { <ul class="sla-exclusions">{rows.collect_view()}</ul> }
    };
    html! { <div><h3>{texts.say("sla-excluded")}</h3> {list}</div> }
}

/// Reports are at the aggregator: whoever sees the page while it is away is not led to them.
fn reports(frame: &Frame<'_>, sla: &PublicSla) -> Option<AnyView> {
    if sla.reports.is_empty() || frame.seen == Seen::Later {
        return None;
    }
    let texts = frame.texts();
    let row = |report: &PublicReport| {
        let [from, to] = [report.from, report.to].map(|at| at.timestamp_millis());
        let name = span_name(texts, sla, from, to);
        let base = format!("{}/sla/reports/{}", frame.base, report.id);
        let file = |format: &str| {
            let label = format!("{name}, {}", format.to_uppercase());
            html! { <a href=format!("{base}/{format}") aria-label=label>{format.to_uppercase()}</a> }
        };
        let bundle = sla.has_bundles.then(|| {
            let label = format!("{name}, {}", texts.say("sla-bundle"));
            html! { <a href=format!("{base}/bundle") aria-label=label>{Icon::Shield.view()} {texts.say("sla-bundle")}</a> }
        });
        html! {
            <li>
                <a class="sla-report" href=base.clone()>{name.clone()}</a>
                <span class="sla-files">{file("pdf")} {file("xlsx")} {file("csv")} {file("json")} {bundle}</span>
            </li>
        }
    };
    Some(html! {
        <div>
            <h3>{texts.say("sla-reports")}</h3>
            <ul class="sla-reports">{sla.reports.iter().map(row).collect_view()}</ul>
        </div>
    })
}

fn verify(texts: Texts, snapshot: &StatusSnapshot, installation: Option<&str>) -> AnyView {
    let link = installation.map(|origin| {
        html! { <p><a class="more" href=format!("{origin}/verify")>{Icon::Shield.view()} {texts.say("sla-verify-link")}</a></p> }
    });
    let key = snapshot
        .log_key
        .clone()
        .map(|key| html! { <p class="sla-key">{texts.say("sla-log-key")} <code>{key}</code></p> });
    html! {
        <section class="part">
            <h2>{texts.say("sla-verify")}</h2>
            <p class="prose">{texts.say("sla-verify-hint")}</p>
            {key}
            {link}
        </section>
    }
}

#[cfg(test)]
mod tests;
