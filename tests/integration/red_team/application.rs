//! The application. It writes, reads, finds and updates a value of every kind, fails in every way,
//! and prints and logs everything that it can.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use diesel::connection::InstrumentationEvent;
use diesel::debug_query;
use diesel::prelude::*;
use diesel_envelope::columns::{Index, Normalizer};
use diesel_envelope::keyring::{Algorithm, Keyset, Options};
use diesel_envelope::kms::{AwsKms, EncryptionContext, Kms as _};
use diesel_envelope::{
    BlindIndexDsl, DataKey, EncryptDsl, Encrypted, Json, Keyring, KmsEncrypted, MaybeEncrypted,
    RowBound, Sealed, Searchable, TokenSpec, TokensDsl, WrappedKey,
};
use diesel_envelope_tools::{Column, RunOptions};
use rust_decimal::Decimal;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::super::LEGACY;
use super::super::plan::Plan;
use super::super::process::{LOG, stop};
use super::backend::{BYTES, Conn, Db, TOKENS, token_index};
use super::{DIGEST, connect, settle};
use crate::kms::secrets::Log;
use crate::support::database::execute;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    patients (id) {
        id -> BigInt,
        marker -> Text,
        name -> Ciphertext,
        email -> Ciphertext,
        email_index -> BlindIndex,
        phone -> Nullable<CiphertextText>,
        account -> Ciphertext,
        uuid -> Ciphertext,
        instant -> Ciphertext,
        amount -> CiphertextText,
        image -> Ciphertext,
        profile -> Ciphertext,
        diagnosis -> Ciphertext,
        diagnosis_tokens -> SearchTokens,
        record -> Ciphertext,
        old_record -> CiphertextText,
        value -> Text,
        data_key -> Binary,
        note -> Text,
    }
}

mod raw {
    diesel::table! {
        patients (id) {
            id -> BigInt,
            email -> Binary,
            phone -> Text,
        }
    }
}

diesel_envelope::columns! {
    patients {
        name: row(id),
        email => email_index: caseless,
        phone: pad 16,
        account: as i64,
        uuid: as Uuid,
        instant: as DateTime<Utc>,
        amount: as Decimal,
        image: as Vec<u8>,
        profile: as Json<Vec<String>>,
        diagnosis => diagnosis_tokens: words + prefixes 3..=8 bits 32,
        record,
        old_record,
        value,
        note,
    }
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = patients, check_for_backend(Db))]
struct Patient {
    id: i64,
    marker: String,
    #[diesel(embed)]
    name: RowBound<String, patients::name>,
    #[diesel(embed)]
    email: Searchable<String, patients::email>,
    phone: Option<Encrypted<String, patients::phone>>,
    account: Encrypted<i64, patients::account>,
    uuid: Encrypted<Uuid, patients::uuid>,
    instant: Encrypted<DateTime<Utc>, patients::instant>,
    amount: Encrypted<Decimal, patients::amount>,
    image: Encrypted<Vec<u8>, patients::image>,
    profile: Encrypted<Json<Vec<String>>, patients::profile>,
    #[diesel(embed)]
    diagnosis: Searchable<String, patients::diagnosis>,
    record: Sealed<String, patients::record>,
    old_record: Sealed<String, patients::old_record>,
    value: KmsEncrypted<String, patients::value>,
    data_key: WrappedKey,
    note: MaybeEncrypted<String, patients::note>,
}

#[derive(AsChangeset)]
#[diesel(table_name = patients)]
struct Patch {
    #[diesel(embed)]
    name: Option<RowBound<String, patients::name>>,
    #[diesel(embed)]
    email: Option<Searchable<String, patients::email>>,
}

/// Everything that is logged in this process.
static LOGGED: LazyLock<Log> = LazyLock::new(Log::default);

struct Records;

impl log::Log for Records {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        LOGGED.push(&format!("{} {} {}", record.level(), record.target(), record.args()));
    }

    fn flush(&self) {}
}

/// Logs every event of `tracing` and `log`, and every event of Diesel's connections.
fn log_everything() {
    tracing::subscriber::set_global_default(LOGGED.clone()).unwrap();
    log::set_logger(&Records).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    diesel::connection::set_default_instrumentation(|| Some(Box::new(log_event))).unwrap();
}

fn log_event(event: InstrumentationEvent<'_>) {
    LOGGED.push(&format!("{event:?}"));
}

/// Prints a value, and logs it.
fn print(value: &impl Debug) {
    println!("{value:?}");
    eprintln!("{value:#?}");
    LOGGED.push(&format!("{value:?} {value:#?}"));
}

/// Prints an error in each way, and panics with it.
#[expect(
    clippy::unnecessary_literal_unwrap,
    reason = "the message of `expect` is what is searched"
)]
fn print_error<T>(outcome: QueryResult<T>) {
    let error = outcome.map(drop).unwrap_err();
    println!("{error}");
    LOGGED.push(&format!("{error}"));
    print(&error);
    let panicked = catch_unwind(AssertUnwindSafe(|| Err::<(), _>(error).expect("a panic")));
    panicked.unwrap_err();
}

fn create(conn: &mut Conn) {
    execute(
        conn,
        &[&format!(
            "CREATE TABLE patients (id BIGINT PRIMARY KEY, marker VARCHAR(200) NOT NULL, \
                 name {BYTES} NOT NULL CHECK (length(name) < 200), email {BYTES} NOT NULL, \
                 email_index {DIGEST} NOT NULL UNIQUE, phone TEXT, account {BYTES} NOT NULL, \
                 uuid {BYTES} NOT NULL, instant {BYTES} NOT NULL, amount TEXT NOT NULL, \
                 image {BYTES} NOT NULL, profile {BYTES} NOT NULL, diagnosis {BYTES} NOT NULL, \
                 diagnosis_tokens {TOKENS} NOT NULL, record {BYTES} NOT NULL, \
                 old_record TEXT NOT NULL, value TEXT NOT NULL, data_key {BYTES} NOT NULL, \
                 note TEXT NOT NULL)"
        )],
    );
    let bytes = <patients::diagnosis_tokens as TokenSpec>::BITS / 8;
    for statement in token_index("patients", "diagnosis_tokens", bytes, &["id"]) {
        execute(conn, &[&statement]);
    }
}

/// Creates the table of an application that has stored plaintext until now. The process that
/// attacks does so, before it begins to read the server's log.
pub fn create_customers(conn: &mut Conn, plan: &Plan) {
    let table = format!(
        "CREATE TABLE customers (id BIGINT PRIMARY KEY, marker VARCHAR(200) NOT NULL, \
         plain VARCHAR(200), email {BYTES}, email_index {DIGEST})"
    );
    let row = |id| format!("({id}, '{}', '{}')", plan.marker(), plan.text(LEGACY));
    let rows: Vec<_> = (1..=CUSTOMERS).map(row).collect();
    let rows = format!("INSERT INTO customers (id, marker, plain) VALUES {}", rows.join(", "));
    execute(conn, &[&table, &rows]);
}

/// A data key for native values, which is stored, and one for Fernet tokens.
struct DataKeys {
    native: DataKey,
    wrapped: WrappedKey,
    fernet: DataKey,
}

impl DataKeys {
    async fn generate(kms: &AwsKms) -> Self {
        let context = EncryptionContext::data_key();
        let (native, wrapped) = kms.generate_data_key(&context).await.unwrap();
        let (fernet, _) = kms.generate_data_key(&context).await.unwrap();
        Self { native, wrapped, fernet: fernet.with_algorithm(Algorithm::Fernet).unwrap() }
    }
}

/// The values that the application still uses when its work is done.
struct InUse {
    _patient: Patient,
    _data_key: DataKey,
    _text: Zeroizing<String>,
}

/// The number of rows that were plaintext.
const CUSTOMERS: u64 = 3;

/// Adds a letter to a text, which has room for it.
fn ending_in(mut text: String, end: char) -> String {
    text.push(end);
    text
}

struct Application<'p> {
    plan: &'p Plan,
    conn: &'p mut Conn,
}

impl Application<'_> {
    fn text(&self, name: &str) -> Zeroizing<String> {
        Zeroizing::new(self.plan.text(name))
    }

    /// Returns a patient whose values differ from those of the others only in their last letter.
    async fn patient(&self, id: i64, kms: &AwsKms, keys: &DataKeys) -> Patient {
        let end = char::from(b'a' + u8::try_from(id).unwrap());
        let text = |name: &str| ending_in(self.plan.text(name), end);
        let (record, value) = (Zeroizing::new(text("record")), Zeroizing::new(text("kms value")));
        Patient {
            id,
            marker: self.plan.marker().to_owned(),
            name: RowBound::new(id, text("name")),
            email: text("email").into(),
            phone: Some(text("phone").into()),
            account: Encrypted::new(self.plan.account()),
            uuid: Encrypted::new(self.plan.uuid()),
            instant: Encrypted::new(self.plan.instant()),
            amount: Encrypted::new(self.plan.decimal()),
            image: Encrypted::new(text("image").into_bytes()),
            profile: Encrypted::new(Json(vec![text("profile")])),
            diagnosis: text("diagnosis").into(),
            record: keys.native.seal(&*record).unwrap(),
            old_record: keys.fernet.seal(&*record).unwrap(),
            value: kms.encrypt(&*value).await.unwrap(),
            data_key: keys.wrapped.clone(),
            note: MaybeEncrypted::new(text("note")),
        }
    }

    fn insert(&mut self, patient: &Patient) -> QueryResult<usize> {
        let insert = diesel::insert_into(patients::table).values(patient);
        print(patient);
        print(&debug_query::<Db, _>(&insert));
        insert.execute(self.conn)
    }

    fn load(&mut self, id: i64) -> QueryResult<Patient> {
        patients::table.find(id).select(Patient::as_select()).first(self.conn)
    }

    async fn read(&mut self, kms: &AwsKms, keys: &DataKeys) -> InUse {
        let email = Zeroizing::new(ending_in(self.plan.text("email"), 'b'));
        let query = patients::table.filter(patients::email_index.matches(&**email));
        print(&debug_query::<Db, _>(&query));
        let patient: Patient = query.select(Patient::as_select()).first(self.conn).unwrap();
        let key = kms.unwrap(&patient.data_key).await.unwrap();
        assert!(
            key.open(&patient.record)
                .map(Zeroizing::new)
                .unwrap()
                .starts_with(&**self.text("record"))
        );
        assert!(
            keys.fernet
                .open(&patient.old_record)
                .map(Zeroizing::new)
                .unwrap()
                .starts_with(&**self.text("record"))
        );
        assert!(
            kms.decrypt(&patient.value)
                .await
                .map(Zeroizing::new)
                .unwrap()
                .starts_with(&**self.text("kms value"))
        );
        assert_eq!(*patient.account, self.plan.account());
        assert_eq!(*patient.uuid, self.plan.uuid());
        assert_eq!(*patient.instant, self.plan.instant());
        assert_eq!(*patient.amount, self.plan.decimal());
        print(&patient);

        let word = Zeroizing::new(ending_in(self.plan.text("diagnosis"), 'b'));
        let query = patients::table.filter(patients::diagnosis_tokens.matches_all_words(&**word));
        print(&debug_query::<Db, _>(&query));
        assert_eq!(query.count().get_result::<i64>(self.conn), Ok(1));
        let query = patients::table.filter(patients::diagnosis_tokens.matches_prefix(&word[..20]));
        print(&debug_query::<Db, _>(&query));
        assert_eq!(query.count().get_result::<i64>(self.conn), Ok(2));
        InUse { _patient: patient, _data_key: key, _text: self.text("kept text") }
    }

    fn update(&mut self) {
        let plan = self.plan;
        let new = |end| ending_in(plan.text("new phone"), end);
        let (name, email) = (RowBound::new(2, new('n')), new('e').into());
        let patch = Patch { name: Some(name), email: Some(email) };
        let update = diesel::update(patients::table.find(2)).set(&patch);
        print(&debug_query::<Db, _>(&update));
        assert_eq!(update.execute(self.conn), Ok(1));
        let update = diesel::update(patients::table.find(2)).set(patients::phone.encrypt(new('p')));
        print(&debug_query::<Db, _>(&update));
        assert_eq!(update.execute(self.conn), Ok(1));
        // A Fernet token under the key of the keyring.
        let token = raw::patients::phone.eq(&self.plan.token);
        diesel::update(raw::patients::table.find(2)).set(token).execute(self.conn).unwrap();
        let read = self.load(2).unwrap();
        assert_eq!(read.phone.unwrap().as_str(), &**self.text("token"));
    }

    async fn fail(&mut self, kms: &AwsKms, keys: &DataKeys) {
        // A value that is too long, and a second row with the same index.
        let mut patient = self.patient(3, kms, keys).await;
        patient.name = RowBound::new(3, self.plan.text("long").repeat(5));
        print_error(self.insert(&patient));
        let mut patient = self.patient(1, kms, keys).await;
        patient.id = 3;
        patient.name = RowBound::new(3, self.plan.text("name"));
        print_error(self.insert(&patient));
        // A value of another row, a changed one, one that is none, and one under an unknown key.
        patient.id = 4;
        patient.email = self.plan.text("unknown").into();
        self.insert(&patient).unwrap();
        print_error(self.load(4));
        let stranger = Keyring::from_keyset(&Keyset::generate().unwrap(), &Options::new()).unwrap();
        let foreign = stranger.encrypt::<_, patients::email>(&*self.text("stranger")).unwrap();
        let mut changed = Keyring::installed()
            .unwrap()
            .encrypt::<_, patients::email>(&*self.text("stranger"))
            .unwrap();
        *changed.last_mut().unwrap() ^= 1;
        for value in [foreign, changed, b"no ciphertext".to_vec(), vec![]] {
            let email = raw::patients::email.eq(&value);
            diesel::update(raw::patients::table.find(1)).set(email).execute(self.conn).unwrap();
            print_error(self.load(1));
        }
        // The server names the statement and its parameters.
        let cast = diesel::sql_query("SELECT no_such_column FROM patients");
        print_error(cast.execute(self.conn));
        let keyring = Keyring::installed().unwrap();
        print(&keyring);
        print(&keyring.decrypt::<String, patients::email>(b"no ciphertext"));
        print(&kms);
        print(&kms.unwrap(&WrappedKey::from_bytes(vec![7; 100])).await);
    }

    /// Runs the rest of a migration, from the backfill on.
    fn migrate(&mut self) {
        let index =
            Index::new("email_index", "customers.email_index").normalize(Normalizer::Caseless);
        let column = Column::new("customers", "email").plaintext("plain").index(index);
        let conns = std::slice::from_mut(self.conn);
        let keyring = Keyring::installed().unwrap();
        let report = diesel_envelope_tools::backfill(
            conns,
            &keyring,
            std::slice::from_ref(&column),
            &RunOptions::new(),
            &(),
        );
        print(&report);
        assert_eq!(report.unwrap().written, CUSTOMERS);
        let report =
            diesel_envelope_tools::verify(self.conn, &keyring, &[column], &RunOptions::new(), &());
        print(&report);
        // The last step of the migration.
        execute(self.conn, &["ALTER TABLE customers DROP COLUMN plain"]);
    }
}

/// The process that the other tests start, and not a test.
#[test]
#[ignore = "the application that the other tests start"]
fn application() {
    let plan = Plan::from_env();
    log_everything();
    println!("{}", plan.marker());
    eprintln!("{}", plan.marker());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut conn = connect(&plan);
    create(&mut conn);
    let (in_use, keys) = runtime.block_on(async {
        Keyring::from_env("SECRET_KEY").await.unwrap().install().unwrap();
        let kms = AwsKms::builder().key(&plan.key).build().await;
        let mut application = Application { plan: &plan, conn: &mut conn };
        let keys = DataKeys::generate(&kms).await;
        for id in 1..3 {
            let patient = application.patient(id, &kms, &keys).await;
            application.insert(&patient).unwrap();
        }
        let in_use = application.read(&kms, &keys).await;
        application.update();
        application.fail(&kms, &keys).await;
        application.migrate();
        (in_use, keys)
    });
    drop(runtime);
    settle(&mut conn, &plan);
    std::fs::write(plan.folder.join(LOG), LOGGED.text()).unwrap();
    stop("work is done");

    drop((in_use, keys));
    Keyring::insecure_for_tests().replace_dropping().unwrap();
    stop("all is dropped");
    drop(conn);
}
