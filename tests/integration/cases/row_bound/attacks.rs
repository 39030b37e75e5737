//! What someone who can write to the database can do, with raw SQL. SECURITY.md lists these tests.

use diesel_envelope::keyring::{Algorithm, Keyset, Options};
use diesel_envelope::{Context, Encrypted, Keyring, Unbound, ValueFormat};

use super::*;
use raw::accounts as stored;

/// Runs a statement of the attacker.
fn attack(conn: &mut Conn, sql: &str) {
    assert_eq!(diesel::sql_query(sql).execute(conn).unwrap(), 1, "{sql}");
}

fn bytes<C>(conn: &mut Conn, column: C, id: i64) -> Option<Vec<u8>>
where
    C: diesel::Column<Table = stored::table, SqlType = Nullable<Binary>>
        + diesel::SelectableExpression<stored::table>
        + diesel::expression::ValidGrouping<(), IsAggregate = diesel::expression::is_aggregate::No>
        + diesel::query_builder::QueryId
        + diesel::query_builder::QueryFragment<Db>,
{
    stored::table.filter(stored::id.eq(id)).select(column).first(conn).unwrap()
}

fn set_name(conn: &mut Conn, id: i64, value: &[u8]) {
    diesel::update(stored::table.find(id)).set(stored::name.eq(value)).execute(conn).unwrap();
}

#[test]
fn a_value_copied_to_another_row_is_refused() {
    with_accounts(|conn| {
        let victim = bytes(conn, stored::name, 1).unwrap();
        set_name(conn, 2, &victim);
        assert_eq!(error_of(account(conn, 2)), Error::RowMismatch);
        assert!(account(conn, 1).is_ok());
    });
}

#[test]
fn values_exchanged_between_two_rows_are_refused() {
    with_accounts(|conn| {
        let (first, second) = (bytes(conn, stored::name, 1), bytes(conn, stored::name, 2));
        set_name(conn, 1, &second.unwrap());
        set_name(conn, 2, &first.unwrap());
        assert_eq!(error_of(account(conn, 1)), Error::RowMismatch);
        assert_eq!(error_of(account(conn, 2)), Error::RowMismatch);
    });
}

#[test]
fn a_value_copied_to_another_column_of_its_row_is_refused() {
    with_accounts(|conn| {
        attack(conn, "UPDATE accounts SET email = name WHERE id = 2");
        assert_eq!(error_of(account(conn, 2)), Error::RowMismatch);
    });
}

#[test]
fn an_index_that_points_at_another_row_is_refused() {
    with_accounts(|conn| {
        let victim = bytes(conn, stored::email_index, 1).unwrap();
        diesel::update(stored::table.find(2))
            .set(stored::email_index.eq(&victim))
            .execute(conn)
            .unwrap();
        diesel::delete(accounts::table.find(1)).execute(conn).unwrap();
        let found = accounts::table
            .filter(accounts::email_index.matches("ada@example.org"))
            .select(Account::as_select());
        let label = "accounts.email_index".into();
        assert_eq!(error_of(found.first(conn)), Error::IndexMismatch { label });
    });
}

#[test]
fn a_value_and_its_index_copied_together_are_refused() {
    with_accounts(|conn| {
        let victim = (bytes(conn, stored::email, 1), bytes(conn, stored::email_index, 1));
        diesel::update(stored::table.find(2))
            .set((stored::email.eq(victim.0), stored::email_index.eq(victim.1)))
            .execute(conn)
            .unwrap();
        assert_eq!(error_of(account(conn, 2)), Error::RowMismatch);
    });
}

#[test]
fn a_row_whose_key_changes_is_refused() {
    with_accounts(|conn| {
        attack(conn, "UPDATE accounts SET id = 4 WHERE id = 2");
        assert_eq!(error_of(account(conn, 4)), Error::RowMismatch);
    });
}

#[test]
fn a_whole_row_copied_under_a_new_key_is_refused() {
    with_accounts(|conn| {
        attack(
            conn,
            "INSERT INTO accounts (id, name, email, email_index, phone, phone_index, phone_end_index) \
             SELECT 9, name, email, email_index, phone, phone_index, phone_end_index \
             FROM accounts WHERE id = 1",
        );
        assert_eq!(error_of(account(conn, 9)), Error::RowMismatch);
    });
}

#[test]
fn values_in_other_formats_are_refused() {
    /// The same label, as a value of `Encrypted` has it.
    enum Name {}
    impl Context for Name {
        const LABEL: &'static str = "accounts.name";
    }

    with_accounts(|conn| {
        let keyring = Keyring::installed().unwrap();
        let name = "Eve Tables".to_owned();
        let fernet = Keyset::generate_with(Algorithm::Fernet).unwrap();
        let fernet = Keyring::from_keyset(&fernet, &Options::default()).unwrap();
        for (planted, found) in [
            (keyring.encrypt::<String, Name>(&name).unwrap(), ValueFormat::Bound),
            (keyring.encrypt::<String, Unbound>(&name).unwrap(), ValueFormat::Unbound),
            (fernet.encrypt::<String, Name>(&name).unwrap(), ValueFormat::Fernet),
        ] {
            set_name(conn, 2, &planted);
            let expected = ValueFormat::RowBound;
            assert_eq!(error_of(account(conn, 2)), Error::NotAccepted { expected, found });
        }
    });
}

#[test]
fn an_index_set_to_null_is_refused() {
    with_accounts(|conn| {
        for column in ["email_index", "phone_index", "phone_end_index"] {
            attack(conn, &format!("UPDATE accounts SET {column} = NULL WHERE id = 2"));
            let label = format!("accounts.{column}").into();
            assert_eq!(error_of(account(conn, 2)), Error::IndexMismatch { label });
            diesel::delete(accounts::table.find(2)).execute(conn).unwrap();
            diesel::insert_into(accounts::table)
                .values(&Account::new(2, "Bobby"))
                .execute(conn)
                .unwrap();
        }
    });
}

#[test]
fn an_index_beside_null_is_refused() {
    with_accounts(|conn| {
        attack(conn, "UPDATE accounts SET phone = NULL WHERE id = 2");
        let label = "accounts.phone_index".into();
        assert_eq!(error_of(account(conn, 2)), Error::IndexMismatch { label });
    });
}

#[test]
fn changed_and_shortened_values_are_refused() {
    with_accounts(|conn| {
        let value = bytes(conn, stored::name, 2).unwrap();
        for place in 2..value.len() {
            let mut changed = value.clone();
            changed[place] ^= 1;
            set_name(conn, 2, &changed);
            let error = error_of(account(conn, 2));
            let expected = if place < 6 { "unknown_key" } else { "row_mismatch" };
            assert_eq!(error.kind(), expected, "{place}");
        }
        for length in 0..value.len() {
            set_name(conn, 2, &value[..length]);
            let kind = error_of(account(conn, 2)).kind();
            assert!(["unsupported_format", "truncated", "row_mismatch"].contains(&kind), "{kind}");
        }
        for flags in 0..=255 {
            let mut changed = value.clone();
            changed[1] = flags;
            set_name(conn, 2, &changed);
            if flags != value[1] {
                let kind = error_of(account(conn, 2)).kind();
                let known = ["unsupported_format", "not_accepted", "row_mismatch"];
                assert!(known.contains(&kind), "{flags}: {kind}");
            }
        }
    });
}

/// Not protected: the older value of the same row.
#[test]
fn an_older_value_of_the_same_row_is_read() {
    with_accounts(|conn| {
        let old = bytes(conn, stored::name, 2).unwrap();
        diesel::update(accounts::table.find(2))
            .set(RowBound::<String, accounts::name>::new(2, "Robert Tables"))
            .execute(conn)
            .unwrap();
        set_name(conn, 2, &old);
        assert_eq!(account(conn, 2).unwrap().name.as_str(), "Bobby Tables");
    });
}

/// Not protected: a nullable column and its indexes, set to NULL together.
#[test]
fn a_value_deleted_with_its_indexes_is_null() {
    with_accounts(|conn| {
        attack(
            conn,
            "UPDATE accounts SET phone = NULL, phone_index = NULL, phone_end_index = NULL \
             WHERE id = 2",
        );
        assert_eq!(*account(conn, 2).unwrap().phone, None);
    });
}

/// A program with the type of before, or a version of before, does not misread the value.
#[test]
fn an_encrypted_column_refuses_a_value_bound_to_its_row() {
    enum Name {}
    impl Context for Name {
        const LABEL: &'static str = "accounts.name";
    }

    with_accounts(|conn| {
        let read =
            accounts::table.find(1).select(accounts::name).first::<Encrypted<String, Name>>(conn);
        let (expected, found) = (ValueFormat::Bound, ValueFormat::RowBound);
        assert_eq!(error_of(read), Error::NotAccepted { expected, found });
    });
}
