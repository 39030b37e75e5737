//! Search tokens and ranges on SQLite, PostgreSQL and MariaDB, through one connection type of
//! `#[derive(diesel::MultiConnection)]`.

use diesel::connection::SimpleConnection;
use diesel::mysql::MysqlConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use diesel_envelope::{BucketIndexDsl, Searchable, TokensDsl};

use crate::support::keyring::install_keyring;

#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    Postgres(PgConnection),
    Mysql(MysqlConnection),
    Sqlite(SqliteConnection),
}

diesel_envelope::multi_backend!(MultiBackend: diesel::pg::Pg, diesel::mysql::Mysql, diesel::sqlite::Sqlite);

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    cities (id) {
        id -> BigInt,
        name -> Ciphertext,
        name_tokens -> Nullable<SearchTokens>,
        people -> Ciphertext,
        people_index -> BlindIndex,
    }
}

diesel_envelope::columns! {
    cities {
        name => name_tokens: words + prefixes 2..=6,
        people: as i64 => people_index: bucket 1_000 in 0..=50_000,
    }
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = cities)]
struct City {
    id: i64,
    #[diesel(embed)]
    name: Searchable<String, cities::name>,
    #[diesel(embed)]
    people: Searchable<i64, cities::people>,
}

fn city(id: i64, name: &str, people: i64) -> City {
    City { id, name: name.into(), people: people.into() }
}

fn words_and_ranges_are_found(
    conn: &mut AnyConnection,
    (bytes, tokens): (&str, &str),
    token_index: Vec<String>,
) {
    install_keyring();
    let table = format!(
        "CREATE TABLE cities (id BIGINT PRIMARY KEY, name {bytes} NOT NULL, name_tokens {tokens}, \
         people {bytes}, people_index {bytes})"
    );
    for statement in std::iter::once(table).chain(token_index) {
        conn.batch_execute(&statement).unwrap();
    }
    for city in [city(1, "Stratford-upon-Avon", 30_495), city(2, "Bath", 94_092), city(3, "", 500)]
    {
        diesel::insert_into(cities::table).values(&city).execute(conn).unwrap();
    }
    diesel::update(cities::table.find(3))
        .set(city(3, "Bradford on Avon", 9_402))
        .execute(conn)
        .unwrap();
    let avon = cities::table.filter(cities::name_tokens.matches_word("avon"));
    assert_eq!(avon.select(cities::id).order(cities::id).load::<i64>(conn).unwrap(), [1, 3]);
    let found = cities::table
        .filter(cities::name_tokens.matches_prefix("upon-av"))
        .or_filter(cities::people_index.matches_between(&9_000_i64, &9_999))
        .select(cities::id)
        .order(cities::id);
    assert_eq!(found.load::<i64>(conn).unwrap(), [1, 3]);
    let other = cities::table.filter(diesel::dsl::not(cities::name_tokens.matches_prefix("br")));
    assert_eq!(other.count().get_result::<i64>(conn).unwrap(), 2);
}

macro_rules! on {
    ($($database:ident: $variant:ident;)+) => { $(
        #[test]
        fn $database() {
            let conn = &mut AnyConnection::$variant(crate::support::$database::connect());
            words_and_ranges_are_found(
                conn,
                (crate::support::$database::BYTES, crate::support::$database::TOKENS),
                crate::support::$database::token_index("cities", "name_tokens", 2, &["id"]),
            );
        }
    )+ };
}

on! {
    postgres: Postgres;
    mysql: Mysql;
    sqlite: Sqlite;
}
