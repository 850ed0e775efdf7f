//! One attempt of a TLS certificate check.

use crate::{
    assertion::Evidence,
    attempt::{
        connect::{ConnectError, Connection, ConnectionFacts, Endpoint, Security, begin_tls, connect_tcp},
        dialogue::take_leave,
        judge::{Judgement, judge},
        progress::{NOT_APPLICABLE, Progress},
        starttls::{farewell, start_tls},
    },
    check::{tls::judge::findings, unsupported},
    engine::Engine,
    platform::Platform,
    tls::Verification,
};
use edgewatch_protocol::{
    check::{TlsCheck, shared::IpVersion},
    facts::{Facts, TlsFacts},
    observation::Sight,
};

/// Makes one attempt.
pub async fn run<P: Platform>(engine: &Engine<'_, P>, check: &TlsCheck, timeout_ms: u32) -> Sight {
    let Some(endpoint) = Endpoint::of_host(&check.host, check.port, check.ip_version) else {
        return unsupported("the check's host is neither a name nor an address");
    };
    let name = match &check.server_name {
        None => endpoint.name.clone(),
        Some(name) => match Endpoint::of_host(name, check.port, IpVersion::Any) {
            Some(named) => named.name,
            None => return unsupported("the check's server name is neither a name nor an address"),
        },
    };
    let platform = engine.platform;
    let mut progress = Progress::begin(platform, timeout_ms);
    let ended = connect(engine, check, &endpoint, &name, &mut progress).await;
    let total_us = progress.total_us(platform);
    let now_ms = platform.now_ms();
    let stopped = match ended {
        Ok(connection) => {
            let words = check.starttls.map_or(&b""[..], farewell);
            take_leave(platform, &progress.deadline, connection, words).await;
            None
        }
        Err(error) => Some(Judgement::stopped(error.into_stop())),
    };
    let found = findings(check, &progress.connection, now_ms);
    let judgement = match stopped {
        // A certificate that is at fault explains why a handshake with it failed.
        Some(stopped) if !found.is_down() => stopped,
        _ => found.join(judge(&check.assertions, &Evidence::at(now_ms, total_us))),
    };
    let facts = tls_facts(&progress.connection);
    progress.into_sight(total_us, judgement, facts)
}

async fn connect<P: Platform>(
    engine: &Engine<'_, P>,
    check: &TlsCheck,
    endpoint: &Endpoint,
    name: &str,
    progress: &mut Progress,
) -> Result<Connection<P::Stream>, ConnectError> {
    let Progress {
        deadline,
        phases,
        connection: facts,
        ..
    } = progress;
    let security = Security {
        name,
        verification: Verification::Told,
        alpn: &[],
        speaks_first: false,
        ..Security::to(endpoint)
    };
    let stream = connect_tcp(engine, deadline, endpoint, phases, facts).await?;
    if let Some(protocol) = check.starttls {
        let (connection, _) = start_tls(engine, deadline, stream, protocol, &security, phases, facts).await?;
        return Ok(connection);
    }
    let stream = begin_tls(engine, deadline, stream, &security, phases, facts).await?;
    phases.request = NOT_APPLICABLE;
    phases.ttfb = NOT_APPLICABLE;
    phases.body = NOT_APPLICABLE;
    Ok(Connection::Tls(Box::new(stream)))
}

fn tls_facts(connection: &ConnectionFacts) -> Option<Facts> {
    (!connection.chain.is_empty()).then(|| {
        Facts::Tls(TlsFacts {
            chain: connection.chain.clone(),
            not_trusted: connection
                .not_trusted
                .first()
                .map(|failure| failure.message.clone()),
        })
    })
}
