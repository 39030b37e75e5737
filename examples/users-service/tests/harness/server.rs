//! The program as a process, with a keyring of its own.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use diesel_envelope::keyring::Keyset;
use diesel_envelope::kms::LocalKms;

use super::{Client, Database, eventually};

pub struct Server {
    pub base: String,
    pub keyset: Keyset,
    folder: PathBuf,
    child: Child,
}

/// A command of the program, without the configuration of the caller.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_users-service"));
    for name in
        ["SECRET_KEY", "SECRET_KEY_FILE", "DATABASE_URL", "KMS_KEY_ARN", "LISTEN", "RUST_LOG"]
    {
        command.env_remove(name);
    }
    command
}

impl Server {
    pub async fn start(database: &Database) -> Self {
        let folder =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(uuid::Uuid::now_v7().to_string());
        std::fs::create_dir_all(&folder).unwrap();
        let keyset = Keyset::generate().unwrap();
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let migrated = program()
            .arg("migrate")
            .env("DATABASE_URL", database.url())
            .stderr(log.try_clone().unwrap())
            .status();
        assert!(migrated.unwrap().success());
        write_keyset(&folder, &keyset).await;
        let child = program()
            .env("DATABASE_URL", database.url())
            .env("SECRET_KEY_FILE", folder.join("secret-key"))
            .env("DIESEL_ENVELOPE_LOCAL_KEY", folder.join("local-key"))
            .env("LISTEN", "127.0.0.1:0")
            .env("RUST_LOG", "debug")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Self { base: String::new(), keyset, folder, child };
        eventually("the server listens", || {
            let log = server.log();
            let address = log.split_once("listening on ").map(|(_, rest)| rest.split_whitespace());
            server.base = address.and_then(|mut words| words.next()).unwrap_or_default().to_owned();
            std::future::ready(!server.base.is_empty())
        })
        .await;
        server
    }

    pub fn client(&self) -> Client {
        Client::new(&self.base)
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap()
    }

    /// Rolls the keyset out: writes the file, and sends SIGHUP. The caller waits for `/health`.
    pub async fn roll_out(&self) {
        write_keyset(&self.folder, &self.keyset).await;
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    }
}

async fn write_keyset(folder: &std::path::Path, keyset: &Keyset) {
    let kms = LocalKms::open_or_create(folder.join("local-key")).unwrap();
    // A process that reads the file sees the old text or the new one, never a part.
    let line = format!("SECRET_KEY={}\n", keyset.wrap(&kms).await.unwrap());
    std::fs::write(folder.join("secret-key.new"), line).unwrap();
    std::fs::rename(folder.join("secret-key.new"), folder.join("secret-key")).unwrap();
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the log of the server:\n{}", self.log());
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
