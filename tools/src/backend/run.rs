//! Running a statement on a connection.

use diesel::RunQueryDsl;
use diesel::backend::Backend;
use diesel::connection::LoadConnection;

use super::ToolBackend;
use crate::database_failure::DatabaseFailure;
use crate::statement::{RawRow, Statement};

/// Runs statements, on each backend.
pub trait Run: Sized {
    /// Returns the number of changed rows.
    fn execute<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        statement: Statement,
    ) -> Result<usize, DatabaseFailure>
    where
        Self: Backend;

    fn load<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        statement: Statement,
    ) -> Result<Vec<RawRow>, DatabaseFailure>
    where
        Self: Backend;
}

macro_rules! runs_on {
    ($backend:ty) => {
        impl Run for $backend {
            fn execute<C: LoadConnection<Backend = Self>>(
                conn: &mut C,
                statement: Statement,
            ) -> Result<usize, DatabaseFailure> {
                RunQueryDsl::execute(&statement, conn)
                    .map_err(|error| <Self as ToolBackend>::named(conn, &statement, error))
            }

            fn load<C: LoadConnection<Backend = Self>>(
                conn: &mut C,
                statement: Statement,
            ) -> Result<Vec<RawRow>, DatabaseFailure> {
                RunQueryDsl::load(&statement, conn)
                    .map_err(|error| <Self as ToolBackend>::named(conn, &statement, error))
            }
        }
    };
}

#[cfg(feature = "postgres")]
runs_on!(diesel::pg::Pg);
#[cfg(feature = "mysql")]
runs_on!(diesel::mysql::Mysql);
#[cfg(feature = "sqlite")]
runs_on!(diesel::sqlite::Sqlite);
