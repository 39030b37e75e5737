//! The cases. Values have 24 bytes unless the name says otherwise.

use std::hint::black_box;
use std::num::NonZeroU32;

use diesel::deserialize::FromSql;
use diesel::pg::{Pg, PgMetadataLookup, PgTypeMetadata, PgValue};
use diesel::query_builder::BindCollector;
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;
use diesel_envelope::keyring::{Algorithm, Keyset, Options};
use diesel_envelope::sql_types::{Ciphertext, CiphertextText};
use diesel_envelope::{BlindIndex, Encrypted, Keyring, SearchTokens};

/// Installs a keyring, and returns the act that is counted.
type Prepare = fn() -> Box<dyn FnMut()>;

const TEXT: &str = "bobby.tables@example.org";

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    users (id) {
        id -> BigInt,
        email -> Ciphertext,
        email_index -> BlindIndex,
        name -> Ciphertext,
        name_tokens -> SearchTokens,
        note -> Ciphertext,
        age -> Ciphertext,
        token -> Ciphertext,
    }
}

diesel_envelope::columns! {
    users {
        email => email_index: caseless,
        name => name_tokens: words + prefixes 3..=8 bits 32,
        note: row(id),
        age: as i64,
        token,
    }
}

type Email = Encrypted<String, users::email>;

pub const CASES: [(&str, Prepare); 14] = [
    ("seal, binary column", || seal::<Ciphertext, Email>(TEXT.into())),
    ("seal, binary column, 1 KiB", || seal::<Ciphertext, Email>("x".repeat(1 << 10).into())),
    ("seal, text column", || seal::<CiphertextText, Email>(TEXT.into())),
    ("seal, binary column, i64", || {
        seal::<Ciphertext, Encrypted<i64, users::age>>((-1_234_567_890_i64).into())
    }),
    ("seal, bound to its row", || {
        let (keyring, text) = (keyring(), TEXT.to_owned());
        Box::new(move || {
            black_box(keyring.encrypt_in_row::<String, users::note>(&(42,), black_box(&text)))
                .expect("a value");
        })
    }),
    ("open, binary column", || open::<Ciphertext, Email>(TEXT.into())),
    ("open, binary column, 1 KiB", || open::<Ciphertext, Email>("x".repeat(1 << 10).into())),
    ("open, text column", || open::<CiphertextText, Email>(TEXT.into())),
    ("open, binary column, i64", || {
        open::<Ciphertext, Encrypted<i64, users::age>>((-1_234_567_890_i64).into())
    }),
    ("open, bound to its row", || {
        let (keyring, text) = (keyring(), TEXT.to_owned());
        let sealed = keyring.encrypt_in_row::<String, users::note>(&(42,), &text);
        let sealed = sealed.expect("a value");
        Box::new(move || {
            black_box(keyring.decrypt_in_row::<String, users::note>(&(42,), black_box(&sealed)))
                .expect("its own value");
        })
    }),
    ("open, a Fernet token in a binary column", || {
        let [fernet, native] = keyrings(Algorithm::Fernet);
        let token = fernet.encrypt::<String, users::token>(&TEXT.to_owned()).expect("a token");
        native.install().expect("the first keyring");
        Box::new(move || {
            black_box(read::<Ciphertext, Encrypted<String, users::token>>(black_box(&token)));
        })
    }),
    ("blind index, caseless", || {
        keyring().install().expect("the first keyring");
        Box::new(|| {
            let index = BlindIndex::<users::email_index>::of(black_box(TEXT));
            black_box(index.digest().expect("a keyring"));
        })
    }),
    ("blind index, caseless, not ASCII", || {
        keyring().install().expect("the first keyring");
        Box::new(|| {
            let index = BlindIndex::<users::email_index>::of(black_box("Bobby.Täbles@Exämple.de"));
            black_box(index.digest().expect("a keyring"));
        })
    }),
    ("search tokens of two words, with beginnings", || {
        keyring().install().expect("the first keyring");
        Box::new(|| {
            let tokens = SearchTokens::<users::name_tokens>::of(black_box("Roberta Jones"));
            black_box(tokens.tokens().expect("few tokens"));
        })
    }),
];

/// Returns two keyrings with the same two keys. The first one writes with a key of the algorithm.
fn keyrings(algorithm: Algorithm) -> [Keyring; 2] {
    let mut keyset = Keyset::generate().expect("random bytes");
    let native = keyset.primary();
    let other = keyset.add_key(algorithm).expect("random bytes");
    [other, native].map(|key| {
        keyset.promote(key).expect("a key of the keyset");
        Keyring::from_keyset(&keyset, &Options::new()).expect("a valid keyset")
    })
}

fn keyring() -> Keyring {
    let [_, native] = keyrings(Algorithm::Aes256GcmSiv);
    native
}

fn seal<ST: 'static, V: ToSql<ST, Pg> + 'static>(value: V) -> Box<dyn FnMut()>
where
    Pg: HasSqlType<ST>,
{
    keyring().install().expect("the first keyring");
    let mut binds = RawBytesBindCollector::<Pg>::new();
    Box::new(move || write::<ST, V>(&mut binds, black_box(&value)))
}

fn open<ST: 'static, V: ToSql<ST, Pg> + FromSql<ST, Pg> + 'static>(value: V) -> Box<dyn FnMut()>
where
    Pg: HasSqlType<ST>,
{
    keyring().install().expect("the first keyring");
    let mut binds = RawBytesBindCollector::<Pg>::new();
    write::<ST, V>(&mut binds, &value);
    let sealed = binds.binds.remove(0).expect("a value");
    Box::new(move || {
        black_box(read::<ST, V>(black_box(&sealed)));
    })
}

fn write<ST, V: ToSql<ST, Pg>>(binds: &mut RawBytesBindCollector<Pg>, value: &V)
where
    Pg: HasSqlType<ST>,
{
    binds.binds.clear();
    binds.metadata.clear();
    binds.push_bound_value::<ST, V>(value, &mut NoLookup).expect("a keyring is installed");
}

fn read<ST, V: FromSql<ST, Pg>>(value: &[u8]) -> V {
    let oid = NonZeroU32::MIN;
    V::from_sql(PgValue::new(value, &oid)).expect("its own value")
}

/// A lookup that must not happen: ciphertext is sent as built-in types.
struct NoLookup;
impl PgMetadataLookup for NoLookup {
    fn lookup_type(&mut self, name: &str, _schema: Option<&str>) -> PgTypeMetadata {
        unreachable!("{name} was looked up")
    }
}
