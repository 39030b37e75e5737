//! A column whose values become bound to their row.

use diesel_envelope::{Accept, Searchable};

use super::*;

/// The columns as they were.
mod before {
    diesel::table! {
        use diesel::sql_types::*;
        use diesel_envelope::sql_types::*;

        accounts (id) {
            id -> BigInt,
            email -> Ciphertext,
            email_index -> BlindIndex,
        }
    }
    diesel_envelope::columns! { accounts { email => email_index: caseless } }
}

/// The columns while `rotate` is rewriting the table.
mod meanwhile {
    diesel::table! {
        use diesel::sql_types::*;
        use diesel_envelope::sql_types::*;

        accounts (id) {
            id -> BigInt,
            email -> Ciphertext,
            email_index -> BlindIndex,
        }
    }
    diesel_envelope::columns! {
        accounts { email: row(id), accept [bound] => email_index: caseless }
    }
}

/// The columns while instances of the version before are running.
mod first {
    diesel::table! {
        use diesel::sql_types::*;
        use diesel_envelope::sql_types::*;

        accounts (id) {
            id -> BigInt,
            email -> Ciphertext,
            email_index -> BlindIndex,
        }
    }
    diesel_envelope::columns! {
        accounts { email: row(id), write [bound] => email_index: caseless }
    }
}

#[derive(Insertable)]
#[diesel(table_name = before::accounts)]
struct Before {
    id: i64,
    #[diesel(embed)]
    email: Searchable<String, before::accounts::email>,
}

type Meanwhile = RowBound<String, meanwhile::accounts::email>;

#[test]
fn both_formats_are_read_and_the_new_one_is_written() {
    with_accounts(|conn| {
        let old = Before { id: 4, email: "Dana@Example.org".into() };
        diesel::insert_into(before::accounts::table).values(&old).execute(conn).unwrap();
        let table = meanwhile::accounts::table;
        let read: Vec<Meanwhile> =
            table.order(meanwhile::accounts::id).select(Meanwhile::as_select()).load(conn).unwrap();
        let emails: Vec<_> = read.iter().map(|email| email.as_str()).collect();
        assert_eq!(emails[2..], ["Cleo@Example.org", "Dana@Example.org"]);

        let only_new =
            accounts::table.find(4).select(RowBound::<String, accounts::email>::as_select());
        assert_eq!(error_of(only_new.first(conn)).kind(), "not_accepted");
        diesel::update(table.find(4)).set(&read[3]).execute(conn).unwrap();
        assert_eq!(only_new.first(conn).unwrap().as_str(), "Dana@Example.org");
    });
}

#[test]
fn a_first_version_reads_both_formats_and_writes_the_old_one() {
    type First = RowBound<String, first::accounts::email>;

    with_accounts(|conn| {
        let table = first::accounts::table;
        let mut email: First = table.find(1).select(First::as_select()).first(conn).unwrap();
        assert_eq!(email.as_str(), "Ada@Example.org");
        email.set("Countess@Example.org");
        diesel::update(table.find(1)).set(&email).execute(conn).unwrap();
        let old: Searchable<String, before::accounts::email> =
            before::accounts::table.find(1).select(before::accounts::email).first(conn).unwrap();
        assert_eq!(old.as_str(), "Countess@Example.org");
        let again: First = table.find(1).select(First::as_select()).first(conn).unwrap();
        assert_eq!(again.as_str(), "Countess@Example.org");
    });
    let columns = first::accounts::table::encrypted_columns();
    assert!(!columns[0].is_row_bound());
}

#[test]
fn the_indexes_of_an_old_value_are_checked_too() {
    with_accounts(|conn| {
        let old = Before { id: 4, email: "Dana@Example.org".into() };
        diesel::insert_into(before::accounts::table).values(&old).execute(conn).unwrap();
        execute(conn, &["UPDATE accounts SET email_index = NULL WHERE id = 4"]);
        let read = meanwhile::accounts::table.find(4).select(Meanwhile::as_select());
        assert_eq!(error_of(read.first(conn)).kind(), "index_mismatch");
    });
}

#[test]
fn the_declaration_for_the_tools_accepts_the_old_format() {
    let columns = meanwhile::accounts::table::encrypted_columns();
    assert_eq!(
        (columns[0].accept, &columns[0].row_key[..]),
        (Accept::BOUND, &["id".to_owned()][..])
    );
}
