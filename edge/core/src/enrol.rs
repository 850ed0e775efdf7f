//! Making the probe's key known to the aggregator.

use crate::{
    aggregator::{Aggregator, CallError},
    config::ProbeConfig,
    platform::{Platform, Storage, Transport},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use edgewatch_protocol::{
    enrolment::{EnrolmentRequest, EnrolmentResponse, ProbeStatus},
    path,
    version::Version,
};

/// What the aggregator was last told of this probe.
const TOLD_KEY: &str = "enrolled";

/// Enrols this probe's key with its token. Asking again answers the same.
///
/// # Errors
/// One line for the log: there is no token, or the aggregator did not take it.
pub async fn enrol<H: Platform + Transport + Storage>(
    config: &ProbeConfig,
    host: &H,
) -> Result<ProbeStatus, String> {
    let Some(token) = &config.enrolment_token else {
        return Err(format!(
            "the key of region {} is not enrolled, and there is no enrolment token to do so",
            config.region
        ));
    };
    let status = send(config, host, token).await?;
    let told = host.put(TOLD_KEY, description(host).as_bytes()).await;
    told.map_err(|error| error.to_string())?;
    Ok(status)
}

/// Tells the aggregator what this probe can do, if that is something else than it was told last: the region's monitors
/// are shared out by it. The key is known, so that no token is needed.
///
/// # Errors
/// One line for the log.
pub async fn tell_changes<H: Platform + Transport + Storage>(
    config: &ProbeConfig,
    host: &H,
) -> Result<(), String> {
    let now = description(host);
    let told = host.get(TOLD_KEY).await.map_err(|error| error.to_string())?;
    if told.as_deref() == Some(now.as_bytes()) {
        return Ok(());
    }
    send(
        config,
        host,
        config.enrolment_token.as_deref().unwrap_or_default(),
    )
    .await?;
    let told = host.put(TOLD_KEY, now.as_bytes()).await;
    told.map_err(|error| error.to_string())
}

fn description(host: &impl Platform) -> String {
    let mut capabilities = host.capabilities();
    capabilities.sort_unstable();
    format!("{} {}", host.software(), capabilities.join(" "))
}

async fn send<H: Platform + Transport>(
    config: &ProbeConfig,
    host: &H,
    token: &str,
) -> Result<ProbeStatus, String> {
    let request = EnrolmentRequest {
        version: Version::CURRENT,
        region: config.region.clone(),
        public_key: STANDARD.encode(config.key.verifying_key().as_bytes()),
        token: token.to_owned(),
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
