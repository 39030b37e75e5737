//! A digest is compared with `matches`, which uses every index key and the spec of the column.
mod schema;

use diesel::prelude::*;
use diesel_envelope::BlindIndex;
use schema::users;

fn main() {
    let index = || BlindIndex::<users::email_index>::of("bobby@example.org");
    let conn = &mut SqliteConnection::establish(":memory:").unwrap();
    let _ = users::table.filter(users::email_index.eq(index())).count().get_result::<i64>(conn);
    let _ = users::table.filter(users::email_index.eq_any([index()])).count().get_result::<i64>(conn);
}
