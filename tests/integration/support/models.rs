//! The models of the tests.

use std::borrow::Cow;

use diesel::prelude::*;
use diesel_envelope::blind_index::normalize;
use diesel_envelope::{
    Accept, AsText, BlindIndex, Context, Encrypted, IndexSpec, IndexedAs, MaybeEncrypted,
    Searchable, SearchableColumn, SearchableSpec, TryEncrypted, serialize_plaintext,
};

#[path = "../../../examples/quickstart/schema.rs"]
mod schema;
pub use schema::users;

diesel::table! {
    posts (id) {
        id -> BigInt,
        user_id -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    /// Columns of an existing table, without SQL types of this crate.
    profiles (id) {
        id -> BigInt,
        secret -> Binary,
        secret_index -> Nullable<Binary>,
        note -> Text,
        tag -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    /// Text ciphertext, two indexes on one column, and a searchable column that may be NULL.
    contacts (id) {
        id -> BigInt,
        email -> CiphertextText,
        email_index -> BlindIndex,
        domain_index -> BlindIndex,
        phone -> Nullable<Ciphertext>,
        phone_index -> Nullable<BlindIndex>,
    }
}

diesel::joinable!(posts -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(posts, users);

impl Context for users::name {
    const LABEL: &'static str = "users.name";
}
impl Context for users::email {
    const LABEL: &'static str = "users.email";
}
impl Context for users::phone {
    const LABEL: &'static str = "users.phone";
    const PAD_TO: Option<usize> = Some(16);
    const ACCEPT: Accept = Accept::STRICT;
}

impl IndexSpec for users::email_index {
    type Value = str;
    const LABEL: &'static str = "users.email_index";
    fn normalize(value: &str) -> Cow<'_, [u8]> {
        normalize::caseless(value)
    }
}
impl SearchableColumn for users::email {
    type Indexes = users::email_index;
}

diesel_envelope::columns! {
    contacts {
        email => email_index: caseless, domain_index: email_domain bits 20,
        phone => phone_index: digits,
    }
}

#[derive(Debug, Queryable, Selectable, Identifiable)]
#[diesel(table_name = users)]
pub struct User {
    pub id: i64,
    pub name: Encrypted<String, users::name>,
    #[diesel(embed)]
    pub email: Searchable<String, users::email>,
    pub phone: Option<Encrypted<String, users::phone>>,
}

#[derive(Debug, Clone, Insertable, AsChangeset)]
#[diesel(table_name = users)]
pub struct NewUser {
    pub name: Encrypted<String, users::name>,
    #[diesel(embed)]
    pub email: Searchable<String, users::email>,
    pub phone: Option<Encrypted<String, users::phone>>,
}

#[derive(Insertable)]
#[diesel(table_name = users)]
pub struct NewUserRef<'a> {
    pub name: &'a Encrypted<String, users::name>,
    #[diesel(embed)]
    pub email: &'a Searchable<String, users::email>,
}

#[derive(AsChangeset, Default)]
#[diesel(table_name = users)]
pub struct UserPatch {
    pub name: Option<Encrypted<String, users::name>>,
    #[diesel(embed)]
    pub email: Option<Searchable<String, users::email>>,
    pub phone: Option<Option<Encrypted<String, users::phone>>>,
}

#[derive(QueryableByName)]
#[diesel(table_name = users)]
pub struct UserByName {
    pub id: i64,
    pub name: Encrypted<String, users::name>,
    #[diesel(embed)]
    pub email: Searchable<String, users::email>,
    pub phone: Option<Encrypted<String, users::phone>>,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct TolerantUser {
    pub name: TryEncrypted<String, users::name>,
    pub phone: Option<TryEncrypted<String, users::phone>>,
}

#[derive(Debug, Queryable, Selectable, Identifiable, Associations)]
#[diesel(table_name = posts, belongs_to(User))]
pub struct Post {
    pub id: i64,
    pub user_id: i64,
}

/// A marker type as the spec of an index, for a schema that belongs to another crate.
pub struct SecretIndex;
impl IndexSpec for SecretIndex {
    type Value = str;
    const LABEL: &'static str = "profiles.secret_index";
    fn normalize(value: &str) -> Cow<'_, [u8]> {
        normalize::exact(value)
    }
}

/// A marker type as the spec of a column and its index. `SearchableColumn` does the same for a
/// schema in one's own crate.
pub struct Secret;
impl Context for Secret {
    const LABEL: &'static str = "profiles.secret";
}
impl SearchableSpec for Secret {
    type Column = profiles::secret;
    type Indexes = IndexedAs<profiles::secret_index, SecretIndex>;
}

#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = profiles)]
pub struct MarkedProfile {
    pub id: i64,
    #[diesel(embed)]
    pub secret: Searchable<String, Secret>,
    pub note: Encrypted<bool>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = profiles)]
pub struct Profile {
    pub id: i64,
    pub secret: Encrypted<String>,
    pub secret_index: Option<BlindIndex<SecretIndex>>,
    pub note: Encrypted<i32>,
    pub tag: Option<MaybeEncrypted<String>>,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = profiles)]
pub struct WideProfile {
    pub note: Encrypted<i64>,
    pub tag: Option<TryEncrypted<AsText<f64>>>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = contacts)]
pub struct Contact {
    pub id: i64,
    #[diesel(embed)]
    pub email: Searchable<String, contacts::email>,
    #[diesel(embed)]
    pub phone: Searchable<Option<String>, contacts::phone>,
}

#[derive(AsChangeset, Default)]
#[diesel(table_name = contacts)]
pub struct ContactPatch {
    #[diesel(embed)]
    pub email: Option<Searchable<String, contacts::email>>,
    #[diesel(embed)]
    pub phone: Option<Searchable<Option<String>, contacts::phone>>,
}

/// A request and a response of an API. serde reads and writes every form of field, and the test
/// compares them in memory.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    Insertable,
    Queryable,
    Selectable,
)]
#[diesel(table_name = contacts)]
pub struct ApiContact {
    pub id: i64,
    #[diesel(embed)]
    #[serde(serialize_with = "serialize_plaintext")]
    pub email: Searchable<String, contacts::email>,
    #[diesel(embed)]
    #[serde(serialize_with = "serialize_plaintext")]
    pub phone: Searchable<Option<String>, contacts::phone>,
}

#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    Queryable,
    Selectable,
)]
#[diesel(table_name = users)]
pub struct ApiUser {
    #[serde(serialize_with = "serialize_plaintext")]
    pub name: Encrypted<String, users::name>,
    #[diesel(embed)]
    #[serde(serialize_with = "serialize_plaintext")]
    pub email: Searchable<String, users::email>,
    #[serde(serialize_with = "serialize_plaintext")]
    pub phone: Option<Encrypted<String, users::phone>>,
}

#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    Insertable,
    Queryable,
    Selectable,
)]
#[diesel(table_name = profiles)]
pub struct ApiProfile {
    pub id: i64,
    #[serde(serialize_with = "serialize_plaintext")]
    pub secret: Encrypted<String>,
    #[serde(serialize_with = "serialize_plaintext")]
    pub note: MaybeEncrypted<String>,
    #[serde(serialize_with = "serialize_plaintext")]
    pub tag: Option<MaybeEncrypted<String>>,
}

/// A request that names the changes.
#[derive(Debug, serde::Serialize, serde::Deserialize, AsChangeset)]
#[diesel(table_name = contacts)]
pub struct ApiContactPatch {
    #[diesel(embed)]
    #[serde(default, serialize_with = "serialize_plaintext")]
    pub email: Option<Searchable<String, contacts::email>>,
}

pub fn new_user(name: &str, phone: Option<&str>) -> NewUser {
    NewUser {
        name: format!("{name} Tables").into(),
        email: format!("{name}@Example.org").into(),
        phone: phone.map(|phone| format!("+49 30 555 {phone}").into()),
    }
}
