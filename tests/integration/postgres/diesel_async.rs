//! Cases for diesel-async on PostgreSQL.

use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::{Connection, ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use diesel_envelope::{BlindIndexDsl, EncryptDsl, Encrypted, Error, Plaintext};

use super::Conn;
use crate::support::database::*;
use crate::support::keyring::install_keyring;
use crate::support::models::*;

/// A text that counts its encodings, and so the calls of `to_sql`.
struct Counted(String);

static ENCODED: AtomicUsize = AtomicUsize::new(0);

impl Plaintext for Counted {
    type Holder = diesel_envelope::NotWiped<Self>;

    fn encode(&self) -> Result<diesel_envelope::Encoded<'_>, Error> {
        ENCODED.fetch_add(1, Ordering::Relaxed);
        Ok(diesel_envelope::Encoded::Borrowed(self.0.as_bytes()))
    }

    fn decode(bytes: zeroize::Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        String::decode(bytes).map(Self)
    }
}

#[tokio::test]
async fn diesel_async_writes_each_value_once() {
    install_keyring();
    let schema = unique_name();
    let mut conn = AsyncPgConnection::establish(&url("TEST_POSTGRES_URL")).await.unwrap();
    tokio::task::spawn_blocking({
        let schema = schema.clone();
        move || {
            let mut conn = <Conn as Connection>::establish(&url("TEST_POSTGRES_URL")).unwrap();
            execute(
                &mut conn,
                &[&format!("CREATE SCHEMA {schema}"), &format!("SET search_path TO {schema}")],
            );
            migrate(&mut conn, || super::MIGRATIONS);
        }
    })
    .await
    .unwrap();
    diesel::sql_query(format!("SET search_path TO {schema}")).execute(&mut conn).await.unwrap();

    diesel::insert_into(users::table)
        .values(&new_user("a", Some("1")))
        .execute(&mut conn)
        .await
        .unwrap();
    diesel::insert_into(users::table)
        .values(vec![new_user("b", None), new_user("c", None)])
        .execute(&mut conn)
        .await
        .unwrap();
    diesel::insert_into(users::table)
        .values(&new_user("A", None))
        .on_conflict(users::email_index)
        .do_update()
        .set(users::phone.encrypt("+49 30 555 2".to_owned()))
        .execute(&mut conn)
        .await
        .unwrap();
    let a: User = users::table
        .filter(users::email_index.matches("a@EXAMPLE.org"))
        .select(User::as_select())
        .first(&mut conn)
        .await
        .unwrap();
    assert_eq!((&**a.name, &***a.phone.as_ref().unwrap()), ("a Tables", "+49 30 555 2"));
    let returned: User = diesel::update(users::table.find(a.id))
        .set(&new_user("d", None))
        .returning(User::as_returning())
        .get_result(&mut conn)
        .await
        .unwrap();
    assert_eq!(&**returned.email, "d@Example.org");
    let found: Vec<User> = users::table
        .filter(users::email_index.matches_any(["b@example.org", "c@example.org"]))
        .select(User::as_select())
        .load(&mut conn)
        .await
        .unwrap();
    assert_eq!(found.len(), 2);

    let values = ["x Tables", "y Tables"]
        .map(|name| users::name.eq(Encrypted::<Counted, users::name>::new(Counted(name.into()))));
    ENCODED.store(0, Ordering::Relaxed);
    for value in values {
        diesel::update(users::table.find(a.id)).set(value).execute(&mut conn).await.unwrap();
    }
    assert_eq!(ENCODED.swap(0, Ordering::Relaxed), 2, "one to_sql for each value");

    let text = "plain text that is long enough to pass for a ciphertext";
    let error = diesel::sql_query("UPDATE users SET name = convert_to($1, 'UTF8')")
        .bind::<diesel::sql_types::Text, _>(text)
        .execute(&mut conn)
        .await;
    assert!(error.unwrap_err().to_string().contains("ciphertext_check"));
}
