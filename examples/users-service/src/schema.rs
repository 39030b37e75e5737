//! The table, and the declaration of its encrypted columns.

use crate::plan::Plan;
use time::Date;

/// SQL types of this application.
pub mod sql_types {
    use diesel::query_builder::QueryId;
    use diesel::sql_types::{SqlOrd, SqlType};

    /// `uuid` on PostgreSQL, and text on SQLite. Both sort by the time in the UUID.
    #[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
    #[diesel(postgres_type(oid = 2950, array_oid = 2951))]
    #[diesel(sqlite_type(name = "Text"))]
    pub struct UserId;

    impl SqlOrd for UserId {}
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;
    use super::sql_types::UserId;

    users (id) {
        id -> UserId,
        name -> Ciphertext,
        name_tokens -> SearchTokens,
        email -> Ciphertext,
        email_index -> BlindIndex,
        phone -> Nullable<Ciphertext>,
        phone_index -> Nullable<BlindIndex>,
        birth_date -> Nullable<Ciphertext>,
        plan -> Ciphertext,
        password_hash -> Text,
        created_at -> Timestamp,
    }
}

// Padding hides the length of a number, and the plan that its length would give away. The index of
// the e-mail is UNIQUE, so it names its key: in a second key, equal addresses would differ.
diesel_envelope::columns! {
    users {
        name => name_tokens: prefixes 3..=8,
        email => email_index: caseless key "a",
        phone: pad 16 => phone_index: digits,
        birth_date: as Date,
        plan: as Plan, pad 16,
    }
}
