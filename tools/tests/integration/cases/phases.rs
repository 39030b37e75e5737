//! The lookups that find a row, and the columns that refuse a duplicate, in each phase. The tests
//! check the table in `tools/src/phases.md` cell by cell.

use diesel::prelude::*;
use diesel_envelope::{BlindIndex, BlindIndexDsl, Context, Encrypted, IndexSpec, Keyring};
use diesel_envelope_tools::{self as ops, Column, Index, Normalizer, RunOptions};

use super::database::Database;
use super::{BYTES, Conn, DIGEST, EMAIL, URL_VAR};
use crate::support::keyring;
use crate::support::project::keyrings;

diesel::table! {
    use diesel::sql_types::*;

    /// All columns of all phases. Some phases lack some of them.
    users (id) {
        id -> BigInt,
        plain -> Nullable<Text>,
        email -> Nullable<Binary>,
        note -> Nullable<Text>,
        email_index -> Nullable<Binary>,
    }
}

pub enum Email {}
impl Context for Email {
    const LABEL: &'static str = "users.email";
}
impl IndexSpec for users::email_index {
    type Value = str;
    const LABEL: &'static str = "users.email_index";
    fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
        diesel_envelope::blind_index::normalize::caseless(value)
    }
}

const BOBBY: &str = "Bobby@example.org";
const SHOUTED: &str = "BOBBY@EXAMPLE.ORG";
const ANN: &str = "ann@example.org";

fn index() -> Index {
    Index::new("email_index", "users.email_index").normalize(Normalizer::Caseless)
}

/// A table with Bobby, Ann, and a row without a value. Plaintext and index are UNIQUE in the phases
/// that have them.
struct Table {
    database: Database,
    conn: Conn,
    keyring: Keyring,
}

impl Table {
    fn new() -> Self {
        let database = Database::with(&format!(
            "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, plain {EMAIL} UNIQUE, email {BYTES}, note VARCHAR(255) UNIQUE, email_index {DIGEST});
CREATE UNIQUE INDEX users_email_index ON users (email_index)"
        ));
        let mut conn = database.connect();
        for (id, value) in [(1, Some(BOBBY)), (2, Some(ANN)), (3, None)] {
            let row = (users::id.eq(id), users::plain.eq(value), users::note.eq(value));
            diesel::insert_into(users::table).values(row).execute(&mut conn).unwrap();
        }
        Self { database, conn, keyring: keyring(&keyrings()[0]) }
    }

    fn backfill(&mut self, column: Column, filter: &str) {
        let settings = RunOptions::new().filter(filter);
        let report = ops::backfill(
            &mut self.database.connections(1),
            &self.keyring,
            &[column.index(index())],
            &settings,
            &(),
        )
        .unwrap();
        assert!(report.is_complete() && report.written > 0, "{report:?}");
    }

    fn beside(&mut self, filter: &str) {
        self.backfill(Column::new("users", "email").plaintext("plain"), filter);
    }

    fn in_place(&mut self, filter: &str) {
        self.backfill(Column::new("users", "note").label("users.email").plaintext("note"), filter);
    }

    fn equal(&mut self, value: &str) -> Vec<i64> {
        users::table
            .filter(users::plain.eq(value))
            .order(users::id)
            .select(users::id)
            .load(&mut self.conn)
            .unwrap()
    }

    fn equal_in_place(&mut self, value: &str) -> Vec<i64> {
        users::table
            .filter(users::note.eq(value))
            .order(users::id)
            .select(users::id)
            .load(&mut self.conn)
            .unwrap()
    }

    fn matches(&mut self, value: &str) -> Vec<i64> {
        users::table
            .filter(users::email_index.matches(value))
            .order(users::id)
            .select(users::id)
            .load(&mut self.conn)
            .unwrap()
    }

    fn any(&mut self, values: &[&str]) -> Vec<i64> {
        let any = users::email_index.matches_any(values.iter().copied());
        users::table.filter(any).order(users::id).select(users::id).load(&mut self.conn).unwrap()
    }

    fn nulls(&mut self) -> [Vec<i64>; 4] {
        let conn = &mut self.conn;
        let ids = || users::table.order(users::id).select(users::id);
        [
            ids().filter(users::plain.is_null()).load(conn).unwrap(),
            ids().filter(users::email.is_null()).load(conn).unwrap(),
            ids().filter(users::email_index.is_null()).load(conn).unwrap(),
            ids().filter(users::note.is_null()).load(conn).unwrap(),
        ]
    }

    /// Returns for six kinds of writes whether a row with this value is refused. With a second
    /// column: plaintext alone, both, ciphertext alone. In place: plaintext, ciphertext without its
    /// index, ciphertext with its index.
    fn refuses(&mut self, value: &str) -> [bool; 6] {
        let sealed = || Some(Encrypted::<String, Email>::from(value.to_owned()));
        let index = || Some(BlindIndex::<users::email_index>::of(value));
        let (id, plain) = (users::id.eq(99), users::plain.eq(value));
        [
            self.refused(|conn| {
                diesel::insert_into(users::table).values((id, plain)).execute(conn)
            }),
            self.refused(|conn| {
                let row = (id, plain, users::email.eq(sealed()), users::email_index.eq(index()));
                diesel::insert_into(users::table).values(row).execute(conn)
            }),
            self.refused(|conn| {
                diesel::insert_into(users::table)
                    .values((id, users::email.eq(sealed()), users::email_index.eq(index())))
                    .execute(conn)
            }),
            self.refused(|conn| {
                diesel::insert_into(users::table).values((id, users::note.eq(value))).execute(conn)
            }),
            self.refused(|conn| {
                diesel::insert_into(users::table)
                    .values((id, users::note.eq(sealed())))
                    .execute(conn)
            }),
            self.refused(|conn| {
                diesel::insert_into(users::table)
                    .values((id, users::note.eq(sealed()), users::email_index.eq(index())))
                    .execute(conn)
            }),
        ]
    }

    fn refused(&mut self, insert: impl FnOnce(&mut Conn) -> QueryResult<usize>) -> bool {
        use diesel::result::{DatabaseErrorKind::UniqueViolation, Error};
        let mut refused = false;
        let rolled_back = self.conn.transaction::<(), _, _>(|conn| {
            match insert(conn) {
                Ok(1) => {}
                Err(Error::DatabaseError(UniqueViolation, _)) => refused = true,
                other => panic!("{other:?}"),
            }
            Err(Error::RollbackTransaction)
        });
        assert_eq!(rolled_back, Err(Error::RollbackTransaction));
        refused
    }
}

/// Returns the ids on MySQL, whose default collations ignore letter case, and nothing elsewhere.
fn in_any_case(ids: &[i64]) -> Vec<i64> {
    if URL_VAR == Some("TEST_MYSQL_URL") { ids.to_vec() } else { Vec::new() }
}

const YES: bool = true;
const NO: bool = false;

#[test]
fn plaintext_only() {
    let mut table = Table::new();
    assert_eq!((table.equal(BOBBY), table.equal(SHOUTED)), (vec![1], in_any_case(&[1])));
    assert_eq!(table.matches(BOBBY), [0; 0]);
    assert_eq!(table.nulls()[0], [3]);
    let [plaintext, ..] = table.refuses(BOBBY);
    let [shouted, ..] = table.refuses(SHOUTED);
    assert_eq!((plaintext, shouted), (YES, !in_any_case(&[1]).is_empty()));
}

#[test]
fn both_columns_half_backfilled() {
    let mut table = Table::new();
    table.beside("id = 1");
    assert_eq!((table.equal(BOBBY), table.equal(ANN)), (vec![1], vec![2]));
    assert_eq!(
        (table.matches(BOBBY), table.matches(SHOUTED), table.matches(ANN)),
        (vec![1], vec![1], vec![])
    );
    assert_eq!(table.any(&[BOBBY, ANN]), [1]);
    assert_eq!(table.nulls()[..3], [vec![3], vec![2, 3], vec![2, 3]]);
    // A program that also writes the plaintext is refused by the plaintext's UNIQUE index. A
    // program that writes only ciphertext is refused only if the row was backfilled.
    assert_eq!(table.refuses(BOBBY)[..3], [YES, YES, YES]);
    assert_eq!(table.refuses(ANN)[..3], [YES, YES, NO]);
    // A value in another case is a different value in most plaintext columns, and the same value
    // for the index.
    assert_eq!(table.refuses(SHOUTED)[1..3], [YES, YES]);
}

#[test]
fn both_columns_complete() {
    let mut table = Table::new();
    table.beside("1 = 1");
    assert_eq!((table.equal(BOBBY), table.equal(ANN)), (vec![1], vec![2]));
    assert_eq!(
        (table.matches(SHOUTED), table.matches(ANN), table.any(&[BOBBY, ANN])),
        (vec![1], vec![2], vec![1, 2])
    );
    assert_eq!(table.nulls()[..3], [vec![3], vec![3], vec![3]]);
    assert_eq!(
        (table.refuses(BOBBY)[..3].to_vec(), table.refuses(ANN)[..3].to_vec()),
        (vec![YES, YES, YES], vec![YES, YES, YES])
    );
}

#[test]
fn ciphertext_only() {
    let mut table = Table::new();
    table.beside("1 = 1");
    diesel::update(users::table)
        .set(users::plain.eq(None::<String>))
        .execute(&mut table.conn)
        .unwrap();
    assert_eq!((table.matches(SHOUTED), table.any(&[BOBBY, ANN])), (vec![1], vec![1, 2]));
    assert_eq!(table.nulls()[1..3], [vec![3], vec![3]]);
    assert_eq!(
        (table.refuses(BOBBY)[2], table.refuses(SHOUTED)[2], table.refuses(ANN)[2]),
        (YES, YES, YES)
    );
}

#[test]
fn in_place_half_way() {
    let mut table = Table::new();
    table.in_place("id = 1");
    assert_eq!((table.equal_in_place(BOBBY), table.equal_in_place(ANN)), (vec![], vec![2]));
    assert_eq!((table.matches(SHOUTED), table.matches(ANN)), (vec![1], vec![]));
    let both = |value| users::email_index.matches(value).or(users::note.eq(value));
    let found = |conn: &mut Conn, value| {
        users::table.filter(both(value)).select(users::id).load::<i64>(conn).unwrap()
    };
    assert_eq!((found(&mut table.conn, BOBBY), found(&mut table.conn, ANN)), (vec![1], vec![2]));
    assert_eq!(table.nulls()[2..], [vec![2, 3], vec![3]]);
    // Ciphertexts of equal values differ. Only the index refuses a duplicate, and only if the
    // program writes it.
    assert_eq!(table.refuses(BOBBY)[3..], [NO, NO, YES]);
    assert_eq!(table.refuses(ANN)[3..], [YES, NO, NO]);
}

#[test]
fn in_place_complete() {
    let mut table = Table::new();
    table.in_place("1 = 1");
    assert_eq!(
        (table.equal_in_place(BOBBY), table.matches(SHOUTED), table.any(&[BOBBY, ANN])),
        (vec![], vec![1], vec![1, 2])
    );
    assert_eq!(table.nulls()[2..], [vec![3], vec![3]]);
    assert_eq!(
        (table.refuses(BOBBY)[3..].to_vec(), table.refuses(ANN)[5]),
        (vec![NO, NO, YES], YES)
    );
}

#[test]
fn two_index_keys_in_one_column() {
    let mut table = Table::new();
    table.beside("id = 1");
    // A program whose primary index key is `b` writes the second row.
    let mut document = keyrings()[1].clone();
    let b = document.entries().find(|key| key.name == Some("b")).unwrap().id;
    document.promote(b).unwrap();
    let (promoted, ann) = (keyring(&document), ANN.to_owned());
    let digest = promoted.blind_index::<users::email_index>(ANN).unwrap().as_bytes().to_vec();
    let sealed = promoted.encrypt::<String, Email>(&ann).unwrap();
    let set = (users::email.eq(sealed), users::email_index.eq(digest));
    diesel::update(users::table.find(2)).set(set).execute(&mut table.conn).unwrap();
    // Both digests match.
    assert_eq!(
        (table.matches(BOBBY), table.matches(ANN), table.any(&[BOBBY, ANN])),
        (vec![1], vec![2], vec![1, 2])
    );
    // The digests of two keys do not refuse each other. This process writes under `a`.
    assert_eq!((table.refuses(BOBBY)[2], table.refuses(ANN)[2]), (YES, NO));
    let column = [Column::new("users", "email").index(index())];
    let refused = ops::rotate(
        &mut table.database.connections(1),
        &promoted,
        &column,
        &RunOptions::new(),
        &(),
    )
    .unwrap_err();
    assert!(matches!(refused, ops::ToolError::UniqueIndex { .. }), "{refused}");
}
