//! The paths of what is read, relative to [`super::BASE`].

use crate::{
    address::{percent_encode, query_string},
    incident::IncidentsQuery,
    maintenance::MaintenanceQuery,
    result::ResultsQuery,
    series::SeriesQuery,
    subscriber::SubscribersQuery,
    timeline::{TimelineQuery, UptimeQuery},
};

/// Who is signed in.
pub const SESSION: &str = "/session";
/// Whether the first administrator is still to be made.
pub const SETUP: &str = "/setup";
/// Every monitor at a glance.
pub const OVERVIEW: &str = "/overview";
/// The regions, with their probes.
pub const REGIONS: &str = "/regions";
/// Reports that are made regularly.
pub const REPORT_SCHEDULES: &str = "/report-schedules";
/// The service level objectives.
pub const SLOS: &str = "/slos";
/// The service level agreements.
pub const SLAS: &str = "/slas";
/// The status pages.
pub const STATUS_PAGES: &str = "/status-pages";
/// The status pages that can be restored.
pub const DELETED_STATUS_PAGES: &str = "/status-pages?deleted=true";
/// The open enrolment tokens.
pub const ENROLMENT_TOKENS: &str = "/enrolment-tokens";

/// One monitor.
pub fn monitor(id: i32) -> String {
    format!("/monitors/{id}")
}

/// Where a heartbeat monitor's job calls in.
pub fn heartbeat(id: i32) -> String {
    format!("/monitors/{id}/heartbeat")
}

/// A page of incidents.
pub fn incidents(query: &IncidentsQuery) -> String {
    format!("/incidents{}", query_string(&query.pairs()))
}

/// One incident.
pub fn incident(id: i32) -> String {
    format!("/incidents/{id}")
}

/// The evidence of an incident's outage.
pub fn incident_outage(id: i32, outage: i64) -> String {
    format!("/incidents/{id}/outages/{outage}")
}

/// A page of a monitor's results.
pub fn results(id: i32, query: &ResultsQuery) -> String {
    format!("/monitors/{id}/results{}", query_string(&query.pairs()))
}

/// One result in full.
pub fn result(id: i32, result: &str) -> String {
    format!("/monitors/{id}/results/{}", percent_encode(result))
}

/// The record of a monitor's state.
pub fn timeline(id: i32, query: &TimelineQuery) -> String {
    format!("/monitors/{id}/timeline{}", query_string(&query.pairs()))
}

/// A monitor's uptime over the usual windows.
pub fn uptime(id: i32, query: &UptimeQuery) -> String {
    format!("/monitors/{id}/uptime{}", query_string(&query.pairs()))
}

/// One service level agreement.
pub fn sla(id: i32) -> String {
    format!("/slas/{id}")
}

/// The reports, of one agreement or all.
pub fn reports(sla: Option<i32>) -> String {
    let pairs = [("sla", sla.map(|id| id.to_string()))];
    format!("/reports{}", query_string(&pairs))
}

/// One report.
pub fn report(id: i32) -> String {
    format!("/reports/{id}")
}

/// What a report would say.
pub fn report_preview(sla: i32, version: Option<i32>, from: &str, to: &str) -> String {
    let pairs = [
        ("sla", Some(sla.to_string())),
        ("version", version.map(|version| version.to_string())),
        ("from", Some(from.to_owned())),
        ("to", Some(to.to_owned())),
    ];
    format!("/reports/preview{}", query_string(&pairs))
}

/// One service level objective.
pub fn slo(id: i32) -> String {
    format!("/slos/{id}")
}

/// One status page.
pub fn status_page(id: i32) -> String {
    format!("/status-pages/{id}")
}

/// The subscribers of a status page.
pub fn subscribers(page: i32, query: &SubscribersQuery) -> String {
    let pairs = [
        ("cursor", query.cursor.clone()),
        ("limit", query.limit.map(|limit| limit.to_string())),
    ];
    format!("/status-pages/{page}/subscribers{}", query_string(&pairs))
}

/// The maintenance windows of a range of time.
pub fn maintenance_list(query: MaintenanceQuery) -> String {
    format!("/maintenance{}", query_string(&query.pairs()))
}

/// One maintenance.
pub fn maintenance(id: i32) -> String {
    format!("/maintenance/{id}")
}

/// A window as the query of an address, `?` included.
pub fn window(query: &SeriesQuery) -> String {
    query_string(&query.pairs())
}

/// What there is of a monitor over a [`window`].
pub fn over(id: i32, what: &str, window: &str) -> String {
    format!("/monitors/{id}/{what}{window}")
}
