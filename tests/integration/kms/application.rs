//! An application that boots its keyring from the environment. It is a separate process, because a
//! running process cannot change its environment safely. It reports its result and everything that
//! it logged.

use std::process::Command;
use std::time::{Duration, Instant};

use diesel_envelope::keyring::Options;
use diesel_envelope::{Error, Keyring, Unbound};
use serde::{Deserialize, Serialize};

use super::fake::FakeKms;
use super::secrets::{ACCESS_KEY_ID, Log, SECRET_ACCESS_KEY, SESSION_TOKEN, assert_no_secret};

/// The variable with the plan of the application.
const PLAN: &str = "KMS_TEST_PLAN";
/// The prefix of the application's report, among the lines of the test harness.
const REPORT: &str = "report: ";

/// The target of events that name numbers of bytes only. An answer of many small parts has hundreds
/// of thousands of them, and the log would be the memory that a test measures.
const THROUGHPUT: &str = "aws_smithy_runtime::client::http::body::minimum_throughput";

/// The way in which a program calls the library.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub enum Way {
    #[default]
    Async,
    AsyncOnManyThreads,
    Blocking,
    BlockingInsideRuntime,
    BlockingInsideRuntimeOnManyThreads,
}

#[derive(Default, Serialize, Deserialize)]
struct Plan {
    way: Way,
    pins: Option<Vec<String>>,
    kms_timeout: Option<Duration>,
    decrypt: Vec<String>,
    encrypt: Vec<String>,
}

/// The result of an application that booted a keyring.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Booted {
    /// The keyring's own description of itself.
    pub keyring: String,
    pub decrypted: Vec<String>,
    /// For each plaintext, the ciphertext for a text column and for a binary one.
    pub encrypted: Vec<(String, Vec<u8>)>,
    /// The greatest number of bytes of memory that the process had, if the system reports it.
    pub peak: Option<usize>,
}

/// The error of an application that booted no keyring.
#[derive(Debug, Serialize, Deserialize)]
pub struct Failed {
    /// The variant of [`Error`], with the reason if KMS failed: `Kms(KeyDisabled)`.
    pub kind: String,
    pub message: String,
    debug: String,
    /// The greatest number of bytes of memory that the process had, if the system reports it.
    pub peak: Option<usize>,
    /// The time of the start until the error.
    pub elapsed: Duration,
    /// Whether the process has a keyring all the same.
    started: bool,
}

#[derive(Serialize, Deserialize)]
struct Report {
    outcome: Result<Booted, Failed>,
    log: String,
}

/// An application that has not been started yet.
pub struct Application {
    command: Command,
    plan: Plan,
}

impl Application {
    /// Prepares an application with this `SECRET_KEY`, the credentials of these tests, and no other
    /// configuration.
    pub fn new(secret_key: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_"))
        {
            command.env_remove(name);
        }
        let test = format!("{}::application", module_path!().split_once("::").unwrap().1);
        command.args(["--exact", &test, "--ignored", "--nocapture", "--test-threads=1"]);
        command.env("SECRET_KEY", secret_key);
        command
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
            .env("AWS_SESSION_TOKEN", SESSION_TOKEN);
        Self { command, plan: Plan::default() }
    }

    /// Sets the address of KMS and the default region.
    pub fn at(self, url: &str, region: &str) -> Self {
        self.env("AWS_ENDPOINT_URL_KMS", url)
            .env("AWS_ENDPOINT_URL_SSM", url)
            .env("AWS_REGION", region)
    }

    pub fn at_fake(self, kms: &FakeKms) -> Self {
        self.at(&kms.url(), &kms.region())
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub fn way(mut self, way: Way) -> Self {
        self.plan.way = way;
        self
    }

    pub fn pinned_to(mut self, arns: &[&str]) -> Self {
        self.plan.pins = Some(arns.iter().map(|arn| arn.to_string()).collect());
        self
    }

    pub fn kms_timeout(mut self, timeout: Duration) -> Self {
        self.plan.kms_timeout = Some(timeout);
        self
    }

    /// Adds tokens that the application decrypts with its keyring.
    pub fn decrypting(mut self, tokens: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.plan.decrypt = tokens.into_iter().map(Into::into).collect();
        self
    }

    /// Adds plaintexts that the application encrypts with its keyring.
    pub fn encrypting(mut self, plaintexts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.plan.encrypt = plaintexts.into_iter().map(Into::into).collect();
        self
    }

    /// Starts the application and waits until it ends.
    #[track_caller]
    fn run(mut self) -> Report {
        self.command.env(PLAN, serde_json::to_string(&self.plan).unwrap());
        let output = self.command.output().unwrap();
        let (stdout, stderr) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        let report = stdout.lines().find_map(|line| line.split_once(REPORT));
        let (_, report) =
            report.unwrap_or_else(|| panic!("the application did not report\n{stdout}\n{stderr}"));
        let report: Report = serde_json::from_str(report).unwrap();
        for text in [&report.log, &stderr] {
            assert_no_secret(text);
        }
        assert!(!stderr.contains("panicked"), "{stderr}");
        report
    }

    /// Starts the application and expects a keyring. Returns the log too.
    #[track_caller]
    pub fn boot(self) -> (Booted, String) {
        let Report { outcome, log } = self.run();
        (outcome.unwrap_or_else(|error| panic!("{}: {}", error.kind, error.message)), log)
    }

    /// Starts the application and expects it to boot no keyring. The error contains no secret,
    /// however it is printed.
    #[track_caller]
    pub fn fail(self) -> Failed {
        let failed = self.fail_after_start();
        assert!(!failed.started, "a keyring is installed");
        failed
    }

    /// Starts the application and expects an error. A keyring may be installed.
    #[track_caller]
    pub fn fail_after_start(self) -> Failed {
        let failed = self.run().outcome.expect_err("expected an error, found a keyring");
        assert_no_secret(&failed.message);
        assert_no_secret(&failed.debug);
        failed
    }
}

impl Failed {
    pub fn new(error: Error, elapsed: Duration) -> Self {
        let debug = format!("{error:?}");
        let kind = match &error {
            Error::Kms(kms) => format!("Kms({:?})", kms.reason),
            _ => debug.split([' ', '(', '{']).next().unwrap_or_default().to_owned(),
        };
        let started = Keyring::installed().is_ok();
        Self { kind, message: error.to_string(), debug, peak: peak(), elapsed, started }
    }
}

/// Returns the peak of the resident memory, which Linux reports.
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(peak.trim().trim_end_matches(" kB").parse::<usize>().expect("a number of kB") * 1024)
}

/// The process that the other tests start, and not a test.
#[test]
#[ignore = "the application that the other tests start"]
fn application() {
    let plan = std::env::var(PLAN).expect("the other tests start this one");
    let plan: Plan = serde_json::from_str(&plan).unwrap();
    let log = Log::without(THROUGHPUT);
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    let start = Instant::now();
    let outcome = boot(&plan).map_err(|error| Failed::new(error, start.elapsed()));
    println!("\n{REPORT}{}", serde_json::to_string(&Report { outcome, log: log.text() }).unwrap());
}

fn boot(plan: &Plan) -> Result<Booted, Error> {
    let mut options = Options::new();
    if let Some(pins) = &plan.pins {
        options = options.require_kms(pins);
    }
    if let Some(timeout) = plan.kms_timeout {
        options = options.kms_timeout(timeout);
    }
    let one = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let many = || {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    };
    let blocking = || Keyring::from_env_blocking_with("SECRET_KEY", &options);
    let keyring = match plan.way {
        Way::Async => one().block_on(Keyring::from_env_with("SECRET_KEY", &options)),
        Way::AsyncOnManyThreads => many().block_on(Keyring::from_env_with("SECRET_KEY", &options)),
        Way::Blocking => blocking(),
        Way::BlockingInsideRuntime => one().block_on(async { blocking() }),
        Way::BlockingInsideRuntimeOnManyThreads => many().block_on(async { blocking() }),
    }?;
    keyring.install()?;
    let keyring = Keyring::installed()?;
    let decrypted = plan.decrypt.iter().map(|value| keyring.decrypt_text::<String, Unbound>(value));
    let encrypted = plan.encrypt.iter().map(|value| {
        Ok((keyring.encrypt_text::<_, Unbound>(value)?, keyring.encrypt::<_, Unbound>(value)?))
    });
    Ok(Booted {
        keyring: keyring.to_string(),
        decrypted: decrypted.collect::<Result<_, _>>()?,
        encrypted: encrypted.collect::<Result<_, Error>>()?,
        peak: peak(),
    })
}
