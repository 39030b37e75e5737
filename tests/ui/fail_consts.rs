//! Labels and numbers that are not valid are found at compile time.
use std::borrow::Cow;

use diesel_envelope::{Context, IndexSpec, Keyring};

enum Spaced {}
impl Context for Spaced {
    const LABEL: &'static str = "users email";
}

enum Padded {}
impl Context for Padded {
    const LABEL: &'static str = "users.email";
    const PAD_TO: Option<usize> = Some(65_537);
}

struct Empty;
impl IndexSpec for Empty {
    type Value = str;
    const LABEL: &'static str = "";
    const BITS: usize = 257;
    fn normalize(value: &str) -> Cow<'_, [u8]> {
        value.as_bytes().into()
    }
}

fn main() {
    let keyring = Keyring::insecure_for_tests();
    let _ = keyring.encrypt::<String, Spaced>(&String::new());
    let _ = keyring.encrypt::<String, Padded>(&String::new());
    let _ = keyring.blind_index::<Empty>("");
}
