//! What breaks HTTP, by ending too early or not at all.

use super::{PATIENCE, authority, dial, get, start};
use std::io;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

#[tokio::test]
async fn rough_answers_break_where_they_are_said_to() {
    let target = start().await.unwrap();
    for (behaviour, beginning, is_reset) in [
        ("reset", "", true),
        ("close", "", false),
        ("close-in-head", "HTTP/1.1 200 OK\r\nContent-Le", false),
        (
            "reset-in-body",
            "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nxxx",
            true,
        ),
        (
            "close-in-body",
            "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nxxx",
            false,
        ),
        (
            "bad-chunk",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz",
            false,
        ),
        (
            "two-lengths",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n",
            false,
        ),
        (
            "early-hints",
            "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK",
            false,
        ),
        ("until-close", "HTTP/1.0 200 OK\r\n\r\nuntil", false),
        ("no-reason", "HTTP/1.1 200\r\n", false),
    ] {
        let answer = get(&target, &format!("/rough/{behaviour}")).await;
        let text = answer.text();
        assert!(
            text.starts_with(beginning) && text.is_empty() == beginning.is_empty(),
            "{behaviour}: {text}"
        );
        assert!(text.len() < 300, "{behaviour}");
        let reset = answer.end.map_err(|error| error.kind()) == Err(io::ErrorKind::ConnectionReset);
        assert_eq!(reset, is_reset, "{behaviour}");
    }
}

#[tokio::test]
async fn what_hangs_hangs_and_what_is_endless_does_not_end() {
    let target = start().await.unwrap();
    let address = authority(&target.addresses().http).to_owned();
    for (behaviour, least, most) in [
        ("hang", 0, 0),
        ("hang-in-head", 20, 100),
        ("hang-in-body", 100, 200),
        ("not-http", 10, 100),
        ("endless-head", 100_000, usize::MAX),
        ("endless-body", 100_000, usize::MAX),
    ] {
        let mut stream = dial(&address).await;
        let asked = format!("GET /rough/{behaviour} HTTP/1.1\r\nHost: target\r\n\r\n");
        stream.write_all(asked.as_bytes()).await.unwrap();
        let mut received = 0;
        let mut buffer = vec![0; 64 << 10];
        let ended = timeout(PATIENCE, async {
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                received += read;
            }
        });
        assert!(ended.await.is_err(), "{behaviour} has ended");
        assert!((least..=most).contains(&received), "{behaviour}: {received}");
    }
}
