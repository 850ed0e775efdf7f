//! The opening handshake (RFC 6455, section 4): what is asked, and whether it was granted.

use crate::http_client::request::HopRequest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use edgewatch_protocol::{
    check::{HttpCheck, WebSocketCheck},
    reason::Reason,
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
    },
};
use sha1::{Digest as _, Sha1};
use url::Url;

/// The most fields of a response.
const MAX_FIELDS: usize = 100;

/// What is asked.
pub struct Handshake {
    /// The URL, with the scheme `http` or `https`.
    pub url: Url,
    /// The request as it is sent.
    pub request: Vec<u8>,
    key: String,
}

impl Handshake {
    /// The handshake of a check, with a random key.
    ///
    /// # Errors
    /// One line that says what of the check cannot be sent.
    pub fn new(check: &WebSocketCheck, key: [u8; 16]) -> Result<Self, String> {
        let mut url = Url::parse(&check.url).map_err(|error| format!("the URL cannot be used: {error}"))?;
        let scheme = match url.scheme() {
            "ws" => "http",
            "wss" => "https",
            _ => return Err("the URL must begin with ws:// or wss://".to_owned()),
        };
        url.set_scheme(scheme)
            .map_err(|()| "the URL cannot be used".to_owned())?;
        let hop = HopRequest::first(&HttpCheck {
            headers: check.headers.clone(),
            auth: check.auth.clone(),
            ..HttpCheck::get(url.as_str())
        })?;
        let mut request = hop
            .to_origin_form()
            .map_err(|error| format!("the request cannot be made: {error}"))?;
        let key = STANDARD.encode(key);
        let mut fields = vec![
            (CONNECTION, "Upgrade"),
            (UPGRADE, "websocket"),
            (SEC_WEBSOCKET_VERSION, "13"),
            (SEC_WEBSOCKET_KEY, &key),
        ];
        fields.extend(
            check
                .subprotocol
                .iter()
                .map(|name| (SEC_WEBSOCKET_PROTOCOL, name.as_str())),
        );
        for (name, value) in fields {
            let value = HeaderValue::from_str(value)
                .map_err(|_| format!("the value of the header {name} has forbidden characters"))?;
            request.headers_mut().insert(name, value);
        }
        let mut bytes = format!("GET {} HTTP/1.1\r\n", request.uri()).into_bytes();
        for (name, value) in request.headers() {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        Ok(Self {
            url: hop.url,
            request: bytes,
            key,
        })
    }

    /// Whether a response grants it.
    ///
    /// # Errors
    /// The reason, and one line for people.
    pub fn is_granted(&self, response: &Response, subprotocol: Option<&str>) -> Result<(), (Reason, String)> {
        let fields = &response.headers;
        let refused = |message: String| Err((Reason::UpgradeRefused, message));
        let broken = |message: &str| Err((Reason::ProtocolError, message.to_owned()));
        if response.status != StatusCode::SWITCHING_PROTOCOLS {
            return refused(format!(
                "the server answered {} instead of upgrading",
                response.status
            ));
        }
        if !has_token(fields, &UPGRADE, "websocket") || !has_token(fields, &CONNECTION, "upgrade") {
            return broken("the server switched to something other than WebSocket");
        }
        let accept = fields.get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
        if accept != Some(accept_of(&self.key).as_bytes()) {
            return broken("the server's Sec-WebSocket-Accept does not answer the key that it was sent");
        }
        if fields.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
            return broken("the server uses an extension that it was not offered");
        }
        let chosen = fields
            .get(SEC_WEBSOCKET_PROTOCOL)
            .map(|value| String::from_utf8_lossy(value.as_bytes()));
        match (subprotocol, chosen) {
            (None, None) => Ok(()),
            (Some(asked), Some(chosen)) if asked == chosen => Ok(()),
            (None, Some(_)) => broken("the server chose a subprotocol that it was not offered"),
            (Some(asked), _) => refused(format!("the server did not choose the subprotocol {asked}")),
        }
    }
}

/// What a server must answer to a key.
fn accept_of(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finalize())
}

fn has_token(fields: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    fields
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|found| found.trim().eq_ignore_ascii_case(token))
}

/// The head of a response.
#[derive(Debug)]
pub struct Response {
    /// Status.
    pub status: StatusCode,
    /// Fields.
    pub headers: HeaderMap,
}

/// Reads a response's head, and how many bytes it took; `None` while it is not whole.
///
/// # Errors
/// What is wrong with it, in a few words.
pub fn read_response(bytes: &[u8]) -> Result<Option<(Response, usize)>, String> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Response::new(&mut fields);
    let taken = match head.parse(bytes) {
        Ok(httparse::Status::Complete(taken)) => taken,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let status = head
        .code
        .and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or("invalid status")?;
    let mut headers = HeaderMap::new();
    for field in head.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(field.value)) {
            headers.append(name, value);
        }
    }
    Ok(Some((Response { status, headers }, taken)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 16] = *b"the sample nonce";

    fn check(more: &str) -> WebSocketCheck {
        serde_json::from_str(&format!(
            r#"{{"url":"wss://user.example.com:8443/chat?x=1"{more}}}"#
        ))
        .unwrap()
    }

    fn granted(answer: &str, subprotocol: Option<&str>) -> Result<(), (Reason, String)> {
        let (response, taken) = read_response(answer.as_bytes()).unwrap().unwrap();
        assert_eq!(taken, answer.len());
        let handshake = Handshake::new(&check(""), KEY).unwrap();
        assert_eq!(handshake.key, "dGhlIHNhbXBsZSBub25jZQ==");
        handshake.is_granted(&response, subprotocol)
    }

    #[test]
    fn the_request() {
        let handshake = Handshake::new(
            &check(
                r#","subprotocol":"chat","headers":[{"name":"Origin","value":"https://example.com"}],
                "auth":{"scheme":"bearer","token":"t"}"#,
            ),
            KEY,
        )
        .unwrap();
        assert_eq!(handshake.url.as_str(), "https://user.example.com:8443/chat?x=1");
        let request = String::from_utf8(handshake.request).unwrap();
        assert!(request.starts_with("GET /chat?x=1 HTTP/1.1\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\n"), "{request}");
        for field in [
            "host: user.example.com:8443",
            "connection: Upgrade",
            "upgrade: websocket",
            "sec-websocket-version: 13",
            "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
            "sec-websocket-protocol: chat",
            "origin: https://example.com",
            "authorization: Bearer t",
        ] {
            assert_eq!(
                request.matches(&format!("\r\n{field}\r\n")).count(),
                1,
                "{field} {request}"
            );
        }
    }

    /// The key and the answer to it are those of RFC 6455, section 1.3.
    #[test]
    fn what_grants_it_and_what_does_not() {
        let good = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\
                    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
        let reason = |more: &str, subprotocol| {
            granted(&format!("{good}{more}\r\n"), subprotocol).map_err(|(reason, _)| reason)
        };
        assert_eq!(reason("", None), Ok(()));
        assert_eq!(reason("Sec-WebSocket-Protocol: chat\r\n", Some("chat")), Ok(()));
        assert_eq!(reason("", Some("chat")), Err(Reason::UpgradeRefused));
        assert_eq!(
            reason("Sec-WebSocket-Protocol: other\r\n", Some("chat")),
            Err(Reason::UpgradeRefused)
        );
        assert_eq!(
            reason("Sec-WebSocket-Protocol: chat\r\n", None),
            Err(Reason::ProtocolError)
        );
        assert_eq!(
            reason("Sec-WebSocket-Extensions: permessage-deflate\r\n", None),
            Err(Reason::ProtocolError)
        );
        for (field, other) in [
            ("Upgrade: WebSocket", "Upgrade: h2c"),
            ("keep-alive, Upgrade", "keep-alive"),
            ("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "s3pPLMBiTxaQ9kYGzzhZRbK+xOp="),
        ] {
            let answer = format!("{}\r\n", good.replace(field, other));
            let reason = granted(&answer, None).map_err(|(reason, _)| reason);
            assert_eq!(reason, Err(Reason::ProtocolError), "{other}");
        }
        let (reason, message) = granted("HTTP/1.1 403 Forbidden\r\n\r\n", None).unwrap_err();
        assert_eq!(reason, Reason::UpgradeRefused);
        assert_eq!(message, "the server answered 403 Forbidden instead of upgrading");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_response(&bytes);
            let _ = read_response(&[b"HTTP/1.1 101 ok\r\n", bytes.as_slice()].concat());
        }
    }
}
