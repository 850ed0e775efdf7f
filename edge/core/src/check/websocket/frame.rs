//! Frames (RFC 6455, section 5): as much of them as a check needs.

/// The most that a message may have, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 64 << 10;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// A further part of a message.
    Continuation = 0,
    /// A message of UTF-8 text, or its first part.
    Text = 1,
    /// A message of bytes, or its first part.
    Binary = 2,
    /// The end.
    Close = 8,
    /// A question whether one is still there.
    Ping = 9,
    /// The answer to it.
    Pong = 10,
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whether it is the last one of its message.
    pub is_last: bool,
    /// What it is.
    pub opcode: Opcode,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// What is wrong with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameFault {
    /// It is not one; why, in a few words.
    Malformed(&'static str),
    /// It carries more than a message may have.
    TooLarge,
}

/// Reads the frame at the beginning of what a server sent, and how many bytes it took; `None` while it is not whole.
pub fn read_frame(bytes: &[u8]) -> Result<Option<(Frame, usize)>, FrameFault> {
    use FrameFault::{Malformed, TooLarge};
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    if first & 0x70 != 0 {
        return Err(Malformed("it uses an extension that was not agreed on"));
    }
    let is_last = first & 0x80 != 0;
    let opcode = match first & 0x0f {
        0 => Opcode::Continuation,
        1 => Opcode::Text,
        2 => Opcode::Binary,
        8 => Opcode::Close,
        9 => Opcode::Ping,
        10 => Opcode::Pong,
        _ => return Err(Malformed("it is of no kind that there is")),
    };
    if second & 0x80 != 0 {
        return Err(Malformed("it is masked, which a server's may not be"));
    }
    let is_control = matches!(opcode, Opcode::Close | Opcode::Ping | Opcode::Pong);
    if is_control && (!is_last || second & 0x7f > 125) {
        return Err(Malformed("it is a control frame that is too long or in parts"));
    }
    let (length, rest) = match (second & 0x7f, rest) {
        (126, [a, b, rest @ ..]) => (u64::from(u16::from_be_bytes([*a, *b])), rest),
        (127, rest) if rest.len() >= 8 => {
            let (length, rest) = rest.split_at(8);
            (
                length.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)),
                rest,
            )
        }
        (126 | 127, _) => return Ok(None),
        (length, rest) => (length.into(), rest),
    };
    if length > MAX_MESSAGE_BYTES as u64 {
        return Err(TooLarge);
    }
    let length = length as usize;
    let Some(payload) = rest.get(..length) else {
        return Ok(None);
    };
    let frame = Frame {
        is_last,
        opcode,
        payload: payload.to_vec(),
    };
    Ok(Some((frame, bytes.len() - rest.len() + length)))
}

/// A whole frame as a client sends it: masked.
pub fn write_frame(opcode: Opcode, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode as u8];
    match payload.len() {
        length @ 0..=125 => bytes.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            bytes.push(0x80 | 0x7e);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 0x7f);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_standard() {
        // RFC 6455, section 5.7.
        let (frame, taken) = read_frame(b"\x81\x05Hello and more").unwrap().unwrap();
        assert_eq!(
            (frame.is_last, frame.opcode, frame.payload.as_slice(), taken),
            (true, Opcode::Text, &b"Hello"[..], 7)
        );
        assert_eq!(
            write_frame(Opcode::Text, b"Hello", [0x37, 0xfa, 0x21, 0x3d]),
            [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]
        );
        let (part, _) = read_frame(b"\x01\x03Hel").unwrap().unwrap();
        assert_eq!((part.is_last, part.opcode), (false, Opcode::Text));
        let mut large = vec![0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0];
        assert_eq!(read_frame(&large), Ok(None));
        large.resize(10 + 65_536, 7);
        assert_eq!(read_frame(&large).unwrap().unwrap().1, 10 + 65_536);
        large[9] = 1;
        assert_eq!(read_frame(&large), Err(FrameFault::TooLarge));
    }

    #[test]
    fn lengths_are_written_as_short_as_they_can() {
        for (length, header) in [
            (125, vec![0x82, 0xfd]),
            (126, vec![0x82, 0xfe, 0, 126]),
            (65_535, vec![0x82, 0xfe, 0xff, 0xff]),
            (65_536, vec![0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let bytes = write_frame(Opcode::Binary, &vec![0; length], [0; 4]);
            assert!(bytes.starts_with(&header), "{length}");
            assert_eq!(bytes.len(), header.len() + 4 + length);
        }
    }

    #[test]
    fn what_a_server_may_not_send() {
        for bytes in [
            &b"\xc1\x00"[..],
            b"\x83\x00",
            b"\x81\x80\x00\x00\x00\x00",
            b"\x09\x00",
            b"\x89\x7e\x00\x7e",
        ] {
            assert!(
                matches!(read_frame(bytes), Err(FrameFault::Malformed(_))),
                "{bytes:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(Some((_, taken))) = read_frame(&bytes) {
                prop_assert!((2..=bytes.len()).contains(&taken));
            }
        }
    }
}
