//! Cases for MySQL and MariaDB alone: `ON DUPLICATE KEY UPDATE` and `REPLACE`.

use diesel::prelude::*;
use diesel_envelope::BlindIndexDsl;

use super::{connect, dump};
use crate::support::database::*;
use crate::support::models::*;

#[test]
fn an_upsert_and_a_replace_find_their_row_by_blind_index() {
    with_database(connect, dump, |conn| {
        diesel::insert_into(users::table).values(&new_user("a", Some("1"))).execute(conn).unwrap();
        let again = NewUser { name: "again Tables".into(), ..new_user("A", None) };
        let upsert = diesel::insert_into(users::table)
            .values(&again)
            .on_conflict(diesel::dsl::DuplicatedKeys)
            .do_update()
            .set(&again);
        upsert.execute(conn).unwrap();
        let find = users::table
            .filter(users::email_index.matches("a@example.org"))
            .select(User::as_select());
        let user: User = find.clone().get_result(conn).unwrap();
        assert_eq!((&**user.name, &**user.email), ("again Tables", "A@Example.org"));

        diesel::replace_into(users::table).values(&new_user("a", None)).execute(conn).unwrap();
        assert_eq!(&**find.get_result(conn).unwrap().name, "a Tables");
        assert_eq!(users::table.count().get_result::<i64>(conn).unwrap(), 1);
    });
}
