//! The table that the programs in this directory misuse.
#![allow(dead_code)]

use std::borrow::Cow;

use diesel_envelope::blind_index::normalize::caseless;
use diesel_envelope::{Context, Encrypted, IndexSpec, SearchableColumn};

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    users (id) {
        id -> Integer,
        email -> Ciphertext,
        email_index -> BlindIndex,
        other_index -> BlindIndex,
        phone -> Nullable<Ciphertext>,
        phone_index -> Nullable<BlindIndex>,
        note -> CiphertextText,
        raw -> Binary,
        raw_text -> Text,
        flag -> Bool,
    }
}

diesel::table! {
    posts (id) {
        id -> Integer,
        user_id -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    notes (id) {
        id -> Integer,
        text -> CiphertextText,
    }
}

diesel::joinable!(posts -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(users, posts);

impl Context for users::email {
    const LABEL: &'static str = "users.email";
}
impl Context for users::phone {
    const LABEL: &'static str = "users.phone";
}

impl IndexSpec for users::email_index {
    type Value = str;
    const LABEL: &'static str = "users.email_index";
    fn normalize(value: &str) -> Cow<'_, [u8]> {
        caseless(value)
    }
}
impl IndexSpec for users::phone_index {
    type Value = str;
    const LABEL: &'static str = "users.phone_index";
    fn normalize(value: &str) -> Cow<'_, [u8]> {
        caseless(value)
    }
}
impl SearchableColumn for users::email {
    type Indexes = users::email_index;
}
impl SearchableColumn for users::phone {
    type Indexes = users::phone_index;
}

pub type Email = Encrypted<String, users::email>;
