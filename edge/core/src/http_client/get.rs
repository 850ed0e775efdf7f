//! A question to a web service that a check has to ask, such as a resolver or a registry: a `GET` whose answer is taken
//! whole. By our own connection, and by the platform's HTTP client where the platform forbids that.

use crate::{
    attempt::{
        connect::{ConnectError, Endpoint, Security, connect_own},
        progress::Progress,
        stop::Stop,
    },
    engine::Engine,
    http_client::{
        body::ReceivedBody,
        exchange::{Received, exchange},
        fetch,
        request::{HopRequest, is_redirect},
    },
    platform::Platform,
};
use edgewatch_protocol::{
    check::{Header, HttpCheck, PhaseMode, shared::IpVersion},
    phase::{NotMeasurable, PhaseTimes},
    reason::Reason,
};
use http::{HeaderMap, StatusCode, header};
use http_body_util::Full;

/// Services lead from one server to another, but not further.
const MAX_REDIRECTS: usize = 3;

/// The answer of a service.
pub struct ServiceAnswer {
    /// Its status.
    pub status: StatusCode,
    /// Its fields.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Vec<u8>,
    /// Where it came from, without the query.
    pub url: String,
}

/// Asks for a URL. The phases are those of the whole way, as with redirects.
pub async fn get<P: Platform>(
    engine: &Engine<'_, P>,
    url: &str,
    accept: &str,
    max_bytes: u32,
    progress: &mut Progress,
) -> Result<ServiceAnswer, Stop> {
    let field = |name: header::HeaderName, value: &str| Header {
        name: name.to_string(),
        value: value.to_owned(),
    };
    let request = HttpCheck {
        headers: vec![
            field(header::ACCEPT, accept),
            field(header::CACHE_CONTROL, "no-cache"),
        ],
        ..HttpCheck::get(url)
    };
    let mut hop = HopRequest::first(&request).map_err(|why| Stop::unmeasured(Reason::Unsupported, why))?;
    let mut earlier = PhaseTimes::default();
    let mut redirects = 0;
    loop {
        progress.phases = PhaseTimes::default();
        let mut received = Received::new(ReceivedBody::new(max_bytes, true));
        let ended = one_hop(engine, &hop, &mut received, progress).await;
        progress.phases = earlier.plus(&progress.phases);
        ended?;
        let head = received
            .head
            .ok_or_else(|| Stop::unmeasured(Reason::Unsupported, "the service ended without an answer"))?;
        if is_redirect(head.status)
            && redirects < MAX_REDIRECTS
            && let Ok(next) = hop.redirected(head.status, head.headers.get(header::LOCATION))
        {
            hop = next;
            earlier = progress.phases;
            redirects += 1;
            continue;
        }
        return Ok(ServiceAnswer {
            status: head.status,
            headers: head.headers,
            body: received.body.kept().to_vec(),
            url: hop.shown_url(),
        });
    }
}

async fn one_hop<P: Platform>(
    engine: &Engine<'_, P>,
    hop: &HopRequest,
    received: &mut Received,
    progress: &mut Progress,
) -> Result<(), Stop> {
    let (platform, deadline) = (engine.platform, progress.deadline);
    let unusable = |why: String| Stop::unmeasured(Reason::Unsupported, why);
    let endpoint = Endpoint::of_url(&hop.url, IpVersion::Any)
        .ok_or_else(|| unusable("the URL has no host or no port".to_owned()))?;
    let is_tls = hop.url.scheme() == "https";
    let security = is_tls.then(|| Security::to(&endpoint));
    let (phases, facts) = (&mut progress.phases, &mut progress.connection);
    match connect_own(engine, &deadline, &endpoint, security, phases, facts).await {
        Ok(connection) => {
            let request = hop
                .to_origin_form()
                .map_err(|error| unusable(format!("the request cannot be made: {error}")))?
                .map(|body| Full::new(body.into()));
            exchange(
                platform,
                &deadline,
                connection,
                request,
                |_| true,
                received,
                phases,
            )
            .await
        }
        Err(ConnectError::Forbidden(_) | ConnectError::Unexplained(_))
            if platform.offers(PhaseMode::Fetch) =>
        {
            *phases = fetch::hidden_phases(NotMeasurable::PlatformForbids, is_tls);
            fetch::exchange(platform, &deadline, hop, |_| true, received, phases).await
        }
        Err(error) => Err(error.into_stop()),
    }
}
