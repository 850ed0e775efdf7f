//! Drawings and tables that are made as text. What is only looked at needs nothing of what keeps a view live, and weighs a
//! fraction without it.

use crate::{
    api::Reading,
    clock::{Clock, use_clock},
    components::loading::loaded_as,
    format::{self, Moment},
};
use chrono::{DateTime, Utc};
use edgewatch_client::json::Unreadable;
use leptos::prelude::*;

/// Makes the markup of an answer, which is JSON. Whatever is not written here must be [`escape`]d.
pub type Draw = fn(&str, Clock) -> Result<String, Unreadable>;

/// A section of a page that shows what a reading brings.
pub fn drawn_section(id: &'static str, title: &'static str, reading: Reading, draw: Draw) -> AnyView {
    let clock = use_clock();
    let skeleton = || html! { <div class="skeleton skeleton-chart"></div> };
    let content = loaded_as(
        reading,
        skeleton,
        |text| Ok(text.to_owned()),
        move |text: String| {
            // Made anew when times turn to the viewer's zone.
            let markup = move || {
                let unreadable = |_| "<p class=\"note\">The answer cannot be read.</p>".to_owned();
                draw(&text, clock).unwrap_or_else(unreadable)
            };
            drawn("", Box::new(markup))
        },
    );
    html! {
        <section class="section card" aria-labelledby=id>
            <div class="card-head"><h2 id=id>{title}</h2></div>
            {content}
        </section>
    }
}

/// Markup in its place, made anew when what it is made of changes.
pub fn drawn(class: &'static str, markup: Box<dyn Fn() -> String + Send + Sync>) -> AnyView {
    html! { <div class=class inner_html=markup></div> }
}

/// Five moments of a window, for below a chart.
pub fn axis(from: DateTime<Utc>, to: DateTime<Utc>, clock: Clock) -> String {
    let day_long = (to - from).num_hours() > 26;
    let style = if day_long { Moment::Day } else { Moment::TimeOfDay };
    let moment = |i: i32| {
        let at = from + (to - from) * i / 4;
        ["<span>", &format::moment(clock.wall(at), style), "</span>"].concat()
    };
    (0..5).map(moment).collect()
}

/// The same in its place.
pub fn axis_line(from: DateTime<Utc>, to: DateTime<Utc>, clock: Clock) -> String {
    [
        "<div class=\"chart-axis\" aria-hidden=\"true\">",
        &axis(from, to, clock),
        "</div>",
    ]
    .concat()
}

/// A legend of swatches, by class and name.
pub fn legend(entries: &[(&str, &str)]) -> String {
    let entry =
        |(class, name): &(&str, &str)| ["<li><i class=\"swatch ", *class, "\"></i>", *name, "</li>"].concat();
    let entries: String = entries.iter().map(entry).collect();
    ["<ul class=\"legend\">", &entries, "</ul>"].concat()
}

/// Text as it stands in markup, between tags and in attributes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ends_no_tag_and_no_attribute() {
        assert_eq!(escape("<a b=\"&\">"), "&lt;a b=&quot;&amp;&quot;>");
    }
}
