//! The REST API, as a script uses it.

use super::{Aggregator, aggregator::ADMIN};
use edgewatch_client::{
    event::Event,
    page::Page,
    probe::Probe,
    result::{ResultDetail, ResultSummary},
    session::SessionResponse,
};
use edgewatch_protocol::{enrolment::ProbeStatus, problem::Problem};
use reqwest::{Method, Response};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// A signed-in client.
#[derive(Clone)]
pub struct Api {
    http: reqwest::Client,
    origin: String,
    token: String,
}

impl Api {
    /// Signs in as the administrator.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn sign_in(aggregator: &Aggregator) -> Self {
        let mut api = Self {
            http: reqwest::Client::new(),
            origin: aggregator.origin(),
            token: String::new(),
        };
        let credentials = json!({"email": ADMIN.0, "password": ADMIN.1});
        let session: SessionResponse = api.post("/api/v1/session", &credentials).await;
        api.token = session.access_token.expect("an access token");
        api
    }

    /// Sends a request, whatever is answered.
    ///
    /// # Panics
    /// When nothing is answered.
    pub async fn send(&self, method: Method, path: &str, body: Option<&impl Serialize>) -> Response {
        let mut request = self.http.request(method, format!("{}{path}", self.origin));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.expect("the aggregator answers")
    }

    /// A page of the dashboard, as a browser asks for it.
    ///
    /// # Panics
    /// When nothing is answered.
    pub async fn page(&self, path: &str) -> Response {
        let cookie = format!("edgewatch_session={}", self.token);
        let request = self.http.get(format!("{}{path}", self.origin));
        let answer = request.header("cookie", cookie).send().await;
        answer.expect("the aggregator answers")
    }

    /// `GET`, with success.
    ///
    /// # Panics
    /// When it is refused or the answer is of another shape.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let response = self.send(Method::GET, path, None::<&()>).await;
        read(path, response).await
    }

    /// `POST`, with success.
    ///
    /// # Panics
    /// When it is refused or the answer is of another shape.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> T {
        let response = self.send(Method::POST, path, Some(body)).await;
        read(path, response).await
    }

    /// Creates a monitor and answers its number.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn create_monitor(&self, settings: &Value) -> i32 {
        let monitor: Value = self.post("/api/v1/monitors", settings).await;
        monitor["id"]
            .as_i64()
            .and_then(|id| i32::try_from(id).ok())
            .expect("a monitor's number")
    }

    /// Makes a status page.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn create_status_page(&self, settings: &Value) {
        let _: Value = self.post("/api/v1/status-pages", settings).await;
    }

    /// The newest results of a monitor, the newest first.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn results(&self, monitor: i32) -> Vec<ResultSummary> {
        let path = format!("/api/v1/monitors/{monitor}/results?limit=500");
        self.get::<Page<_>>(&path).await.items
    }

    /// All results of a monitor, page by page, the newest first.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn all_results(&self, monitor: i32) -> Vec<ResultSummary> {
        let mut results = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/monitors/{monitor}/results?limit=500{cursor}");
            let page: Page<ResultSummary> = self.get(&path).await;
            results.extend(page.items);
            match page.next_cursor {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return results,
            }
        }
    }

    /// One result in full.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn result(&self, monitor: i32, id: &str) -> ResultDetail {
        self.get(&format!("/api/v1/monitors/{monitor}/results/{id}"))
            .await
    }

    /// All probes.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn probes(&self) -> Vec<Probe> {
        self.get("/api/v1/probes").await
    }

    /// How many probes are approved.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn approved_probes(&self) -> usize {
        let probes = self.probes().await;
        let approved = |probe: &&Probe| probe.status == ProbeStatus::Approved;
        probes.iter().filter(approved).count()
    }

    /// Listens to live events from now on.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn events(&self) -> EventStream {
        let response = self.send(Method::GET, "/api/v1/events", None::<&()>).await;
        assert_eq!(response.status(), 200, "the event stream");
        EventStream {
            response,
            buffer: String::new(),
        }
    }
}

async fn read<T: DeserializeOwned>(path: &str, response: Response) -> T {
    let status = response.status();
    let text = response.text().await.expect("a whole answer");
    assert!(status.is_success(), "{path} answered {status}: {text}");
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{path} answered something else: {error}: {text}"))
}

/// Reads a problem.
///
/// # Panics
/// When the answer is none.
pub async fn read_problem(response: Response) -> Problem {
    let status = response.status();
    let text = response.text().await.expect("a whole answer");
    let problem: Problem =
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status} without a problem: {text}"));
    assert_eq!(problem.status, status.as_u16(), "{text}");
    problem
}

/// Live events, as they come.
pub struct EventStream {
    response: Response,
    buffer: String,
}

impl EventStream {
    /// The next event.
    ///
    /// # Panics
    /// When none comes in time, the stream ends, or the event is of another shape.
    pub async fn next(&mut self, patience: Duration) -> Event {
        // Comments that keep the connection alive are no reason to wait longer.
        let end = Instant::now() + patience;
        loop {
            if let Some(event_end) = self.buffer.find("\n\n") {
                let event: String = self.buffer.drain(..event_end + 2).collect();
                let data: Vec<_> = event
                    .lines()
                    .filter_map(|line| line.strip_prefix("data:"))
                    .collect();
                let data = data.join("\n");
                if !data.is_empty() {
                    return serde_json::from_str(&data)
                        .unwrap_or_else(|error| panic!("not an event: {error}: {data}"));
                }
                continue;
            }
            let chunk = timeout_at(end, self.response.chunk())
                .await
                .unwrap_or_else(|_| panic!("no event within {patience:?}"))
                .expect("the event stream goes on")
                .expect("the event stream does not end");
            self.buffer.push_str(&String::from_utf8_lossy(&chunk));
        }
    }
}
