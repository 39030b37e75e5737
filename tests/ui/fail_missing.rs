//! What a model lacks is named, with the line that adds it.
mod schema;

use diesel::prelude::*;
use diesel_envelope::{Encrypted, Searchable};
use schema::users;

#[derive(Clone)]
struct Address;

#[derive(Insertable)]
#[diesel(table_name = users)]
struct WithoutContext {
    note: Encrypted<String, users::note>,
}

#[derive(Insertable)]
#[diesel(table_name = users)]
struct WithoutIndexes {
    #[diesel(embed)]
    note: Searchable<String, users::note>,
}

fn main() {
    let conn = &mut SqliteConnection::establish(":memory:").unwrap();
    let _ = diesel::insert_into(users::table).values(WithoutContext { note: "a note".into() }).execute(conn);
    let _ = diesel::insert_into(users::table).values(WithoutIndexes { note: "a note".into() }).execute(conn);
    let _ = Encrypted::<Address, users::email>::new(Address);
}
