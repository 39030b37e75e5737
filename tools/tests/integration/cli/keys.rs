//! The life of a keyring that is wrapped with a key file.

use diesel_envelope::keyring::Purpose;
use diesel_envelope::{Error, Keyring, Unbound};
use serde_json::json;

use crate::support::command_line::{CommandLine, FERNET_KEY, key_in};

const KEYGEN: [&str; 3] = ["keygen", "--local-key-file", "key"];
const FROM: [&str; 4] = ["--from-file", ".env", "--local-key-file", "key"];

fn with<'a>(command: &[&'a str]) -> Vec<&'a str> {
    [command, &FROM].concat()
}

/// Creates a command line with a keyring in `.env`.
pub fn command_line() -> CommandLine {
    let command_line = CommandLine::new();
    command_line.line(&KEYGEN);
    command_line
}

fn opened(keyring: &Keyring, value: &[u8]) -> Result<String, Error> {
    keyring.decrypt::<String, Unbound>(value)
}

#[test]
fn a_key_is_added_promoted_retired_and_restored() {
    let command_line = command_line();
    let old = command_line.document(&command_line.read(".env")).primary();
    let value = command_line.keyring().encrypt::<_, Unbound>(&"Bobby Tables".to_owned()).unwrap();

    let added = command_line.line(&with(&["add-key"]));
    let new = key_in(&added.stderr);
    assert!(added.stderr.contains(&format!(
        "next: deploy this to every process, then run `diesel-envelope promote-key {new}`"
    )));
    assert_eq!(
        (
            command_line.document(&added.stdout).primary(),
            command_line.keyring().to_string()[..21].to_owned()
        ),
        (old, format!("primary {old} of 2"))
    );

    let promoted = command_line.line(&with(&["promote-key", &new.to_string()]));
    assert!(
        promoted.stderr.contains(&format!("key {new} is now primary\nnext: "))
            && promoted.stderr.contains(&format!("retire-key {old}"))
    );
    assert_eq!(command_line.document(&promoted.stdout).primary(), new);
    assert_eq!(opened(&command_line.keyring(), &value).unwrap(), "Bobby Tables");

    let retire = [
        "retire-key",
        &old.to_string(),
        "--dangerous-skip-scan",
        "--yes",
        "--archive",
        "old.archive",
    ];
    let retired = command_line.line(&with(&retire));
    assert!(retired.stderr.contains("keep the archive as long as the oldest backup"));
    assert_eq!(opened(&command_line.keyring(), &value), Err(Error::UnknownKey { key_id: old }));

    // The archive is a keyring too, and can be inspected.
    let archive = command_line.document(&command_line.read("old.archive"));
    assert_eq!(
        (
            archive.primary(),
            archive.entries_for(Purpose::Encrypt).count(),
            archive.entries_for(Purpose::Index).count()
        ),
        (old, 1, 0)
    );
    let inspected = command_line
        .run(&["inspect", "--from-file", "old.archive", "--local-key-file", "key"])
        .done();
    assert!(
        inspected.stdout.contains(&old.to_string()) && !inspected.stdout.contains(&new.to_string())
    );

    command_line.line(&with(&["restore-key", &old.to_string(), "--archive", "old.archive"]));
    assert_eq!(opened(&command_line.keyring(), &value).unwrap(), "Bobby Tables");
    assert_eq!(command_line.document(&command_line.read(".env")).primary(), new);
}

#[test]
fn an_index_key_goes_the_same_way() {
    let command_line = command_line();
    let old = command_line.document(&command_line.read(".env")).index_primary().unwrap();
    let new = key_in(&command_line.line(&with(&["add-key", "--index", "--name", "b"])).stderr)
        .to_string();
    command_line.line(&with(&["promote-key", &new, "--index"]));
    command_line.line(&with(&[
        "retire-key",
        &old.to_string(),
        "--index",
        "--dangerous-skip-scan",
        "-y",
        "--archive",
        "a.archive",
    ]));
    let names = || {
        command_line
            .document(&command_line.read(".env"))
            .entries_for(Purpose::Index)
            .map(|key| key.name.unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(), ["b"]);
    command_line.line(&with(&[
        "restore-key",
        &old.to_string(),
        "--index",
        "--archive",
        "a.archive",
    ]));
    assert_eq!(names(), ["a", "b"]);
    assert_eq!(
        command_line.document(&command_line.read(".env")).index_primary().unwrap().to_string(),
        new
    );
}

#[cfg(unix)]
#[test]
fn what_is_written_is_for_its_owner_alone_and_never_overwritten() {
    use std::os::unix::fs::PermissionsExt;
    let command_line = command_line();
    let new = key_in(&command_line.line(&with(&["add-key"])).stderr).to_string();
    let retire =
        with(&["retire-key", &new, "--dangerous-skip-scan", "--yes", "--archive", "archive"]);
    let before = command_line.read(".env");
    command_line.write("archive", "of another key");
    command_line.run(&retire).failed(
        1,
        "archive archive: File exists",
        "name a file that does not exist yet",
    );
    assert_eq!(command_line.read("archive"), "of another key");
    std::fs::remove_file(command_line.path("archive")).unwrap();
    command_line.line(&retire);
    for file in ["archive", "key"] {
        assert_eq!(
            std::fs::metadata(command_line.path(file)).unwrap().permissions().mode() & 0o777,
            0o600,
            "{file}"
        );
    }
    assert_ne!(command_line.read(".env"), before);
}

/// Wraps the key once, as in the article, in the spellings that files and variables contain.
#[test]
fn the_fernet_key_of_a_python_program_is_wrapped() {
    let standard = FERNET_KEY.replace('-', "+").replace('_', "/");
    for spelling in [
        FERNET_KEY.to_owned(),
        standard.clone(),
        format!("{FERNET_KEY}\n"),
        format!("  {standard}\r\n"),
    ] {
        let command_line = CommandLine::new().env("SECRET_KEY", &spelling);
        command_line.write("secret", &spelling);
        command_line.write("env", &format!("OTHER=x\nSECRET_KEY={spelling}"));
        let wrap = ["wrap", "--local-key-file", "key"];
        let lines = [
            command_line.line(&wrap).stdout,
            command_line.line(&[&wrap[..], &["--from-file", "secret"]].concat()).stdout,
            command_line.line(&[&wrap[..], &["--from-file", "env"]].concat()).stdout,
            command_line
                .run_with(&[&wrap[..], &["--from-file", "-"]].concat(), &spelling)
                .done()
                .stdout,
        ];
        for line in lines {
            let document = command_line.document(&line);
            assert_eq!(
                (
                    document.primary().to_string().as_str(),
                    document.entries_for(Purpose::Encrypt).count()
                ),
                ("9235ac06", 1)
            );
            command_line.write(".env", &line);
            let inspected = command_line.run(&with(&["inspect"])).done().stdout;
            // White space around the key is not wrapped, because Python could not read the result.
            assert!(inspected.starts_with("Fernet keys, 44 of 4,096 bytes\n"), "{inspected}");
        }
        let revealed = command_line
            .run_unwatched(&["reveal", "--from-file", ".env", "--local-key-file", "key"], "")
            .done();
        assert_eq!(revealed.stdout.trim_end_matches('\n'), spelling.trim());
    }
}

#[test]
fn several_fernet_keys_and_a_document_are_wrapped() {
    let command_line = command_line();
    let other = "NDI0MjQyNDI0MjQyNDI0MjQyNDI0MjQyNDI0MjQyNDI=";
    command_line.write("keys", &format!("{other},\n{FERNET_KEY}\n"));
    let document = command_line.document(
        &command_line.line(&["wrap", "--from-file", "keys", "--local-key-file", "key"]).stdout,
    );
    assert_eq!(
        (
            document.entries_for(Purpose::Encrypt).count(),
            document.entries_for(Purpose::Index).count()
        ),
        (2, 2)
    );

    command_line.line(&KEYGEN);
    let primary = command_line.document(&command_line.read(".env")).primary();
    let document = command_line.run_unwatched(&with(&["reveal"]), "").done().stdout;
    command_line.write("document", &document);
    let wrapped =
        command_line.line(&["wrap", "--from-file", "document", "--local-key-file", "key"]);
    assert_eq!(command_line.document(&wrapped.stdout).primary(), primary);
}

#[test]
fn a_keyring_is_wrapped_again_by_a_key_file() {
    let command_line = command_line();
    let before = command_line.document(&command_line.read(".env"));
    let first = command_line.read(".env");
    command_line.line(&with(&["rewrap"]));
    assert_ne!(command_line.read(".env"), first);
    assert!(command_line.document(&command_line.read(".env")).has_same_keys(&before));
}

#[test]
fn a_fernet_keyring_is_made_for_python_s_sake() {
    let command_line = CommandLine::new();
    command_line.line(&[&KEYGEN[..], &["--fernet"]].concat());
    assert!(
        command_line
            .keyring()
            .encrypt_text::<_, Unbound>(&"Bobby".to_owned())
            .unwrap()
            .starts_with("gAAAAA")
    );
    command_line.line(&with(&["add-key", "--fernet"]));
    let inspected = command_line.run(&with(&["inspect"])).done().stdout;
    assert_eq!(inspected.matches("  Fernet  ").count(), 2, "{inspected}");
}

#[test]
fn json_tells_the_same_as_the_text() {
    let command_line = CommandLine::new();
    let made = command_line.run(&[&KEYGEN[..], &["--format", "json"]].concat()).done();
    assert_eq!(made.stderr, "");
    let made = made.json();
    command_line.write(".env", made["line"].as_str().unwrap());
    let document = command_line.document(&command_line.read(".env"));
    assert_eq!(made["line"], format!("SECRET_KEY={}", made["value"].as_str().unwrap()));
    assert_eq!(
        (&made["variable"], &made["primary"], &made["index_primary"]),
        (
            &json!("SECRET_KEY"),
            &json!(document.primary().to_string()),
            &json!(document.index_primary().unwrap().to_string())
        )
    );
    let added = command_line.run(&with(&["add-key", "--format", "json"])).done().json();
    command_line.write(".env", added["line"].as_str().unwrap());
    let key = added["key"].as_str().unwrap();
    assert!(added["next"].as_str().unwrap().contains(&format!("promote-key {key}")));
    assert_eq!(
        command_line
            .document(&command_line.read(".env"))
            .entries_for(Purpose::Encrypt)
            .last()
            .unwrap()
            .id
            .to_string(),
        key
    );
    let retire = [
        "retire-key",
        key,
        "--dangerous-skip-scan",
        "--yes",
        "--archive",
        "archive",
        "--format",
        "json",
    ];
    assert_eq!(command_line.run(&with(&retire)).done().json()["archive"], "archive");

    let inspected = command_line
        .run(&with(&["inspect", "--all-alternatives", "--format", "json"]))
        .done()
        .json();
    let bytes = inspected["document"]["bytes"].as_u64().unwrap();
    assert_eq!(inspected["document"], json!({"form": "document", "bytes": bytes, "limit": 4096}));
    assert!((300..700).contains(&bytes));
    assert_eq!(
        (&inspected["alternatives"][0]["form"], &inspected["alternatives"][0]["unwrapped"]),
        (&json!("local"), &json!(true))
    );
    let keys = inspected["keys"].as_array().unwrap();
    assert_eq!(
        (&keys[0]["algorithm"], &keys[0]["writes"], keys.len()),
        (&json!("AES-256-GCM-SIV"), &json!(true), 2)
    );
    assert_eq!(
        (&inspected["index_keys"][0]["name"], &inspected["index_keys"][0]["writes"]),
        (&json!("a"), &json!(true))
    );
}

#[test]
fn quiet_prints_the_line_alone() {
    let command_line = CommandLine::new();
    assert_eq!(command_line.line(&[&KEYGEN[..], &["--quiet"]].concat()).stderr, "");
    assert!(command_line.line(&KEYGEN).stderr.starts_with("made a keyring: primary "));
}

#[test]
fn the_variable_may_have_any_name_and_stand_in_the_environment() {
    let command_line = CommandLine::new();
    let made = command_line.run(&[&KEYGEN[..], &["--var", "APP_KEY"]].concat()).done().stdout;
    let value = made.trim().strip_prefix("APP_KEY=").unwrap().to_owned();
    let document = command_line.document(&value);
    let command_line = command_line.env("APP_KEY", &value).env("DIESEL_ENVELOPE_LOCAL_KEY", "key");
    let inspected = command_line.run(&["inspect", "--var", "APP_KEY"]).done().stdout;
    assert!(
        inspected.contains(&document.primary().to_string()) && inspected.contains("of 4,096 bytes"),
        "{inspected}"
    );
    command_line
        .run(&["add-key", "--var", "APP_KEY"])
        .done()
        .stdout
        .strip_prefix("APP_KEY=local:")
        .unwrap();
}

#[test]
fn the_keys_are_revealed_by_the_command_that_is_made_for_it() {
    let command_line = command_line();
    let document = command_line.document(&command_line.read(".env"));
    for format in ["text", "json"] {
        let revealed =
            command_line.run_unwatched(&with(&["reveal", "--format", format]), "").done();
        assert_eq!(
            (revealed.stdout.trim(), revealed.stderr.as_str()),
            (document.to_json().as_str(), "")
        );
    }
}
