//! `/log`: the log of everything that probes have signed, for who runs it.

use super::{Page, form::refusal, words::moment};
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
    log::{Log, LogCheckpoint, LogProbe, LogState, LogWitness, LogWitnessAsked},
    protocol::problem::{Problem, ProblemType},
};
use leptos::prelude::*;

/// Writes it.
pub async fn write(client: &Client, session: &Session) -> Result<Page, Problem> {
    if !session.can_administer() {
        return Err(Problem::new(ProblemType::Forbidden).detail("The log is shown to administrators."));
    }
    let log = client.get_log().await?;
    let state = client.get_log_state().await?;
    let content = html! {
        <div class="page-head">
            <div>
                <a class="back" href="/regions">{Icon::ChevronLeft.view()} "Regions"</a>
                <h1>"Log"</h1>
                <p class="page-sub">{format!("{} · {}", leaves(log.size), kept_up(&state))}</p>
            </div>
            <form data-api="POST /api/v1/log/checkpoints" data-then="/log">
                <button class="button" r#type="submit">"Sign a checkpoint now"</button>
                {refusal()}
            </form>
        </div>
        <p class="section-about">
            "Every batch that a probe has signed becomes a leaf of a Merkle tree, whose root is signed at the end of each day. Who holds a checkpoint of the past can tell whether anything was changed since: nothing has to be taken on trust."
        </p>
        {gaps(&state)}
        {newest(log.checkpoint.as_ref())}
        {identity(&log)}
        {publication(&log, &state)}
        {chains(&state.probes)}
    };
    Ok(("Log".to_owned(), content))
}

fn kept_up(state: &LogState) -> String {
    match state.waiting {
        0 => "nothing waits".to_owned(),
        1 => "1 batch waits".to_owned(),
        waiting => format!("{} batches wait", format::count(waiting)),
    }
}

fn leaves(count: i64) -> String {
    match count {
        1 => "1 leaf".to_owned(),
        count => format!("{} leaves", format::count(count)),
    }
}

/// Days without a checkpoint are told as what they are, and not hidden.
fn gaps(state: &LogState) -> Option<AnyView> {
    let (first, last) = (state.first_missing.clone()?, state.last_missing.clone()?);
    let days = format::counted(state.missing_days as usize, "day");
    let which = if first == last {
        first
    } else {
        format!("{first} to {last}")
    };
    Some(html! {
        <div class="alert tone-degraded">
            {Icon::Warning.view()} <div>
                <strong>{format!("{days} without a checkpoint: {which}")}</strong>
                <p>"Nothing ran at their end. The next checkpoint vouches for what came on them too."</p>
            </div>
        </div>
    })
}

fn newest(checkpoint: Option<&LogCheckpoint>) -> AnyView {
    let Some(checkpoint) = checkpoint else {
        return html! {
            <section class="card log-card" aria-labelledby="newest">
                <div class="card-head"><h2 id="newest">"Newest checkpoint"</h2></div>
                <p class="note">"There is none yet. The first one is signed at the end of the first day, or when you ask for it."</p>
            </section>
        };
    };
    let why = match &checkpoint.day {
        Some(day) => format!("At the end of {day} (UTC)"),
        None => "Asked for".to_owned(),
    };
    html! {
        <section class="card log-card" aria-labelledby="newest">
            <div class="card-head"><h2 id="newest">"Newest checkpoint"</h2></div>
            <dl class="facts log-facts">
                <div><dt>"Signed"</dt><dd>{moment(checkpoint.signed_at, Moment::Second)}</dd></div>
                <div><dt>"Why"</dt><dd>{why}</dd></div>
                <div><dt>"Leaves"</dt><dd>{format::count(checkpoint.size)}</dd></div>
                <div><dt>"Root"</dt><dd><code class="hash">{checkpoint.root.clone()}</code></dd></div>
            </dl>
            <details class="fold log-note">
                <summary>"The signed note"</summary>
                <pre class="excerpt" tabindex="0">{checkpoint.note.clone()}</pre>
            </details>
        </section>
    }
}

fn identity(log: &Log) -> AnyView {
    let earlier = log.earlier_keys.iter().map(|key| {
        html! { <div><dt>"Earlier key"</dt><dd><code class="hash">{key.clone()}</code></dd></div> }
    });
    html! {
        <section class="card log-card" aria-labelledby="identity">
            <div class="card-head"><h2 id="identity">"Identity"</h2></div>
            <dl class="facts log-facts">
                <div><dt>"Origin"</dt><dd><code class="hash">{log.origin.clone()}</code></dd></div>
                <div><dt>"Key"</dt><dd><code class="hash">{log.key.clone()}</code></dd></div>
                {earlier.collect_view()}
                <div><dt>"Since"</dt><dd>{moment(log.created_at, Moment::Minute)}</dd></div>
            </dl>
            <p class="note">"Give the key to those who are to check. It is also at "<code>"/api/v1/log"</code>", which needs no session."</p>
        </section>
    }
}

fn publication(log: &Log, state: &LogState) -> AnyView {
    let to = &state.publication;
    let posted = to.url_host.as_ref().map(|host| {
        let last = to.posted_day.as_ref().map_or("nothing yet".to_owned(), |day| format!("last that of {day}"));
        let fault = to.post_error.as_ref().map(|error| html! { <p class="hint">{format!("Could not be posted: {error}. It is tried again.")}</p> });
        html! { <div><dt>"Posted to"</dt><dd>{format!("{host}, {last}")} {fault}</dd></div> }
    });
    let written = to.directory.as_ref().map(
        |path| html! { <div><dt>"Written to"</dt><dd><code class="hash">{path.clone()}</code></dd></div> },
    );
    let nowhere = (posted.is_none() && written.is_none() && log.witnesses.is_empty()).then(|| {
        html! { <p class="note">"Checkpoints go nowhere. Only what others hold keeps a log from being written anew: name a URL, a directory or witnesses in "<code>"settings.log"</code>" of the configuration file."</p> }
    });
    html! {
        <section class="card log-card" aria-labelledby="publication">
            <div class="card-head"><h2 id="publication">"Publication and witnesses"</h2></div>
            {nowhere}
            <dl class="facts log-facts">
                {posted}
                {written}
                {log.witnesses.iter().map(|known| witness(known, &state.witnesses)).collect_view()}
            </dl>
        </section>
    }
}

fn witness(witness: &LogWitness, asked: &[LogWitnessAsked]) -> AnyView {
    let asked = asked.iter().find(|asked| asked.key == witness.key);
    let how = match asked {
        Some(asked) => format!("Asked at {}.", asked.url_host),
        None => "It posts what it signs.".to_owned(),
    };
    let fault = asked.and_then(|asked| asked.error.as_ref());
    let fault = fault.map(|error| format!(" When asked last: {error}. It is asked again."));
    let name = witness.key.split('+').next().unwrap_or_default().to_owned();
    let signed = witness.size.zip(witness.signed_at).map(|(size, at)| {
        html! { "signed " {leaves(size)} ", " {moment(at, Moment::Minute)} }
    });
    html! { <div><dt>"Witness"</dt><dd><code class="hash">{name}</code> " " {signed.unwrap_or_else(|| "has signed nothing yet".into_any())} <p class="hint">{how} {fault}</p></dd></div> }
}

fn chains(probes: &[LogProbe]) -> AnyView {
    if probes.is_empty() {
        return html! { <p class="note">"No probe is enrolled."</p> };
    }
    let rows = probes.iter().map(chain).collect_view();
    html! {
        <section class="card table-card log-card" aria-label="Chains of probes">
            <div class="table-scroll" tabindex="0">
                <table class="table">
                    <thead><tr><th scope="col">"Probe"</th><th scope="col">"Region"</th><th scope="col">"In the log"</th><th scope="col">"Chain"</th><th scope="col">"Dropped"</th><th scope="col">"Enrolment"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn chain(probe: &LogProbe) -> AnyView {
    let look = match probe.chain_breaks {
        0 => Look {
            tone: "up",
            icon: Icon::Check,
            word: "Unbroken",
        },
        _ => Look {
            tone: "degraded",
            icon: Icon::Warning,
            word: "Has gaps",
        },
    };
    let gaps = (probe.chain_breaks > 0).then(|| format!(" {}", format::count(probe.chain_breaks)));
    let logged = match probe.last_seq - probe.logged_seq {
        0 => format::count(probe.logged_seq),
        _ => format!(
            "{} of {}",
            format::count(probe.logged_seq),
            format::count(probe.last_seq)
        ),
    };
    let enrolled = probe
        .enrolled_at
        .map_or_else(|| "Not kept".into_any(), |at| moment(at, Moment::Minute));
    html! {
        <tr>
            <th scope="row"><code>{probe.fingerprint.clone()}</code></th>
            <td>{probe.region.clone()}</td>
            <td>{logged}</td>
            <td>{badge(look)} {gaps}</td>
            <td>{format::count(probe.dropped)}</td>
            <td>{enrolled}</td>
        </tr>
    }
}
