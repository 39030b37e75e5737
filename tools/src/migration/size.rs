//! The lengths of ciphertexts.

use super::ColumnPlan;
use diesel_envelope::Storage;
use diesel_envelope::columns::ValueType;
use diesel_envelope::untyped::{OVERHEAD, TEXT_PREFIX, padded_len};

/// The bytes of a Fernet token before base64, without its ciphertext: version, timestamp, IV, HMAC.
const FERNET_OVERHEAD: usize = 1 + 8 + 16 + 32;
/// The block size of Fernet's AES-128-CBC. Its padding (PKCS #7) adds one byte or more.
const FERNET_BLOCK: usize = 16;

/// Returns the length of a Fernet token of this many plaintext bytes: padded base64, in text and
/// binary columns alike.
fn fernet(plaintext: usize) -> usize {
    (FERNET_OVERHEAD + padded_len(plaintext, FERNET_BLOCK)).div_ceil(3) * 4
}

fn native(plaintext: usize, pad_to: usize) -> usize {
    OVERHEAD + padded_len(plaintext, pad_to)
}

/// Returns the length of a native value in text: base64 without padding.
fn native_text(plaintext: usize, pad_to: usize) -> usize {
    TEXT_PREFIX.len() + (native(plaintext, pad_to) * 4).div_ceil(3)
}

impl ColumnPlan {
    /// Returns the maximum length of a ciphertext in bytes, whichever key writes it. Returns `None`
    /// if the longest value is not known.
    ///
    /// | form | bytes for a plaintext of `n` bytes |
    /// |---|---|
    /// | native | 34 + `n`, or 34 + (⌊`n` / `PAD_TO`⌋ + 1) · `PAD_TO` |
    /// | native as text | 4 + ⌈native · 4 / 3⌉ |
    /// | Fernet | ⌈(57 + (⌊`n` / 16⌋ + 1) · 16) / 3⌉ · 4 |
    pub fn longest_ciphertext(&self) -> Option<usize> {
        let longest = self.longest.or_else(|| longest(self.column.value))? as usize;
        let pad_to = self.column.context_of().pad_to;
        let native =
            if self.is_text() { native_text(longest, pad_to) } else { native(longest, pad_to) };
        Some(native.max(fernet(longest)))
    }
}

/// Returns the length of a ciphertext of this many plaintext bytes, in a column of this
/// storage.
pub(crate) fn ciphertext_len(
    plaintext: usize,
    pad_to: usize,
    storage: Storage,
    is_fernet: bool,
) -> usize {
    match (is_fernet, storage) {
        (true, _) => fernet(plaintext),
        (false, Storage::Text) => native_text(plaintext, pad_to),
        (false, Storage::Binary) => native(plaintext, pad_to),
    }
}

/// The longest value that MySQL should store in the row. A row has 65,535 bytes for all its
/// columns.
const IN_ROW: usize = 1024;

impl ColumnPlan {
    /// Returns the MySQL type that has room for the longest ciphertext and a few bytes more.
    pub(super) fn mysql_type(&self) -> String {
        let text = self.is_text();
        let size = match self.longest_ciphertext().map(|longest| (longest + 1).next_multiple_of(64))
        {
            Some(size) if size <= IN_ROW => {
                return format!("{}({size})", if text { "VARCHAR" } else { "VARBINARY" });
            }
            Some(size) if size <= 0xFFFF => "",
            Some(size) if size <= 0xFF_FFFF => "MEDIUM",
            _ => "LONG",
        };
        format!("{size}{}", if text { "TEXT" } else { "BLOB" })
    }
}

/// Returns the maximum length of an encoded value of a type, if the type has one.
pub(crate) fn longest(value: ValueType) -> Option<u32> {
    Some(match value {
        ValueType::Integer => 20, // -9223372036854775808, 18446744073709551615
        ValueType::Float => 24,   // -2.2250738585072014e-308
        ValueType::Boolean => 5,
        ValueType::Date => 10,
        ValueType::DateTime => 29,
        ValueType::Instant => 30,
        ValueType::Uuid => 36,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use diesel_envelope::columns::Column;
    use diesel_envelope::{Context, Keyring};

    enum Padded<const N: usize> {}

    impl<const N: usize> Context for Padded<N> {
        const LABEL: &'static str = "users.email";
        const PAD_TO: Option<usize> = Some(N);
    }

    fn check<const N: usize>(native_keys: &Keyring, fernet_keys: &Keyring) {
        for length in (0..70).chain([254, 255, 256, 1000]) {
            let plaintext = vec![b'x'; length];
            assert_eq!(
                native_keys.encrypt::<_, Padded<N>>(&plaintext).unwrap().len(),
                native(length, N)
            );
            assert_eq!(
                native_keys.encrypt_text::<_, Padded<N>>(&plaintext).unwrap().len(),
                native_text(length, N)
            );
            assert_eq!(
                fernet_keys.encrypt::<_, Padded<N>>(&plaintext).unwrap().len(),
                fernet(length)
            );
            assert_eq!(
                fernet_keys.encrypt_text::<_, Padded<N>>(&plaintext).unwrap().len(),
                fernet(length)
            );
        }
    }

    #[test]
    fn sizes_are_those_of_what_the_keyrings_write() {
        let native_keys = Keyring::insecure_for_tests();
        let fernet_keys = Keyring::parse(b"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").unwrap();
        check::<1>(&native_keys, &fernet_keys);
        check::<16>(&native_keys, &fernet_keys);
        check::<100>(&native_keys, &fernet_keys);
    }

    #[test]
    fn the_larger_of_the_formats_decides() {
        let email = |storage| {
            ColumnPlan::new(Column::new("users", "email").pad_to(32)).longest(254).storage(storage)
        };
        assert_eq!(email(Storage::Binary).longest_ciphertext(), Some(420));
        assert_eq!(email(Storage::Text).longest_ciphertext(), Some(420));
        let padded = ColumnPlan::new(Column::new("users", "email").pad_to(1000)).longest(254);
        assert_eq!(padded.longest_ciphertext(), Some(1034));
        assert_eq!(padded.storage(Storage::Text).longest_ciphertext(), Some(1383));
        assert_eq!(ColumnPlan::new(Column::new("users", "email")).longest_ciphertext(), None);
        let age = ColumnPlan::new(Column::new("users", "age").value(ValueType::Integer));
        assert_eq!(age.longest_ciphertext(), Some(120));
    }
}
