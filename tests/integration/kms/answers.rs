//! Answers that KMS never gives.

use super::hostile::{Answer, http, http_head};

/// The variable of a start that is attacked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// The form `kms:`.
    Kms,
    /// The form `ssm:`, a parameter.
    Parameter,
}

/// An answer that KMS never gives.
pub struct Attack {
    pub name: &'static str,
    /// The starts that get this answer. Every single call gets it.
    pub starts: &'static [Start],
    /// Makes the answer from the answer that KMS would give.
    pub answer: fn(valid: &str) -> Answer,
    /// The errors that a client may report.
    pub errors: &'static [&'static str],
}

const fn attack(
    name: &'static str,
    starts: &'static [Start],
    answer: fn(valid: &str) -> Answer,
    errors: &'static [&'static str],
) -> Attack {
    Attack { name, starts, answer, errors }
}

const KMS: &[Start] = &[Start::Kms];
const BOTH: &[Start] = &[Start::Kms, Start::Parameter];

/// The server is not KMS. The call is not tried again.
const NOT_KMS: &[&str] = &["Kms(NotFromKms)"];
/// The connection failed on each attempt, or until the time was over.
const NO_ANSWER: &[&str] = &["Kms(Unreachable)", "Kms(TimedOut)"];
const TOO_LATE: &[&str] = &["Kms(TimedOut)"];
const TOO_LONG: &[&str] = &["Kms(NotFromKms)", "Kms(TimedOut)"];
const DOWN: &[&str] = &["Kms(Unavailable)", "Kms(TimedOut)"];

pub const ATTACKS: &[Attack] = &[
    // Not HTTP.
    attack("nothing", KMS, |_| bytes(""), NO_ANSWER),
    attack("another protocol", KMS, |_| bytes("SSH-2.0-OpenSSH_9.9\r\n"), NO_ANSWER),
    attack(
        "HTTP/2",
        KMS,
        |_| bytes(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
        NO_ANSWER,
    ),
    attack("a TLS alert", KMS, |_| bytes([0x15, 3, 3, 0, 2, 2, 0x28]), NO_ANSWER),
    attack("zeros without end", KMS, |_| Answer::Endless(vec![], vec![0]), NO_ANSWER),
    // HTTP that ends too soon, too late or never.
    attack("half a head", KMS, |_| bytes("HTTP/1.1 200 OK\r\nContent-Ty"), NO_ANSWER),
    attack("half a body", BOTH, |valid| bytes(&http(200, "", valid)[..150]), NO_ANSWER),
    attack("half a chunk", KMS, |_| chunked("ff\r\n{\"Plain"), NO_ANSWER),
    attack(
        "a body of 2^63 bytes",
        KMS,
        |valid| bytes(http_head(200, &format!("Content-Length: {}\r\n", 1_u64 << 63)) + valid),
        NO_ANSWER,
    ),
    attack("two lengths", KMS, |valid| bytes(http(200, "Content-Length: 5\r\n", valid)), NO_ANSWER),
    attack("a slow head", KMS, |valid| Answer::Slow(vec![], http(200, "", valid)), TOO_LATE),
    attack(
        "a slow body",
        BOTH,
        |valid| Answer::Slow(announced(valid).into(), valid.into()),
        TOO_LATE,
    ),
    attack(
        "a slow error",
        KMS,
        |valid| Answer::Slow(http_head(400, "Content-Length: 1000\r\n").into(), valid.into()),
        TOO_LATE,
    ),
    attack(
        "interim answers without end",
        KMS,
        |_| Answer::Endless(vec![], b"HTTP/1.1 100 Continue\r\n\r\n".into()),
        NO_ANSWER,
    ),
    attack(
        "headers without end",
        KMS,
        |_| Answer::Endless(b"HTTP/1.1 200 OK\r\n".into(), b"A: b\r\n".into()),
        NO_ANSWER,
    ),
    attack(
        "a header without end",
        BOTH,
        |_| Answer::Endless(b"HTTP/1.1 200 OK\r\nA: ".into(), b"b".into()),
        NO_ANSWER,
    ),
    attack(
        "chunks without end",
        KMS,
        |_| Answer::Endless(CHUNKED.into(), b"1\r\n \r\n".into()),
        TOO_LONG,
    ),
    attack(
        "a chunk extension without end",
        KMS,
        |_| Answer::Endless([CHUNKED, b"1;a="].concat(), b"b".into()),
        NO_ANSWER,
    ),
    attack(
        "trailers without end",
        KMS,
        |_| Answer::Endless([CHUNKED, b"1\r\n{\r\n0\r\n"].concat(), b"A: b\r\n".into()),
        NO_ANSWER,
    ),
    attack(
        "10 MB of white space",
        BOTH,
        |valid| bytes(http(200, "", " ".repeat(10 << 20) + valid)),
        TOO_LONG,
    ),
    attack("an error of 10 MB", KMS, |_| bytes(http(400, "", "x".repeat(10 << 20))), TOO_LONG),
    attack(
        "try again in a year",
        KMS,
        |_| bytes(http(503, "x-amz-retry-after: 31536000000\r\nRetry-After: 31536000\r\n", "")),
        DOWN,
    ),
    attack(
        "a message with control characters",
        KMS,
        |_| {
            let message = r"a\u001b[2J\r\nb\u202ec\u2066d";
            let body = format!(r#"{{"__type":"KMSInternalException","message":"{message}"}}"#);
            bytes(http(500, "", body))
        },
        DOWN,
    ),
    // HTTP of another server.
    attack(
        "gzip",
        KMS,
        |valid| bytes(http(200, "Content-Encoding: gzip\r\n", gzip(valid))),
        NOT_KMS,
    ),
    attack(
        "a protocol to switch to",
        KMS,
        |_| {
            bytes("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n")
        },
        &["Kms(NotFromKms)", "Kms(Unreachable)", "Kms(TimedOut)"],
    ),
    attack("no content", KMS, |_| bytes("HTTP/1.1 204 No Content\r\n\r\n"), NOT_KMS),
    attack(
        "a page",
        BOTH,
        |_| {
            bytes(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n\
                 <html>Log in</h",
            )
        },
        NOT_KMS,
    ),
    attack(
        "an error that is a page",
        KMS,
        |_| {
            bytes(
                "HTTP/1.1 400 No\r\nContent-Type: text/html\r\nContent-Length: 32\r\n\r\n\
                 {\"__type\":\"NeverHeardException\"}",
            )
        },
        NOT_KMS,
    ),
    // JSON that is none, or is none of KMS.
    attack("an empty body", BOTH, |_| bytes(http(200, "", "")), NOT_KMS),
    attack("an empty object", KMS, |_| bytes(http(200, "", "{}")), NOT_KMS),
    attack("null", KMS, |_| bytes(http(200, "", "null")), NOT_KMS),
    attack(
        "a null in each field",
        BOTH,
        |_| {
            bytes(http(
                200,
                "",
                r#"{"Plaintext":null,"CiphertextBlob":null,"KeyId":null,"Parameter":null}"#,
            ))
        },
        NOT_KMS,
    ),
    attack(
        "a number in each field",
        BOTH,
        |_| bytes(http(200, "", r#"{"Plaintext":7,"CiphertextBlob":7,"KeyId":7,"Parameter":7}"#)),
        NOT_KMS,
    ),
    attack("30,000 lists", KMS, |_| bytes(http(200, "", "[".repeat(30_000))), NOT_KMS),
    attack(
        "30,000 lists in a field",
        KMS,
        |_| bytes(http(200, "", format!(r#"{{"X":{}"#, "[".repeat(30_000)))),
        NOT_KMS,
    ),
    attack(
        "10,000 objects in a field",
        KMS,
        |_| bytes(http(200, "", r#"{"X":"#.repeat(10_000))),
        NOT_KMS,
    ),
    attack(
        "30,000 lists in an error",
        KMS,
        |_| bytes(http(400, "", format!(r#"{{"X":{}"#, "[".repeat(30_000)))),
        NOT_KMS,
    ),
    attack(
        "10,000 closed objects in an error",
        KMS,
        |_| {
            bytes(http(
                400,
                "",
                format!(r#"{{"X":{}1{}}}"#, r#"{"":"#.repeat(10_000), "}".repeat(10_000)),
            ))
        },
        NOT_KMS,
    ),
    attack("100,000 lists", KMS, |_| bytes(http(200, "", "[".repeat(100_000))), TOO_LONG),
    attack(
        "bytes that are not UTF-8",
        KMS,
        |_| {
            bytes(http(
                200,
                "",
                b"{\"Plaintext\":\"\xff\xfe\",\"KeyId\":\"\xff\",\"Parameter\":\"\xff\"}",
            ))
        },
        NOT_KMS,
    ),
    attack(
        "an error that is not UTF-8",
        KMS,
        |_| bytes(http(400, "", b"{\"__type\":\"\xffException\",\"message\":\"\xff\"}")),
        NOT_KMS,
    ),
    attack(
        "half a surrogate",
        KMS,
        |_| bytes(http(200, "", r#"{"Plaintext":"\ud800","KeyId":"\udc00","Parameter":"\ud800"}"#)),
        NOT_KMS,
    ),
    attack(
        "an error with control characters in its name",
        KMS,
        |_| bytes(http(400, "", r#"{"__type":"\u001b[2J\nDisabledException\r\u202e\nException"}"#)),
        NOT_KMS,
    ),
    attack(
        "a long error",
        KMS,
        |_| bytes(http(400, "", format!(r#"{{"__type":"{}Exception"}}"#, "x".repeat(60_000)))),
        NOT_KMS,
    ),
    attack(
        "a long request id",
        KMS,
        |_| bytes(http(403, &format!("x-amzn-RequestId: {}\r\n", "x".repeat(60_000)), "")),
        NOT_KMS,
    ),
];

const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

pub fn bytes(bytes: impl AsRef<[u8]>) -> Answer {
    Answer::Bytes(bytes.as_ref().to_vec())
}

fn chunked(body: &str) -> Answer {
    bytes([CHUNKED, body.as_bytes()].concat())
}

/// Returns the head of an answer with this body.
fn announced(body: &str) -> String {
    http_head(200, &format!("Content-Length: {}\r\n", body.len()))
}

/// Returns a gzip file of one stored block (RFC 1951, section 3.2.4; RFC 1952, section 2.3).
fn gzip(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let mut crc = !0_u32;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    let lengths = [length.to_le_bytes(), (!length).to_le_bytes()].concat();
    let end = [!crc, u32::from(length)].map(u32::to_le_bytes).concat();
    [&head[..], &lengths, text.as_bytes(), &end].concat()
}
