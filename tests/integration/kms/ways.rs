//! The other three ways to hold the key, against a KMS emulator over HTTP, in the columns of a
//! database that Python shares.

use diesel::prelude::*;
use diesel_envelope::keyring::Algorithm;
use diesel_envelope::kms::{AwsKms, EncryptionContext, Kms as _};
use diesel_envelope::{KmsEncrypted, Sealed, WrappedKey};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::calls::{block_on, config};
use super::emulator::{KEY, REGION, application, url};
use super::python;

diesel::table! {
    /// Text columns, as in Python's schema.
    users (id) {
        id -> Integer,
        value -> Text,
        name -> Text,
        data_key -> Text,
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
struct User {
    id: i32,
    value: KmsEncrypted<String>,
    name: Sealed<String>,
    data_key: WrappedKey,
}

/// The columns of the Python program, and a token under the key in SSM.
#[derive(Serialize, Deserialize)]
struct Columns {
    value: String,
    name: String,
    data_key: String,
    token: String,
}

fn database() -> SqliteConnection {
    let mut conn = SqliteConnection::establish(":memory:").unwrap();
    diesel::sql_query(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, value TEXT, name TEXT, data_key TEXT)",
    )
    .execute(&mut conn)
    .unwrap();
    conn
}

async fn kms() -> AwsKms {
    AwsKms::builder().config(config(&url(), Some(REGION))).key(KEY).build().await
}

#[test]
fn rows_that_python_wrote_each_way_are_read() {
    let python: Columns = python::run("ways.py", &["write", "/read/here", "alias/app"], &[], "");
    let conn = &mut database();
    let columns = (
        users::value.eq(&python.value),
        users::name.eq(&python.name),
        users::data_key.eq(&python.data_key),
    );
    diesel::insert_into(users::table).values(columns).execute(conn).unwrap();
    let user: User = users::table.select(User::as_select()).first(conn).unwrap();
    block_on(async {
        let kms = kms().await;
        assert_eq!(kms.decrypt(&user.value).await.unwrap(), "Bobby Tables");
        let data_key = kms.unwrap_with(&user.data_key, &EncryptionContext::none()).await.unwrap();
        assert_eq!(data_key.open(&user.name).unwrap(), "Bobby Tables");
    });
    let (booted, _) = application("ssm:/read/here").decrypting([python.token]).boot();
    assert_eq!(booted.decrypted, ["Bobby Tables"]);
}

#[test]
fn rows_written_each_way_are_read_by_python() {
    // Python made the parameter and one token under it.
    let python: Columns = python::run("ways.py", &["write", "/written/here", "alias/app"], &[], "");
    let (booted, _) = application("ssm:/written/here").encrypting(["Duke Caboom"]).boot();
    let user = block_on(async {
        let kms = kms().await;
        let (data_key, wrapped) = kms.generate_data_key(&EncryptionContext::none()).await.unwrap();
        let fernet = data_key.with_algorithm(Algorithm::Fernet).unwrap();
        User {
            id: 1,
            value: kms.encrypt(&"Duke Caboom".to_owned()).await.unwrap(),
            name: fernet.seal(&"Duke Caboom".to_owned()).unwrap(),
            data_key: wrapped,
        }
    });
    let conn = &mut database();
    diesel::insert_into(users::table).values(&user).execute(conn).unwrap();
    let (value, name, data_key) =
        users::table.select((users::value, users::name, users::data_key)).first(conn).unwrap();
    let columns = Columns { value, name, data_key, token: booted.encrypted[0].0.clone() };
    assert_ne!(columns.token, python.token);
    let read: serde_json::Value = python::run(
        "ways.py",
        &["read", "/written/here"],
        &[],
        &serde_json::to_string(&columns).unwrap(),
    );
    assert_eq!(
        read,
        json!({"value": "Duke Caboom", "name": "Duke Caboom", "token": "Duke Caboom"})
    );
}
