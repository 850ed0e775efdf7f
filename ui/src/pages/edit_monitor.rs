//! `/monitors/new` and `/monitors/{id}/edit`.

pub mod check_fields;
pub mod draft;
mod fields;
mod form;
mod rows;
mod schedule;
mod test_panel;
mod tree;
mod type_choice;

use crate::{
    api::{fixed, read},
    components::{
        field::Binding,
        loading::{failure, loaded, skeleton_rows},
    },
    pages::monitor::no_such_monitor,
    session::use_session,
};
use check_fields::needs;
use draft::Draft;
use edgewatch_client::{
    check_document::CheckDocument,
    client::path,
    monitor,
    protocol::{
        enrolment::ProbeStatus,
        problem::{FieldError, Problem, ProblemType},
    },
    region::Region,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

type Monitor = monitor::Monitor<CheckDocument>;

/// The form's state, shared by its parts.
#[derive(Clone, Copy)]
pub struct FormState {
    /// The monitor that is changed; none is made anew.
    pub monitor: Option<i32>,
    /// What stands in the form.
    pub draft: RwSignal<Draft>,
    /// What the API says of it.
    pub problem: RwSignal<Option<Problem>>,
    /// The regions that there are.
    pub regions: StoredValue<Vec<RegionChoice>>,
}

/// A region to check from.
#[derive(Clone, Debug)]
pub struct RegionChoice {
    /// Its name.
    pub name: String,
    /// Its name for people; may be empty.
    pub label: String,
    /// What each of its probes can do; a region without probes is given the benefit of the doubt.
    probes: Vec<Vec<String>>,
}

impl RegionChoice {
    fn of(region: &Region) -> Self {
        let probes = region
            .probes
            .iter()
            .filter(|probe| probe.status != ProbeStatus::Revoked);
        Self {
            name: region.settings.name.as_str().to_owned(),
            label: region.settings.label.clone(),
            probes: probes.map(|probe| probe.capabilities.clone()).collect(),
        }
    }

    /// What keeps the region from a check that needs these capabilities: the first that is missing from the probe that
    /// lacks least, for one probe makes the whole check.
    pub fn lacks(&self, needed: &[&'static str]) -> Option<&'static str> {
        let lacking = self.probes.iter().map(|able| {
            let lacking = needed
                .iter()
                .filter(|needed| !able.iter().any(|one| one == *needed));
            lacking.copied().collect::<Vec<_>>()
        });
        lacking.min_by_key(Vec::len)?.first().copied()
    }
}

/// How far from a field an error may be to be told there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// At the field itself.
    Exactly,
    /// At it or below it.
    Below,
    /// At it, below it, or at the object around it: for the choice that says what the object is.
    Choice,
    /// At it, or at the row that it belongs to.
    Row,
}

impl Reach {
    fn takes(self, error: &str, field: &str) -> bool {
        let at = error == field;
        let parent = || field.rsplit_once('/').is_some_and(|(parent, _)| parent == error);
        match self {
            Self::Exactly => at,
            Self::Below => at || is_below(error, field),
            // The check itself has a place of its own.
            Self::Choice => at || is_below(error, field) || (error != "/check" && parent()),
            Self::Row => at || parent(),
        }
    }
}

fn is_below(error: &str, field: &str) -> bool {
    error
        .strip_prefix(field)
        .is_some_and(|rest| rest.starts_with('/'))
}

impl FormState {
    fn new(monitor: Option<i32>, draft: Draft, regions: &[Region]) -> Self {
        Self {
            monitor,
            draft: RwSignal::new(draft),
            problem: RwSignal::new(None),
            regions: StoredValue::new(regions.iter().map(RegionChoice::of).collect()),
        }
    }

    /// What is wrong at a field, or below it.
    pub fn problem_at(self, pointer: String) -> Signal<Option<String>> {
        Signal::derive(move || self.told(&pointer, Reach::Below))
    }

    /// The same for a field of the check, by its path in the draft.
    pub fn problem_in_check(self, path: String, reach: Reach) -> Signal<Option<String>> {
        Signal::derive(move || {
            // Without a problem there is nothing to look up.
            if self.problem.with(Option::is_none) {
                return None;
            }
            let draft = self.draft.get();
            self.told(&fields::place(&tree::pointer(&draft.check, &path)), reach)
        })
    }

    fn told(self, pointer: &str, reach: Reach) -> Option<String> {
        self.problem.with(|problem| {
            let errors = &problem.as_ref()?.errors;
            let told = errors.iter().find(|error| reach.takes(&error.pointer, pointer))?;
            Some(told.detail.clone())
        })
    }

    /// A text of the draft as an input holds it. Plain functions: every field shares what they are wrapped in.
    pub fn binding(self, get: fn(&Draft) -> String, set: fn(&mut Draft, String)) -> Binding {
        Binding {
            get: Signal::derive(move || get(&self.draft.get())),
            set: Callback::new(move |text: String| self.change(&|draft| set(draft, text.clone()))),
        }
    }

    /// The same for a text of the check, by its path.
    pub fn check_binding(self, path: String) -> Binding {
        let own = path.clone();
        Binding {
            get: Signal::derive(move || {
                let draft = self.draft.get();
                tree::text(&draft.check, &own)
            }),
            set: Callback::new(move |text: String| {
                self.change(&|draft| tree::put(&mut draft.check, &path, text.clone().into()));
            }),
        }
    }

    /// Changes the draft.
    pub fn change(self, change: &dyn Fn(&mut Draft)) {
        self.draft.update(|draft| change(draft));
    }

    /// Turns to another check type; regions that cannot do it are not asked for any more.
    pub fn choose(self, kind: &'static str) {
        self.problem.set(None);
        self.change(&|draft| {
            draft.choose(kind);
            let needed = needs(draft.kind, &draft.check);
            self.regions.with_value(|regions| {
                draft.regions.retain(|name| {
                    let region = regions.iter().find(|region| region.name == *name);
                    region.is_some_and(|region| region.lacks(&needed).is_none())
                });
            });
        });
    }

    /// The capabilities that the check needs as it stands in the form.
    pub fn needed(self) -> Memo<Vec<&'static str>> {
        Memo::new(move |_| {
            let draft = self.draft.get();
            needs(draft.kind, &draft.check)
        })
    }
}

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
            guarded(move || form::form(FormState::new(None, Draft::default(), &regions), "New monitor".to_owned()))
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
    let Some(draft) = Draft::from_settings(&monitor.settings) else {
        let problem = Problem::new(ProblemType::Conflict)
            .detail("This form does not know checks of this type. It can be changed through the API.");
        return failure(&problem, Callback::new(|()| ()));
    };
    let state = FormState::new(Some(monitor.id), draft, regions);
    html! {
        <Title text=format!("Edit {name}") />
        {form::form(state, name)}
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_probe_of_a_region_has_to_do_all_of_a_check() {
        let region = |probes: &[&[&str]]| RegionChoice {
            name: "weur".to_owned(),
            label: String::new(),
            probes: probes
                .iter()
                .map(|able| able.iter().map(|&one| one.to_owned()).collect())
                .collect(),
        };
        let needed = ["http", "http2", "ipv6"];
        assert_eq!(region(&[]).lacks(&needed), None);
        assert_eq!(region(&[&["http"]]).lacks(&needed), Some("http2"));
        assert_eq!(
            region(&[&["http", "http2"], &["tcp"]]).lacks(&needed),
            Some("ipv6")
        );
        assert_eq!(
            region(&[&["http", "http2"], &["ipv6"]]).lacks(&needed),
            Some("ipv6")
        );
        assert_eq!(
            region(&[&["tcp"], &["ipv6", "http2", "http"]]).lacks(&needed),
            None
        );
    }
}
