//! An application with real models, as a separate process. It reads commands from standard input,
//! one on each line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use diesel::QueryResult;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_envelope::Keyring;
use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::wrapped::WrappedKeyrings;

use super::{Conn, establish};

/// The prefix of the application's answers, among the lines of the test harness.
const ANSWER: &str = "> ";
const VERSION: &str = "APPLICATION_VERSION";

/// A running process.
pub struct Application {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Application {
    /// Starts this version of the program, which boots from `SECRET_KEY` as any program does.
    pub fn start(
        version: &str,
        secret_key: &str,
        command_line: &crate::support::command_line::CommandLine,
        url: &str,
    ) -> Self {
        let test = format!("{}::application", module_path!().split_once("::").unwrap().1);
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", &test, "--ignored", "--nocapture", "--test-threads=1"]);
        command.env(VERSION, version).env("SECRET_KEY", secret_key).env("DATABASE_URL", url);
        command.env("DIESEL_ENVELOPE_LOCAL_KEY", command_line.path("key"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut application = Self { child, stdin, stdout };
        application.answer().unwrap_or_else(|error| panic!("{version} does not start: {error}"));
        application
    }

    /// Sends a command and returns the answer, or the error of the application.
    pub fn ask(&mut self, command: &str) -> Result<String, String> {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{command}").and_then(|()| stdin.flush()).unwrap();
        self.answer()
    }

    #[track_caller]
    pub fn answer_to(&mut self, command: &str) -> String {
        self.ask(command).unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Expects that the database refuses the write, because another row has this value.
    #[track_caller]
    pub fn refused(&mut self, command: &str) {
        assert_eq!(self.ask(command), Err("duplicate".to_owned()), "{command}");
    }

    fn answer(&mut self) -> Result<String, String> {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.stdout.read_line(&mut line).unwrap(), 0, "the application stopped");
            let Some(answer) = line.trim_end_matches('\n').strip_prefix(ANSWER) else { continue };
            return match answer.split_once(' ') {
                Some(("ok", answer)) => Ok(answer.to_owned()),
                Some((_, error)) => Err(error.to_owned()),
                None => panic!("{answer}"),
            };
        }
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// The process itself.
#[test]
#[ignore = "other tests start it"]
fn application() {
    Keyring::from_env_blocking("SECRET_KEY").unwrap().install().unwrap();
    let mut conn = establish(&std::env::var("DATABASE_URL").unwrap());
    let run = version(&std::env::var(VERSION).unwrap());
    say(Ok("ready".to_owned()));
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let words: Vec<_> = line.split(' ').collect();
        say(match words[..] {
            ["replace", value] => {
                replace(value).map(|()| "replaced".to_owned()).map_err(|error| error.to_string())
            }
            _ => patiently(|| run(&mut conn, &words)),
        });
    }
}

/// Replaces the keyring while the program runs.
fn replace(value: &str) -> diesel_envelope::Result<()> {
    let alternatives = WrappedKeyrings::parse("SECRET_KEY", value, &Options::new())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let document = Keyset::parse(&runtime.block_on(alternatives.unwrap_first())?)?;
    Keyring::from_keyset(&document, &Options::new())?.replace()
}

/// Retries a transaction that the database gave up to resolve a deadlock, as programs do.
fn patiently(mut run: impl FnMut() -> QueryResult<String>) -> Result<String, String> {
    loop {
        return match run() {
            Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
                Err("duplicate".to_owned())
            }
            Err(DieselError::DatabaseError(_, info))
                if info.message().contains("eadlock") || info.message().contains("read; try") =>
            {
                continue;
            }
            result => result.map_err(|error| {
                diesel_envelope::Error::find_in(&error)
                    .map_or_else(|| error.to_string(), ToString::to_string)
            }),
        };
    }
}

fn say(answer: Result<String, String>) {
    match answer {
        Ok(answer) => println!("\n{ANSWER}ok {answer}"),
        Err(error) => println!("\n{ANSWER}error {error}"),
    }
}

type Run = fn(&mut Conn, &[&str]) -> QueryResult<String>;

fn version(name: &str) -> Run {
    match name {
        "first" => first::run,
        "both" => both::run,
        "second" => second::run,
        "last" => last::run,
        name => panic!("no version {name}"),
    }
}

/// A version of the program: the index columns that it knows, the key of each, and the one that it
/// uses for lookups.
macro_rules! version {
    ($name:ident finds by $found:ident, indexes $indexes:ty, $($index:ident: $key:expr),+) => {
        mod $name {
            use std::borrow::Cow;

            use diesel::prelude::*;
            use diesel_envelope::blind_index::normalize;
            use diesel_envelope::{
                BlindIndexDsl, Context, Encrypted, IndexSpec, Searchable, SearchableColumn,
            };

            use super::Conn;

            diesel::table! {
                use diesel::sql_types::*;
                use diesel_envelope::sql_types::*;

                users (id) {
                    id -> BigInt,
                    email -> Ciphertext,
                    $($index -> BlindIndex,)+
                    note -> Nullable<CiphertextText>,
                }
            }

            impl Context for users::email {
                const LABEL: &'static str = "users.email";
            }
            impl Context for users::note {
                const LABEL: &'static str = "users.note";
            }
            $(impl IndexSpec for users::$index {
                type Value = str;
                const LABEL: &'static str = concat!("users.", stringify!($index));
                const KEY: Option<&'static str> = $key;
                fn normalize(value: &str) -> Cow<'_, [u8]> {
                    normalize::caseless(value)
                }
            })+
            impl SearchableColumn for users::email {
                type Indexes = $indexes;
            }

            #[derive(Queryable, Selectable)]
            #[diesel(table_name = users)]
            struct User {
                id: i64,
                #[diesel(embed)]
                email: Searchable<String, users::email>,
                note: Option<Encrypted<String, users::note>>,
            }

            #[derive(Insertable)]
            #[diesel(table_name = users)]
            struct NewUser {
                id: i64,
                #[diesel(embed)]
                email: Searchable<String, users::email>,
                note: Option<Encrypted<String, users::note>>,
            }

            #[derive(AsChangeset)]
            #[diesel(table_name = users)]
            struct Change {
                #[diesel(embed)]
                email: Searchable<String, users::email>,
            }

            fn new_user(id: &str, email: &str, note: &str) -> NewUser {
                let note = (!note.is_empty()).then(|| note.to_owned().into());
                NewUser { id: id.parse().unwrap(), email: email.into(), note }
            }

            pub fn run(conn: &mut Conn, words: &[&str]) -> QueryResult<String> {
                let by_id = |id: &str| users::table.find(id.parse::<i64>().unwrap());
                let insert = diesel::insert_into(users::table);
                match *words {
                    ["write", id, email, note] => {
                        insert.values(new_user(id, email, note)).execute(conn)
                    }
                    ["fill", from, to] => {
                        let ids = from.parse::<i64>().unwrap()..to.parse::<i64>().unwrap();
                        let row = |id: i64| {
                            new_user(&id.to_string(), &format!("Fill-{id}@Example.org"), "fill")
                        };
                        let rows: Vec<_> = ids.map(row).collect();
                        rows.chunks(200).map(|rows| insert.values(rows).execute(conn)).sum()
                    }
                    ["change", id, email] => {
                        let change = Change { email: email.into() };
                        diesel::update(by_id(id)).set(change).execute(conn)
                    }
                    ["save", id] => {
                        let user = by_id(id).select(User::as_select()).first(conn)?;
                        diesel::update(by_id(id)).set(Change { email: user.email }).execute(conn)
                    }
                    ["find", email] => {
                        let found = users::table.filter(users::$found.matches(email));
                        let ids = found.order(users::id).select(users::id).load::<i64>(conn)?;
                        return Ok(format!("{ids:?}"));
                    }
                    ["all"] => {
                        let users = users::table.order(users::id);
                        let users = users.select(User::as_select()).load(conn)?;
                        let line = |user: &User| {
                            let note = user.note.as_ref().map(|note| note.to_string());
                            format!("{} {} {}\t", user.id, *user.email, note.unwrap_or_default())
                        };
                        return Ok(users.iter().map(line).collect());
                    }
                    _ => panic!("{words:?}"),
                }
                .map(|rows| rows.to_string())
            }
        }
    };
}

version!(first finds by email_index, indexes users::email_index, email_index: None);
version!(
    both finds by email_index, indexes (users::email_index, users::email_index_b),
    email_index: Some("a"), email_index_b: Some("b")
);
version!(
    second finds by email_index_b, indexes (users::email_index, users::email_index_b),
    email_index: Some("a"), email_index_b: Some("b")
);
version!(last finds by email_index_b, indexes users::email_index_b, email_index_b: Some("b"));
