//! The file `envelope.toml` of this repository.

use diesel_envelope_tools::cli::envelope_toml;

#[path = "../../../../examples/quickstart/schema.rs"]
mod schema;

diesel_envelope::columns! {
    schema::users {
        name,
        email => email_index: caseless,
        phone: pad 16,
    }
}

/// To rewrite the file, run `BLESS=1 bin/test the_file_of_this_repository_is_not_stale`.
#[test]
fn the_file_of_this_repository_is_not_stale() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../envelope.toml");
    let written = envelope_toml(&schema::users::table::encrypted_columns()).unwrap();
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        std::fs::write(path, &written).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), written, "envelope.toml is stale");
}
