//! Moments: UTC in the first HTML, the viewer's zone once the page is taken over.

use crate::{
    clock::use_clock,
    format::{self, Moment},
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;

/// A moment in a `<time>`.
pub fn moment(at: DateTime<Utc>, style: Moment) -> AnyView {
    let clock = use_clock();
    html! { <time datetime=format::rfc3339(at)>{move || format::moment(clock.wall(at), style)}</time> }
}

/// How long ago a moment was, moving with the clock; the moment itself in its title.
pub fn ago(at: DateTime<Utc>) -> AnyView {
    let clock = use_clock();
    html! {
        <time datetime=format::rfc3339(at) title=move || format::moment(clock.wall(at), Moment::Second)>
            {move || format::ago(clock.now_ms() - at.timestamp_millis())}
        </time>
    }
}

/// How long something has lasted since a moment, moving with the clock.
pub fn lasting(since: DateTime<Utc>) -> AnyView {
    let clock = use_clock();
    html! {
        <time datetime=format::rfc3339(since) title=move || format!("since {}", format::moment(clock.wall(since), Moment::Second))>
            {move || format::span(clock.now_ms() - since.timestamp_millis())}
        </time>
    }
}
