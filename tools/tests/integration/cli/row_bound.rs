//! The declarations of row-bound columns, in `columns!` and in `envelope.toml`.

use diesel_envelope::Accept;
use diesel_envelope_tools::cli::envelope_toml;

use crate::support::command_line::CommandLine;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    accounts (tenant, id) {
        tenant -> Text,
        id -> BigInt,
        iban -> Ciphertext,
        email -> Ciphertext,
        email_index -> BlindIndex,
        name -> Ciphertext,
        phone -> Ciphertext,
    }
}

diesel_envelope::columns! {
    accounts {
        iban: row(id), pad 32,
        email: row(tenant, id), accept [bound, fernet] => email_index: caseless,
        name,
        phone: row(id), write [bound],
    }
}

const FILE: &str = r#"
[[column]]
name = "accounts.iban"
pad-to = 32
row-key = ["id"]

[[column]]
name = "accounts.email"
row-key = ["tenant", "id"]
accept = ["fernet", "bound"]

[[column.index]]
name = "email_index"
normalize = "caseless"

[[column]]
name = "accounts.name"

[[column]]
name = "accounts.phone"
"#;

/// A column that still writes the old format is declared as before.
#[test]
fn the_file_declares_the_key_of_the_row() {
    let columns = accounts::table::encrypted_columns();
    assert_eq!(columns[1].row_key, ["tenant", "id"]);
    assert_eq!(columns[1].accept, Accept::BOUND.and(Accept::FERNET));
    let written = envelope_toml(&columns).unwrap();
    assert!(written.ends_with(FILE), "{written}");

    // The tools read the file as they wrote it.
    let command_line = CommandLine::new();
    command_line.write("envelope.toml", &written);
    let exported = command_line.run(&["export-columns"]).done().stdout;
    assert_eq!(exported.trim(), written.trim());
    let adjusted =
        ["export-columns", "accounts.name", "--row-key", "tenant,id", "--accept", "bound"];
    let adjusted = command_line.run(&adjusted).done().stdout;
    let expected = "name = \"accounts.name\"\nrow-key = [\"tenant\", \"id\"]\naccept = [\"bound\"]";
    assert!(adjusted.trim().ends_with(expected), "{adjusted}");
}
