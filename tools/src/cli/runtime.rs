//! The runtime for calls to AWS.

use crate::cli::failure::Failure;

/// Runs a future to its end, because calls to AWS need a runtime.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        Failure::new(format!("cannot start a runtime for calls to AWS: {error}"))
    })?;
    Ok(runtime.block_on(future))
}
