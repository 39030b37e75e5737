//! Every command, with success and with failure, in every format, on every database. None prints a
//! value, a key or a password. A command that has no case here fails the test.

use std::collections::BTreeMap;

use diesel::connection::SimpleConnection;
use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::{Context, IndexSpec, Keyring};

use super::database::Database;
use super::{BYTES, DIGEST, URL_VAR, literal};
use crate::cli::help::commands;
use crate::cli::keys::command_line;
use crate::support::command_line::{CommandLine, FERNET_KEY, Outcome, key_in};
use crate::support::hex;

enum Email {}
impl Context for Email {
    const LABEL: &'static str = "users.email";
}
impl IndexSpec for Email {
    type Value = str;
    const LABEL: &'static str = "users.email_index";
    fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
        diesel_envelope::blind_index::normalize::caseless(value)
    }
}

/// The part that all plaintexts have.
const SECRET: &str = "hunter2";
const PASSWORD: &str = "correcthorsebattery";

const COLUMNS: &str = r#"
[[column]]
name = "users.email"
plaintext = "plain"
[[column.index]]
name = "email_index"
normalize = "caseless"
[[column]]
name = "people.email"
plaintext = "plain"
[[column.index]]
name = "email_index"
label = "users.email_index"
normalize = "caseless"
"#;

/// The commands and their exit codes. `FORMAT`, `ADDED`, `RETIRED` and `PRIMARY` are filled in.
const CASES: &[(&str, i32)] = &[
    ("keygen --local-key-file key", 0),
    ("keygen --local-key-file nowhere/key", 1),
    ("keygen", 2),
    ("wrap --from-file fernet --local-key-file key", 0),
    ("wrap --from-file document --local-key-file key", 0),
    ("wrap --from-file broken --local-key-file key", 1),
    ("wrap --from-file broken-document --local-key-file key", 1),
    ("wrap --from-file twice --local-key-file key", 1),
    ("wrap --from-file nowhere --local-key-file key", 1),
    ("rewrap --local-key-file key", 0),
    ("rewrap --from-file broken --local-key-file key", 1),
    ("rewrap --from-file fernet --local-key-file key", 1),
    ("rewrap --local-key-file broken", 1),
    ("add-key", 0),
    ("add-key --index --name b", 0),
    ("add-key --index --name a", 1),
    ("add-key --from-file document", 1),
    ("promote-key ADDED", 0),
    ("promote-key 00000000", 1),
    ("promote-key nothing", 2),
    ("retire-key ADDED --archive FORMAT.archive --dangerous-skip-scan --yes", 0),
    ("retire-key ADDED --archive FORMAT.archive --dangerous-skip-scan --yes", 1),
    ("retire-key ADDED --archive other.archive", 1),
    ("retire-key PRIMARY --archive other.archive", 1),
    ("retire-key PRIMARY", 2),
    ("restore-key RETIRED --archive retired.archive", 0),
    ("restore-key PRIMARY --archive retired.archive", 1),
    ("restore-key RETIRED --archive broken", 1),
    ("inspect", 0),
    ("inspect --all-alternatives", 0),
    ("inspect --from-file fernet", 1),
    ("inspect --from-file document", 1),
    ("inspect --local-key-file broken", 1),
    ("reveal --from-file broken", 1),
    ("reveal --from-file fernet", 1),
    ("reveal --local-key-file broken", 1),
    ("status people", 0),
    ("status", 1),
    ("status --quick", 1),
    ("status users.nothing", 1),
    ("status --database-url postgres://bobby:correcthorsebattery@127.0.0.1:1/app", 1),
    ("status --database-url mysql://bobby:correcthorsebattery@127.0.0.1:1/app", 1),
    ("backfill people", 0),
    ("backfill users --max-failures 100", 1),
    ("backfill people --where no_such_column", 1),
    ("backfill people --where plain=", 1),
    ("backfill guarded.email --plaintext plain", 1),
    ("rotate people", 0),
    ("rotate users", 1),
    ("rotate guarded.email --plaintext plain", 1),
    ("verify people", 0),
    ("verify users", 1),
    ("verify people --label people.other", 1),
    ("verify users.email --plaintext plain --type integer", 1),
    ("plan-index people.email --normalize caseless --plaintext plain", 0),
    ("plan-index people.email --normalize caseless", 0),
    ("plan-index users.nothing --normalize caseless", 1),
    ("generate-migration people.other --plaintext plain --step add --print", 0),
    ("generate-migration users.email --step create --plaintext plain --print", 1),
    ("export-columns", 0),
    ("export-columns nothing", 2),
    ("completions bash", 0),
    ("completions nothing", 2),
];

/// Commands that print keys on success, which is their purpose.
const REVEALING: [&str; 1] = ["reveal"];

struct Program {
    database: Database,
    command_line: CommandLine,
    names: BTreeMap<&'static str, String>,
}

impl Program {
    /// Creates a keyring with a second key, the archive of a third one, and two tables. One table
    /// has no bad rows. The other has bad rows of every kind.
    fn new() -> Self {
        let database = Database::with(&tables());
        let mut command_line = command_line()
            .env("DIESEL_ENVELOPE_LOCAL_KEY", "key")
            .env("DATABASE_URL", &database.url);
        let export = |command_line: &mut CommandLine| {
            let line = command_line.read(".env");
            command_line.set("SECRET_KEY", line.trim().trim_start_matches("SECRET_KEY="));
        };
        export(&mut command_line);
        let retired = key_in(&command_line.line(&["add-key"]).stderr).to_string();
        export(&mut command_line);
        let retire = ["retire-key", &retired, "--dangerous-skip-scan", "--yes"];
        command_line.line(&[&retire[..], &["--archive", "retired.archive"]].concat());
        export(&mut command_line);
        let added = key_in(&command_line.line(&["add-key"]).stderr).to_string();
        export(&mut command_line);

        let document = command_line.document(&command_line.read(".env"));
        let json = document.to_json().to_string();
        command_line.write("document", &json);
        command_line.write("broken-document", &json.replace("\"version\":1", "\"version\":7"));
        command_line.write("fernet", FERNET_KEY);
        command_line.write("twice", &format!("{FERNET_KEY},{FERNET_KEY}"));
        command_line.write("broken", &format!("{SECRET} {FERNET_KEY}x"));
        command_line.write("envelope.toml", COLUMNS);
        for secret in [SECRET, PASSWORD, FERNET_KEY, &FERNET_KEY[..20]] {
            command_line.never(secret);
        }
        let primary = document.primary().to_string();
        let names = BTreeMap::from([("ADDED", added), ("RETIRED", retired), ("PRIMARY", primary)]);
        let program = Self { database, command_line, names };
        program.fill(&Keyring::from_keyset(&document, &Options::new()).unwrap());
        program
    }

    fn fill(&self, keyring: &Keyring) {
        let mut conn = self.database.connect();
        let stranger = Keyset::generate().unwrap();
        self.command_line.learn(&stranger);
        let stranger = Keyring::from_keyset(&stranger, &Options::new()).unwrap();
        let mut insert = |table: &str, id: i32, email: &[u8], digest: &[u8], plain: &str| {
            let values = format!("{id}, {plain}, {}, {}", literal(email), literal(digest));
            conn.batch_execute(&format!("INSERT INTO {table} VALUES ({values})")).unwrap();
        };
        for id in 1..=6 {
            let plain = format!("{SECRET}-{id}@Example.org");
            let quoted = format!("'{plain}'");
            let sealed = keyring.encrypt::<_, Email>(&plain).unwrap();
            let digest = keyring.blind_index::<Email>(&plain).unwrap();
            let digest = digest.as_bytes();
            self.command_line.never(&hex(&sealed[6..18]));
            self.command_line.never(&hex(&digest[..12]));
            insert("users", id, &sealed, digest, &quoted);
            insert(
                "users",
                id + 10,
                &stranger.encrypt::<_, Email>(&plain).unwrap(),
                digest,
                &quoted,
            );
            insert("users", id + 20, &sealed, &[7; 32], &quoted);
            insert("users", id + 30, &sealed[..sealed.len() - 1], digest, &quoted);
            insert("users", id + 40, plain.as_bytes(), digest, "NULL");
            insert("users", id + 50, &sealed, digest, &format!("'{SECRET} of another'"));
        }
        self.database.execute(&format!(
            "INSERT INTO users VALUES (100, '{SECRET}', NULL, NULL);
INSERT INTO people (id, plain) VALUES (1, '{SECRET}'), (2, '{SECRET}-2'), (3, NULL)"
        ));
    }

    fn run(&self, case: &str, options: &[&str]) -> Outcome {
        let mut case = case.to_owned();
        for (name, value) in &self.names {
            case = case.replace(name, value);
        }
        // Archives are not overwritten: each run has its own.
        let case = case.replace("FORMAT", options[options.len() - 1].trim_start_matches('-'));
        let arguments: Vec<_> = case.split(' ').chain(options.iter().copied()).collect();
        let outcome = self.command_line.run(&arguments);
        // A new keyring: its keys are secret from now on.
        for value in
            outcome.stdout.split(['"', '\n', '=']).filter(|text| text.starts_with("local:"))
        {
            self.command_line.document(value);
        }
        outcome
    }
}

/// Returns the statements that create the tables. The trigger of one of them quotes a value.
fn tables() -> String {
    let columns = format!("id INTEGER PRIMARY KEY, plain VARCHAR(60), email {BYTES}");
    let message = format!("refused: {SECRET}@example.org");
    let trigger = match URL_VAR {
        None => format!("BEGIN SELECT RAISE(ABORT, '{message}'); END"),
        Some("TEST_POSTGRES_URL") => "FOR EACH ROW EXECUTE FUNCTION guard()".to_owned(),
        Some(_) => format!("FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{message}'"),
    };
    let function = match URL_VAR {
        Some("TEST_POSTGRES_URL") => format!(
            "CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN RAISE EXCEPTION ''{message}''; END';\n"
        ),
        _ => String::new(),
    };
    format!(
        "CREATE TABLE people ({columns}, email_index {DIGEST});
CREATE TABLE users ({columns}, email_index {DIGEST});
CREATE TABLE guarded ({columns});
{function}CREATE TRIGGER guard BEFORE UPDATE ON guarded {trigger};
INSERT INTO guarded VALUES (1, '{SECRET}', NULL), (2, '{SECRET}', {})",
        literal(&[0xa1])
    )
}

#[test]
fn no_command_prints_a_secret() {
    let program = Program::new();
    let commands = commands(&program.command_line);
    let (mut outcomes, mut wrong) = (BTreeMap::<_, Vec<_>>::new(), Vec::new());
    for options in [&["--format", "text"][..], &["--format", "json"], &["--quiet"]] {
        for (case, code) in CASES {
            let outcome = program.run(case, options);
            let name = case.split(' ').next().unwrap();
            if outcome.code != *code {
                wrong.push(format!("{case} {options:?}: expected {code}, {outcome:?}"));
            }
            assert!(!outcome.stderr.contains("panicked"), "{case}: {outcome:?}");
            outcomes.entry(name).or_default().push(*code == 0);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for command in &commands {
        let outcomes = outcomes.remove(&**command).unwrap_or_default();
        assert!(outcomes.contains(&false), "{command} has no case that fails");
        assert!(
            outcomes.contains(&true) || REVEALING.contains(&&**command),
            "{command} has no case that succeeds"
        );
        for help in ["--help", "-h"] {
            // Too long to be searched for every key. `help` reads no keyring.
            let help = program.command_line.run_unwatched(&[command, help], "").done().stdout;
            assert!(!help.contains(SECRET) && !help.contains(PASSWORD), "{command}: {help}");
        }
        program.command_line.run(&[command, UNKNOWN_OPTION]).done_with(2);
    }
    assert!(outcomes.is_empty(), "these are not commands: {:?}", outcomes.keys());
}

/// An option that does not exist.
const UNKNOWN_OPTION: &str = "--no-such-option";
