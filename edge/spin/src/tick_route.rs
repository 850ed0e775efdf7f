//! The HTTP trigger: a turn for schedulers outside of Spin (`spin aka cron`, a Kubernetes CronJob), and one public line.

use crate::{
    bearer::is_authorized,
    platform::{SOFTWARE, now_ms},
    settings::{Settings, region, tick_token},
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

/// Answers `POST /tick`, with the token alone, when the turn is made; `GET /` at once; everything else is not found.
#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let began_ms = now_ms();
    let answer: Answer = match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => {
            let regions = region().await.map(|region| region.to_string());
            let status = Status {
                software: SOFTWARE,
                regions: regions.into_iter().collect(),
            };
            json(StatusCode::OK, "application/json", &status)
        }
        (method, TICK_PATH) => match tick_token().await {
            Ok(Some(token)) if is_authorized(request.headers(), &token) => {
                if method == Method::POST {
                    make_turn(began_ms).await
                } else {
                    refuse(ProblemType::MethodNotAllowed, "ask for a turn with POST")
                }
            }
            Ok(Some(_)) => {
                let mut answer = refuse(
                    ProblemType::Unauthenticated,
                    "the bearer token is missing or is not the variable `tick_token`",
                );
                let challenge = HeaderValue::from_static("Bearer");
                answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
                answer
            }
            Ok(None) => refuse(
                ProblemType::NotFound,
                "the variable `tick_token` is not set: only the cron trigger makes turns",
            ),
            Err(message) => fail(&message),
        },
        _ => refuse(ProblemType::NotFound, "ask for `/` or `/tick`"),
    };
    Ok::<_, spin_sdk::http::Error>(answer)
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
