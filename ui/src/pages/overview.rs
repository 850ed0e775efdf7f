//! `/`: every monitor at a glance, worst first, live.

pub mod list;
mod row;
mod summary;

use crate::{
    api::{Reading, fixed, read_by, use_client},
    clock::{Clock, use_clock},
    components::{
        heartbeat_bar::Beats,
        icon::Icon,
        keyed::keyed,
        loading::{loaded_as, skeleton_rows},
        shell::{Announcer, use_announcer},
    },
    live::use_live,
    session::use_session,
};
#[cfg(feature = "ssr")]
use edgewatch_client::protocol::problem::ProblemType;
use edgewatch_client::{
    Client,
    client::path,
    event::Event,
    json::{self, Unreadable},
    monitor::MonitorState,
    protocol::problem::Problem,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};
use list::{Entry, EntryTitle, Filter, Standing, entries, rank};
use std::sync::atomic::{AtomicU32, Ordering};

/// How many rows are made at first.
const ROWS: usize = 100;
/// How many more are made whenever their end is reached: so few that nobody's scrolling stops for them.
const MORE_ROWS: usize = 25;

/// One monitor of the list with its own signals, so that a result redraws one bar and nothing else.
#[derive(Clone)]
struct Item {
    /// Another title is another row.
    key: u32,
    id: i32,
    title: EntryTitle,
    standing: ArcRwSignal<Standing>,
    beats: ArcRwSignal<Beats>,
    percentiles: ArcRwSignal<(Option<i32>, Option<i32>)>,
}

impl Item {
    fn new(entry: Entry) -> Self {
        static LAST_KEY: AtomicU32 = AtomicU32::new(0);
        Self {
            key: LAST_KEY.fetch_add(1, Ordering::Relaxed),
            id: entry.id,
            title: entry.title,
            standing: ArcRwSignal::new(entry.standing),
            beats: ArcRwSignal::new(entry.beats),
            percentiles: ArcRwSignal::new((entry.p50_us, entry.p95_us)),
        }
    }
}

/// The overview.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let overview = read_by(fixed(path::OVERVIEW), |client, path| {
        Box::pin(async move { pack(client.read_text(&path).await?) })
    });
    html! {
        <Title text="Monitors" />
        {loaded_as(overview, skeleton_rows, unpack, move |entries: Vec<Entry>| {
            if entries.is_empty() { first_monitor(overview) } else { board(entries) }
        })}
    }
}

/// What a newcomer sees.
fn first_monitor(overview: Reading) -> AnyView {
    use_live().listen(move |event| {
        if matches!(event, Event::Monitors | Event::Resync) {
            overview.refetch();
        }
    });
    let can_edit = use_session().can_edit();
    html! {
        <div class="empty empty-large">
            <div class="empty-icon">{Icon::Pulse.view()}</div>
            <h1>"Watch your first address"</h1>
            <p>"Edgewatch checks it from every region and shows each phase: lookup, connect, TLS, first byte, body."</p>
            {if can_edit {
                html! { <a class="button button-primary" href="/monitors/new">{Icon::Plus.view()} "New monitor"</a> }
            } else {
                html! { <p class="muted">"Ask an editor or administrator to add one."</p> }
            }}
            <a class="quiet-link" href="/regions">"See the regions that check"</a>
        </div>
    }
}

/// An answer that lists many monitors travels in the page as what is shown of it: a tenth of its size. What the browser
/// reads itself stays as it came.
#[cfg(feature = "ssr")]
fn pack(answer: String) -> Result<String, Problem> {
    let unreadable =
        |error: &dyn std::error::Error| Problem::new(ProblemType::Internal).detail(error.to_string());
    let entries = entries(json::from_str(&answer).map_err(|error| unreadable(&error))?);
    serde_json::to_string(&entries).map_err(|error| unreadable(&error))
}

#[cfg(not(feature = "ssr"))]
fn pack(answer: String) -> Result<String, Problem> {
    Ok(answer)
}

/// Reads either form.
fn unpack(text: &str) -> Result<Vec<Entry>, Unreadable> {
    if text.starts_with('[') {
        json::from_str(text)
    } else {
        json::from_str(text).map(entries)
    }
}

fn board(initial: Vec<Entry>) -> AnyView {
    let items = RwSignal::new(initial.into_iter().map(Item::new).collect::<Vec<_>>());
    follow(items, use_client(), use_clock(), use_announcer());

    let query = use_query_map();
    let filter = Memo::new(move |_| query.with(|query| Filter::from_query(|name| query.get(name))));
    let shown = Memo::new_with_compare(
        move |_| {
            let filter = filter.get();
            items.with(|items| {
                // Put in place one by one: for so few a sort is no faster, and its code is large.
                let mut shown: Vec<(Standing, Item)> = Vec::new();
                for item in items {
                    let standing = item.standing.get();
                    if filter.shows(&item.title, standing.state) {
                        let after = (rank(standing), &item.title.name);
                        let place = shown
                            .partition_point(|(other, known)| (rank(*other), &known.title.name) <= after);
                        shown.insert(place, (standing, item.clone()));
                    }
                }
                shown.into_iter().map(|(_, item)| item).collect::<Vec<_>>()
            })
        },
        |old, new| {
            let keys = |items: &[Item]| items.iter().map(|item| item.key).collect::<Vec<_>>();
            old.map(|items| keys(items)) != new.map(|items| keys(items))
        },
    );
    let limit = RwSignal::new(ROWS);
    let hover = row::Hover::new();
    let keys = move || shown.with(|shown| shown.iter().take(limit.get()).map(|item| item.key).collect());
    let made = move |key| {
        let item = shown.with_untracked(|shown| shown.iter().find(|item| item.key == key).cloned());
        item.map(|item| row::row(item, hover)).into_any()
    };
    html! {
        {summary::summary(items, filter)}
        {tools(items, filter)}
        <section class="list" aria-label="Monitors">
            <div class="list-head" aria-hidden="true">
                <span></span>
                <span>"Monitor"</span>
                <span>"Last 60 checks"</span>
                <span class="list-head-end">"p50"</span>
                <span class="list-head-end">"p95"</span>
                <span class="list-head-end">"For"</span>
            </div>
            <ul class="rows">
                {keyed(keys, made)}
            </ul>
            {move || {
                shown
                    .with(Vec::is_empty)
                    .then(|| {
                        html! {
                            <div class="empty">
                                <div class="empty-icon">{Icon::Search.view()}</div>
                                <h2>"No monitor matches"</h2>
                                <a class="button" href="/">"Show all"</a>
                            </div>
                        }
                    })
            }}
            {move || {
                let hidden = shown.with(Vec::len).saturating_sub(limit.get());
                (hidden > 0).then(|| more(hidden, limit))
            }}
        </section>
        {row::tooltip(hover)}
    }
}

/// The end of the rows made so far: reached by scrolling, it makes more; the button is for everybody else.
fn more(hidden: usize, limit: RwSignal<usize>) -> AnyView {
    let end = NodeRef::<leptos::html::Div>::new();
    #[cfg(feature = "hydrate")]
    Effect::new(move || {
        use wasm_bindgen::{JsCast as _, closure::Closure};
        let Some(end) = end.get() else { return };
        let seen = Closure::<dyn Fn(js_sys::Array)>::new(move |entries: js_sys::Array| {
            let reached = entries
                .iter()
                .filter_map(|entry| entry.dyn_into::<web_sys::IntersectionObserverEntry>().ok())
                .any(|entry| entry.is_intersecting());
            if reached {
                let _ = limit.try_update(|limit| *limit += MORE_ROWS);
            }
        });
        if let Ok(observer) = web_sys::IntersectionObserver::new(seen.as_ref().unchecked_ref()) {
            observer.observe(&end);
            let observer = send_wrapper::SendWrapper::new((observer, seen));
            on_cleanup(move || observer.0.disconnect());
        }
    });
    html! {
        <div class="more" node_ref=end>
            <button class="button" r#type="button" on:click=move |_| limit.update(|limit| *limit += MORE_ROWS)>
                {format!("Show more ({hidden})")}
            </button>
        </div>
    }
}

/// The search field, the tags and the button for a new monitor.
fn tools(items: RwSignal<Vec<Item>>, filter: Memo<Filter>) -> AnyView {
    let navigate = use_navigate();
    let tags = Memo::new(move |_| {
        let mut tags: Vec<String> = Vec::new();
        items.with(|items| {
            for tag in items.iter().flat_map(|item| &item.title.tags) {
                if let Err(place) = tags.binary_search(tag) {
                    tags.insert(place, tag.clone());
                }
            }
        });
        tags
    });
    let go = Callback::new(move |filter: Filter| {
        let options = NavigateOptions {
            replace: true,
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(&filter.path(), options);
    });
    let search = move |event| {
        go.run(Filter {
            text: event_target_value(&event),
            ..filter.get_untracked()
        });
    };
    let chips = move || {
        tags.get()
            .into_iter()
            .map(|tag| {
                let own = tag.clone();
                let chosen = Signal::derive(move || {
                    let filter = filter.get();
                    filter.tag.as_ref() == Some(&own)
                });
                let target = tag.clone();
                let href = move || {
                    let filter = filter.get();
                    filter.with_tag((!chosen.get()).then(|| target.clone())).path()
                };
                html! {
                    <a class="chip" href=move || href() aria-current=move || chosen.get().then_some("true")>
                        {tag}
                    </a>
                }
            })
            .collect_view()
    };
    let can_edit = use_session().can_edit();
    html! {
        <div class="tools">
            <div class="search">
                {Icon::Search.view()}
                <input
                    class="input"
                    r#type="search"
                    placeholder="Search name, target, tag"
                    aria-label="Search monitors"
                    value=filter.get_untracked().text
                    prop:value=move || filter.get().text
                    on:input=search
                />
            </div>
            <div class="chips" role="group" aria-label="Tags">{move || chips()}</div>
            {can_edit
                .then(|| html! { <a class="button button-primary tools-new" href="/monitors/new">{Icon::Plus.view()} "New monitor"</a> })}
        </div>
    }
}

/// Keeps the list as the events say, and moves the bars on while nothing comes.
fn follow(items: RwSignal<Vec<Item>>, client: Client, clock: Clock, announcer: Announcer) {
    let read_anew = move || {
        let client = client.clone();
        spawn_local(async move {
            if let Ok(overview) = client.get_overview().await {
                let _ = items.try_update(|items| merge(items, entries(overview)));
            }
        });
    };
    use_live().listen(move |event| match event {
        Event::Results { results } => items.with_untracked(|items| {
            for result in results {
                if let Some(item) = items.iter().find(|item| item.id == result.monitor) {
                    item.beats.update(|beats| beats.record(result));
                }
            }
        }),
        Event::State {
            monitor,
            state,
            since,
            advisory,
            flapping_since,
            ..
        } => items.with_untracked(|items| {
            if let Some(item) = items.iter().find(|item| item.id == *monitor) {
                let before = item.standing.get_untracked().state;
                item.standing.set(Standing {
                    state: *state,
                    since: *since,
                    advisory: *advisory,
                    flapping: flapping_since.is_some(),
                });
                if before != *state {
                    announcer.say(format!("{} is {}", item.title.name, state.as_str()));
                }
            }
        }),
        Event::Monitors | Event::Resync => read_anew(),
        Event::Probes | Event::Incidents { .. } => {}
    });
    Effect::new(move || {
        let now_ms = clock.now_ms();
        items.with_untracked(|items| {
            for item in items {
                let state = item.standing.with_untracked(|standing| standing.state);
                // A slot is given its own length to fill before its absence shows.
                let due = item
                    .beats
                    .with_untracked(|beats| beats.clone().advance(now_ms - beats.interval_ms));
                if due && state != MonitorState::Paused {
                    item.beats.update(|beats| {
                        beats.advance(now_ms - beats.interval_ms);
                    });
                }
            }
        });
    });
}

/// Takes a fresh answer in, keeping the rows of monitors that are the same.
fn merge(items: &mut Vec<Item>, fresh: Vec<Entry>) {
    let known = std::mem::take(items);
    for entry in fresh {
        let same = known
            .iter()
            .find(|item| item.id == entry.id && item.title == entry.title);
        items.push(match same {
            Some(item) => {
                item.standing.set(entry.standing);
                item.beats.set(entry.beats);
                item.percentiles.set((entry.p50_us, entry.p95_us));
                item.clone()
            }
            None => Item::new(entry),
        });
    }
}
