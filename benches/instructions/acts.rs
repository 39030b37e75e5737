//! What the cases have in common: keyrings, and values as Diesel writes and reads them.

use std::hint::black_box;
use std::task::{Context, Poll, Waker};

use diesel::deserialize::FromSql;
use diesel::pg::Pg;
use diesel::query_builder::QueryFragment;
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;
use diesel_envelope::keyring::{Algorithm, Keyset, Options};
use diesel_envelope::kms::{EncryptionContext, Kms, LocalKms};
use diesel_envelope::{DataKey, Keyring};

use crate::postgres_values::{NoLookup, read, write};

/// Returns two keyrings with the same two keys. The first one writes with a key of the algorithm.
pub fn keyrings(algorithm: Algorithm) -> [Keyring; 2] {
    let mut keyset = Keyset::generate().expect("random bytes");
    let native = keyset.primary();
    let other = keyset.add_key(algorithm).expect("random bytes");
    [other, native].map(|key| {
        keyset.promote(key).expect("a key of the keyset");
        Keyring::from_keyset(&keyset, &Options::new()).expect("a valid keyset")
    })
}

/// Installs a keyring of two native keys.
pub fn install() {
    let [_, native] = keyrings(Algorithm::Aes256GcmSiv);
    native.install().expect("the first keyring");
}

/// Returns a data key of a local KMS, which answers at once.
pub fn data_key() -> DataKey {
    let file = std::env::temp_dir().join(format!("instructions.{}.kms", std::process::id()));
    let kms = LocalKms::open_or_create(&file).expect("a key file");
    std::fs::remove_file(file).expect("the key file");
    let context = EncryptionContext::data_key();
    let call = std::pin::pin!(kms.generate_data_key(&context));
    let Poll::Ready(generated) = call.poll(&mut Context::from_waker(Waker::noop())) else {
        unreachable!("the local KMS does not wait");
    };
    generated.expect("a data key").0
}

/// Writes a value to a bind parameter.
pub fn seal<ST: 'static, V: ToSql<ST, Pg> + 'static>(value: V) -> Box<dyn FnMut()>
where
    Pg: HasSqlType<ST>,
{
    install();
    let mut binds = RawBytesBindCollector::<Pg>::new();
    Box::new(move || write::<ST, V>(&mut binds, black_box(&value)))
}

/// Reads a value that was written before.
pub fn open<ST: 'static, V: ToSql<ST, Pg> + FromSql<ST, Pg> + 'static>(value: V) -> Box<dyn FnMut()>
where
    Pg: HasSqlType<ST>,
{
    install();
    let mut binds = RawBytesBindCollector::<Pg>::new();
    write::<ST, V>(&mut binds, &value);
    read_act::<ST, V>(binds.binds.remove(0).expect("a value"))
}

/// Reads a stored value.
pub fn read_act<ST: 'static, V: FromSql<ST, Pg> + 'static>(stored: Vec<u8>) -> Box<dyn FnMut()> {
    Box::new(move || {
        black_box(read::<ST, V>(black_box(&stored)).expect("its own value"));
    })
}

/// Writes the values of a statement to bind parameters.
pub fn collect(binds: &mut RawBytesBindCollector<Pg>, statement: &impl QueryFragment<Pg>) {
    binds.binds.clear();
    binds.metadata.clear();
    statement.collect_binds(binds, &mut NoLookup, &Pg).expect("a keyring is installed");
}
