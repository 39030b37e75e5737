//! The macro `columns!`, which reads its input token by token.

mod row;

/// Declares the encrypted columns of tables, each with its options and its blind indexes.
///
/// ```
/// diesel::table! {
///     use diesel::sql_types::*;
///     use diesel_envelope::sql_types::*;
///
///     users (id) {
///         id -> BigInt,
///         name -> Ciphertext,
///         phone -> Nullable<Ciphertext>,
///         age -> Ciphertext,
///         email -> Ciphertext,
///         email_index -> BlindIndex,
///         iban -> Ciphertext,
///         iban_index -> BlindIndex,
///         iban_last4_index -> BlindIndex,
///     }
/// }
///
/// diesel_envelope::columns! {
///     users {
///         name,
///         phone: pad 16,
///         age: as i16,
///         email => email_index: caseless,
///         iban: strict, label "accounts.iban" =>
///             iban_index: exact, iban_last4_index: last_four_digits bits 16,
///     }
/// }
///
/// let columns = users::table::encrypted_columns();
/// assert_eq!(columns.len(), 5);
/// ```
///
/// The macro implements [`Context`](crate::Context) for each column,
/// [`IndexSpec`](crate::IndexSpec) for each index column, and
/// [`SearchableColumn`](crate::SearchableColumn) for a column with indexes. It also adds
/// the function `encrypted_columns()` to the table's type. The function returns the same
/// declaration for the tools, as a `Vec<`[`Column`](crate::columns::Column)`>`.
///
/// The values of these columns are [`Encrypted`](crate::Encrypted),
/// [`Searchable`](crate::Searchable) or their variants, under the keyring. For
/// [`Sealed`](crate::Sealed) and [`KmsEncrypted`](crate::KmsEncrypted), implement
/// [`Context`](crate::Context) by hand: the tools cannot process their values.
///
/// # Options of a column
///
/// The options follow the colon, in any order, separated by commas.
///
/// | option | meaning |
/// |---|---|
/// | `as Type` | the type of the values; in a model, another type does not compile |
/// | `pad 16` | [`Context::PAD_TO`](crate::Context::PAD_TO) |
/// | `strict` | [`Context::ACCEPT`](crate::Context::ACCEPT) is [`STRICT`](crate::Accept::STRICT) |
/// | `accept [fernet, unbound]` | these formats are accepted in addition to the column's own; `bound` for a row-bound column |
/// | `label "accounts.iban"` | [`Context::LABEL`](crate::Context::LABEL) |
/// | `row(id)` | the values are bound to the row that these columns name; see below |
///
/// By default, the type is `String` and the label is `table.column`, without a schema.
///
/// # Columns bound to their row
///
/// With `row(id)`, or `row(tenant, id)` for a key of several columns, the type in the model is
/// [`RowBound`](crate::RowBound), which also checks the indexes. The macro implements
/// [`RowBoundColumn`](crate::RowBoundColumn). The key is read as an `i16`, `i32`, `i64`, `String`,
/// `Vec<u8>` or `Uuid`, as its SQL type says. Name another type by `row(id as UserId)`: it implements
/// [`RowKeyPart`](crate::row_key::RowKeyPart).
///
/// Such a column reads no other format by default. `accept [bound]` also reads the values that an
/// `Encrypted` or `Searchable` wrote, while `rotate` is rewriting them. `write [bound]` reads both
/// formats and writes the old one, while instances of the program are running that read no other.
///
/// # Indexes of a column
///
/// The indexes follow the arrow, written `index_column: normaliser` and separated by commas. A
/// column has at most four indexes.
///
/// | normaliser | index |
/// |---|---|
/// | `exact` | the bytes of a text, or the encoding of another type |
/// | `caseless`, `digits`, `last_four_digits`, `email_domain` | a function of [`normalize`] |
/// | `day`, `month`, `year`, `hour` | a [bucket](crate::blind_index::buckets) of dates or points in time, for lookups by [range] |
/// | `bucket 1_000` | a bucket of integers or decimals, of this width |
/// | `month in 1920..=2030`, `bucket 1_000 in 0..=500_000` | the same, between two years or values: the first and the last bucket also contain the values outside |
/// | `words`, `prefixes 3..=8`, `words + prefixes 3..=8` | [search tokens](crate::search_tokens) of text: of its words, and of beginnings of 3 to 8 characters |
/// | `self::postcode` | a function of the application, `fn(&str) -> Cow<'_, [u8]>` |
/// | `self::year as Date` | a function for another type, `fn(&Date) -> Cow<'_, [u8]>` |
///
/// A function of the application is named by a path, such as `self::postcode` or
/// `crate::text::postcode`. The options `bits 16`, `key "a"`, `label "users.email_index"` and
/// `as Type` may follow the normaliser, in any order and without commas. These options set the
/// constants of [`IndexSpec`](crate::IndexSpec).
///
/// A type of the application must be `pub` if an index has values of this type: by `exact`, or by
/// `as Type` after the normaliser. It may be in a private module. A column of Diesel is `pub`, and
/// [`IndexSpec::Value`](crate::IndexSpec::Value) names the type.
///
/// An index of several columns is an item of its own: `born_index: compound(name: caseless,
/// birth_date: exact as Date)`. The value of this index is the tuple `(String, Date)`. A part of a
/// nullable column is an `Option`: `exact as Option<Date>`. Only the application writes a compound
/// index: `encrypted_columns()` does not contain it, and the tools do not write it.
///
/// # Tables
///
/// A table is named as in Rust: `users`, or by a path such as `schema::users`. For a table in a
/// schema of the database, write `app.users`.
///
/// If the schema is in another crate, name a module: `other::schema::users as user_columns { … }`.
/// The macro then makes the module `user_columns`, with a marker type for each column. Write
/// `Searchable<String, user_columns::email>` in the model, and
/// [`matches_as`](crate::BlindIndexWithDsl::matches_as)`::<user_columns::email_index>` in lookups.
/// `user_columns::encrypted_columns()` returns the declarations.
///
/// # Errors at compile time
///
/// These mistakes are errors at the declaration: a misspelt column, option or normaliser, a column
/// of the wrong SQL type, `pad` outside 1 to 65,536, `bits` outside 1 to 256, an invalid label, and a
/// normaliser for other values than those of the column. On a column with indexes,
/// [`encrypt`](crate::EncryptDsl::encrypt) does not compile, because it would leave the indexes
/// unchanged.
///
/// [`normalize`]: crate::blind_index::normalize
/// [range]: crate::BucketIndexDsl
#[macro_export]
macro_rules! columns {
    ($($tables:tt)*) => { $crate::__columns! { @tables $($tables)* } };
}

/// The states of `columns!`, each named after the tokens that it reads next.
///
/// `$table` is `[kind] [path] [prefix] [name]`: the kind is `local` or `foreign`, the path is that of
/// Diesel's module, the prefix is that of the labels, and the name is that in the database. `$at` is
/// `$table`, the expressions of `encrypted_columns()` so far, and the column that is being read, with
/// its options while its indexes are read. `$done` collects options.
#[doc(hidden)]
#[macro_export]
macro_rules! __columns {
    // ---- Tables
    (@tables) => {};
    (@tables $schema:ident . $table:ident { $($items:tt)* } $($rest:tt)*) => {
        $crate::__columns! {
            @items [
                [local] [$table] [stringify!($table)]
                [concat!(stringify!($schema), ".", stringify!($table))]
            ] [] $($items)*
        }
        $crate::__columns! { @tables $($rest)* }
    };
    (@tables $($rest:tt)*) => { $crate::__columns! { @path [] $($rest)* } };

    (@path [$($path:tt)*] $segment:ident :: $($rest:tt)*) => {
        $crate::__columns! { @path [$($path)* $segment ::] $($rest)* }
    };
    (@path [$($path:tt)*] $table:ident { $($items:tt)* } $($rest:tt)*) => {
        $crate::__columns! {
            @items [
                [local] [$($path)* $table] [stringify!($table)] [stringify!($table)]
            ] [] $($items)*
        }
        $crate::__columns! { @tables $($rest)* }
    };
    (@path [$($path:tt)*] $table:ident as $module:ident { $($items:tt)* } $($rest:tt)*) => {
        #[doc = concat!("The encrypted columns of the table `", stringify!($table), "`.")]
        #[allow(non_camel_case_types, unused_imports)]
        pub mod $module {
            use super::*;
            $crate::__columns! {
                @items [
                    [foreign] [$($path)* $table] [stringify!($table)] [stringify!($table)]
                ] [] $($items)*
            }
        }
        $crate::__columns! { @tables $($rest)* }
    };
    (@path [$($path:tt)*] $($rest:tt)*) => {
        compile_error!(concat!(
            "expected a table and its encrypted columns, such as ",
            "`users { name, email => email_index: caseless }`"
        ));
    };

    // ---- Items of a table
    (@items [[local] [$($path:tt)*] $prefix:tt $name:tt] [$($columns:expr;)*]) => {
        impl $($path)*::table {
            /// Returns the declarations of the table's encrypted columns.
            pub fn encrypted_columns() -> ::std::vec::Vec<$crate::columns::Column> {
                ::std::vec![$($columns),*]
            }
        }
    };
    (@items [[foreign] $path:tt $prefix:tt $name:tt] [$($columns:expr;)*]) => {
        /// Returns the declarations of the table's encrypted columns.
        pub fn encrypted_columns() -> ::std::vec::Vec<$crate::columns::Column> {
            ::std::vec![$($columns),*]
        }
    };
    (@items $table:tt $columns:tt $index:ident : compound ( $($parts:tt)* ) $($rest:tt)*) => {
        $crate::__columns! { @compound $table $index [] $($parts)* }
        $crate::__columns! { @next $table $columns $($rest)* }
    };
    (@items $table:tt $columns:tt $column:ident : $($rest:tt)*) => {
        $crate::__columns! { @option [$table $columns $column] [] $($rest)* }
    };
    (@items $table:tt $columns:tt $column:ident $($rest:tt)*) => {
        $crate::__columns! { @after_option [$table $columns $column] [] $($rest)* }
    };
    (@items $table:tt $columns:tt $($rest:tt)*) => {
        compile_error!(concat!(
            "expected an encrypted column, such as `email`, `phone: pad 16` or ",
            "`email => email_index: caseless`"
        ));
    };
    (@next $table:tt $columns:tt , $($rest:tt)*) => {
        $crate::__columns! { @items $table $columns $($rest)* }
    };
    (@next $table:tt $columns:tt) => { $crate::__columns! { @items $table $columns } };

    // ---- Options of a column
    (@option $at:tt [$($done:tt)*] pad $bytes:literal $($rest:tt)*) => {
        $crate::__columns! { @after_option $at [$($done)* [pad $bytes]] $($rest)* }
    };
    (@option $at:tt [$($done:tt)*] label $label:literal $($rest:tt)*) => {
        $crate::__columns! { @after_option $at [$($done)* [label $label]] $($rest)* }
    };
    (@option $at:tt [$($done:tt)*] strict $($rest:tt)*) => {
        $crate::__columns! { @after_option $at [$($done)* [strict]] $($rest)* }
    };
    (@option $at:tt [$($done:tt)*] accept [$($format:ident),* $(,)?] $($rest:tt)*) => {
        $crate::__columns! { @after_option $at [$($done)* [accept $($format)*]] $($rest)* }
    };
    (@option $at:tt [$($done:tt)*]
        row ( $($key:ident $(as $key_type:ty)?),+ $(,)? ) $($rest:tt)*) => {
        $crate::__columns! {
            @after_option $at [$($done)* [row $([$key $($key_type)?])+]] $($rest)*
        }
    };
    (@option $at:tt [$($done:tt)*] write [bound] $($rest:tt)*) => {
        $crate::__columns! { @after_option $at [$($done)* [write bound]] $($rest)* }
    };
    (@option $at:tt [$($done:tt)*] as $value:ty , $($rest:tt)*) => {
        $crate::__columns! { @after_option $at [$($done)* [as $value]] , $($rest)* }
    };
    (@option $at:tt [$($done:tt)*] as $value:ty => $($rest:tt)*) => {
        $crate::__columns! { @after_option $at [$($done)* [as $value]] => $($rest)* }
    };
    (@option $at:tt [$($done:tt)*] as $value:ty) => {
        $crate::__columns! { @after_option $at [$($done)* [as $value]] }
    };
    (@option [$table:tt $columns:tt $column:ident] $done:tt as $($rest:tt)*) => {
        compile_error!(concat!(
            "expected a type after `as` in the options of the encrypted column `",
            stringify!($column), "`, and a comma before the next option, such as `",
            stringify!($column), ": as i16, pad 16`"
        ));
    };
    (@option [$table:tt $columns:tt $column:ident] $done:tt $unknown:ident $($rest:tt)*) => {
        const _: () = { use $crate::columns::expansion::column_option::$unknown; };
        compile_error!(concat!(
            "found `", stringify!($unknown), "`, expected an option of the encrypted column `",
            stringify!($column),
            "`: `as Type`, `pad 16`, `strict`, `accept [fernet]`, `row(id)` or `label \"users.",
            stringify!($column), "\"`"
        ));
    };
    (@option [$table:tt $columns:tt $column:ident] $done:tt $($rest:tt)*) => {
        compile_error!(concat!(
            "expected an option of the encrypted column `", stringify!($column),
            "` after the colon: `as Type`, `pad 16`, `strict`, `accept [fernet]`, `row(id)` or ",
            "`label \"users.", stringify!($column), "\"`"
        ));
    };

    // After a comma follows an option if it looks like one, and otherwise the next column.
    (@after_option $at:tt $done:tt , pad $bytes:literal $($rest:tt)*) => {
        $crate::__columns! { @option $at $done pad $bytes $($rest)* }
    };
    (@after_option $at:tt $done:tt , label $label:literal $($rest:tt)*) => {
        $crate::__columns! { @option $at $done label $label $($rest)* }
    };
    (@after_option $at:tt $done:tt , write [bound] $($rest:tt)*) => {
        $crate::__columns! { @option $at $done write [bound] $($rest)* }
    };
    (@after_option $at:tt $done:tt , row ( $($key:tt)* ) $($rest:tt)*) => {
        $crate::__columns! { @option $at $done row ( $($key)* ) $($rest)* }
    };
    (@after_option $at:tt $done:tt , accept [$($formats:tt)*] $($rest:tt)*) => {
        $crate::__columns! { @option $at $done accept [$($formats)*] $($rest)* }
    };
    (@after_option $at:tt $done:tt , as $($rest:tt)*) => {
        $crate::__columns! { @option $at $done as $($rest)* }
    };
    (@after_option $at:tt [$($done:tt)+] , strict , $($rest:tt)*) => {
        $crate::__columns! { @option $at [$($done)+] strict , $($rest)* }
    };
    (@after_option $at:tt [$($done:tt)+] , strict => $($rest:tt)*) => {
        $crate::__columns! { @option $at [$($done)+] strict => $($rest)* }
    };
    (@after_option $at:tt [$($done:tt)+] , strict) => {
        $crate::__columns! { @option $at [$($done)+] strict }
    };
    (@after_option [$table:tt $columns:tt $column:ident] $done:tt => $($rest:tt)*) => {
        $crate::__columns! { @context $table $column $done true }
        $crate::__columns! { @index [$table $columns $column $done] [] $($rest)* }
    };
    (@after_option [$table:tt [$($columns:tt)*] $column:ident] $done:tt , $($rest:tt)*) => {
        $crate::__columns! { @context $table $column $done false }
        $crate::__columns_in_row! { @bound $table $column $done $done [] }
        $crate::__columns! {
            @items $table [$($columns)* $crate::__columns!(@column $table $column $done);] $($rest)*
        }
    };
    (@after_option [$table:tt [$($columns:tt)*] $column:ident] $done:tt) => {
        $crate::__columns! { @context $table $column $done false }
        $crate::__columns_in_row! { @bound $table $column $done $done [] }
        $crate::__columns! {
            @items $table [$($columns)* $crate::__columns!(@column $table $column $done);]
        }
    };
    (@after_option $at:tt $done:tt $($rest:tt)+) => {
        $crate::__columns! { @option $at $done $($rest)+ }
    };

    // ---- Indexes of a column: `$indexes` are those before, each `[column [normaliser] options]`
    (@index $at:tt $indexes:tt $index:ident : $($rest:tt)*) => {
        $crate::__columns! { @normalizer $at $indexes $index [] $($rest)* }
    };
    (@index [$table:tt $columns:tt $column:ident $options:tt] $indexes:tt $($rest:tt)*) => {
        compile_error!(concat!(
            "expected an index column and its normaliser after `", stringify!($column),
            " =>`, such as `", stringify!($column), "_index: caseless`"
        ));
    };
    (@normalizer $at:tt $indexes:tt $index:ident []
        words + prefixes $shortest:literal ..= $longest:literal $($rest:tt)*) => {
        $crate::__columns! {
            @index_option $at $indexes
            [$index [tokens true [$shortest, $longest]]] [] $($rest)*
        }
    };
    (@normalizer $at:tt $indexes:tt $index:ident []
        prefixes $shortest:literal ..= $longest:literal $($rest:tt)*) => {
        $crate::__columns! {
            @index_option $at $indexes
            [$index [tokens false [$shortest, $longest]]] [] $($rest)*
        }
    };
    (@normalizer $at:tt $indexes:tt $index:ident [] words $($rest:tt)*) => {
        $crate::__columns! {
            @index_option $at $indexes [$index [tokens true []]] [] $($rest)*
        }
    };
    (@normalizer $at:tt $indexes:tt $index:ident [] bucket $width:literal
        in $first:literal ..= $last:literal $($rest:tt)*) => {
        $crate::__columns! {
            @index_option $at $indexes [$index [bucket [width $width] [$first $last]]] [] $($rest)*
        }
    };
    (@normalizer $at:tt $indexes:tt $index:ident [] bucket $width:literal $($rest:tt)*) => {
        $crate::__columns! {
            @index_option $at $indexes [$index [bucket [width $width] []]] [] $($rest)*
        }
    };
    (@normalizer $at:tt $indexes:tt $index:ident [] day $($rest:tt)*) => {
        $crate::__columns! { @period $at $indexes $index day $($rest)* }
    };
    (@normalizer $at:tt $indexes:tt $index:ident [] month $($rest:tt)*) => {
        $crate::__columns! { @period $at $indexes $index month $($rest)* }
    };
    (@normalizer $at:tt $indexes:tt $index:ident [] year $($rest:tt)*) => {
        $crate::__columns! { @period $at $indexes $index year $($rest)* }
    };
    (@normalizer $at:tt $indexes:tt $index:ident [] hour $($rest:tt)*) => {
        $crate::__columns! { @period $at $indexes $index hour $($rest)* }
    };
    (@normalizer $at:tt $indexes:tt $index:ident [$($path:tt)*] $segment:ident :: $($rest:tt)*) => {
        $crate::__columns! { @normalizer $at $indexes $index [$($path)* $segment ::] $($rest)* }
    };
    (@normalizer $at:tt $indexes:tt $index:ident [$($path:tt)*] $function:ident $($rest:tt)*) => {
        $crate::__columns! { @index_option $at $indexes [$index [$($path)* $function]] [] $($rest)* }
    };
    (@normalizer $at:tt $indexes:tt $index:ident $path:tt $($rest:tt)*) => {
        compile_error!(concat!(
            "expected a normaliser of the index `", stringify!($index),
            "`: `exact`, `caseless`, `digits`, `last_four_digits`, `email_domain`, `day`, `month`, ",
            "`year`, `hour`, `bucket 1_000`, `words`, `prefixes 3..=8`, `words + prefixes 3..=8`, ",
            "or a path such as `self::postcode`"
        ));
    };
    (@period $at:tt $indexes:tt $index:ident $period:ident
        in $first:literal ..= $last:literal $($rest:tt)*) => {
        $crate::__columns! {
            @index_option $at $indexes [$index [bucket [$period] [$first $last]]] [] $($rest)*
        }
    };
    (@period $at:tt $indexes:tt $index:ident $period:ident $($rest:tt)*) => {
        $crate::__columns! {
            @index_option $at $indexes [$index [bucket [$period] []]] [] $($rest)*
        }
    };

    (@index_option $at:tt $indexes:tt $index:tt [$($done:tt)*] bits $bits:literal $($rest:tt)*) => {
        $crate::__columns! { @index_option $at $indexes $index [$($done)* [bits $bits]] $($rest)* }
    };
    (@index_option $at:tt $indexes:tt $index:tt [$($done:tt)*] key $key:literal $($rest:tt)*) => {
        $crate::__columns! { @index_option $at $indexes $index [$($done)* [key $key]] $($rest)* }
    };
    (@index_option $at:tt $indexes:tt $index:tt [$($done:tt)*] label $label:literal $($rest:tt)*) => {
        $crate::__columns! { @index_option $at $indexes $index [$($done)* [label $label]] $($rest)* }
    };
    (@index_option $at:tt $indexes:tt $index:tt [$($done:tt)*] as $value:ty , $($rest:tt)*) => {
        $crate::__columns! { @index_option $at $indexes $index [$($done)* [as $value]] , $($rest)* }
    };
    (@index_option $at:tt $indexes:tt $index:tt [$($done:tt)*] as $value:ty) => {
        $crate::__columns! { @index_option $at $indexes $index [$($done)* [as $value]] }
    };
    // An option may follow the type. `ty` does not allow that, so the type is read token by token.
    (@index_option $at:tt $indexes:tt $index:tt $done:tt as $first:tt $($rest:tt)*) => {
        $crate::__columns! { @index_type $at $indexes $index $done [$first] $($rest)* }
    };
    (@index_type $at:tt $indexes:tt $index:tt [$($done:tt)*] [$($value:tt)+]
        bits $bits:literal $($rest:tt)*) => {
        $crate::__columns! {
            @index_option $at $indexes $index [$($done)* [as $($value)+]] bits $bits $($rest)*
        }
    };
    (@index_type $at:tt $indexes:tt $index:tt [$($done:tt)*] [$($value:tt)+]
        key $key:literal $($rest:tt)*) => {
        $crate::__columns! {
            @index_option $at $indexes $index [$($done)* [as $($value)+]] key $key $($rest)*
        }
    };
    (@index_type $at:tt $indexes:tt $index:tt [$($done:tt)*] [$($value:tt)+]
        label $label:literal $($rest:tt)*) => {
        $crate::__columns! {
            @index_option $at $indexes $index [$($done)* [as $($value)+]] label $label $($rest)*
        }
    };
    (@index_type $at:tt $indexes:tt $index:tt $done:tt $value:tt
        $unknown:ident $after:literal $($rest:tt)*) => {
        $crate::__columns! { @index_option $at $indexes $index $done $unknown $after }
    };
    (@index_type $at:tt $indexes:tt $index:tt $done:tt [$($value:tt)+]
        $next:tt $($rest:tt)*) => {
        $crate::__columns! { @index_type $at $indexes $index $done [$($value)+ $next] $($rest)* }
    };
    (@index_type $at:tt $indexes:tt [$index:ident $function:tt] $done:tt $value:tt) => {
        compile_error!(concat!(
            "expected a comma or an option after the type of the index `", stringify!($index),
            "`: `bits 16`, `key \"a\"` or `label \"users.", stringify!($index), "\"`"
        ));
    };
    // After a comma follows a column if its colon is followed by an option of a column, and otherwise
    // an index.
    (@index_option $at:tt $indexes:tt $index:tt $done:tt
        , $next:ident : pad $bytes:literal $($rest:tt)*) => {
        $crate::__columns! { @last_index $at $indexes $index $done $next : pad $bytes $($rest)* }
    };
    (@index_option $at:tt $indexes:tt $index:tt $done:tt
        , $next:ident : label $label:literal $($rest:tt)*) => {
        $crate::__columns! { @last_index $at $indexes $index $done $next : label $label $($rest)* }
    };
    (@index_option $at:tt $indexes:tt $index:tt $done:tt
        , $next:ident : row ( $($key:tt)* ) $($rest:tt)*) => {
        $crate::__columns! { @last_index $at $indexes $index $done $next : row ( $($key)* ) $($rest)* }
    };
    (@index_option $at:tt $indexes:tt $index:tt $done:tt
        , $next:ident : strict $($rest:tt)*) => {
        $crate::__columns! { @last_index $at $indexes $index $done $next : strict $($rest)* }
    };
    (@index_option $at:tt $indexes:tt $index:tt $done:tt
        , $next:ident : accept [$($formats:tt)*] $($rest:tt)*) => {
        $crate::__columns! {
            @last_index $at $indexes $index $done $next : accept [$($formats)*] $($rest)*
        }
    };
    (@index_option $at:tt $indexes:tt $index:tt $done:tt
        , $next:ident : as $($rest:tt)*) => {
        $crate::__columns! { @last_index $at $indexes $index $done $next : as $($rest)* }
    };
    (@index_option $at:tt $indexes:tt $index:tt $done:tt
        , $next:ident : compound $($rest:tt)*) => {
        $crate::__columns! { @last_index $at $indexes $index $done $next : compound $($rest)* }
    };
    (@index_option [$table:tt $columns:tt $column:ident $options:tt] [$($indexes:tt)*]
        [$index:ident $function:tt] $done:tt , $next:ident : $($rest:tt)*) => {
        $crate::__columns! { @spec $table $index $options $function $done }
        $crate::__columns! {
            @index [$table $columns $column $options] [$($indexes)* [$index $function $done]]
            $next : $($rest)*
        }
    };
    (@index_option $at:tt $indexes:tt $index:tt $done:tt , $($rest:tt)*) => {
        $crate::__columns! { @last_index $at $indexes $index $done $($rest)* }
    };
    (@index_option $at:tt $indexes:tt $index:tt $done:tt) => {
        $crate::__columns! { @last_index $at $indexes $index $done }
    };
    (@index_option $at:tt $indexes:tt [$index:ident $function:tt] $done:tt as) => {
        compile_error!(concat!(
            "expected a type after `as` in the options of the index `", stringify!($index), "`"
        ));
    };
    (@index_option $at:tt $indexes:tt [$index:ident $function:tt] $done:tt
        $unknown:ident $($rest:tt)*) => {
        const _: () = { use $crate::columns::expansion::index_option::$unknown; };
        compile_error!(concat!(
            "found `", stringify!($unknown), "`, expected an option of the index `",
            stringify!($index), "`: `bits 16`, `key \"a\"`, `label \"users.", stringify!($index),
            "\"` or `as Type`"
        ));
    };
    (@index_option $at:tt $indexes:tt [$index:ident $function:tt] $done:tt $($rest:tt)+) => {
        compile_error!(concat!(
            "expected a comma or an option after the normaliser of the index `",
            stringify!($index), "`: `bits 16`, `key \"a\"`, `label \"users.", stringify!($index),
            "\"` or `as Type`"
        ));
    };

    // ---- Code of a column
    (@context [[$kind:ident] [$($path:tt)*] [$prefix:expr] $name:tt]
        $column:ident [$($options:tt)*] $has_indexes:literal) => {
        $crate::__columns! { @marker [$kind] $column }
        const _: () = $crate::columns::expansion::is_ciphertext::<$($path)*::$column>();
        $crate::__columns! { @check [Context]
            [$crate::__columns!(@own [$kind] [$($path)*] $column)] "encrypted column" $column
            PAD_TO pad_is_valid "`pad` must be 1 to 65,536"
        }
        impl $crate::Context for $crate::__columns!(@own [$kind] [$($path)*] $column) {
            const LABEL: &'static str = $crate::__columns!(
                @label [concat!($prefix, ".", stringify!($column))] $($options)*
            );
            const VALUE_TYPE_ID: ::std::option::Option<u8> = ::std::option::Option::Some(
                $crate::columns::ValueType::of::<$crate::__columns!(@value $($options)*)>().id(),
            );
            const ROW: ::std::option::Option<$crate::columns::RowDeclaration> =
                $crate::__columns_in_row!(@declared_row [$($path)*] [$($options)*] $($options)*);
            const HAS_INDEXES: bool = $has_indexes;
            $($crate::__columns! { @context_const $options })*
        }
    };
    (@check [$spec:ident] [$own:ty] $kind:literal $name:ident
        $constant:ident $is_valid:ident $expected:literal) => {
        const _: () = {
            assert!(
                $crate::columns::expansion::label_is_valid(<$own as $crate::$spec>::LABEL),
                concat!(
                    "the label of the ", $kind, " `", stringify!($name), "` must have 1 to 255 ",
                    "characters of A-Z, a-z, 0-9, '_', '.', ':' and '-'"
                ),
            );
            assert!(
                $crate::columns::expansion::$is_valid(<$own as $crate::$spec>::$constant),
                concat!($expected, " on the ", $kind, " `", stringify!($name), "`"),
            );
        };
    };
    (@marker [local] $column:ident) => {};
    (@marker [foreign] $column:ident) => {
        #[doc = concat!("The marker type of the column `", stringify!($column), "`.")]
        pub enum $column {}
    };
    (@diesel [$($path:tt)*] $column:ident) => { $($path)*::$column };
    (@own [local] [$($path:tt)*] $column:ident) => { $($path)*::$column };
    (@own [foreign] $path:tt $column:ident) => { $column };

    (@label $default:tt [label $label:literal] $($rest:tt)*) => { $label };
    (@label $default:tt $other:tt $($rest:tt)*) => {
        $crate::__columns!(@label $default $($rest)*)
    };
    (@label [$default:expr]) => { $default };
    (@value_of [$($options:tt)*]) => { $crate::__columns!(@value $($options)*) };
    (@value [as $value:ty] $($rest:tt)*) => { $value };
    (@value $other:tt $($rest:tt)*) => { $crate::__columns!(@value $($rest)*) };
    (@value) => { ::std::string::String };

    (@context_const [pad $bytes:literal]) => {
        const PAD_TO: ::std::option::Option<usize> = ::std::option::Option::Some($bytes);
    };
    (@context_const [strict]) => { const ACCEPT: $crate::Accept = $crate::Accept::STRICT; };
    (@context_const [accept $($format:ident)*]) => {
        const ACCEPT: $crate::Accept =
            $crate::Accept::STRICT$(.and($crate::columns::expansion::format::$format))*;
    };
    (@context_const $other:tt) => {};

    (@column [[$kind:ident] $path:tt $prefix:tt [$name:expr]]
        $column:ident [$($options:tt)*]) => {
        $crate::columns::Column::new(
            $name,
            <$crate::__columns!(@diesel $path $column) as ::diesel::Column>::NAME,
        )
        .value($crate::columns::ValueType::of::<$crate::__columns!(@value $($options)*)>())
        .context::<$crate::__columns!(@own [$kind] $path $column)>()
    };

    // ---- Code of the indexes
    (@last_index [$table:tt [$($columns:tt)*] $column:ident $options:tt]
        [$([$index:ident $function:tt $done:tt])*]
        [$last:ident $last_function:tt] $last_done:tt $($rest:tt)*) => {
        $crate::__columns! { @spec $table $last $options $last_function $last_done }
        $crate::__columns_in_row! {
            @bound $table $column $options $options
            [$([$index $function])* [$last $last_function]]
        }
        $crate::__columns! {
            @items $table [
                $($columns)*
                $crate::__columns!(@column $table $column $options)
                    $(.index($crate::__columns!(
                        @declaration $table $index $options $function $done
                    )))*
                    .index($crate::__columns!(
                        @declaration $table $last $options $last_function $last_done
                    ));
            ] $($rest)*
        }
    };
    (@searchable [[local] [$($path:tt)*] $prefix:tt $name:tt] $column:ident $($index:tt)*) => {
        impl $crate::SearchableColumn for $($path)*::$column {
            type Indexes = $crate::__columns!(@indexes indexed [$($path)*] $($index)*);
        }
    };
    (@searchable [[foreign] [$($path:tt)*] $prefix:tt $name:tt] $column:ident $($index:tt)*) => {
        impl $crate::SearchableSpec for $column {
            type Column = $($path)*::$column;
            type Indexes = $crate::__columns!(@indexes foreign_indexed [$($path)*] $($index)*);
        }
    };
    (@indexes indexed $path:tt $($index:tt)*) => {
        ($($crate::__columns!(@indexed $path $index),)*)
    };
    (@indexes foreign_indexed $path:tt $($index:tt)*) => {
        ($($crate::__columns!(@foreign_indexed $path $index),)*)
    };
    (@indexed $path:tt [$index:ident [tokens $words:tt $prefixes:tt]]) => {
        $crate::Tokenized<$crate::__columns!(@diesel $path $index)>
    };
    (@indexed $path:tt [$index:ident $function:tt]) => {
        $crate::__columns!(@diesel $path $index)
    };
    (@foreign_indexed $path:tt [$index:ident [tokens $words:tt $prefixes:tt]]) => {
        $crate::TokenizedAs<$crate::__columns!(@diesel $path $index), $index>
    };
    (@foreign_indexed $path:tt [$index:ident $function:tt]) => {
        $crate::IndexedAs<$crate::__columns!(@diesel $path $index), $index>
    };

    (@spec [[$kind:ident] [$($path:tt)*] [$prefix:expr] [$name:expr]]
        $index:ident $options:tt [tokens $words:literal [$($prefixes:literal),*]]
        [$($done:tt)*]) => {
        $crate::__columns! { @marker [$kind] $index }
        const _: () = {
            use $crate::columns::expansion::{has_values_of, is_search_tokens};
            is_search_tokens::<$($path)*::$index>();
            has_values_of::<$crate::__columns!(@value_of $options), str>();
        };
        const _: $crate::TokenContext<'static> = $crate::TokenContext::of::<
            $crate::__columns!(@own [$kind] [$($path)*] $index)
        >();
        impl $crate::TokenSpec for $crate::__columns!(@own [$kind] [$($path)*] $index) {
            const LABEL: &'static str = $crate::__columns!(
                @label [concat!($prefix, ".", stringify!($index))] $($done)*
            );
            const TOKEN_TABLE: &'static str = concat!($name, "_", stringify!($index));
            const WORDS: bool = $words;
            const PREFIXES: ::std::option::Option<(usize, usize)> =
                $crate::__columns!(@prefixes $($prefixes)*);
            $($crate::__columns! { @index_const $done })*
        }
    };
    (@prefixes) => { ::std::option::Option::None };
    (@prefixes $shortest:literal $longest:literal) => {
        ::std::option::Option::Some(($shortest, $longest))
    };
    (@spec [[$kind:ident] [$($path:tt)*] [$prefix:expr] $name:tt]
        $index:ident $options:tt $function:tt [$($done:tt)*]) => {
        $crate::__columns! { @marker [$kind] $index }
        const _: () = {
            use $crate::columns::expansion::{has_values_of, is_blind_index};
            is_blind_index::<$($path)*::$index>();
            has_values_of::<
                $crate::__columns!(@value_of $options),
                $crate::__columns!(@index_value $function $options $($done)*),
            >();
        };
        $crate::__columns! { @check [IndexSpec]
            [$crate::__columns!(@own [$kind] [$($path)*] $index)] "index" $index
            BITS bits_are_valid "`bits` must be 1 to 256"
        }
        impl $crate::IndexSpec for $crate::__columns!(@own [$kind] [$($path)*] $index) {
            type Value = $crate::__columns!(@index_value $function $options $($done)*);
            const LABEL: &'static str = $crate::__columns!(
                @label [concat!($prefix, ".", stringify!($index))] $($done)*
            );
            $($crate::__columns! { @index_const $done })*
            fn normalize(value: &Self::Value) -> ::std::borrow::Cow<'_, [u8]> {
                $crate::__columns!(@normalize $function $options value)
            }
        }
        $crate::__columns! {
            @bucket_spec $function [$crate::__columns!(@own [$kind] [$($path)*] $index)]
        }
    };
    (@index_const [bits $bits:literal]) => { const BITS: usize = $bits; };
    (@index_const [key $key:literal]) => {
        const KEY: ::std::option::Option<&'static str> = ::std::option::Option::Some($key);
    };
    (@index_const $other:tt) => {};

    (@index_value $function:tt $options:tt [as $value:ty] $($rest:tt)*) => { $value };
    (@index_value $function:tt $options:tt $other:tt $($rest:tt)*) => {
        $crate::__columns!(@index_value $function $options $($rest)*)
    };
    (@index_value [bucket $kind:tt $bounds:tt] [$($options:tt)*]) => {
        $crate::__columns!(@value $($options)*)
    };
    (@index_value [exact] [$($options:tt)*]) => {
        $crate::__columns!(@exact_value $($options)*)
    };
    (@index_value $function:tt $options:tt) => { str };
    (@exact_value [as $value:ty] $($rest:tt)*) => { $value };
    (@exact_value $other:tt $($rest:tt)*) => { $crate::__columns!(@exact_value $($rest)*) };
    (@exact_value) => { str };

    (@normalize [exact] [$($options:tt)*] $value:ident) => {
        $crate::__columns!(@exact $value $($options)*)
    };
    (@normalize [bucket $kind:tt $bounds:tt] $options:tt $value:ident) => {
        $crate::blind_index::buckets::normalize::<Self>($value)
    };
    (@normalize [$function:ident] $options:tt $value:ident) => {
        $crate::blind_index::normalize::$function($value)
    };
    (@normalize [$($path:tt)*] $options:tt $value:ident) => { $($path)*($value) };
    (@exact $value:ident [as $type:ty] $($rest:tt)*) => {
        $crate::blind_index::normalize::encoded($value)
    };
    (@exact $value:ident $other:tt $($rest:tt)*) => {
        $crate::__columns!(@exact $value $($rest)*)
    };
    (@exact $value:ident) => { $crate::blind_index::normalize::exact($value) };

    // ---- Code of an index over buckets
    (@bucket_spec [bucket $kind:tt []] [$index:ty]) => {
        impl $crate::blind_index::buckets::BucketSpec for $index {
            fn bucket(value: &Self::Value) -> i128 {
                $crate::__columns!(@bucket $kind value)
            }
        }
    };
    (@bucket_spec [bucket $kind:tt [$first:literal $last:literal]] [$index:ty]) => {
        impl $crate::blind_index::buckets::BucketSpec for $index {
            fn bucket(value: &Self::Value) -> i128 {
                use $crate::blind_index::buckets::BoundedBucketSpec;

                const { assert!(Self::FIRST <= Self::LAST, "the first bucket is after the last") };
                $crate::__columns!(@bucket $kind value).clamp(Self::FIRST, Self::LAST)
            }
        }
        impl $crate::blind_index::buckets::BoundedBucketSpec for $index {
            const FIRST: i128 = $crate::__columns!(@first_bucket $kind $first);
            const LAST: i128 = $crate::__columns!(@last_bucket $kind $last);
        }
    };
    (@bucket_spec $function:tt $index:tt) => {};
    (@bucket [width $width:literal] $value:ident) => {{
        const WIDTH: u64 = $width;
        const { assert!(WIDTH > 0, "the width of a bucket must not be 0") };
        $crate::blind_index::buckets::width($value, WIDTH)
    }};
    (@bucket [$period:ident] $value:ident) => {
        $crate::blind_index::buckets::$period($value)
    };
    (@first_bucket [width $width:literal] $first:literal) => { i128::div_euclid($first, $width) };
    (@first_bucket [day] $year:literal) => {
        $crate::blind_index::buckets::day_number($year, 1, 1)
    };
    (@first_bucket [hour] $year:literal) => {
        24 * $crate::blind_index::buckets::day_number($year, 1, 1)
    };
    (@first_bucket [month] $year:literal) => { 12 * $year };
    (@first_bucket [year] $year:literal) => { $year };
    (@last_bucket [width $width:literal] $last:literal) => { i128::div_euclid($last, $width) };
    (@last_bucket [day] $year:literal) => {
        $crate::blind_index::buckets::day_number($year, 12, 31)
    };
    (@last_bucket [hour] $year:literal) => {
        24 * $crate::blind_index::buckets::day_number($year, 12, 31) + 23
    };
    (@last_bucket [month] $year:literal) => { 12 * $year + 11 };
    (@last_bucket [year] $year:literal) => { $year };

    (@declaration [[$kind:ident] $path:tt $prefix:tt $name:tt]
        $index:ident $options:tt [tokens $words:tt $prefixes:tt] $done:tt) => {
        $crate::columns::Index::of_tokens::<$crate::__columns!(@own [$kind] $path $index)>(
            <$crate::__columns!(@diesel $path $index) as ::diesel::Column>::NAME,
        )
    };
    (@declaration [[$kind:ident] $path:tt $prefix:tt $name:tt]
        $index:ident [$($options:tt)*] $function:tt $done:tt) => {
        $crate::columns::Index::of_spec::<$crate::__columns!(@own [$kind] $path $index)>(
            <$crate::__columns!(@diesel $path $index) as ::diesel::Column>::NAME,
        )
        .normalize($crate::__columns!(
            @declared_normalizer $function
            [$crate::__columns!(@own [$kind] $path $index)]
            [$crate::__columns!(@value $($options)*)]
        ))
    };
    (@declared_normalizer [exact] $index:tt $value:tt) => { $crate::columns::Normalizer::Exact };
    (@declared_normalizer [caseless] $index:tt $value:tt) => {
        $crate::columns::Normalizer::Caseless
    };
    (@declared_normalizer [digits] $index:tt $value:tt) => { $crate::columns::Normalizer::Digits };
    (@declared_normalizer [last_four_digits] $index:tt $value:tt) => {
        $crate::columns::Normalizer::LastFourDigits
    };
    (@declared_normalizer [email_domain] $index:tt $value:tt) => {
        $crate::columns::Normalizer::EmailDomain
    };
    (@declared_normalizer [bucket $kind:tt [$first:literal $last:literal]] $index:tt $value:tt) => {
        $crate::columns::Normalizer::Buckets(
            $crate::__columns!(@declared_buckets $kind).between($first, $last),
        )
    };
    (@declared_normalizer [bucket $kind:tt []] $index:tt $value:tt) => {
        $crate::columns::Normalizer::Buckets($crate::__columns!(@declared_buckets $kind))
    };
    (@declared_normalizer $function:tt [$index:ty] [$value:ty]) => {
        $crate::columns::Normalizer::of::<$index, $value>()
    };

    (@declared_buckets [width $width:literal]) => { $crate::columns::Buckets::of_width($width) };
    (@declared_buckets [day]) => { $crate::columns::Buckets::DAY };
    (@declared_buckets [month]) => { $crate::columns::Buckets::MONTH };
    (@declared_buckets [year]) => { $crate::columns::Buckets::YEAR };
    (@declared_buckets [hour]) => { $crate::columns::Buckets::HOUR };

    // ---- Code of a compound index
    (@compound $table:tt $index:ident [$($parts:tt)*]
        $part:ident : $function:ident as $value:ty , $($rest:tt)*) => {
        $crate::__columns! {
            @compound $table $index [$($parts)* [$part $function [$value]]] $($rest)*
        }
    };
    (@compound $table:tt $index:ident [$($parts:tt)*]
        $part:ident : $function:ident as $value:ty) => {
        $crate::__columns! { @compound $table $index [$($parts)* [$part $function [$value]]] }
    };
    (@compound $table:tt $index:ident [$($parts:tt)*]
        $part:ident : $function:ident $(, $($rest:tt)*)?) => {
        $crate::__columns! {
            @compound $table $index
            [$($parts)* [$part $function [::std::string::String]]] $($($rest)*)?
        }
    };
    (@compound [[$kind:ident] $path:tt [$prefix:expr] $name:tt] $index:ident
        [$([$part:ident $function:ident [$value:ty]])+]) => {
        $crate::__columns! { @marker [$kind] $index }
        const _: () = {
            use $crate::columns::expansion::{is_blind_index, is_ciphertext};
            is_blind_index::<$crate::__columns!(@diesel $path $index)>();
            $(is_ciphertext::<$crate::__columns!(@diesel $path $part)>();)+
        };
        $crate::__columns! { @check [IndexSpec]
            [$crate::__columns!(@own [$kind] $path $index)] "index" $index
            BITS bits_are_valid "`bits` must be 1 to 256"
        }
        impl $crate::IndexSpec for $crate::__columns!(@own [$kind] $path $index) {
            type Value = ($($value,)+);
            const LABEL: &'static str = concat!($prefix, ".", stringify!($index));
            fn normalize(value: &Self::Value) -> ::std::borrow::Cow<'_, [u8]> {
                let ($($part,)+) = value;
                $crate::blind_index::normalize::compound([$(
                    $crate::columns::expansion::CompoundPart::part($part)
                        .map(|part| $crate::__columns!(@compound_part $function part)),
                )+])
            }
        }
    };
    (@compound $table:tt $index:ident $($rest:tt)*) => {
        compile_error!(concat!(
            "expected the parts of the compound index `", stringify!($index),
            "`, such as `compound(name: caseless, birth_date: exact as Date)`"
        ));
    };
    (@compound_part exact $part:ident) => { $crate::blind_index::normalize::encoded($part) };
    (@compound_part $function:ident $part:ident) => {
        $crate::blind_index::normalize::$function($part)
    };
}
