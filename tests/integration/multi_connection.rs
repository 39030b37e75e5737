//! The same cases on SQLite, PostgreSQL and MariaDB, through one connection type of
//! `#[derive(diesel::MultiConnection)]`.

use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::deserialize::FromSql;
use diesel::mysql::MysqlConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::query_builder::{InsertStatement, QueryFragment};
use diesel::query_dsl::methods::ExecuteDsl;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::serialize::ToSql;
use diesel::sql_types::{Binary, Text};
use diesel::sqlite::SqliteConnection;
use diesel_envelope::keyring::{Algorithm, Keyset, Options};
use diesel_envelope::kms::{EncryptionContext, Kms, LocalKms};
use diesel_envelope::sql_types::{Ciphertext, CiphertextText};
use diesel_envelope::{
    AsText, BlindIndex, BlindIndexDsl, Encoded, EncryptDsl, Encrypted, EnvelopeBackend, Error,
    Keyring, KmsEncrypted, MaybeEncrypted, NotWiped, Plaintext, Sealed, Searchable, TryEncrypted,
    TryMaybeEncrypted, WrappedKey, dsl,
};
use zeroize::Zeroizing;

use crate::support::database::{Raw, assert_no_plaintext, execute};
use crate::support::keyring::{install_keyring, keyring_document};
use crate::support::models::{
    Contact, ContactPatch, NewUser, NewUserRef, Post, Profile, TolerantUser, User, UserByName,
    UserPatch, contacts, new_user, posts, profiles, users,
};

/// Inserts rows one by one. Diesel has no insert of several rows for a `MultiBackend`.
macro_rules! insert_each {
    ($conn:ident, $table:ident, $rows:expr) => {
        $conn
            .transaction(|conn| {
                for row in &$rows {
                    diesel::insert_into($table::table).values(row).execute(conn)?;
                }
                QueryResult::Ok(())
            })
            .unwrap()
    };
}

mod row_bound;

#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    Postgres(PgConnection),
    Mysql(MysqlConnection),
    Sqlite(SqliteConnection),
}

diesel_envelope::multi_backend!(MultiBackend: diesel::pg::Pg, diesel::mysql::Mysql, diesel::sqlite::Sqlite);

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    /// A table with many columns. Six of them are encrypted, in each of the four SQL types.
    accounts (id) {
        id -> BigInt,
        c1 -> Integer,
        c2 -> Text,
        name -> Ciphertext,
        c3 -> Bool,
        c4 -> Nullable<Integer>,
        email -> CiphertextText,
        email_index -> BlindIndex,
        c5 -> BigInt,
        c6 -> Text,
        c7 -> Integer,
        phone -> Nullable<Ciphertext>,
        phone_index -> Nullable<BlindIndex>,
        c8 -> Nullable<Text>,
        c9 -> Integer,
        born -> Nullable<CiphertextText>,
        c10 -> Double,
        c11 -> Integer,
        secret -> Nullable<Binary>,
        note -> Nullable<Text>,
        c12 -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    /// Values under a data key, and under KMS, in each of the four SQL types.
    vaults (id) {
        id -> BigInt,
        name -> Ciphertext,
        email -> CiphertextText,
        iban -> Nullable<Binary>,
        note -> Nullable<Text>,
        data_key -> Binary,
        text_key -> CiphertextText,
        spare_key -> Nullable<Text>,
        token -> Ciphertext,
        text_token -> Nullable<Text>,
    }
}

diesel_envelope::columns! {
    accounts {
        name,
        email => email_index: caseless,
        phone: pad 16 => phone_index: digits,
        born: as AsText<u16>,
        secret: as Vec<u8>,
        note,
    }
    vaults { name, email, iban, note, token, text_token }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = accounts, treat_none_as_null = true)]
#[diesel(check_for_backend(
    MultiBackend,
    diesel::pg::Pg,
    diesel::mysql::Mysql,
    diesel::sqlite::Sqlite
))]
struct Account {
    id: i64,
    c1: i32,
    c2: String,
    name: Encrypted<String, accounts::name>,
    c3: bool,
    c4: Option<i32>,
    #[diesel(embed)]
    email: Searchable<String, accounts::email>,
    c5: i64,
    c6: String,
    c7: i32,
    #[diesel(embed)]
    phone: Searchable<Option<String>, accounts::phone>,
    c8: Option<String>,
    c9: i32,
    born: Option<Encrypted<AsText<u16>, accounts::born>>,
    c10: f64,
    c11: i32,
    secret: Option<Encrypted<Vec<u8>, accounts::secret>>,
    note: Option<MaybeEncrypted<String, accounts::note>>,
    c12: Vec<u8>,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = accounts)]
struct TolerantAccount {
    name: TryEncrypted<String, accounts::name>,
    email: TryEncrypted<String, accounts::email>,
    secret: Option<TryEncrypted<Vec<u8>, accounts::secret>>,
    note: Option<TryMaybeEncrypted<String, accounts::note>>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = vaults)]
#[diesel(check_for_backend(MultiBackend))]
struct Vault {
    id: i64,
    name: Sealed<String, vaults::name>,
    email: Sealed<String, vaults::email>,
    iban: Option<Sealed<String, vaults::iban>>,
    note: Option<Sealed<String, vaults::note>>,
    data_key: WrappedKey,
    text_key: WrappedKey,
    spare_key: Option<WrappedKey>,
    token: KmsEncrypted<String, vaults::token>,
    text_token: Option<KmsEncrypted<String, vaults::text_token>>,
}

const ACCOUNTS: &[(&str, &[&str])] = &[
    (
        "accounts",
        &["name", "email", "email_index", "phone", "phone_index", "born", "secret", "note"],
    ),
    (
        "vaults",
        &[
            "name",
            "email",
            "iban",
            "note",
            "data_key",
            "text_key",
            "spare_key",
            "token",
            "text_token",
        ],
    ),
];

/// Creates the tables of this file. `blob` and `text` are the types of ciphertext.
fn create(conn: &mut AnyConnection, blob: &str, index: &str, text: &str) {
    execute(
        conn,
        &[
            &format!(
                "CREATE TABLE accounts (id BIGINT PRIMARY KEY, c1 INTEGER NOT NULL, c2 {text} NOT NULL, name {blob} NOT NULL, \
                 c3 BOOLEAN NOT NULL, c4 INTEGER, email {text} NOT NULL, email_index {index} NOT NULL UNIQUE, c5 BIGINT NOT NULL, \
                 c6 {text} NOT NULL, c7 INTEGER NOT NULL, phone {blob}, phone_index {index}, c8 {text}, c9 INTEGER NOT NULL, \
                 born {text}, c10 DOUBLE PRECISION NOT NULL, c11 INTEGER NOT NULL, secret {blob}, note {text}, c12 {blob} NOT NULL)"
            ),
            &format!(
                "CREATE TABLE vaults (id BIGINT PRIMARY KEY, name {blob} NOT NULL, email {text} NOT NULL, iban {blob}, note {text}, \
                 data_key {blob} NOT NULL, text_key {text} NOT NULL, spare_key {text}, token {blob} NOT NULL, text_token {text})"
            ),
        ],
    );
}

fn sqlite() -> AnyConnection {
    let mut conn = AnyConnection::Sqlite(crate::support::sqlite::connect());
    create(&mut conn, "BLOB", "BLOB", "TEXT");
    conn
}

fn postgres() -> AnyConnection {
    let mut conn = AnyConnection::Postgres(crate::support::postgres::connect());
    create(&mut conn, "bytea", "bytea", "text");
    conn
}

fn mysql() -> AnyConnection {
    let mut conn = AnyConnection::Mysql(crate::support::mysql::connect());
    create(&mut conn, "BLOB", "VARBINARY(32)", "TEXT");
    conn
}

/// Returns every value of every encrypted column as bytes.
fn dump(conn: &mut AnyConnection) -> Vec<Vec<u8>> {
    let mut values = match conn {
        AnyConnection::Sqlite(conn) => crate::support::sqlite::dump(conn),
        AnyConnection::Postgres(conn) => crate::support::postgres::dump(conn),
        AnyConnection::Mysql(conn) => crate::support::mysql::dump(conn),
    };
    for (table, columns) in ACCOUNTS {
        for column in *columns {
            values.extend(raw(conn, table, column).into_iter().flatten());
        }
    }
    values
}

/// Returns the bytes of a column, in the order of the ids.
fn raw(conn: &mut AnyConnection, table: &str, column: &str) -> Vec<Option<Vec<u8>>> {
    let bytes = match conn {
        AnyConnection::Sqlite(_) => format!("CAST({column} AS BLOB)"),
        AnyConnection::Postgres(_) => {
            format!("decode(encode(convert_to({column}::text, 'UTF8'), 'hex'), 'hex')")
        }
        AnyConnection::Mysql(_) => format!("CAST({column} AS BINARY)"),
    };
    let bytea = matches!(conn, AnyConnection::Postgres(_)) && is_bytea(conn, table, column);
    let bytes = if bytea { column.to_owned() } else { bytes };
    let query = format!("SELECT {bytes} AS raw FROM {table} ORDER BY id");
    let rows: Vec<Raw> = diesel::sql_query(query).load(conn).unwrap();
    rows.into_iter().map(|row| row.raw).collect()
}

fn is_bytea(conn: &mut AnyConnection, table: &str, column: &str) -> bool {
    let query = format!(
        "SELECT convert_to(udt_name, 'UTF8') AS raw FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name = '{table}' AND column_name = '{column}'"
    );
    let rows: Vec<Raw> = diesel::sql_query(query).load(conn).unwrap();
    rows[0].raw.as_deref() == Some(b"bytea")
}

/// Runs a case on a fresh database, and then checks that the database contains no plaintext.
fn on_database(connect: fn() -> AnyConnection, case: fn(&mut AnyConnection)) {
    install_keyring();
    let conn = &mut connect();
    case(conn);
    assert_no_plaintext(&dump(conn));
}

macro_rules! cases {
    ($($case:ident),+ $(,)?) => {
        cases!(@on on_sqlite sqlite $($case)+);
        cases!(@on on_postgres postgres $($case)+);
        cases!(@on on_mysql mysql $($case)+);
    };
    (@on $module:ident $connect:ident $($case:ident)+) => {
        mod $module {
            $(
                #[test]
                fn $case() {
                    super::on_database(super::$connect, super::$case);
                }
            )+
        }
    };
}

cases!(
    inserts_and_lookups,
    updates,
    joins_and_other_queries,
    every_sql_type_and_null,
    text_columns_with_two_indexes,
    columns_of_an_existing_table,
    many_columns,
    bad_rows,
    data_keys_and_kms,
    errors_reach_the_caller,
    a_value_is_sealed_once_for_each_statement,
    a_statement_that_runs_again_seals_again,
    code_that_is_generic_over_the_backend,
    values_bound_to_their_row,
);

fn values_bound_to_their_row(conn: &mut AnyConnection) {
    row_bound::run(conn);
}

fn find(conn: &mut AnyConnection, email: &str) -> QueryResult<User> {
    users::table.filter(users::email_index.matches(email)).select(User::as_select()).first(conn)
}

fn names(conn: &mut AnyConnection) -> Vec<String> {
    let names: Vec<Encrypted<String, users::name>> =
        users::table.order(users::id).select(users::name).load(conn).unwrap();
    names.into_iter().map(Encrypted::into_inner).collect()
}

fn inserts_and_lookups(conn: &mut AnyConnection) {
    let insert = diesel::insert_into(users::table);
    insert.values(new_user("a", None)).execute(conn).unwrap();
    insert.values(&new_user("b", Some("1"))).execute(conn).unwrap();
    insert_each!(conn, users, [new_user("c", Some("1")), new_user("d", Some("2"))]);
    insert_each!(conn, users, [new_user("e", None), new_user("f", None)]);
    let NewUser { name, email, .. } = new_user("g", None);
    insert.values(NewUserRef { name: &name, email: &email }).execute(conn).unwrap();
    let NewUser { name, email, .. } = new_user("h", None);
    insert.values(&NewUserRef { name: &name, email: &email }).execute(conn).unwrap();
    let email = new_user("i", None).email;
    insert.values((users::name.encrypt("i Tables".to_owned()), &email)).execute(conn).unwrap();
    let expected: Vec<_> = "abcdefghi".chars().map(|c| format!("{c} Tables")).collect();
    assert_eq!(names(conn), expected);

    let bobby = find(conn, "B@EXAMPLE.org").unwrap();
    assert_eq!((&**bobby.name, &**bobby.email), ("b Tables", "b@Example.org"));
    assert_eq!(bobby.phone.unwrap().into_inner(), "+49 30 555 1");
    assert_eq!(find(conn, "b@example.com").unwrap_err(), DieselError::NotFound);
    let count = |conn: &mut AnyConnection, emails: Vec<&str>| {
        let found = users::table.filter(users::email_index.matches_any(emails));
        found.count().get_result::<i64>(conn).unwrap()
    };
    assert_eq!(count(conn, vec!["a@example.org", "c@example.org", "z@example.org"]), 2);
    assert_eq!(count(conn, vec!["a@example.org"; 20]), 1, "more digests than are cached");
    assert_eq!(count(conn, vec![]), 0);

    let duplicate = insert.values(&new_user("A", None)).execute(conn);
    let kind = DatabaseErrorKind::UniqueViolation;
    assert!(
        matches!(duplicate, Err(DieselError::DatabaseError(found, _)) if found as u8 == kind as u8)
    );
}

fn updates(conn: &mut AnyConnection) {
    let rows = [new_user("a", Some("1")), new_user("z", None)];
    insert_each!(conn, users, rows);
    let user = find(conn, "a@example.org").unwrap();
    let row = || users::table.find(user.id);

    diesel::update(&user).set(&new_user("b", Some("2"))).execute(conn).unwrap();
    assert!(find(conn, "a@example.org").is_err(), "the index moved with the value");
    diesel::update(row()).set(new_user("b", Some("2"))).execute(conn).unwrap();
    let patch = UserPatch { email: Some("c@Example.org".into()), ..UserPatch::default() };
    diesel::update(row()).set(&patch).execute(conn).unwrap();
    diesel::update(row()).set(patch).execute(conn).unwrap();
    let user = find(conn, "c@example.org").unwrap();
    assert_eq!((&**user.name, user.phone.is_some()), ("b Tables", true));

    let patch = UserPatch { phone: Some(None), ..UserPatch::default() };
    diesel::update(row()).set(&patch).execute(conn).unwrap();
    assert!(find(conn, "c@example.org").unwrap().phone.is_none(), "Some(None) makes it NULL");

    let name = users::name.encrypt("d Tables".to_owned());
    diesel::update(row()).set(name).execute(conn).unwrap();
    let phone = users::phone.encrypt("+49 30 555 9".to_owned());
    diesel::update(row()).set(phone).execute(conn).unwrap();
    let user = find(conn, "c@example.org").unwrap();
    assert_eq!((&**user.name, &***user.phone.as_ref().unwrap()), ("d Tables", "+49 30 555 9"));

    let null = users::phone.eq(None::<Encrypted<String, users::phone>>);
    diesel::update(users::table.filter(users::email_index.matches("c@example.org")))
        .set((&new_user("e", None).email, null))
        .execute(conn)
        .unwrap();
    assert!(find(conn, "e@example.org").unwrap().phone.is_none());
    assert_eq!(names(conn), ["d Tables", "z Tables"], "the other row stayed as it was");
}

fn joins_and_other_queries(conn: &mut AnyConnection) {
    let rows = [new_user("a", Some("1")), new_user("b", None)];
    insert_each!(conn, users, rows);
    let user = find(conn, "a@example.org").unwrap();
    for (id, user_id) in [(1, user.id), (2, 999)] {
        let post = (posts::id.eq(id), posts::user_id.eq(user_id));
        diesel::insert_into(posts::table).values(post).execute(conn).unwrap();
    }
    let left: Vec<(Post, Option<User>)> = posts::table
        .left_join(users::table)
        .order(posts::id)
        .select((Post::as_select(), Option::<User>::as_select()))
        .load(conn)
        .unwrap();
    let left: Vec<_> = left.iter().map(|row| row.1.as_ref().map(|user| &**user.name)).collect();
    assert_eq!(left, [Some("a Tables"), None]);
    let joined: Vec<(Post, User)> = posts::table
        .inner_join(
            users::table
                .on(users::id.eq(posts::user_id).and(users::email_index.matches("a@example.org"))),
        )
        .select((Post::as_select(), User::as_select()))
        .load(conn)
        .unwrap();
    assert_eq!(joined.len(), 1);
    assert_eq!(Post::belonging_to(&user).select(posts::id).load::<i64>(conn).unwrap(), [1]);

    let emails = ["a@example.org", "b@example.org"];
    let boxed = users::table.into_boxed().filter(users::email_index.matches_any(emails));
    let boxed = boxed.filter(users::phone.is_null());
    let found: Vec<User> = boxed.select(User::as_select()).load(conn).unwrap();
    assert_eq!((found.len(), &**found[0].name), (1, "b Tables"));
    let not = diesel::dsl::not(users::email_index.matches("a@example.org"));
    assert_eq!(users::table.filter(not).count().get_result::<i64>(conn).unwrap(), 1);
    let by_name: Vec<UserByName> =
        diesel::sql_query("SELECT * FROM users ORDER BY id").load(conn).unwrap();
    assert_eq!((&**by_name[0].name, by_name[1].phone.is_none()), ("a Tables", true));

    let failed: QueryResult<()> = conn.transaction(|conn| {
        diesel::insert_into(users::table).values(&new_user("c", None)).execute(conn)?;
        Err(DieselError::RollbackTransaction)
    });
    assert_eq!(failed, Err(DieselError::RollbackTransaction));
    let gone = users::table.filter(users::email_index.matches("b@example.org"));
    assert_eq!(diesel::delete(gone).execute(conn).unwrap(), 1);
    assert_eq!(names(conn), ["a Tables"]);
}

fn account(id: i64, phone: Option<&str>) -> Account {
    let full = phone.is_some();
    Account {
        id,
        c1: 1,
        c2: "c2".into(),
        name: format!("{id} Tables").into(),
        c3: true,
        c4: full.then_some(4),
        email: format!("u{id}@Example.org").into(),
        c5: 5,
        c6: "c6".into(),
        c7: 7,
        phone: phone.into(),
        c8: full.then(|| "c8".into()),
        c9: 9,
        born: full.then(|| AsText(1990).into()),
        c10: 0.5,
        c11: 11,
        secret: full.then(|| b"hunter2\xff".to_vec().into()),
        note: full.then(|| "Tables".into()),
        c12: vec![12],
    }
}

fn account_by_phone(conn: &mut AnyConnection, phone: &str) -> Vec<Account> {
    let found = accounts::table.filter(accounts::phone_index.matches(phone));
    found.order(accounts::id).select(Account::as_select()).load(conn).unwrap()
}

fn many_columns(conn: &mut AnyConnection) {
    let insert = diesel::insert_into(accounts::table);
    insert.values(&account(1, Some("+49 30 555 1"))).execute(conn).unwrap();
    insert.values(account(2, None)).execute(conn).unwrap();
    let rows = [account(3, Some("+49 30 555 3")), account(4, None)];
    insert_each!(conn, accounts, rows);

    let found = account_by_phone(conn, "0049 30 5551");
    assert!(found.is_empty(), "digits do not know country codes");
    let mut found = account_by_phone(conn, "49305551");
    let one = found.remove(0);
    assert_eq!((one.id, &**one.name, &**one.email), (1, "1 Tables", "u1@Example.org"));
    assert_eq!((one.c1, one.c3, one.c4, one.c5, one.c7), (1, true, Some(4), 5, 7));
    assert_eq!((one.c9, one.c11, one.c12.as_slice()), (9, 11, &[12_u8][..]));
    assert_eq!((&*one.c2, &*one.c6, one.c8.as_deref()), ("c2", "c6", Some("c8")));
    assert!((one.c10 - 0.5).abs() < f64::EPSILON);
    assert_eq!(one.born.unwrap().into_inner(), AsText(1990));
    assert_eq!(one.secret.unwrap().into_inner(), b"hunter2\xff");
    assert_eq!(one.note.unwrap().into_inner(), "Tables");

    diesel::update(accounts::table.find(1)).set(&account(1, None)).execute(conn).unwrap();
    diesel::update(accounts::table.find(4))
        .set(account(4, Some("+49 30 555 4")))
        .execute(conn)
        .unwrap();
    assert!(account_by_phone(conn, "49305551").is_empty());
    assert_eq!(account_by_phone(conn, "49305554").len(), 1);
    let nulls: Vec<bool> =
        raw(conn, "accounts", "secret").into_iter().map(|bytes| bytes.is_none()).collect();
    assert_eq!(nulls, [true, true, false, false]);
}

/// Each of the four SQL types stores the same bytes as on the backend itself.
fn every_sql_type_and_null(conn: &mut AnyConnection) {
    insert_each!(conn, accounts, [account(1, Some("+49 30 555 1")), account(2, None)]);
    let keyring = Keyring::installed().unwrap();
    let stored =
        |conn: &mut AnyConnection, column| raw(conn, "accounts", column).remove(0).unwrap();
    let name = stored(conn, "name");
    assert_eq!((name.len(), name[0], name[1]), (34 + "1 Tables".len(), 0xA1, 1));
    assert_eq!(keyring.decrypt::<String, accounts::name>(&name).unwrap(), "1 Tables");
    let phone = stored(conn, "phone");
    assert_eq!((phone.len(), phone[1]), (34 + 16, 3), "padded to 16 bytes");
    let secret = stored(conn, "secret");
    assert_eq!(keyring.decrypt::<Vec<u8>, accounts::secret>(&secret).unwrap(), b"hunter2\xff");
    for (column, plain) in [("email", "u1@Example.org"), ("note", "Tables"), ("born", "1990")] {
        let text = String::from_utf8(stored(conn, column)).unwrap();
        let opened = match column {
            "email" => keyring.decrypt_text::<String, accounts::email>(&text),
            "note" => keyring.decrypt_text::<String, accounts::note>(&text),
            _ => keyring
                .decrypt_text::<AsText<u16>, accounts::born>(&text)
                .map(|born| born.0.to_string()),
        };
        assert_eq!(opened.unwrap(), plain);
    }
    let index = keyring.blind_index::<accounts::email_index>("u1@example.org").unwrap();
    assert_eq!(stored(conn, "email_index"), index.as_bytes());
    for column in ["phone", "phone_index", "born", "secret", "note"] {
        assert_eq!(raw(conn, "accounts", column)[1], None, "{column}");
    }

    // The long form: each column by an assignment of its own.
    let none = None::<Encrypted<Vec<u8>, accounts::secret>>;
    let born = Encrypted::<_, accounts::born>::new(AsText(2000_u16));
    let phone = Encrypted::<_, accounts::phone>::new("+49 30 555 2".to_owned());
    let index = BlindIndex::<accounts::phone_index>::of("+49 30 555 2");
    let note = Some(MaybeEncrypted::<String, accounts::note>::from("hunter2"));
    let set = (
        accounts::secret.eq(&none),
        accounts::born.eq(Some(&born)),
        accounts::phone.eq(Some(&phone)),
        accounts::phone_index.eq(Some(index.clone())),
        accounts::note.eq(&note),
    );
    diesel::update(accounts::table.find(2)).set(set).execute(conn).unwrap();
    let found = account_by_phone(conn, "49305552");
    assert_eq!((found.len(), found[0].id), (1, 2));
    assert_eq!(**found[0].note.as_ref().unwrap(), "hunter2");
    let stored: Option<BlindIndex<accounts::phone_index>> =
        accounts::table.find(2).select(accounts::phone_index).first(conn).unwrap();
    assert!(stored == Some(index));
}

fn text_columns_with_two_indexes(conn: &mut AnyConnection) {
    let contact = |id, phone: Option<&str>| Contact {
        id,
        email: format!("c{id}@Example.org").into(),
        phone: phone.into(),
    };
    let insert = diesel::insert_into(contacts::table);
    insert.values(&contact(1, Some("+49 30 555 1"))).execute(conn).unwrap();
    insert_each!(conn, contacts, [contact(2, None), contact(3, Some("+49 30 555 3"))]);
    let patch = ContactPatch { phone: Some(None::<&str>.into()), ..ContactPatch::default() };
    diesel::update(contacts::table.find(3)).set(&patch).execute(conn).unwrap();
    let same_domain = contacts::domain_index.matches("x@example.org");
    let found: Vec<Contact> = contacts::table
        .filter(same_domain)
        .order(contacts::id)
        .select(Contact::as_select())
        .load(conn)
        .unwrap();
    let found: Vec<_> = found.iter().map(|row| (row.id, row.phone.is_some())).collect();
    assert_eq!(found, [(1, true), (2, false), (3, false)]);
}

fn columns_of_an_existing_table(conn: &mut AnyConnection) {
    let profile = |id, tag: Option<&str>| Profile {
        id,
        secret: "hunter2".into(),
        secret_index: tag.map(BlindIndex::of),
        note: (-1_234_567).into(),
        tag: tag.map(Into::into),
    };
    let rows = [profile(1, Some("Tables")), profile(2, None)];
    insert_each!(conn, profiles, rows);
    diesel::update(profiles::table.find(2)).set(profile(2, None)).execute(conn).unwrap();
    let loaded: Vec<Profile> =
        profiles::table.order(profiles::id).select(Profile::as_select()).load(conn).unwrap();
    assert_eq!((&**loaded[0].secret, *loaded[1].note), ("hunter2", -1_234_567));
    assert!(loaded[0].secret_index == Some(BlindIndex::of("Tables")));
    assert!(!loaded[0].tag.as_ref().unwrap().was_plaintext() && loaded[1].tag.is_none());

    // An older program wrote plaintext.
    diesel::update(profiles::table.find(1)).set(profiles::tag.eq("plain")).execute(conn).unwrap();
    let tag: Option<MaybeEncrypted<String>> =
        profiles::table.find(1).select(profiles::tag).first(conn).unwrap();
    assert!(tag.is_some_and(|tag| tag.was_plaintext() && *tag == "plain"));
}

fn bad_rows(conn: &mut AnyConnection) {
    let rows = [account(1, Some("+49 30 555 1")), account(2, None)];
    insert_each!(conn, accounts, rows);
    let mut name = raw(conn, "accounts", "name").remove(0).unwrap();
    name[20] ^= 1;
    let name = Sealed::<String, accounts::name>::from_bytes(name);
    diesel::update(accounts::table.find(1))
        .set((accounts::name.eq(name), accounts::secret.eq(vec![0xA1_u8; 40])))
        .execute(conn)
        .unwrap();

    let load = accounts::table.order(accounts::id).select(TolerantAccount::as_select());
    let rows: Vec<TolerantAccount> = load.load(conn).unwrap();
    assert_eq!(rows[0].name.as_ref(), Err(&Error::DecryptionFailed));
    assert!(rows[0].secret.as_ref().unwrap().as_ref().is_err());
    assert_eq!(rows[0].email.as_ref().unwrap(), "u1@Example.org", "the other columns are read");
    assert_eq!(rows[0].note.as_ref().unwrap().as_ref().unwrap(), "Tables");
    assert!(!rows[0].note.as_ref().unwrap().was_plaintext());
    assert_eq!(rows[1].name.as_ref().unwrap(), "2 Tables");
    assert!(rows[1].secret.is_none() && rows[1].note.is_none());

    let strict = accounts::table.find(1).select(Account::as_select()).first(conn).unwrap_err();
    assert_eq!(Error::find_in(&strict), Some(&Error::DecryptionFailed));
    let words = format!("{strict} {strict:?}");
    assert!(words.contains("name") && !words.contains("Tables"), "{words}");
    let tolerant: TolerantUser = {
        diesel::insert_into(users::table).values(&new_user("a", Some("1"))).execute(conn).unwrap();
        users::table.select(TolerantUser::as_select()).first(conn).unwrap()
    };
    assert_eq!(tolerant.name.into_inner().unwrap(), "a Tables");
}

fn data_keys_and_kms(conn: &mut AnyConnection) {
    let path = std::env::temp_dir()
        .join(format!("multi-connection-{}", crate::support::database::unique_name()));
    let kms = LocalKms::open_or_create(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    let (key, wrapped) =
        runtime().block_on(kms.generate_data_key(&EncryptionContext::data_key())).unwrap();
    let text = |text: &str| text.to_owned();
    let vault = |id, full: bool| Vault {
        id,
        name: key.seal(&text("Tables")).unwrap(),
        email: key.seal(&text("a@Example.org")).unwrap(),
        iban: full.then(|| key.seal(&text("hunter2")).unwrap()),
        note: full.then(|| key.seal(&text("hunter2")).unwrap()),
        data_key: wrapped.clone(),
        text_key: wrapped.clone(),
        spare_key: full.then(|| wrapped.clone()),
        token: runtime().block_on(kms.encrypt(&text("hunter2"))).unwrap(),
        text_token: full.then(|| runtime().block_on(kms.encrypt(&text("hunter2"))).unwrap()),
    };
    let insert = diesel::insert_into(vaults::table);
    insert.values(&vault(1, true)).execute(conn).unwrap();
    insert_each!(conn, vaults, [vault(2, false), vault(3, true)]);
    diesel::update(vaults::table.find(3)).set(&vault(3, true)).execute(conn).unwrap();
    let spare = vaults::spare_key.eq(None::<WrappedKey>);
    diesel::update(vaults::table.find(3)).set(spare).execute(conn).unwrap();
    // A Fernet token in a text column is the token itself.
    let fernet = key.with_algorithm(Algorithm::Fernet).unwrap();
    let token = fernet.seal::<String, vaults::email>(&text("b@Example.org")).unwrap();
    let fernet_row = Vault { id: 4, ..vault(4, false) };
    insert.values(&fernet_row).execute(conn).unwrap();
    diesel::update(vaults::table.find(4)).set(vaults::email.eq(&token)).execute(conn).unwrap();
    assert_eq!(raw(conn, "vaults", "email")[3].as_deref(), Some(token.as_bytes()));

    let rows: Vec<Vault> =
        vaults::table.order(vaults::id).select(Vault::as_select()).load(conn).unwrap();
    for row in &rows {
        assert_eq!((&row.data_key, &row.text_key), (&wrapped, &wrapped));
        let key = runtime().block_on(kms.unwrap(&row.text_key)).unwrap();
        assert_eq!(key.open(&row.name).unwrap(), "Tables");
        assert_eq!(runtime().block_on(kms.decrypt(&row.token)).unwrap(), "hunter2");
        for sealed in row.iban.iter() {
            assert_eq!(key.open(sealed).unwrap(), "hunter2");
        }
        for sealed in row.note.iter() {
            assert_eq!(key.open(sealed).unwrap(), "hunter2");
        }
        for token in row.text_token.iter() {
            assert_eq!(runtime().block_on(kms.decrypt(token)).unwrap(), "hunter2");
        }
    }
    assert_eq!(key.open(&rows[0].email).unwrap(), "a@Example.org");
    let spare: Vec<_> = rows.iter().map(|row| row.spare_key.is_some()).collect();
    assert_eq!(spare, [true, false, false, false]);
    assert!(rows[1].iban.is_none() && rows[1].text_token.is_none() && rows[0].iban.is_some());
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

/// A value that counts how often it is encoded, and that may be one that cannot be.
struct Counted(&'static AtomicUsize);

static NEVER: AtomicUsize = AtomicUsize::new(0);

impl Plaintext for Counted {
    type Holder = NotWiped<Self>;

    fn encode(&self) -> diesel_envelope::Result<Encoded<'_>> {
        if std::ptr::eq(self.0, &raw const NEVER) {
            return Err(Error::UnsupportedValue { expected: "never" });
        }
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Encoded::Borrowed(b"hunter2"))
    }

    fn decode(_: Zeroizing<Vec<u8>>) -> diesel_envelope::Result<Self> {
        Ok(Self(&NEVER))
    }
}

fn counter() -> &'static AtomicUsize {
    Box::leak(Box::new(AtomicUsize::new(0)))
}

fn a_value_is_sealed_once_for_each_statement(conn: &mut AnyConnection) {
    let values: [_; 3] = std::array::from_fn(|_| counter());
    let [by_value, by_reference, optional] = values;
    let reference = Encrypted::<Counted>::new(Counted(by_reference));
    let row = (
        profiles::id.eq(1),
        profiles::secret.eq(Encrypted::<Counted>::new(Counted(by_value))),
        profiles::note.eq(&reference),
        profiles::tag.eq(Some(Encrypted::<Counted>::new(Counted(optional)))),
    );
    diesel::insert_into(profiles::table).values(row).execute(conn).unwrap();
    assert_eq!(values.map(|count| count.load(Ordering::Relaxed)), [1, 1, 1]);
}

fn errors_reach_the_caller(conn: &mut AnyConnection) {
    let never = Encrypted::<Counted>::new(Counted(&NEVER));
    let never = (profiles::secret.eq(&never), profiles::note.eq(&never));
    let error = diesel::insert_into(profiles::table).values(never).execute(conn).unwrap_err();
    assert!(matches!(Error::find_in(&error), Some(Error::UnsupportedValue { .. })), "{error:?}");
    let sealed = Sealed::<String, vaults::email>::from_bytes(b"neither format".to_vec());
    let error =
        diesel::update(vaults::table).set(vaults::email.eq(sealed)).execute(conn).unwrap_err();
    assert!(matches!(Error::find_in(&error), Some(Error::UnsupportedFormat { .. })), "{error:?}");
}

/// Replaces the keyring by one that also has its keys, and another primary key.
fn rotate_installed_keyring() {
    let mut keyset = Keyset::parse(keyring_document().as_bytes()).unwrap();
    let key = keyset.add_key(Algorithm::Aes256GcmSiv).unwrap();
    keyset.promote(key).unwrap();
    Keyring::from_keyset(&keyset, &Options::default()).unwrap().replace().unwrap();
}

/// A statement keeps no ciphertext. Each run seals again, and all columns of a `Searchable` stay
/// under the keyring of the moment at which the statement was built.
fn a_statement_that_runs_again_seals_again(conn: &mut AnyConnection) {
    let first = Searchable::<Option<String>, contacts::phone>::from(Some("+49 30 555 1"));
    let email = |id: i64| Searchable::<String, contacts::email>::from(format!("c{id}@Example.org"));
    let insert = diesel::insert_into(contacts::table);
    insert.values((contacts::id.eq(1), email(1), &first)).execute(conn).unwrap();
    insert.values((contacts::id.eq(2), email(2), &first)).execute(conn).unwrap();
    let distinct = |conn: &mut AnyConnection| {
        let phones = raw(conn, "contacts", "phone");
        phones.iter().collect::<std::collections::BTreeSet<_>>().len()
    };
    assert_eq!(distinct(conn), 2);

    let update = diesel::update(contacts::table.find(1)).set(&first);
    let phone = |conn: &mut AnyConnection| raw(conn, "contacts", "phone").remove(0).unwrap();
    assert_eq!(conn.execute_returning_count(&update).unwrap(), 1);
    let before = phone(conn);
    rotate_installed_keyring();
    assert_eq!(conn.execute_returning_count(&update).unwrap(), 1);
    let after = phone(conn);
    assert_ne!(before, after);
    assert_eq!(before[2..6], after[2..6], "under the keyring of the statement");
    diesel::update(contacts::table.find(1)).set(&first).execute(conn).unwrap();
    assert_ne!(before[2..6], phone(conn)[2..6], "a new statement uses the new keyring");
    let found = contacts::table.filter(contacts::phone_index.matches("49305551"));
    assert_eq!(found.count().get_result::<i64>(conn).unwrap(), 2);
}

fn save<DB, Conn, Row>(conn: &mut Conn, row: Row) -> QueryResult<usize>
where
    DB: EnvelopeBackend,
    Conn: Connection<Backend = DB>,
    Row: Insertable<users::table>,
    InsertStatement<users::table, Row::Values>: ExecuteDsl<Conn, DB>,
{
    diesel::insert_into(users::table).values(row).execute(conn)
}

/// `DB: EnvelopeBackend` suffices for the values and the comparisons of this crate.
fn is_supported<DB: EnvelopeBackend>()
where
    users::email_index: QueryFragment<DB>,
{
    fn value<ST, DB: EnvelopeBackend, V: ToSql<ST, DB> + FromSql<ST, DB>>() {}
    fn fragment<DB: EnvelopeBackend, F: QueryFragment<DB>>() {}

    value::<Ciphertext, DB, Encrypted<String, users::name>>();
    value::<Text, DB, Encrypted<String, users::name>>();
    value::<Binary, DB, WrappedKey>();
    value::<CiphertextText, DB, Sealed<String>>();
    fragment::<DB, dsl::Matches<users::email_index, &str>>();
}

fn code_that_is_generic_over_the_backend(conn: &mut AnyConnection) {
    is_supported::<MultiBackend>();
    is_supported::<diesel::sqlite::Sqlite>();
    assert_eq!(save(conn, new_user("a", None)).unwrap(), 1);
    let saved = match conn {
        AnyConnection::Sqlite(conn) => save(conn, new_user("b", None)),
        AnyConnection::Postgres(conn) => save(conn, new_user("b", None)),
        AnyConnection::Mysql(conn) => save(conn, new_user("b", None)),
    };
    assert_eq!((saved, names(conn).len()), (Ok(1), 2));
}
