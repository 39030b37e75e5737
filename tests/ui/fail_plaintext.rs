//! A plaintext can neither be written to a ciphertext column nor be compared with one.
mod schema;

use diesel::prelude::*;
use schema::users;

fn main() {
    let _ = users::email.eq("bobby@example.org");
    let _ = users::email.eq(b"bobby@example.org".to_vec());
    let _ = users::note.eq("bobby@example.org");
    let _ = users::note.like("bobby@%");
    let _ = users::email_index.eq(b"digest".to_vec());
}
