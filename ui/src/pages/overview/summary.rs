//! The overview's head: how things stand in a sentence, and the number in each state as a filter.

use super::{Item, list::Filter};
use crate::{components::state_badge::of_monitor, format};
use edgewatch_client::monitor::MonitorState;
use leptos::prelude::*;

/// How many monitors are in each state, by [`MonitorState::code`], and how many have an advisory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    states: [usize; 6],
    advisories: usize,
}

impl Tally {
    fn of(&self, state: MonitorState) -> usize {
        self.states[state as usize]
    }

    fn all(&self) -> usize {
        self.states.iter().sum()
    }

    /// The worst state in a sentence, with the state that lends its look.
    fn sentence(&self) -> (MonitorState, String) {
        let are = |n: usize| if n == 1 { "monitor is" } else { "monitors are" };
        let (down, degraded) = (self.of(MonitorState::Down), self.of(MonitorState::Degraded));
        let unknown = self.of(MonitorState::Unknown);
        match () {
            () if down > 0 => (MonitorState::Down, format!("{down} {} down", are(down))),
            () if degraded > 0 => (
                MonitorState::Degraded,
                format!("{degraded} {} degraded", are(degraded)),
            ),
            () if self.advisories > 0 => (
                MonitorState::Degraded,
                format!(
                    "{} with a regional advisory",
                    format::counted(self.advisories, "monitor")
                ),
            ),
            () if unknown > 0 => (
                MonitorState::Unknown,
                format!("{unknown} {} not yet known", are(unknown)),
            ),
            () if self.of(MonitorState::Up) > 0 => (MonitorState::Up, "Everything is up".to_owned()),
            () => (MonitorState::Paused, "Nothing is being checked".to_owned()),
        }
    }
}

/// The head.
pub fn summary(items: RwSignal<Vec<Item>>, filter: Memo<Filter>) -> AnyView {
    let tally = Memo::new(move |_| {
        items.with(|items| {
            let mut tally = Tally::default();
            for item in items {
                let standing = item.standing.get();
                tally.states[standing.state as usize] += 1;
                tally.advisories += usize::from(standing.advisory);
            }
            tally
        })
    });
    let headline = move || {
        let (state, sentence) = tally.get().sentence();
        let look = of_monitor(state);
        html! {
            <div class=format!("headline tone-{}", look.tone)>
                <span class="headline-icon">{look.icon.view()}</span>
                <h1>{sentence}</h1>
            </div>
        }
    };
    let order = [
        MonitorState::Down,
        MonitorState::Degraded,
        MonitorState::Up,
        MonitorState::Unknown,
        MonitorState::Maintenance,
        MonitorState::Paused,
    ];
    let tabs = order
        .into_iter()
        .map(|state| {
            let look = of_monitor(state);
            let number = move || {
                let tally = tally.get();
                tally.of(state)
            };
            let chosen = Signal::derive(move || {
                let filter = filter.get();
                filter.state == Some(state)
            });
            let href = move || {
                let filter = filter.get();
                filter.with_state((!chosen.get()).then_some(state)).path()
            };
            // A state that nothing is in and that was not asked for is left out, except the two that everybody looks for.
            let always = matches!(state, MonitorState::Up | MonitorState::Down);
            html! {
                <a
                    class=format!("tab tone-{}", look.tone)
                    class:tab-none=move || number() == 0
                    hidden=move || !always && number() == 0 && !chosen.get()
                    href=move || href()
                    aria-current=move || chosen.get().then_some("true")
                >
                    {look.icon.view()}
                    <span class="tab-word">{look.word}</span>
                    <span class="tab-number num">{move || format::count(number() as i64)}</span>
                </a>
            }
        })
        .collect_view();
    html! {
        <div class="page-head overview-head">
            {move || headline()}
            <nav class="tabs" aria-label="Filter by state">
                <a
                    class="tab"
                    href=move || { let filter = filter.get(); filter.with_state(None).path() }
                    aria-current=move || { let filter = filter.get(); filter.state.is_none() }.then_some("true")
                >
                    <span class="tab-word">"All"</span>
                    <span class="tab-number num">{move || format::count(tally.with(Tally::all) as i64)}</span>
                </a>
                {tabs}
            </nav>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_makes_the_sentence() {
        let mut tally = Tally::default();
        tally.states[MonitorState::Up as usize] = 5;
        assert_eq!(
            tally.sentence(),
            (MonitorState::Up, "Everything is up".to_owned())
        );
        tally.advisories = 1;
        assert_eq!(tally.sentence().1, "1 monitor with a regional advisory");
        tally.states[MonitorState::Down as usize] = 1;
        assert_eq!(
            tally.sentence(),
            (MonitorState::Down, "1 monitor is down".to_owned())
        );
        assert_eq!(tally.all(), 6);
    }
}
