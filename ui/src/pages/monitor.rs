//! `/monitors/{id}`: one monitor in full, live.

mod call_lines;
mod calls;
mod head;
mod heat_map;
mod latency;
mod matrix;
mod percentile_table;
mod result_sheet;
mod results;
mod uptime;
mod uptime_bars;
pub mod view;

use crate::{
    api::{Reading, fixed, read, use_client},
    components::{
        drawing::drawn_section,
        loading::{failure, loaded, skeleton_rows},
        shell::use_announcer,
    },
    live::use_live,
};
use edgewatch_client::{
    check_document::CheckDocument,
    client::path,
    event::{Event, LiveResult},
    monitor::{self, MonitorState, RegionState},
    protocol::{
        observation::OutcomeState,
        problem::{Problem, ProblemType},
    },
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use view::View;

/// A monitor, its check of whichever type.
type Monitor = monitor::Monitor<CheckDocument>;

/// One monitor.
#[component]
pub fn MonitorPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| {
        params
            .with(|params| params.get("id"))
            .and_then(|id| id.parse::<i32>().ok())
    });
    // Another monitor is another page: nothing of the one before is kept.
    move || match id.get() {
        Some(id) => page(id),
        None => failure(&no_such_monitor(), Callback::new(|()| ())),
    }
}

/// The problem of an address that names no monitor.
pub(super) fn no_such_monitor() -> Problem {
    Problem::new(ProblemType::NotFound).detail("There is no monitor with this number.")
}

fn page(id: i32) -> AnyView {
    let query = use_query_map();
    let view = Memo::new(move |_| query.with(|query| View::from_query(|name| query.get(name))));
    let monitor = read(fixed(path::monitor(id)));
    // Begun here and not where they are shown: what is shown there is made anew as often as it takes until all is there.
    let series = latency::Latency::read(id, view);
    let uptime = uptime::Readings::read(id, view);
    let results = results::read_results(id, view);
    let detail = result_sheet::read_result(id, view);
    loaded(monitor, skeleton_rows, move |monitor: Monitor| {
        let name = monitor.settings.name.clone();
        let monitor = RwSignal::new(monitor);
        // Grows with each live result of this monitor: what is read anew follows it.
        let fresh = RwSignal::new(0_u32);
        follow(monitor, fresh);
        board(name, monitor, view, fresh, (uptime, series, results, detail))
    })
}

fn board(
    name: String,
    monitor: RwSignal<Monitor>,
    view: Memo<View>,
    fresh: RwSignal<u32>,
    (uptime, series, results, detail): (uptime::Readings, latency::Latency, Reading, Reading),
) -> AnyView {
    let id = {
        let monitor = monitor.get_untracked();
        monitor.id
    };
    html! {
        <Title text=name />
        {head::head(monitor)}
        {head::regions(monitor, view)}
        {calls::calls(monitor, fresh)}
        {uptime::uptime(uptime, view, monitor)}
        {latency::latency(series, view, fresh)}
        {drawn_section("percentiles", "Percentiles", series.percentiles, percentile_table::percentile_table)}
        {drawn_section("spread", "Latency spread", series.heat_map, heat_map::heat_map)}
        {drawn_section("matrix", "Regions over time", series.matrix, matrix::matrix)}
        {results::results(results, view, fresh, monitor)}
        {result_sheet::result_sheet(id, detail, view)}
    }
}

/// Keeps the monitor as the events say.
fn follow(monitor: RwSignal<Monitor>, fresh: RwSignal<u32>) {
    let id = {
        let monitor = monitor.get_untracked();
        monitor.id
    };
    let client = use_client();
    let announcer = use_announcer();
    let read_anew = move || {
        let client = client.clone();
        spawn_local(async move {
            if let Ok(now) = client.get_monitor(id).await {
                let _ = monitor.try_set(now);
                let _ = fresh.try_update(|fresh| *fresh += 1);
            }
        });
    };
    use_live().listen(move |event| match event {
        Event::Results { results } => {
            let own: Vec<_> = results.iter().filter(|result| result.monitor == id).collect();
            if !own.is_empty() {
                monitor.update(|monitor| {
                    for result in &own {
                        take_in(&mut monitor.region_states, result);
                    }
                });
                fresh.update(|fresh| *fresh += 1);
            }
        }
        Event::State {
            monitor: changed,
            state,
            since,
            advisory,
            flapping_since,
            region_states,
        } if *changed == id => {
            let before = {
                let monitor = monitor.get_untracked();
                monitor.state
            };
            monitor.update(|monitor| {
                monitor.state = *state;
                monitor.state_since = *since;
                monitor.advisory = *advisory;
                monitor.flapping_since = *flapping_since;
                monitor.region_states.clone_from(region_states);
            });
            if before != *state {
                announcer.say({
                    let monitor = monitor.get_untracked();
                    format!("{} is {}", monitor.settings.name, state.as_str())
                });
            }
        }
        Event::Monitors | Event::Resync => read_anew(),
        Event::State { .. } | Event::Probes | Event::Incidents { .. } => {}
    });
}

/// A region's last check, from a live result; what went wrong is told by the state event or the next reading.
fn take_in(region_states: &mut [RegionState], result: &LiveResult) {
    let Some(state) = region_states
        .iter_mut()
        .find(|state| state.region == result.region)
    else {
        return;
    };
    if state.last_checked_at.is_some_and(|last| last > result.at) {
        return;
    }
    if result.outcome == OutcomeState::Up {
        state.last_message = None;
    }
    state.last_outcome = Some(result.outcome);
    state.last_checked_at = Some(result.at);
    state.last_total_us = Some(result.total_us);
}

/// Whether a monitor is being checked.
pub(super) fn is_checked(state: MonitorState) -> bool {
    state != MonitorState::Paused
}

/// Whether a job calls in, and no region looks.
pub(super) fn is_called(monitor: &Monitor) -> bool {
    monitor.settings.check.type_name() == "heartbeat"
}
