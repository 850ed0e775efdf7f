//! Credentials, and to whom they are shown.

use crate::case::{Case, http};
use edgewatch_protocol::phase::Phase;
use serde_json::{Value, json};

fn basic(password: &str) -> Value {
    json!({"auth": {"scheme": "basic", "username": "ada", "password": password}})
}

fn bearer() -> Value {
    json!({"auth": {"scheme": "bearer", "token": "t0ken"}})
}

pub fn cases() -> Vec<Case> {
    vec![
        http("basic credentials", "{http}/basic-auth/ada/secret")
            .with(&basic("secret"))
            .up(),
        http("wrong basic credentials", "{http}/basic-auth/ada/secret")
            .with(&basic("guess"))
            .fails(&["status (401) in 200-299"])
            .does_not_tell("guess"),
        http("no credentials", "{http}/basic-auth/ada/secret").fails(&["status (401) in 200-299"]),
        http("a bearer token", "{http}/bearer/t0ken").with(&bearer()).up(),
        http(
            "a bearer token at its own origin",
            "{http}/redirect-to?url=/bearer/t0ken",
        )
        .with(&bearer())
        .up(),
        http(
            "a bearer token at another name",
            "{http}/redirect-to?url=http://loopback.test:{port.http}/bearer/t0ken",
        )
        .with(&bearer())
        .measures(Phase::Dns)
        .fails(&["status (401) in 200-299"]),
        http(
            "a bearer token at another port",
            "{http}/redirect-to?status=307&url={https.good}/bearer/t0ken",
        )
        .with(&bearer())
        .measures(Phase::Tls)
        .fails(&["status (401) in 200-299"]),
        http(
            "a header at another name",
            "{http}/redirect-to?url=http://loopback.test:{port.http}/echo",
        )
        .with(&json!({"headers": [{"name": "X-Api-Key", "value": "k3y"}]}))
        .asserting(&json!([{"on": "body", "is": "not_contains", "value": "k3y"}]))
        .measures(Phase::Dns)
        .up(),
    ]
}
