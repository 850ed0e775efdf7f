//! What the server writes of the pages that it alone writes (see [`crate::still`]): no signals, no handlers, only HTML.

mod agreement;
mod agreement_exclusions;
mod agreement_form;
mod agreement_words;
mod agreements;
mod form;
mod incident;
mod incident_evidence;
mod incidents;
mod log;
mod maintenance;
mod maintenance_form;
mod objective;
mod objective_chart;
mod objective_form;
mod objectives;
mod replay;
mod report;
mod report_builder;
mod report_schedules;
mod reports;
mod status_page_form;
mod status_page_slas;
mod status_page_tree;
mod status_pages;
mod subscribers;
mod viewer_zone;
pub(crate) mod words;

use crate::{
    clock::machine_now_ms,
    session::Session,
    still::{BEGINS, ENDS, TITLED},
};
use chrono::{DateTime, Utc};
use edgewatch_client::{
    Client,
    protocol::problem::{Problem, ProblemType},
};
use leptos::prelude::*;
use viewer_zone::ViewerZone;

/// A page's title and content.
type Page = (String, AnyView);

/// The page of an address, in the form that [`crate::components::loading::still`] takes apart.
///
/// # Errors
/// The problem that keeps it from being shown.
pub async fn write(client: Client, address: String) -> Result<String, Problem> {
    let zone = ViewerZone::of_request();
    let (path, query) = address.split_once('?').unwrap_or((&address, ""));
    let query = Query(query);
    let session: Session = client.get_session().await?.into();
    let segments: Vec<_> = path.trim_matches('/').split('/').collect();
    let (title, content) = match *segments.as_slice() {
        ["slos"] => objectives::write(&client, &session, query).await?,
        ["slos", "new"] => objective_form::write(&client, &session, None, query).await?,
        ["slos", id] => objective::write(&client, &session, number(id)?).await?,
        ["slos", id, "edit"] => objective_form::write(&client, &session, Some(number(id)?), query).await?,
        ["slas"] => agreements::write(&client, &session).await?,
        ["slas", "new"] => agreement_form::write(&client, &session, None, query, zone).await?,
        ["slas", "import"] => agreement_form::write_import(&session)?,
        ["slas", id] => agreement::write(&client, &session, number(id)?).await?,
        ["slas", id, "edit"] => {
            agreement_form::write(&client, &session, Some(number(id)?), query, zone).await?
        }
        ["reports"] => reports::write(&client, &session, query).await?,
        ["reports", "new"] => report_builder::write(&client, &session, query, machine_now()).await?,
        ["reports", "schedules"] => report_schedules::write(&client, &session).await?,
        ["reports", id] => report::write(&client, &session, number(id)?).await?,
        ["incidents"] => incidents::write(&client, &session, query).await?,
        ["incidents", id] => incident::write(&client, &session, number(id)?, query).await?,
        ["log"] => log::write(&client, &session).await?,
        ["maintenance"] => maintenance::write(&client, &session, query, zone).await?,
        ["maintenance", "new"] => maintenance_form::write_new(&client, &session, query).await?,
        ["maintenance", id] => maintenance_form::write(&client, &session, number(id)?).await?,
        ["status-pages"] => status_pages::write(&client, &session, query).await?,
        ["status-pages", "new"] => status_page_form::write(&client, &session, None, query).await?,
        ["status-pages", id] => status_page_form::write(&client, &session, Some(number(id)?), query).await?,
        ["status-pages", id, "subscribers"] => {
            subscribers::write(&client, &session, number(id)?, query).await?
        }
        ["monitors", id, "replay"] => replay::write(&client, number(id)?, query).await?,
        _ => return Err(nothing()),
    };
    // Nothing in a title may end the comment that it stands in, or is changed on its way.
    let title = title.replace('<', "‹").replace('>', "›");
    let html = content.to_html();
    Ok(format!("{BEGINS}{title}{TITLED}{html}{ENDS}"))
}

fn machine_now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(machine_now_ms()).unwrap_or_default()
}

fn number(text: &str) -> Result<i32, Problem> {
    text.parse().map_err(|_| nothing())
}

fn nothing() -> Problem {
    Problem::new(ProblemType::NotFound).detail("There is nothing at this address.")
}

/// The query of an address.
#[derive(Clone, Copy)]
struct Query<'a>(&'a str);

impl Query<'_> {
    /// A value by its name, where it is not empty.
    fn get(self, name: &str) -> Option<String> {
        let mut pairs = self.0.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(found, _)| *found == name)?;
        let plain = value.replace('+', " ");
        let value = leptos_router::location::Url::unescape(&plain);
        (!value.is_empty()).then_some(value)
    }

    /// A value that can be read.
    fn read<T: std::str::FromStr>(self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_by_name() {
        let query = Query("monitor=3&name=a+b%3Dc&empty=");
        assert_eq!(query.read("monitor"), Some(3));
        assert_eq!(query.get("name").as_deref(), Some("a b=c"));
        assert_eq!(query.get("empty"), None);
        assert_eq!(query.read::<i32>("name"), None);
    }
}
