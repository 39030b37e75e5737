//! Connections to the database that the URL names.

use std::cell::Cell;

use clap::Args;
use diesel::Connection;
use diesel::connection::CacheSize;
use diesel_envelope::Printable;
use url::{SyntaxViolation, Url};

use crate::Dialect;
use crate::cli::failure::Failure;

/// The database of a command that reads tables.
#[derive(Args)]
pub struct DatabaseArgs {
    /// Connect to this database: postgres://…, mysql://…, or the path of an SQLite file
    #[arg(
        long,
        env = "DATABASE_URL",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Database"
    )]
    pub database_url: Option<String>,
}

/// The backend that a URL names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    PostgreSql,
    MySql,
    Sqlite,
}

impl DatabaseArgs {
    pub fn url(&self) -> Result<&str, Failure> {
        let missing = || {
            Failure::usage("no database is named").remedy("set DATABASE_URL, or use --database-url")
        };
        self.database_url.as_deref().filter(|url| !url.is_empty()).ok_or_else(missing)
    }
}

impl Kind {
    /// Returns the backend by the scheme alone. If a password is not escaped, the `url` crate does
    /// not parse the rest of the URL.
    pub fn of(url: &str) -> Self {
        match url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase()).as_deref() {
            Some("postgres" | "postgresql") => Self::PostgreSql,
            Some("mysql") => Self::MySql,
            _ => Self::Sqlite,
        }
    }

    pub fn dialect(self) -> Dialect {
        match self {
            Self::PostgreSql => Dialect::PostgreSql,
            Self::MySql => Dialect::MySql,
            Self::Sqlite => Dialect::Sqlite,
        }
    }

    #[cfg(not(all(feature = "libpq", feature = "libmysqlclient", feature = "sqlite")))]
    pub fn feature_is_off(self) -> Failure {
        let (name, feature) = match self {
            Self::PostgreSql => ("PostgreSQL", "libpq"),
            Self::MySql => ("MySQL", "libmysqlclient"),
            Self::Sqlite => ("SQLite", "sqlite"),
        };
        Failure::new(format!("this build does not connect to {name}")).remedy(format!(
            "install it with this feature: cargo install diesel-envelope-tools \
            --features cli,{feature}"
        ))
    }
}

/// Opens this many connections.
pub fn establish<C: Connection>(url: &str, count: usize) -> Result<Vec<C>, Failure> {
    let kind = Kind::of(url);
    if kind == Kind::Sqlite && !url.starts_with("file:") && !std::path::Path::new(url).exists() {
        return Err(Failure::new("the SQLite file does not exist")
            .remedy("check the database URL: give the path of a file, postgres://… or mysql://…"));
    }
    let connect = |_| {
        let mut conn = C::establish(url)?;
        // A pooler in transaction mode, such as PgBouncer, may run each transaction in another
        // session. A statement prepared in one session is missing in the next, or its name is
        // already in use.
        if kind == Kind::PostgreSql {
            conn.set_prepared_statement_cache_size(CacheSize::Disabled);
        }
        if kind == Kind::Sqlite {
            conn.batch_execute("PRAGMA busy_timeout = 60000")
                .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
        }
        Ok(conn)
    };
    (0..count).map(connect).collect::<Result<_, _>>().map_err(|error| refused(&error, url))
}

/// Returns the driver's message as a failure, but leaves it out if it may quote a password.
fn refused(error: &diesel::ConnectionError, url: &str) -> Failure {
    use diesel::ConnectionError::{BadConnection, InvalidConnectionUrl};
    let said = match error {
        BadConnection(said) | InvalidConnectionUrl(said) => said.trim().replace(url, "…"),
        _ => String::new(),
    };
    let failure = Failure::new(match said.as_str() {
        said if said.is_empty() || may_quote(said, url) => {
            "no connection to the database".to_owned()
        }
        said => format!("no connection to the database: {}", Printable(said)),
    });
    if is_clean(url) {
        return failure.remedy("check the database URL, and that the server is running");
    }
    failure.remedy(
        "check the database URL: in the user name and the password, write @ as %40, : as \
        %3A, / as %2F, ? as %3F, # as %23, % as %25 and a space as %20",
    )
}

/// Returns whether the driver's message may quote part of a password.
///
/// If characters are not escaped, a driver may mistake part of a password for a host, a port or a
/// parameter. That can happen if the `url` crate parses the URL to a different spelling, or if the
/// URL can be parsed in several ways.
fn may_quote(said: &str, url: &str) -> bool {
    let Ok(parsed) = Url::parse(url) else { return true };
    let is_password = |name: &str| name.to_ascii_lowercase().contains("pass");
    if !is_clean(url) || parsed.query_pairs().any(|(name, _)| is_password(&name)) {
        return true;
    }
    let password = parsed.password().unwrap_or_default();
    let decoded = percent_encoding::percent_decode_str(password).decode_utf8_lossy();
    !password.is_empty() && (said.contains(password) || said.contains(&*decoded))
}

/// Returns whether a URL can be parsed in one way only: everything is escaped where necessary, and
/// the only `@` precedes the host.
fn is_clean(url: &str) -> bool {
    let violated = Cell::new(false);
    let note = |violation| {
        violated.set(violated.get() || violation != SyntaxViolation::EmbeddedCredentials)
    };
    let Ok(parsed) = Url::options().syntax_violation_callback(Some(&note)).parse(url) else {
        return false;
    };
    let has_account = parsed.password().is_some() || !parsed.username().is_empty();
    !violated.get()
        && parsed.as_str() == url
        && url.matches('@').count() == usize::from(has_account)
        && !url.contains("%00")
}

/// Runs an expression with this many connections, of the type for the backend that the URL names.
macro_rules! with_database {
    ($url:expr, $count:expr, |$conns:ident| $run:expr) => {{
        let url: &str = $url;
        match $crate::cli::database::Kind::of(url) {
            #[cfg(feature = "libpq")]
            $crate::cli::database::Kind::PostgreSql => {
                let mut $conns =
                    $crate::cli::database::establish::<diesel::PgConnection>(url, $count)?;
                $run
            }
            #[cfg(feature = "libmysqlclient")]
            $crate::cli::database::Kind::MySql => {
                let mut $conns =
                    $crate::cli::database::establish::<diesel::MysqlConnection>(url, $count)?;
                $run
            }
            #[cfg(feature = "sqlite")]
            $crate::cli::database::Kind::Sqlite => {
                let mut $conns =
                    $crate::cli::database::establish::<diesel::SqliteConnection>(url, $count)?;
                $run
            }
            #[cfg(not(all(feature = "libpq", feature = "libmysqlclient", feature = "sqlite")))]
            kind => return Err(kind.feature_is_off()),
        }
    }};
}
pub(crate) use with_database;

#[cfg(test)]
mod tests {
    use diesel::ConnectionError::BadConnection;

    use super::*;

    #[test]
    fn a_driver_is_quoted_only_where_it_cannot_quote_a_password() {
        for (said, url, shown) in [
            ("no host \"secret@db\"", "postgres://bob:x@secret@db/app", false),
            ("no host \"secret@host\"", "postgres://bob:x@se%63ret@host", false),
            ("no port \"secret\"", "postgres://bob:secret/x@db/app", false),
            ("no port \"12\"", "postgres://bob:12/x@db/app", false),
            ("no port \"secret\"", "postgres://bob:secret", false),
            ("no port \"123456\"", "postgres://bob:123456/x@db/app", false),
            ("no parameter \"secret\"", "postgres://bob:x?secret=y@db/app", false),
            ("no database \"ab#cd@db\"", "postgres://bob:ab#cd@db/app", false),
            (
                "unexpected space in \"postgres://bob:se cret@db\"",
                "postgres://bob:se cret@db",
                false,
            ),
            ("invalid token \"%zz\"", "postgres://bob:x%zz@db/app", false),
            ("forbidden value %00 in \"ab%00\"", "postgres://bob:ab%00@db/app", false),
            ("no such thing: secret", "postgres://db/app?user=bob&password=secret", false),
            ("no parameter \"ab\"", "postgres://db/app?user=bob&password=x&ab=cd", false),
            ("no user with secret", "postgres://bob:secret@db/app", false),
            ("no user with se@ret", "postgres://bob:se%40ret@db/app", false),
            (
                "connection to db, port 5432, refused for app",
                "postgres://bob:secret@db:5432/app",
                true,
            ),
            (
                "connection to db, port 5432, refused for app",
                "mysql://bob:se%40ret@db:5432/app",
                true,
            ),
            ("connection to db, port 5432, refused for app", "postgres://db:5432", true),
            ("database \"app\" does not exist", "postgres://bob@db/app?sslmode=require", true),
            ("database \"app\" does not exist", "postgres:///app?host=%2Fvar%2Frun", true),
        ] {
            let failure = refused(&BadConnection(said.to_owned()), url);
            assert_eq!(failure.parts().0.contains(said), shown, "{url}: {failure:?}");
            assert!(shown || failure.parts().0 == "no connection to the database", "{failure:?}");
        }
        let failure = refused(&BadConnection("gone\n\u{1b}[2K".to_owned()), "postgres://db/app");
        assert_eq!(failure.parts().0, "no connection to the database: gone\\n\\u{1b}[2K");
    }
}
