//! The models of the tests, and their set-up for every database.

use std::borrow::Cow;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::LoadConnection;
use diesel::migration::MigrationConnection;
use diesel::prelude::*;
use diesel_envelope::blind_index::normalize;
use diesel_envelope::{
    Accept, AsText, BlindIndex, Context, Encrypted, IndexSpec, IndexedAs, Keyring, MaybeEncrypted,
    Searchable, SearchableColumn, SearchableSpec, TryEncrypted, serialize_plaintext,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

pub const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
#[cfg(feature = "postgres")]
pub const POSTGRESQL: EmbeddedMigrations = embed_migrations!("../migrations/postgresql");
#[cfg(feature = "mysql")]
pub const MYSQL: EmbeddedMigrations = embed_migrations!("../migrations/mysql");

#[path = "../../examples/quickstart/schema.rs"]
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

impl Context for contacts::email {
    const LABEL: &'static str = "contacts.email";
}
impl Context for contacts::phone {
    const LABEL: &'static str = "contacts.phone";
}
impl IndexSpec for contacts::email_index {
    type Value = str;
    const LABEL: &'static str = "contacts.email_index";
    fn normalize(value: &str) -> Cow<'_, [u8]> {
        normalize::caseless(value)
    }
}
impl IndexSpec for contacts::domain_index {
    type Value = str;
    const LABEL: &'static str = "contacts.domain_index";
    const BITS: usize = 20;
    fn normalize(value: &str) -> Cow<'_, [u8]> {
        normalize::email_domain(value)
    }
}
impl IndexSpec for contacts::phone_index {
    type Value = str;
    const LABEL: &'static str = "contacts.phone_index";
    fn normalize(value: &str) -> Cow<'_, [u8]> {
        normalize::digits(value)
    }
}
impl SearchableColumn for contacts::email {
    type Indexes = (contacts::email_index, contacts::domain_index);
}
impl SearchableColumn for contacts::phone {
    type Indexes = contacts::phone_index;
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

/// Every plaintext of the tests contains one of these markers.
const MARKERS: [&str; 6] = ["Tables", "Example", "example", "+49 30 555", "hunter2", "-1234567"];

/// Runs a test on a fresh database with the keyring installed, and then checks that the database
/// contains no plaintext.
pub fn with_database<Conn>(
    connect: fn() -> Conn,
    dump: fn(&mut Conn) -> Vec<Vec<u8>>,
    test: impl FnOnce(&mut Conn),
) {
    install_keyring();
    let conn = &mut connect();
    test(conn);
    assert_no_plaintext(&dump(conn));
}

pub fn assert_no_plaintext(values: &[Vec<u8>]) {
    for value in values {
        for marker in MARKERS {
            let found = value.windows(marker.len()).any(|window| window == marker.as_bytes());
            assert!(!found, "{marker} is in the database: {}", String::from_utf8_lossy(value));
        }
    }
}

pub fn install_keyring() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| Keyring::insecure_for_tests().install().unwrap());
}

/// Returns the URL of a server that `bin/test` started. A missing URL is a failure, because a
/// skipped test must not look like a passed one.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub fn url(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run bin/test, which starts the server"))
}

#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql")),
    expect(dead_code, reason = "SQLite databases have no names")
)]
pub fn unique_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Runs the first migration. Also runs the second one, which accepts only bound native values, and
/// reverts it.
pub fn migrate<Conn: MigrationHarness<Conn::Backend> + MigrationConnection>(
    conn: &mut Conn,
    migrations: fn() -> EmbeddedMigrations,
) {
    conn.run_pending_migrations(migrations()).unwrap();
    conn.revert_last_migration(migrations()).unwrap();
}

pub fn execute<Conn: LoadConnection>(conn: &mut Conn, statements: &[&str]) {
    for statement in statements {
        conn.batch_execute(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

const COLUMNS: [(&str, &[&str]); 3] = [
    ("users", &["name", "email", "email_index", "phone"]),
    ("profiles", &["secret", "secret_index", "note", "tag"]),
    ("contacts", &["contacts.email", "email_index", "domain_index", "phone", "phone_index"]),
];

#[derive(QueryableByName)]
pub struct Raw {
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Binary>)]
    pub raw: Option<Vec<u8>>,
}

/// Returns every value of every column of the test's tables. `cast` is the SQL that converts a
/// column to bytes.
pub fn dump<Conn>(conn: &mut Conn, cast: impl Fn(&str) -> String) -> Vec<Vec<u8>>
where
    Conn: LoadConnection,
    Raw: QueryableByName<Conn::Backend>,
    Conn::Backend: 'static
        + diesel::backend::DieselReserveSpecialization
        + diesel::expression::QueryMetadata<diesel::sql_types::Untyped>,
{
    let mut values = Vec::new();
    for (table, columns) in COLUMNS {
        for column in columns {
            let query = format!("SELECT {} AS raw FROM {table}", cast(column));
            let rows: Vec<Raw> = diesel::RunQueryDsl::load(diesel::sql_query(query), conn).unwrap();
            values.extend(rows.into_iter().filter_map(|row| row.raw));
        }
    }
    values
}
