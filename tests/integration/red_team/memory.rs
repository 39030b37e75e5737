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

/// Copies that may be left after all values and the keyring were dropped.
struct AllowedCopies {
    secret: &'static str,
    spelling: &'static str,
    /// The kind of memory.
    memory: &'static str,
    most: usize,
    /// Whether they are left in nearly all runs. Others depend on the allocator and on the order of
    /// the threads.
    is_usual: bool,
    /// The sentence of SECURITY.md that explains them.
    sentence: &'static str,
}

const fn usually(
    secret: &'static str,
    spelling: &'static str,
    memory: &'static str,
    most: usize,
    sentence: &'static str,
) -> AllowedCopies {
    AllowedCopies { secret, spelling, memory, most, is_usual: true, sentence }
}

const fn sometimes(
    secret: &'static str,
    spelling: &'static str,
    memory: &'static str,
    most: usize,
    sentence: &'static str,
) -> AllowedCopies {
    AllowedCopies { is_usual: false, ..usually(secret, spelling, memory, most, sentence) }
}

/// All other secrets are in no place, in no spelling. Most limits are twice what was found:
/// the compiler and the order of the threads move stack frames.
#[rustfmt::skip]
const ALLOWED_COPIES: &[AllowedCopies] = &[
    usually("AWS secret access key", "text", "stack", 4, CREDENTIALS),
    sometimes("AWS secret access key", "text", "heap", 4, CREDENTIALS),
    usually("AWS session token", "text", "stack", 4, CREDENTIALS),
    usually("AWS session token", "text", "heap", 32, CREDENTIALS),
    sometimes("native key, root", "in base64", "heap", 4, AWS),
    sometimes("index key, root", "in base64", "heap", 4, AWS),
    usually("index key, inner HMAC state", "bytes", "stack", 4, DIGESTS),
    usually("index key, outer HMAC state", "bytes", "stack", 8, DIGESTS),
    usually("Fernet key, root", "bytes", "stack", 8, TOKENS),
    sometimes("Fernet key, root", "in base64", "heap", 4, AWS),
    usually("data key, root", "bytes", "stack", 4, AWS),
    usually("data key, root", "in base64", "stack", 4, AWS),
    sometimes("data key, root", "in base64", "heap", 4, AWS),
    usually("Fernet data key, root", "bytes", "stack", 48, TOKENS),
    sometimes("Fernet data key, root", "in base64", "heap", 4, AWS),
    sometimes("kms value", "in base64", "heap", 4, AWS),
    usually("account", "bytes", "stack", 32, NUMBERS),
    sometimes("account", "bytes", "heap", 4, NUMBERS),
    usually("uuid", "bytes", "stack", 32, TYPES),
    sometimes("uuid", "bytes", "heap", 8, TYPES),
    usually("instant", "bytes", "stack", 32, TYPES),
    sometimes("instant", "bytes", "heap", 8, TYPES),
    usually("decimal", "bytes", "stack", 32, TYPES),
    sometimes("decimal", "bytes", "heap", 8, TYPES),
    usually("profile", "text", "heap", 4, TYPES),
    usually("legacy", "text", "stack", 4, DRIVER),
    sometimes("legacy", "text", "heap", 32, DRIVER),
];
const TOKENS: &str = "The stack contains the key while the key is read, and the AES and HMAC state \
                      of each token";
const DIGESTS: &str = "The HMAC states of an index key remain on the stack, where each digest is \
                       computed with a copy of them";
const AWS: &str = "an unwrapped keyring or data key remains, as KMS sent it and decoded, \
                   in buffers and stack frames of the SDK";
const CREDENTIALS: &str = "AWS credentials remain in the environment and in the SDK";
const TYPES: &str = "Values of `Json<T>`, `serde_json::Value`, `AsText<T>` and \
                     `text_plaintext!`, dates, UUIDs and decimals are not wiped";
const NUMBERS: &str =
    "A number is wiped in its place. Copies remain where it was before it was moved";
const DRIVER: &str =
    "The buffers of the database driver, of TLS and of the AWS SDK are out of reach";

/// The first two lines of the table in SECURITY.md.
const TABLE: &str = "| secret | as | in | copies, at most | left |\n|---|---|---|---|---|\n";

impl AllowedCopies {
    fn row(&self) -> String {
        let Self { secret, spelling, memory, most, .. } = self;
        let left = if self.is_usual { "usually" } else { "sometimes" };
        format!("| {secret} | {spelling} | {memory} | {most} | {left} |")
    }
}

/// Checks that the table in SECURITY.md has these copies, and no others.
#[test]
fn the_copies_that_are_left_are_documented() {
    let (_, table) = super::SECURITY.split_once(TABLE).expect("SECURITY.md has the table");
    let table: Vec<_> = table.lines().take_while(|line| line.starts_with('|')).collect();
    let rows: Vec<_> = ALLOWED_COPIES.iter().map(AllowedCopies::row).collect();
    assert_eq!(table, rows);
    for allowed in ALLOWED_COPIES {
        super::assert_documented(allowed.sentence);
    }
}

/// Checks the copies that are left.
pub fn check(copies: &Copies) {
    let mut left = BTreeMap::<_, usize>::new();
    for ((secret, spelling, memory), count) in copies {
        // The base64 of a key, and the base64 of a text in which it is.
        let spelling = if spelling.starts_with("base64") { "in base64" } else { spelling };
        if secret != super::MARKER {
            *left.entry((&**secret, spelling, *memory)).or_default() += count;
        }
    }
    for allowed in ALLOWED_COPIES {
        let AllowedCopies { secret, spelling, memory, most, is_usual, .. } = *allowed;
        let count = left.remove(&(secret, spelling, memory)).unwrap_or_default();
        assert!(count <= most, "{count} copies, allowed: {}\n{copies:#?}", allowed.row());
        // Stack frames depend on the processor too, whose instructions AWS-LC chooses by.
        if is_usual && count == 0 {
            println!("not left this time: {}", allowed.row());
        }
    }
    assert!(left.is_empty(), "these copies are not allowed: {left:#?}");
}
