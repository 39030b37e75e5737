//! The models of the table `users`.

use diesel::prelude::*;
use diesel::sql_types::{Binary, Nullable};
use diesel_envelope::{Encrypted, Searchable, TryEncrypted, serialize_plaintext};
use email_address::EmailAddress;
use serde::{Deserialize, Serialize, Serializer};
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use crate::plan::Plan;
use crate::schema::{sql_types, users};
use crate::user_id::UserId;

/// The part of a user that the user edits. It is read from JSON, written to the database, read
/// from it, and written to JSON.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Serialize, Deserialize)]
#[diesel(table_name = users, treat_none_as_null = true)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    #[diesel(embed)]
    #[serde(serialize_with = "serialize_plaintext")]
    pub name: Searchable<String, users::name>,
    #[diesel(embed)]
    #[serde(serialize_with = "serialize_plaintext")]
    pub email: Searchable<String, users::email>,
    #[diesel(embed)]
    #[serde(default, serialize_with = "serialize_plaintext")]
    pub phone: Searchable<Option<String>, users::phone>,
    #[serde(default, serialize_with = "serialize_plaintext")]
    pub birth_date: Option<Encrypted<Date, users::birth_date>>,
    #[serde(serialize_with = "serialize_plaintext")]
    pub plan: Encrypted<Plan, users::plan>,
}

/// A field with a value that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidField {
    pub field: &'static str,
    pub problem: &'static str,
}

impl Profile {
    /// Checks the values. Lengths are limited, because the length of a ciphertext shows them.
    pub fn check(&self) -> Result<(), InvalidField> {
        let refuse = |field, problem| Err(InvalidField { field, problem });
        if self.name.trim().is_empty() || self.name.chars().count() > 100 {
            return refuse("name", "must have 1 to 100 characters");
        }
        if !EmailAddress::is_valid(&self.email) {
            return refuse("email", "must be an e-mail address");
        }
        if self.phone.as_ref().is_some_and(|phone| !is_phone(phone)) {
            return refuse(
                "phone",
                "must have 5 to 15 digits, and otherwise only + - / ( ) . and spaces",
            );
        }
        let today = OffsetDateTime::now_utc().date();
        if self.birth_date.as_ref().is_some_and(|date| date.year() < 1900 || **date > today) {
            return refuse("birth_date", "must be between 1900 and today");
        }
        Ok(())
    }
}

/// The index of numbers compares digits alone, so a number without digits would match others.
pub fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (5..=15).contains(&digits)
        && text.len() <= 31
        && text.chars().all(|c| c.is_ascii_digit() || "+-/(). ".contains(c))
}

/// Returns whether the last word has the three characters that a search by name needs.
pub fn is_beginning(text: &str) -> bool {
    let last = text.split(|c: char| !c.is_alphanumeric()).rfind(|word| !word.is_empty());
    text.chars().count() <= 100 && last.is_some_and(|word| word.chars().count() >= 3)
}

/// A row to insert.
#[derive(Insertable)]
#[diesel(table_name = users)]
pub struct NewUser {
    pub id: UserId,
    #[diesel(embed)]
    pub profile: Profile,
    pub password_hash: String,
    pub created_at: PrimitiveDateTime,
}

impl NewUser {
    /// Creates the row of a user who signs up now.
    pub fn new(profile: Profile, password_hash: String) -> Self {
        let now = OffsetDateTime::now_utc();
        let created_at = PrimitiveDateTime::new(now.date(), now.time());
        Self { id: UserId::generate(), profile, password_hash, created_at }
    }
}

/// A user, as the user sees it.
#[derive(Queryable, Selectable, Serialize)]
#[diesel(table_name = users)]
pub struct User {
    pub id: UserId,
    #[diesel(embed)]
    #[serde(flatten)]
    pub profile: Profile,
    #[serde(serialize_with = "rfc3339")]
    pub created_at: PrimitiveDateTime,
}

/// The columns that a login needs.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct Credentials {
    pub id: UserId,
    pub email: Encrypted<String, users::email>,
    pub password_hash: String,
}

/// A user, as other users see it. A row that cannot be decrypted does not fail the list.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct Member {
    pub id: UserId,
    pub name: TryEncrypted<String, users::name>,
    pub plan: TryEncrypted<Plan, users::plan>,
    pub phone: Option<TryEncrypted<String, users::phone>>,
    pub created_at: PrimitiveDateTime,
}

/// A row as the database stores it, without the password hash.
#[derive(QueryableByName)]
pub struct StoredUser {
    #[diesel(sql_type = sql_types::UserId)]
    pub id: UserId,
    #[diesel(sql_type = Binary)]
    pub name: Vec<u8>,
    #[diesel(sql_type = Binary)]
    pub email: Vec<u8>,
    #[diesel(sql_type = Binary)]
    pub email_index: Vec<u8>,
    #[diesel(sql_type = Nullable<Binary>)]
    pub phone: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    pub phone_index: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    pub birth_date: Option<Vec<u8>>,
    #[diesel(sql_type = Binary)]
    pub plan: Vec<u8>,
}

impl StoredUser {
    /// The same query for both databases.
    pub const QUERY: &str = "\
        SELECT id, name, email, email_index, phone, phone_index, birth_date, plan \
        FROM users WHERE id = $1";
}

pub fn rfc3339<S: Serializer>(time: &PrimitiveDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    time::serde::rfc3339::serialize(&time.assume_utc(), serializer)
}
