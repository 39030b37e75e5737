//! The API over HTTP: each case on SQLite, and on PostgreSQL where `TEST_POSTGRES_URL` is set.

mod harness;

use harness::{Client, PASSWORD, Server, databases, metric, profile};
use serde_json::{Value, json};

/// The text `[code] field` of an error.
fn code(answer: &(u16, Value)) -> String {
    let error = &answer.1["error"];
    format!(
        "{} {} {}",
        answer.0,
        error["code"].as_str().unwrap(),
        error["field"].as_str().unwrap_or("-")
    )
}

/// Returns whether the bytes contain a text, in any letter case.
fn contains(bytes: &[u8], text: &str) -> bool {
    let text = text.as_bytes();
    bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text))
}

#[tokio::test]
async fn a_user_signs_up_logs_in_updates_and_leaves() {
    for database in databases().await {
        let server = Server::start(&database).await;
        let mut client = server.client();
        assert_eq!(code(&client.get("/api/me").await), "401 not_signed_in -");
        let (status, user) = client.sign_up(profile("bobby", 1)).await;
        assert_eq!(
            (status, &user["name"], &user["plan"]),
            (201, &json!("bobby Tables"), &json!("enterprise"))
        );
        assert!(user.get("password_hash").is_none(), "{user}");
        assert_eq!(client.send("DELETE", "/api/session", None).await.0, 204);
        assert_eq!(code(&client.get("/api/me").await), "401 not_signed_in -");

        // An unknown address and a wrong password get the same answer.
        let wrong = client.log_in("bobby@example.org", "wrong password").await;
        assert_eq!(code(&wrong), "401 wrong_login -");
        assert_eq!(client.log_in("nobody@example.org", PASSWORD).await, wrong);
        assert_eq!(client.log_in("BOBBY@Example.ORG", PASSWORD).await, (200, user.clone()));

        let new = json!({ "name": "Robert", "email": "Robert@Example.org", "plan": "free" });
        let (status, user) = client.send("PUT", "/api/me", Some(new)).await;
        assert_eq!((status, &user["email"]), (200, &json!("Robert@Example.org")));
        assert_eq!((&user["phone"], &user["birth_date"]), (&Value::Null, &Value::Null));
        assert_eq!(client.get("/api/me").await, (200, user));
        assert_eq!(code(&client.log_in("bobby@example.org", PASSWORD).await), "401 wrong_login -");

        assert_eq!(client.send("DELETE", "/api/me", None).await.0, 204);
        assert_eq!(code(&client.get("/api/me").await), "401 not_signed_in -");
        assert_eq!(code(&client.log_in("robert@example.org", PASSWORD).await), "401 wrong_login -");
        drop(server);
        database.drop().await;
    }
}

#[tokio::test]
async fn an_address_belongs_to_one_user_in_any_letter_case() {
    for database in databases().await {
        let server = Server::start(&database).await;
        let (mut bobby, mut other) = (server.client(), server.client());
        assert_eq!(bobby.sign_up(profile("bobby", 1)).await.0, 201);
        let mut same = profile("other", 2);
        same["email"] = json!("BOBBY@example.ORG");
        assert_eq!(code(&other.sign_up(same.clone()).await), "409 email_taken email");
        assert_eq!(other.sign_up(profile("other", 2)).await.0, 201);
        assert_eq!(code(&other.send("PUT", "/api/me", Some(same)).await), "409 email_taken email");
        drop(server);
        database.drop().await;
    }
}

#[tokio::test]
async fn bad_input_is_refused_by_field() {
    for database in databases().await {
        let server = Server::start(&database).await;
        let mut client = server.client();
        for (field, value, expected) in [
            ("name", json!("x".repeat(101)), "422 invalid_field name"),
            ("name", json!(" "), "422 invalid_field name"),
            ("name", json!(7), "422 malformed_request -"),
            ("name", json!("x".repeat(20_000)), "413 malformed_request -"),
            ("email", json!("bobby"), "422 invalid_field email"),
            ("email", json!(" bobby@example.org"), "422 invalid_field email"),
            ("phone", json!("call me"), "422 invalid_field phone"),
            ("phone", json!("1234"), "422 invalid_field phone"),
            ("birth_date", json!("2999-01-01"), "422 invalid_field birth_date"),
            ("birth_date", json!("yesterday"), "422 malformed_request -"),
            ("plan", json!("gold"), "422 malformed_request -"),
            ("admin", json!(true), "422 malformed_request -"),
        ] {
            let mut bad = profile("bobby", 1);
            bad[field] = value;
            assert_eq!(code(&client.sign_up(bad).await), expected, "{field}");
        }
        let short = json!({ "password": "short", "profile": profile("bobby", 1) });
        assert_eq!(code(&client.post("/api/sign-up", short).await), "422 invalid_field password");
        assert_eq!(
            code(&client.send("POST", "/api/sign-up", None).await),
            "415 malformed_request -"
        );
        assert_eq!(code(&client.get("/nothing").await), "404 not_found -");
        assert_eq!(code(&client.get("/api/sign-up").await), "405 method_not_allowed -");
        assert_eq!(client.sign_up(profile("bobby", 1)).await.0, 201);
        for query in ["limit=0", "limit=101", "limit=x", "after=7", "offset=1"] {
            let answer = client.get(&format!("/api/members?{query}")).await;
            assert!([400, 422].contains(&answer.0), "{query}: {answer:?}");
        }
        drop(server);
        database.drop().await;
    }
}

#[tokio::test]
async fn pages_list_every_member_once_and_survive_a_bad_row() {
    for database in databases().await {
        let server = Server::start(&database).await;
        let mut client = server.client();
        assert_eq!(code(&client.get("/api/members").await), "401 not_signed_in -");
        let mut ids = Vec::new();
        for number in 0..5 {
            let (_, user) = client.sign_up(profile(&format!("user{number}"), number)).await;
            ids.push(user["id"].as_str().unwrap().to_owned());
        }
        // A ciphertext of another column is well-formed, and does not decrypt.
        let bad = &ids[2];
        database.execute(&format!("UPDATE users SET name = email WHERE id = '{bad}'")).await;

        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let (status, page) = client.get(&format!("/api/members?limit=2{after}")).await;
            assert_eq!(status, 200);
            seen.extend(page["members"].as_array().unwrap().clone());
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        let seen_ids: Vec<_> = seen.iter().map(|member| member["id"].as_str().unwrap()).collect();
        assert_eq!(seen_ids, ids);
        assert_eq!((&seen[2]["error"], seen[2].get("name")), (&json!("unreadable"), None));
        assert_eq!((&seen[3]["name"], seen[3].get("error")), (&json!("user3 Tables"), None));
        assert!(
            seen.iter()
                .all(|member| member.get("email").is_none() && member.get("phone").is_none())
        );

        let (_, found) =
            client.post("/api/members/search", json!({ "phone": "+49 (30) 0000004" })).await;
        assert_eq!(found["members"][0]["id"].as_str(), Some(ids[4].as_str()));
        assert_eq!(found["members"].as_array().unwrap().len(), 1);

        for (typed, expected) in [("use", 4), ("USER3", 1), ("tables user1", 1), ("user2", 0)] {
            let (status, found) =
                client.post("/api/members/search", json!({ "name": typed })).await;
            assert_eq!(status, 200);
            assert_eq!(found["members"].as_array().unwrap().len(), expected, "{typed}");
        }
        let short = client.post("/api/members/search", json!({ "name": "user us" })).await;
        assert_eq!(code(&short), "422 invalid_field name");
        drop(server);
        database.drop().await;
    }
}

#[tokio::test]
async fn operators_see_keys_and_counters_and_nobody_sees_plaintext() {
    for database in databases().await {
        let server = Server::start(&database).await;
        let mut client = server.client();
        client.sign_up(profile("bobby", 5_551_234)).await;
        client.log_in("BOBBY@example.org", PASSWORD).await;
        client.log_in("bobby@example.org", "not the password").await;
        client.post("/api/members/search", json!({ "phone": "+49 30 5551234" })).await;
        client.sign_up(profile("bobby", 5_551_234)).await;
        client
            .post("/api/sign-up", json!({ "password": PASSWORD, "profile": "bobby@example.org" }))
            .await;

        let (status, health) = client.get("/health").await;
        let primary = server.keyset.primary().to_string();
        let index = server.keyset.index_primary().unwrap().to_string();
        let keys = json!({ "primary": primary, "index_primary": index, "all": [primary, index] });
        assert_eq!((status, health), (200, json!({ "database": "ok", "keys": keys })));

        let metrics = client.metrics().await;
        let opened = metric(&metrics, "diesel_envelope_values_opened_total", "key_id", &primary);
        let sealed = metric(&metrics, "diesel_envelope_values_sealed_total", "key_id", &primary);
        assert!(opened >= Some(10.0) && sealed >= Some(5.0), "{metrics}");
        assert_eq!(metric(&metrics, "http_requests_total", "route", "/api/session"), Some(2.0));

        let (_, stored) = client.get("/api/me/stored").await;
        assert!(
            stored["name"].as_str().unwrap().starts_with(&format!(r"\xa101{primary}")),
            "{stored}"
        );
        let (dump, log) = (database.dump().await, server.log());
        assert!(contains(&dump, &stored["id"].as_str().unwrap()[..8]), "the dump has the rows");
        assert!(contains(log.as_bytes(), "/api/sign-up"), "the log has the requests");
        let (stored, page) = (stored.to_string(), metrics.as_str());
        for secret in
            ["bobby", "example.org", "5551234", "555 1234", "1987", "enterprise", "correct horse"]
        {
            for (place, bytes) in [
                ("the database", dump.as_slice()),
                ("the log", log.as_bytes()),
                ("the stored row", stored.as_bytes()),
                ("the metrics", page.as_bytes()),
            ] {
                assert!(!contains(bytes, secret), "{secret} is in {place}");
            }
        }
        drop(server);
        database.drop().await;
    }
}

#[tokio::test]
async fn a_database_that_is_gone_is_reported_without_internals() {
    let database = harness::sqlite();
    let server = Server::start(&database).await;
    let mut client: Client = server.client();
    client.sign_up(profile("bobby", 1)).await;
    database.execute("DROP TABLE users").await;
    assert_eq!(client.get("/health").await.0, 503);
    let answer = client.get("/api/me").await;
    assert_eq!(code(&answer), "500 internal -");
    assert!(!answer.1.to_string().contains("table"), "{}", answer.1);
    drop(server);
    database.drop().await;
}

#[test]
fn without_a_key_the_program_names_the_command_that_makes_one() {
    let output = harness::program().output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(error.contains("diesel-envelope keygen --local-key-file"), "{error}");
}
