//! A process that starts with the wrong keyring learns it at once and cheaply.

use diesel::prelude::*;
use diesel_envelope::keyring::{Algorithm, Keyset};
use diesel_envelope::{Keyring, Unbound};
use diesel_envelope_tools::{self as ops, Column, ToolError, ValueType};

use super::database::Database;
use super::{BYTES, Conn, ROWS_READ, TEXT, UUID, establish, literal};
use crate::support::*;

/// Returns the error message of `check` about keys that the keyring lacks.
#[track_caller]
fn missing(keyring: &Keyring, database: &Database, columns: &[Column]) -> String {
    let error = ops::check(&mut database.connect(), keyring, columns).unwrap_err();
    assert!(matches!(error, ToolError::MissingKeys { .. }), "{error}");
    assert!(error.remedy().contains("SECRET_KEY"));
    error.to_string()
}

fn sealed(document: &Keyset, value: &str) -> String {
    literal(&keyring(document).encrypt::<_, Email>(&value.to_owned()).unwrap())
}

fn users() -> Database {
    Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, email {BYTES}, note {TEXT})"
    ))
}

#[test]
fn an_empty_table_and_one_of_nulls_need_no_key() {
    let (document, _) = before_and_after();
    let database = users();
    let columns = [Column::new("users", "email"), Column::new("users", "note")];
    ops::check(&mut database.connect(), &keyring(&document), &columns).unwrap();
    database.execute("INSERT INTO users VALUES (1, NULL, NULL), (2, NULL, NULL)");
    ops::check(&mut database.connect(), &keyring(&document), &columns).unwrap();
    ops::check(&mut database.connect(), &keyring(&document), &[]).unwrap();
}

#[test]
fn every_key_that_is_missing_is_named_once_for_each_column() {
    let (before, after) = before_and_after();
    let stranger = Keyset::generate().unwrap();
    let database = users();
    let text = keyring(&after).encrypt_text::<_, Unbound>(&"x".to_owned()).unwrap();
    for id in 0..10 {
        let document = [&before, &after, &stranger][id % 3];
        database.execute(&format!(
            "INSERT INTO users VALUES ({id}, {}, '{text}')",
            sealed(document, "x")
        ));
    }
    let columns = [Column::new("users", "email"), Column::new("users", "note")];
    let said = missing(&keyring(&before), &database, &columns);
    let (new, strange) = (after.primary(), stranger.primary());
    for entry in [
        format!("users.email needs key {new}"),
        format!("users.email needs key {strange}"),
        format!("users.note needs key {new}"),
    ] {
        assert_eq!(said.matches(&entry).count(), 1, "{said}");
    }
    assert!(!said.contains(&before.primary().to_string()), "{said}");
    assert_eq!(
        missing(&keyring(&after), &database, &columns),
        format!("the keyring lacks keys: users.email needs key {strange}")
    );
}

#[test]
fn fernet_tokens_need_any_fernet_key() {
    let fernet = Keyset::generate_with(Algorithm::Fernet).unwrap();
    let (native, _) = before_and_after();
    let database = users();
    let token = keyring(&fernet).encrypt_text::<_, Unbound>(&"x".to_owned()).unwrap();
    database.execute(&format!(
        "INSERT INTO users VALUES (1, {}, '{token}')",
        literal(token.as_bytes())
    ));
    let columns = [Column::new("users", "email"), Column::new("users", "note")];
    ops::check(&mut database.connect(), &keyring(&fernet), &columns).unwrap();
    assert_eq!(
        missing(&keyring(&native), &database, &columns),
        "the keyring lacks keys: users.email needs a key for its values (Fernet); users.note needs a key for its values (Fernet)"
    );
}

#[test]
fn a_plaintext_is_named_unless_the_column_is_encrypted_in_place() {
    let (document, _) = before_and_after();
    let database = users();
    database.execute("INSERT INTO users VALUES (1, NULL, 'p@ssw0rd of Bobby')");
    let note = Column::new("users", "note");
    let said = missing(&keyring(&document), &database, std::slice::from_ref(&note));
    assert_eq!(
        said,
        "the keyring lacks keys: users.note needs a key for its values (no ciphertext)"
    );
    ops::check(&mut database.connect(), &keyring(&document), &[note.plaintext("note")]).unwrap();
}

/// Any user can type a text that names a key. A few such texts cause no report of a missing key,
/// but a wrong keyring is still noticed.
#[test]
fn in_place_a_few_texts_in_the_shape_of_a_ciphertext_need_no_key() {
    let (document, _) = before_and_after();
    let database = users();
    let note = Column::new("users", "note").plaintext("note");
    let columns = std::slice::from_ref(&note);
    let own = keyring(&document)
        .encrypt_text::<String, diesel_envelope::Unbound>(&"x".to_owned())
        .unwrap();
    database.execute(&format!(
        "INSERT INTO users VALUES (1, NULL, 'bob'), (2, NULL, '{own}'), (3, NULL, 'de1.oQ{}')",
        "A".repeat(60)
    ));
    ops::check(&mut database.connect(), &keyring(&document), columns).unwrap();
    database.execute("INSERT INTO users VALUES (4, NULL, 'gAAAAAlice'), (5, NULL, 'de1.oQAAAAAAAA'), (6, NULL, 'de1.')");
    ops::check(&mut database.connect(), &keyring(&document), columns).unwrap();
    database.execute("DELETE FROM users WHERE id IN (1, 4, 5, 6)");
    ops::check(&mut database.connect(), &keyring(&document), columns).unwrap();
    let other = keyring(&Keyset::generate().unwrap());
    let said = missing(&other, &database, columns);
    assert!(said.contains(&format!("users.note needs key {}", document.primary())), "{said}");
}

#[test]
fn composite_keys_and_schemas_are_looked_at_too() {
    let (before, after) = before_and_after();
    let database = Database::with(
        &format!("CREATE TABLE users (tenant {UUID} NOT NULL, \"Id\" INTEGER NOT NULL, email {BYTES}, PRIMARY KEY (tenant, \"Id\"))")
            .replace('"', super::QUOTE),
    );
    let tenant = "00000000-0000-4000-8000-00000000000";
    for id in 0..3 {
        database.execute(&format!(
            "INSERT INTO users VALUES ('{tenant}{id}', {id}, {})",
            sealed(&after, "x")
        ));
    }
    let checks = |table: String| {
        let column = Column::new(table.as_str(), "email");
        ops::check(&mut database.connect(), &keyring(&after), std::slice::from_ref(&column))
            .unwrap();
        let said = missing(&keyring(&before), &database, std::slice::from_ref(&column));
        assert_eq!(
            said,
            format!("the keyring lacks keys: {table}.email needs key {}", after.primary())
        );
    };
    checks("users".to_owned());
    checks(format!("{}.users", super::schema_of(&database.url, |sql| database.execute(sql))));
    let nowhere = ops::check(
        &mut database.connect(),
        &keyring(&after),
        &[Column::new("nowhere.users", "email")],
    )
    .unwrap_err();
    assert!(
        ["table nowhere.users does not exist", "unknown database 'nowhere'"]
            .contains(&nowhere.to_string().as_str()),
        "{nowhere}"
    );
}

/// Returns the words of `check` and `status` for a column of this type that is too short.
fn too_short(sql_type: &str, column: impl Fn(Column) -> Column) -> Option<String> {
    let keyring = keyring(&before_and_after().0);
    let database = Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, plain VARCHAR(60), email {sql_type}, email_index {})",
        super::DIGEST
    ));
    let columns = [column(Column::new("users", "email"))];
    let status = ops::status(&mut database.connect(), &keyring, &columns).unwrap();
    let found: Vec<_> = status[0].too_short.iter().map(ToString::to_string).collect();
    match ops::check(&mut database.connect(), &keyring, &columns) {
        Ok(()) => assert!(found.is_empty(), "{found:?}"),
        Err(ToolError::TooShort { columns }) => assert_eq!(columns, status[0].too_short),
        Err(error) => panic!("{error}"),
    }
    (!found.is_empty()).then(|| found.join("; "))
}

/// The needed length depends on the type, the plaintext column and the padding. SQLite enforces no
/// length, and PostgreSQL's `bytea` has no limit.
#[test]
fn a_column_that_is_too_short_for_its_longest_value_is_named() {
    let is_mysql = super::URL_VAR == Some("TEST_MYSQL_URL");
    let enforced = |capacity: usize, needed: usize, is_enforced: bool| {
        is_enforced
            .then(|| format!("users.email holds {capacity} bytes, but its values need {needed}"))
    };
    let integer = |column: Column| column.value(ValueType::Integer);
    let beside = |column: Column| column.plaintext("plain");
    let itself = |column: Column| column;
    let text = super::URL_VAR.is_some();
    // An empty value, as bytes and as text.
    assert_eq!(too_short("VARCHAR(49)", itself), enforced(49, 50, text));
    assert_eq!(too_short("VARCHAR(50)", itself), None);
    assert_eq!(too_short("VARCHAR(50)", |column| column.pad_to(16)), enforced(50, 71, text));
    assert_eq!(too_short("VARCHAR(71)", |column| column.pad_to(16)), None);
    // Integers have up to 20 bytes and are padded to 24.
    assert_eq!(too_short("VARCHAR(81)", integer), enforced(81, 82, text));
    assert_eq!(too_short("VARCHAR(82)", integer), None);
    // 60 characters of up to four bytes each.
    assert_eq!(too_short("VARCHAR(369)", beside), enforced(369, 370, text));
    assert_eq!(too_short("VARCHAR(370)", beside), None);
    assert_eq!(too_short(super::BYTES, beside), None);
    if is_mysql {
        assert_eq!(too_short("VARBINARY(33)", itself), enforced(33, 34, true));
        assert_eq!(too_short("VARBINARY(34)", itself), None);
        assert_eq!(too_short("TINYBLOB", beside), enforced(255, 274, true));
        assert_eq!(too_short("VARBINARY(274)", beside), None);
    }
}

/// Returns the number of rows that were read from the table. On MySQL it is the number of rows that
/// this connection read, with those of the catalog.
fn rows_read(conn: &mut Conn) -> Option<i64> {
    use diesel::sql_types::BigInt;

    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let (before, query) = ROWS_READ?;
    diesel::sql_query(before).execute(conn).unwrap();
    let rows: Vec<Count> = diesel::sql_query(query).load(conn).unwrap();
    Some(rows[0].count)
}

#[test]
fn a_large_table_is_not_read() {
    let (before, after) = before_and_after();
    let database = users();
    let (old, new) = (sealed(&before, "x"), sealed(&after, "x"));
    for ids in (1..=50_000).collect::<Vec<_>>().chunks(5_000) {
        let rows: Vec<_> = ids
            .iter()
            .map(|id| format!("({id}, {}, NULL)", if *id == 50_000 { &new } else { &old }))
            .collect();
        database.execute(&format!("INSERT INTO users VALUES {}", rows.join(", ")));
    }
    let columns = [Column::new("users", "email"), Column::new("users", "note")];
    database.execute(&format!(
        "CREATE TABLE few (id BIGINT NOT NULL PRIMARY KEY, email {BYTES}, note {TEXT})"
    ));
    database.execute("INSERT INTO few SELECT * FROM users WHERE id <= 300");
    // Before the planner has statistics of the table, and after.
    for _ in 0..2 {
        let mut conn = establish(&database.url);
        let mut reads = |table: &str| {
            let columns = columns
                .clone()
                .map(|column| Column::new(table, &column.to_string()["users.".len()..]));
            let start = rows_read(&mut conn);
            ops::check(&mut conn, &keyring(&after), &columns).unwrap();
            rows_read(&mut conn).zip(start).map_or(0, |(end, start)| end - start)
        };
        let (few, many) = (reads("few"), reads("users"));
        // For each of the two columns, a hundred rows at either end and about a thousand on random
        // pages.
        assert!(
            many >= if ROWS_READ.is_some() { 400 } else { 0 },
            "{many} rows were read of 50,000"
        );
        assert!(many - few < 4_000, "{many} rows were read of 50,000, and {few} of 300");
        assert_eq!(
            missing(&keyring(&before), &database, &columns),
            format!("the keyring lacks keys: users.email needs key {}", after.primary())
        );
        super::analyze(&mut establish(&database.url));
    }
}
