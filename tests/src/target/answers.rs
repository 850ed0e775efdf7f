//! Answers of `/rough/…` that are sent as they are and then closed: wrong ones, and unusual ones that are right.

/// A proper answer on a connection that the server does not end.
pub(super) const KEPT_ALIVE: &[u8] =
    b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nok\n";

/// `hello, squeezed` and a line feed, by gzip.
const SQUEEZED: [u8; 36] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xd7, 0x51,
    0x28, 0x2e, 0x2c, 0x4d, 0x4d, 0xad, 0x4a, 0x4d, 0xe1, 0x02, 0x00, 0x25, 0xcb, 0x99, 0xc9, 0x10, 0x00,
    0x00, 0x00,
];

/// The answer of a name; `404` where there is none.
pub(super) fn named(name: &str) -> Vec<u8> {
    let text: &[u8] = match name {
        // Wrong.
        "bad-chunk" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "cut-chunk" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf",
        "no-last-chunk" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "two-lengths" => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        "bad-length" => b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nabc",
        "bad-status" => b"HTTP/1.1 twohundred OK\r\nContent-Length: 0\r\n\r\n",
        "bad-version" => b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n",
        "bad-protocol" => b"HTTQ/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "bad-field" => b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 0\r\n\r\n",
        "nul-field" => b"HTTP/1.1 200 OK\r\nX-Nul: a\0b\r\nContent-Length: 0\r\n\r\n",
        "http-0.9" => b"<html>no head at all</html>\n",
        "many-fields" => return with_fields(5_000),
        // Unusual, yet right.
        "some-fields" => return with_fields(90),
        "long-field" => return with_long_field(),
        "gzip" => return squeezed(),
        "chunked" => {
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\none\r\n4\r\n two\r\n0\r\n\r\n"
        }
        "trailers" => {
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nok\n\r\n0\r\nX-After: all\r\n\r\n"
        }
        "continue" => {
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"
        }
        "folded" => b"HTTP/1.1 200 OK\r\nX-Folded: one\r\n two\r\nContent-Length: 3\r\n\r\nok\n",
        "bare-lf" => b"HTTP/1.1 200 OK\nContent-Length: 3\n\nok\n",
        "no-content" => b"HTTP/1.1 204 No Content\r\n\r\n",
        "not-modified" => b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n",
        "no-length" => b"HTTP/1.1 200 OK\r\n\r\nuntil the connection ends\n",
        "until-close" => b"HTTP/1.0 200 OK\r\n\r\nuntil the connection ends\n",
        "http-1.0" => b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok\n",
        "no-reason" => b"HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nok\n",
        "head-length" => b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n",
        "too-much" => b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\nand more",
        _ => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    };
    text.to_vec()
}

fn with_fields(count: usize) -> Vec<u8> {
    let fields: Vec<String> = (0..count)
        .map(|number| format!("X-{number}: {number}\r\n"))
        .collect();
    let fields = fields.concat();
    format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 3\r\n\r\nok\n").into_bytes()
}

fn with_long_field() -> Vec<u8> {
    let value = "x".repeat(60_000);
    format!("HTTP/1.1 200 OK\r\nX-Long: {value}\r\nContent-Length: 3\r\n\r\nok\n").into_bytes()
}

fn squeezed() -> Vec<u8> {
    let length = SQUEEZED.len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), &SQUEEZED].concat()
}
