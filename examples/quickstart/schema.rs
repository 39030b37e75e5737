// @generated automatically by Diesel CLI.

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    users (id) {
        id -> Int8,
        name -> Ciphertext,
        email -> Ciphertext,
        email_index -> BlindIndex,
        phone -> Nullable<Ciphertext>,
    }
}
