//! Password hashes: Argon2id with the parameters that the crate `argon2` recommends.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Hashes passwords, on a limited number of threads: each hash takes 19 MiB of memory.
pub struct Passwords {
    slots: Arc<Semaphore>,
    /// The hash that an unknown address is verified against.
    decoy: Arc<str>,
}

/// A password could not be hashed. The cause is not the password.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed or verified")]
pub struct PasswordError;

impl Passwords {
    /// Hashes on as many threads as the machine has cores.
    pub fn new() -> Result<Self, PasswordError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let random: [u8; 32] = rand::random();
        Ok(Self { slots: Arc::new(Semaphore::new(cores)), decoy: hash(&random)?.into() })
    }

    /// Returns the hash of a password, in the PHC format.
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String, PasswordError> {
        self.on_a_thread(move || hash(password.as_bytes())).await?
    }

    /// Verifies a password. Without a hash it does the same work, and returns `false`: the time of
    /// the answer does not tell whether an address is known.
    pub async fn verify(
        &self,
        password: Zeroizing<String>,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        let known = hash.is_some();
        let hash = hash.map_or_else(|| self.decoy.clone(), Into::into);
        let verified = self.on_a_thread(move || {
            let hash = PasswordHash::new(&hash).map_err(|_| PasswordError)?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        });
        Ok(verified.await?? && known)
    }

    async fn on_a_thread<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, PasswordError> {
        let slot = self.slots.clone().acquire_owned().await.map_err(|_| PasswordError)?;
        // The slot belongs to the thread: a client that hangs up does not free it.
        let task = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(slot);
            result
        });
        task.await.map_err(|_| PasswordError)
    }
}

fn hash(password: &[u8]) -> Result<String, PasswordError> {
    let hash: PasswordHash =
        Argon2::default().hash_password(password).map_err(|_| PasswordError)?;
    Ok(hash.to_string())
}
