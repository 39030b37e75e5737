//! Opens regular files for reading. Anything else at a path given by the user is refused without
//! waiting.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Result};
use std::path::Path;

/// Opens a regular file for reading, without waiting. Symbolic links are followed.
///
/// Opening a FIFO waits until a process writes to it, and opening a device can act on it. Therefore
/// the type of the file is checked before it is opened. Another process could replace the file in
/// between, so the file is opened without blocking and its type is checked again.
///
/// # Errors
///
/// Returns [`ErrorKind::InvalidInput`] if the path is not a regular file. The message names the
/// type that was found: a FIFO, a directory, a device or a socket. Other errors are those of the
/// operating system.
pub fn open_regular_file(path: &Path) -> Result<File> {
    refuse_others(&std::fs::metadata(path)?)?;
    let file = not_waiting(OpenOptions::new().read(true)).open(path)?;
    refuse_others(&file.metadata()?)?;
    Ok(file)
}

fn refuse_others(metadata: &Metadata) -> Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidInput,
        format!("expected a regular file, found {}", kind(metadata.file_type())),
    ))
}

#[cfg(unix)]
fn kind(found: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match found {
        found if found.is_dir() => "a directory",
        found if found.is_fifo() => "a FIFO",
        found if found.is_socket() => "a socket",
        found if found.is_char_device() => "a character device",
        found if found.is_block_device() => "a block device",
        _ => "something else",
    }
}

#[cfg(not(unix))]
fn kind(found: FileType) -> &'static str {
    if found.is_dir() { "a directory" } else { "something else" }
}

#[cfg(unix)]
fn not_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NONBLOCK)
}

#[cfg(not(unix))]
fn not_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Returns a path that no other test has had. Identifiers of processes are used again.
#[cfg(test)]
pub(crate) fn scratch_path(purpose: &str) -> std::path::PathBuf {
    use std::hash::{BuildHasher, RandomState};
    let number = RandomState::new().hash_one(());
    std::env::temp_dir().join(format!("diesel-envelope-{purpose}-{number:016x}"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_regular_file_is_named_and_not_waited_for() {
        let dir = scratch_path("regular");
        std::fs::create_dir(&dir).unwrap();
        let path = |name: &str| dir.join(name);
        assert!(std::process::Command::new("mkfifo").arg(path("fifo")).status().unwrap().success());
        std::os::unix::fs::symlink("fifo", path("link")).unwrap();
        std::fs::write(path("file"), "content").unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        for (path, found) in [
            (path("fifo"), "a FIFO"),
            (path("link"), "a FIFO"),
            (dir.clone(), "a directory"),
            (path("socket"), "a socket"),
            ("/dev/zero".into(), "a character device"),
        ] {
            let error = open_regular_file(&path).unwrap_err();
            assert_eq!(
                (error.kind(), error.to_string()),
                (ErrorKind::InvalidInput, format!("expected a regular file, found {found}"))
            );
        }
        assert_eq!(open_regular_file(&path("none")).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(
            std::io::read_to_string(open_regular_file(&path("file")).unwrap()).unwrap(),
            "content"
        );
        std::fs::remove_dir_all(dir).unwrap();
    }
}
