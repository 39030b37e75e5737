//! The cases. Values have 24 bytes unless the name says otherwise.

use std::hint::black_box;

use diesel::deserialize::FromSqlRow;
use diesel::dsl::SqlTypeOf;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::sql_types::Text;
use diesel_envelope::keyring::Algorithm;
use diesel_envelope::sql_types::{Ciphertext, CiphertextText};
use diesel_envelope::{BlindIndex, Encrypted, MaybeEncrypted, RowBound, Sealed, SearchTokens};

use crate::acts::{collect, data_key, install, keyrings, open, read_act, seal};
use crate::postgres_row::Row;
use crate::postgres_values::{read, write};

/// Prepares the act that is counted. It installs the keyring of the process, if the act needs one.
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
        iban -> Ciphertext,
        iban_index -> BlindIndex,
        age -> Ciphertext,
        token -> Ciphertext,
    }
}

diesel_envelope::columns! {
    users {
        email => email_index: caseless,
        name => name_tokens: words + prefixes 3..=8 bits 32,
        note: row(id),
        iban: row(id) => iban_index: caseless,
        age: as i64,
        token,
    }
}

type Email = Encrypted<String, users::email>;
type MaybeEmail = MaybeEncrypted<String, users::email>;

/// Writes a value and its indexes, as an insert of the field does.
macro_rules! seal_in_row {
    ($column:ty) => {{
        install();
        let value = RowBound::<String, $column>::new(42_i64, TEXT);
        let mut binds = RawBytesBindCollector::new();
        Box::new(move || {
            let insert = diesel::insert_into(users::table).values(black_box(&value));
            collect(&mut binds, &insert);
        })
    }};
}

/// Reads the key, a value and its indexes, as a query of the field does.
macro_rules! open_in_row {
    ($column:ty) => {{
        type Field = RowBound<String, $column>;
        type SqlType = SqlTypeOf<<Field as Selectable<Pg>>::SelectExpression>;
        install();
        let mut binds = RawBytesBindCollector::new();
        let value = Field::new(42_i64, TEXT);
        collect(&mut binds, &diesel::insert_into(users::table).values(&value));
        let key = Some(42_i64.to_be_bytes().to_vec());
        let row = Row(std::iter::once(key).chain(binds.binds).collect());
        Box::new(move || {
            let field = <Field as FromSqlRow<SqlType, Pg>>::build_from_row(black_box(&row));
            black_box(field.expect("its own row"));
        })
    }};
}

pub const CASES: [(&str, Prepare); 22] = [
    ("seal, binary column", || seal::<Ciphertext, Email>(TEXT.into())),
    ("seal, binary column, 1 KiB", || seal::<Ciphertext, Email>("x".repeat(1 << 10).into())),
    ("seal, text column", || seal::<CiphertextText, Email>(TEXT.into())),
    ("seal, binary column, i64", || {
        seal::<Ciphertext, Encrypted<i64, users::age>>((-1_234_567_890_i64).into())
    }),
    ("seal, possibly encrypted", || seal::<Ciphertext, MaybeEmail>(TEXT.into())),
    ("seal, a Fernet token in a binary column", || {
        let [fernet, _] = keyrings(Algorithm::Fernet);
        fernet.install().expect("the first keyring");
        let mut binds = RawBytesBindCollector::new();
        let text = Encrypted::<String, users::token>::from(TEXT);
        Box::new(move || write::<Ciphertext, _>(&mut binds, black_box(&text)))
    }),
    ("seal, bound to its row", || seal_in_row!(users::note)),
    ("seal, bound to its row, with an index", || seal_in_row!(users::iban)),
    ("seal, under a data key", || {
        let (key, text) = (data_key(), TEXT.to_owned());
        let mut binds = RawBytesBindCollector::new();
        Box::new(move || {
            let sealed = key.seal::<String, users::email>(black_box(&text)).expect("a value");
            write::<Ciphertext, _>(&mut binds, &sealed);
        })
    }),
    ("open, binary column", || open::<Ciphertext, Email>(TEXT.into())),
    ("open, binary column, 1 KiB", || open::<Ciphertext, Email>("x".repeat(1 << 10).into())),
    ("open, text column", || open::<CiphertextText, Email>(TEXT.into())),
    ("open, binary column, i64", || {
        open::<Ciphertext, Encrypted<i64, users::age>>((-1_234_567_890_i64).into())
    }),
    ("open, possibly encrypted", || open::<Ciphertext, MaybeEmail>(TEXT.into())),
    ("open, possibly encrypted, a plaintext", || {
        install();
        read_act::<Text, MaybeEmail>(TEXT.into())
    }),
    ("open, a Fernet token in a binary column", || {
        let [fernet, native] = keyrings(Algorithm::Fernet);
        let token = fernet.encrypt::<String, users::token>(&TEXT.to_owned()).expect("a token");
        native.install().expect("the first keyring");
        read_act::<Ciphertext, Encrypted<String, users::token>>(token)
    }),
    ("open, bound to its row", || open_in_row!(users::note)),
    ("open, bound to its row, with its index checked", || open_in_row!(users::iban)),
    ("open, under a data key", || {
        let key = data_key();
        let stored = key.seal::<String, users::email>(&TEXT.to_owned()).expect("a value");
        let stored = stored.as_bytes().to_vec();
        Box::new(move || {
            let sealed = read::<Ciphertext, Sealed<String, users::email>>(black_box(&stored));
            black_box(key.open(&sealed.expect("any bytes")).expect("its own value"));
        })
    }),
    ("blind index, caseless", || {
        install();
        Box::new(|| {
            let index = BlindIndex::<users::email_index>::of(black_box(TEXT));
            black_box(index.digest().expect("a keyring"));
        })
    }),
    ("blind index, caseless, not ASCII", || {
        install();
        Box::new(|| {
            let index = BlindIndex::<users::email_index>::of(black_box("Bobby.Täbles@Exämple.de"));
            black_box(index.digest().expect("a keyring"));
        })
    }),
    ("search tokens of two words, with beginnings", || {
        install();
        Box::new(|| {
            let tokens = SearchTokens::<users::name_tokens>::of(black_box("Roberta Jones"));
            black_box(tokens.tokens().expect("few tokens"));
        })
    }),
];
