//! `completions`: completion scripts for shells.

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde::Serialize;

use super::Cli;
use super::failure::Failure;
use super::output::{Output, Report};

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
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "diesel-envelope", &mut script);
        output.report(&Script {
            shell: self.shell.to_string(),
            script: String::from_utf8_lossy(&script).into_owned(),
        })
    }
}
