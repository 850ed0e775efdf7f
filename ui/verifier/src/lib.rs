//! The verifier of bundles for the browser: [`edgewatch_proof::verify`] as WASM, small and for itself. It is run by
//! `ui/script/verify_worker.js`, beside the page, so that the page stays alive. Nothing leaves the browser.

use edgewatch_proof::{
    bundle::Bundle,
    verify::{Options, verify},
};
use std::io::Cursor;
use wasm_bindgen::prelude::*;

/// Checks the bundle with these bytes. `log_key` is the log's key as it is known from elsewhere, or empty; `progress` is called
/// with the share that is done, from 0 to 1. Returns what was found as JSON, as `edgewatch verify --json` prints it.
///
/// # Errors
/// In one line, when it cannot be read as a bundle.
#[wasm_bindgen]
pub fn verify_bundle(bytes: Vec<u8>, log_key: &str, progress: &js_sys::Function) -> Result<String, String> {
    let mut options = Options::default();
    if !log_key.trim().is_empty() {
        let key = log_key.trim().parse();
        options
            .log_keys
            .push(key.map_err(|error| format!("the log's key: {error}"))?);
    }
    let mut bundle = Bundle::open(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let mut told = -1;
    let verification = verify(&mut bundle, &options, &mut |share| {
        let percent = (share * 100.0) as i32;
        if percent != told {
            told = percent;
            // A page that does not listen does no harm.
            let _ = progress.call1(&JsValue::NULL, &share.into());
        }
    });
    let verification = verification.map_err(|error| error.to_string())?;
    serde_json::to_string(&verification).map_err(|error| error.to_string())
}
