//! The program as its users and its operators see it: a process, a database of its own, HTTP.

#![allow(dead_code, unused_imports, reason = "no test uses everything")]

mod client;
mod database;
mod server;

pub use client::{Client, PASSWORD, metric, profile};
pub use database::{Database, databases, sqlite};
pub use server::{Server, program};

/// Waits until something is true, for up to 30 seconds.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut is_true: impl FnMut() -> F) {
    for _ in 0..600 {
        if is_true().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("not after 30 seconds: {what}");
}
