//! Columns that `columns!` declares: types and normalisers of the application, a compound index, and
//! a schema of another crate.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::str::FromStr;

use diesel::prelude::*;
use diesel_envelope::columns::{Normalizer, ValueType};
use diesel_envelope::{
    Accept, BlindIndex, BlindIndexDsl, BlindIndexWithDsl, Encrypted, Searchable, text_plaintext,
};
use zeroize::Zeroizing;

use super::{BYTES, Conn, connect, dump};
use crate::support::database::{execute, with_database};

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    members (id) {
        id -> BigInt,
        name -> Ciphertext,
        postcode -> Ciphertext,
        postcode_index -> BlindIndex,
        age -> Nullable<Ciphertext>,
        age_index -> Nullable<BlindIndex>,
        plan -> Ciphertext,
        email -> Ciphertext,
        email_index -> BlindIndex,
        name_age_index -> BlindIndex,
    }
}

/// The schema of another crate.
mod other {
    pub mod schema {
        diesel::table! {
            use diesel::sql_types::*;
            use diesel_envelope::sql_types::*;

            accounts (id) {
                id -> BigInt,
                iban -> Ciphertext,
                iban_index -> BlindIndex,
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Plan {
    Free,
    Paid,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl FromStr for Plan {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "Free" => Ok(Self::Free),
            "Paid" => Ok(Self::Paid),
            _ => Err(()),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Email(String);

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Email {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        text.contains('@').then(|| Self(text.to_owned())).ok_or(())
    }
}

impl Borrow<str> for Email {
    fn borrow(&self) -> &str {
        &self.0
    }
}

text_plaintext!(Plan, Email);

fn postcode(value: &str) -> Cow<'_, [u8]> {
    Cow::Owned(value.replace(' ', "").to_uppercase().into_bytes())
}

diesel_envelope::columns! {
    members {
        name,
        postcode: pad 8, strict => postcode_index: self::postcode bits 40,
        age: as i16 => age_index: exact label "ages" as i16 bits 64,
        plan: as Plan, pad 8, accept [unbound], label "plans",
        email: as Email => email_index: caseless key "1" label "addresses",
        name_age_index: compound(name: caseless, age: exact as Option<i16>),
    }
    other::schema::accounts as account_columns { iban => iban_index: exact }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = members)]
struct Member {
    id: i64,
    name: Encrypted<String, members::name>,
    #[diesel(embed)]
    postcode: Searchable<String, members::postcode>,
    #[diesel(embed)]
    age: Searchable<Option<i16>, members::age>,
    plan: Encrypted<Plan, members::plan>,
    #[diesel(embed)]
    email: Searchable<Email, members::email>,
    name_age_index: BlindIndex<members::name_age_index>,
}

impl Member {
    fn new(id: i64, age: Option<i16>) -> Self {
        let name = format!("Bobby Tables {id}");
        Self {
            id,
            name_age_index: BlindIndex::of(&(name.clone(), age)),
            name: name.into(),
            postcode: "sw1a 2aa".into(),
            age: age.into(),
            plan: Plan::Paid.into(),
            email: Email(format!("Bobby{id}@Example.org")).into(),
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = other::schema::accounts)]
struct Account {
    id: i64,
    #[diesel(embed)]
    iban: Searchable<String, account_columns::iban>,
}

fn with_members(test: impl FnOnce(&mut Conn)) {
    with_database(connect, dump, |conn| {
        execute(
            conn,
            &[
                &format!(
                    "CREATE TABLE members (id BIGINT PRIMARY KEY, name {BYTES}, postcode {BYTES}, \
                     postcode_index {BYTES}, age {BYTES}, age_index {BYTES}, plan {BYTES}, \
                     email {BYTES}, email_index {BYTES}, name_age_index {BYTES})"
                ),
                &format!(
                    "CREATE TABLE accounts (id BIGINT PRIMARY KEY, iban {BYTES}, \
                     iban_index {BYTES})"
                ),
            ],
        );
        test(conn);
    });
}

#[test]
fn own_types_and_normalisers_are_written_and_found() {
    with_members(|conn| {
        let members = vec![Member::new(1, Some(40)), Member::new(2, None)];
        diesel::insert_into(members::table).values(&members).execute(conn).unwrap();
        let both = members::table.filter(members::postcode_index.matches("SW1A 2AA"));
        assert_eq!(both.count().get_result::<i64>(conn).unwrap(), 2);
        let forty = members::table.filter(members::age_index.matches(&40));
        assert_eq!(forty.select(members::id).load::<i64>(conn).unwrap(), [1]);
        let found: Member = members::table
            .filter(members::email_index.matches("bobby2@example.org"))
            .select(Member::as_select())
            .get_result(conn)
            .unwrap();
        assert_eq!(
            (found.id, *found.plan, found.email.0.as_str()),
            (2, Plan::Paid, "Bobby2@Example.org")
        );
        let born = ("BOBBY tables 2".to_owned(), None);
        let found = members::table.filter(members::name_age_index.matches(&born));
        assert_eq!(found.select(members::id).load::<i64>(conn).unwrap(), [2]);
    });
}

#[test]
fn columns_of_another_crate_have_marker_types() {
    with_members(|conn| {
        use other::schema::accounts;

        let account = Account { id: 1, iban: "DE02 Tables".into() };
        diesel::insert_into(accounts::table).values(&account).execute(conn).unwrap();
        let found: Searchable<String, account_columns::iban> = accounts::table
            .filter(accounts::iban_index.matches_as::<account_columns::iban_index>("DE02 Tables"))
            .select(accounts::iban)
            .get_result(conn)
            .unwrap();
        assert_eq!(found.as_str(), "DE02 Tables");
    });
}

#[test]
fn the_declaration_is_the_same_for_the_tools() {
    let columns = members::table::encrypted_columns();
    let [name, postcode, age, plan, email] = columns.as_slice() else { panic!("{columns:?}") };
    assert_eq!(
        (name.to_string(), name.label.as_deref()),
        ("members.name".into(), Some("members.name"))
    );
    assert_eq!((postcode.pad_to, postcode.accept), (Some(8), Accept::STRICT));
    assert_eq!((&*postcode.indexes[0].name, postcode.indexes[0].bits), ("postcode_index", 40));
    let normalized = postcode.indexes[0].normalizer.apply(b"sw1a 2aa").unwrap();
    assert_eq!(*normalized, b"SW1A2AA");
    assert_eq!(age.value, ValueType::Integer);
    assert!(matches!(age.indexes[0].normalizer, Normalizer::Exact));
    assert_eq!((&*age.indexes[0].label, age.indexes[0].bits), ("ages", 64));
    assert_eq!((plan.label.as_deref(), plan.accept), (Some("plans"), Accept::UNBOUND));
    let ValueType::Custom(custom) = plan.value else { panic!("{:?}", plan.value) };
    assert!(custom.check(Zeroizing::new(b"Free".to_vec())).is_ok());
    assert!(custom.check(Zeroizing::new(b"Gold".to_vec())).is_err());
    let index = &email.indexes[0];
    assert_eq!((&*index.label, index.key.as_deref()), ("addresses", Some("1")));
    assert_eq!(account_columns::encrypted_columns()[0].to_string(), "accounts.iban");
}
