//! How a heartbeat monitor's job calls in: its secret address, ready-made lines, and when it was heard of last.

use super::{Monitor, call_lines, is_called};
use crate::{
    api::use_client,
    components::{
        copy::copy_button,
        icon::Icon,
        loading::alert,
        moment::{ago, moment},
        question::{Question, question},
    },
    format::Moment,
    session::use_session,
};
use edgewatch_client::{heartbeat::Heartbeat, protocol::problem::Problem};
use leptos::{prelude::*, task::spawn_local};

/// The section, for monitors that are called.
pub fn calls(monitor: RwSignal<Monitor>, fresh: RwSignal<u32>) -> Option<AnyView> {
    let monitor = monitor.get_untracked();
    if !is_called(&monitor) {
        return None;
    }
    let content = if use_session().can_edit() {
        let expression = monitor.settings.check.0["schedule"]["expression"]
            .as_str()
            .map(str::to_owned);
        for_editors(monitor.id, expression, fresh)
    } else {
        html! { <p class="note">"The job calls a secret address in, which editors and administrators see here."</p> }
    };
    Some(html! {
        <section class="section card" aria-labelledby="calls-title">
            <div class="card-head"><h2 id="calls-title">"How the job calls in"</h2></div>
            {content}
        </section>
    })
}

/// Not part of the first page: the address is a secret that few who look at the page are after.
fn for_editors(id: i32, expression: Option<String>, fresh: RwSignal<u32>) -> AnyView {
    let heartbeat = RwSignal::new(None::<Heartbeat>);
    let problem = RwSignal::new(None::<Problem>);
    let client = use_client();
    let take = move |answer: Result<Heartbeat, Problem>| match answer {
        Ok(now) => {
            let _ = heartbeat.try_set(Some(now));
            let _ = problem.try_set(None);
        }
        Err(refusal) => {
            let _ = problem.try_set(Some(refusal));
        }
    };
    let reader = client.clone();
    let read = Callback::new(move |()| {
        let client = reader.clone();
        spawn_local(async move { take(client.get_heartbeat(id).await) });
    });
    Effect::new(move || {
        fresh.track();
        read.run(());
    });
    let rotate = Callback::new(move |()| {
        let client = client.clone();
        spawn_local(async move { take(client.rotate_heartbeat(id).await) });
    });
    let url = Memo::new(move |_| {
        let heartbeat = heartbeat.get();
        heartbeat.map(|heartbeat| heartbeat.url)
    });
    let failure = move || {
        let problem = problem.get();
        problem.map(|problem| {
            html! {
                <div class="stack">
                    {alert(&problem)}
                    <div class="actions">
                        <button class="button" r#type="button" on:click=move |_| read.run(())>{Icon::Retry.view()} "Try again"</button>
                    </div>
                </div>
            }
        })
    };
    let content = move || match url.get() {
        Some(url) => address(url, expression.clone(), rotate),
        None if problem.with(Option::is_some) => ().into_any(),
        None => html! { <div class="skeleton skeleton-row"></div> },
    };
    html! {
        <div class="calls">
            {move || failure()}
            {move || { let heartbeat = heartbeat.get(); heartbeat.map(|heartbeat| heard(&heartbeat)) }}
            {move || content()}
        </div>
    }
}

/// When the job was heard of, and when it is expected.
fn heard(heartbeat: &Heartbeat) -> AnyView {
    let at = |label: &'static str, at| {
        html! { <div><dt>{label}</dt><dd>{match at { Some(at) => ago(at), None => "never".into_any() }}</dd></div> }
    };
    let due = |label: &'static str, due: Option<_>| {
        due.map(|due| html! { <div><dt>{label}</dt><dd>{moment(due, Moment::Second)}</dd></div> })
    };
    html! {
        <dl class="tiles">
            {at("Last call", heartbeat.last_call_at)}
            {match heartbeat.running_since {
                Some(since) => at("Runs since", Some(since)),
                None => at("Last end", heartbeat.last_end_at),
            }}
            {due("Expected next", heartbeat.expected_at)}
            {due("Down from", heartbeat.late_at)}
        </dl>
    }
}

fn address(url: String, expression: Option<String>, rotate: Callback<()>) -> AnyView {
    let chosen = RwSignal::new(0_usize);
    let ways = call_lines::WAYS
        .iter()
        .enumerate()
        .map(|(way, (label, _))| {
            let pressed = move || { let chosen = chosen.get(); if chosen == way { "true" } else { "false" } };
            html! {
                <button r#type="button" aria-pressed=move || pressed() on:click=move |_| chosen.set(way)>{*label}</button>
            }
        })
        .collect_view();
    let asked = Question {
        button: ("button button-small", Icon::Retry, "New address"),
        title: "Give it a new address?",
        about: "The address that there is now is over at once: calls to it are not heard any more, and the monitor goes down unless the job calls the new one in time.",
        yes: "Give a new one",
    };
    let shown = url.clone();
    let lines = move || {
        let chosen = chosen.get();
        call_lines::lines(chosen, &url, expression.as_deref())
    };
    html! {
        <div class="secret">
            <code id="call-address">{shown}</code>
            <div class="actions">
                {copy_button("call-address", "the address")}
                {question(asked, ().into_any(), rotate)}
            </div>
        </div>
        <p class="hint">
            "Whoever has it can call in, so keep it as a password. With " <code>"/start"</code> " the job begins, with "
            <code>"/fail"</code> " it has failed, with an exit code it has ended so; a short body is kept as its message."
        </p>
        <div class="lines-head">
            <div class="segments" role="group" aria-label="Where the job runs">{ways}</div>
            {copy_button("call-lines", "these lines")}
        </div>
        <pre class="excerpt" id="call-lines" tabindex="0">{move || lines()}</pre>
    }
}
