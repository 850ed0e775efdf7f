//! `PUT /edge/…`: what an aggregator hands over, taken when it is signed by the installation's key.

use crate::{
    pages_object::{AssetHead, OBJECT_BINDING, OBJECT_NAME, ORIGIN},
    platform::now_ms,
    settings::PageSettings,
};
use edgewatch_protocol::{
    edge_page::{MAX_PARCEL_BYTES, PAGES, asset_path, pack},
    problem::{Problem, ProblemType},
    signature::{Body, Message, PAGE_TAG, SignatureHeaders, parse_as},
};
use worker::{Env, Method, Request, RequestInit, Response, Result, js_sys::Uint8Array};

/// Asks the object that keeps the pages.
pub async fn ask_object(env: &Env, method: Method, path: &str, body: Option<&[u8]>) -> Result<Response> {
    let mut init = RequestInit::new();
    init.with_method(method);
    if let Some(body) = body {
        init.with_body(Some(Uint8Array::from(body).into()));
    }
    let request = Request::new_with_init(&format!("{ORIGIN}{path}"), &init)?;
    let object = env.durable_object(OBJECT_BINDING)?.get_by_name(OBJECT_NAME)?;
    object.fetch_with_request(request).await
}

/// Takes what was handed over.
pub async fn take(mut request: Request, env: &Env, settings: &PageSettings) -> Result<Response> {
    if request.method() != Method::Put {
        return Response::error("method not allowed", 405);
    }
    let body = request.bytes().await?;
    if body.len() > MAX_PARCEL_BYTES {
        let detail = format!("at most {MAX_PARCEL_BYTES} bytes are taken");
        return refuse(&Problem::new(ProblemType::TooLarge).detail(detail));
    }
    let content_type = request.headers().get("content-type")?.unwrap_or_default();
    if let Err(problem) = verify(&request, &content_type, &body, settings) {
        return refuse(&problem);
    }
    let path = request.path();
    let assets = asset_path("");
    let (path, body) = if let Some(name) = path.strip_prefix(&assets) {
        (
            format!("/assets/{name}"),
            pack(&AssetHead { content_type }, &[&body]),
        )
    } else if path == PAGES {
        ("/pages".to_owned(), body)
    } else if let Some(slug) = path.strip_prefix(&format!("{PAGES}/")) {
        (format!("/pages/{slug}"), body)
    } else {
        return Response::error("not found", 404);
    };
    ask_object(env, Method::Put, &path, Some(&body)).await
}

fn verify(
    request: &Request,
    content_type: &str,
    body: &[u8],
    settings: &PageSettings,
) -> std::result::Result<(), Problem> {
    let header = |name: &str| request.headers().get(name).ok().flatten();
    let headers = SignatureHeaders {
        signature_input: header("signature-input").unwrap_or_default(),
        signature: header("signature").unwrap_or_default(),
        content_digest: header("content-digest"),
    };
    let url = request
        .url()
        .map_err(|error| Problem::new(ProblemType::Malformed).detail(error.to_string()))?;
    let host = url.host_str().unwrap_or_default();
    let authority = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let message = Message {
        method: "PUT",
        authority: &authority,
        path: url.path(),
        query: url.query(),
        body: Some(Body::new(content_type, body)),
    };
    let parsed = parse_as(PAGE_TAG, &headers)?;
    parsed.verify(&message, &headers, &settings.key, now_ms().div_euclid(1_000))
}

fn refuse(problem: &Problem) -> Result<Response> {
    let response = Response::from_json(problem)?.with_status(problem.status);
    response
        .headers()
        .set("content-type", edgewatch_protocol::problem::CONTENT_TYPE)?;
    Ok(response)
}
