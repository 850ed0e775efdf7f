//! Conversations: with whoever sends and expects, and of mail and database servers that begin TLS, or do not.

use super::talk::{
    Line::{Close, Hear, Reset, Say, SayMuch, Tls, Wait},
    Talk,
};

/// All of them, each with the name of its listener.
pub(super) const TALKS: &[(&str, Talk)] = &[
    // Whoever is spoken to.
    ("greeter", &[Say(b"hello there\r\n")]),
    ("late_greeter", &[Wait(150), Say(b"hello there\r\n")]),
    ("closing_greeter", &[Say(b"hello there\r\n"), Close]),
    (
        "split_greeter",
        &[Say(b"hel"), Wait(60), Say(b"lo th"), Wait(60), Say(b"ere\r\n")],
    ),
    ("half_greeter", &[Say(b"hel")]),
    ("flooder", &[SayMuch(100 << 10)]),
    ("answerer", &[Hear(b"PING\r\n"), Say(b"+PONG\r\n")]),
    (
        "late_answerer",
        &[Hear(b"PING\r\n"), Wait(150), Say(b"+PONG\r\n")],
    ),
    (
        "binary_answerer",
        &[Hear(&[0, 0xff, 0x10]), Say(&[0xca, 0xfe, b'!'])],
    ),
    ("refusing_answerer", &[Hear(b"PING\r\n"), Say(b"-ERR\r\n"), Close]),
    ("resetting_answerer", &[Hear(b"PING\r\n"), Reset]),
    ("closing_answerer", &[Hear(b"PING\r\n"), Close]),
    (
        "breaking_answerer",
        &[Hear(b"PING\r\n"), Say(b"+PO"), Wait(60), Reset],
    ),
    // The same within TLS.
    ("tls_greeter", &[Tls("tls12"), Wait(60), Say(b"hello within\r\n")]),
    (
        "tls_answerer",
        &[Tls("good"), Hear(b"PING\r\n"), Wait(100), Say(b"+PONG\r\n")],
    ),
    ("tls_closing_answerer", &[Tls("good"), Hear(b"PING\r\n"), Close]),
    (
        "imaps",
        &[
            Tls("tls12"),
            Wait(60),
            Say(b"* OK ready\r\n"),
            Hear(b"LOGOUT\r\n"),
            Say(b"* BYE\r\ne2 OK\r\n"),
            Close,
        ],
    ),
    // SMTP.
    (
        "smtp",
        &[
            Say(b"220 mail.test ESMTP\r\n"),
            Hear(b"\r\n"),
            Wait(100),
            Say(b"250-mail.test\r\n250 HELP\r\n"),
            Hear(b"QUIT\r\n"),
            Say(b"221 bye\r\n"),
            Close,
        ],
    ),
    (
        "smtp_in_lines",
        &[
            Say(b"220-mail.test\r\n220-one mom"),
            Wait(60),
            Say(b"ent\r\n220 ready\r\n"),
            Hear(b"\r\n"),
            Say(b"250 mail.test\r\n"),
        ],
    ),
    ("smtp_busy", &[Say(b"554 no service\r\n"), Close]),
    ("smtp_half", &[Say(b"220 mail.test\r\n")]),
    (
        "smtp_starttls",
        &[
            Say(b"220 mail.test ESMTP\r\n"),
            Hear(b"\r\n"),
            Say(b"250-mail.test\r\n250-STARTTLS\r\n250 HELP\r\n"),
            Hear(b"STARTTLS\r\n"),
            Wait(100),
            Say(b"220 go ahead\r\n"),
            Tls("good"),
        ],
    ),
    (
        "smtp_starttls_expired",
        &[
            Say(b"220 mail.test ESMTP\r\n"),
            Hear(b"\r\n"),
            Say(b"250 STARTTLS\r\n"),
            Hear(b"STARTTLS\r\n"),
            Say(b"220 go ahead\r\n"),
            Tls("expired"),
        ],
    ),
    (
        "smtp_without_tls",
        &[
            Say(b"220 mail.test ESMTP\r\n"),
            Hear(b"\r\n"),
            Say(b"250 mail.test\r\n"),
        ],
    ),
    (
        "smtp_refusing_tls",
        &[
            Say(b"220 mail.test ESMTP\r\n"),
            Hear(b"\r\n"),
            Say(b"250 STARTTLS\r\n"),
            Hear(b"STARTTLS\r\n"),
            Say(b"454 TLS not available\r\n"),
        ],
    ),
    (
        "smtp_early",
        &[
            Say(b"220 mail.test ESMTP\r\n"),
            Hear(b"\r\n"),
            Say(b"250 STARTTLS\r\n"),
            Hear(b"STARTTLS\r\n"),
            Say(b"220 go ahead\r\n250 and this besides\r\n"),
            Tls("good"),
        ],
    ),
    (
        "smtp_hanging_up",
        &[
            Say(b"220 mail.test ESMTP\r\n"),
            Hear(b"\r\n"),
            Say(b"250 STARTTLS\r\n"),
            Hear(b"STARTTLS\r\n"),
            Close,
        ],
    ),
    // IMAP.
    (
        "imap",
        &[
            Say(b"* OK [CAPABILITY IMAP4rev1] ready\r\n"),
            Hear(b"LOGOUT\r\n"),
            Say(b"* BYE\r\ne2 OK\r\n"),
            Close,
        ],
    ),
    ("imap_bye", &[Say(b"* BYE too many\r\n"), Close]),
    (
        "imap_starttls",
        &[
            Say(b"* OK ready\r\n"),
            Hear(b"STARTTLS\r\n"),
            Say(b"* CAPABILITY IMAP4rev1\r\ne1 OK begin\r\n"),
            Tls("good"),
        ],
    ),
    (
        "imap_refusing_tls",
        &[
            Say(b"* OK ready\r\n"),
            Hear(b"STARTTLS\r\n"),
            Say(b"e1 NO not here\r\n"),
        ],
    ),
    // POP3.
    (
        "pop3",
        &[
            Say(b"+OK ready\r\n"),
            Hear(b"QUIT\r\n"),
            Say(b"+OK bye\r\n"),
            Close,
        ],
    ),
    ("pop3_busy", &[Say(b"-ERR later\r\n"), Close]),
    (
        "pop3_starttls",
        &[
            Say(b"+OK ready\r\n"),
            Hear(b"STLS\r\n"),
            Say(b"+OK begin\r\n"),
            Tls("good"),
        ],
    ),
    (
        "pop3_refusing_tls",
        &[Say(b"+OK ready\r\n"), Hear(b"STLS\r\n"), Say(b"-ERR no\r\n")],
    ),
    // PostgreSQL: `SSLRequest` ends with these bytes.
    (
        "postgres",
        &[Hear(SSL_REQUEST), Wait(100), Say(b"S"), Tls("good")],
    ),
    ("postgres_without_tls", &[Hear(SSL_REQUEST), Say(b"N")]),
    (
        "postgres_error",
        &[Hear(SSL_REQUEST), Say(b"E\0\0\0\x0aSFATAL\0")],
    ),
];

const SSL_REQUEST: &[u8] = &[0x04, 0xd2, 0x16, 0x2f];
