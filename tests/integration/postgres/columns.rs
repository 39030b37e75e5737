//! Cases for PostgreSQL alone: arrays, `COPY` and `= ANY`.

use diesel::prelude::*;
use diesel_envelope::{BlindIndexDsl, Encrypted};

use super::{Conn, Db, connect, dump};
use crate::support::database::*;
use crate::support::keyring::install_keyring;
use crate::support::models::*;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    lists (id) {
        id -> BigInt,
        items -> Array<Ciphertext>,
        texts -> Array<Nullable<CiphertextText>>,
    }
}

#[test]
fn arrays_of_encrypted_values_are_read_back() {
    with_database(connect, dump, |conn| {
        execute(
            conn,
            &[
                "CREATE TABLE lists (id BIGINT PRIMARY KEY, items ciphertext[] NOT NULL, texts ciphertext_text[] NOT NULL)",
            ],
        );
        let items: Vec<Encrypted<String>> = vec!["hunter2".into(), "".into()];
        let texts: Vec<Option<Encrypted<i32>>> = vec![Some(7.into()), None];
        let row = (lists::id.eq(1), lists::items.eq(&items), lists::texts.eq(&texts));
        diesel::insert_into(lists::table).values(row).execute(conn).unwrap();
        let loaded: (Vec<Encrypted<String>>, Vec<Option<Encrypted<i32>>>) =
            lists::table.select((lists::items, lists::texts)).first(conn).unwrap();
        assert_eq!(loaded, (items, texts));
    });
}

/// The connection is not used again, because Diesel leaves it inside the `COPY`.
#[test]
fn copy_reads_encrypted_rows() {
    install_keyring();
    let conn = &mut connect();
    diesel::insert_into(users::table).values(new_user("a", Some("1"))).execute(conn).unwrap();
    assert_no_plaintext(&dump(conn));
    let copied: Vec<User> =
        diesel::copy_to(users::table).load::<User, _>(conn).unwrap().map(Result::unwrap).collect();
    assert_eq!((copied.len(), &**copied[0].name), (1, "a Tables"));
}

/// A query is one prepared statement, whatever number of digests it compares.
#[test]
fn lookups_share_one_prepared_statement() {
    with_database(connect, dump, |conn: &mut Conn| {
        for emails in [vec!["a"], vec!["a", "b"], vec!["a"; 30]] {
            let query =
                users::table.filter(users::email_index.matches_any(emails)).select(users::id);
            assert!(
                diesel::debug_query::<Db, _>(&query)
                    .to_string()
                    .contains(r#"("users"."email_index" = ANY($1))"#)
            );
            assert_eq!(query.load::<i64>(conn).unwrap().len(), 0);
        }
        let count = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%email_index% = ANY%' AND statement NOT LIKE '%pg_prepared%'";
        let prepared: i64 =
            diesel::dsl::sql::<diesel::sql_types::BigInt>(count).get_result(conn).unwrap();
        assert_eq!(prepared, 1);
    });
}
