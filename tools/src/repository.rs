//! Files of the repository that tests compare with. They are not in the package.

use std::path::Path;

/// Returns the content of a file, or `None` in a package, to which cargo adds `Cargo.toml.orig`.
pub fn file(path: &str) -> Option<String> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    if package.join("Cargo.toml.orig").exists() {
        return None;
    }
    let file = package.join("..").join(path);
    Some(std::fs::read_to_string(file).expect("a file of the repository"))
}
