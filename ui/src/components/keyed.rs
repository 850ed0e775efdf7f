//! Rows that come, go and change places, each known by a number. One type for all lists: the machinery behind it is large.

use leptos::prelude::*;
use std::sync::Arc;

/// A row for each key, made once while its key stays.
pub fn keyed(
    keys: impl Fn() -> Vec<u32> + Send + Sync + 'static,
    row: impl Fn(u32) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    list(Arc::new(keys), Arc::new(row))
}

type Keys = Arc<dyn Fn() -> Vec<u32> + Send + Sync>;
type Row = Arc<dyn Fn(u32) -> AnyView + Send + Sync>;

fn list(keys: Keys, row: Row) -> AnyView {
    html! { <For each=move || keys() key=|key| *key children=move |key| row(key) /> }
}
