//! How states, stages and impacts look: a tone, an icon and a word each, never a colour alone.

use super::texts::Texts;
use crate::components::icon::Icon;
use edgewatch_client::public_status::{ComponentState, IncidentImpact, IncidentStage};
use leptos::prelude::*;

/// The look of a state.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// `up` in `tone-up`.
    pub tone: &'static str,
    /// Its shape.
    pub icon: Icon,
    /// The message that is its word.
    pub word: &'static str,
}

impl Look {
    /// Icon and word in its colour.
    pub fn label(self, texts: Texts) -> AnyView {
        html! { <span class=format!("state tone-{}", self.tone)>{self.icon.view()} <span>{texts.say(self.word)}</span></span> }
    }

    /// Icon and word on its ground, as the dashboard has them.
    pub fn badge(self, texts: Texts) -> AnyView {
        html! { <span class=format!("badge tone-{}", self.tone)>{self.icon.view()} {texts.say(self.word)}</span> }
    }

    /// A round mark, hidden from screen readers: a text beside it says the same.
    pub fn mark(self) -> AnyView {
        html! { <span class=format!("mark tone-{}", self.tone) aria-hidden="true">{self.icon.view()}</span> }
    }
}

/// The look of a component's state.
pub fn of_state(state: ComponentState) -> Look {
    let (tone, icon, word) = match state {
        ComponentState::Unknown => ("unknown", Icon::Question, "state-unknown"),
        ComponentState::Operational => ("up", Icon::Check, "state-operational"),
        ComponentState::Maintenance => ("maintenance", Icon::Wrench, "state-maintenance"),
        ComponentState::Degraded => ("degraded", Icon::Warning, "state-degraded"),
        ComponentState::PartialOutage => ("partial", Icon::Warning, "state-partial-outage"),
        ComponentState::MajorOutage => ("down", Icon::Cross, "state-major-outage"),
    };
    Look { tone, icon, word }
}

/// The look of a whole page.
pub fn of_page(state: ComponentState) -> Look {
    let word = match state {
        ComponentState::Unknown => "overall-unknown",
        ComponentState::Operational => "overall-operational",
        ComponentState::Maintenance => "overall-maintenance",
        ComponentState::Degraded => "overall-degraded",
        ComponentState::PartialOutage => "overall-partial-outage",
        ComponentState::MajorOutage => "overall-major-outage",
    };
    Look {
        word,
        ..of_state(state)
    }
}

/// The look of an incident by how bad it is.
pub fn of_impact(impact: IncidentImpact) -> Look {
    let (state, word) = match impact {
        IncidentImpact::None => (ComponentState::Unknown, "impact-none"),
        IncidentImpact::Minor => (ComponentState::Degraded, "impact-minor"),
        IncidentImpact::Major => (ComponentState::PartialOutage, "impact-major"),
        IncidentImpact::Critical => (ComponentState::MajorOutage, "impact-critical"),
    };
    let icon = match impact {
        IncidentImpact::None => Icon::Pulse,
        _ => of_state(state).icon,
    };
    Look {
        icon,
        word,
        ..of_state(state)
    }
}

/// The word for where an incident stands.
pub fn stage(stage: IncidentStage) -> &'static str {
    match stage {
        IncidentStage::Investigating => "stage-investigating",
        IncidentStage::Identified => "stage-identified",
        IncidentStage::Monitoring => "stage-monitoring",
        IncidentStage::Resolved => "stage-resolved",
    }
}
