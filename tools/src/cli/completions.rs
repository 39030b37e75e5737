//! `completions`: completion scripts for shells.

use clap::{Args, Command};
use clap_complete::Shell;
use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::output::{Output, Report};

/// Print the completion script for a shell
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope completions bash \\
    > /etc/bash_completion.d/diesel-envelope
  diesel-envelope completions zsh > ~/.zfunc/_diesel-envelope
  diesel-envelope completions fish \\
    > ~/.config/fish/completions/diesel-envelope.fish

JSON: shell, script.")]
pub struct Completions {
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Serialize)]
struct Script {
    shell: String,
    script: String,
}

impl Report for Script {
    fn text(&self) -> String {
        self.script.trim_end().to_owned()
    }
}

impl Completions {
    pub fn run(self, output: &Output, mut program: Command) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program, "diesel-envelope", &mut script);
        output.report(&Script {
            shell: self.shell.to_string(),
            script: String::from_utf8_lossy(&script).into_owned(),
        })
    }
}
