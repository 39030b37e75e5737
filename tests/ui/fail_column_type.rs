//! A model whose type is not the type that `columns!` declares.

use diesel_envelope::Keyring;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    accounts (id) {
        id -> Integer,
        age -> Ciphertext,
    }
}

diesel_envelope::columns! { accounts { age } }

fn main() {
    let keyring = Keyring::insecure_for_tests();
    let _ = keyring.encrypt::<i16, accounts::age>(&42);
}
