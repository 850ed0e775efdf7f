//! `/monitors/new` and `/monitors/{id}/edit`.

mod assertions;
pub mod draft;
mod form;
mod headers;
mod test_panel;

use crate::{
    api::{fixed, read},
    components::{
        field::Binding,
        loading::{failure, loaded, skeleton_rows},
    },
    pages::monitor::no_such_monitor,
    session::use_session,
};
use draft::Draft;
use edgewatch_client::{
    client::path,
    monitor::Monitor,
    protocol::problem::{FieldError, Problem, ProblemType},
    region::Region,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use std::sync::Arc;

/// The form's state, shared by its parts.
#[derive(Clone, Copy)]
pub struct FormState {
    /// The monitor that is changed; none is made anew.
    pub monitor: Option<i32>,
    /// What stands in the form.
    pub draft: RwSignal<Draft>,
    /// What the API says of it.
    pub problem: RwSignal<Option<Problem>>,
    /// Grows with each new row of headers or assertions.
    pub last_key: RwSignal<u32>,
}

impl FormState {
    fn new(monitor: Option<i32>, draft: Draft) -> Self {
        Self {
            monitor,
            draft: RwSignal::new(draft),
            problem: RwSignal::new(None),
            last_key: RwSignal::new(1_000),
        }
    }

    /// A key that no row has yet.
    pub fn next_key(self) -> u32 {
        self.last_key.update(|key| *key += 1);
        self.last_key.get_untracked()
    }

    /// What is wrong at a field, or below it.
    pub fn problem_at(self, pointer: String) -> Signal<Option<String>> {
        Signal::derive(move || {
            self.problem.with(|problem| {
                let errors = &problem.as_ref()?.errors;
                let at_or_below = |error: &&FieldError| {
                    error
                        .pointer
                        .strip_prefix(&pointer)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                };
                Some(errors.iter().find(at_or_below)?.detail.clone())
            })
        })
    }

    /// A text of the draft as an input holds it. Plain functions: every field shares what they are wrapped in.
    pub fn binding(self, get: fn(&Draft) -> String, set: fn(&mut Draft, String)) -> Binding {
        self.row_binding(Arc::new(get), Arc::new(set))
    }

    /// The same for a text of one row of many.
    pub fn row_binding(self, get: Getter, set: Setter) -> Binding {
        Binding {
            get: Signal::derive(move || get(&self.draft.get())),
            set: Callback::new(move |text: String| self.change(&|draft| set(draft, text.clone()))),
        }
    }

    /// Changes the draft.
    pub fn change(self, change: &dyn Fn(&mut Draft)) {
        self.draft.update(|draft| change(draft));
    }
}

/// Takes a text out of the draft.
pub type Getter = Arc<dyn Fn(&Draft) -> String + Send + Sync>;
/// Puts a text into the draft.
pub type Setter = Arc<dyn Fn(&mut Draft, String) + Send + Sync>;

/// The problem of fields that cannot even be sent.
pub fn unreadable_fields(errors: Vec<FieldError>) -> Problem {
    Problem::new(ProblemType::Validation).errors(errors)
}

/// A new monitor.
#[component]
pub fn NewMonitorPage() -> impl IntoView {
    let regions = read(fixed(path::REGIONS));
    html! {
        <Title text="New monitor" />
        {loaded(regions, skeleton_rows, |regions: Vec<Region>| {
            guarded(move || form::form(FormState::new(None, Draft::default()), "New monitor".to_owned(), &regions))
        })}
    }
}

/// A monitor that is there.
#[component]
pub fn EditMonitorPage() -> impl IntoView {
    let params = use_params_map();
    let id = params
        .get_untracked()
        .get("id")
        .and_then(|id| id.parse::<i32>().ok());
    let Some(id) = id else {
        return failure(&no_such_monitor(), Callback::new(|()| ()));
    };
    let (monitor, regions) = (read(fixed(path::monitor(id))), read(fixed(path::REGIONS)));
    loaded(monitor, skeleton_rows, move |monitor: Monitor| {
        if monitor.from_config {
            let problem = Problem::new(ProblemType::Conflict)
                .detail("This monitor comes from the configuration file. Change it there; the file is read again by itself.");
            return failure(&problem, Callback::new(|()| ()));
        }
        loaded(regions, skeleton_rows, move |regions: Vec<Region>| {
            guarded(|| edit(&monitor, &regions))
        })
    })
}

fn edit(monitor: &Monitor, regions: &[Region]) -> AnyView {
    let name = monitor.settings.name.clone();
    let state = FormState::new(Some(monitor.id), Draft::from_settings(&monitor.settings));
    html! {
        <Title text=format!("Edit {name}") />
        {form::form(state, name, regions)}
    }
}

/// For those who may change monitors.
fn guarded(view: impl FnOnce() -> AnyView) -> AnyView {
    if use_session().can_edit() {
        view()
    } else {
        let problem =
            Problem::new(ProblemType::Forbidden).detail("Editors and administrators change monitors.");
        failure(&problem, Callback::new(|()| ()))
    }
}
