//! The policies of `docs/policies.md` allow the calls of each way to hold the key, and no others.
//!
//! Each way runs against the fake, which records its calls. The policies are evaluated as far as
//! they go: `Allow`, exact actions and resources, `StringEquals` and `Null`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use base64::prelude::*;
use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::kms::{AwsKms, EncryptionContext, Kms as _};
use diesel_envelope::wrapped::WrappedKeyrings;
use diesel_envelope::{KmsEncrypted, WrappedKey};
use diesel_envelope_tools::keys::{self, Target};
use serde_json::Value;

use super::application::Application;
use super::calls::{block_on, config};
use super::fake::{FakeKms, Fault};
use super::secrets::{ACCESS_KEY_ID, FERNET_KEY, SECRET_ACCESS_KEY};

const PAGE: &str = include_str!("../../../docs/policies.md");
const ACCOUNT: &str = "111122223333";
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const SECOND: &str = "arn:aws:kms:eu-west-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321";
const OTHER: &str =
    "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555";
const PARAMETER: &str = "/my-application/keyring";
const KEYRING: [(&str, &str); 1] = [("diesel-envelope", "keyring-v1")];

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    users (id) {
        id -> Integer,
        passport -> Ciphertext,
        tax_id -> Ciphertext,
        address -> Ciphertext,
    }
}

diesel_envelope::columns! { users { passport, tax_id, address } }

/// A request as IAM sees it.
#[derive(Debug, Clone, PartialEq)]
struct Request {
    role: &'static str,
    action: String,
    resource: String,
    /// The condition keys that the request has.
    conditions: BTreeMap<String, String>,
}

impl Request {
    fn new(role: &'static str, action: impl Into<String>, resource: impl Into<String>) -> Self {
        let (action, resource) = (action.into(), resource.into());
        Self { role, action, resource, conditions: BTreeMap::new() }
    }

    /// Sets the condition keys of an encryption context.
    fn under(mut self, context: &[(&str, &str)]) -> Self {
        self.conditions.retain(|key, _| !key.starts_with("kms:EncryptionContext"));
        for (key, value) in context {
            self.conditions.insert(format!("kms:EncryptionContext:{key}"), (*value).to_owned());
            self.conditions.insert("kms:EncryptionContextKeys".to_owned(), "present".to_owned());
        }
        self
    }

    /// The call that Parameter Store makes for a SecureString (AWS Systems Manager User Guide, "AWS
    /// KMS encryption for Parameter Store SecureString parameters").
    fn of_parameter_store(role: &'static str, action: &str, parameter: &str, key: &str) -> Self {
        let region = key.split(':').nth(3).unwrap();
        let mut request = Self::new(role, action, key).under(&[("PARAMETER_ARN", parameter)]);
        let service = format!("ssm.{region}.amazonaws.com");
        request.conditions.insert("kms:ViaService".to_owned(), service);
        request
    }
}

/// Returns the requests that a fake has recorded.
fn requests(fake: &FakeKms, role: &'static str) -> Vec<Request> {
    let request = |(region, operation, body): (String, String, Value)| {
        if operation == "GetParameter" {
            return Request::new(role, "ssm:GetParameter", parameter_in(&region));
        }
        let context: Vec<(&str, &str)> = body["EncryptionContext"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.as_str(), value.as_str().unwrap()))
            .collect();
        // Without a key in the request, KMS takes the key that the blob names.
        let key = body["KeyId"].as_str().unwrap_or(KEY);
        Request::new(role, format!("kms:{operation}"), key).under(&context)
    };
    fake.requests().into_iter().map(request).collect()
}

fn parameter_in(region: &str) -> String {
    format!("arn:aws:ssm:{region}:{ACCOUNT}:parameter{PARAMETER}")
}

/// The statements of a policy on the page.
#[derive(Debug, Clone)]
struct Policy(Vec<Value>);

impl Policy {
    /// Returns the policy below this heading.
    fn on_page(heading: &str) -> Self {
        let below = PAGE.split(&format!("\n### {heading}\n")).nth(1);
        let below = below.unwrap_or_else(|| panic!("no heading {heading}"));
        let below = below.split("\n#").next().unwrap();
        let json = below.split("```json\n").nth(1).and_then(|rest| rest.split("```").next());
        let policy: Value = serde_json::from_str(json.expect(heading)).expect(heading);
        assert_eq!(policy["Version"], "2012-10-17", "{heading}");
        Self(policy["Statement"].as_array().unwrap().clone())
    }

    fn allows(&self, request: &Request) -> bool {
        self.0.iter().any(|statement| allows(statement, request))
    }

    /// The actions of the statements, without those that administer the key.
    fn actions(&self) -> BTreeSet<String> {
        self.uses().flat_map(|statement| texts(&statement["Action"])).collect()
    }

    fn uses(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(|statement| !is_administration(statement))
    }

    /// Returns the policies from which one action of one statement is missing.
    fn without_one_action(&self) -> Vec<Self> {
        let mut less = Vec::new();
        for (i, statement) in self.0.iter().enumerate() {
            if is_administration(statement) {
                continue;
            }
            let actions = texts(&statement["Action"]);
            for removed in &actions {
                let left: Vec<_> = actions.iter().filter(|action| *action != removed).collect();
                let mut policy = self.clone();
                policy.0[i]["Action"] = serde_json::to_value(left).unwrap();
                less.push(policy);
            }
        }
        less
    }

    /// Returns the policies from which the condition of one statement is missing.
    fn without_one_condition(&self) -> Vec<Self> {
        let at =
            self.0.iter().enumerate().filter(|(_, statement)| !statement["Condition"].is_null());
        at.map(|(i, _)| {
            let mut policy = self.clone();
            policy.0[i].as_object_mut().unwrap().remove("Condition");
            policy
        })
        .collect()
    }
}

fn is_administration(statement: &Value) -> bool {
    statement["Sid"] == "AdministerWithoutUse"
}

/// Returns the texts of a value that is one text or a list.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several.iter().flat_map(texts).collect(),
        other => panic!("expected text, found {other}"),
    }
}

fn allows(statement: &Value, request: &Request) -> bool {
    assert_eq!(statement["Effect"], "Allow");
    let known = ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];
    assert!(statement.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())));
    let actions = texts(&statement["Action"]);
    assert!(actions.iter().all(|action| !action.contains(['*', '?'])), "a pattern: {actions:?}");

    // A key policy names its roles, and its resource is the key that it belongs to.
    let is_key_policy = !statement["Principal"].is_null();
    let role = format!("arn:aws:iam::{ACCOUNT}:role/{}", request.role);
    let resources = texts(&statement["Resource"]);
    let is_meant = if is_key_policy {
        assert_eq!(resources, ["*"]);
        texts(&statement["Principal"]["AWS"]).contains(&role)
    } else {
        resources.contains(&request.resource)
    };
    let conditions = statement["Condition"].as_object().into_iter().flatten();
    is_meant
        && actions.contains(&request.action)
        && conditions
            .flat_map(|(operator, keys)| {
                keys.as_object()
                    .unwrap()
                    .iter()
                    .map(move |(key, wanted)| (operator.as_str(), key, wanted))
            })
            .all(|(operator, key, wanted)| match operator {
                "StringEquals" => {
                    request.conditions.get(key).is_some_and(|value| texts(wanted).contains(value))
                }
                "Null" => request.conditions.contains_key(key) == (wanted == "false"),
                other => panic!("an operator that this test does not know: {other}"),
            })
}

/// One way on the page: the IAM policy of each role, the key policy, and the recorded requests.
struct Way {
    name: &'static str,
    roles: &'static [&'static str],
    requests: Vec<Request>,
    /// Calls that the crate makes in another way, or that someone else makes.
    foreign: Vec<Request>,
}

impl Way {
    #[track_caller]
    fn check(&self) {
        let key_policy = Policy::on_page(&format!("Key policy ({})", self.name));
        let by_kms = |request: &&Request| request.action.starts_with("kms:");
        let called = |requests: Vec<&Request>| -> BTreeSet<String> {
            requests.into_iter().map(|request| request.action.clone()).collect()
        };
        for role in self.roles {
            let policy = Policy::on_page(&format!("IAM policy of `{role}` ({})", self.name));
            let own: Vec<_> =
                self.requests.iter().filter(|request| request.role == *role).collect();
            self.check_one(&policy, &own, &self.foreign_of(role));
            assert_eq!(policy.actions(), called(own), "{} {role}", self.name);
            for request in self.requests.iter().filter(|request| request.role == *role) {
                let elsewhere = Request { resource: OTHER.to_owned(), ..request.clone() };
                assert!(!policy.allows(&elsewhere), "{} {role}: another key", self.name);
            }
        }
        let of_kms: Vec<_> = self.requests.iter().filter(by_kms).collect();
        let mut foreign: Vec<_> = self.foreign.clone();
        // A role that is not named may do nothing.
        foreign.extend(of_kms.iter().map(|&request| Request { role: "other", ..request.clone() }));
        self.check_one(&key_policy, &of_kms, &foreign);
        assert_eq!(key_policy.actions(), called(of_kms), "{}: key policy", self.name);
        check_administration(&key_policy);
    }

    fn foreign_of(&self, role: &str) -> Vec<Request> {
        self.foreign.iter().filter(|request| request.role == role).cloned().collect()
    }

    /// Checks that a policy allows the requests and no foreign one, and that it has no part that
    /// could be left out.
    #[track_caller]
    fn check_one(&self, policy: &Policy, own: &[&Request], foreign: &[Request]) {
        assert!(!own.is_empty(), "{}: no call was recorded", self.name);
        for request in own {
            assert!(policy.allows(request), "{}: refused {request:?}", self.name);
        }
        for request in foreign {
            assert!(!policy.allows(request), "{}: allowed {request:?}", self.name);
        }
        for less in policy.without_one_action() {
            let refused = own.iter().any(|request| !less.allows(request));
            assert!(refused, "{}: an action that no call needs, beside {less:?}", self.name);
        }
        for more in policy.without_one_condition() {
            let allowed = foreign.iter().any(|request| more.allows(request));
            assert!(allowed, "{}: a condition that refuses nothing, in {policy:?}", self.name);
        }
    }
}

/// Whoever administers the key cannot use it, nor give its use to a grant.
#[track_caller]
fn check_administration(policy: &Policy) {
    let found: Vec<_> = policy.0.iter().filter(|statement| is_administration(statement)).collect();
    let [administration] = found[..] else { panic!("expected one statement, found {found:?}") };
    assert_eq!(administration["Principal"]["AWS"], format!("arn:aws:iam::{ACCOUNT}:root"));
    let actions = texts(&administration["Action"]);
    assert!(actions.iter().any(|action| action == "kms:PutKeyPolicy"), "nobody could change it");
    for of_use in ["crypt", "DataKey", "CreateGrant", "Sign", "Mac", "*", "DeriveSharedSecret"] {
        assert!(!actions.iter().any(|action| action.contains(of_use)), "{of_use} in {actions:?}");
    }
}

/// Returns the same call under each other context that occurs in the four ways, and under none.
fn under_other_contexts(request: &Request, except: &[(&str, &str)]) -> Vec<Request> {
    let contexts: [&[(&str, &str)]; 6] = [
        &[],
        &KEYRING,
        &[("diesel-envelope", "data-key-v1")],
        &[("diesel-envelope", "value-v1"), ("label", "users.passport")],
        &[("diesel-envelope", "value-v1"), ("label", "users.address")],
        &[("PARAMETER_ARN", "arn:aws:ssm:eu-central-1:111122223333:parameter/another")],
    ];
    let others = contexts.into_iter().filter(|context| *context != except);
    others.map(|context| request.clone().under(context)).collect()
}

fn fake() -> FakeKms {
    let fake = FakeKms::start();
    fake.insert_key(KEY);
    fake.insert_key(SECOND);
    fake
}

fn line(fake: &FakeKms, key: &str) -> String {
    let blob = fake.wrap(key, FERNET_KEY.as_bytes(), &KEYRING);
    format!("kms:{key}:{}", BASE64_STANDARD.encode(blob))
}

async fn client(fake: &FakeKms) -> AwsKms {
    AwsKms::builder().config(config(&fake.url(), None)).key(KEY).build().await
}

/// The process of an operator, who wraps the keyring again in both regions: `rewrap`.
#[test]
#[ignore = "the process that a test starts"]
fn operator() {
    let document = block_on(async {
        let alternatives = WrappedKeyrings::from_env("SECRET_KEY", &Options::new()).unwrap();
        alternatives.unwrap_same().await.unwrap()
    });
    Keyset::parse(&document).unwrap();
    let targets = [Target::Kms(KEY.to_owned()), Target::Kms(SECOND.to_owned())];
    println!("\nwrapped:{}", block_on(keys::wrap(&document, &targets)).unwrap());
}

fn rewrap(fake: &FakeKms, secret_key: &str) -> String {
    let test = format!("{}::operator", module_path!().split_once("::").unwrap().1);
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &test, "--ignored", "--nocapture", "--test-threads=1"])
        .env("SECRET_KEY", secret_key)
        .env("AWS_ENDPOINT_URL_KMS", fake.url())
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let wrapped = told.lines().find_map(|line| line.strip_prefix("wrapped:"));
    wrapped.unwrap_or_else(|| panic!("{told}\n{}", String::from_utf8_lossy(&output.stderr))).into()
}

#[test]
fn startup() {
    let (at_start, at_work) = (fake(), fake());
    // The first region is down, so the process calls both.
    at_start.fail_in("eu-central-1", Fault::Error(400, "DisabledException", ""));
    let both = format!("{},{}", line(&at_start, KEY), line(&at_start, SECOND));
    Application::new(&both).at(&at_start.url(), "eu-central-1").boot();
    let line = rewrap(&at_work, &line(&at_work, KEY));
    assert_eq!(line.matches("kms:arn:aws:kms:").count(), 2, "{line}");

    let mut requests: Vec<_> = requests(&at_start, "app");
    requests.extend(self::requests(&at_work, "operator"));
    assert_eq!(requests.len(), 2 + 3);
    let mut foreign: Vec<_> =
        requests.iter().flat_map(|request| under_other_contexts(request, &KEYRING)).collect();
    foreign.push(Request::new("app", "kms:Encrypt", KEY).under(&KEYRING));
    foreign.push(Request::new("app", "kms:GenerateDataKey", KEY).under(&KEYRING));
    Way { name: "Startup", roles: &["app", "operator"], requests, foreign }.check();
}

#[test]
fn ssm() {
    let fake = fake();
    fake.put_parameter(PARAMETER, "SecureString", FERNET_KEY);
    Application::new(&format!("ssm:{PARAMETER}")).at(&fake.url(), "eu-central-1").boot();
    let second = parameter_in("eu-west-1");
    fake.put_parameter(&second, "SecureString", FERNET_KEY);
    Application::new(&format!("ssm:{second}")).at(&fake.url(), "eu-central-1").boot();

    let mut requests = requests(&fake, "app");
    assert_eq!(requests.len(), 2);
    let mut foreign = Vec::new();
    for (region, key) in [("eu-central-1", KEY), ("eu-west-1", SECOND)] {
        let parameter = parameter_in(region);
        requests.push(Request::new("operator", "ssm:PutParameter", &parameter));
        for (role, action) in [("app", "kms:Decrypt"), ("operator", "kms:Encrypt")] {
            let call = Request::of_parameter_store(role, action, &parameter, key);
            let context = [("PARAMETER_ARN", parameter.as_str())];
            foreign.extend(under_other_contexts(&call, &context));
            // The same call to KMS itself.
            foreign.push(Request::new(role, action, key).under(&context));
            requests.push(call);
        }
        foreign.push(Request::new("app", "ssm:PutParameter", parameter));
    }
    let another = "arn:aws:ssm:eu-central-1:111122223333:parameter/another";
    foreign.push(Request::new("app", "ssm:GetParameter", another));
    foreign.push(Request::new("operator", "ssm:PutParameter", another));
    Way { name: "SSM", roles: &["app", "operator"], requests, foreign }.check();
}

#[test]
fn envelope() {
    let (writes, reads) = (fake(), fake());
    let context = EncryptionContext::data_key();
    block_on(async { client(&writes).await.generate_data_key(&context).await }).unwrap();
    let blob = reads.wrap(KEY, &[7; 32], &[("diesel-envelope", "data-key-v1")]);
    block_on(async { client(&reads).await.unwrap(&WrappedKey::from_bytes(blob)).await }).unwrap();

    let mut requests: Vec<_> = requests(&writes, "writer");
    requests.extend(self::requests(&reads, "reader"));
    assert_eq!(requests.len(), 2);
    let own = [("diesel-envelope", "data-key-v1")];
    let mut foreign: Vec<_> =
        requests.iter().flat_map(|request| under_other_contexts(request, &own)).collect();
    foreign.push(Request::new("writer", "kms:Decrypt", KEY).under(&own));
    foreign.push(Request::new("reader", "kms:GenerateDataKey", KEY).under(&own));
    Way { name: "Envelope", roles: &["writer", "reader"], requests, foreign }.check();
}

#[test]
fn envelope_of_one_tenant() {
    let call = |tenant: &str| {
        let fake = fake();
        let pairs = [("diesel-envelope", "data-key-v1"), ("tenant", tenant)];
        let blob = WrappedKey::from_bytes(fake.wrap(KEY, &[7; 32], &pairs));
        let context = EncryptionContext::data_key().with("tenant", tenant);
        block_on(async { client(&fake).await.unwrap_with(&blob, &context).await }).unwrap();
        requests(&fake, "reader").remove(0)
    };
    let of_one = Policy::on_page("IAM policy of `reader` (Envelope, one tenant)");
    assert!(of_one.allows(&call("acme")));
    assert!(!of_one.allows(&call("initech")));
    assert!(!of_one.allows(&call("acme").under(&[("diesel-envelope", "data-key-v1")])));
    assert!(!of_one.allows(&call("acme").under(&[("tenant", "acme")])));
    assert!(Policy::on_page("IAM policy of `reader` (Envelope)").allows(&call("initech")));
}

#[test]
fn kms_values() {
    let (writes, reads) = (fake(), fake());
    block_on(async {
        let kms = client(&writes).await;
        let text = "C01X0006H".to_owned();
        let _: KmsEncrypted<String, users::passport> = kms.encrypt(&text).await.unwrap();
        let _: KmsEncrypted<String, users::tax_id> = kms.encrypt(&text).await.unwrap();
        let kms = client(&reads).await;
        for label in ["users.passport", "users.tax_id"] {
            let context = [("diesel-envelope", "value-v1"), ("label", label)];
            let blob = reads.wrap(KEY, text.as_bytes(), &context);
            if label == "users.passport" {
                let value = KmsEncrypted::<String, users::passport>::from_bytes(blob);
                assert_eq!(kms.decrypt(&value).await.unwrap(), text);
            } else {
                let value = KmsEncrypted::<String, users::tax_id>::from_bytes(blob);
                assert_eq!(kms.decrypt(&value).await.unwrap(), text);
            }
        }
    });
    let mut requests: Vec<_> = requests(&writes, "writer");
    requests.extend(self::requests(&reads, "reader"));
    assert_eq!(requests.len(), 4);
    let own = [("diesel-envelope", "value-v1"), ("label", "users.passport")];
    let mut foreign: Vec<_> =
        requests.iter().flat_map(|request| under_other_contexts(request, &own)).collect();
    foreign.push(Request::new("writer", "kms:Decrypt", KEY).under(&own));
    foreign.push(Request::new("reader", "kms:Encrypt", KEY).under(&own));
    Way { name: "KMS values", roles: &["writer", "reader"], requests, foreign }.check();
}

#[test]
fn bare_blobs() {
    let fake = fake();
    let bare = BASE64_STANDARD.encode(fake.wrap(KEY, FERNET_KEY.as_bytes(), &[]));
    Application::new(&bare).at(&fake.url(), "eu-central-1").boot();
    let policy = Policy::on_page("IAM policy of `app` (bare blobs)");
    let [call] = &requests(&fake, "app")[..] else { panic!("expected one call") };
    assert!(policy.allows(call));
    for other in under_other_contexts(call, &[]) {
        assert!(!policy.allows(&other), "{other:?}");
    }
    assert_eq!(policy.actions(), BTreeSet::from(["kms:Decrypt".to_owned()]));
}

/// The tests above look at headings that they name. No block is left that none of them reads.
#[test]
fn every_policy_of_the_page_is_checked() {
    let headings: Vec<_> = PAGE.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    for heading in &headings {
        assert!(!Policy::on_page(heading).0.is_empty());
    }
    assert_eq!(headings.len(), 14, "check the new policy too: {headings:?}");
    assert_eq!(PAGE.matches("```json").count(), headings.len());
    // Only the account and the keys of AWS's documentation.
    for arn in PAGE.split("arn:aws:").skip(1) {
        assert_eq!(arn.split(':').nth(2), Some(ACCOUNT), "{arn:.60}");
    }
}
