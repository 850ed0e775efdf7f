//! The HTTP trigger: a turn for schedulers outside of Spin (`spin aka cron`, a Kubernetes `CronJob`), and one public line.

use crate::{
    platform::{SOFTWARE, now_ms},
    settings::{Settings, region, tick_token},
    tick_token::{bearer_token, is_token},
    turn,
};
use bytes::Bytes;
use edgewatch_protocol::problem::{self, Problem, ProblemType};
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde::Serialize;
use spin_sdk::{
    http::{FullBody, IntoResponse, Request},
    http_service,
};

/// Where a turn is asked for.
const TICK_PATH: &str = "/tick";

/// What anyone may know.
#[derive(Serialize)]
struct Status {
    software: &'static str,
    regions: Vec<String>,
}

type Answer = Response<FullBody<Bytes>>;

/// Answers a request for a turn, with the token alone, when the turn is made: `POST /tick` with the token as bearer, or
/// `/tick/{token}` for schedulers that can do no more than ask for a path. `GET /` is answered at once; everything else is
/// not found.
#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let began_ms = now_ms();
    let path = request.uri().path();
    let in_path = path
        .strip_prefix(TICK_PATH)
        .and_then(|rest| rest.strip_prefix('/'));
    let answer: Answer = if path == "/" && request.method() == Method::GET {
        show_status().await
    } else if path != TICK_PATH && in_path.is_none() {
        refuse(ProblemType::NotFound, "ask for `/` or `/tick`")
    } else {
        let presented = in_path.or_else(|| bearer_token(request.headers()));
        match tick_token().await {
            Ok(Some(token)) if presented.is_some_and(|presented| is_token(presented, &token)) => {
                if request.method() == Method::POST || in_path.is_some() {
                    make_turn(began_ms).await
                } else {
                    refuse(ProblemType::MethodNotAllowed, "ask for a turn with POST")
                }
            }
            Ok(Some(_)) => challenge(),
            Ok(None) => refuse(
                ProblemType::NotFound,
                "the variable `tick_token` is not set: only the cron trigger makes turns",
            ),
            Err(message) => fail(&message),
        }
    };
    Ok::<_, spin_sdk::http::Error>(answer)
}

async fn show_status() -> Answer {
    let regions = region().await.map(|region| region.to_string());
    let status = Status {
        software: SOFTWARE,
        regions: regions.into_iter().collect(),
    };
    json(StatusCode::OK, "application/json", &status)
}

fn challenge() -> Answer {
    let mut answer = refuse(
        ProblemType::Unauthenticated,
        "the bearer token is missing or is not the variable `tick_token`",
    );
    let challenge = HeaderValue::from_static("Bearer");
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    answer
}

async fn make_turn(began_ms: i64) -> Answer {
    let made = match Settings::read().await {
        Ok(settings) => turn::make(settings, began_ms).await,
        Err(message) => Err(message),
    };
    match made {
        Ok(line) => json(StatusCode::OK, "application/json", &line),
        Err(message) => fail(&message),
    }
}

/// The deployment is at fault. Nobody but who has the token gets as far, except to learn that the token is too short.
fn fail(message: &str) -> Answer {
    eprintln!("the probe is not configured: {message}");
    refuse(ProblemType::Internal, message)
}

fn refuse(kind: ProblemType, detail: &str) -> Answer {
    let status = StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    json(status, problem::CONTENT_TYPE, &Problem::new(kind).detail(detail))
}

fn json(status: StatusCode, content_type: &'static str, body: &impl Serialize) -> Answer {
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    let mut answer = Response::new(FullBody::new(bytes.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
