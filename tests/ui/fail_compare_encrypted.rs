//! Each encryption of a value is different, so a comparison would never be true.
mod schema;

use diesel::prelude::*;
use schema::{Email, users};

fn main() {
    let email = || Email::from("bobby@example.org");
    let conn = &mut SqliteConnection::establish(":memory:").unwrap();
    let _ = users::table.filter(users::email.eq(email())).count().get_result::<i64>(conn);
    let _ = users::table.filter(users::email.ne(&email())).count().get_result::<i64>(conn);
    let _ = users::table.filter(users::note.gt(email())).count().get_result::<i64>(conn);
    let _ = users::table.filter(users::raw.eq(email())).count().get_result::<i64>(conn);
    let _ = users::table.filter(users::email.eq_any([email()])).count().get_result::<i64>(conn);
}
