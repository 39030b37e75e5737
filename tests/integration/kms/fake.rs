//! A KMS in this process that fails on demand. It speaks the API's JSON over HTTP, with real
//! AES-GCM and the documented error names.
//!
//! The fake runs on its own threads. On the runtime of a test, a blocking boot would wait for
//! itself.

#![expect(clippy::disallowed_types, reason = "a fake KMS does its own cryptography")]

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::prelude::*;
use serde_json::{Value, json};

const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;
/// The first bytes of a blob. No other input of these tests begins with them.
const MAGIC: &[u8] = b"\x01\x02fake";
const ACCOUNT: &str = "123456789012";

/// A fault that replaces the answer to a call.
#[derive(Debug, Clone)]
pub enum Fault {
    /// An error of KMS: HTTP status, name and message.
    Error(u16, &'static str, &'static str),
    /// An answer of another server: HTTP status and body.
    Answer(u16, String),
    /// The connection is closed without an answer.
    Drop,
    /// The request is read and never answered.
    Hang,
    /// The answer comes after a delay.
    Slow(Duration),
    /// The answer is announced in full and ends in the middle.
    Truncate,
    /// An error of KMS with this HTTP status, whose message has this many bytes, or is endless. The
    /// connection is closed after it.
    Flood(u16, Option<usize>),
}

/// Whether a key may be used.
#[derive(Debug, Clone, Copy)]
pub enum KeyState {
    Enabled,
    Disabled,
    PendingDeletion,
    /// The key policy does not allow the caller to use the key.
    Denied,
}

/// A KMS that serves all regions on one address. It reads the region from the signature, as KMS
/// does.
#[derive(Clone)]
pub struct FakeKms {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    keys: HashMap<String, Key>,
    /// The parameters of SSM by name: type and value.
    parameters: HashMap<String, (String, String)>,
    faults: Vec<Script>,
    calls: Vec<Call>,
    /// The data keys that were generated.
    data_keys: Vec<[u8; 32]>,
    /// The number of bytes of floods that the client has read.
    flooded: usize,
}

struct Key {
    material: [u8; 32],
    state: KeyState,
}

struct Script {
    region: Option<String>,
    left: usize,
    fault: Fault,
}

/// A request that was received.
pub struct Call {
    pub region: String,
    pub operation: String,
    pub body: Value,
}

type Answer = Result<Value, (&'static str, String)>;

impl FakeKms {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let kms = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let server = kms.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                thread::spawn(move || server.serve(stream));
            }
        });
        kms
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns a region that no other fake uses. The SDK has one retry budget for each region of a
    /// process, so that tests in one region would use up each other's budget.
    pub fn region(&self) -> String {
        format!("test-{}", self.address.port())
    }

    /// Creates a key and returns its ARN.
    pub fn key(&self) -> String {
        self.key_in(&self.region())
    }

    pub fn key_in(&self, region: &str) -> String {
        let mut state = self.state.lock().unwrap();
        let arn =
            format!("arn:aws:kms:{region}:{ACCOUNT}:key/{:08x}", u32::from_be_bytes(random()));
        state.keys.insert(arn.clone(), Key { material: random(), state: KeyState::Enabled });
        arn
    }

    /// Creates a key with this ARN.
    pub fn insert_key(&self, arn: &str) {
        let key = Key { material: random(), state: KeyState::Enabled };
        self.state.lock().unwrap().keys.insert(arn.to_owned(), key);
    }

    pub fn set(&self, arn: &str, state: KeyState) {
        self.state.lock().unwrap().keys.get_mut(arn).unwrap().state = state;
    }

    /// Creates a parameter of SSM, of the type `SecureString` or another.
    pub fn put_parameter(&self, name: &str, kind: &str, value: &str) {
        self.state
            .lock()
            .unwrap()
            .parameters
            .insert(name.to_owned(), (kind.to_owned(), value.to_owned()));
    }

    /// Deletes a key, as KMS does when the waiting period of a deletion is over.
    pub fn delete(&self, arn: &str) {
        self.state.lock().unwrap().keys.remove(arn);
    }

    /// Cancels the remaining faults.
    pub fn recover(&self) {
        self.state.lock().unwrap().faults.clear();
    }

    /// Wraps a plaintext without a call.
    pub fn wrap(&self, arn: &str, plaintext: &[u8], context: &[(&str, &str)]) -> Vec<u8> {
        let context =
            context.iter().map(|(key, value)| (key.to_string(), (*value).into())).collect();
        self.state.lock().unwrap().keys[arn].seal(arn, plaintext, &Value::Object(context))
    }

    /// Makes the next calls fail.
    pub fn fail(&self, times: usize, fault: Fault) {
        self.state.lock().unwrap().faults.push(Script { region: None, left: times, fault });
    }

    /// Makes every call to a region fail.
    pub fn fail_in(&self, region: &str, fault: Fault) {
        self.state.lock().unwrap().faults.push(Script {
            region: Some(region.to_owned()),
            left: usize::MAX,
            fault,
        });
    }

    /// Returns the number of requests received.
    pub fn calls(&self) -> usize {
        self.state.lock().unwrap().calls.len()
    }

    pub fn calls_in(&self, region: &str) -> usize {
        self.state.lock().unwrap().calls.iter().filter(|call| call.region == region).count()
    }

    /// Returns the number of bytes of floods that the client has read.
    pub fn flooded(&self) -> usize {
        self.state.lock().unwrap().flooded
    }

    /// Returns the region, the operation and the body of each request.
    pub fn requests(&self) -> Vec<(String, String, Value)> {
        let state = self.state.lock().unwrap();
        let of = |call: &Call| (call.region.clone(), call.operation.clone(), call.body.clone());
        state.calls.iter().map(of).collect()
    }

    /// Returns the data keys that were generated.
    pub fn data_keys(&self) -> Vec<[u8; 32]> {
        self.state.lock().unwrap().data_keys.clone()
    }

    /// Returns the operation and the body of the last request.
    pub fn last_call(&self) -> (String, Value) {
        let state = self.state.lock().unwrap();
        let call = state.calls.last().unwrap();
        (call.operation.clone(), call.body.clone())
    }

    /// Answers the requests of one connection, until a `None` ends it.
    fn serve(&self, stream: TcpStream) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let mut writer = stream.try_clone().ok()?;
        let mut reader = BufReader::new(stream);
        loop {
            let call = Call::read(&mut reader)?;
            let (fault, number) = self.note(&call);
            let (status, body) = match fault {
                Some(Fault::Drop) => return None,
                Some(Fault::Hang) => loop {
                    thread::park();
                },
                Some(Fault::Flood(status, length)) => {
                    return self.flood(&mut writer, status, length);
                }
                Some(Fault::Error(status, name, message)) => {
                    (status, json!({"__type": name, "message": message}).to_string())
                }
                Some(Fault::Answer(status, ref body)) => (status, body.clone()),
                Some(Fault::Slow(_) | Fault::Truncate) | None => self.answer(&call),
            };
            if let Some(Fault::Slow(time)) = fault {
                thread::sleep(time);
            }
            let head = format!(
                "HTTP/1.1 {status} {}\r\nContent-Type: application/x-amz-json-1.1\r\nx-amzn-RequestId: request-{number}\r\nContent-Length: {}\r\n\r\n",
                if status == 200 { "OK" } else { "Error" },
                body.len()
            );
            let answer = head + &body;
            if let Some(Fault::Truncate) = fault {
                writer.write_all(&answer.as_bytes()[..answer.len() - body.len() / 2]).ok()?;
                return None;
            }
            writer.write_all(answer.as_bytes()).ok()?;
        }
    }

    /// Sends bytes for as long as the client reads them.
    fn flood(&self, writer: &mut TcpStream, status: u16, length: Option<usize>) -> Option<()> {
        const CHUNK: &[u8] = &[b'x'; 16 * 1024];
        let announced =
            length.map_or_else(String::new, |length| format!("Content-Length: {length}\r\n"));
        let head = format!(
            "HTTP/1.1 {status} Flood\r\nContent-Type: application/x-amz-json-1.1\r\n{announced}Connection: close\r\n\r\n"
        );
        writer.write_all(head.as_bytes()).ok()?;
        let start = br#"{"__type":"AccessDeniedException","message":""#;
        writer.write_all(start).ok()?;
        let mut left = length.map_or(usize::MAX, |length| length - start.len() - 2);
        while left > 0 {
            let sent = writer.write(&CHUNK[..left.min(CHUNK.len())]).ok()?;
            left -= if length.is_some() { sent } else { 0 };
            self.state.lock().unwrap().flooded += sent;
        }
        writer.write_all(br#""}"#).ok()
    }

    /// Counts the call and returns the fault for it.
    fn note(&self, call: &Call) -> (Option<Fault>, usize) {
        let mut state = self.state.lock().unwrap();
        state.calls.push(Call {
            region: call.region.clone(),
            operation: call.operation.clone(),
            body: call.body.clone(),
        });
        let number = state.calls.len();
        let due = |script: &&mut Script| {
            script.left > 0 && script.region.as_ref().is_none_or(|region| *region == call.region)
        };
        let fault = state.faults.iter_mut().find(due).map(|script| {
            script.left -= 1;
            script.fault.clone()
        });
        (fault, number)
    }

    fn answer(&self, call: &Call) -> (u16, String) {
        let mut state = self.state.lock().unwrap();
        let answer = match call.operation.as_str() {
            "Encrypt" => state.encrypt(call),
            "Decrypt" => state.decrypt(call),
            "GenerateDataKey" => state.generate_data_key(call),
            "GetParameter" => state.parameter(call),
            other => Err(("UnknownOperationException", other.to_owned())),
        };
        match answer {
            Ok(answer) => (200, answer.to_string()),
            Err((name, message)) => (400, json!({"__type": name, "message": message}).to_string()),
        }
    }
}

impl State {
    fn encrypt(&self, call: &Call) -> Answer {
        let arn = self.resolve(&call.body["KeyId"], call)?;
        let blob = self.usable(&arn, call)?.seal(
            &arn,
            &bytes(&call.body["Plaintext"])?,
            &call.body["EncryptionContext"],
        );
        Ok(
            json!({"CiphertextBlob": BASE64_STANDARD.encode(blob), "KeyId": arn, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
        )
    }

    fn decrypt(&self, call: &Call) -> Answer {
        let invalid = || ("InvalidCiphertextException", String::new());
        let blob = bytes(&call.body["CiphertextBlob"])?;
        let (&length, rest) =
            blob.strip_prefix(MAGIC).and_then(<[u8]>::split_first).ok_or_else(invalid)?;
        let (arn, sealed) = rest.split_at_checked(length.into()).ok_or_else(invalid)?;
        let arn = std::str::from_utf8(arn).map_err(|_| invalid())?;
        if !call.body["KeyId"].is_null() && self.resolve(&call.body["KeyId"], call)? != arn {
            return Err((
                "IncorrectKeyException",
                "The key ID in the request does not identify a CMK that can perform this operation.".to_owned(),
            ));
        }
        // AWS gives this answer for a key of another region or account, and for a deleted key.
        if !arn.contains(&format!(":{}:", call.region)) || !self.keys.contains_key(arn) {
            let message = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.";
            return Err(("AccessDeniedException", message.to_owned()));
        }
        let plaintext = self
            .usable(arn, call)?
            .open(arn, sealed, &call.body["EncryptionContext"])
            .ok_or_else(invalid)?;
        Ok(
            json!({"Plaintext": BASE64_STANDARD.encode(plaintext), "KeyId": arn, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
        )
    }

    fn generate_data_key(&mut self, call: &Call) -> Answer {
        if call.body["KeySpec"] != "AES_256" {
            return Err((
                "ValidationException",
                "Please specify either number of bytes or key spec.".to_owned(),
            ));
        }
        let arn = self.resolve(&call.body["KeyId"], call)?;
        let plaintext: [u8; 32] = random();
        let blob = self.usable(&arn, call)?.seal(&arn, &plaintext, &call.body["EncryptionContext"]);
        self.data_keys.push(plaintext);
        Ok(
            json!({"Plaintext": BASE64_STANDARD.encode(plaintext), "CiphertextBlob": BASE64_STANDARD.encode(blob), "KeyId": arn}),
        )
    }

    fn parameter(&self, call: &Call) -> Answer {
        let name = call.body["Name"].as_str().unwrap_or_default();
        let (kind, value) =
            self.parameters.get(name).ok_or(("ParameterNotFound", String::new()))?;
        let value = if call.body["WithDecryption"] == true || kind != "SecureString" {
            value
        } else {
            "AQICAHh-still-encrypted"
        };
        Ok(json!({"Parameter": {"Name": name, "Type": kind, "Value": value, "Version": 1}}))
    }

    fn resolve(&self, key_id: &Value, call: &Call) -> Result<String, (&'static str, String)> {
        let key_id = key_id.as_str().unwrap_or_default();
        let arn = if key_id.starts_with("arn:") {
            key_id.to_owned()
        } else {
            format!("arn:aws:kms:{}:{ACCOUNT}:key/{key_id}", call.region)
        };
        if self.keys.contains_key(&arn) {
            Ok(arn)
        } else {
            Err(("NotFoundException", format!("Key '{arn}' does not exist")))
        }
    }

    fn usable(&self, arn: &str, call: &Call) -> Result<&Key, (&'static str, String)> {
        let key = &self.keys[arn];
        match key.state {
            KeyState::Enabled => Ok(key),
            KeyState::Disabled => Err(("DisabledException", format!("{arn} is disabled."))),
            KeyState::PendingDeletion => {
                Err(("KMSInvalidStateException", format!("{arn} is pending deletion.")))
            }
            KeyState::Denied => {
                let operation = &call.operation;
                Err((
                    "AccessDeniedException",
                    format!(
                        "User: arn:aws:iam::{ACCOUNT}:role/app is not authorized to perform: kms:{operation}"
                    ),
                ))
            }
        }
    }
}

impl Key {
    fn seal(&self, arn: &str, plaintext: &[u8], context: &Value) -> Vec<u8> {
        let nonce = random::<NONCE_LEN>();
        let mut data = plaintext.to_vec();
        self.cipher()
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                aad(arn, context),
                &mut data,
            )
            .unwrap();
        [MAGIC, &[u8::try_from(arn.len()).unwrap()], arn.as_bytes(), &nonce, &data].concat()
    }

    fn open(&self, arn: &str, sealed: &[u8], context: &Value) -> Option<Vec<u8>> {
        let (nonce, data) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut data = data.to_vec();
        self.cipher()
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad(arn, context), &mut data)
            .ok()?;
        data.truncate(data.len() - TAG_LEN);
        Some(data)
    }

    fn cipher(&self) -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.material).unwrap())
    }
}

impl Call {
    pub fn read(reader: &mut impl BufRead) -> Option<Self> {
        let (mut region, mut operation, mut length) = (String::new(), String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let Some((name, value)) = line.trim_end().split_once(':') else {
                if line.trim_end().is_empty() {
                    break;
                }
                continue; // the request line
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok()?,
                "x-amz-target" => operation = value.rsplit('.').next()?.to_owned(),
                // AWS4-HMAC-SHA256 Credential=<id>/<date>/<region>/kms/aws4_request, …
                "authorization" => region = value.split('/').nth(2)?.to_owned(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        Some(Self { region, operation, body: serde_json::from_slice(&body).ok()? })
    }
}

fn aad(arn: &str, context: &Value) -> Aad<Vec<u8>> {
    let pairs: BTreeMap<_, _> = context.as_object().into_iter().flatten().collect();
    Aad::from(serde_json::to_vec(&(arn, pairs)).unwrap())
}

fn bytes(value: &Value) -> Result<Vec<u8>, (&'static str, String)> {
    BASE64_STANDARD
        .decode(value.as_str().unwrap_or_default())
        .map_err(|error| ("SerializationException", error.to_string()))
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    bytes
}
