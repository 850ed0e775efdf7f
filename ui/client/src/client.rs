//! The typed client: one method for each endpoint.

use crate::{
    check_document::{CheckDocument, ObservationDocument, SightDocument},
    enrolment_token::{EnrolmentToken, EnrolmentTokenRequest},
    heartbeat::Heartbeat,
    incident::{
        Incident, IncidentChanges, IncidentEvidence, IncidentRequest, IncidentSummary, IncidentUpdateRequest,
        IncidentsQuery, OpenIncidents,
    },
    json::{self, FromJson, Unreadable},
    log::{Log, LogState},
    maintenance::{Maintenance, MaintenanceQuery, MaintenanceSettings, MaintenanceWindow},
    monitor::{Monitor, MonitorSettings},
    overview::Overview,
    page::Page,
    probe::Probe,
    region::{Region, RegionSettings},
    replay::{Replay, ReplayRequest},
    report::{Report, ReportPreview},
    report_schedule::ReportSchedule,
    result::{ResultDetail, ResultSummary, ResultsQuery},
    series::{HeatMap, Matrix, PercentileTable, Series, SeriesQuery},
    session::{SessionResponse, SetupRequest, SetupResponse, SignInRequest},
    sla::{Sla, SlaDetail},
    slo::{Slo, SloDetail, SloSettings},
    status_page::{StatusPage, StatusPageSettings, StatusPageSummary},
    subscriber::{Subscriber, SubscribersQuery},
    test_run::{TestRun, TestRunRequest},
    timeline::{Timeline, TimelineQuery, Uptime, UptimeQuery},
    transport::{Method, Request, Response, Transport},
};
use async_lock::Mutex;
use chrono::{DateTime, SecondsFormat, Utc};
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

    /// `GET /setup`: whether the first administrator is still to be made.
    pub async fn get_setup(&self) -> Result<SetupResponse, Problem> {
        self.get(path::SETUP).await
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

    /// `GET /monitors/{id}/results`.
    pub async fn list_results(&self, id: i32, query: &ResultsQuery) -> Result<Page<ResultSummary>, Problem> {
        self.get(&path::results(id, query)).await
    }

    /// `GET /monitors/{id}/results/{result}`.
    pub async fn get_result(
        &self,
        id: i32,
        result: &str,
    ) -> Result<ResultDetail<ObservationDocument>, Problem> {
        self.get(&path::result(id, result)).await
    }

    /// `GET /monitors/{id}/series`.
    pub async fn get_series(&self, id: i32, query: &SeriesQuery) -> Result<Series, Problem> {
        self.get(&path::series(id, query)).await
    }

    /// `GET /monitors/{id}/percentiles`.
    pub async fn get_percentiles(&self, id: i32, query: &SeriesQuery) -> Result<PercentileTable, Problem> {
        self.get(&path::percentiles(id, query)).await
    }

    /// `GET /monitors/{id}/heatmap`.
    pub async fn get_heat_map(&self, id: i32, query: &SeriesQuery) -> Result<HeatMap, Problem> {
        self.get(&path::heat_map(id, query)).await
    }

    /// `GET /monitors/{id}/matrix`.
    pub async fn get_matrix(&self, id: i32, query: &SeriesQuery) -> Result<Matrix, Problem> {
        self.get(&path::matrix(id, query)).await
    }

    /// `GET /monitors/{id}/timeline`.
    pub async fn get_timeline(&self, id: i32, query: &TimelineQuery) -> Result<Timeline, Problem> {
        self.get(&path::timeline(id, query)).await
    }

    /// `GET /monitors/{id}/uptime`.
    pub async fn get_uptime(&self, id: i32, query: &UptimeQuery) -> Result<Uptime, Problem> {
        self.get(&path::uptime(id, query)).await
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

    /// `POST /slos`.
    pub async fn create_slo(&self, settings: &SloSettings) -> Result<Slo, Problem> {
        self.write(Method::Post, path::SLOS, settings).await
    }

    /// `PUT /slos/{id}`.
    pub async fn update_slo(&self, id: i32, settings: &SloSettings) -> Result<Slo, Problem> {
        self.write(Method::Put, &path::slo(id), settings).await
    }

    /// `DELETE /slos/{id}`.
    pub async fn delete_slo(&self, id: i32) -> Result<(), Problem> {
        self.act(Method::Delete, &path::slo(id)).await
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

    /// `POST /status-pages`.
    pub async fn create_status_page(&self, settings: &StatusPageSettings) -> Result<StatusPage, Problem> {
        self.write(Method::Post, path::STATUS_PAGES, settings).await
    }

    /// `PUT /status-pages/{id}`.
    pub async fn update_status_page(
        &self,
        id: i32,
        settings: &StatusPageSettings,
    ) -> Result<StatusPage, Problem> {
        self.write(Method::Put, &path::status_page(id), settings).await
    }

    /// `DELETE /status-pages/{id}`.
    pub async fn delete_status_page(&self, id: i32) -> Result<(), Problem> {
        self.act(Method::Delete, &path::status_page(id)).await
    }

    /// `GET /status-pages/{id}/subscribers`.
    pub async fn list_subscribers(
        &self,
        page: i32,
        query: &SubscribersQuery,
    ) -> Result<Page<Subscriber>, Problem> {
        self.get(&path::subscribers(page, query)).await
    }

    /// `DELETE /status-pages/{id}/subscribers/{subscriber}`.
    pub async fn delete_subscriber(&self, page: i32, subscriber: i32) -> Result<(), Problem> {
        let path = format!("/status-pages/{page}/subscribers/{subscriber}");
        self.act(Method::Delete, &path).await
    }

    /// `GET /maintenance`.
    pub async fn list_maintenance(&self, query: MaintenanceQuery) -> Result<Vec<Maintenance>, Problem> {
        self.get(&path::maintenance_list(query)).await
    }

    /// `GET /maintenance/{id}`.
    pub async fn get_maintenance(&self, id: i32) -> Result<Maintenance, Problem> {
        self.get(&path::maintenance(id)).await
    }

    /// `POST /maintenance`, or `PUT /maintenance/{id}`.
    pub async fn save_maintenance(
        &self,
        id: Option<i32>,
        settings: &MaintenanceSettings,
    ) -> Result<Maintenance, Problem> {
        match id {
            Some(id) => self.write(Method::Put, &path::maintenance(id), settings).await,
            None => self.write(Method::Post, "/maintenance", settings).await,
        }
    }

    /// `DELETE /maintenance/{id}`.
    pub async fn delete_maintenance(&self, id: i32) -> Result<(), Problem> {
        self.act(Method::Delete, &path::maintenance(id)).await
    }

    /// `POST /maintenance/{id}/end`: the open window ends now.
    pub async fn end_maintenance(&self, id: i32) -> Result<Maintenance, Problem> {
        self.read(Method::Post, &format!("/maintenance/{id}/end"), None)
            .await
    }

    /// `POST /maintenance/preview`: when such a one would take place.
    pub async fn preview_maintenance(
        &self,
        settings: &MaintenanceSettings,
    ) -> Result<Vec<MaintenanceWindow>, Problem> {
        self.write(Method::Post, "/maintenance/preview", settings).await
    }

    /// `GET /incidents`.
    pub async fn list_incidents(&self, query: &IncidentsQuery) -> Result<Page<IncidentSummary>, Problem> {
        self.get(&path::incidents(query)).await
    }

    /// `GET /incidents/open`: how many are.
    pub async fn count_open_incidents(&self) -> Result<OpenIncidents, Problem> {
        self.get(path::OPEN_INCIDENTS).await
    }

    /// `POST /incidents`: open one by hand.
    pub async fn create_incident(&self, request: &IncidentRequest) -> Result<Incident, Problem> {
        self.write(Method::Post, "/incidents", request).await
    }

    /// `GET /incidents/{id}`.
    pub async fn get_incident(&self, id: i32) -> Result<Incident, Problem> {
        self.get(&path::incident(id)).await
    }

    /// `PUT /incidents/{id}`.
    pub async fn update_incident(&self, id: i32, changes: &IncidentChanges) -> Result<Incident, Problem> {
        self.write(Method::Put, &path::incident(id), changes).await
    }

    /// `POST /incidents/{id}/acknowledge`, `/resolve` or `/reopen`.
    pub async fn act_on_incident(&self, id: i32, action: &str) -> Result<Incident, Problem> {
        self.read(Method::Post, &format!("{}/{action}", path::incident(id)), None)
            .await
    }

    /// `POST /incidents/{id}/updates`.
    pub async fn create_incident_update(
        &self,
        id: i32,
        request: &IncidentUpdateRequest,
    ) -> Result<Incident, Problem> {
        self.write(Method::Post, &format!("{}/updates", path::incident(id)), request)
            .await
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

    /// `PUT /regions/{name}`.
    pub async fn update_region(&self, settings: &RegionSettings) -> Result<Region, Problem> {
        self.write(
            Method::Put,
            &format!("/regions/{}", settings.name.as_str()),
            settings,
        )
        .await
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

/// The query as `?a=b&c=d`, of the pairs that have a value, or nothing.
fn query_string(pairs: &[(&str, Option<String>)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if let Some(value) = value {
            text.push(if text.is_empty() { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            text.push_str(&percent_encode(value));
        }
    }
    text
}

/// A time in a query, RFC 3339 in UTC.
pub(crate) fn time_text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Encodes everything but the unreserved characters of RFC 3986.
pub fn percent_encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Sending;
    use std::sync::Mutex as StdMutex;

    /// Answers from a script of `(status, body)` and remembers what it was asked.
    struct Script {
        answers: StdMutex<Vec<(u16, String)>>,
        asked: Arc<StdMutex<Vec<String>>>,
        refreshes: bool,
    }

    impl Transport for Script {
        fn send(&self, request: Request) -> Sending {
            self.asked
                .lock()
                .unwrap()
                .push(format!("{} {}", request.method.as_str(), request.path));
            let (status, body) = self.answers.lock().unwrap().remove(0);
            Box::pin(async move { Ok(Response { status, body }) })
        }
        fn can_refresh(&self) -> bool {
            self.refreshes
        }
    }

    fn client(refreshes: bool, answers: Vec<(u16, String)>) -> (Client, Arc<StdMutex<Vec<String>>>) {
        let asked = Arc::<StdMutex<Vec<String>>>::default();
        let script = Script {
            answers: StdMutex::new(answers),
            asked: asked.clone(),
            refreshes,
        };
        (Client::new(script), asked)
    }

    fn unauthenticated() -> (u16, String) {
        let problem = Problem::new(ProblemType::Unauthenticated);
        (401, serde_json::to_string(&problem).unwrap())
    }

    #[tokio::test]
    async fn an_ended_session_is_renewed_once_and_the_request_repeated() {
        let regions = (200, "[]".to_owned());
        let (client, asked) = client(true, vec![unauthenticated(), (204, String::new()), regions]);
        assert_eq!(client.list_regions().await.unwrap(), []);
        assert_eq!(
            *asked.lock().unwrap(),
            [
                "GET /api/v1/regions",
                "POST /api/v1/session/refresh",
                "GET /api/v1/regions"
            ]
        );
    }

    #[tokio::test]
    async fn where_the_session_cannot_be_renewed_the_first_answer_stands() {
        let (client, asked) = client(true, vec![unauthenticated(), unauthenticated()]);
        let problem = client.list_regions().await.unwrap_err();
        assert_eq!(problem.kind(), Some(ProblemType::Unauthenticated));
        assert_eq!(asked.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_transport_without_the_refresh_cookie_does_not_try() {
        let (client, asked) = client(false, vec![unauthenticated()]);
        assert!(client.get_session().await.is_err());
        assert_eq!(asked.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_refused_sign_in_is_not_the_end_of_a_session() {
        let (client, asked) = client(true, vec![unauthenticated()]);
        let request = SignInRequest {
            email: "a@example.com".to_owned(),
            password: "wrong".to_owned(),
        };
        assert!(client.sign_in(&request).await.is_err());
        assert_eq!(asked.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_page_that_is_no_problem_document_becomes_one() {
        let (client, _) = client(true, vec![(502, "<html>bad gateway".to_owned())]);
        let problem = client.get_overview().await.unwrap_err();
        assert_eq!(problem.status, 502);
        assert!(problem.detail.unwrap().contains("502"));
    }

    #[test]
    fn queries_leave_out_what_is_not_asked_and_encode_the_rest() {
        assert_eq!(query_string(&ResultsQuery::default().pairs()), "");
        let query = ResultsQuery {
            region: Some("a b&c".to_owned()),
            limit: Some(20),
            ..ResultsQuery::default()
        };
        assert_eq!(query_string(&query.pairs()), "?region=a%20b%26c&limit=20");
    }
}
