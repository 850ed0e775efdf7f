//! The aggregator's own region: the agent in this process, for installations that check what stands beside them.
//!
//! It is a probe like any other. It has a key of its own, enrols, pulls its assignments and sends signed batches over the
//! loopback address, so that there is one road for results and nothing to trust but the protocol. Its key and what it
//! has not delivered lie in the data directory, so that each replica is a probe of its own.
//!
//! Whoever may make monitors can have it dial whatever it may dial. Private addresses are what it is for, so they pass
//! unless the operator says otherwise; metadata services of clouds, multicast and reserved addresses never do. It runs no
//! scripts.

use crate::{
    config::{LocalTargets, ServeArgs},
    ssrf_guard::SsrfGuard,
};
use edgewatch_agent::{
    config::{CheckedConfig, DEFAULT_MAX_CONCURRENT, DEFAULT_OUTBOX_MIB},
    script::Scripts,
};
use edgewatch_protocol::name::Region;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};
use tokio::{sync::watch, task::JoinHandle};
use url::Url;

/// Where it keeps its state, below the data directory.
const DIRECTORY: &str = "local-region";

/// The running agent.
pub struct LocalRegion {
    stopping: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl LocalRegion {
    /// Starts the agent for a region. `listening` is where the probe endpoints are; `token` enrols it.
    ///
    /// # Errors
    /// When its directory cannot be used, in one line.
    pub fn start(
        region: &Region,
        args: &ServeArgs,
        listening: SocketAddr,
        token: &str,
    ) -> Result<Self, String> {
        let guard = SsrfGuard {
            allow_private_targets: args.local_region_targets == LocalTargets::Any,
        };
        let config = CheckedConfig {
            region: region.clone(),
            aggregator_url: origin(listening)?,
            seed: None,
            enrolment_token: Some(token.to_owned()),
            state_dir: args.database.data_dir.join(DIRECTORY),
            max_concurrent: DEFAULT_MAX_CONCURRENT,
            outbox_mib: DEFAULT_OUTBOX_MIB,
            extra_roots: Vec::new(),
            scripts: Scripts::default(),
        };
        let policy = move |address| {
            guard.check(address).map_err(|refused| {
                format!(
                    "{address} is {}, which the region of the aggregator's machine does not dial",
                    refused.what
                )
            })
        };
        let agent = config
            .into_agent_within(Arc::new(policy))
            .map_err(|error| format!("the local region: {error}"))?;
        let (stopping, mut stopped) = watch::channel(false);
        let task = tokio::spawn(agent.run(async move {
            // Also when nobody is left to say so.
            let _ = stopped.wait_for(|stopping| *stopping).await;
        }));
        Ok(Self { stopping, task })
    }

    /// Stops it, before the endpoints that it delivers to are gone.
    pub async fn stop(self) {
        self.stopping.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!("the local region ended by itself: {error}");
        }
    }
}

/// How the agent reaches what listens there.
fn origin(listening: SocketAddr) -> Result<Url, String> {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(ip, listening.port());
    Url::parse(&format!("http://{address}")).map_err(|error| format!("the local region: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_reaches_what_listens_everywhere_by_the_loopback_address() {
        for (listening, wanted) in [
            ("0.0.0.0:8080", "http://127.0.0.1:8080/"),
            ("[::]:8080", "http://[::1]:8080/"),
            ("10.0.0.7:80", "http://10.0.0.7/"),
        ] {
            assert_eq!(origin(listening.parse().unwrap()).unwrap().as_str(), wanted);
        }
    }
}
