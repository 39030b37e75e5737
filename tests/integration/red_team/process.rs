//! The application as a process, which stops until it may proceed.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::Place;
use super::plan::{Plan, VARIABLE};

/// The file with the log of the application, in the folder of the plan.
pub const LOG: &str = "log.txt";

pub struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    printed: String,
    folder: std::path::PathBuf,
}

impl Process {
    /// Starts the application in a module, with no other configuration.
    pub fn start(module: &str, plan: &Plan, secret_key: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let (_, module) = module.split_once("::").unwrap();
        let test = format!("{module}::application::application");
        command.args(["--exact", &test, "--ignored", "--nocapture", "--test-threads=1"]);
        let is_passed_on = |name: &str| {
            name.starts_with("TEST_") || ["PATH", "TMPDIR", "LD_LIBRARY_PATH"].contains(&name)
        };
        command.env_clear().envs(std::env::vars().filter(|(name, _)| is_passed_on(name)));
        command
            .env(VARIABLE, serde_json::to_string(plan).unwrap())
            .env("RUST_BACKTRACE", "full")
            .env("SECRET_KEY", secret_key)
            .env("AWS_ENDPOINT_URL_KMS", &plan.kms)
            .env("AWS_REGION", &plan.region)
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", "AKIDFORTESTSONLY")
            .env("AWS_SECRET_ACCESS_KEY", plan.text("AWS secret access key"))
            .env("AWS_SESSION_TOKEN", plan.text("AWS session token"));
        let stderr = std::fs::File::create(plan.folder.join("stderr.txt")).unwrap();
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdin, stdout, printed: String::new(), folder: plan.folder.clone() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the application prints this line.
    pub fn wait_for(&mut self, line: &str) {
        let mut read = String::new();
        while self.stdout.read_line(&mut read).unwrap() > 0 {
            self.printed.push_str(&read);
            if read.trim() == line {
                return;
            }
            read.clear();
        }
        let stderr = std::fs::read_to_string(self.folder.join("stderr.txt")).unwrap();
        panic!("the application ended before {line:?}\n{}\n{stderr}", self.printed);
    }

    pub fn proceed(&mut self) {
        self.stdin.write_all(b"\n").unwrap();
    }

    /// Lets the application end, and returns everything that it printed and logged.
    pub fn end(mut self) -> Vec<Place> {
        self.proceed();
        self.stdout.read_to_string(&mut self.printed).unwrap();
        assert!(self.child.wait().unwrap().success(), "{}", self.printed);
        let read = |name: &str| std::fs::read(self.folder.join(name)).unwrap();
        let places = vec![
            Place::new("standard output", self.printed),
            Place::new("standard error", read("stderr.txt")),
            Place::new("log", read(LOG)),
        ];
        std::fs::remove_dir_all(&self.folder).unwrap();
        places
    }
}

/// Stops the application until the other process lets it proceed.
pub fn stop(line: &str) {
    println!("\n{line}");
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_line(&mut String::new()).unwrap();
}
