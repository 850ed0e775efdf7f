//! States: each has a colour, a shape and a word; never the colour alone.

use crate::components::icon::Icon;
use edgewatch_client::{
    monitor::{MonitorState, Verdict},
    protocol::observation::OutcomeState,
};
use leptos::prelude::*;

/// What a state looks like: the suffix of its CSS classes, its icon, its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// `up` in `tone-up`.
    pub tone: &'static str,
    /// Its shape.
    pub icon: Icon,
    /// Its word.
    pub word: &'static str,
}

/// The look of a monitor's state.
pub fn of_monitor(state: MonitorState) -> Look {
    let (tone, icon, word) = match state {
        MonitorState::Up => ("up", Icon::Check, "Up"),
        MonitorState::Degraded => ("degraded", Icon::Warning, "Degraded"),
        MonitorState::Down => ("down", Icon::Cross, "Down"),
        MonitorState::Maintenance => ("maintenance", Icon::Wrench, "Maintenance"),
        MonitorState::Unknown => ("unknown", Icon::Question, "Unknown"),
        MonitorState::Paused => ("paused", Icon::Pause, "Paused"),
    };
    Look { tone, icon, word }
}

/// The look of a region's verdict.
pub fn of_verdict(verdict: Verdict) -> Look {
    of_monitor(match verdict {
        Verdict::Up => MonitorState::Up,
        Verdict::Degraded => MonitorState::Degraded,
        Verdict::Down => MonitorState::Down,
        Verdict::Unknown => MonitorState::Unknown,
    })
}

/// The look of a check's outcome.
pub fn of_outcome(outcome: OutcomeState) -> Look {
    match outcome {
        OutcomeState::Up => of_monitor(MonitorState::Up),
        OutcomeState::Degraded => of_monitor(MonitorState::Degraded),
        OutcomeState::Down => of_monitor(MonitorState::Down),
        OutcomeState::Unmeasured => Look {
            word: "Unmeasured",
            ..of_monitor(MonitorState::Unknown)
        },
    }
}

/// The round mark of a state, with its word for screen readers.
pub fn mark(look: Look) -> AnyView {
    html! {
        <span class=format!("mark tone-{}", look.tone) title=look.word>
            {look.icon.view()} <span class="sr-only">{look.word}</span>
        </span>
    }
}

/// A state as icon and word.
pub fn badge(look: Look) -> AnyView {
    html! { <span class=format!("badge tone-{}", look.tone)>{look.icon.view()} {look.word}</span> }
}
