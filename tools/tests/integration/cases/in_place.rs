//! From plaintext to ciphertext in one text column, while programs of two versions at a time read,
//! write and look up.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::database::Database;
use super::programs::{Programs, Version};
use super::second_column::{EXISTING_DATA, email, refused, step, v0};
use super::{NOTE, establish};
use crate::support::project::{Project, keyrings};

const ROWS: i64 = 300;

/// The declaration in the guide. A test below compares them.
const COLUMNS: &str = r#"
[[column]]
name = "users.email"
plaintext = "email"
[[column.index]]
name = "email_index"
normalize = "caseless"
"#;

/// The program that reads and finds both, and writes plaintext and its index.
mod v1 {
    use super::*;
    use diesel_envelope::{BlindIndex, BlindIndexDsl, MaybeEncrypted};

    diesel::table! {
        use diesel::sql_types::*;
        use diesel_envelope::sql_types::*;

        users (id) {
            id -> BigInt,
            email -> Text,
            email_index -> Nullable<BlindIndex>,
        }
    }
    email!(email);

    #[derive(Insertable, AsChangeset)]
    #[diesel(table_name = users)]
    struct Email<'a> {
        email: &'a str,
        email_index: Option<BlindIndex<users::email_index>>,
    }

    fn plain(email: &str) -> Email<'_> {
        Email { email, email_index: Some(BlindIndex::of(email)) }
    }

    pub const VERSION: Version = Version {
        name: "v1",
        insert: |conn, id, email| {
            diesel::insert_into(users::table).values((users::id.eq(id), plain(email))).execute(conn)
        },
        update: |conn, id, email| {
            diesel::update(users::table.find(id)).set(plain(email)).execute(conn)
        },
        read: |conn, id| {
            let email: MaybeEncrypted<String, users::email> =
                users::table.find(id).select(users::email).first(conn)?;
            Ok(email.into_inner())
        },
        find: |conn, email| {
            users::table
                .filter(users::email_index.matches(email).or(users::email.eq(email).nullable()))
                .select(users::id)
                .load(conn)
        },
    };
}

/// The program that reads and finds both, and writes ciphertext and its index.
mod v2 {
    use super::v1::users;
    use super::*;
    use diesel_envelope::{BlindIndex, MaybeEncrypted};

    #[derive(Insertable, AsChangeset)]
    #[diesel(table_name = users)]
    struct Email {
        email: MaybeEncrypted<String, users::email>,
        email_index: Option<BlindIndex<users::email_index>>,
    }

    fn sealed(email: &str) -> Email {
        Email { email: email.to_owned().into(), email_index: Some(BlindIndex::of(email)) }
    }

    pub const VERSION: Version = Version {
        name: "v2",
        insert: |conn, id, email| {
            diesel::insert_into(users::table)
                .values((users::id.eq(id), sealed(email)))
                .execute(conn)
        },
        update: |conn, id, email| {
            diesel::update(users::table.find(id)).set(sealed(email)).execute(conn)
        },
        ..v1::VERSION
    };
}

/// The program that knows ciphertext only.
mod v3 {
    use super::*;
    use diesel_envelope::{BlindIndexDsl, Searchable};

    diesel::table! {
        use diesel::sql_types::*;
        use diesel_envelope::sql_types::*;

        users (id) {
            id -> BigInt,
            email -> CiphertextText,
            email_index -> BlindIndex,
        }
    }
    email!(email);

    type Email = Searchable<String, users::email>;

    pub const VERSION: Version = Version {
        name: "v3",
        insert: |conn, id, email| {
            diesel::insert_into(users::table)
                .values((users::id.eq(id), Email::from(email)))
                .execute(conn)
        },
        update: |conn, id, email| {
            diesel::update(users::table.find(id)).set(Email::from(email)).execute(conn)
        },
        read: |conn, id| {
            let email: Email = users::table.find(id).select(Email::as_select()).first(conn)?;
            Ok(email.into_inner())
        },
        find: |conn, email| {
            users::table.filter(users::email_index.matches(email)).select(users::id).load(conn)
        },
    };
}

#[test]
fn a_text_column_goes_from_plaintext_to_ciphertext_while_programs_run() {
    keyrings();
    assert!(EXISTING_DATA.contains(COLUMNS.trim_start()));
    let database = Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, email {NOTE} NOT NULL)"
    ));
    let project = Project::new(&database.url, COLUMNS);
    let programs = Programs::new(&database.url, v0::VERSION, ROWS);
    let v0 = programs.start(v0::VERSION);

    step(&database, &project, "diesel-envelope generate-migration users --step widen");
    step(&database, &project, "diesel-envelope generate-migration users --step add");
    let v1 = programs.start(v1::VERSION);
    project.run("diesel-envelope verify users").failed_with("a plaintext");
    v0.stop();

    // From here on, no running program would take a ciphertext for a text.
    let v2 = programs.start(v2::VERSION);
    v1.stop();
    project.done("diesel-envelope backfill users --batch-size 20");
    project.done("diesel-envelope verify users");

    let v3 = programs.start(v3::VERSION);
    v2.stop();
    // A plaintext that was left behind, in two forms.
    let finish = "diesel-envelope generate-migration users --step finish --online";
    for left in ["left@example.org", "gAAAAAleft@example.org"] {
        database.execute(&format!("INSERT INTO users (id, email) VALUES (700000, '{left}')"));
        project.run("diesel-envelope verify users").failed_with("id=700000, email:");
        let said = refused(&database, &project, finish);
        assert!(!said.contains(left), "{said}");
        project.done("diesel-envelope backfill users");
        project.done("diesel-envelope verify users");
        database.execute("DELETE FROM users WHERE id = 700000");
    }
    // A text with the whole shape of a ciphertext is not a plaintext. It is reported by the
    // commands that decrypt, and only by them.
    database.execute(&format!(
        "INSERT INTO users (id, email) VALUES (700000, 'de1.oQ{}')",
        "A".repeat(60)
    ));
    project.run("diesel-envelope backfill users").failed_with("id=700000, email:");
    database.execute(&format!(
        "UPDATE users SET email_index = {} WHERE id = 700000",
        super::literal(&[7; 32])
    ));
    project.run("diesel-envelope backfill users").failed_with("id=700000, email:");
    project.run("diesel-envelope verify users").failed_with("id=700000, email:");
    database.execute("DELETE FROM users WHERE id = 700000");
    for left in ["de1.oQ and what follows", "de1.hello", "gAAAAA"] {
        database.execute(&format!("INSERT INTO users (id, email) VALUES (700000, '{left}')"));
        refused(&database, &project, finish);
        project.done("diesel-envelope backfill users");
        database.execute("DELETE FROM users WHERE id = 700000");
    }
    step(&database, &project, finish);
    project.declare(&COLUMNS.replace("plaintext = \"email\"\n", ""));
    step(&database, &project, "diesel-envelope generate-migration users --step bound");
    v3.works();
    for sql in [
        "UPDATE users SET email = 'in plain' WHERE id = 1",
        "INSERT INTO users (id, email) VALUES (700001, 'left@example.org')",
    ] {
        assert!(establish(&database.url).batch_execute(sql).is_err(), "{sql} passed");
    }
    v3.stop();
    project.done("diesel-envelope verify users");
    programs.settles(v3::VERSION);
    assert_eq!(project.count("rows"), programs.len());
}
