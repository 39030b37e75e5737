//! The command line, `diesel-envelope`, which only calls `diesel_envelope_tools`.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

fn main() -> std::process::ExitCode {
    diesel_envelope_tools::cli::main()
}
