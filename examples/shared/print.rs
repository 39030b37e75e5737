//! The output format of the examples.

pub fn heading(text: &str) {
    println!("\n{text}\n{}", "─".repeat(text.chars().count()));
}

/// Shows the first bytes of a ciphertext, and its length.
pub fn shorten(bytes: &[u8]) -> String {
    let hex: String = bytes.iter().take(9).map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}… {} bytes", bytes.len())
}
