//! The database: PostgreSQL or SQLite, with the same queries.

use diesel::SqliteConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::pooled_connection::deadpool::{BuildError, Pool, PoolError};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{
    AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
};
use diesel_envelope::blind_index::normalize;
use diesel_envelope::search_tokens::has_prefix;
use diesel_envelope::{BlindIndexDsl, TokensDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::model::{Credentials, Member, NewUser, Profile, StoredUser, User};
use crate::schema::{sql_types, users};
use crate::user_id::UserId;

const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgresql");
const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

type AsyncSqliteConnection = SyncConnectionWrapper<SqliteConnection>;

/// A pool of connections to the database that `DATABASE_URL` names.
pub enum Store {
    Postgres(Pool<AsyncPgConnection>),
    Sqlite(Pool<AsyncSqliteConnection>),
}

/// A query did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("another user has this e-mail address")]
    EmailTaken,
    #[error("no such row")]
    NotFound,
    #[error("no connection to the database")]
    Pool(#[from] PoolError),
    #[error("{}", describe(.0))]
    Query(DieselError),
    #[error("the pool of connections cannot be built")]
    Build(#[from] BuildError),
    #[error("the migrations did not run: {0}")]
    Migration(Box<dyn std::error::Error + Send + Sync>),
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => Self::NotFound,
            // The only UNIQUE column, apart from the id, is the index of the e-mail.
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Self::EmailTaken,
            error => Self::Query(error),
        }
    }
}

/// Describes an error for the log. The database's own message can quote a value, so the kind and
/// the constraint must do. The library's messages never contain a value.
fn describe(error: &DieselError) -> String {
    if let Some(error) = diesel_envelope::Error::find_in(error) {
        return error.to_string();
    }
    match error {
        DieselError::DatabaseError(kind, information) => {
            let constraint = information.constraint_name().unwrap_or("none");
            format!("database error {kind:?}, constraint {constraint}")
        }
        _ => "query failed".to_owned(),
    }
}

/// Runs one query on a connection to either database. Diesel's types differ between the two, so
/// the query is compiled once for each.
macro_rules! query {
    ($store:expr, |$conn:ident| $query:expr) => {
        match $store {
            Store::Postgres(pool) => {
                let $conn = &mut pool.get().await?;
                $query.await
            }
            Store::Sqlite(pool) => {
                let $conn = &mut pool.get().await?;
                $query.await
            }
        }
    };
}

impl Store {
    /// Builds the pool, without a connection yet.
    pub fn new(database_url: &str) -> Result<Self, StoreError> {
        if database_url.starts_with("postgres://") || database_url.starts_with("postgresql://") {
            let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new(database_url);
            return Ok(Self::Postgres(Pool::builder(manager).max_size(16).build()?));
        }
        let mut config = ManagerConfig::<AsyncSqliteConnection>::default();
        config.custom_setup = Box::new(|path| Box::pin(open_sqlite(path.to_owned())));
        let manager = AsyncDieselConnectionManager::new_with_config(database_url, config);
        Ok(Self::Sqlite(Pool::builder(manager).max_size(4).build()?))
    }

    /// Runs the migrations that the database lacks, and returns their number.
    pub async fn migrate(&self) -> Result<usize, StoreError> {
        let run = match self {
            Self::Postgres(pool) => AsyncMigrationHarness::new(pool.get().await?)
                .run_pending_migrations(POSTGRES_MIGRATIONS)
                .map(|versions| versions.len()),
            Self::Sqlite(pool) => AsyncMigrationHarness::new(pool.get().await?)
                .run_pending_migrations(SQLITE_MIGRATIONS)
                .map(|versions| versions.len()),
        };
        run.map_err(StoreError::Migration)
    }

    /// Checks that the database answers and has the table.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let one = users::table.select(users::id).limit(1);
        query!(self, |conn| one.load::<UserId>(conn))?;
        Ok(())
    }

    pub async fn insert(&self, user: &NewUser) -> Result<(), StoreError> {
        query!(self, |conn| diesel::insert_into(users::table).values(user).execute(conn))?;
        Ok(())
    }

    /// Finds a user by e-mail address, in any letter case. Whoever can write to the database can
    /// point an index at any row, so the decrypted address is compared too.
    pub async fn find_by_email(&self, email: &str) -> Result<Option<Credentials>, StoreError> {
        let user = users::table.filter(users::email_index.matches(email));
        let found: QueryResult<Credentials> =
            query!(self, |conn| user.select(Credentials::as_select()).first(conn));
        let is_same =
            |user: &Credentials| normalize::caseless(&user.email) == normalize::caseless(email);
        Ok(found.optional()?.filter(is_same))
    }

    /// Finds the members with this telephone number, at most `limit`.
    pub async fn find_by_phone(&self, phone: &str, limit: i64) -> Result<Vec<Member>, StoreError> {
        let members = users::table.filter(users::phone_index.matches(phone));
        let members = members.order(users::id).limit(limit);
        let mut found: Vec<Member> =
            query!(self, |conn| members.select(Member::as_select()).load(conn))?;
        found.retain(|member| {
            let stored = member.phone.as_ref().and_then(|stored| stored.as_ref().ok());
            stored.is_some_and(|stored| normalize::digits(stored) == normalize::digits(phone))
        });
        Ok(found)
    }

    /// Finds the members with a word in their name that begins as `typed` does, at most `limit`. Tokens
    /// are truncated, so the decrypted names are compared too.
    pub async fn find_by_name(&self, typed: &str, limit: usize) -> Result<Vec<Member>, StoreError> {
        let members = users::table.filter(users::name_tokens.matches_prefix(typed));
        let members = members.order(users::id);
        let mut found: Vec<Member> =
            query!(self, |conn| members.select(Member::as_select()).load(conn))?;
        found.retain(|member| member.name.as_ref().is_ok_and(|name| has_prefix(name, typed)));
        found.truncate(limit);
        Ok(found)
    }

    /// Returns the members after an id, at most `limit`, in the order of their sign-up.
    pub async fn list(&self, after: Option<UserId>, limit: i64) -> Result<Vec<Member>, StoreError> {
        let after = after.unwrap_or(UserId::FIRST);
        let members = users::table.filter(users::id.gt(after)).order(users::id).limit(limit);
        Ok(query!(self, |conn| members.select(Member::as_select()).load(conn))?)
    }

    pub async fn get(&self, id: UserId) -> Result<User, StoreError> {
        let user = users::table.find(id);
        Ok(query!(self, |conn| user.select(User::as_select()).first(conn))?)
    }

    /// Returns the row as the database stores it.
    pub async fn get_stored(&self, id: UserId) -> Result<StoredUser, StoreError> {
        let row = diesel::sql_query(StoredUser::QUERY).bind::<sql_types::UserId, _>(id);
        Ok(query!(self, |conn| row.get_result(conn))?)
    }

    pub async fn update(&self, id: UserId, profile: &Profile) -> Result<User, StoreError> {
        let update = diesel::update(users::table.find(id)).set(profile);
        Ok(query!(self, |conn| update.returning(User::as_returning()).get_result(conn))?)
    }

    pub async fn delete(&self, id: UserId) -> Result<(), StoreError> {
        let deleted = query!(self, |conn| diesel::delete(users::table.find(id)).execute(conn))?;
        if deleted == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }
}

/// Opens a SQLite file for several connections: readers do not wait for the writer, and a writer
/// waits for another.
async fn open_sqlite(path: String) -> ConnectionResult<AsyncSqliteConnection> {
    let mut conn = AsyncSqliteConnection::establish(&path).await?;
    conn.batch_execute(
        "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
    )
    .await
    .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}
