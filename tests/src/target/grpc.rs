//! `grpc.health.v1.Health/Check`: what is said of a service is in the service's name.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt as _, Full};
use std::{future, time::Duration};

/// Where it is asked.
pub(super) const PATH: &str = "/grpc.health.v1.Health/Check";

/// The serving status of `grpc.health.v1.HealthCheckResponse`.
const SERVING: u8 = 1;
const NOT_SERVING: u8 = 2;
const SERVICE_UNKNOWN: u8 = 3;

/// Answers the question after a service.
pub(super) async fn check(headers: HeaderMap, body: Bytes) -> Response {
    // A message of one field, the name, is a tag, its length, and the name; before it stand five bytes of gRPC.
    let service = body.get(7..).unwrap_or_default();
    let service = String::from_utf8_lossy(service);
    let (name, argument) = service.split_once('/').unwrap_or((&service, ""));
    match name {
        "" | "serving" => said(&[8, SERVING], &[("grpc-status", "0")]),
        "not-serving" => said(&[8, NOT_SERVING], &[("grpc-status", "0")]),
        "unknown" => said(&[8, SERVICE_UNKNOWN], &[("grpc-status", "0")]),
        "delay" => {
            let ms = argument.parse().unwrap_or_default();
            tokio::time::sleep(Duration::from_millis(ms)).await;
            said(&[8, SERVING], &[("grpc-status", "0")])
        }
        "never" => future::pending().await,
        "private" if headers.get("x-key").is_some_and(|key| key == "k3y") => {
            said(&[8, SERVING], &[("grpc-status", "0")])
        }
        "private" => failed("16", "who%20are you?"),
        "late" => said(&[], &[("grpc-status", "14"), ("grpc-message", "not now")]),
        "no-status" => said(&[8, SERVING], &[("x-after", "all")]),
        "garbage" => said(&[0x0f, 1], &[("grpc-status", "0")]),
        "page" => ([(header::CONTENT_TYPE, "text/html")], "<html>").into_response(),
        "absent" => StatusCode::NOT_FOUND.into_response(),
        // In the head alone, as of a service that nobody knows.
        _ => failed("5", "unknown service"),
    }
}

/// A message, and fields after it.
fn said(message: &[u8], after: &'static [(&str, &str)]) -> Response {
    let frame = [&[0, 0, 0, 0, message.len() as u8], message].concat();
    let after: HeaderMap = after
        .iter()
        .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
    let body = Full::new(Bytes::from(frame)).with_trailers(async { Some(Ok(after)) });
    ([(header::CONTENT_TYPE, "application/grpc")], Body::new(body)).into_response()
}

fn failed(status: &'static str, message: &'static str) -> Response {
    let head = [
        ("content-type", "application/grpc"),
        ("grpc-status", status),
        ("grpc-message", message),
    ];
    (head, Body::empty()).into_response()
}
