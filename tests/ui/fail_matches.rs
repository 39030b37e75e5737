//! `matches` is for index columns with a spec, and accepts the type that the spec indexes.
mod schema;

use diesel_envelope::BlindIndexDsl;
use schema::users;

fn main() {
    let _ = users::other_index.matches("bobby@example.org");
    let _ = users::email.matches("bobby@example.org");
    let _ = users::email_index.matches(&42);
}
