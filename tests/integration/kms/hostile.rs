//! A server in the place of KMS that keeps to no rule of HTTP or of KMS.

use std::io::{self, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::prelude::*;
use serde_json::json;

use super::fake::Call;

/// The pause after each byte of a slow answer. An answer of 100 bytes takes ten times the limits
/// of these tests.
const SLOW_PAUSE: Duration = Duration::from_millis(400);

/// The pause after each part of an answer without end. The client would otherwise read all the time
/// until its limit is over.
const ENDLESS_PAUSE: Duration = Duration::from_millis(20);

/// The bytes that the server sends for a request.
pub enum Answer {
    /// These bytes, and then the end of the connection.
    Bytes(Vec<u8>),
    /// The first bytes, and then the second again and again, for as long as the client reads.
    Endless(Vec<u8>, Vec<u8>),
    /// The first bytes at once, and the second one at a time.
    Slow(Vec<u8>, Vec<u8>),
}

pub struct Hostile {
    address: SocketAddr,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    requests: AtomicUsize,
    sent: AtomicUsize,
    /// The answers that the client must cut short: those without end, and slow ones.
    long: AtomicUsize,
    /// Those of them whose client closed the connection, or which were sent to their end.
    long_ended: AtomicUsize,
}

impl Hostile {
    /// Starts a server. The function makes the answer to a request, and gets the number of the
    /// requests before it.
    pub fn start(answer: impl Fn(&Call, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let hostile = Self { address: listener.local_addr().unwrap(), counts: Arc::default() };
        let (counts, answer) = (hostile.counts.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counts.connections.fetch_add(1, Ordering::SeqCst);
                let (counts, answer) = (counts.clone(), answer.clone());
                thread::spawn(move || {
                    let call = Call::read(&mut BufReader::new(&stream))?;
                    let number = counts.requests.fetch_add(1, Ordering::SeqCst);
                    let answer = answer(&call, number);
                    let is_long = !matches!(answer, Answer::Bytes(_));
                    counts.long.fetch_add(usize::from(is_long), Ordering::SeqCst);
                    let _ = counts.send(&stream, answer);
                    counts.long_ended.fetch_add(usize::from(is_long), Ordering::SeqCst);
                    // A connection that is closed while the client sends would be reset, and the
                    // answer lost.
                    stream.shutdown(Shutdown::Write).ok()?;
                    io::copy(&mut &stream, &mut io::sink()).ok()
                });
            }
        });
        hostile
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns a region that no other server uses, for a retry budget of its own.
    pub fn region(&self) -> String {
        format!("hostile-{}", self.address.port())
    }

    /// Returns the ARN of the key that the answers name.
    pub fn key(&self) -> String {
        format!("arn:aws:kms:{}:123456789012:key/1234abcd", self.region())
    }

    pub fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    pub fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::SeqCst)
    }

    /// Returns the number of bytes that the clients took.
    pub fn sent(&self) -> usize {
        self.counts.sent.load(Ordering::SeqCst)
    }

    /// Waits until the client has closed every connection whose answer is slow or has no end. A
    /// slow answer ends by itself, but after more than this deadline.
    #[track_caller]
    pub fn assert_long_answers_are_cut(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        while count(&self.counts.long_ended) < count(&self.counts.long) {
            assert!(Instant::now() < deadline, "a client still reads an answer that it gave up");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Counts {
    fn send(&self, mut stream: &TcpStream, answer: Answer) -> io::Result<()> {
        let mut write = |bytes: &[u8]| -> io::Result<()> {
            for part in bytes.chunks(16 * 1024) {
                stream.write_all(part)?;
                self.sent.fetch_add(part.len(), Ordering::SeqCst);
            }
            Ok(())
        };
        match answer {
            Answer::Bytes(bytes) => write(&bytes),
            Answer::Endless(start, again) => {
                let again = again.repeat(1 + 8 * 1024 / again.len());
                write(&start)?;
                loop {
                    write(&again)?;
                    thread::sleep(ENDLESS_PAUSE);
                }
            }
            Answer::Slow(start, bytes) => {
                write(&start)?;
                for byte in bytes {
                    write(&[byte])?;
                    thread::sleep(SLOW_PAUSE);
                }
                Ok(())
            }
        }
    }
}

/// Returns an answer over HTTP, with its length. `headers` are whole lines.
pub fn http(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("{headers}Content-Length: {}\r\n", body.len());
    [http_head(status, &head).as_bytes(), body].concat()
}

pub fn http_head(status: u16, headers: &str) -> String {
    format!(
        "HTTP/1.1 {status} Status\r\nContent-Type: application/x-amz-json-1.1\r\n\
         Connection: close\r\n{headers}\r\n"
    )
}

/// Returns the answer that KMS or SSM gives to this call, with a plaintext of the server's choice.
pub fn valid_answer(call: &Call, plaintext: &[u8]) -> String {
    let key = call.body["KeyId"].as_str().map_or_else(
        || format!("arn:aws:kms:{}:123456789012:key/1234abcd", call.region),
        str::to_owned,
    );
    let encoded = BASE64_STANDARD.encode(plaintext);
    let ciphertext = BASE64_STANDARD.encode((0..100).collect::<Vec<u8>>());
    match call.operation.as_str() {
        "GetParameter" => json!({"Parameter": {
            "Name": call.body["Name"],
            "Type": "SecureString",
            "Value": String::from_utf8_lossy(plaintext),
        }}),
        "GenerateDataKey" => {
            json!({"Plaintext": encoded, "CiphertextBlob": ciphertext, "KeyId": key})
        }
        _ => json!({"Plaintext": encoded, "KeyId": key}),
    }
    .to_string()
}
