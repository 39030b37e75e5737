//! A decrypted value leaves the program only through an explicit call.
mod schema;

use schema::Email;

#[derive(serde::Serialize)]
struct Profile {
    email: Email,
}

fn main() {
    println!("{}", Email::from("bobby@example.org"));
}
