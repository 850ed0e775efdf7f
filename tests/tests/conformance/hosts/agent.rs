//! The agent's engine, in this process.

use super::Job;
use edgewatch_agent::{NativePlatform, Resolver, run_check};
use edgewatch_core::platform::Platform as _;
use edgewatch_protocol::observation::Sight;
use edgewatch_tests::target::Addresses;
use futures::{StreamExt as _, stream};
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject as _};

/// Checks that are made at a time.
const AT_A_TIME: usize = 8;

/// The engine on its platform.
pub struct Agent {
    platform: NativePlatform,
}

impl Agent {
    /// An agent that trusts the target's authority and asks the target's name server.
    pub fn start(target: &Addresses) -> Self {
        let ca = target.ca.as_ref().expect("the target writes its certificates");
        let ca = CertificateDer::from_pem_file(ca).expect("the authority's certificate");
        let platform = NativePlatform::unrestricted()
            .with_extra_roots(vec![ca.to_vec()])
            .with_resolver(Resolver::of_servers(&[target.name_server]));
        Self { platform }
    }

    /// What it says that it can do.
    pub fn capabilities(&self) -> Vec<String> {
        self.platform.capabilities()
    }

    /// Makes checks.
    pub async fn run(&self, jobs: Vec<Job>) -> Vec<Sight> {
        let sights = stream::iter(jobs).map(async |job| {
            let platform = self.platform.clone();
            let made = tokio::spawn(async move { run_check(&job.check, job.timeout_ms, &platform).await });
            made.await.expect("no check panics")
        });
        sights.buffered(AT_A_TIME).collect().await
    }
}
