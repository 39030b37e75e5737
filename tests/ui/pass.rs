//! Code that Diesel users write without a thought of encryption, and that no other test contains.
//! It compiles and runs.
mod schema;

use diesel::dsl::auto_type;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool};
use diesel::sqlite::Sqlite;
use diesel_envelope::dsl::Matches;
use diesel_envelope::sql_types::Ciphertext;
use diesel_envelope::{BlindIndexDsl, Context, EncryptDsl, Encrypted, Keyring, Searchable};
use schema::{Email, notes, posts, users};

type Phone = Encrypted<String, users::phone>;

#[derive(Insertable)]
#[diesel(table_name = users)]
struct NewUser {
    // A plain field that is encrypted when it is written.
    #[diesel(serialize_as = Note)]
    note: String,
    #[diesel(embed)]
    email: Searchable<String, users::email>,
    #[diesel(embed)]
    phone: Searchable<Option<String>, users::phone>,
}

type Note = Encrypted<String>;

#[derive(Debug, PartialEq)]
struct Address(String);

impl From<Email> for Address {
    fn from(email: Email) -> Self {
        Self(email.into_inner())
    }
}

#[derive(Queryable, Identifiable, AsChangeset)]
#[diesel(table_name = notes)]
struct Reminder {
    id: i32,
    text: Note,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct Recipient {
    #[diesel(deserialize_as = Email)]
    email: Address,
}

#[auto_type]
fn by_email<'a>(email: &'a str) -> _ {
    let is_theirs: Matches<users::email_index, &'a str> = users::email_index.matches(email);
    users::table.filter(is_theirs)
}

#[auto_type(dsl_path = "diesel_envelope::dsl")]
fn by_email_or_id<'a>(email: &'a str, id: i32) -> _ {
    users::table.filter(users::email_index.matches(email).or(users::id.eq(id)))
}

fn length<C: Context>(value: &Encrypted<String, C>) -> usize {
    value.len() + C::LABEL.len()
}

fn main() -> QueryResult<()> {
    Keyring::insecure_for_tests().install().unwrap();
    let conn = &mut SqliteConnection::establish(":memory:").unwrap();
    let create = "CREATE TABLE users (id INTEGER PRIMARY KEY, email BLOB, email_index BLOB, other_index BLOB, phone BLOB, phone_index BLOB,
                  note TEXT, raw BLOB, raw_text TEXT, flag BOOLEAN DEFAULT FALSE)";
    diesel::sql_query(create).execute(conn)?;
    diesel::sql_query("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)").execute(conn)?;
    diesel::sql_query("CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER)").execute(conn)?;

    let bobby = NewUser { note: "a note".to_owned(), email: "bobby@example.org".into(), phone: Some("030").into() };
    diesel::insert_into(users::table).values(bobby).execute(conn)?;
    diesel::insert_into(posts::table).values(posts::user_id.eq(1)).execute(conn)?;

    let (note, phone) = users::table.select((users::note, users::phone)).first::<(Note, Option<Phone>)>(conn)?;
    assert_eq!((note, phone), ("a note".into(), Some("030".into())));
    diesel::insert_into(notes::table).values(notes::text.eq(Note::from("one"))).execute(conn)?;
    let saved: Reminder = Reminder { id: 1, text: "another".into() }.save_changes(conn)?;
    assert_eq!(*saved.text, "another");
    let recipient = by_email("Bobby@example.org").select(Recipient::as_select()).first(conn)?;
    assert_eq!(recipient.email, Address("bobby@example.org".to_owned()));
    assert_eq!(by_email_or_id("nobody", 1).count().get_result::<i64>(conn)?, 1);

    let condition: Box<dyn BoxableExpression<users::table, Sqlite, SqlType = Bool>> =
        Box::new(users::email_index.matches("bobby@example.org").and(users::id.eq(1)));
    assert_eq!(users::table.filter(condition).count().get_result::<i64>(conn)?, 1);
    let by_phone = users::table.filter(users::phone_index.matches(&String::from("030")).assume_not_null());
    assert_eq!(by_phone.or_filter(users::flag.eq(true)).count().get_result::<i64>(conn)?, 1);
    let authors = posts::table.inner_join(users::table).filter(users::email_index.matches(&*Email::from("bobby@example.org")));
    let author = authors.select((posts::id, users::email)).first::<(i32, Email)>(conn)?;
    assert_eq!(length(&author.1), "bobby@example.org".len() + "users.email".len());

    let (email, phone) = (Email::from("new@example.org"), Some(Phone::from("040")));
    let row = || diesel::update(users::table.find(1));
    row().set((users::email.eq(&email), users::phone.eq(&phone), users::raw.eq(&email), users::raw_text.eq(&email))).execute(conn)?;
    row().set((users::phone.eq(phone.as_ref()), users::email.eq(Encrypted::<_, users::email>::new("typed".to_owned())))).execute(conn)?;
    row().set(users::email.encrypt("method".to_owned())).execute(conn)?;
    row().into_boxed().set((users::email.eq(&&email), users::phone.eq(None::<Phone>))).execute(conn)?;
    diesel::sql_query("UPDATE users SET email = ?").bind::<Ciphertext, _>(&email).execute(conn)?;
    diesel::sql_query("UPDATE users SET raw = ?").bind::<Binary, _>(&email).execute(conn)?;
    assert_eq!(users::table.select(users::raw).first::<Vec<u8>>(conn)?.len(), 34 + email.len());
    assert_eq!(users::table.select((users::raw, users::raw_text)).first::<(Email, Email)>(conn)?.0, email);

    diesel::insert_into(users::table).values(vec![(users::email.eq(&email), users::phone.eq(phone.clone()))]).execute(conn)?;
    diesel::insert_into(users::table).values(vec![users::email.eq(email.clone())]).execute(conn)?;
    diesel::insert_into(users::table).values(Some(users::email.eq(email))).execute(conn)?;
    assert_eq!(users::table.filter(users::phone.is_not_null()).select(users::phone).load::<Option<Phone>>(conn)?, [phone]);
    Ok(())
}
