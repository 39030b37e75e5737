//! Keys change under load, and no request fails.

mod harness;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use diesel_envelope::Keyring;
use diesel_envelope::keyring::{Algorithm, Options};
use harness::{Client, PASSWORD, Server, databases, eventually, metric, profile};
use serde_json::{Value, json};
use users_service::schema::users;

const TASKS: usize = 8;
const OPENED: &str = "diesel_envelope_values_opened_total";

/// The rounds that each task has completed, and the order to stop.
#[derive(Default)]
struct Progress {
    rounds: [AtomicUsize; TASKS],
    stop: AtomicBool,
}

impl Progress {
    /// Waits until every task has begun and completed a round.
    async fn whole_round(&self) {
        let read = || self.rounds.each_ref().map(|rounds| rounds.load(Ordering::SeqCst));
        let before = read();
        eventually("every task completes two rounds", || {
            let is_done = read().iter().zip(before).all(|(now, before)| *now >= before + 2);
            std::future::ready(is_done)
        })
        .await;
    }
}

/// Uses the service as one user does, and expects that every request succeeds.
async fn use_service(mut client: Client, task: usize, progress: Arc<Progress>) {
    let (name, number) = (format!("user{task}"), u32::try_from(task).unwrap());
    let mut mine = profile(&name, number);
    let (status, user) = client.sign_up(mine.clone()).await;
    assert_eq!(status, 201, "{user}");
    while !progress.stop.load(Ordering::SeqCst) {
        let (status, seen) = client.get("/api/me").await;
        assert_eq!((status, &seen["email"]), (200, &mine["email"]), "{seen}");
        let (status, found) =
            client.post("/api/members/search", json!({ "phone": mine["phone"] })).await;
        assert_eq!((status, &found["members"][0]["id"]), (200, &user["id"]), "{found}");
        let round = progress.rounds[task].load(Ordering::SeqCst);
        mine["name"] = json!(format!("{name} in round {round}"));
        let (status, seen) = client.send("PUT", "/api/me", Some(mine.clone())).await;
        assert_eq!((status, &seen["name"]), (200, &mine["name"]), "{seen}");
        let (status, page) = client.get("/api/members?limit=100").await;
        let members = page["members"].as_array().unwrap();
        assert!(
            status == 200 && members.iter().all(|member| member.get("error").is_none()),
            "{page}"
        );
        if round % 8 == task {
            let (status, seen) = client.log_in(&format!("USER{task}@example.org"), PASSWORD).await;
            assert_eq!(status, 200, "{seen}");
        }
        if round % 8 == 7 - task {
            let (status, refused) = client.sign_up(profile(&name.to_uppercase(), number)).await;
            assert_eq!(status, 409, "{refused}");
        }
        progress.rounds[task].fetch_add(1, Ordering::SeqCst);
    }
}

async fn health_shows(client: &mut Client, expected: impl Fn(&Value) -> bool) {
    for _ in 0..600 {
        if expected(&client.get("/health").await.1["keys"]) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the keyring was not replaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_and_an_index_key_are_replaced_under_load() {
    for database in databases().await {
        let mut server = Server::start(&database).await;
        let mut operator = server.client();
        // Rows that nobody changes meanwhile: only the rotation re-encrypts them.
        for number in 100..130 {
            let (status, _) = operator.sign_up(profile(&format!("idle{number}"), number)).await;
            assert_eq!(status, 201);
        }
        let progress = Arc::new(Progress::default());
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| tokio::spawn(use_service(server.client(), task, progress.clone())))
            .collect();
        progress.whole_round().await;

        // Add both keys: every process reads them before one writes with them.
        let old_key = server.keyset.primary();
        let old = old_key.to_string();
        let new = server.keyset.add_key(Algorithm::Aes256GcmSiv).unwrap();
        let new_index = server.keyset.add_index_key("b").unwrap();
        server.roll_out().await;
        let has =
            |keys: &Value, id: &str| keys["all"].as_array().unwrap().iter().any(|key| key == id);
        health_shows(&mut operator, |keys| {
            has(keys, &new.to_string()) && has(keys, &new_index.to_string())
        })
        .await;
        progress.whole_round().await;

        server.keyset.promote(new).unwrap();
        server.keyset.promote(new_index).unwrap();
        server.roll_out().await;
        health_shows(&mut operator, |keys| {
            keys["primary"] == new.to_string() && keys["index_primary"] == new_index.to_string()
        })
        .await;
        progress.whole_round().await;

        let keyring = Keyring::from_keyset(&server.keyset, &Options::new()).unwrap();
        let report = database.rotate(keyring, users::table::encrypted_columns()).await;
        assert!(report.is_complete() && report.written >= 30, "{report:?}");

        // Requests that began before the end of the rotation are over. The counter of the old key
        // does not move any more, and the gauge shows the last time that it did.
        progress.whole_round().await;
        let before = operator.metrics().await;
        progress.whole_round().await;
        let after = operator.metrics().await;
        let opened = |metrics: &str, key: &str| metric(metrics, OPENED, "key_id", key).unwrap();
        assert_eq!(opened(&before, &old), opened(&after, &old));
        assert!(opened(&after, &new.to_string()) > opened(&before, &new.to_string()));
        let last = "diesel_envelope_last_opened_timestamp_seconds";
        let last = |metrics: &str| metric(metrics, last, "key_id", &old).unwrap();
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
        assert!(last(&before) == last(&after) && (now - 600.0..=now).contains(&last(&after)));

        server.keyset.retire(old_key).unwrap();
        server.roll_out().await;
        health_shows(&mut operator, |keys| !has(keys, &old)).await;
        progress.whole_round().await;

        progress.stop.store(true, Ordering::SeqCst);
        for task in tasks {
            task.await.unwrap();
        }
        let metrics = operator.metrics().await;
        for status in ["500", "503"] {
            assert_eq!(metric(&metrics, "http_requests_total", "status", status), None);
        }
        drop(server);
        database.drop().await;
    }
}

#[tokio::test]
async fn a_bad_file_leaves_the_keyring_in_place() {
    let database = harness::sqlite();
    let mut server = Server::start(&database).await;
    let mut client = server.client();
    client.sign_up(profile("bobby", 1)).await;
    let (_, before) = client.get("/health").await;
    server.keyset = diesel_envelope::keyring::Keyset::generate().unwrap();
    server.roll_out().await;
    eventually("the refusal is logged", || {
        std::future::ready(server.log().contains("the keyring was not replaced"))
    })
    .await;
    assert_eq!(client.get("/health").await, (200, before));
    assert_eq!(client.get("/api/me").await.0, 200);
    drop(server);
    database.drop().await;
}
