//! Connections, to whichever of the databases the URL names.

use clap::Args;
use diesel::Connection;

use super::failure::Failure;

/// The database of a command that reads tables.
#[derive(Args)]
pub struct DatabaseArgs {
    /// Where the tables are: postgres://…, mysql://…, or the path of an SQLite file
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL", help_heading = "Database")]
    pub database_url: Option<String>,
}

/// What the URL names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    PostgreSql,
    MySql,
    Sqlite,
}

impl DatabaseArgs {
    pub fn url(&self) -> Result<&str, Failure> {
        let missing = || Failure::usage("no database is named").remedy("set DATABASE_URL, or say --database-url");
        self.database_url.as_deref().filter(|url| !url.is_empty()).ok_or_else(missing)
    }
}

impl Kind {
    pub fn of(url: &str) -> Self {
        match url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase()).as_deref() {
            Some("postgres" | "postgresql") => Self::PostgreSql,
            Some("mysql") => Self::MySql,
            _ => Self::Sqlite,
        }
    }

    #[cfg(not(all(feature = "libpq", feature = "libmysqlclient", feature = "sqlite")))]
    pub fn feature_is_off(self) -> Failure {
        let (name, feature) = match self {
            Self::PostgreSql => ("PostgreSQL", "libpq"),
            Self::MySql => ("MySQL", "libmysqlclient"),
            Self::Sqlite => ("SQLite", "sqlite"),
        };
        Failure::new(format!("this build does not connect to {name}"))
            .remedy(format!("install it with that feature: cargo install diesel-envelope-tools --features cli,{feature}"))
    }
}

/// Connects so many times.
pub fn establish<C: Connection>(url: &str, count: usize) -> Result<Vec<C>, Failure> {
    let kind = Kind::of(url);
    if kind == Kind::Sqlite && !url.starts_with("file:") && !std::path::Path::new(url).exists() {
        return Err(Failure::new("there is no such SQLite file")
            .remedy("check the database URL: it is the path of a file, or begins with postgres:// or mysql://"));
    }
    let connect = |_| {
        let mut conn = C::establish(url)?;
        if kind == Kind::Sqlite {
            conn.batch_execute("PRAGMA busy_timeout = 60000").map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
        }
        Ok(conn)
    };
    let refused = |error: diesel::ConnectionError| {
        let words = error.to_string().replace(url, "…");
        match quotes_password(&words, url) {
            false => Failure::new(format!("no connection to the database: {words}"))
                .remedy("check the database URL, and whether the server is up"),
            true => Failure::new("no connection to the database, for a reason that quotes the password")
                .remedy("check the database URL: in a password, write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23 and % as %25"),
        }
    };
    (0..count).map(connect).collect::<Result<_, _>>().map_err(refused)
}

/// Whether a driver's words have a piece of the password in them: one with characters that should have been escaped is taken for a
/// host or a port, which an error names.
fn quotes_password(words: &str, url: &str) -> bool {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let password = match rest.rsplit_once('@') {
        Some((account, _)) => account.split_once(':').map_or("", |(_, password)| password),
        // The host is missing, or what stands for a port is none.
        None => rest
            .split('/')
            .next()
            .and_then(|place| place.split_once(':'))
            .map_or("", |(_, port)| port.trim_matches(|c: char| c.is_ascii_digit())),
    };
    let parameter = rest.split_once("password=").map_or("", |(_, value)| value);
    let pieces = [password, parameter].into_iter().flat_map(|text| text.split(['@', ':', '/', '?', '#', '&', '=', '%']));
    pieces.filter(|piece| piece.len() > 2).any(|piece| words.contains(piece))
}

/// Runs an expression with as many connections as wanted, of the type that the URL asks for.
macro_rules! with_database {
    ($url:expr, $count:expr, |$conns:ident| $run:expr) => {{
        let url: &str = $url;
        match $crate::cli::database::Kind::of(url) {
            #[cfg(feature = "libpq")]
            $crate::cli::database::Kind::PostgreSql => {
                let mut $conns = $crate::cli::database::establish::<diesel::PgConnection>(url, $count)?;
                $run
            }
            #[cfg(feature = "libmysqlclient")]
            $crate::cli::database::Kind::MySql => {
                let mut $conns = $crate::cli::database::establish::<diesel::MysqlConnection>(url, $count)?;
                $run
            }
            #[cfg(feature = "sqlite")]
            $crate::cli::database::Kind::Sqlite => {
                let mut $conns = $crate::cli::database::establish::<diesel::SqliteConnection>(url, $count)?;
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
    use super::quotes_password;

    #[test]
    fn a_password_is_recognised_by_its_pieces() {
        for (words, url, quotes) in [
            ("no host \"secret@db\"", "postgres://bob:x@secret@db/app", true),
            ("no port \"secret\"", "postgres://bob:secret/x@db/app", true),
            ("no port \"secret\"", "postgres://bob:secret", true),
            ("no port \"123456\"", "postgres://bob:123456/x@db/app", true),
            ("no parameter \"secret\"", "postgres://bob:x?secret=y@db/app", true),
            ("no such thing: secret", "postgres://db/app?user=bob&password=secret", true),
            ("connection to db, port 5432, refused for app", "postgres://bob:secret@db:5432/app", false),
            ("connection to db, port 5432, refused for app", "postgres://db:5432", false),
            ("database \"app\" does not exist", "postgres://db/app", false),
            ("database \"app\" does not exist", "postgres://db:5432/app", false),
        ] {
            assert_eq!(quotes_password(words, url), quotes, "{url}");
        }
    }
}
