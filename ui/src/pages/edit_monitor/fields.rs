//! Shows the fields of a check type and keeps what is written in them.

use super::{
    FormState, Reach,
    check_fields::{Field, Kind, List},
    rows, tree,
};
use crate::components::field::{
    InputKind, check_box, described_input, field as labelled, input_id, problem_line, select, text_area,
    text_input,
};
use leptos::prelude::*;

/// The fields of the object at `scope`.
pub fn fields(state: FormState, scope: &str, fields: &'static [Field]) -> AnyView {
    let views = fields
        .iter()
        .map(|field| while_shown(state, scope, field, None))
        .collect_view();
    html! { <div class="field-grid">{views}</div> }
}

/// Where a field of the draft's check stands: what its ids are made of, and what its errors are found by.
pub fn place(path: &str) -> String {
    format!("/check{path}")
}

/// A field that comes and goes with what stands in others; `list` is the one that its object is a row of.
fn while_shown(state: FormState, scope: &str, field: &'static Field, list: Option<&'static List>) -> AnyView {
    let scope = scope.to_owned();
    let view = match list {
        None => in_grid,
        Some(_) => in_row,
    };
    if field.shown_when.is_empty() {
        return view(state, &scope, field, list);
    }
    let own = scope.clone();
    let shown = Memo::new(move |_| {
        let draft = state.draft.get();
        tree::find(&draft.check, &own).is_some_and(|scope| tree::is_shown(field, scope))
    });
    let content = move || shown.get().then(|| view(state, &scope, field, list));
    content.into_any()
}

fn in_grid(state: FormState, scope: &str, field: &'static Field, _: Option<&'static List>) -> AnyView {
    html! { <div class=format!("sixths-{}", field.sixths)>{block(state, scope, field)}</div> }
}

/// A field with its label above it.
fn block(state: FormState, scope: &str, field: &'static Field) -> AnyView {
    let path = format!("{scope}{}", field.at);
    let place = place(&path);
    let problem = state.problem_in_check(path.clone(), Reach::Below);
    let hint = Some(field.hint).filter(|hint| !hint.is_empty());
    match field.kind {
        Kind::Group(fields) => group(state, &path, fields),
        Kind::Fold(fields) => fold(state, scope, field, fields),
        Kind::List(list) => rows::list(state, path, field, list),
        Kind::Toggle => {
            let (get, set) = (path.clone(), path);
            check_box(
                input_id(&place),
                field.label.to_owned(),
                hint.map(str::to_owned).into(),
                false.into(),
                Signal::derive(move || {
                    let draft = state.draft.get();
                    tree::text(&draft.check, &get) == "true"
                }),
                Callback::new(move |on: bool| {
                    state.change(&|draft| tree::put(&mut draft.check, &set, on.into()));
                }),
            )
        }
        Kind::Select(options) => {
            // A choice says what its whole object is, so what is wrong with that is told here.
            let problem = state.problem_in_check(path.clone(), Reach::Choice);
            let binding = state.check_binding(path);
            let options = offered(options, &binding.get.get_untracked());
            labelled(
                field.label,
                &place,
                hint,
                problem,
                select(input_id(&place), None, options, &binding),
            )
        }
        Kind::Area(rows) | Kind::Lines(rows) => {
            let area = text_area(
                &place,
                &state.check_binding(path),
                rows,
                field.placeholder,
                problem,
            );
            labelled(field.label, &place, hint, problem, area)
        }
        Kind::Joined(at, label, options) => {
            let choice = format!("{scope}{at}");
            let choice_place = self::place(&choice);
            let choice_problem = state.problem_in_check(choice.clone(), Reach::Below);
            let binding = state.check_binding(choice);
            let options = offered(options, &binding.get.get_untracked());
            html! {
                <div class="field" class:field-wrong=move || problem.with(Option::is_some)>
                    <label for=input_id(&place)>{field.label}</label>
                    <div class="input-joined">
                        {select(input_id(&choice_place), Some(label), options, &binding)}
                        {text_input(&place, InputKind::Url, &state.check_binding(path), field.placeholder, problem)}
                    </div>
                    {problem_line(&place, problem)}
                    {problem_line(&choice_place, choice_problem)}
                </div>
            }
        }
        _ => {
            let input = text_input(
                &place,
                input_kind(field),
                &state.check_binding(path),
                field.placeholder,
                problem,
            );
            labelled(field.label, &place, hint, problem, input)
        }
    }
}

fn input_kind(field: &Field) -> InputKind {
    match field.kind {
        Kind::Number | Kind::Kib => InputKind::Number,
        Kind::Url => InputKind::Url,
        Kind::Secret => InputKind::Secret,
        _ => InputKind::Text,
    }
}

/// The values of a choice; one that is not offered but stands there is offered too.
fn offered(options: &[(&str, &str)], current: &str) -> Vec<(String, String)> {
    let mut offered: Vec<_> = options
        .iter()
        .map(|(value, text)| ((*value).to_owned(), (*text).to_owned()))
        .collect();
    if !offered.iter().any(|(value, _)| value == current) {
        offered.push((current.to_owned(), current.to_owned()));
    }
    offered
}

fn group(state: FormState, path: &str, inner: &'static [Field]) -> AnyView {
    let problem = state.problem_in_check(path.to_owned(), Reach::Exactly);
    html! {
        {problem_line(&place(path), problem)}
        {fields(state, path, inner)}
    }
}

fn fold(state: FormState, scope: &str, field: &'static Field, inner: &'static [Field]) -> AnyView {
    let open = {
        let draft = state.draft.get_untracked();
        tree::find(&draft.check, scope).is_some_and(|scope| tree::says_something(inner, scope))
    };
    html! {
        <details class="fold" open=open>
            <summary>{field.label}</summary>
            {fields(state, scope, inner)}
        </details>
    }
}

/// A field in a row of a list, while it is shown; `row` is the row's path.
pub fn inline(state: FormState, row: &str, field: &'static Field, list: &'static List) -> AnyView {
    while_shown(state, row, field, Some(list))
}

/// Its words around it, its label for screen readers alone.
fn in_row(state: FormState, row: &str, field: &'static Field, list: Option<&'static List>) -> AnyView {
    let path = format!("{row}{}", field.at);
    let place = place(&path);
    let input = if let Kind::Select(options) = field.kind {
        let mut binding = state.check_binding(path);
        if let Some(list) = list
            && field.at == list.tag
        {
            let row = row.to_owned();
            binding.set = Callback::new(move |tag: String| rows::renew(state, &row, list, &tag));
        }
        let options = offered(options, &binding.get.get_untracked());
        select(input_id(&place), None, options, &binding)
    } else {
        let problem = state.problem_in_check(path.clone(), Reach::Row);
        let described = self::place(row);
        let kind = input_kind(field);
        described_input(
            &place,
            &described,
            kind,
            &state.check_binding(path),
            field.placeholder,
            problem,
        )
    };
    let word =
        |text: &'static str| (!text.is_empty()).then(|| html! { <span class="editor-word">{text}</span> });
    html! {
        {word(field.hint)}
        <label class="sr-only" for=input_id(&place)>{field.label}</label>
        {input}
        {word(field.unit)}
    }
}
