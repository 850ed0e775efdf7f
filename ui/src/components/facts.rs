//! What a check shows beside what all show, by its type: certificates, records, round trips, replies, steps. The facts are
//! read as the JSON that they are; what is not there is not shown.

use crate::{
    components::{
        certificate::{certificate, date, days_left},
        icon::Icon,
        state_badge::{badge, of_outcome},
        waterfall::waterfall,
    },
    format,
};
use edgewatch_client::{
    check_document::read,
    protocol::observation::{CertificateFacts, Outcome},
};
use leptos::prelude::*;
use serde_json::Value;

/// The facts, if there are any.
pub fn facts(facts: &Value) -> Option<AnyView> {
    Some(match facts["of"].as_str()? {
        "tls" => tls(facts),
        "dns" => dns(facts),
        "domain" => domain(facts),
        "ping" => ping(facts),
        "reply" => reply(facts),
        "grpc" => grpc(facts),
        "steps" => steps(facts),
        _ => return None,
    })
}

fn section(title: &'static str, content: AnyView) -> AnyView {
    html! { <section><h3>{title}</h3>{content}</section> }
}

/// A label and what stands for it, if anything does.
fn told(label: &'static str, value: &Value) -> Option<AnyView> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(html! { <div><dt>{label}</dt><dd>{text}</dd></div> })
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn texts(value: &Value) -> Vec<String> {
    items(value)
        .iter()
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

fn tls(facts: &Value) -> AnyView {
    let trust = facts["not_trusted"].as_str().map(|why| {
        html! { <p class="sight-message">"Not trusted: " {why.to_owned()}</p> }
    });
    let chain: Vec<CertificateFacts> = read(&facts["chain"]).unwrap_or_default();
    let count = chain.len();
    let certificates = chain
        .iter()
        .enumerate()
        .map(|(i, facts)| {
            html! {
                <details class="fold" open=i == 0>
                    <summary>
                        <span class="fold-title">{facts.subject.clone()}</span>
                        {days_left(facts.not_after_ms)}
                    </summary>
                    {certificate(facts)}
                </details>
            }
        })
        .collect_view();
    html! {
        <section>
            <h3>"Chain of " {format::counted(count, "certificate")}</h3>
            {trust}
            {certificates}
        </section>
    }
}

fn dns(facts: &Value) -> AnyView {
    let records = items(&facts["records"])
        .iter()
        .map(|record| {
            html! {
                <li>
                    <code>{record["value"].as_str().unwrap_or_default().to_owned()}</code>
                    <span class="num muted">{format::span(record["ttl_s"].as_i64().unwrap_or_default() * 1_000)}</span>
                </li>
            }
        })
        .collect_view();
    let aliases = texts(&facts["aliases"]).join(" → ");
    let authenticated = if facts["authenticated"] == true {
        "yes (DNSSEC)"
    } else {
        "no"
    };
    let content = html! {
        {(!items(&facts["records"]).is_empty()).then(|| html! { <ul class="records">{records}</ul> })}
        <dl class="facts">
            {told("Code", &facts["code"])}
            {(!aliases.is_empty()).then(|| html! { <div><dt>"Through"</dt><dd>{aliases}</dd></div> })}
            <div><dt>"Authenticated"</dt><dd>{authenticated}</dd></div>
            {told("Server", &facts["server"])}
        </dl>
    };
    section("Answer", content)
}

fn domain(facts: &Value) -> AnyView {
    let expires = facts["expires_ms"].as_i64().map(|ms| {
        html! { <div><dt>"Ends"</dt><dd>{date(ms)} " " {days_left(ms)}</dd></div> }
    });
    let statuses = texts(&facts["statuses"]);
    let list = statuses
        .iter()
        .map(|status| html! { <li>{status.clone()}</li> })
        .collect_view();
    let content = html! {
        <dl class="facts">
            {expires}
            {told("Registrar", &facts["registrar"])}
            {(!statuses.is_empty()).then(|| html! { <div><dt>"Statuses"</dt><dd><ul class="name-list">{list}</ul></dd></div> })}
            {told("Server", &facts["server"])}
        </dl>
    };
    section("Registration", content)
}

fn ping(facts: &Value) -> AnyView {
    let count = |name: &str| facts[name].as_i64().unwrap_or_default();
    let (sent, received) = (count("sent"), count("received"));
    // Rounded up: a lost packet is never 0 %.
    let loss = if sent > 0 {
        ((sent - received) * 100 + sent - 1) / sent
    } else {
        0
    };
    let figure = |label: &'static str, text: String| {
        html! { <div><dt>{label}</dt><dd class="num">{text}</dd></div> }
    };
    let time = |label, name: &str| facts[name].as_i64().map(|us| figure(label, format::micros(us)));
    let content = html! {
        <dl class="tiles">
            {figure("Loss", format!("{loss} %"))}
            {figure("Answers", format!("{received} of {sent}"))}
            {time("Shortest", "min_us")}
            {time("Mean", "mean_us")}
            {time("Longest", "max_us")}
            {time("Jitter", "jitter_us")}
        </dl>
    };
    section("Round trips", content)
}

fn reply(facts: &Value) -> AnyView {
    let text = facts["text"].as_str().unwrap_or_default().to_owned();
    let content = html! {
        {(!text.is_empty()).then(|| html! { <pre class="excerpt" tabindex="0">{text}</pre> })}
        <dl class="facts">
            {told("Exit code", &facts["exit_code"])}
            <div><dt>"Size"</dt><dd class="num">{format::bytes(facts["bytes"].as_u64().unwrap_or_default())}</dd></div>
        </dl>
    };
    section("Reply", content)
}

fn grpc(facts: &Value) -> AnyView {
    let content = html! {
        <dl class="facts">
            {told("Health", &facts["serving"])}
            {told("Status code", &facts["status"])}
        </dl>
    };
    section("Health service", content)
}

fn steps(facts: &Value) -> AnyView {
    let steps = items(&facts["steps"])
        .iter()
        .enumerate()
        .map(|(i, step)| {
            let look = read::<Outcome>(&step["outcome"]).map(|outcome| of_outcome(outcome.state()));
            let up = look.is_ok_and(|look| look.tone == "up");
            let total_us = step["total_us"].as_i64().unwrap_or_default();
            let phases = read(&step["phases"]).unwrap_or_default();
            let name = step["name"].as_str().unwrap_or_default().to_owned();
            html! {
                <details class="fold" open=!up>
                    <summary>
                        <span class="fold-title">{format!("{}. {name}", i + 1)}</span>
                        <span class="num muted">{format::micros(total_us)}</span>
                        {look.ok().map(badge)}
                    </summary>
                    {step["message"].as_str().map(|message| html! { <p class="sight-message">{Icon::Warning.view()} {message.to_owned()}</p> })}
                    {waterfall(&phases, total_us)}
                    <dl class="facts">{told("Status", &step["http"]["status"])} {told("Protocol", &step["http"]["protocol"])}</dl>
                </details>
            }
        })
        .collect_view();
    section("Steps", steps.into_any())
}
