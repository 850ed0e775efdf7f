//! The days of a component, a stroke each: its length tells how the day was as its colour does.
//!
//! The strokes are the radio buttons of one group, so that the keyboard has a single stop for all of them and goes from
//! day to day with the arrows. Each says its figures as its label; beneath a pointer, a finger or the focus they are shown.

use super::{
    looks::of_state,
    texts::{Texts, attribute, escape},
};
use edgewatch_client::public_status::{ComponentState, PublicComponent, PublicDay, PublicIncident};
use leptos::prelude::*;
use std::fmt::Write as _;

/// Where the days of a bar come from.
#[derive(Clone, Copy)]
pub struct Bars<'a> {
    pub texts: Texts,
    /// The message that tells what the bar is: of the last days or of a month.
    pub hint: &'static str,
    /// The incidents that days may name.
    pub incidents: &'a [PublicIncident],
    /// Whether uptime is shown.
    pub has_uptime: bool,
}

impl Bars<'_> {
    /// The bar of a component.
    pub fn view(self, component: &PublicComponent) -> AnyView {
        let count = component.days.len();
        let down_days = component.days.iter().filter(|day| day.down_ms > 0).count();
        let hint = self.texts.tell(
            self.hint,
            [("component", component.name.as_str().into()), ("n", count.into())],
        );
        let summary = if down_days == 0 {
            self.texts.say("bar-clean")
        } else {
            self.texts.tell("bar-down-days", [("n", down_days.into())])
        };
        let mut html = format!(
            "<legend class=\"sr-only\">{} {}</legend>",
            escape(&hint),
            escape(&summary)
        );
        for (i, day) in component.days.iter().enumerate() {
            self.write(&mut html, component.id, day, i + 1 == count);
        }
        html! { <fieldset class="days" inner_html=html></fieldset> }
    }

    /// A day: alone, or with a card of what happened.
    fn write(self, html: &mut String, component: i32, day: &PublicDay, is_last: bool) {
        let events = self.events(day);
        let mut words = vec![self.texts.date(day.date), self.figure(day)];
        words.extend(events.iter().map(|(_, text)| text.clone()));
        let class = day.worst.map_or("none", |worst| of_state(worst).tone);
        if !events.is_empty() {
            html.push_str("<span class=\"day\">");
        }
        let _ = write!(
            html,
            "<input type=\"radio\" name=\"d{component}\" class=\"{class}\""
        );
        attribute(html, "aria-label", &words.join("\n"));
        html.push_str(if is_last {
            " checked autocomplete=\"off\">"
        } else {
            ">"
        });
        if !events.is_empty() {
            let (date, figure) = (escape(&self.texts.date(day.date)), escape(&self.figure(day)));
            let _ = write!(
                html,
                "<span class=\"day-card\" aria-hidden=\"true\"><b>{date}</b><span>{figure}</span>"
            );
            for (tone, text) in &events {
                let _ = write!(
                    html,
                    "<span class=\"day-event tone-{tone}\">{}</span>",
                    escape(text)
                );
            }
            html.push_str("</span></span>");
        }
    }

    /// The day's uptime, or its state where that is not shown or not known.
    fn figure(self, day: &PublicDay) -> String {
        match (&day.uptime, day.worst) {
            (_, None) => self.texts.say("not-yet"),
            (Some(uptime), _) => self.texts.percent(uptime),
            (None, Some(_)) if self.has_uptime => self.texts.say("no-data"),
            (None, Some(worst)) => self.texts.say(of_state(worst).word),
        }
    }

    /// What happened on the day: a tone and a text each.
    fn events(self, day: &PublicDay) -> Vec<(&'static str, String)> {
        let lengths = [
            ("down-for", day.down_ms, ComponentState::MajorOutage),
            ("degraded-for", day.degraded_ms, ComponentState::Degraded),
            ("maintenance-for", day.maintenance_ms, ComponentState::Maintenance),
        ];
        let lengths = lengths
            .into_iter()
            .filter(|(_, ms, _)| *ms > 0)
            .map(|(key, ms, state)| {
                let length = self.texts.length(ms);
                (
                    of_state(state).tone,
                    self.texts.tell(key, [("length", length.into())]),
                )
            });
        let incidents = day.incidents.iter().filter_map(|id| {
            let incident = self.incidents.iter().find(|incident| incident.id == *id)?;
            Some(("incident", super::incidents::title(incident, self.texts.0)))
        });
        lengths.chain(incidents).collect()
    }
}
