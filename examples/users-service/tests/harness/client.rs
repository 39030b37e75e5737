//! An HTTP client with one cookie.

use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};

pub const PASSWORD: &str = "correct horse battery";

pub struct Client {
    http: reqwest::Client,
    base: String,
    cookie: Option<String>,
}

/// The profile of a test user, whose address and number no other user has.
pub fn profile(name: &str, number: u32) -> Value {
    json!({
        "name": format!("{name} Tables"),
        "email": format!("{name}@example.org"),
        "phone": format!("+49 30 {number:07}"),
        "birth_date": "1987-06-05",
        "plan": "enterprise",
    })
}

impl Client {
    pub fn new(base: &str) -> Self {
        Self { http: reqwest::Client::new(), base: base.to_owned(), cookie: None }
    }

    pub async fn send(&mut self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method: Method = method.parse().unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(&body);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let response = request.send().await.unwrap();
        if let Some(cookie) = response.headers().get(SET_COOKIE) {
            self.cookie = cookie.to_str().unwrap().split(';').next().map(str::to_owned);
        }
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn get(&mut self, path: &str) -> (u16, Value) {
        self.send("GET", path, None).await
    }

    pub async fn post(&mut self, path: &str, body: Value) -> (u16, Value) {
        self.send("POST", path, Some(body)).await
    }

    pub async fn sign_up(&mut self, profile: Value) -> (u16, Value) {
        self.post("/api/sign-up", json!({ "password": PASSWORD, "profile": profile })).await
    }

    pub async fn log_in(&mut self, email: &str, password: &str) -> (u16, Value) {
        self.post("/api/session", json!({ "email": email, "password": password })).await
    }

    pub async fn metrics(&mut self) -> String {
        self.get("/metrics").await.1.as_str().unwrap().to_owned()
    }
}

/// Adds up the values of a metric with this label.
pub fn metric(text: &str, name: &str, label: &str, value: &str) -> Option<f64> {
    let label = format!("{label}=\"{value}\"");
    let lines = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('{'));
    let values = lines.filter(|line| line.contains(&label));
    values.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).reduce(|a, b| a + b)
}
