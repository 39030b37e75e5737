//! How the examples print.

pub fn heading(text: &str) {
    println!("\n{text}\n{}", "─".repeat(text.chars().count()));
}

/// Ciphertext on a line: how it begins, and how long it is.
pub fn shorten(bytes: &[u8]) -> String {
    let hex: String = bytes.iter().take(9).map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}… {} bytes", bytes.len())
}
