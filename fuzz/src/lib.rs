//! The fuzz targets: one function for each parser of the library and of the tools. Each takes any
//! bytes, and panics if a promise does not hold for them.
//!
//! `cargo fuzz` runs them under libFuzzer. `tests/corpus.rs` runs them on the kept inputs, with any
//! compiler. The README of this package has the commands.

mod changed;
mod crafted;
mod declaration;
mod env_variable;
mod envelope_toml;
mod errors;
mod fernet_token;
mod from_sql;
mod keyset;
mod maybe_encrypted;
mod native_value;
mod opened;
mod plaintext;
mod postgres_row;
mod row_bound;
mod schema;
mod search_text;
mod secret;
#[doc(hidden)]
pub mod support;
mod text_value;
mod wrapped_key;

pub use declaration::declaration;
pub use env_variable::env_variable;
pub use envelope_toml::envelope_toml;
pub use fernet_token::fernet_token;
pub use keyset::keyset;
pub use maybe_encrypted::maybe_encrypted;
pub use native_value::native_value;
pub use plaintext::plaintext;
pub use row_bound::row_bound;
pub use search_text::search_text;
pub use text_value::text_value;
pub use wrapped_key::wrapped_key;

/// A target: its name and its function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 12] = [
    ("declaration", declaration),
    ("env_variable", env_variable),
    ("envelope_toml", envelope_toml),
    ("fernet_token", fernet_token),
    ("keyset", keyset),
    ("maybe_encrypted", maybe_encrypted),
    ("native_value", native_value),
    ("plaintext", plaintext),
    ("row_bound", row_bound),
    ("search_text", search_text),
    ("text_value", text_value),
    ("wrapped_key", wrapped_key),
];

/// The program of a target. Without libFuzzer it does nothing, so that it links fast.
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|data: &[u8]| diesel_envelope_fuzz::$name(data));

        #[cfg(not(fuzzing))]
        fn main() {
            eprintln!(concat!("run it with: cargo fuzz run ", stringify!($name)));
            std::process::exit(2);
        }
    };
}
