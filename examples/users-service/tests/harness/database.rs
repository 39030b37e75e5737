//! A database for one test, which is dropped at its end.

use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use diesel::{Connection, QueryableByName, SqliteConnection};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_envelope::Keyring;
use diesel_envelope_tools::{self as tools, Column, Report, RunOptions};

pub enum Database {
    Sqlite { folder: PathBuf },
    Postgres { server: String, name: String },
}

fn unique() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

/// SQLite always, and PostgreSQL where `TEST_POSTGRES_URL` names a server.
pub async fn databases() -> Vec<Database> {
    let mut databases = vec![sqlite()];
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(url) => databases.push(postgres(&url).await),
        Err(_) => eprintln!("not run on PostgreSQL: TEST_POSTGRES_URL is not set"),
    }
    databases
}

pub fn sqlite() -> Database {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(unique());
    std::fs::create_dir_all(&folder).unwrap();
    Database::Sqlite { folder }
}

async fn postgres(url: &str) -> Database {
    let (server, _) = url.rsplit_once('/').unwrap();
    let (server, name) = (server.to_owned(), format!("users_service_{}", unique()));
    let mut conn = AsyncPgConnection::establish(url).await.unwrap();
    conn.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    Database::Postgres { server, name }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::Text)]
    row: String,
}

impl Database {
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite { folder } => folder.join("users.sqlite").display().to_string(),
            Self::Postgres { server, name } => format!("{server}/{name}"),
        }
    }

    pub async fn execute(&self, sql: &str) {
        match self {
            Self::Sqlite { .. } => self.sqlite_connection().batch_execute(sql).unwrap(),
            Self::Postgres { .. } => {
                let mut conn = AsyncPgConnection::establish(&self.url()).await.unwrap();
                conn.batch_execute(sql).await.unwrap();
            }
        }
    }

    /// Returns every byte that the database stores: the files of SQLite, or the rows as text and
    /// their bytes decoded.
    pub async fn dump(&self) -> Vec<u8> {
        match self {
            Self::Sqlite { folder } => ["users.sqlite", "users.sqlite-wal"]
                .iter()
                .flat_map(|name| std::fs::read(folder.join(name)).unwrap_or_default())
                .collect(),
            Self::Postgres { .. } => {
                let mut conn = AsyncPgConnection::establish(&self.url()).await.unwrap();
                let sql = "SELECT users::text || array_to_string(ARRAY[encode(name, 'escape'), \
                           encode(email, 'escape'), encode(email_index, 'escape'), \
                           encode(phone, 'escape'), encode(phone_index, 'escape'), \
                           encode(birth_date, 'escape'), encode(plan, 'escape')], ' ') AS row \
                           FROM users";
                let rows: Vec<Row> =
                    RunQueryDsl::load(diesel::sql_query(sql), &mut conn).await.unwrap();
                rows.into_iter().flat_map(|row| row.row.into_bytes()).collect()
            }
        }
    }

    /// Re-encrypts every row, as `diesel-envelope rotate` does.
    pub async fn rotate(&self, keyring: Keyring, columns: Vec<Column>) -> Report {
        let (url, is_sqlite) = (self.url(), matches!(self, Self::Sqlite { .. }));
        let rotate = move || {
            let options = RunOptions::new().batch_size(5);
            if is_sqlite {
                let mut conn = SqliteConnection::establish(&url).unwrap();
                conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
                tools::rotate(&mut [conn], &keyring, &columns, &options, &()).unwrap()
            } else {
                let conn: AsyncConnectionWrapper<AsyncPgConnection> =
                    Connection::establish(&url).unwrap();
                tools::rotate(&mut [conn], &keyring, &columns, &options, &()).unwrap()
            }
        };
        tokio::task::spawn_blocking(rotate).await.unwrap()
    }

    fn sqlite_connection(&self) -> SqliteConnection {
        let mut conn = <SqliteConnection as Connection>::establish(&self.url()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
        conn
    }

    pub async fn drop(self) {
        match self {
            Self::Sqlite { folder } => std::fs::remove_dir_all(folder).unwrap(),
            Self::Postgres { server, name } => {
                let admin = format!("{server}/postgres");
                let mut conn = AsyncPgConnection::establish(&admin).await.unwrap();
                conn.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
            }
        }
    }
}
