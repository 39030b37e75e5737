//! Cases for `RETURNING` and `ON CONFLICT`, which MySQL does not have.

use diesel::prelude::*;
use diesel_envelope::{BlindIndexDsl, EncryptDsl, Encrypted};

use super::{Conn, connect, dump};
use crate::support::database::*;
use crate::support::models::*;

fn on_database(test: impl FnOnce(&mut Conn)) {
    with_database(connect, dump, test);
}

#[test]
fn inserts_updates_and_deletes_return_plain_values() {
    on_database(|conn| {
        let user: User = diesel::insert_into(users::table)
            .values(&new_user("a", Some("1")))
            .returning(User::as_returning())
            .get_result(conn)
            .unwrap();
        assert_eq!((&**user.name, &**user.email), ("a Tables", "a@Example.org"));
        let user: User = diesel::update(users::table.find(user.id))
            .set(&new_user("b", None))
            .returning(User::as_returning())
            .get_result(conn)
            .unwrap();
        assert_eq!(&**user.name, "b Tables");
        let name: Encrypted<String, users::name> = diesel::delete(users::table.find(user.id))
            .returning(users::name)
            .get_result(conn)
            .unwrap();
        assert_eq!(name.into_inner(), "b Tables");
    });
}

#[test]
fn an_upsert_finds_its_row_by_blind_index() {
    on_database(|conn| {
        diesel::insert_into(users::table).values(&new_user("a", Some("1"))).execute(conn).unwrap();
        let again = NewUser { name: "again Tables".into(), ..new_user("A", None) };
        diesel::insert_into(users::table)
            .values(&again)
            .on_conflict(users::email_index)
            .do_update()
            .set(&again)
            .execute(conn)
            .unwrap();
        let user: User = users::table.select(User::as_select()).get_result(conn).unwrap();
        assert_eq!((&**user.name, &**user.email), ("again Tables", "A@Example.org"));

        diesel::insert_into(users::table)
            .values(&again)
            .on_conflict(users::email_index)
            .do_update()
            .set((
                users::name.eq(diesel::upsert::excluded(users::name)),
                users::phone.encrypt("+49 30 555 2".to_owned()),
            ))
            .execute(conn)
            .unwrap();
        diesel::insert_into(users::table)
            .values(&again)
            .on_conflict(users::email_index)
            .do_nothing()
            .execute(conn)
            .unwrap();
        assert_eq!(
            users::table
                .filter(users::email_index.matches("a@example.org"))
                .count()
                .get_result::<i64>(conn)
                .unwrap(),
            1
        );
    });
}
