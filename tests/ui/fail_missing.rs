//! If a model lacks something, the message names it and the line that adds it.
mod schema;

use diesel::prelude::*;
use diesel_envelope::{Encrypted, Keyring, Searchable};
use schema::users;

#[derive(Clone)]
struct Address;

#[derive(Insertable)]
#[diesel(table_name = users)]
struct WithoutIndexes {
    #[diesel(embed)]
    note: Searchable<String, users::note>,
}

fn main() {
    let _ = users::note.eq(Encrypted::<String, users::note>::from("no context"));
    let _ = Keyring::insecure_for_tests().encrypt::<String, users::note>(&String::new());
    let _ = Encrypted::<Address, users::email>::new(Address);
}
