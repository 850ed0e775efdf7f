//! What forms of written pages are made of, and where they say what is wrong (see `script/still.js`).

use super::words::percent;
use crate::{
    components::{
        field::{input_id, problem_id},
        icon::Icon,
        state_badge::{mark, of_monitor},
    },
    session::Session,
};
use edgewatch_client::{
    monitor::MonitorState,
    overview::Overview,
    protocol::problem::{Problem, ProblemType},
};
use edgewatch_domain::group::GroupRule;
use leptos::prelude::*;
use serde::Serialize;

/// With more monitors than these, they can be searched.
const SEARCHED: usize = 8;

/// Lets editors alone have a form; others are told `why` not.
///
/// # Errors
/// The session is not an editor's.
pub fn for_editors(session: &Session, why: &'static str) -> Result<(), Problem> {
    if session.can_edit() {
        return Ok(());
    }
    Err(Problem::new(ProblemType::Forbidden).detail(why))
}

/// Where a form is sent, and where one goes from there.
pub struct Way {
    /// The endpoint.
    pub api: String,
    /// Where it leads to.
    pub then: String,
    /// Where there is a way back to.
    pub back: String,
}

impl Way {
    /// That of the form of something new, or of what has a number. Its pages and its endpoints stand at the same path.
    pub fn of(path: &str, id: Option<i32>) -> Self {
        match id {
            None => Self {
                api: format!("POST /api/v1{path}"),
                then: format!("{path}/{{id}}"),
                back: path.to_owned(),
            },
            Some(id) => Self {
                api: format!("PUT /api/v1{path}/{id}"),
                then: format!("{path}/{id}"),
                back: format!("{path}/{id}"),
            },
        }
    }
}

/// The head of a form's page: the way back to what is called so, and the page's title.
pub fn head(back: &str, called: &'static str, title: &str) -> AnyView {
    html! {
        <div class="page-head">
            <div>
                <a class="back" href=back.to_owned()>{Icon::ChevronLeft.view()} {called}</a>
                <h1>{title.to_owned()}</h1>
            </div>
        </div>
    }
}

/// What ends a form: the button that sends it, and the way back.
pub fn ending(send: &'static str, back: &str) -> AnyView {
    html! {
        <div class="actions">
            <button class="button button-primary" r#type="submit">{Icon::Check.view()} {send}</button>
            <a class="button" href=back.to_owned()>"Cancel"</a>
        </div>
    }
}

/// A field with its label, hint and problem.
pub fn field(pointer: &'static str, label: &'static str, hint: &'static str, input: AnyView) -> AnyView {
    html! {
        <div class="field">
            <label class="label" for=input_id(pointer)>{label}</label>
            {input}
            {(!hint.is_empty()).then(|| html! { <p class="hint">{hint}</p> })}
            {problem(pointer)}
        </div>
    }
}

/// A text of one line.
pub fn text(pointer: &'static str, label: &'static str, hint: &'static str, value: &str) -> AnyView {
    let input = html! {
        <input
            class="input"
            id=input_id(pointer)
            name=&pointer[1..]
            value=value.to_owned()
            autocomplete="off"
            spellcheck="false"
            aria-describedby=problem_id(pointer)
        />
    };
    field(pointer, label, hint, input)
}

/// A share of time that is promised.
pub fn share(pointer: &'static str, label: &'static str, hint: &'static str, ppm: i64) -> AnyView {
    let input = html! {
        <input
            class="input num"
            id=input_id(pointer)
            name=&pointer[1..]
            data-kind="percent"
            inputmode="decimal"
            autocomplete="off"
            value=percent(ppm)
            aria-describedby=problem_id(pointer)
        />
    };
    field(pointer, label, hint, input)
}

/// A choice among what JSON says.
pub fn choice<T: Serialize + PartialEq>(
    pointer: &'static str,
    label: &'static str,
    hint: &'static str,
    chosen: &T,
    options: impl IntoIterator<Item = (T, String)>,
) -> AnyView {
    let options = options
        .into_iter()
        .map(|(value, text)| {
            let json = serde_json::to_string(&value).unwrap_or_default();
            html! { <option value=json selected=*chosen == value>{text}</option> }
        })
        .collect_view();
    let input = html! {
        <span class="select">
            <select class="input" id=input_id(pointer) name=&pointer[1..] data-kind="json" aria-describedby=problem_id(pointer)>
                {options}
            </select>
        </span>
    };
    field(pointer, label, hint, input)
}

/// How several monitors count as one.
pub fn rule(pointer: &'static str, chosen: GroupRule) -> AnyView {
    let options = [
        (GroupRule::All, "All have to be up".to_owned()),
        (GroupRule::Any, "Any will do".to_owned()),
    ];
    choice(pointer, "Of several monitors", "", &chosen, options)
}

/// A box to tick.
pub fn flag(name: &'static str, on: bool, label: &'static str, hint: &'static str) -> AnyView {
    html! {
        <label class="check">
            <input r#type="checkbox" name=name data-kind="flag" checked=on />
            <span>
                <span class="check-label">{label}</span>
                {(!hint.is_empty()).then(|| html! { <span class="hint">{hint}</span> })}
            </span>
        </label>
    }
}

/// A monitor to choose.
pub struct Choice {
    id: i32,
    name: String,
    state: MonitorState,
    is_chosen: bool,
}

/// Every monitor, what is chosen first.
pub fn list_choices(overview: Overview, chosen: &[i32]) -> Vec<Choice> {
    let mut choices: Vec<Choice> = overview
        .monitors
        .into_iter()
        .map(|monitor| Choice {
            id: monitor.id,
            is_chosen: chosen.contains(&monitor.id),
            name: monitor.name,
            state: monitor.state,
        })
        .collect();
    choices.sort_by_cached_key(|choice| (!choice.is_chosen, choice.name.to_lowercase()));
    choices
}

/// A box for each monitor, of the field of that name.
pub fn boxes(name: &'static str, choices: &[Choice]) -> AnyView {
    let boxes = choices
        .iter()
        .map(|choice| {
            html! {
                <label class="check">
                    <input r#type="checkbox" name=name data-kind="each" value=choice.id.to_string() checked=choice.is_chosen />
                    {mark(of_monitor(choice.state))}
                    <span>{choice.name.clone()}</span>
                </label>
            }
        })
        .collect_view();
    html! {
        {(choices.len() > SEARCHED).then(|| html! {
            <input class="input input-small" r#type="search" placeholder="Find" aria-label="Find a monitor" data-filter="choices" autocomplete="off" />
        })}
        <div class="written-choices" id="choices">{boxes}</div>
    }
}

/// Which monitors, in the field at this pointer.
pub fn monitors(pointer: &'static str, choices: &[Choice]) -> AnyView {
    if choices.is_empty() {
        return html! {
            <p class="muted">"There is no monitor yet: " <a class="quiet-link" href="/monitors/new">"make one"</a> " first."</p>
        };
    }
    html! {
        <fieldset class="field">
            <legend class="label">"Monitors"</legend>
            {boxes(&pointer[1..], choices)}
            {problem(pointer)}
        </fieldset>
    }
}

/// The line that says what is wrong with a field; without a pointer, with all of the page's form.
pub fn problem(pointer: &'static str) -> AnyView {
    html! {
        <p class="problem" id=problem_id(pointer) role="alert" data-problem=pointer hidden>{Icon::Warning.view()} <span></span></p>
    }
}

/// The same for all of a form that stands beside others.
pub fn refusal() -> AnyView {
    html! { <p class="problem" role="alert" data-problem="" hidden>{Icon::Warning.view()} <span></span></p> }
}
