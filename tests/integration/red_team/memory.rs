//! The memory of another process, as a core dump would show it.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

use super::secrets::Needles;

/// The number of copies by secret, spelling and kind of memory: `stack` or `heap`.
pub type Copies = BTreeMap<(String, &'static str, &'static str), usize>;

impl Needles {
    /// Returns the number of copies of each secret in the writable memory of a process.
    pub fn count_in_memory(&self, process: u32) -> Copies {
        let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
        let memory = File::open(format!("/proc/{process}/mem")).unwrap();
        let mut copies = Copies::new();
        let mut before = (0, "");
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let (range, rights) = (words.next().unwrap(), words.next().unwrap());
            let (start, end) = range.split_once('-').unwrap();
            let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
            // Before the stack of a thread is a page that nobody may read.
            let is_guarded = before == (start, "---p");
            before = (if end - start <= 4096 { end } else { 0 }, rights);
            if !rights.starts_with("rw") {
                continue;
            }
            let kind = if is_guarded || line.ends_with("[stack]") { "stack" } else { "heap" };
            let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
            memory.read_exact_at(&mut bytes, start).unwrap();
            for ((secret, spelling), count) in self.count(&bytes) {
                *copies.entry((secret, spelling, kind)).or_insert(0) += count;
            }
        }
        copies
    }
}

/// The copies that may be left after all values and the keyring were dropped, with their greatest
/// number and the sentence of SECURITY.md. All other secrets are in no place, in no spelling.
#[rustfmt::skip]
const LEFT: &[(&str, &str, &str, usize, &str)] = &[
    ("Fernet key, root", "bytes", "stack", 32, STACK),
    ("Fernet data key, root", "bytes", "stack", 64, STACK),
    // A build without optimisation writes each register of the decoder to the stack.
    ("Fernet data key, root", "in base64", "stack", 32, AWS),
    ("data key, root", "bytes", "stack", 32, AWS),
    ("data key, root", "in base64", "stack", 32, AWS),
    ("Fernet data key, root", "in base64", "heap", 4, AWS),
    ("data key, root", "in base64", "heap", 4, AWS),
    ("Fernet key, root", "in base64", "heap", 4, AWS),
    ("native key, root", "in base64", "heap", 4, AWS),
    ("index key, root", "in base64", "heap", 4, AWS),
    ("kms value", "in base64", "heap", 4, AWS),
    ("AWS secret access key", "text", "heap", 64, CREDENTIALS),
    ("AWS secret access key", "text", "stack", 4, CREDENTIALS),
    ("AWS session token", "text", "heap", 64, CREDENTIALS),
    ("AWS session token", "text", "stack", 4, CREDENTIALS),
    ("profile", "text", "heap", 4, TYPES),
    (super::LEGACY, "text", "heap", usize::MAX, CALLER),
    (super::LEGACY, "text", "stack", usize::MAX, CALLER),
];
const STACK: &str = "The stack contains the key while the key is read";
const AWS: &str = "an unwrapped keyring or data key remains, as KMS sent it and decoded, \
                   in buffers and stack frames of the SDK";
const CREDENTIALS: &str = "AWS credentials remain in the environment and in the SDK";
const TYPES: &str = "Values of `Json<T>`, `serde_json::Value`, `AsText<T>` and \
                     `text_plaintext!`, dates, UUIDs and decimals are not wiped";
const CALLER: &str = "and so are copies that the caller makes";

/// Checks the copies that are left.
pub fn check(copies: &Copies) {
    for ((secret, spelling, kind), count) in copies {
        if secret == super::MARKER {
            continue;
        }
        // The base64 of a key, and the base64 of a text in which it is.
        let spelling = if spelling.starts_with("base64") { "in base64" } else { spelling };
        let left = LEFT.iter().find(|left| (left.0, left.1, left.2) == (secret, spelling, kind));
        let Some((.., most, sentence)) = left else {
            panic!("{count} copies of {secret} ({spelling}) are on the {kind}: {copies:#?}")
        };
        super::assert_told(sentence);
        assert!(count <= most, "{count} of {secret} ({spelling}) are on the {kind}: {copies:#?}");
    }
}
