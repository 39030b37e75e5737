//! The installed keyring of a process, which `ToSql` and `FromSql` use. It is installed once and
//! can be replaced while the program runs.

use std::sync::Arc;

use arc_swap::ArcSwap;
use once_cell::sync::OnceCell;

use super::Keyring;
use super::index_keys::IndexKey;
use super::insecure;
use crate::error::{Error, Result};

static INSTALLED: OnceCell<ArcSwap<Keyring>> = OnceCell::new();

pub(super) fn install(keyring: Keyring) -> Result<()> {
    let summary = keyring.to_string();
    let insecure = keyring.primary_id().to_string() == insecure::PRIMARY;
    INSTALLED.set(ArcSwap::from_pointee(keyring)).map_err(|_| Error::AlreadyInstalled)?;
    tracing::info!(keyring = summary, "keyring installed");
    if insecure {
        tracing::warn!("the keys of this keyring are publicly known: use it in tests only");
    }
    Ok(())
}

pub(super) fn replace(keyring: Keyring) -> Result<()> {
    let installed = INSTALLED.get().ok_or(Error::NoKeyring)?;
    let new = Arc::new(keyring);
    // Check against the keyring that the swap replaces: of two replacements at once, the second is
    // checked against the first.
    loop {
        let present = installed.load_full();
        check_reads_all_of(&new, &present)?;
        if Arc::ptr_eq(&installed.compare_and_swap(&present, new.clone()), &present) {
            tracing::info!(keyring = %new, "keyring replaced");
            return Ok(());
        }
    }
}

fn check_reads_all_of(new: &Keyring, present: &Keyring) -> Result<()> {
    let primary = present.encryption_keys.primary();
    if !new.encryption_keys.contains(primary.id) || new.strict && primary.is_fernet() {
        return Err(Error::ReplaceWouldDrop { role: "primary", key_id: primary.id });
    }
    let kept =
        |old: &&IndexKey| new.index_keys.iter().any(|key| key.id == old.id && key.name == old.name);
    match present.index_keys.iter().find(|old| !kept(old)) {
        Some(key) => Err(Error::ReplaceWouldDrop { role: "index", key_id: key.id }),
        None => Ok(()),
    }
}

pub(super) fn replace_dropping(keyring: Keyring) -> Result<()> {
    let summary = keyring.to_string();
    INSTALLED.get().ok_or(Error::NoKeyring)?.store(Arc::new(keyring));
    tracing::info!(keyring = summary, "keyring replaced");
    Ok(())
}

pub(super) fn installed() -> Result<Arc<Keyring>> {
    Ok(INSTALLED.get().ok_or(Error::NoKeyring)?.load_full())
}

/// Calls a function with the installed keyring, without touching its reference count.
pub(super) fn with_installed<R, E: From<Error>>(
    act: impl FnOnce(&Keyring) -> Result<R, E>,
) -> Result<R, E> {
    let Some(installed) = INSTALLED.get() else { return Err(Error::NoKeyring.into()) };
    act(&installed.load())
}
