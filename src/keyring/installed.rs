//! The installed keyring of a process, which `ToSql` and `FromSql` use. It is installed once and
//! can be replaced while the program runs.

use std::sync::Arc;

use arc_swap::ArcSwap;
use once_cell::sync::OnceCell;

use super::{INSECURE_PRIMARY, IndexKey, Keyring, Material};
use crate::error::{Error, Result};

static INSTALLED: OnceCell<ArcSwap<Keyring>> = OnceCell::new();

impl Keyring {
    /// Installs the keyring for the whole process. Call it once at start-up, before the first
    /// query.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyInstalled`] on the second call.
    pub fn install(self) -> Result<()> {
        let summary = self.to_string();
        let insecure = self.primary_id().to_string() == INSECURE_PRIMARY;
        INSTALLED.set(ArcSwap::from_pointee(self)).map_err(|_| Error::AlreadyInstalled)?;
        tracing::info!(keyring = summary, "keyring installed");
        if insecure {
            tracing::warn!("the keys of this keyring are publicly known: use it in tests only");
        }
        Ok(())
    }

    /// Replaces the installed keyring while the program runs. Operations that start after this call
    /// returns use the new keyring. A load that is already running may use both keyrings. This is
    /// safe, because the new keyring reads every value that the old one writes.
    ///
    /// # Errors
    ///
    /// [`Error::NoKeyring`] if no keyring is installed. [`Error::ReplaceWouldDrop`] if the new
    /// keyring lacks the current primary key or one of the current index keys. The same error is
    /// returned if the new keyring has another name for an index key, or is strict while Fernet
    /// tokens are being written.
    pub fn replace(self) -> Result<()> {
        let installed = INSTALLED.get().ok_or(Error::NoKeyring)?;
        let new = Arc::new(self);
        // Check against the keyring that the swap replaces: of two replacements at once, the second
        // is checked against the first.
        loop {
            let present = installed.load_full();
            new.check_reads_all_of(&present)?;
            if Arc::ptr_eq(&installed.compare_and_swap(&present, new.clone()), &present) {
                tracing::info!(keyring = %new, "keyring replaced");
                return Ok(());
            }
        }
    }

    fn check_reads_all_of(&self, present: &Self) -> Result<()> {
        let primary = &present.keys[present.primary];
        let reads_primary = self.keys.iter().any(|key| key.id == primary.id);
        if !reads_primary || self.strict && matches!(primary.material, Material::Fernet(_)) {
            return Err(Error::ReplaceWouldDrop { role: "primary", key_id: primary.id });
        }
        let kept = |old: &&IndexKey| {
            self.index_keys.iter().any(|key| key.id == old.id && key.name == old.name)
        };
        match present.index_keys.iter().find(|old| !kept(old)) {
            Some(key) => Err(Error::ReplaceWouldDrop { role: "index", key_id: key.id }),
            None => Ok(()),
        }
    }

    /// Replaces the installed keyring, even if the new one lacks keys that are in use. Rows under
    /// those keys can no longer be read or found.
    ///
    /// # Errors
    ///
    /// [`Error::NoKeyring`] if no keyring is installed.
    pub fn replace_dropping(self) -> Result<()> {
        let summary = self.to_string();
        INSTALLED.get().ok_or(Error::NoKeyring)?.store(Arc::new(self));
        tracing::info!(keyring = summary, "keyring replaced");
        Ok(())
    }

    /// Returns the installed keyring.
    ///
    /// # Errors
    ///
    /// [`Error::NoKeyring`].
    pub fn installed() -> Result<Arc<Self>> {
        Ok(INSTALLED.get().ok_or(Error::NoKeyring)?.load_full())
    }

    /// Calls a function with the installed keyring, without touching its reference count.
    pub(crate) fn with_installed<R, E: From<Error>>(
        act: impl FnOnce(&Self) -> Result<R, E>,
    ) -> Result<R, E> {
        let Some(installed) = INSTALLED.get() else { return Err(Error::NoKeyring.into()) };
        act(&installed.load())
    }
}
