//! Making the probe's key known to the aggregator.

use crate::{
    aggregator::{Aggregator, CallError},
    config::ProbeConfig,
    platform::{Platform, Transport},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use edgewatch_protocol::{
    enrolment::{EnrolmentRequest, EnrolmentResponse, ProbeStatus},
    path,
    version::Version,
};

/// Enrols this probe's key with its token. Asking again answers the same.
///
/// # Errors
/// One line for the log: there is no token, or the aggregator did not take it.
pub async fn enrol<H: Platform + Transport>(config: &ProbeConfig, host: &H) -> Result<ProbeStatus, String> {
    let Some(token) = &config.enrolment_token else {
        return Err(format!(
            "the key of region {} is not enrolled, and there is no enrolment token to do so",
            config.region
        ));
    };
    let request = EnrolmentRequest {
        version: Version::CURRENT,
        region: config.region.clone(),
        public_key: STANDARD.encode(config.key.verifying_key().as_bytes()),
        token: token.clone(),
        host: host.host().to_owned(),
        software: host.software(),
        capabilities: host.capabilities(),
        place: host.place(),
    };
    let json = serde_json::to_vec(&request).map_err(|error| error.to_string())?;
    let response = Aggregator::new(config, host)
        .post(path::ENROLMENTS, json)
        .await
        .map_err(|error: CallError| format!("enrolment: {error}"))?;
    let response: EnrolmentResponse =
        serde_json::from_slice(response.body()).map_err(|error| format!("enrolment: {error}"))?;
    Ok(response.status)
}
