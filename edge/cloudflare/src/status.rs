//! What the worker answers over HTTP: what it is and which regions it serves, and status pages.

use crate::{
    page_intake, page_visit,
    platform::SOFTWARE,
    settings::{PageSettings, configured_regions},
};
use serde::Serialize;
use worker::{Context, Env, Request, Response, Result, console_error, event};

/// What anyone may know.
#[derive(Serialize)]
struct Status {
    software: &'static str,
    regions: Vec<String>,
}

/// Answers `GET /`, and what is of status pages where it serves any; everything else is not found.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    if request.path() == "/" {
        return status(&env);
    }
    let settings = PageSettings::read(&env).unwrap_or_else(|error| {
        console_error!("status pages are not served: {error}");
        None
    });
    let first = request.path().split('/').nth(1).unwrap_or_default().to_owned();
    match (first.as_str(), settings) {
        ("edge", Some(settings)) => page_intake::take(request, &env, &settings).await,
        ("status" | "assets", Some(settings)) => page_visit::answer(&request, &env, &settings).await,
        _ => Response::error("not found", 404),
    }
}

fn status(env: &Env) -> Result<Response> {
    let regions = configured_regions(env).unwrap_or_default();
    Response::from_json(&Status {
        software: SOFTWARE,
        regions: regions.iter().map(|entry| entry.region.to_string()).collect(),
    })
}
