//! Pages that the server alone writes, because plain HTML does all that they do. In the browser they cost nothing: it
//! takes over the page around them and leaves them as they are, and when it comes to one from another page, it takes it
//! out of the server's HTML. Their moments and forms are the work of `script/still.js`.

use crate::{api::read_still, components::loading::still};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// A written page stands between two comments, of which the first holds its title. What is handed over to the browser
/// begins within it, for a `<` is changed on that way: only a title is read of what was handed over.
pub const COMMENT: &str = "<!--";
/// What a written page begins with, in its first comment; its title follows.
pub const BEGINS: &str = "still:";
/// What stands behind the title.
pub const TITLED: &str = "-->";
/// What stands behind a written page.
pub const ENDS: &str = "<!--/still-->";

/// Whichever page the server has written for the address.
#[component]
pub fn StillPage() -> impl IntoView {
    let location = use_location();
    let address = Memo::new(move |before: Option<&Option<String>>| {
        let (path, query) = (location.pathname.get(), location.search.get());
        match before {
            // The visitor is leaving: nothing else is asked for here.
            Some(before) if !is_still(&path) => before.clone(),
            _ => Some(format!("{path}?{}", query.trim_start_matches('?'))),
        }
    });
    still(read_still(address))
}

fn is_still(path: &str) -> bool {
    [
        "/slos",
        "/slas",
        "/reports",
        "/incidents",
        "/maintenance",
        "/status-pages",
        "/log",
    ]
    .iter()
    .any(|begin| path.starts_with(begin))
        || path.ends_with("/replay")
}
