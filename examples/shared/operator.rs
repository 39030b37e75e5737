//! The one-time step before the first start: make a keyring and wrap it.

use std::process::Command;

use diesel_envelope::keyring::Keyset;

use crate::print::heading;
use crate::start::{Outcome, key_file, kms, kms_name};

/// Makes and wraps a keyring, then starts the application with it.
///
/// The application is this program again, with the environment that its operator sets.
pub async fn start_application() -> Outcome {
    heading("Once: make a keyring and wrap it");
    let document = Keyset::generate()?;
    let secret_key = document.wrap(&kms().await?).await?;
    println!("wrapped by    {}", kms_name());
    println!("key           {} (writes values)", document.primary());
    println!("environment   SECRET_KEY={}… ({} characters)", &secret_key[..42], secret_key.len());

    let mut application = Command::new(std::env::current_exe()?);
    application.env("SECRET_KEY", secret_key).env("DIESEL_ENVELOPE_LOCAL_KEY", key_file());
    if application.status()?.success() { Ok(()) } else { Err("the application failed".into()) }
}
