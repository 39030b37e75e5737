//! Declarations of encrypted columns, written once for the types and for the tools.
//!
//! The macro [`columns!`](crate::columns!) implements [`Context`](crate::Context),
//! [`IndexSpec`](crate::IndexSpec),
//! [`TokenSpec`](crate::TokenSpec) and [`SearchableColumn`](crate::SearchableColumn). It also adds
//! a function that returns the same declarations as a list of [`Column`]. The package
//! `diesel-envelope-tools` uses that list in `backfill`, `rotate`, `verify` and `status`.

mod buckets;
mod column;
mod compound;
mod index;
mod macros;
mod tokens;

pub use buckets::Buckets;
pub use column::{Column, TableName};
pub use index::{Index, Normalizer};
pub use tokens::TokenIndex;

pub use crate::context::RowDeclaration;
pub use crate::plaintext::{CustomType, ValueType};

/// Items that the macros of this crate name.
#[doc(hidden)]
pub mod expansion {
    pub use zeroize::Zeroizing;

    use crate::blind_index::IndexSqlType;
    pub use crate::columns::compound::CompoundPart;
    pub use crate::context::{label_is_valid, pad_is_valid};
    use crate::encrypted::CiphertextSqlType;
    pub use crate::index_spec::bits_are_valid;
    pub use crate::plaintext::{decode_text, encode_text};
    use crate::search_tokens::TokenSqlType;

    /// The options of a column. An unknown option is an unresolved name in this module, so that the
    /// compiler suggests a similar one.
    #[allow(non_camel_case_types)]
    pub mod column_option {
        pub struct pad;
        pub struct strict;
        pub struct accept;
        pub struct label;
        pub struct row;
        pub struct write;
    }

    /// The options of an index.
    #[allow(non_camel_case_types)]
    pub mod index_option {
        pub struct bits;
        pub struct key;
        pub struct label;
    }

    /// The formats after `accept`.
    #[allow(non_upper_case_globals)]
    pub mod format {
        use crate::context::Accept;

        pub const fernet: Accept = Accept::FERNET;
        pub const unbound: Accept = Accept::UNBOUND;
        pub const bound: Accept = Accept::BOUND;
    }

    /// A column that can store ciphertext.
    pub trait StoresCiphertext {}

    impl<C: diesel::Expression<SqlType: CiphertextSqlType>> StoresCiphertext for C {}

    /// A column that can store a blind index.
    pub trait StoresBlindIndex {}

    impl<C: diesel::Expression<SqlType: IndexSqlType>> StoresBlindIndex for C {}

    /// A type of values that an index of `V` can index.
    #[diagnostic::on_unimplemented(
        message = "the normaliser takes values of `{V}`, but the column has values of `{Self}`",
        label = "the normaliser does not take values of `{Self}`",
        note = "use `exact`, or a function of the application: `self::year as Date`"
    )]
    pub trait IndexedAs<V: ?Sized> {}

    #[diagnostic::do_not_recommend]
    impl<T: std::borrow::Borrow<V>, V: ?Sized> IndexedAs<V> for T {}

    /// Compiles if an index of `V` can index values of `T`.
    pub const fn has_values_of<T: IndexedAs<V>, V: ?Sized>() {}

    /// A column that can store search tokens.
    pub trait StoresSearchTokens {}

    impl<C: diesel::Expression<SqlType: TokenSqlType>> StoresSearchTokens for C {}

    /// Compiles for columns that can store search tokens.
    pub const fn is_search_tokens<C: StoresSearchTokens>() {}

    /// Compiles for columns that can store ciphertext.
    pub const fn is_ciphertext<C: StoresCiphertext>() {}

    /// Compiles for columns that can store a blind index.
    pub const fn is_blind_index<C: StoresBlindIndex>() {}
}
