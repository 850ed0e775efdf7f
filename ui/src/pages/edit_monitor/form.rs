//! The form: what is checked, what must hold, when and from where, what counts as an outage.

use super::{
    FormState, Reach,
    check_fields::{CheckType, check_type},
    draft::Draft,
    fields,
    schedule::schedule,
    test_panel,
    type_choice::type_choice,
    unreadable_fields,
};
use crate::{
    api::use_client,
    components::{
        field::{Binding, InputKind, check_box, field, input_id, problem_line, select, text_input},
        icon::Icon,
        loading::alert,
        question::{Question, question},
    },
};
use edgewatch_client::protocol::problem::ProblemType;
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

macro_rules! bound {
    ($state:expr, $($path:tt)+) => {
        $state.binding(|draft| draft.$($path)+.clone(), |draft, text| draft.$($path)+ = text)
    };
}
pub(super) use bound;

/// The whole form, with its test panel beside it.
pub fn form(state: FormState, title: String) -> AnyView {
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
    let kind = Memo::new(move |_| {
        let draft = state.draft.get();
        draft.kind
    });
    // The type of a monitor stays: its history would not mean anything else.
    let fixed = state
        .monitor
        .and_then(|_| check_type(kind.get_untracked()))
        .map(|known| html! { <p class="page-sub type-fixed">{known.icon.view()} {known.label} " check"</p> });
    let choice = state.monitor.is_none().then(|| type_choice(state, kind));
    html! {
        <div class="page-head">
            <div>
                <a class="back" href=back.clone()>{Icon::ChevronLeft.view()} "Back"</a>
                <h1>{title}</h1>
                {fixed}
            </div>
        </div>
        <div class="form-page">
            <form class="form" novalidate on:submit=send>
                {choice}
                {move || check_type(kind.get()).map(|known| sections(state, known))}
                {labels(state)}
                {move || general()}
                <div class="form-end">
                    <button class="button button-primary" r#type="submit" disabled=busy>
                        {move || if busy.get() { "Saving …" } else if state.monitor.is_some() { "Save changes" } else { "Create monitor" }}
                    </button>
                    <a class="button" href=back>"Cancel"</a>
                    <span class="form-wrong" role="status">{move || wrong()}</span>
                    {state.monitor.map(|id| remove(state, id))}
                </div>
            </form>
            <aside class="form-aside">{move || check_type(kind.get()).map(|known| test_panel::aside(state, known))}</aside>
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
            if let Ok(Some(fold)) = element.closest("details") {
                let _ = fold.set_attribute("open", "");
            }
            element.scroll_into_view();
            if let Some(input) = element.dyn_ref::<web_sys::HtmlElement>() {
                let _ = input.focus();
            }
        }
    });
}

/// What a type asks for, and when and from where its checks are made.
fn sections(state: FormState, known: &'static CheckType) -> AnyView {
    let own = known
        .sections
        .iter()
        .enumerate()
        .map(|(i, part)| {
            let fields = fields::fields(state, "", part.fields);
            let content = if i == 0 {
                html! {
                    {line(state, "Name", "/name", InputKind::Text, None, "Checkout", &bound!(state, name))}
                    {fields}
                    {problem_line("/check", state.problem_in_check(String::new(), Reach::Exactly))}
                    {problem_line("/check/type", state.problem_at("/check/type".to_owned()))}
                }
            } else {
                fields
            };
            section(part.title, part.about, content)
        })
        .collect_view();
    html! {
        {own}
        {known.is_probed().then(|| html! { {schedule(state, known)} {outage(state)} })}
    }
}

/// A section with a heading and an explanation.
pub(super) fn section(title: &'static str, about: &'static str, content: AnyView) -> AnyView {
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

pub(super) fn options(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(value, text)| ((*value).to_owned(), (*text).to_owned()))
        .collect()
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
        <div class="field-triple">
            {line(state, "Flapping above", "/flapping/changes", InputKind::Number, Some("Changes of state …"), "5", &bound!(state, flapping_changes))}
            {line(state, "Within, s", "/flapping/within_s", InputKind::Number, Some("… in so much time."), "1800", &bound!(state, flapping_within_s))}
            {line(state, "Calm after, s", "/flapping/holds_s", InputKind::Number, Some("Of one state."), "600", &bound!(state, flapping_holds_s))}
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
            Some("Kept, but not checked.".to_owned()).into(),
            false.into(),
            Signal::derive(move || { let draft = state.draft.get(); draft.paused }),
            Callback::new(move |on| state.change(&|draft| draft.paused = on)),
        )}
    };
    section("Order", "How it is found among the others.", content)
}

/// Removing asks once more.
fn remove(state: FormState, id: i32) -> AnyView {
    let client = use_client();
    let navigate = use_navigate();
    let asked = Question {
        button: ("button button-danger form-remove", Icon::Bin, "Delete"),
        title: "Delete this monitor?",
        about: "It is not checked any more, and its results and history are removed. Pausing keeps them.",
        yes: "Delete",
    };
    let confirmed = Callback::new(move |()| {
        let (client, navigate) = (client.clone(), navigate.clone());
        spawn_local(async move {
            match client.delete_monitor(id).await {
                Ok(()) => navigate("/", NavigateOptions::default()),
                Err(refusal) => state.problem.set(Some(refusal)),
            }
        });
    });
    question(asked, ().into_any(), confirmed)
}
