//! The OpenAPI 3.1 document: `GET /api/v1/openapi.json`. It is made from the handlers themselves; its snapshot stands in
//! `docs/openapi.json`, so that a change of the contract is seen in review.
//!
//! Here is also what operations share: tags, the ways to be authenticated, and the problems (RFC 9457) by kind.

use axum::{
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use edgewatch_protocol::problem::{CONTENT_TYPE as PROBLEM_JSON, FieldError, Problem, ProblemType};
use std::{collections::BTreeMap, sync::OnceLock};
use utoipa::{
    IntoResponses, Modify, OpenApi,
    openapi::{
        self, ContentBuilder, PathItem, Ref, RefOr, ResponseBuilder,
        path::Operation,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Tag of signing in and first set-up.
pub const SESSION: &str = "session";
/// Tag of monitors and what is seen of them.
pub const MONITORS: &str = "monitors";
/// Tag of maintenance windows.
pub const MAINTENANCE: &str = "maintenance";
/// Tag of agreements and reports.
pub const SLAS: &str = "slas";
/// Tag of jobs that call.
pub const HEARTBEATS: &str = "heartbeats";
/// Tag of incidents.
pub const INCIDENTS: &str = "incidents";
/// Tag of status pages.
pub const STATUS_PAGES: &str = "status pages";
/// Tag of regions, probes and their enrolment.
pub const PROBES: &str = "probes";
/// Tag of the log of signed batches.
pub const LOG: &str = "log";
/// Tag of test runs.
pub const TESTS: &str = "tests";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Edgewatch",
        description = "The REST API of the Edgewatch aggregator, which its own dashboard uses as well. Times are RFC 3339 in UTC, \
                       durations carry their unit in their name. Errors are problem details (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(Problem, FieldError)),
    modifiers(&SecuritySchemes),
    tags(
        (name = SESSION, description = "Signing in, and the first administrator"),
        (name = MONITORS, description = "What is checked, and what was seen"),
        (name = SLAS, description = "What was agreed with customers, and reports of it"),
        (name = MAINTENANCE, description = "When monitors are worked at"),
        (name = HEARTBEATS, description = "Jobs that call when they have run"),
        (name = INCIDENTS, description = "What went wrong, the evidence of it, and what is done about it"),
        (name = STATUS_PAGES, description = "What the public is shown"),
        (name = "events", description = "Live events"),
        (name = PROBES, description = "Where is checked from"),
        (name = LOG, description = "What lets strangers check what is said here"),
        (name = TESTS, description = "Checks made once, now")
    )
)]
struct Document;

/// The document without its operations, to begin the API's router with.
pub fn document() -> openapi::OpenApi {
    let mut document = Document::openapi();
    document.info.contact = None;
    document
}

/// The route of the document.
pub fn router<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(get_openapi))
}

/// This document.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = SESSION, security(()),
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json"))
)]
async fn get_openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], json()).into_response()
}

/// The whole document as indented JSON.
pub fn json() -> &'static str {
    static JSON: OnceLock<String> = OnceLock::new();
    JSON.get_or_init(|| {
        let mut document = super::api().into_openapi();
        for item in document.paths.paths.values_mut() {
            for operation in operations(item) {
                operation
                    .responses
                    .responses
                    .insert("default".to_owned(), unforeseen().into());
            }
        }
        // Plain data with text keys always has a JSON form.
        document.to_pretty_json().unwrap_or_default() + "\n"
    })
}

struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let cookie = |name: &str, what: &str| {
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(name, what)))
        };
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("The `access_token` of a sign-in, for scripts"))
            .build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.add_security_scheme(
            "cookie",
            cookie(
                super::auth::SESSION_COOKIE,
                "Set by a sign-in; what changes something must be same-origin",
            ),
        );
        components.add_security_scheme(
            "refresh",
            cookie(
                super::auth::REFRESH_COOKIE,
                "Set by a sign-in, changed at each use",
            ),
        );
    }
}

macro_rules! problem_responses {
    ($($(#[doc = $doc:literal])+ $name:ident: $($kind:ident),+;)+) => {$(
        $(#[doc = $doc])+
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
                responses(&[$(ProblemType::$kind),+])
            }
        }
    )+};
}

problem_responses! {
    /// There must be a session.
    NeedsSession: Unauthenticated;
    /// There must be a session of a sufficient role; with cookies, from the same origin.
    NeedsRole: Unauthenticated, Forbidden;
    /// What is refused though nobody need be signed in.
    Refused: Forbidden;
    /// A body that cannot be read or is not valid.
    Invalid: Malformed, TooLarge, UnsupportedMediaType, Validation;
    /// A query that is not valid.
    InvalidQuery: Validation;
    /// There is no such thing.
    NotFound: NotFound;
    /// The state of things forbids it.
    Conflict: Conflict;
    /// It was changed since it was read.
    Outdated: PreconditionFailed;
    /// Too many requests.
    RateLimited: RateLimited;
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.delete]
        .into_iter()
        .flatten()
}

/// What any operation may answer when something is wrong with us.
fn unforeseen() -> openapi::Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    ResponseBuilder::new()
        .description("Any other problem (RFC 9457), such as `internal` or `unavailable`")
        .content(PROBLEM_JSON, content)
        .build()
}

fn responses(kinds: &[ProblemType]) -> BTreeMap<String, RefOr<openapi::Response>> {
    let one = |kind: &ProblemType| {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .example(serde_json::to_value(Problem::new(*kind)).ok())
            .build();
        let description = format!("{} (`/problems/{}`)", kind.title(), kind.slug());
        let response = ResponseBuilder::new()
            .description(description)
            .content(PROBLEM_JSON, content)
            .build();
        (kind.status().to_string(), response.into())
    };
    kinds.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    /// Renew the snapshot with `UPDATE_OPENAPI=1 cargo test -p edgewatch-aggregator openapi` and look at the difference.
    #[test]
    fn the_document_is_the_one_that_was_reviewed() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            fs::write(&path, json()).unwrap();
        }
        let reviewed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            reviewed == json(),
            "docs/openapi.json differs from what the handlers say. If that is intended, run\n\
             UPDATE_OPENAPI=1 cargo test -p edgewatch-aggregator openapi\nand commit the difference."
        );
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_operation_is_described() {
        let document: serde_json::Value = serde_json::from_str(json()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        // Two types of one name would silently be one.
        assert_eq!(
            document.pointer("/components/schemas/RegionName/type").unwrap(),
            "string"
        );
        assert!(
            document["components"]["schemas"]["Region"]
                .to_string()
                .contains("probes")
        );
        let text = json();
        for reference in text
            .split("\"$ref\": \"#")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
        {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(operation["summary"].is_string(), "{method} {path} has no summary");
                assert!(
                    !operation["tags"].as_array().unwrap().is_empty(),
                    "{method} {path} has no tag"
                );
            }
        }
    }
}
