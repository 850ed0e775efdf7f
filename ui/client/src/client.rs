//! The typed client: a method for each endpoint that pages ask. Those that a page reads by its path alone, and those that
//! forms are sent to, need none.

use crate::{
    address::percent_encode,
    check_document::{CheckDocument, SightDocument},
    enrolment_token::{EnrolmentToken, EnrolmentTokenRequest},
    heartbeat::Heartbeat,
    incident::{Incident, IncidentEvidence, IncidentSummary, IncidentsQuery},
    json::{self, FromJson, Unreadable},
    log::{Log, LogState},
    maintenance::{Maintenance, MaintenanceQuery},
    monitor::{Monitor, MonitorSettings},
    overview::Overview,
    page::Page,
    probe::Probe,
    region::Region,
    replay::{Replay, ReplayRequest},
    report::{Report, ReportPreview},
    report_schedule::ReportSchedule,
    session::{SessionResponse, SetupRequest, SignInRequest},
    sla::{Sla, SlaDetail},
    slo::{Slo, SloDetail},
    status_page::{StatusPage, StatusPageSummary},
    subscriber::{Subscriber, SubscribersQuery},
    test_run::{TestRun, TestRunRequest},
    transport::{Method, Request, Response, Transport},
};
use async_lock::Mutex;
use edgewatch_protocol::problem::{Problem, ProblemType};
use serde::Serialize;
use std::sync::Arc;

/// Where the API begins.
pub const BASE: &str = "/api/v1";

/// Where an ended session is renewed.
pub const SESSION_REFRESH: &str = "/api/v1/session/refresh";

pub mod path;

/// A client of the REST API. Cheap to clone; clones renew an ended session together.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    /// How often the session was renewed. Refresh tokens are rotated, so two requests must never renew at once.
    renewals: Arc<Mutex<u64>>,
}

impl Client {
    /// A client over a transport.
    pub fn new(transport: impl Transport + 'static) -> Self {
        Self {
            transport: Arc::new(transport),
            renewals: Arc::default(),
        }
    }

    /// `GET /session`: who is signed in.
    pub async fn get_session(&self) -> Result<SessionResponse, Problem> {
        self.get(path::SESSION).await
    }

    /// `POST /session`: sign in.
    pub async fn sign_in(&self, request: &SignInRequest) -> Result<SessionResponse, Problem> {
        self.write(Method::Post, "/session", request).await
    }

    /// `DELETE /session`: sign out.
    pub async fn sign_out(&self) -> Result<(), Problem> {
        self.act(Method::Delete, "/session").await
    }

    /// `POST /session/refresh`: renew the session by its refresh cookie.
    pub async fn refresh_session(&self) -> Result<(), Problem> {
        let mut renewals = self.renewals.lock().await;
        self.refresh().await?;
        *renewals += 1;
        Ok(())
    }

    /// `POST /setup`: make the first administrator and sign in.
    pub async fn set_up(&self, request: &SetupRequest) -> Result<SessionResponse, Problem> {
        self.write(Method::Post, "/setup", request).await
    }

    /// `GET /log`.
    pub async fn get_log(&self) -> Result<Log, Problem> {
        self.get("/log").await
    }

    /// `GET /log/state`.
    pub async fn get_log_state(&self) -> Result<LogState, Problem> {
        self.get("/log/state").await
    }

    /// `GET /overview`.
    pub async fn get_overview(&self) -> Result<Overview, Problem> {
        self.get(path::OVERVIEW).await
    }

    /// `GET /monitors/{id}`.
    pub async fn get_monitor(&self, id: i32) -> Result<Monitor<CheckDocument>, Problem> {
        self.get(&path::monitor(id)).await
    }

    /// `POST /monitors`.
    pub async fn create_monitor(
        &self,
        settings: &MonitorSettings<CheckDocument>,
    ) -> Result<Monitor<CheckDocument>, Problem> {
        self.write(Method::Post, "/monitors", settings).await
    }

    /// `PUT /monitors/{id}`.
    pub async fn update_monitor(
        &self,
        id: i32,
        settings: &MonitorSettings<CheckDocument>,
    ) -> Result<Monitor<CheckDocument>, Problem> {
        self.write(Method::Put, &format!("/monitors/{id}"), settings)
            .await
    }

    /// `DELETE /monitors/{id}`.
    pub async fn delete_monitor(&self, id: i32) -> Result<(), Problem> {
        self.act(Method::Delete, &format!("/monitors/{id}")).await
    }

    /// `GET /monitors/{id}/heartbeat`.
    pub async fn get_heartbeat(&self, id: i32) -> Result<Heartbeat, Problem> {
        self.get(&path::heartbeat(id)).await
    }

    /// `POST /monitors/{id}/heartbeat/rotate`: another URL; the one before is over.
    pub async fn rotate_heartbeat(&self, id: i32) -> Result<Heartbeat, Problem> {
        self.read(Method::Post, &format!("{}/rotate", path::heartbeat(id)), None)
            .await
    }

    /// `POST /monitors/{id}/replay`.
    pub async fn replay_policy(&self, id: i32, request: &ReplayRequest) -> Result<Replay, Problem> {
        self.write(Method::Post, &format!("/monitors/{id}/replay"), request)
            .await
    }

    /// `GET /slas`.
    pub async fn list_slas(&self) -> Result<Vec<Sla>, Problem> {
        self.get(path::SLAS).await
    }

    /// `GET /slas/{id}`.
    pub async fn get_sla(&self, id: i32) -> Result<SlaDetail, Problem> {
        self.get(&path::sla(id)).await
    }

    /// `GET /reports`, those under one agreement or all.
    pub async fn list_reports(&self, sla: Option<i32>) -> Result<Page<Report>, Problem> {
        self.get(&path::reports(sla)).await
    }

    /// `GET /reports/{id}`.
    pub async fn get_report(&self, id: i32) -> Result<Report, Problem> {
        self.get(&path::report(id)).await
    }

    /// `GET /reports/preview`.
    pub async fn preview_report(
        &self,
        sla: i32,
        version: Option<i32>,
        from: &str,
        to: &str,
    ) -> Result<ReportPreview, Problem> {
        self.get(&path::report_preview(sla, version, from, to)).await
    }

    /// `GET /report-schedules`.
    pub async fn list_report_schedules(&self) -> Result<Vec<ReportSchedule>, Problem> {
        self.get(path::REPORT_SCHEDULES).await
    }

    /// `GET /slos`.
    pub async fn list_slos(&self) -> Result<Vec<Slo>, Problem> {
        self.get(path::SLOS).await
    }

    /// `GET /slos/{id}`.
    pub async fn get_slo(&self, id: i32) -> Result<SloDetail, Problem> {
        self.get(&path::slo(id)).await
    }

    /// `GET /status-pages`: those that are there, or those that can be restored.
    pub async fn list_status_pages(&self, deleted: bool) -> Result<Vec<StatusPageSummary>, Problem> {
        self.get(if deleted {
            path::DELETED_STATUS_PAGES
        } else {
            path::STATUS_PAGES
        })
        .await
    }

    /// `GET /status-pages/{id}`.
    pub async fn get_status_page(&self, id: i32) -> Result<StatusPage, Problem> {
        self.get(&path::status_page(id)).await
    }

    /// `GET /status-pages/{id}/subscribers`.
    pub async fn list_subscribers(
        &self,
        page: i32,
        query: &SubscribersQuery,
    ) -> Result<Page<Subscriber>, Problem> {
        self.get(&path::subscribers(page, query)).await
    }

    /// `GET /maintenance`.
    pub async fn list_maintenance(&self, query: MaintenanceQuery) -> Result<Vec<Maintenance>, Problem> {
        self.get(&path::maintenance_list(query)).await
    }

    /// `GET /maintenance/{id}`.
    pub async fn get_maintenance(&self, id: i32) -> Result<Maintenance, Problem> {
        self.get(&path::maintenance(id)).await
    }

    /// `GET /incidents`.
    pub async fn list_incidents(&self, query: &IncidentsQuery) -> Result<Page<IncidentSummary>, Problem> {
        self.get(&path::incidents(query)).await
    }

    /// `GET /incidents/{id}`.
    pub async fn get_incident(&self, id: i32) -> Result<Incident, Problem> {
        self.get(&path::incident(id)).await
    }

    /// `GET /incidents/{id}/outages/{outage}`: the evidence of an outage.
    pub async fn get_incident_evidence(
        &self,
        id: i32,
        outage: i64,
    ) -> Result<IncidentEvidence<SightDocument>, Problem> {
        self.get(&path::incident_outage(id, outage)).await
    }

    /// `GET /regions`, with their probes.
    pub async fn list_regions(&self) -> Result<Vec<Region>, Problem> {
        self.get(path::REGIONS).await
    }

    /// `POST /probes/{fingerprint}/approve`.
    pub async fn approve_probe(&self, fingerprint: &str) -> Result<Probe, Problem> {
        self.read(
            Method::Post,
            &format!("/probes/{}/approve", percent_encode(fingerprint)),
            None,
        )
        .await
    }

    /// `POST /probes/{fingerprint}/revoke`.
    pub async fn revoke_probe(&self, fingerprint: &str) -> Result<Probe, Problem> {
        self.read(
            Method::Post,
            &format!("/probes/{}/revoke", percent_encode(fingerprint)),
            None,
        )
        .await
    }

    /// `GET /enrolment-tokens`.
    pub async fn list_enrolment_tokens(&self) -> Result<Vec<EnrolmentToken>, Problem> {
        self.get(path::ENROLMENT_TOKENS).await
    }

    /// `POST /enrolment-tokens`; the answer alone holds the secret.
    pub async fn create_enrolment_token(
        &self,
        request: &EnrolmentTokenRequest,
    ) -> Result<EnrolmentToken, Problem> {
        self.write(Method::Post, "/enrolment-tokens", request).await
    }

    /// `DELETE /enrolment-tokens/{id}`.
    pub async fn delete_enrolment_token(&self, id: i32) -> Result<(), Problem> {
        self.act(Method::Delete, &format!("/enrolment-tokens/{id}")).await
    }

    /// `POST /tests`: check once, now.
    pub async fn create_test(
        &self,
        request: &TestRunRequest<CheckDocument>,
    ) -> Result<TestRun<SightDocument>, Problem> {
        self.write(Method::Post, "/tests", request).await
    }

    /// `GET /tests/{id}`.
    pub async fn get_test(&self, id: &str) -> Result<TestRun<SightDocument>, Problem> {
        self.get(&format!("/tests/{}", percent_encode(id))).await
    }

    /// The JSON text of what a [`path`] answers.
    pub async fn read_text(&self, path: &str) -> Result<String, Problem> {
        self.request(Method::Get, path, None)
            .await
            .map(|response| response.body)
    }

    /// The HTML of a page of the dashboard, by its address: some are written by the server alone.
    pub async fn read_page(&self, address: &str) -> Result<String, Problem> {
        let request = Request {
            method: Method::Get,
            path: address.to_owned(),
            body: None,
        };
        self.send(request).await.map(|response| response.body)
    }

    async fn get<T: FromJson>(&self, path: &str) -> Result<T, Problem> {
        self.read(Method::Get, path, None).await
    }

    async fn write<T: FromJson>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Problem> {
        let body = serde_json::to_string(body).map_err(|_| unreadable(0, Unreadable::Mismatch))?;
        self.read(method, path, Some(body)).await
    }

    async fn act(&self, method: Method, path: &str) -> Result<(), Problem> {
        self.request(method, path, None).await.map(drop)
    }

    async fn read<T: FromJson>(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<T, Problem> {
        let response = self.request(method, path, body).await?;
        json::from_str(&response.body).map_err(|error| unreadable(response.status, error))
    }

    /// Sends a request; where the session is over, renews it and tries once more.
    async fn request(&self, method: Method, path: &str, body: Option<String>) -> Result<Response, Problem> {
        let request = Request {
            method,
            path: format!("{BASE}{path}"),
            body,
        };
        let renewals_before = *self.renewals.lock().await;
        let problem = match self.send(request.clone()).await {
            Err(problem) if problem.kind() == Some(ProblemType::Unauthenticated) => problem,
            answer => return answer,
        };
        // A refused sign-in is an answer, not the end of a session.
        let signs_in = method != Method::Get && (path == "/session" || path == "/setup");
        if signs_in || !self.transport.can_refresh() {
            return Err(problem);
        }
        {
            let mut renewals = self.renewals.lock().await;
            if *renewals == renewals_before {
                self.refresh().await.map_err(|_| problem)?;
                *renewals += 1;
            }
        }
        self.send(request).await
    }

    async fn refresh(&self) -> Result<(), Problem> {
        let request = Request {
            method: Method::Post,
            path: SESSION_REFRESH.to_owned(),
            body: None,
        };
        self.send(request).await.map(drop)
    }

    async fn send(&self, request: Request) -> Result<Response, Problem> {
        let response = self.transport.send(request).await?;
        if (200..300).contains(&response.status) {
            return Ok(response);
        }
        Err(json::from_str(&response.body).unwrap_or_else(|error| unreadable(response.status, error)))
    }
}

/// The problem of an answer that is not what the API promises, such as a proxy's error page.
fn unreadable(status: u16, error: Unreadable) -> Problem {
    Problem {
        type_uri: "about:blank".to_owned(),
        title: "The answer cannot be read".to_owned(),
        status,
        detail: Some(format!("HTTP status {status}; {error}.")),
        errors: Vec::new(),
        head: None,
    }
}

#[cfg(test)]
mod tests;
