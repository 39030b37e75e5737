//! From a plaintext column to a second column with ciphertext, while programs of two versions at a
//! time read, write and look up.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_envelope::Unbound;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};

use super::database::Database;
use super::programs::{Programs, Version};
use super::{EMAIL, URL_VAR, establish};
use crate::support::keyring;
use crate::support::project::{Project, keyrings};

const ROWS: i64 = 300;

/// The declaration in the guide. A test below compares them.
const COLUMNS: &str = r#"
[[column]]
name = "users.email_ciphertext"
label = "users.email"
plaintext = "email"
[[column.index]]
name = "email_index"
normalize = "caseless"
"#;

/// Implements the traits of an encrypted column and its index, the same in each version.
macro_rules! email {
    ($column:ident) => {
        impl diesel_envelope::Context for users::$column {
            const LABEL: &'static str = "users.email";
        }
        impl diesel_envelope::IndexSpec for users::email_index {
            type Value = str;
            const LABEL: &'static str = "users.email_index";
            fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
                diesel_envelope::blind_index::normalize::caseless(value)
            }
        }
        impl diesel_envelope::SearchableColumn for users::$column {
            type Indexes = users::email_index;
        }
    };
}

pub(super) use email;

/// The original program, which knows plaintext only.
pub mod v0 {
    use super::*;

    diesel::table! {
        users (id) {
            id -> BigInt,
            email -> Text,
        }
    }

    pub const VERSION: Version = Version {
        name: "v0",
        insert: |conn, id, email| {
            diesel::insert_into(users::table)
                .values((users::id.eq(id), users::email.eq(email)))
                .execute(conn)
        },
        update: |conn, id, email| {
            diesel::update(users::table.find(id)).set(users::email.eq(email)).execute(conn)
        },
        read: |conn, id| users::table.find(id).select(users::email).first(conn),
        find: |conn, email| {
            users::table.filter(users::email.eq(email)).select(users::id).load(conn)
        },
    };
}

/// The program that writes both and reads the plaintext.
mod v1 {
    use super::*;
    use diesel_envelope::Searchable;

    diesel::table! {
        use diesel::sql_types::*;
        use diesel_envelope::sql_types::*;

        users (id) {
            id -> BigInt,
            email -> Text,
            email_ciphertext -> Nullable<Ciphertext>,
            email_index -> Nullable<BlindIndex>,
        }
    }
    email!(email_ciphertext);

    #[derive(Insertable, AsChangeset)]
    #[diesel(table_name = users)]
    pub struct Email<'a> {
        email: &'a str,
        #[diesel(embed)]
        ciphertext: Searchable<String, users::email_ciphertext>,
    }

    impl<'a> From<&'a str> for Email<'a> {
        fn from(email: &'a str) -> Self {
            Self { email, ciphertext: email.into() }
        }
    }

    pub const VERSION: Version = Version {
        name: "v1",
        insert: |conn, id, email| {
            diesel::insert_into(users::table)
                .values((users::id.eq(id), &Email::from(email)))
                .execute(conn)
        },
        update: |conn, id, email| {
            diesel::update(users::table.find(id)).set(&Email::from(email)).execute(conn)
        },
        read: |conn, id| users::table.find(id).select(users::email).first(conn),
        find: |conn, email| {
            users::table.filter(users::email.eq(email)).select(users::id).load(conn)
        },
    };
}

/// The program that writes both, reads the ciphertext, and looks up by the blind index.
mod v2 {
    use super::*;
    use diesel_envelope::{BlindIndexDsl, Encrypted};

    diesel::table! {
        use diesel::sql_types::*;
        use diesel_envelope::sql_types::*;

        users (id) {
            id -> BigInt,
            email_ciphertext -> Ciphertext,
            email_index -> BlindIndex,
        }
    }
    email!(email_ciphertext);

    pub const VERSION: Version = Version {
        name: "v2",
        insert: v1::VERSION.insert,
        update: v1::VERSION.update,
        read: |conn, id| {
            let email: Encrypted<String, users::email_ciphertext> =
                users::table.find(id).select(users::email_ciphertext).first(conn)?;
            Ok(email.into_inner())
        },
        find: |conn, email| {
            users::table.filter(users::email_index.matches(email)).select(users::id).load(conn)
        },
    };
}

/// The program that knows the ciphertext only, under the original name of the field.
mod v3 {
    use super::*;
    use diesel_envelope::{BlindIndexDsl, Searchable};

    diesel::table! {
        use diesel::sql_types::*;
        use diesel_envelope::sql_types::*;

        users (id) {
            id -> BigInt,
            #[sql_name = "email_ciphertext"]
            email -> Ciphertext,
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

/// Does the same as `diesel migration run`.
pub fn migrate(database: &Database, project: &Project) -> Result<usize, String> {
    let migrations = FileBasedMigrations::from_path(project.migrations()).unwrap();
    let run = establish(&database.url).run_pending_migrations(migrations).map(|run| run.len());
    run.map_err(|error| format!("{error:?}"))
}

/// The guide for tables that already have rows.
pub const EXISTING_DATA: &str = include_str!("../../../../docs/existing-data.md");
pub const OTHER_LIBRARIES: &str = include_str!("../../../../docs/lockbox-and-pgcrypto.md");

/// Runs a `diesel-envelope generate-migration …` command that a guide contains, and then the
/// migration.
#[track_caller]
pub fn step(database: &Database, project: &Project, line: &str) {
    let documented = |guide: &str| {
        guide.lines().any(|told| told.split(" #").next().is_some_and(|told| told.trim() == line))
    };
    assert!([EXISTING_DATA, OTHER_LIBRARIES].into_iter().any(documented), "no guide has: {line}");
    let created = project.done(line).stdout.lines().filter(|line| line.ends_with("up.sql")).count();
    assert_eq!(migrate(database, project), Ok(created), "{line}");
}

/// Runs a step that the database refuses. Returns the error, and deletes the generated migration.
#[track_caller]
pub fn refused(database: &Database, project: &Project, line: &str) -> String {
    let before = project.generated();
    project.done(line);
    let error = migrate(database, project).expect_err("the migration passed");
    project.forget_since(&before);
    error
}

fn rows(database: &Database, condition: &str) -> usize {
    database.cells(["id"], &format!("users WHERE {condition}")).len()
}

#[test]
fn a_plaintext_column_is_replaced_by_a_ciphertext_column_while_programs_run() {
    assert!(EXISTING_DATA.contains(COLUMNS.trim_start()));
    let database = Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, email {EMAIL} NOT NULL);\nCREATE UNIQUE INDEX users_email ON users (email)"
    ));
    let project = Project::new(&database.url, COLUMNS);
    let programs = Programs::new(&database.url, v0::VERSION, ROWS);
    let v0 = programs.start(v0::VERSION);

    step(&database, &project, "diesel-envelope generate-migration users --unique email_index");
    v0.works();
    let v1 = programs.start(v1::VERSION);
    project
        .run("diesel-envelope verify users")
        .failed_with("the row has a plaintext but no ciphertext: run the backfill");

    // While v0 changes plaintexts, rows may be left. The backfill does not wait for them.
    let outcome = project.run("diesel-envelope backfill users --batch-size 20");
    assert!(outcome.code == 0 || outcome.stderr.contains("rows are left"), "{outcome:?}");
    // v0 changes a plaintext after its row was encrypted, so the row must be encrypted again.
    v0.until(|| rows(&database, "email_ciphertext IS NULL AND id <= 300") > 0);
    v0.stop();

    project.done("diesel-envelope backfill users --batch-size 20");
    assert_eq!(project.count("to_backfill"), 0);
    project.done("diesel-envelope verify users");

    let v2 = programs.start(v2::VERSION);
    v1.stop();
    project.done("diesel-envelope verify users");
    assert_eq!(rows(&database, "email_ciphertext IS NULL OR email_index IS NULL"), 0);

    // SQLite cannot remove NOT NULL from a column, so the last two versions cannot run side by
    // side.
    let v3 = if URL_VAR.is_none() {
        project
            .run("diesel-envelope generate-migration users --step relax")
            .failed_with("stop the program, run finish");
        v2.stop();
        // SQLite also refuses to drop a column that has an index.
        database.execute("DROP INDEX users_email");
        None
    } else {
        step(&database, &project, "diesel-envelope generate-migration users --step relax");
        v2.works();
        let v3 = programs.start(v3::VERSION);
        v2.stop();
        // Rows written by v3 have no plaintext. All other plaintexts equal their ciphertexts.
        assert!(rows(&database, "email IS NULL AND email_ciphertext IS NOT NULL") > 0);
        project.done("diesel-envelope verify users --where=email>''");
        Some(v3)
    };

    // A plaintext that was left behind.
    let finish =
        "diesel-envelope generate-migration users --step finish --not-null users.email_ciphertext";
    database.execute("INSERT INTO users (id, email) VALUES (700000, 'left@example.org')");
    let said = refused(&database, &project, finish);
    assert!(
        said.contains("plaintexts that are not encrypted")
            || said.contains("users_email_ciphertext_diesel_envelope_complete"),
        "{said}"
    );
    assert!(!said.contains("left@example.org"), "{said}");
    assert_eq!(rows(&database, "email = 'left@example.org' AND email_ciphertext IS NULL"), 1);
    v3.iter().for_each(|program| program.works());
    project.done("diesel-envelope backfill users");
    step(&database, &project, finish);
    let v3 = v3.unwrap_or_else(|| programs.start(v3::VERSION));
    v3.works();

    project.declare(&COLUMNS.replace("plaintext = \"email\"\n", ""));
    assert_eq!(rows(&database, "email_ciphertext IS NULL OR email_index IS NULL"), 0);
    let refuses = |sql: &str| {
        assert!(establish(&database.url).batch_execute(sql).is_err(), "{sql} passed");
    };
    refuses("SELECT email FROM users");
    refuses("INSERT INTO users (id) VALUES (700001)");

    // A value that could belong to another column is reported by `verify`, and makes the last step
    // fail.
    let stray = super::literal(
        &keyring(&keyrings()[0]).encrypt::<_, Unbound>(&"left@example.org".to_owned()).unwrap(),
    );
    database.execute(&format!("UPDATE users SET email_ciphertext = {stray} WHERE id = 700000"));
    project
        .run("diesel-envelope verify users --accept unbound")
        .failed_with("id=700000, email_ciphertext: an unbound value");
    refused(&database, &project, "diesel-envelope generate-migration users --step bound");
    project.done("diesel-envelope rotate users --accept unbound");
    step(&database, &project, "diesel-envelope generate-migration users --step bound");
    refuses(&format!("UPDATE users SET email_ciphertext = {stray} WHERE id = 700000"));
    refuses(&format!(
        "UPDATE users SET email_ciphertext = {} WHERE id = 700000",
        super::literal(b"a plaintext of more than 34 characters")
    ));
    v3.stop();

    project.done("diesel-envelope verify users");
    programs.settles(v3::VERSION);
    assert_eq!(project.count("rows"), programs.len() + 1);
}
