//! A person uses the page, in a headless Chromium.

mod harness;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use harness::Server;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

/// A chromedriver, which starts Chromium.
struct Driver {
    child: Child,
    url: String,
    folder: PathBuf,
}

impl Driver {
    /// Returns `None` if the program is missing.
    fn start() -> Option<Self> {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.find(|line| line.as_ref().unwrap().contains("started successfully"));
        let line = line.unwrap().unwrap();
        let port = line.trim_end_matches('.').rsplit(' ').next().unwrap();
        // The pipe remains open, so that the driver can go on writing.
        std::thread::spawn(move || lines.for_each(drop));
        let folder =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(uuid::Uuid::now_v7().to_string());
        std::fs::create_dir_all(&folder).unwrap();
        Some(Self { child, url: format!("http://127.0.0.1:{port}"), folder })
    }

    async fn open(&self, arguments: &[&str]) -> Client {
        let data = format!("--user-data-dir={}", self.folder.join("data").display());
        let mut all = vec![
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &data,
        ];
        all.extend(arguments);
        // The width of a phone: a page that fits there fits everywhere.
        let screen = json!({ "deviceMetrics": { "width": 390, "height": 844, "pixelRatio": 1 } });
        let options = json!({ "args": all, "mobileEmulation": screen });
        let capabilities = json!({ "goog:chromeOptions": options });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities.as_object().unwrap().clone());
        builder.connect(&self.url).await.unwrap()
    }
}

impl Drop for Driver {
    /// Chromedriver ends its Chromium when it receives SIGTERM.
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The page as a person uses it: by labels and buttons.
struct Page(Client);

impl Page {
    async fn fill(&self, form: &str, field: &str, text: &str) {
        let css = format!("#{form} [name={field}]");
        let input = self.0.wait().for_element(Locator::Css(&css)).await.unwrap();
        input.clear().await.unwrap();
        input.send_keys(text).await.unwrap();
    }

    async fn press(&self, button: &str, expected: &str) {
        self.0.find(Locator::Css(button)).await.unwrap().click().await.unwrap();
        let message = format!("//*[@id='message'][contains(., '{expected}')]");
        let wait = self.0.wait().at_most(Duration::from_secs(30));
        wait.for_element(Locator::XPath(&message)).await.unwrap();
    }

    /// Types into the search field, and waits until the table has this member alone.
    async fn find_by_name(&self, typed: &str, name: &str) {
        self.fill("search-name", "name", typed).await;
        let only = format!("//*[@id='members'][count(tr) = 1]/tr[contains(., '{name}')]");
        let wait = self.0.wait().at_most(Duration::from_secs(30));
        wait.for_element(Locator::XPath(&only)).await.unwrap();
    }

    async fn text(&self, css: &str) -> String {
        self.0.find(Locator::Css(css)).await.unwrap().text().await.unwrap()
    }

    /// Saves a picture of the whole page, for a person to look at.
    async fn picture(&self, name: &str) {
        let Ok(folder) = std::env::var("SCREENSHOTS") else { return };
        let picture = self.0.screenshot().await.unwrap();
        std::fs::write(Path::new(&folder).join(name), picture).unwrap();
    }
}

#[tokio::test]
async fn a_person_signs_up_edits_the_profile_sees_the_row_and_leaves() {
    let Some(driver) = Driver::start() else {
        // The full gate names a server. There, a missing browser is a failure.
        assert!(
            std::env::var_os("TEST_POSTGRES_URL").is_none(),
            "chromedriver is missing: apt-get install chromium chromium-driver"
        );
        eprintln!("not run: chromedriver is missing (apt-get install chromium chromium-driver)");
        return;
    };
    let database = harness::sqlite();
    let server = Server::start(&database).await;
    let arguments = std::env::var("CHROMIUM_ARGUMENTS").unwrap_or_default();
    let page = Page(driver.open(&arguments.split_whitespace().collect::<Vec<_>>()).await);
    page.0.goto(&server.base).await.unwrap();

    page.fill("sign-up", "name", "Anna Smith-Jones").await;
    page.fill("sign-up", "email", "anna@example.org").await;
    page.fill("sign-up", "password", harness::PASSWORD).await;
    page.press("#sign-up button", "You have signed up").await;
    page.press("#log-out", "You are logged out").await;

    page.fill("sign-up", "name", "Bobby Tables").await;
    page.fill("sign-up", "email", "bobby@example.org").await;
    page.fill("sign-up", "password", harness::PASSWORD).await;
    page.picture("signed-out.png").await;
    page.press("#sign-up button", "You have signed up").await;
    page.press("#log-out", "You are logged out").await;

    page.fill("log-in", "email", "BOBBY@example.org").await;
    page.fill("log-in", "password", "not the password").await;
    page.press("#log-in button", "is wrong").await;
    page.fill("log-in", "password", harness::PASSWORD).await;
    page.press("#log-in button", "You are logged in").await;

    page.fill("profile", "phone", "+49 30 5551234").await;
    // Keys are typed into a date field in the order of the locale.
    let set_date = "document.querySelector('#profile [name=birth_date]').value = '1987-06-05'";
    page.0.execute(set_date, vec![]).await.unwrap();
    page.press("#profile button", "Your profile is saved").await;
    page.picture("signed-in.png").await;

    let secrets = ["Bobby Tables", "bobby@example.org", "+49 30 5551234", "1987-06-05", "free"];
    let decrypted = page.text("#row").await;
    let codes = "return Object.fromEntries([...document.querySelectorAll('#row tr')].map((row) => \
                 [row.querySelector('th').innerText, row.querySelector('code').innerText]))";
    let stored = page.0.execute(codes, vec![]).await.unwrap();
    // Digests are random bytes, and may begin in the same way.
    for column in ["name", "email", "phone", "birth_date", "plan"] {
        assert!(stored[column].as_str().unwrap().starts_with(r"\xa1"), "{column} in {stored}");
    }
    let stored = stored.to_string();
    for secret in secrets {
        assert!(decrypted.contains(secret), "{secret} is not in {decrypted}");
        assert!(!stored.contains(secret), "{secret} is in {stored}");
    }
    let members = page.text("#members").await;
    assert!(members.contains("Bobby Tables") && members.contains("Anna Smith-Jones"), "{members}");
    page.find_by_name("bob", "Bobby Tables").await;
    page.find_by_name("jon", "Anna Smith-Jones").await;
    page.find_by_name("anna smi", "Anna Smith-Jones").await;
    page.find_by_name("xyz", "No member found").await;
    let width =
        "return document.documentElement.scrollWidth <= document.documentElement.clientWidth";
    assert_eq!(
        page.0.execute(width, vec![]).await.unwrap(),
        json!(true),
        "the page fits its window"
    );

    page.0.find(Locator::Css("#delete [name=sure]")).await.unwrap().click().await.unwrap();
    page.press("#delete button", "Your account is deleted").await;
    page.fill("log-in", "email", "bobby@example.org").await;
    page.fill("log-in", "password", harness::PASSWORD).await;
    page.press("#log-in button", "is wrong").await;

    page.0.close().await.unwrap();
    drop((driver, server));
    database.drop().await;
}
