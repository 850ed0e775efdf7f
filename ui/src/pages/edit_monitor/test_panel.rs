//! Trying the check once, before it is saved.

use super::{FormState, check_fields::CheckType, draft::Draft, unreadable_fields};
use crate::{
    api::use_client,
    components::{
        field::{Binding, select},
        icon::Icon,
        loading::alert,
        sight_panel::{place_words, sight_panel},
    },
};
use edgewatch_client::{
    Client,
    check_document::SightDocument,
    protocol::{batch::Place, problem::Problem},
    test_run::{self, TestRunRequest},
};
use leptos::{prelude::*, task::spawn_local};
use std::time::Duration;

type TestReport = test_run::TestReport<SightDocument>;
type TestRun = test_run::TestRun<SightDocument>;

/// How the test stands.
#[derive(Clone)]
enum Standing {
    /// None was asked for.
    Idle,
    /// It runs, or waits for the region's next tick.
    Waiting(Option<String>),
    /// It is over.
    Done(Box<TestReport>),
    /// It could not be made.
    Failed(Problem),
}

/// How often a region's test is asked after, and for how long: regions tick each minute.
const POLL: Duration = Duration::from_secs(2);
const POLLS: u32 = 90;

/// What stands beside the form.
pub fn aside(state: FormState, known: &'static CheckType) -> AnyView {
    if known.is_probed() {
        test_panel(state)
    } else {
        calls()
    }
}

/// What a job will do.
fn calls() -> AnyView {
    html! {
        <section class="card test-panel" aria-labelledby="calls-title">
            <div class="card-head"><h2 id="calls-title">"How a job calls in"</h2></div>
            <div class="calls">
                <p>"The monitor gets a secret address, which its page shows to editors once it is created. The job calls it when it has run:"</p>
                <dl class="facts">
                    <div><dt><code>"…"</code></dt><dd>"It succeeded."</dd></div>
                    <div><dt><code>"…/start"</code></dt><dd>"It began; how long it runs is measured from here."</dd></div>
                    <div><dt><code>"…/fail"</code></dt><dd>"It failed."</dd></div>
                    <div><dt><code>"…/$?"</code></dt><dd>"Its exit code: 0 succeeded, any other failed."</dd></div>
                </dl>
                <p class="hint">"Without a call in time, and after the grace period, the monitor is down."</p>
            </div>
        </section>
    }
}

fn test_panel(state: FormState) -> AnyView {
    let client = use_client();
    let standing = RwSignal::new(Standing::Idle);
    let region = RwSignal::new(String::new());
    let needed = state.needed();
    let choices = Signal::derive(move || {
        let needed = needed.get();
        let mut choices = vec![(String::new(), "the aggregator, at once".to_owned())];
        state.regions.with_value(|regions| {
            let able = regions.iter().filter(|region| region.lacks(&needed).is_none());
            choices.extend(able.map(|region| (region.name.clone(), region.name.clone())));
        });
        choices
    });
    let run = move |_| {
        let settings = match state.draft.with_untracked(Draft::to_settings) {
            Ok(settings) => settings,
            Err(errors) => {
                state.problem.set(Some(unreadable_fields(errors)));
                return;
            }
        };
        // One that was chosen and cannot do it any more is not on offer.
        let asked = region.get_untracked();
        let offered = choices.with_untracked(|choices| choices.iter().any(|(name, _)| *name == asked));
        let asked = asked
            .parse::<edgewatch_client::protocol::name::Region>()
            .ok()
            .filter(|_| offered);
        let request = TestRunRequest {
            check: settings.check,
            timeout_ms: settings.timeout_ms,
            region: asked,
            monitor: state.monitor,
        };
        let client = client.clone();
        state.problem.set(None);
        standing.set(Standing::Waiting(
            request.region.as_ref().map(|region| region.as_str().to_owned()),
        ));
        spawn_local(async move {
            match client.create_test(&request).await {
                Ok(run) => follow(client, run, standing, POLLS),
                Err(problem) => {
                    // Fields of the check have the same pointers in both requests.
                    state.problem.set(Some(problem.clone()));
                    let _ = standing.try_set(Standing::Failed(problem));
                }
            }
        });
    };
    let binding = Binding {
        get: region.into(),
        set: Callback::new(move |name| region.set(name)),
    };
    let waiting = move || standing.with(|standing| matches!(standing, Standing::Waiting(_)));
    let outcome = move || {
        standing.with(|standing| match standing {
            Standing::Idle => html! {
                <div class="test-idle">
                    <p class="muted">"Check once, now, and see every phase, the certificate and what fails. Nothing is stored."</p>
                </div>
            },
            Standing::Waiting(region) => {
                let text = match region {
                    Some(region) => format!("Waiting for {region}'s next tick, up to a minute …"),
                    None => "Checking …".to_owned(),
                };
                html! { <div class="test-waiting"><span class="spinner" aria-hidden="true"></span> {text}</div> }
            }
            Standing::Done(report) => html! {
                {(report.place != Place::default())
                    .then(|| html! { <p class="sheet-sub">"Seen from " {place_words(&report.place)}</p> })}
                {sight_panel(&report.sight)}
            },
            Standing::Failed(problem) => alert(problem),
        })
    };
    html! {
        <section class="card test-panel" aria-labelledby="test-title">
            <div class="card-head"><h2 id="test-title">"Test"</h2></div>
            <div class="test-tools">
                <label for="test-region">"From"</label>
                {move || select("test-region".to_owned(), None, choices.get(), &binding)}
                <button class="button" r#type="button" disabled=waiting on:click=run>{Icon::Bolt.view()} "Test"</button>
            </div>
            <div role="status" aria-live="polite">{move || outcome()}</div>
        </section>
    }
}

/// Asks after a test until it is over.
fn follow(client: Client, run: TestRun, standing: RwSignal<Standing>, polls_left: u32) {
    if let Some(report) = run.report {
        let _ = standing.try_set(Standing::Done(Box::new(report)));
        return;
    }
    if polls_left == 0 {
        let problem = Problem {
            detail: Some("The region has not answered for three minutes. Is its probe alive?".to_owned()),
            ..edgewatch_client::transport::unreachable("")
        };
        let problem = Problem {
            title: "No answer from the region".to_owned(),
            ..problem
        };
        let _ = standing.try_set(Standing::Failed(problem));
        return;
    }
    set_timeout(
        move || {
            spawn_local(async move {
                match client.get_test(&run.id).await {
                    Ok(run) => follow(client, run, standing, polls_left - 1),
                    Err(problem) => {
                        let _ = standing.try_set(Standing::Failed(problem));
                    }
                }
            });
        },
        POLL,
    );
}
