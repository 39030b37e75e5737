//! An application with the tools in it, under its subcommand `tools`: `hosted_tools tools status`.
//!
//! The tools know its columns, its type `Plan` and its normaliser `postcode`, without
//! `envelope.toml`.

use std::process::ExitCode;
use std::{borrow::Cow, fmt, str::FromStr};

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    users (id) {
        id -> BigInt,
        postcode -> Nullable<Ciphertext>,
        postcode_index -> Nullable<BlindIndex>,
        plan -> Nullable<Ciphertext>,
    }
}

diesel_envelope::columns! {
    users {
        postcode => postcode_index: self::postcode,
        plan: as Plan,
    }
}

#[derive(Debug)]
enum Plan {
    Free,
    Paid,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
impl FromStr for Plan {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Free, Self::Paid].into_iter().find(|plan| plan.to_string() == text).ok_or(())
    }
}
diesel_envelope::text_plaintext!(Plan);

/// Returns `SW1A1AA` for `sw1a 1aa`.
fn postcode(text: &str) -> Cow<'_, [u8]> {
    text.split_whitespace().collect::<String>().to_uppercase().into_bytes().into()
}

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|name| name == "tools") {
        return diesel_envelope_tools::cli::run(users::table::encrypted_columns(), args);
    }
    println!("the application starts here: try `tools --help`");
    ExitCode::SUCCESS
}
