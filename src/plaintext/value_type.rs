//! The kind of a value's encoding, for tools that know a column only at run time.

use std::fmt;
use std::hash::{Hash, Hasher};

use zeroize::Zeroizing;

use super::Plaintext;
use crate::error::Result;

/// The type of the values of a column, as [`Plaintext`] encodes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ValueType {
    /// `String`.
    #[default]
    Text,
    /// `Vec<u8>`, `[u8; N]`.
    Binary,
    /// Integers up to 64 bits.
    Integer,
    /// `f32`, `f64`.
    Float,
    /// `bool`.
    Boolean,
    /// Dates.
    Date,
    /// Instants in UTC.
    Instant,
    /// Date-times without a zone.
    DateTime,
    /// Decimals.
    Decimal,
    /// UUIDs.
    Uuid,
    /// JSON.
    Json,
    /// Any other type, such as [`AsText<T>`](crate::AsText) or a type of the application.
    Custom(CustomType),
}

/// The names of the types, on the command line and in its file.
const NAMES: [(&str, ValueType); 11] = [
    ("text", ValueType::Text),
    ("binary", ValueType::Binary),
    ("integer", ValueType::Integer),
    ("float", ValueType::Float),
    ("boolean", ValueType::Boolean),
    ("date", ValueType::Date),
    ("instant", ValueType::Instant),
    ("date-time", ValueType::DateTime),
    ("decimal", ValueType::Decimal),
    ("uuid", ValueType::Uuid),
    ("json", ValueType::Json),
];

impl ValueType {
    /// Returns the type of the values of `T`.
    pub const fn of<T: Plaintext>() -> Self {
        T::VALUE_TYPE
    }

    /// Returns the type of this name: `text`, `binary`, `integer`, `float`, `boolean`, `date`,
    /// `instant`, `date-time`, `decimal`, `uuid`, `json`.
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// Returns the names of all types.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// Returns a number for the variant. All custom types have the same number.
    #[doc(hidden)]
    pub const fn id(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::Binary => 1,
            Self::Integer => 2,
            Self::Float => 3,
            Self::Boolean => 4,
            Self::Date => 5,
            Self::Instant => 6,
            Self::DateTime => 7,
            Self::Decimal => 8,
            Self::Uuid => 9,
            Self::Json => 10,
            Self::Custom(_) => 11,
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Custom(custom) => f.write_str((custom.name)()),
            _ => {
                let known = NAMES.iter().find(|(_, value)| value == self);
                f.write_str(known.map_or("", |(name, _)| name))
            }
        }
    }
}

/// A [`Plaintext`] type that [`ValueType`] does not name.
#[derive(Clone, Copy)]
pub struct CustomType {
    name: fn() -> &'static str,
    pad_to: usize,
    check: fn(Zeroizing<Vec<u8>>) -> Result<()>,
}

impl CustomType {
    pub(super) const fn of<T: Plaintext>() -> Self {
        Self {
            name: std::any::type_name::<T>,
            pad_to: T::PAD_TO,
            check: |bytes| T::decode(bytes).map(drop),
        }
    }

    /// Returns the multiple of bytes to which values are padded, unless the column sets another.
    pub fn pad_to(self) -> usize {
        self.pad_to
    }

    /// Checks that bytes are the encoding of a value.
    ///
    /// # Errors
    ///
    /// The error of [`Plaintext::decode`].
    pub fn check(self, bytes: Zeroizing<Vec<u8>>) -> Result<()> {
        (self.check)(bytes)
    }
}

impl fmt::Debug for CustomType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str((self.name)())
    }
}

impl PartialEq for CustomType {
    fn eq(&self, other: &Self) -> bool {
        (self.name)() == (other.name)()
    }
}

impl Eq for CustomType {}

impl Hash for CustomType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.name)().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plaintext::AsText;

    #[test]
    fn a_type_has_one_name() {
        let mut names = 0;
        for name in ValueType::names() {
            let value = ValueType::named(name).unwrap();
            assert_eq!(value.to_string(), name);
            assert_eq!(NAMES.iter().filter(|(_, known)| *known == value).count(), 1);
            names += 1;
        }
        assert_eq!((names, ValueType::named("number")), (11, None));
        assert_eq!(ValueType::of::<i64>().to_string(), "integer");
    }

    #[test]
    fn each_variant_has_its_number() {
        let custom = [ValueType::of::<i128>(), ValueType::of::<AsText<u8>>()];
        let ids: Vec<_> = NAMES.iter().map(|(_, value)| *value).chain(custom).collect();
        assert_eq!(
            ids.iter().map(|value| value.id()).collect::<Vec<_>>(),
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 11]
        );
    }

    #[test]
    fn a_type_of_the_application_has_the_name_and_the_check_of_rust() {
        use std::collections::HashSet;

        let (wide, byte) = (CustomType::of::<i128>(), CustomType::of::<AsText<u8>>());
        assert_eq!(ValueType::Custom(wide).to_string(), "i128");
        assert_eq!(format!("{wide:?}"), "i128");
        assert_eq!((wide.pad_to(), byte.pad_to()), (48, 1));
        let check = |text: &str| byte.check(Zeroizing::new(text.as_bytes().to_vec()));
        assert!(check("255").is_ok() && check("256").is_err());
        assert!(wide == CustomType::of::<i128>() && wide != byte);
        let types = [wide, byte, CustomType::of::<i128>()];
        assert_eq!(HashSet::from(types).len(), 2);
        let hash = |value: CustomType| {
            let mut hasher = std::hash::DefaultHasher::new();
            value.hash(&mut hasher);
            hasher.finish()
        };
        assert_ne!(hash(wide), hash(byte));
    }
}
