//! From the ciphertext of another library to the ciphertext of this crate, while the old program
//! writes.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_envelope::blind_index::normalize;
use diesel_envelope::{BlindIndexDsl, Context, IndexSpec, Searchable, SearchableColumn};

use super::database::Database;
use super::second_column::{OTHER_LIBRARIES, refused, step};
use super::{Conn, EMAIL, URL_VAR};
use crate::support::project::{Project, keyrings};

/// The declaration in the guide. A test below compares them.
const COLUMNS: &str = r#"
[[column]]
name = "users.email"
[[column.index]]
name = "email_index"
normalize = "caseless"
"#;

const ADD: &str = "diesel-envelope generate-migration users.email --plaintext email_ciphertext --unique email_index";
const RELAX: &str =
    "diesel-envelope generate-migration users.email --plaintext email_ciphertext --step relax";
const FINISH: &str = "diesel-envelope generate-migration users.email --plaintext email_ciphertext --step finish --not-null users.email";

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    users (id) {
        id -> BigInt,
        email_ciphertext -> Nullable<Text>,
        email -> Nullable<Ciphertext>,
        email_index -> Nullable<BlindIndex>,
    }
}

impl Context for users::email {
    const LABEL: &'static str = "users.email";
}
impl IndexSpec for users::email_index {
    type Value = str;
    const LABEL: &'static str = "users.email_index";
    fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
        normalize::caseless(value)
    }
}
impl SearchableColumn for users::email {
    type Indexes = users::email_index;
}

#[derive(AsChangeset)]
#[diesel(table_name = users)]
struct Email {
    #[diesel(embed)]
    email: Searchable<String, users::email>,
}

/// The cipher of the other library: it reverses the value.
fn other(value: &str) -> String {
    value.chars().rev().collect()
}

/// Encrypts the rows without a new value, like the program in the guide.
fn re_encrypt(conn: &mut Conn) -> usize {
    let old = users::table
        .filter(users::email.is_null())
        .select((users::id, users::email_ciphertext.assume_not_null()));
    let rows: Vec<(i64, String)> = old.load(conn).unwrap();
    let mut written = 0;
    for (id, old) in rows {
        let unchanged = users::table.find(id).filter(users::email_ciphertext.eq(&old));
        written += diesel::update(unchanged)
            .set(&Email { email: other(&old).into() })
            .execute(conn)
            .unwrap();
    }
    written
}

fn found(conn: &mut Conn, email: &str) -> Vec<i64> {
    users::table.filter(users::email_index.matches(email)).select(users::id).load(conn).unwrap()
}

#[test]
fn the_ciphertext_of_another_library_is_replaced_while_its_program_writes() {
    keyrings();
    assert!(OTHER_LIBRARIES.contains(COLUMNS.trim_start()));
    let columns = format!("id BIGINT NOT NULL PRIMARY KEY, email_ciphertext {EMAIL} NOT NULL");
    let database = Database::with(&format!("CREATE TABLE users ({columns})"));
    for id in 1..=40_i64 {
        let row = (
            users::id.eq(id),
            users::email_ciphertext.eq(other(&format!("user-{id}@example.org"))),
        );
        diesel::insert_into(users::table).values(row).execute(&mut database.connect()).unwrap();
    }
    let project = Project::new(&database.url, COLUMNS);
    step(&database, &project, ADD);
    assert_eq!(re_encrypt(&mut database.connect()), 40);
    assert_eq!(found(&mut database.connect(), "USER-7@example.org"), [7]);
    project.done("diesel-envelope verify users.email");
    if URL_VAR.is_some() {
        step(&database, &project, RELAX);
        let row =
            (users::id.eq(41), Searchable::<String, users::email>::from("user-41@example.org"));
        diesel::insert_into(users::table).values(row).execute(&mut database.connect()).unwrap();
    }

    // The old program changes a value. The new value is cleared, and no row is lost.
    let change = diesel::update(users::table.find(7))
        .set(users::email_ciphertext.eq(other("changed@example.org")));
    change.execute(&mut database.connect()).unwrap();
    assert_eq!(
        database.cells(["id"], "users WHERE email IS NULL AND email_index IS NULL").len(),
        1
    );
    refused(&database, &project, FINISH);
    assert_eq!(re_encrypt(&mut database.connect()), 1);
    assert_eq!(found(&mut database.connect(), "changed@EXAMPLE.org"), [7]);

    step(&database, &project, FINISH);
    assert!(database.connect().batch_execute("SELECT email_ciphertext FROM users").is_err());
    project.done("diesel-envelope verify users.email");
    step(&database, &project, "diesel-envelope generate-migration users --step bound");
    project.done("diesel-envelope verify users.email");
    assert_eq!(project.count("rows"), if URL_VAR.is_some() { 41 } else { 40 });
}
