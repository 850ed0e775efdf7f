//! One run of a gRPC health check: a unary call over HTTP/2.

use crate::{
    assertion::Evidence,
    attempt::{
        connect::{ConnectError, Connection, Endpoint, Security, connect_own},
        excerpt::{clip, mask},
        judge::{Judgement, judge},
        progress::Progress,
        stop::Stop,
    },
    check::grpc::message::{ServingStatus, decode_response, decode_text, encode_request, status_name},
    engine::Engine,
    http_client::{body::ReceivedBody, exchange::Received, http2::exchange, request::USER_AGENT_VALUE},
    platform::Platform,
    tls::Verification,
};
use edgewatch_protocol::{
    check::GrpcCheck,
    facts::{Facts, GrpcFacts},
    observation::{HttpFacts, Sight},
    phase::Phase,
    reason::Reason,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};

const PATH: &str = "/grpc.health.v1.Health/Check";
/// A health answer has seven bytes; anything near this bound is none.
const MAX_BODY_BYTES: u32 = 64 << 10;
/// The most of a server's words that are shown, in bytes.
const MAX_TEXT_BYTES: usize = 300;

/// Makes one attempt.
pub async fn run<P: Platform>(engine: &Engine<'_, P>, check: &GrpcCheck, timeout_ms: u32) -> Sight {
    let platform = engine.platform;
    let mut progress = Progress::begin(platform, timeout_ms);
    let mut received = Received::new(ReceivedBody::new(MAX_BODY_BYTES, true));
    let called = call(engine, check, timeout_ms, &mut progress, &mut received).await;
    let total_us = progress.total_us(platform);
    let mut facts = None;
    let judgement = if let Err(stop) = called.and_then(|()| read_answer(&received, &mut facts)) {
        Judgement::stopped(stop)
    } else {
        let evidence = Evidence {
            certificate: progress.connection.certificate(),
            ..Evidence::at(platform.now_ms(), total_us)
        };
        judge(&check.assertions, &evidence)
    };
    let http = received.head.as_ref().map(|head| HttpFacts {
        status: Some(head.status.as_u16()),
        protocol: Some(format!("{:?}", head.version)),
        body_bytes: received.body.bytes(),
        body_sha256: received.body.sha256(),
        ..HttpFacts::default()
    });
    Sight {
        http,
        ..progress.into_sight(total_us, judgement, facts.map(Facts::Grpc))
    }
}

async fn call<P: Platform>(
    engine: &Engine<'_, P>,
    check: &GrpcCheck,
    timeout_ms: u32,
    progress: &mut Progress,
    received: &mut Received,
) -> Result<(), Stop> {
    let endpoint = Endpoint::of_host(&check.host, check.port, check.ip_version)
        .ok_or_else(|| Stop::unmeasured(Reason::Unsupported, "the host is neither a name nor an address"))?;
    let request = request(check, &endpoint, timeout_ms).map_err(|error| {
        Stop::unmeasured(Reason::Unsupported, format!("the call cannot be made: {error}"))
    })?;
    let security = check.tls.then(|| Security {
        verification: Verification::unless(check.accept_any_certificate),
        alpn: &[b"h2"],
        ..Security::to(&endpoint)
    });
    let Progress {
        deadline,
        phases,
        connection: facts,
        ..
    } = progress;
    let connected = connect_own(engine, deadline, &endpoint, security, phases, facts).await;
    let connection = connected.map_err(ConnectError::into_stop)?;
    if let Connection::Tls(stream) = &connection
        && stream.get_ref().1.alpn_protocol() != Some(b"h2")
    {
        return Err(Stop::down(
            Reason::ProtocolError,
            Phase::Tls,
            "the server does not agree to speak HTTP/2 (ALPN), which gRPC needs",
        ));
    }
    exchange(
        engine.platform,
        deadline,
        connection,
        request,
        |_| true,
        received,
        phases,
    )
    .await
}

fn request(check: &GrpcCheck, endpoint: &Endpoint, timeout_ms: u32) -> Result<Request<Vec<u8>>, http::Error> {
    let scheme = if check.tls { "https" } else { "http" };
    let uri = format!("{scheme}://{}:{}{PATH}", endpoint.host, endpoint.port);
    let mut request = Request::post(uri)
        .header(header::TE, "trailers")
        .header(header::CONTENT_TYPE, "application/grpc")
        .header(header::USER_AGENT, USER_AGENT_VALUE)
        .header("grpc-timeout", format!("{timeout_ms}m"))
        .body(encode_request(&check.service))?;
    for field in &check.metadata {
        let name = HeaderName::from_bytes(field.name.as_bytes())?;
        let value = HeaderValue::from_str(&field.value)?;
        request.headers_mut().append(name, value);
    }
    Ok(request)
}

/// Reads the status of the call, and what the server says of the service.
fn read_answer(received: &Received, facts: &mut Option<GrpcFacts>) -> Result<(), Stop> {
    let not_grpc = |message: String| Stop::down_by_rule(Reason::ProtocolError, message);
    let head = received
        .head
        .as_ref()
        .ok_or_else(|| not_grpc("there is no answer".to_owned()))?;
    let of_head = |name| head.headers.get(name).map(HeaderValue::as_bytes);
    if head.status != StatusCode::OK {
        return Err(not_grpc(format!(
            "the peer does not speak gRPC: it answers with status {}",
            head.status.as_u16()
        )));
    }
    if !of_head("content-type").is_some_and(|kind| kind.starts_with(b"application/grpc")) {
        return Err(not_grpc(
            "the peer does not speak gRPC: its answer is of another type".to_owned(),
        ));
    }
    // After the body, or in the head where there is no body.
    let fields: &HeaderMap = received.trailers.as_ref().unwrap_or(&head.headers);
    let status = fields
        .get("grpc-status")
        .and_then(|status| status.to_str().ok()?.parse::<u32>().ok())
        .ok_or_else(|| not_grpc("the call ended without a gRPC status".to_owned()))?;
    let facts = facts.insert(GrpcFacts {
        status,
        serving: None,
    });
    if status != 0 {
        let text = fields
            .get("grpc-message")
            .map(|text| decode_text(text.as_bytes()));
        let text = text.filter(|text| !text.is_empty()).map(|text| {
            let masked = mask(&text);
            format!(": {}", clip(&masked, MAX_TEXT_BYTES))
        });
        let message = format!(
            "the call ended with status {status} ({}){}",
            status_name(status),
            text.unwrap_or_default()
        );
        return Err(Stop::down_by_rule(Reason::GrpcStatus, message));
    }
    let serving = decode_response(received.body.kept()).map_err(|error| not_grpc(error.to_owned()))?;
    facts.serving = Some(serving.name());
    if serving == ServingStatus::Serving {
        return Ok(());
    }
    let message = format!("the service is {}", serving.name());
    Err(Stop::down_by_rule(Reason::GrpcNotServing, message))
}
