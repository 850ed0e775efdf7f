//! The one public page of the worker: what it is and which regions it serves.

use crate::{platform::SOFTWARE, settings::configured_regions};
use serde::Serialize;
use worker::{Context, Env, Request, Response, Result, event};

/// What anyone may know.
#[derive(Serialize)]
struct Status {
    software: &'static str,
    regions: Vec<String>,
}

/// Answers `GET /`; everything else is not found.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    if request.path() != "/" {
        return Response::error("not found", 404);
    }
    let regions = configured_regions(&env).unwrap_or_default();
    Response::from_json(&Status {
        software: SOFTWARE,
        regions: regions.iter().map(|entry| entry.region.to_string()).collect(),
    })
}
