//! The form: what is checked, what must hold, when and from where, what counts as an outage.

use super::{FormState, assertions, draft::Draft, headers, test_panel, unreadable_fields};
use crate::{
    api::use_client,
    components::{
        field::{
            Binding, InputKind, check_box, field, input_id, problem_line, select, text_area, text_input,
        },
        icon::Icon,
        loading::alert,
    },
};
use edgewatch_client::{protocol::problem::ProblemType, region::Region};
use leptos::{ev, html, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

/// The whole form, with its test panel beside it.
pub fn form(state: FormState, title: String, regions: &[Region]) -> AnyView {
    let client = use_client();
    let navigate = use_navigate();
    let busy = RwSignal::new(false);
    let back = state
        .monitor
        .map_or_else(|| "/".to_owned(), |id| format!("/monitors/{id}"));
    let send = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let settings = match state.draft.with_untracked(Draft::to_settings) {
            Ok(settings) => settings,
            Err(errors) => {
                state.problem.set(Some(unreadable_fields(errors)));
                show_first_problem();
                return;
            }
        };
        let (client, navigate) = (client.clone(), navigate.clone());
        busy.set(true);
        state.problem.set(None);
        spawn_local(async move {
            let answer = match state.monitor {
                Some(id) => client.update_monitor(id, &settings).await,
                None => client.create_monitor(&settings).await,
            };
            busy.set(false);
            match answer {
                Ok(monitor) => navigate(&format!("/monitors/{}", monitor.id), NavigateOptions::default()),
                Err(problem) => {
                    state.problem.set(Some(problem));
                    show_first_problem();
                }
            }
        });
    };
    // Problems of single fields stand at their fields; all others stand above the button.
    let general = move || {
        state.problem.with(|problem| {
            let problem = problem.as_ref()?;
            let at_fields = problem.kind() == Some(ProblemType::Validation) && !problem.errors.is_empty();
            (!at_fields).then(|| alert(problem))
        })
    };
    let wrong = move || {
        state.problem.with(|problem| {
            let n = problem.as_ref().map_or(0, |problem| problem.errors.len());
            (n > 0).then(|| format!("{} to correct", crate::format::counted(n, "field")))
        })
    };
    html! {
        <div class="page-head">
            <div>
                <a class="back" href=back.clone()>{Icon::ChevronLeft.view()} "Back"</a>
                <h1>{title}</h1>
            </div>
        </div>
        <div class="form-page">
            <form class="form" novalidate on:submit=send>
                {request(state)}
                {expectations(state)}
                {schedule(state, regions)}
                {outage(state)}
                {labels(state)}
                {move || general()}
                <div class="form-end">
                    <button class="button button-primary" r#type="submit" disabled=busy>
                        {move || if busy.get() { "Saving …" } else if state.monitor.is_some() { "Save changes" } else { "Create monitor" }}
                    </button>
                    <a class="button" href=back>"Cancel"</a>
                    <span class="form-wrong" role="status">{move || wrong()}</span>
                    {state.monitor.map(remove)}
                </div>
            </form>
            <aside class="form-aside">{test_panel::test_panel(state, regions)}</aside>
        </div>
    }
}

/// Brings the first field that is wrong into view, after it has been marked.
fn show_first_problem() {
    #[cfg(feature = "hydrate")]
    request_animation_frame(|| {
        use wasm_bindgen::JsCast as _;
        let found = document()
            .query_selector("[aria-invalid='true'], .problem:not([hidden])")
            .ok()
            .flatten();
        if let Some(element) = found {
            element.scroll_into_view();
            if let Some(input) = element.dyn_ref::<web_sys::HtmlElement>() {
                let _ = input.focus();
            }
        }
    });
}

/// A section with a heading and an explanation.
fn section(title: &'static str, about: &'static str, content: AnyView) -> AnyView {
    html! {
        <fieldset class="form-section">
            <legend>{title}</legend>
            <p class="form-about">{about}</p>
            <div class="form-fields">{content}</div>
        </fieldset>
    }
}

/// A labelled single-line field of the draft.
pub(super) fn line(
    state: FormState,
    label: &'static str,
    pointer: &'static str,
    kind: InputKind,
    hint: Option<&'static str>,
    placeholder: &'static str,
    binding: &Binding,
) -> AnyView {
    let problem = state.problem_at(pointer.to_owned());
    field(
        label,
        pointer,
        hint,
        problem,
        text_input(pointer, kind, binding, placeholder, problem),
    )
}

fn options(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(value, text)| ((*value).to_owned(), (*text).to_owned()))
        .collect()
}

macro_rules! bound {
    ($state:expr, $($path:tt)+) => {
        $state.binding(|draft| draft.$($path)+.clone(), |draft, text| draft.$($path)+ = text)
    };
}

fn request(state: FormState) -> AnyView {
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        .map(|method| (method.to_owned(), method.to_owned()));
    let url_problem = state.problem_at("/check/url".to_owned());
    let has_body = move || {
        let draft = state.draft.get();
        !matches!(draft.method.as_str(), "GET" | "HEAD") || !draft.body.is_empty()
    };
    let scheme = Memo::new(move |_| {
        let draft = state.draft.get();
        draft.auth.scheme.clone()
    });
    let credentials = move || match scheme.get().as_str() {
        "basic" => html! {
            <div class="field-pair">
                {line(state, "User name", "/check/auth/username", InputKind::Text, None, "", &bound!(state, auth.username))}
                {line(state, "Password", "/check/auth/password", InputKind::Secret, None, "", &bound!(state, auth.secret))}
            </div>
        },
        "bearer" => line(
            state,
            "Token",
            "/check/auth/token",
            InputKind::Secret,
            None,
            "",
            &bound!(state, auth.secret),
        ),
        _ => ().into_any(),
    };
    let schemes = options(&[
        ("none", "None"),
        ("basic", "User name and password"),
        ("bearer", "Bearer token"),
    ]);
    let content = html! {
        {line(state, "Name", "/name", InputKind::Text, None, "Checkout", &bound!(state, name))}
        <div class="field" class:field-wrong=move || url_problem.with(Option::is_some)>
            <label for=input_id("/check/url")>"Address"</label>
            <div class="input-joined">
                {select(input_id("/check/method"), Some("Method"), methods.to_vec(), &bound!(state, method))}
                {text_input("/check/url", InputKind::Url, &bound!(state, url), "https://example.com/health", url_problem)}
            </div>
            {problem_line("/check/url", url_problem)}
            {problem_line("/check/method", state.problem_at("/check/method".to_owned()))}
        </div>
        {headers::headers(state)}
        {move || {
            has_body()
                .then(|| {
                    field(
                        "Body",
                        "/check/body",
                        None,
                        state.problem_at("/check/body".to_owned()),
                        text_area("/check/body", &bound!(state, body), 4),
                    )
                })
        }}
        {field(
            "Credentials",
            "/check/auth",
            Some("Sent to the address's own origin only. Stored encrypted, never shown again."),
            Signal::stored(None),
            select(input_id("/check/auth"), None, schemes, &bound!(state, auth.scheme)),
        )}
        {move || credentials()}
    };
    section(
        "Request",
        "What each region sends, as its own connection: nothing is cached or shared.",
        content,
    )
}

fn expectations(state: FormState) -> AnyView {
    let modes = options(&[
        ("own", "Own connection: every phase and the certificate"),
        ("platform", "Platform's sockets and TLS: no certificate"),
        ("fetch", "Platform's HTTP client: first byte and body only"),
    ]);
    let content = html! {
        {assertions::assertions(state)}
        <div class="field-pair">
            {line(state, "Follow redirects", "/check/max_redirects", InputKind::Number, Some("0 judges the redirect itself."), "5", &bound!(state, max_redirects))}
            {line(state, "Largest body, KiB", "/check/max_body_bytes", InputKind::Number, Some("A larger one is down."), "1024", &bound!(state, max_body_kib))}
        </div>
        {field(
            "Measuring",
            "/check/phases",
            Some("Where the platform forbids an own connection, the probe falls back and says so."),
            state.problem_at("/check/phases".to_owned()),
            select(input_id("/check/phases"), None, modes, &bound!(state, phases)),
        )}
        {check_box(
            "accept-any-certificate".to_owned(),
            "Accept any certificate".to_owned(),
            Some("Also an expired, foreign or self-signed one. Its facts are still recorded.".to_owned()),
            Signal::derive(move || { let draft = state.draft.get(); draft.accept_any_certificate }),
            Callback::new(move |on| state.change(&|draft| draft.accept_any_certificate = on)),
        )}
    };
    section(
        "Expectations",
        "What must hold of the response. Without a condition on the status, 200 to 299 is asked for.",
        content,
    )
}

fn schedule(state: FormState, regions: &[Region]) -> AnyView {
    let mut intervals = options(&[
        ("10", "10 seconds"),
        ("30", "30 seconds"),
        ("60", "1 minute"),
        ("120", "2 minutes"),
        ("300", "5 minutes"),
        ("900", "15 minutes"),
        ("3600", "1 hour"),
        ("21600", "6 hours"),
        ("86400", "1 day"),
    ]);
    let current = {
        let draft = state.draft.get_untracked();
        draft.interval_s.clone()
    };
    if !intervals.iter().any(|(value, _)| *value == current) {
        intervals.insert(0, (current.clone(), format!("{current} seconds")));
    }
    let boxes = regions
        .iter()
        .map(|region| {
            let name = region.settings.name.as_str().to_owned();
            let (own, changed) = (name.clone(), name.clone());
            let label = if region.settings.label.is_empty() {
                name.clone()
            } else {
                format!("{} · {name}", region.settings.label)
            };
            check_box(
                format!("region-{name}"),
                label,
                None,
                Signal::derive(move || {
                    let draft = state.draft.get();
                    draft.regions.contains(&own)
                }),
                Callback::new(move |on| {
                    state.change(&|draft| {
                        draft.regions.retain(|region| *region != changed);
                        if on {
                            draft.regions.push(changed.clone());
                        }
                    });
                }),
            )
        })
        .collect_view();
    let all = move || {
        let draft = state.draft.get();
        draft.regions.is_empty()
    };
    let content = html! {
        <div class="field-pair">
            {field(
                "Check every",
                "/interval_s",
                None,
                state.problem_at("/interval_s".to_owned()),
                select(input_id("/interval_s"), None, intervals, &bound!(state, interval_s)),
            )}
            {line(state, "Time-out, ms", "/timeout_ms", InputKind::Number, None, "10000", &bound!(state, timeout_ms))}
        </div>
        <div class="field" role="group" aria-labelledby="regions-label">
            <span class="label" id="regions-label">"Regions"</span>
            <p class="hint">{move || if all() { "All regions, also those that come later." } else { "Only the chosen regions." }}</p>
            <div class="check-grid">{boxes}</div>
            {problem_line("/regions", state.problem_at("/regions".to_owned()))}
        </div>
    };
    section("Schedule", "How often, and from where.", content)
}

fn outage(state: FormState) -> AnyView {
    let quorums = options(&[
        ("any", "Any region"),
        ("majority", "The majority of regions"),
        ("all", "All regions"),
        ("count", "A number of regions"),
    ]);
    let counted = Memo::new(move |_| {
        let draft = state.draft.get();
        draft.quorum == "count"
    });
    let content = html! {
        <div class="field-pair">
            {field(
                "Down when seen by",
                "/quorum",
                Some("Fewer make a regional advisory."),
                state.problem_at("/quorum".to_owned()),
                select(input_id("/quorum"), None, quorums, &bound!(state, quorum)),
            )}
            {move || {
                counted
                    .get()
                    .then(|| line(state, "How many regions", "/quorum/count", InputKind::Number, None, "2", &bound!(state, quorum_count)))
            }}
        </div>
        <div class="field-triple">
            {line(state, "Retries", "/retries", InputKind::Number, Some("Within one check."), "0", &bound!(state, retries))}
            {line(state, "Confirmations", "/confirmations", InputKind::Number, Some("Failed checks until down."), "2", &bound!(state, confirmations))}
            {line(state, "Recoveries", "/recoveries", InputKind::Number, Some("Good checks until up."), "1", &bound!(state, recoveries))}
        </div>
    };
    section(
        "What counts as an outage",
        "From single failed checks to a region's verdict, from verdicts to the state.",
        content,
    )
}

fn labels(state: FormState) -> AnyView {
    let content = html! {
        {line(state, "Tags", "/tags", InputKind::Text, Some("Parted by commas; the overview filters by them."), "shop, production", &bound!(state, tags))}
        {check_box(
            "paused".to_owned(),
            "Paused".to_owned(),
            Some("Kept, but not checked.".to_owned()),
            Signal::derive(move || { let draft = state.draft.get(); draft.paused }),
            Callback::new(move |on| state.change(&|draft| draft.paused = on)),
        )}
    };
    section("Order", "How it is found among the others.", content)
}

/// Removing asks once more.
fn remove(id: i32) -> AnyView {
    let client = use_client();
    let navigate = use_navigate();
    let dialog = NodeRef::<html::Dialog>::new();
    let problem = RwSignal::new(None);
    let ask = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            let _ = dialog.show_modal();
        }
    };
    let close = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let confirmed = move |_| {
        let (client, navigate) = (client.clone(), navigate.clone());
        spawn_local(async move {
            match client.delete_monitor(id).await {
                Ok(()) => navigate("/", NavigateOptions::default()),
                Err(refusal) => problem.set(Some(refusal)),
            }
        });
    };
    html! {
        <button class="button button-danger form-remove" r#type="button" on:click=ask>{Icon::Bin.view()} "Delete"</button>
        <dialog class="dialog" node_ref=dialog aria-labelledby="remove-title">
            <h2 id="remove-title">"Delete this monitor?"</h2>
            <p>"It is not checked any more, and its results and history are removed. Pausing keeps them."</p>
            {move || problem.with(|problem| problem.as_ref().map(alert))}
            <div class="dialog-end">
                <button class="button" r#type="button" on:click=close>"Keep"</button>
                <button class="button button-danger" r#type="button" on:click=confirmed>"Delete"</button>
            </div>
        </dialog>
    }
}
