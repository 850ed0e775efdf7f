//! Components and groups: states, bars, figures, response times and regions.

use super::{
    bars::Bars,
    frame::Frame,
    looks::{Look, of_state},
};
use crate::{components::icon::Icon, format::tenths};
use edgewatch_client::public_status::{ComponentState, PublicComponent, PublicLatency, PublicRegion};
use leptos::prelude::*;
use std::fmt::Write as _;

/// With more components than these, groups that are well are folded.
const OPEN_COMPONENTS: usize = 16;

/// What a list of components is shown with.
#[derive(Clone, Copy)]
pub struct Tree<'a> {
    pub frame: &'a Frame<'a>,
    pub bars: Bars<'a>,
    /// Whether groups that are well are folded.
    pub folds: bool,
    /// Whether states and what is of now are shown, not only the record.
    pub is_now: bool,
}

/// How many components there are, groups apart, and how many of them are not well.
pub fn count(components: &[PublicComponent]) -> (usize, usize) {
    components.iter().fold((0, 0), |(all, affected), component| {
        let (own_all, own_affected) = if component.is_group {
            count(&component.children)
        } else {
            (1, usize::from(is_affected(component.state)))
        };
        (all + own_all, affected + own_affected)
    })
}

fn is_affected(state: ComponentState) -> bool {
    state > ComponentState::Operational
}

impl Tree<'_> {
    /// Folds where there are many.
    pub fn folding(mut self, components: &[PublicComponent]) -> Self {
        self.folds = count(components).0 > OPEN_COMPONENTS;
        self
    }

    /// Components that stand alone share a card; each group has its own.
    pub fn view(self, components: &[PublicComponent]) -> AnyView {
        components
            .chunk_by(|a, b| !a.is_group && !b.is_group)
            .map(|part| match part {
                [group] if group.is_group => html! { <div class="card">{self.group(group, 3)}</div> },
                part => html! { <ul class="card components">{self.rows(part, 3)}</ul> },
            })
            .collect_view()
            .into_any()
    }

    fn rows(self, components: &[PublicComponent], level: u8) -> AnyView {
        components
            .iter()
            .map(|component| {
                let row = if component.is_group {
                    self.group(component, level)
                } else {
                    self.component(component)
                };
                html! { <li>{row}</li> }
            })
            .collect_view()
            .into_any()
    }

    fn group(self, group: &PublicComponent, level: u8) -> AnyView {
        let is_open = !self.folds || group.state >= ComponentState::Degraded;
        let name = match level {
            3 => html! { <h3>{group.name.clone()}</h3> },
            4 => html! { <h4>{group.name.clone()}</h4> },
            _ => html! { <h5>{group.name.clone()}</h5> },
        };
        let (all, _) = count(&group.children);
        let counted = self.frame.texts().tell("group-count", [("n", all.into())]);
        html! {
            <details class="group" id=format!("c{}", group.id) open=is_open>
                <summary>
                    {Icon::ChevronRight.view()} {name} <span class="group-count">{counted}</span> {self.figures(group)}
                </summary>
                {about(group)}
                <ul class="components">{self.rows(&group.children, level + 1)}</ul>
            </details>
            <div class="group-bar">{self.bars.view(group)}</div>
        }
    }

    fn component(self, component: &PublicComponent) -> AnyView {
        let latency = component.latency.as_ref().map(|latency| self.latency(latency));
        let regions = (!component.regions.is_empty()).then(|| self.regions(&component.regions));
        html! {
            <div class="component" id=format!("c{}", component.id)>
                <div class="component-head">
                    <span class="component-name">{component.name.clone()}</span>
                    {self.figures(component)}
                </div>
                {about(component)}
                {self.bars.view(component)}
                {latency}
                {regions}
            </div>
        }
    }

    /// Uptime and state.
    fn figures(self, component: &PublicComponent) -> AnyView {
        let texts = self.frame.texts();
        let uptime = self.bars.has_uptime.then(|| match &component.uptime {
            Some(share) => {
                html! { <span class="figure"><span class="sr-only">{texts.say("uptime")} " "</span>{texts.percent(share)}</span> }
            }
            None => html! { <span class="figure figure-none">{texts.say("no-data")}</span> },
        });
        let state = self.is_now.then(|| of_state(component.state).label(texts));
        html! { <span class="figures">{uptime} {state}</span> }
    }

    fn latency(self, latency: &PublicLatency) -> AnyView {
        let texts = self.frame.texts();
        let tell = |key: &str, us| texts.tell(key, [("value", texts.micros(us).into())]);
        html! {
            <p class="latency">
                <span>{texts.say("latency")}</span>
                {sparkline(&latency.hours)}
                <span class="num">{tell("latency-median", latency.p50_us)}</span>
                <span class="num">{tell("latency-p95", latency.p95_us)}</span>
            </p>
        }
    }

    fn regions(self, regions: &[PublicRegion]) -> AnyView {
        let texts = self.frame.texts();
        let chips = regions
            .iter()
            .map(|region| {
                let Look { tone, icon, word } = of_state(region.state);
                let said = texts.say(word);
                html! {
                    <li class=format!("region tone-{tone}") title=said.clone()>
                        {icon.view()} {region.name.clone()} <span class="sr-only">{format!(": {said}")}</span>
                    </li>
                }
            })
            .collect_view();
        html! { <ul class="regions" aria-label=texts.say("regions")>{chips}</ul> }
    }
}

fn about(component: &PublicComponent) -> Option<AnyView> {
    (!component.description.is_empty())
        .then(|| html! { <p class="component-about">{component.description.clone()}</p> })
}

/// The medians of hours as a line, broken where nothing was measured; a text beside it tells the figures.
fn sparkline(hours: &[Option<i32>]) -> Option<AnyView> {
    let measured = || hours.iter().flatten();
    let (least, most) = (*measured().min()?, *measured().max()?);
    let range = f64::from((most - least).max(1));
    let step = 120.0 / (hours.len().max(2) - 1) as f64;
    let mut path = String::new();
    let mut is_on = false;
    for (i, us) in hours.iter().enumerate() {
        let Some(us) = us else {
            is_on = false;
            continue;
        };
        let y = 20.0 - f64::from(us - least) / range * 16.0;
        let verb = if is_on { 'L' } else { 'M' };
        let _ = write!(path, "{verb}{} {}", tenths(step * i as f64), tenths(y));
        // A single hour between two that were not measured is a dot.
        if !is_on && hours.get(i + 1).is_none_or(Option::is_none) {
            path.push_str("h.1");
        }
        is_on = true;
    }
    Some(html! {
        <svg class="sparkline" viewBox="0 0 120 24" preserveAspectRatio="none" aria-hidden="true"><path d=path /></svg>
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_where_nothing_was_measured() {
        let html = sparkline(&[Some(100), Some(300), None, Some(200)])
            .unwrap()
            .to_html();
        assert!(html.contains("d=\"M0.0 20.0L40.0 4.0M120.0 12.0h.1\""), "{html}");
        assert!(sparkline(&[None, None]).is_none());
    }
}
