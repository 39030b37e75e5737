//! Runs each example as a reader does: without any service, and with feature `aws` against the AWS
//! emulator that `bin/test` starts.
//!
//! `cargo test` builds the examples first. `cargo test --test integration` does not, and runs the
//! examples of the last build. `cargo build --examples` builds them.

use std::process::Command;

/// The plaintexts that the examples seal. No output for the thief may contain one.
const SECRETS: [&str; 6] = ["Bobby", "Duke", "Zoë", "example.org", "1234 5678", "@"];

/// An example that Cargo built beside this test.
struct Example {
    name: &'static str,
    command: Command,
}

impl Example {
    /// Prepares the example without any configuration from the environment.
    fn new(name: &'static str) -> Self {
        let test = std::env::current_exe().unwrap();
        let path = test
            .parent()
            .unwrap()
            .with_file_name("examples")
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        assert!(
            path.exists(),
            "{} is not built: cargo build --examples, with the features of this test",
            path.display()
        );
        let mut command = Command::new(path);
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_"))
        {
            command.env_remove(name);
        }
        for name in
            ["KMS_KEY", "SSM_PARAMETER", "SECRET_KEY", "DIESEL_ENVELOPE_LOCAL_KEY", "DATABASE_URL"]
        {
            command.env_remove(name);
        }
        Self { name, command }
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    fn argument(mut self, argument: &str) -> Self {
        self.command.arg(argument);
        self
    }

    /// Runs the example. Returns whether it succeeded, its standard output and its standard error.
    fn run(mut self) -> (bool, String, String) {
        let output = self.command.output().unwrap();
        (
            output.status.success(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    /// Runs the example and expects these lines in its output, in this order.
    #[track_caller]
    fn prints(self, lines: &[&str]) -> String {
        let name = self.name;
        let (succeeded, stdout, stderr) = self.run();
        assert!(succeeded, "{name} failed\n{stdout}\n{stderr}");
        let mut rest = stdout.as_str();
        for line in lines {
            let (_, after) = rest
                .split_once(line)
                .unwrap_or_else(|| panic!("{name}: expected {line:?} in\n{rest}"));
            rest = after;
        }
        if let Some((_, thief)) = stdout.split_once("a thief of the database sees") {
            let (thief, _) = thief.split_once("the application sees").unwrap();
            for secret in SECRETS {
                assert!(!thief.contains(secret), "{name}: a thief sees {secret:?} in {thief}");
            }
        }
        stdout
    }

    /// Runs the example and expects it to fail for this reason.
    #[track_caller]
    fn fails(self, reason: &str) {
        let name = self.name;
        let (succeeded, stdout, stderr) = self.run();
        assert!(!succeeded, "{name} did not fail\n{stdout}");
        assert!(
            stderr.starts_with("error: ") && stderr.contains(reason),
            "{name}: expected {reason:?}, found {stderr}"
        );
    }
}

const STARTUP: [&str; 4] =
    ["(writes values)", "keyring       primary ", "51 bytes", "user 1        bobby@example.org"];
const SSM: [&str; 3] = ["keyring       primary ", "46 bytes", "user 1        Bobby Tables"];
const ENVELOPE: [&str; 8] = [
    "inserted      3 users",
    "3   Zoë Straße      ZOË@example.org\n3 KMS calls",
    "3   Zoë Straße      ZOË@example.org\n0 KMS calls",
    "3   Zoë Straße\n",
    "KMS Decrypt failed: KMS does not recognise the blob",
    "1   Bobby Tables    bobby@example.org\n",
    "2   the wrapped data key is gone: values encrypted under it can no longer be read\n",
    "0 KMS calls",
];
const KMS_VALUES: [&str; 4] = [
    "1   Bobby Tables\n",
    "2   Duke Caboom\n",
    "1234 5678\n",
    "KMS Decrypt failed: KMS does not recognise the blob",
];

#[test]
fn startup_needs_no_service() {
    let stdout = Example::new("startup").prints(&STARTUP);
    assert!(
        stdout.contains("LocalKms, in place of AWS KMS") && stdout.contains("SECRET_KEY=local:")
    );
}

#[test]
fn envelope_needs_no_service() {
    Example::new("envelope").prints(&[&["data keys     LocalKms"], &ENVELOPE[..]].concat());
}

#[test]
fn kms_values_needs_no_service() {
    Example::new("kms_values").prints(&[&["values        LocalKms"], &KMS_VALUES[..]].concat());
}

#[test]
fn row_keys_needs_no_service() {
    Example::new("row_keys").prints(&[
        "account       bobby@example.org of 36 characters",
        "order         1, to 1 Main Street",
        "refused       ciphertext cannot be decrypted under the key of its row",
    ]);
}

#[test]
fn ssm_says_that_something_stands_in_for_the_parameter() {
    Example::new("ssm").prints(&[&["SSM_PARAMETER is not set"], &SSM[..]].concat());
}

#[test]
fn ssm_makes_the_document_for_a_parameter() {
    let document = Example::new("ssm").argument("document").prints(&["{"]);
    assert!(diesel_envelope::Keyring::parse(document.as_bytes()).is_ok());
}

/// A setting in the environment is never ignored silently.
#[test]
#[cfg(not(feature = "aws"))]
fn what_needs_aws_says_so() {
    for name in ["startup", "envelope", "kms_values"] {
        Example::new(name)
            .env("KMS_KEY", "alias/app")
            .fails("built without AWS: run it with --features aws");
    }
    Example::new("ssm")
        .env("SSM_PARAMETER", "/app/keyring")
        .fails("built without SSM: run it with --features ssm");
}

/// The numbers of calls for 20 rows. The score card is about them, and they do not depend on the
/// machine.
#[cfg(feature = "aws")]
const CARD: [(&str, [&str; 4]); 4] = [
    ("Startup", ["1 call", "1 call", "0 calls", "$0.000003 · $0"]),
    ("SSM", ["1 call", "1 call", "0 calls", "$0.000003 · $0"]),
    ("Envelope", ["20 calls", "20 calls", "0 calls", "$3.00 · $0"]),
    ("KMS values", ["40 calls", "40 calls", "40 calls", "$6.00 · $6.00"]),
];

#[cfg(feature = "aws")]
#[track_caller]
fn assert_card(
    printed: &str,
    expected: impl IntoIterator<Item = (&'static str, [&'static str; 4])>,
) {
    let found: Vec<Vec<&str>> = printed
        .lines()
        .skip(4)
        .map(|line| line.trim_matches(['|', ' ']).split(" | ").collect())
        .collect();
    let found = found
        .iter()
        .map(|cells| cells.iter().map(|cell| cell.split(", ").next().unwrap()).collect::<Vec<_>>());
    let expected = expected.into_iter().map(|(way, cells)| [&[way][..], &cells].concat());
    assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{printed}");
}

#[test]
#[cfg(feature = "aws")]
fn the_score_card_counts_without_a_service() {
    let printed =
        Example::new("scorecard").argument("20").prints(&["KMS: LocalKms", "write 20 rows"]);
    assert_card(&printed, CARD.into_iter().filter(|(way, _)| *way != "SSM"));
}

#[cfg(feature = "aws")]
mod emulator {
    use std::io::Write;
    use std::process::Stdio;
    use std::sync::LazyLock;

    use serde::Deserialize;

    use super::*;

    /// A key and a parameter made by Python, once for all tests.
    #[derive(Deserialize)]
    struct Made {
        alias: String,
        arn: String,
        parameter: String,
    }

    static MADE: LazyLock<Made> = LazyLock::new(|| {
        let document = Example::new("ssm").argument("document").prints(&[]);
        let python = std::env::var("TEST_PYTHON")
            .expect("TEST_PYTHON is the Python that has boto3: run bin/test");
        let mut python = with_aws(Command::new(python));
        python
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/for_examples.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut python = python.spawn().unwrap();
        python.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
        let output = python.wait_with_output().unwrap();
        assert!(output.status.success(), "for_examples.py failed");
        serde_json::from_slice(&output.stdout).unwrap()
    });

    fn with_aws(mut command: Command) -> Command {
        let url = std::env::var("TEST_KMS_URL")
            .expect("TEST_KMS_URL is the address of tests/python/moto_strict.py: run bin/test");
        let region = "ca-central-1";
        command
            .env("AWS_ENDPOINT_URL", url)
            .env("AWS_REGION", region)
            .env("AWS_DEFAULT_REGION", region);
        command
            .env("AWS_ACCESS_KEY_ID", "AKIDFORTESTSONLY")
            .env("AWS_SECRET_ACCESS_KEY", "for tests only");
        command
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    fn on_aws(name: &'static str) -> Example {
        let Example { name, command } = Example::new(name);
        Example { name, command: with_aws(command) }
    }

    #[test]
    fn startup_wraps_and_unwraps_by_kms() {
        let line = format!("SECRET_KEY=kms:{}", &MADE.arn[..38]);
        let stdout = on_aws("startup").env("KMS_KEY", &MADE.alias).prints(&STARTUP);
        assert!(stdout.contains(&line) && stdout.contains("AWS KMS, alias/"), "{stdout}");
    }

    #[test]
    fn envelope_takes_its_data_keys_from_kms() {
        on_aws("envelope").env("KMS_KEY", &MADE.arn).prints(&ENVELOPE);
    }

    #[test]
    fn kms_encrypts_the_values() {
        on_aws("kms_values").env("KMS_KEY", &MADE.alias).prints(&KMS_VALUES);
    }

    #[test]
    fn ssm_reads_the_parameter() {
        on_aws("ssm")
            .env("SSM_PARAMETER", &MADE.parameter)
            .prints(&[&["parameter     /diesel-envelope-"], &SSM[..]].concat());
        // The environment configures any other program in the same way.
        on_aws("startup")
            .env("SECRET_KEY", &format!("ssm:{}", MADE.parameter))
            .prints(&STARTUP[1..]);
    }

    #[test]
    fn the_score_card_counts_the_calls_of_all_four() {
        let card = on_aws("scorecard")
            .env("KMS_KEY", &MADE.alias)
            .env("SSM_PARAMETER", &MADE.parameter)
            .argument("20");
        assert_card(&card.prints(&["KMS: AWS KMS, alias/", "write 20 rows"]), CARD);
    }

    /// If AWS is requested, no example falls back to a key file.
    #[test]
    fn what_is_not_there_fails() {
        for name in ["startup", "envelope", "kms_values", "scorecard"] {
            on_aws(name).fails("an AWS endpoint is set but KMS_KEY is not");
            on_aws(name).env("KMS_KEY", "alias/nobody").fails("no such KMS key");
        }
        on_aws("ssm").env("SSM_PARAMETER", "/nobody").fails("no such parameter");
    }
}
