//! Refusals: the error, the remedy and the exit code.

use base64::prelude::*;
use diesel_envelope::keyring::Purpose;

use super::keys::command_line;
use crate::support::command_line::{CommandLine, FERNET_KEY, key_in};

const FROM: [&str; 4] = ["--from-file", ".env", "--local-key-file", "key"];

fn with<'a>(command: &[&'a str]) -> Vec<&'a str> {
    [command, &FROM].concat()
}

#[test]
fn what_holds_no_keyring_says_what_to_do() {
    let command_line = CommandLine::new();
    command_line.run(&["inspect"]).failed(
        1,
        "environment variable SECRET_KEY is not set",
        "\n  help: export it with the application's value",
    );
    command_line.run(&["add-key", "--from-file", "nowhere"]).failed(
        1,
        "file nowhere cannot be opened: No such file",
        "",
    );
    command_line.run_with(&["inspect", "--from-file", "-"], FERNET_KEY).failed(
        1,
        "standard input holds a key that is not wrapped",
        "diesel-envelope wrap",
    );
    command_line.run_with(&["inspect", "--from-file", "-"], "p@ssword").failed(
        1,
        "standard input is not base64: copy the whole line that keygen printed",
        "kms:<key-arn>:<base64>",
    );
    command_line
        .run_with(&["wrap", "--local-key-file", "key", "--from-file", "-"], "hunter2 hunter3")
        .failed(1, "7 other characters", "a Fernet key");
    let command_line = command_line.env("SECRET_KEY", "local:REVMMQ==");
    command_line.run(&["inspect"]).failed(
        1,
        "key file diesel-envelope.local-key: No such file",
        "--local-key-file",
    );
}

/// Standard input, files and archives get the same error, and so does a secret that is not wrapped
/// yet.
#[test]
fn what_stands_around_a_value_is_named() {
    let command_line = command_line();
    let line = command_line.read(".env");
    let value = line.trim().strip_prefix("SECRET_KEY=").unwrap();
    let twice = BASE64_STANDARD.encode(value);
    for (text, problem) in [
        (format!("\"{value}\"\n"), "has \" around it"),
        (format!("'{value}'"), "has ' around it"),
        (format!("\u{feff}{value}"), "begins with a byte-order mark: save it as UTF-8 without one"),
        (format!("\u{feff}SECRET_KEY={value}"), "begins with a byte-order mark"),
        (format!("OTHER={value}"), "begins with a name and `=`: give the value alone"),
        (format!("export OTHER='{value}'"), "begins with `export`, a name and `=`"),
        (twice.clone(), "is in base64 twice"),
        (format!("SECRET_KEY={twice}"), "is in base64 twice"),
    ] {
        command_line
            .run_with(&["inspect", "--from-file", "-", "--local-key-file", "key"], &text)
            .failed(1, &format!("standard input {problem}"), "");
        command_line.write("other.env", &text);
        command_line
            .run(&["add-key", "--from-file", "other.env", "--local-key-file", "key"])
            .failed(1, &format!("file other.env {problem}"), "");
        let restore = ["restore-key", "00000000", "--archive", "other.env"];
        command_line.run(&with(&restore)).failed(1, &format!("file other.env {problem}"), "");
    }
    let accepted = format!("\r\n  {value}\t\n");
    command_line
        .run_with(&["inspect", "--from-file", "-", "--local-key-file", "key"], &accepted)
        .done();

    let encoded = BASE64_STANDARD.encode(FERNET_KEY);
    for (text, problem) in [
        (format!("\"{FERNET_KEY}\""), "has \" around it"),
        (format!("\u{feff}{FERNET_KEY}"), "begins with a byte-order mark"),
        (format!("OTHER={FERNET_KEY}"), "begins with a name and `=`"),
        (encoded, "is in base64 twice"),
    ] {
        let wrap =
            command_line.run_with(&["wrap", "--local-key-file", "key", "--from-file", "-"], &text);
        wrap.failed(
            1,
            &format!("standard input: invalid keyring: the document {problem}"),
            "a Fernet key",
        );
    }
}

/// Without this refusal, a command would wait forever for a FIFO that nobody writes to.
#[cfg(unix)]
#[test]
fn a_path_that_is_no_regular_file_is_refused_at_once() {
    let command_line = command_line();
    for name in ["fifo", "envelope.toml"] {
        assert!(
            std::process::Command::new("mkfifo")
                .arg(command_line.path(name))
                .status()
                .unwrap()
                .success()
        );
    }
    std::fs::create_dir(command_line.path("folder")).unwrap();
    for (path, found) in
        [("fifo", "a FIFO"), ("folder", "a directory"), ("/dev/zero", "a character device")]
    {
        let words = format!("expected a regular file, found {found}");
        let refused = |arguments: &[&str], place: &str, code, remedy| {
            command_line.run(arguments).failed(code, &format!("{place}{words}"), remedy)
        };
        refused(
            &["inspect", "--from-file", path],
            &format!("file {path} cannot be opened: "),
            1,
            "pipe the text into standard input",
        );
        refused(
            &["wrap", "--from-file", path, "--local-key-file", "key"],
            &format!("file {path} cannot be opened: "),
            1,
            "standard input",
        );
        refused(
            &with(&["restore-key", "00000000", "--archive", path]),
            &format!("file {path} cannot be opened: "),
            1,
            "standard input",
        );
        refused(
            &["inspect", "--from-file", ".env", "--local-key-file", path],
            &format!("key file {path}: "),
            1,
            "--local-key-file",
        );
        refused(
            &["keygen", "--local-key-file", path],
            &format!("key file {path}: "),
            1,
            "--local-key-file",
        );
        refused(&["verify", "--config", path], &format!("{path}: "), 2, "--config");
    }
    command_line.run(&["verify"]).failed(
        2,
        "envelope.toml: expected a regular file, found a FIFO",
        "--config",
    );
}

#[test]
fn a_secret_is_never_quoted() {
    let command_line = CommandLine::new();
    for input in [
        "hunter2hunter2",
        "kms:hunter2hunter2",
        "{\"version\":1,\"hunter2hunter2\":1}",
        "local:hunter2hunter2",
    ] {
        for command in [
            &["inspect", "--from-file", "-"][..],
            &["wrap", "--local-key-file", "key", "--from-file", "-"],
        ] {
            let outcome = command_line.run_with(command, input);
            assert_eq!(outcome.code, 1);
            assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
        }
    }
}

#[test]
fn what_is_wrapped_already_is_not_wrapped_twice() {
    let command_line = command_line();
    let wrap = ["wrap", "--local-key-file", "key", "--from-file", ".env"];
    command_line.run(&wrap).failed(
        1,
        "file .env already contains a wrapped keyring",
        "diesel-envelope rewrap",
    );
    let bare = command_line.read(".env").trim().replace("SECRET_KEY=local:", "");
    command_line.run_with(&["wrap", "--local-key-file", "key", "--from-file", "-"], &bare).failed(
        1,
        "already contains a wrapped keyring",
        "rewrap",
    );
}

#[test]
fn a_key_that_is_not_there_is_told_from_one_in_another_role() {
    let command_line = command_line();
    let document = command_line.document(&command_line.read(".env"));
    let (primary, index) =
        (document.primary().to_string(), document.index_primary().unwrap().to_string());
    command_line.run(&with(&["promote-key", "00000000"])).failed(
        1,
        "the keyring has no key 00000000",
        &format!("choose one of {primary}"),
    );
    command_line.run(&with(&["promote-key", &index])).failed(
        1,
        &format!("the keyring has no key {index}"),
        "add --index",
    );
    command_line.run(&with(&["promote-key", &primary, "--index"])).failed(
        1,
        &format!("has no index key {primary}"),
        "leave out --index",
    );
    command_line.run(&with(&["add-key", "--index", "--name", "a"])).failed(
        1,
        "two index keys have the name 'a'",
        "",
    );
    let promoted = command_line.run(&with(&["promote-key", &primary])).done();
    assert!(promoted.stderr.contains("next: nothing"));
}

#[test]
fn a_key_in_use_is_not_retired() {
    let command_line = command_line();
    let document = command_line.document(&command_line.read(".env"));
    let (primary, index) =
        (document.primary().to_string(), document.index_primary().unwrap().to_string());
    let retire = |key, more: &[&str]| {
        command_line.run(&[&with(&["retire-key", key, "--archive", "archive"]), more].concat())
    };
    retire(&primary, &["--dangerous-skip-scan", "--yes"]).failed(
        1,
        "is still primary",
        "promote-key …",
    );
    retire(&index, &["--dangerous-skip-scan", "--yes", "--index"]).failed(
        1,
        "is still primary",
        "promote-key … --index",
    );

    let new = key_in(&command_line.line(&with(&["add-key"])).stderr).to_string();
    retire(&new, &["--dangerous-skip-scan"]).failed(
        1,
        "no process may still run",
        "confirm it with --yes",
    );
    retire(&new, &["--yes"]).failed(2, "no column is named", "users.email");
    retire(&new, &["users.email", "--yes"]).failed(2, "no database is named", "DATABASE_URL");
    assert!(!command_line.path("archive").exists());
    assert_eq!(
        command_line.document(&command_line.read(".env")).entries_for(Purpose::Encrypt).count(),
        2
    );
}

#[test]
fn a_key_is_restored_from_its_own_archive_only() {
    let command_line = command_line();
    let new = key_in(&command_line.line(&with(&["add-key"])).stderr).to_string();
    command_line.line(&with(&[
        "retire-key",
        &new,
        "--dangerous-skip-scan",
        "--yes",
        "--archive",
        "archive",
    ]));
    let restore = |key, more: &[&str]| {
        command_line.run(&[&with(&["restore-key", key, "--archive", "archive"]), more].concat())
    };
    restore("00000000", &[]).failed(
        1,
        "the archive has no key 00000000",
        &format!("choose one of {new}"),
    );
    restore(&new, &["--index"]).failed(1, "the archive has no index key", "leave out --index");
    command_line.line(&with(&["restore-key", &new, "--archive", "archive"]));
    restore(&new, &[]).failed(1, &format!("the keyring already has key {new}"), "");
}

/// Adds keys until there is one key more than KMS wraps.
#[test]
fn a_document_that_is_too_large_says_so_with_the_numbers() {
    let command_line = command_line();
    let outcome = loop {
        let outcome = command_line.run(&with(&["add-key"]));
        if outcome.code != 0 {
            break outcome;
        }
        command_line.write(".env", &outcome.stdout);
    };
    assert!(
        command_line.document(&command_line.read(".env")).entries_for(Purpose::Encrypt).count()
            > 20
    );
    outcome.failed(1, "and KMS wraps at most 4096", "retire");
}

#[cfg(not(feature = "aws"))]
#[test]
fn kms_without_its_feature_names_the_feature() {
    let command_line = command_line();
    for command in
        [&["keygen", "--kms-key", "alias/app"][..], &with(&["rewrap", "--kms-key", "alias/app"])]
    {
        command_line.run(command).failed(
            1,
            "needs diesel-envelope's feature `aws`",
            "cargo install diesel-envelope-tools --features cli,aws",
        );
    }
}

#[test]
fn a_bare_blob_has_one_kms_key() {
    let command_line = CommandLine::new().env("SECRET_KEY", FERNET_KEY);
    command_line.run(&["wrap", "--bare", "--kms-key", "alias/a", "--kms-key", "alias/b"]).failed(
        2,
        "under one KMS key",
        "leave --bare out",
    );
    command_line.run(&["wrap", "--bare", "--local-key-file", "key"]).failed(2, "--bare", "");
}

#[test]
fn what_does_not_say_where_it_is_wrapped_needs_a_key() {
    let command_line = command_line();
    let blob = command_line.read(".env").trim().replace("SECRET_KEY=local:", "");
    for value in [blob.as_str(), "ssm:/app/keyring"] {
        command_line.run_with(&["add-key", "--from-file", "-"], value).failed(
            1,
            "do not name the KMS key",
            "--kms-key",
        );
    }
}

#[test]
fn wrong_usage_exits_with_two() {
    let command_line = CommandLine::new();
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["keygen"],
        &["keygen", "--kms-key", "a", "--local-key-file", "key"],
        &["rewrap"],
        &["promote-key"],
        &["promote-key", "not-an-id"],
        &["add-key", "--index"],
        &["add-key", "--fernet", "--index", "--name", "b"],
        &["inspect", "--format", "xml"],
        &["completions", "basic"],
    ] {
        let outcome = command_line.run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{arguments:?}: {outcome:?}");
    }
}

#[test]
fn errors_are_json_too() {
    let outcome = CommandLine::new().run(&["inspect", "--format", "json"]);
    let error: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap();
    assert_eq!(
        (outcome.code, &error["error"]),
        (1, &"environment variable SECRET_KEY is not set".into())
    );
    assert!(error["remedy"].as_str().unwrap().starts_with("export it"));
}
