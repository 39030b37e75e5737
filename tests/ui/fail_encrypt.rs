//! `encrypt` on a column for which `columns!` declares an index: the index would not change.

use diesel_envelope::{EncryptDsl, Searchable};

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    accounts (id) {
        id -> Integer,
        name -> Ciphertext,
        iban -> Ciphertext,
        iban_index -> BlindIndex,
    }
}

diesel_envelope::columns! { accounts { name, iban => iban_index: exact } }

fn main() {
    let iban = Searchable::<String, accounts::iban>::from("DE89");
    let _ = diesel::update(accounts::table).set((accounts::name.encrypt("Bobby".to_owned()), &iban));
    let _ = diesel::update(accounts::table).set(accounts::iban.encrypt("DE89".to_owned()));
}
