//! The two messages of `grpc.health.v1` in the encoding of Protocol Buffers, framed as gRPC frames them.
//!
//! `HealthCheckRequest { string service = 1; }`, `HealthCheckResponse { ServingStatus status = 1; }`.

/// Field 1, length-delimited.
const SERVICE: u8 = 0x0a;
/// Field 1, varint.
const STATUS: u64 = 0x08;

/// What a server says of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServingStatus {
    /// It says nothing.
    Unknown,
    /// It serves.
    Serving,
    /// It does not.
    NotServing,
    /// The server does not know the service.
    ServiceUnknown,
    /// A number of a newer version of the service.
    Other(u64),
}

impl ServingStatus {
    fn of_number(number: u64) -> Self {
        match number {
            0 => Self::Unknown,
            1 => Self::Serving,
            2 => Self::NotServing,
            3 => Self::ServiceUnknown,
            other => Self::Other(other),
        }
    }

    /// The name in the service's definition.
    pub fn name(self) -> String {
        match self {
            Self::Unknown => "UNKNOWN".to_owned(),
            Self::Serving => "SERVING".to_owned(),
            Self::NotServing => "NOT_SERVING".to_owned(),
            Self::ServiceUnknown => "SERVICE_UNKNOWN".to_owned(),
            Self::Other(number) => number.to_string(),
        }
    }
}

/// The framed request.
pub fn encode_request(service: &str) -> Vec<u8> {
    let mut message = Vec::new();
    // What is at its default is not written.
    if !service.is_empty() {
        message.push(SERVICE);
        let mut length = service.len();
        while length >= 0x80 {
            message.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        message.push(length as u8);
        message.extend_from_slice(service.as_bytes());
    }
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut frame = vec![0];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend(message);
    frame
}

/// Reads the framed answer.
///
/// # Errors
/// One line that says what is wrong with it.
pub fn decode_response(body: &[u8]) -> Result<ServingStatus, &'static str> {
    let Some((&[is_compressed, a, b, c, d], message)) = body.split_first_chunk::<5>() else {
        return Err("there is no message in the answer");
    };
    if is_compressed != 0 {
        return Err("the message is compressed, which was not offered");
    }
    if u32::from_be_bytes([a, b, c, d]) as usize != message.len() {
        return Err("the answer is not one whole message");
    }
    decode_status(message).ok_or("the message is not a HealthCheckResponse")
}

fn decode_status(mut rest: &[u8]) -> Option<ServingStatus> {
    let mut status = 0;
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        match tag & 7 {
            0 if tag == STATUS => status = varint(&mut rest)?,
            // Fields of a newer version, by their wire type.
            0 => drop(varint(&mut rest)?),
            1 => rest = rest.get(8..)?,
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                rest = rest.get(length..)?;
            }
            5 => rest = rest.get(4..)?,
            _ => return None,
        }
    }
    Some(ServingStatus::of_number(status))
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// The name of a call's status code.
pub fn status_name(code: u32) -> &'static str {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    NAMES.get(code as usize).copied().unwrap_or("of no known name")
}

/// The text of a `grpc-message` field, which is percent-encoded UTF-8.
pub fn decode_text(field: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        let decoded = (byte == b'%')
            .then(|| std::str::from_utf8(after.get(..2)?).ok())
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(decoded.unwrap_or(byte));
        rest = if decoded.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests() {
        assert_eq!(encode_request(""), [0, 0, 0, 0, 0]);
        assert_eq!(encode_request("ab"), [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        let long = encode_request(&"x".repeat(300));
        assert_eq!(long[..8], [0, 0, 0, 1, 47, 0x0a, 0xac, 0x02]);
        assert_eq!(long.len(), 5 + 303);
    }

    #[test]
    fn responses() {
        let framed = |message: &[u8]| {
            let mut frame = vec![0, 0, 0, 0, message.len() as u8];
            frame.extend_from_slice(message);
            decode_response(&frame)
        };
        assert_eq!(framed(&[8, 1]), Ok(ServingStatus::Serving));
        assert_eq!(framed(&[8, 2]), Ok(ServingStatus::NotServing));
        assert_eq!(framed(&[8, 3]), Ok(ServingStatus::ServiceUnknown));
        assert_eq!(framed(&[]), Ok(ServingStatus::Unknown));
        assert_eq!(framed(&[8, 0xac, 0x02]), Ok(ServingStatus::Other(300)));
        // Other fields are passed over, whatever their type.
        let others = [
            0x10, 5, 0x1a, 2, 8, 2, 0x25, 1, 2, 3, 4, 0x29, 1, 2, 3, 4, 5, 6, 7, 8, 8, 1,
        ];
        assert_eq!(framed(&others), Ok(ServingStatus::Serving));
        for bad in [
            &[8][..],
            &[8, 0x80],
            &[0x0f],
            &[0x12, 9, 1],
            &[8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(framed(bad).is_err(), "{bad:?}");
        }
        for bad in [
            &[][..],
            &[0, 0, 0, 0],
            &[1, 0, 0, 0, 0],
            &[0, 0, 0, 0, 1],
            &[0, 0, 0, 0, 0, 8],
        ] {
            assert!(decode_response(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn texts() {
        assert_eq!(
            decode_text(b"not found: 100%25 \xc3\xbc %C3%BC %0a% %zz"),
            "not found: 100% ü ü  % %zz"
        );
        assert_eq!(status_name(14), "UNAVAILABLE");
        assert_eq!(status_name(99), "of no known name");
    }
}
