//! The part of `columns!` for columns whose values are bound to their row.

/// The code of the option `row(id)`: the declaration for the tools, and `RowBoundColumn`.
///
/// `$path` is that of Diesel's module, in brackets. `$options` are the options of the column, each in
/// brackets. A rule that looks for an option takes them one by one.
#[doc(hidden)]
#[macro_export]
macro_rules! __columns_in_row {
    // For the tools, a column that still writes the old format is not bound to its row.
    (@declared_row $path:tt $options:tt [write bound] $($rest:tt)*) => {
        ::std::option::Option::None
    };
    (@declared_row $path:tt $options:tt $other:tt $($rest:tt)*) => {
        $crate::__columns_in_row!(@declared_row $path $options $($rest)*)
    };
    (@declared_row $path:tt [$($options:tt)*]) => {
        $crate::__columns_in_row!(@row_declaration $path [$($options)*] $($options)*)
    };
    (@row_declaration $path:tt $options:tt [row $($key:tt)+] $($rest:tt)*) => {
        ::std::option::Option::Some($crate::columns::RowDeclaration {
            key: &[$(<$crate::__columns_in_row!(@key_column $path $key) as ::diesel::Column>::NAME),+],
            accept: $crate::__columns_in_row!(@accept_in_row $options),
        })
    };
    (@row_declaration $path:tt $options:tt $other:tt $($rest:tt)*) => {
        $crate::__columns_in_row!(@row_declaration $path $options $($rest)*)
    };
    (@row_declaration $path:tt $options:tt) => { ::std::option::Option::None };
    (@key_column $path:tt [$key:ident $($key_type:ty)?]) => {
        $crate::__columns!(@diesel $path $key)
    };
    (@key_value $path:tt [$key:ident]) => {
        <<$crate::__columns!(@diesel $path $key) as ::diesel::Expression>::SqlType
            as $crate::RowKeySqlType>::Value
    };
    (@key_value $path:tt [$key:ident $key_type:ty]) => { $key_type };
    (@accept_in_row [[accept $($format:ident)*] $($rest:tt)*]) => {
        $crate::Accept::STRICT$(.and($crate::columns::expansion::format::$format))*
    };
    (@accept_in_row [$other:tt $($rest:tt)*]) => {
        $crate::__columns_in_row!(@accept_in_row [$($rest)*])
    };
    (@accept_in_row []) => { $crate::Accept::STRICT };
    (@write_in_row [[write bound] $($rest:tt)*]) => { $crate::ValueFormat::Bound };
    (@write_in_row [$other:tt $($rest:tt)*]) => {
        $crate::__columns_in_row!(@write_in_row [$($rest)*])
    };
    (@write_in_row []) => { $crate::ValueFormat::RowBound };

    // ---- Code of a column with a row or with indexes: `RowBoundColumn` or `SearchableColumn`
    (@bound [[local] $path:tt $prefix:tt $name:tt] $column:ident $options:tt
        [[row $($key:tt)+] $($rest:tt)*] [$($index:tt)*]) => {
        impl $crate::RowBoundColumn for $crate::__columns!(@diesel $path $column) {
            type Key = ($($crate::__columns_in_row!(@key_column $path $key),)+);
            type KeyValue = ($($crate::__columns_in_row!(@key_value $path $key),)+);
            type Indexes = $crate::__columns!(@indexes indexed $path $($index)*);
            const ACCEPT_IN_ROW: $crate::Accept = $crate::__columns_in_row!(@accept_in_row $options);
            const WRITE_IN_ROW: $crate::ValueFormat = $crate::__columns_in_row!(@write_in_row $options);
        }
    };
    (@bound [[foreign] $path:tt $prefix:tt $name:tt] $column:ident $options:tt
        [[row $($key:tt)+] $($rest:tt)*] [$($index:tt)*]) => {
        impl $crate::RowBoundSpec for $column {
            type Column = $crate::__columns!(@diesel $path $column);
            type Key = ($($crate::__columns_in_row!(@key_column $path $key),)+);
            type KeyValue = ($($crate::__columns_in_row!(@key_value $path $key),)+);
            type Indexes = $crate::__columns!(@indexes foreign_indexed $path $($index)*);
            const ACCEPT_IN_ROW: $crate::Accept = $crate::__columns_in_row!(@accept_in_row $options);
            const WRITE_IN_ROW: $crate::ValueFormat = $crate::__columns_in_row!(@write_in_row $options);
        }
    };
    (@bound $table:tt $column:ident $options:tt [$other:tt $($rest:tt)*] $indexes:tt) => {
        $crate::__columns_in_row! { @bound $table $column $options [$($rest)*] $indexes }
    };
    (@bound $table:tt $column:ident $options:tt [] []) => {};
    (@bound $table:tt $column:ident $options:tt [] [$($index:tt)+]) => {
        $crate::__columns! { @searchable $table $column $($index)+ }
    };
}
