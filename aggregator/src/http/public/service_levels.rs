//! What belongs to the agreements of a page: reports that its owner hands out, under the page's own doors.

use super::{Address, Visit};
use crate::{
    http::{error::ApiResult, report_files::SharedReport},
    state::AppState,
};
use axum::response::Response;
use edgewatch_client::public_sla::PublicReport;
use edgewatch_ui::public::Seen;

/// What addresses of the dashboard begin with, where bundles are verified; see
/// [`edgewatch_ui::public::service_levels_page`].
pub fn installation(state: &AppState, address: Address, seen: Seen) -> Option<String> {
    let settings = state.settings();
    let known = settings
        .public_url
        .as_ref()
        .map(|url| url.origin().ascii_serialization());
    // On a host of its own, and on an edge worker, there is only the page.
    let is_beside = address == Address::Slug && seen != Seen::Later;
    known.or_else(|| is_beside.then(String::new))
}

/// A report that the page names: to be looked at, as a file, or its bundle.
pub async fn report(visit: &Visit<'_>, id: &str, form: Option<&str>) -> ApiResult<Response> {
    let id: i32 = id.parse().map_err(|_| visit.nothing())?;
    let slas = &visit.page.snapshot.slas;
    let holds = |reports: &[PublicReport]| reports.iter().any(|one| one.id == id);
    let sla = slas.iter().find(|sla| holds(&sla.reports));
    let sla = sla.ok_or_else(|| visit.nothing())?;
    let report = SharedReport {
        id,
        address: format!("{}/sla/reports/{id}", visit.base()),
        has_bundle: sla.has_bundles,
    };
    report.answer(visit.state, form).await
}
