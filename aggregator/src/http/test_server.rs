//! What tests of handlers share: the whole router over a database of its own, a clock that stands still, and clients of
//! each role.

use crate::{
    app,
    auth::{access_token, password::Passwords, refresh_token},
    clock::Clock,
    secret::Secrets,
    state::AppState,
    store::{
        session::{NewSession, open_session},
        user::{NewUser, create_user},
    },
};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header::SET_COOKIE, response::Parts},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use edgewatch_client::session::Role;
use http_body_util::BodyExt as _;
use serde_json::Value;
use sqlx::PgPool;
use std::sync::atomic::{AtomicBool, Ordering};
use tower::ServiceExt as _;
use uuid::Uuid;

/// The password of users of [`TestServer::sign_up`].
pub const PASSWORD: &str = "a long enough password";

/// The moment that tests begin at: that of the machine, because result partitions are made around it.
#[allow(
    clippy::disallowed_methods,
    reason = "the database makes partitions around its own now"
)]
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(Utc::now().timestamp_millis()).unwrap()
}

/// The router and its state.
pub struct TestServer {
    /// Its state.
    pub state: AppState,
    /// Whether what comes is judged at once.
    pub judges: AtomicBool,
    router: Router,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub bytes: Bytes,
    /// Body as text, where it is one.
    pub text: String,
}

impl Answer {
    /// What came.
    pub fn of(parts: Parts, bytes: Bytes) -> Self {
        Self {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            bytes,
        }
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{}: {}", self.status, self.text))
    }

    /// The last segment of the problem's type.
    pub fn problem(&self) -> String {
        let json = self.json();
        json["type"]
            .as_str()
            .unwrap_or_default()
            .trim_start_matches("/problems/")
            .to_owned()
    }

    /// The pointers of the fields at fault.
    pub fn pointers(&self) -> Vec<String> {
        let json = self.json();
        let errors = json["errors"].as_array().cloned().unwrap_or_default();
        errors
            .iter()
            .map(|error| error["pointer"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The value of a cookie that it sets.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let set = self
            .headers
            .get_all(SET_COOKIE)
            .into_iter()
            .map(|value| value.to_str().unwrap());
        set.filter_map(|cookie| cookie.split(';').next()?.split_once('='))
            .find_map(|(found, value)| (found == name).then(|| value.to_owned()))
    }
}

impl TestServer {
    /// Over an empty database.
    pub fn new(pool: PgPool) -> Self {
        let secrets = Secrets::from_text(&"test".repeat(8)).unwrap();
        let state = AppState::new(pool, Clock::at(now()), secrets);
        Self {
            router: app::router(state.clone()),
            judges: AtomicBool::new(true),
            state,
        }
    }

    /// Lets probes enrol with a token of the process's environment.
    pub fn set_bootstrap_token(&mut self, token: &str) {
        self.state.bootstrap_token = Some(token.into());
        self.router = app::router(self.state.clone());
    }

    /// Hands mail over to this server.
    pub fn set_mailer(&mut self, mailer: crate::mail::Mailer) {
        self.state.mailer = Some(mailer);
        self.router = app::router(self.state.clone());
    }

    /// Judges what has come, as the running process does by itself.
    pub async fn evaluate(&self) {
        if self.judges.load(Ordering::Relaxed) {
            crate::evaluation::evaluate(&self.state, true).await.unwrap();
        }
    }

    /// Sends a request: `headers` are pairs, a body is JSON.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut headers = headers.to_vec();
        let body = body.map_or_else(Vec::new, |json| {
            headers.push(("content-type", "application/json"));
            json.to_string().into_bytes()
        });
        self.send_bytes(method, path, &headers, body).await
    }

    /// Sends a form as a page of the same origin does.
    pub async fn send_form(&self, path: &str, form: &str) -> Answer {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send_bytes("POST", path, &headers, form.into()).await
    }

    /// Asks another host.
    pub async fn send_to(&self, host: &str, path: &str) -> Answer {
        self.send_bytes("GET", path, &[("host", host)], Vec::new()).await
    }

    /// Sends a request with a body of any kind.
    pub async fn send_bytes(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if headers.iter().all(|header| header.0 != "host") {
            request = request.header("host", "localhost:8080");
        }
        let body = Body::from(body);
        let response = self
            .router
            .clone()
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        if method != "GET" {
            self.evaluate().await;
        }
        // Live events have no end.
        let bytes = if path == "/api/v1/events" && parts.status.is_success() {
            Bytes::new()
        } else {
            body.collect().await.unwrap().to_bytes()
        };
        Answer::of(parts, bytes)
    }

    /// The user `<role>@example.org` with [`PASSWORD`], made if there is none.
    pub async fn sign_up(&self, role: Role) -> i32 {
        let email = format!("{role:?}@example.org").to_lowercase();
        let known = sqlx::query_scalar("SELECT id FROM app_user WHERE email = $1").bind(&email);
        if let Some(id) = known.fetch_optional(&self.state.pool).await.unwrap() {
            return id;
        }
        let password_hash = Passwords::default().hash(PASSWORD.to_owned()).await.unwrap();
        let user = NewUser {
            email: &email,
            role,
            password_hash: &password_hash,
        };
        create_user(&self.state.pool, user, self.state.clock.now())
            .await
            .unwrap()
    }

    /// Somebody with this role, and an access token, which ends after a while.
    pub async fn client(&self, role: Role) -> Client<'_> {
        let now = self.state.clock.now();
        let id = Uuid::new_v4();
        let session = NewSession {
            id,
            user_id: self.sign_up(role).await,
            token_hash: &refresh_token::hash(&refresh_token::generate()),
            user_agent: "test",
            now,
            expires_at: now + refresh_token::LIFETIME,
        };
        open_session(&self.state.pool, session).await.unwrap();
        let (token, _) = self.state.auth.access_tokens.issue(id, now).unwrap();
        assert!(access_token::LIFETIME.num_minutes() > 1);
        Client {
            server: self,
            bearer: format!("Bearer {token}"),
        }
    }
}

/// Somebody who is signed in.
pub struct Client<'a> {
    server: &'a TestServer,
    bearer: String,
}

impl Client<'_> {
    /// The value of the `Authorization` header.
    pub fn authorization(&self) -> &str {
        &self.bearer
    }

    /// Sends a request.
    pub async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.server
            .send(method, path, &[("authorization", &self.bearer)], body)
            .await
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    /// `POST` with a body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body)).await
    }

    /// `POST` with a form.
    pub async fn post_form(&self, path: &str, form: String) -> Answer {
        let headers = [
            ("authorization", self.bearer.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.server.send_bytes("POST", path, &headers, form.into()).await
    }

    /// Sends a text of a media type.
    pub async fn send_text(&self, method: &str, path: &str, media_type: &str, text: &str) -> Answer {
        let headers = [
            ("authorization", self.bearer.as_str()),
            ("content-type", media_type),
        ];
        self.server.send_bytes(method, path, &headers, text.into()).await
    }

    /// `PUT` with a body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, Some(body)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }
}
