//! One result in full, over the page: what was seen, and the evidence for it.

use super::view::View;
use crate::{
    api::{Reading, read},
    components::{
        icon::Icon,
        loading::loaded,
        moment::moment,
        sight_panel::{place_words, sight_panel},
    },
    format::Moment,
};
use edgewatch_client::{check_document::ObservationDocument, client::path, result};
use leptos::{ev, html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

type ResultDetail = result::ResultDetail<ObservationDocument>;

/// Begins to read the result that the address names.
pub fn read_result(id: i32, view: Memo<View>) -> Reading {
    read(Memo::new(move |_| {
        let view = view.get();
        Some(path::result(id, view.result.as_deref()?))
    }))
}

/// The sheet; open while the address names a result.
pub fn result_sheet(id: i32, detail: Reading, view: Memo<View>) -> AnyView {
    let navigate = use_navigate();
    let asked = Memo::new(move |_| {
        let view = view.get();
        view.result.clone()
    });
    let sheet = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let (open, Some(sheet)) = (asked.with(Option::is_some), sheet.get()) else {
            return;
        };
        if open && !sheet.open() {
            let _ = sheet.show_modal();
        } else if !open && sheet.open() {
            sheet.close();
        }
    });
    // Closing, in whichever way, takes the result out of the address.
    let closed = move |_| {
        if asked.with_untracked(Option::is_some) {
            let path = format!("/monitors/{id}{}", {
                let view = view.get_untracked();
                view.with_result(None).query()
            });
            let options = NavigateOptions {
                scroll: false,
                replace: true,
                ..NavigateOptions::default()
            };
            navigate(&path, options);
        }
    };
    let close = move || {
        if let Some(sheet) = sheet.get_untracked() {
            sheet.close();
        }
    };
    // A click on the backdrop hits the dialog itself.
    let outside = move |event: ev::MouseEvent| {
        let hits_itself = sheet.get_untracked().is_some_and(|sheet| {
            event.target().is_some_and(|target| {
                let own: &leptos::web_sys::EventTarget = sheet.as_ref();
                &target == own
            })
        });
        if hits_itself {
            close();
        }
    };
    let skeleton = || html! { <div class="skeleton skeleton-form"></div> };
    let content = loaded(detail, skeleton, |detail: Option<ResultDetail>| {
        detail.as_ref().map(whole).into_any()
    });
    html! {
        <dialog class="sheet" node_ref=sheet aria-labelledby="result-title" on:close=closed on:click=outside>
            <div class="sheet-inner">
                <div class="sheet-head">
                    <h2 id="result-title">"Result"</h2>
                    <button class="icon-button" r#type="button" aria-label="Close" on:click=move |_| close()>
                        {Icon::Cross.view()}
                    </button>
                </div>
                {content}
            </div>
        </dialog>
    }
}

fn whole(detail: &ResultDetail) -> AnyView {
    let summary = &detail.summary;
    let lag_ms = (summary.at - summary.slot).num_milliseconds();
    let attempts = detail
        .observation
        .as_ref()
        .map(|observation| observation.attempts);
    let evidence = &detail.evidence;
    html! {
        <p class="sheet-sub">
            {moment(summary.at, Moment::Second)} " from " <strong>{summary.region.as_str().to_owned()}</strong>
        </p>
        {match &detail.observation {
            Some(observation) => sight_panel(&observation.seen),
            None => html! { <p class="note">"The evidence's retention is over; the figures of the list are what is left."</p> },
        }}
        <section class="evidence">
            <h3>{Icon::Shield.view()} "Evidence"</h3>
            <p class="hint">"The probe signed the batch that holds this result; its bytes are kept as they came."</p>
            <dl class="facts">
                <div><dt>"Scheduled"</dt><dd>{moment(summary.slot, Moment::Second)} {(lag_ms > 0).then(|| format!(" (began {lag_ms} ms later)"))}</dd></div>
                {attempts.map(|attempts| html! { <div><dt>"Attempts"</dt><dd class="num">{attempts.to_string()}</dd></div> })}
                <div><dt>"Received"</dt><dd>{moment(evidence.received_at, Moment::Second)}</dd></div>
                <div><dt>"Observed place"</dt><dd>{place_words(&evidence.place)}</dd></div>
                <div><dt>"Probe"</dt><dd><code class="hash">{evidence.probe.clone()}</code></dd></div>
                <div><dt>"Batch"</dt><dd class="num">{evidence.seq.to_string()}</dd></div>
                <div><dt>"SHA-256"</dt><dd><code class="hash">{evidence.digest.clone()}</code></dd></div>
            </dl>
        </section>
    }
}
