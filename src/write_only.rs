//! Bound values that can be written but not compared.
//!
//! Diesel makes an expression of every value, and accepts it in `filter` as well as in `values`.
//! The expressions of this module do not implement the traits that a comparison needs:
//! `ValidGrouping`, and `Clone` for `ON`. So a comparison does not compile, and the name of the
//! expression in the compiler's message gives the reason.

/// Defines an expression type of a bound value that can only be inserted and assigned.
macro_rules! write_only_expression {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name<ST, V>(V, std::marker::PhantomData<ST>);

        impl<ST, V> $name<ST, V> {
            pub(crate) fn new(value: V) -> Self {
                Self(value, std::marker::PhantomData)
            }
        }

        impl<ST, V> diesel::expression::Expression for $name<ST, V>
        where
            ST: diesel::sql_types::SqlType + diesel::expression::TypedExpressionType,
        {
            type SqlType = ST;
        }

        impl<ST: 'static, V> diesel::query_builder::QueryId for $name<ST, V> {
            type QueryId = $name<ST, ()>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl<ST, V, DB> diesel::query_builder::QueryFragment<DB> for $name<ST, V>
        where
            DB: diesel::backend::Backend + diesel::sql_types::HasSqlType<ST>,
            V: diesel::serialize::ToSql<ST, DB>,
        {
            fn walk_ast<'b>(&'b self, mut out: diesel::query_builder::AstPass<'_, 'b, DB>) -> diesel::QueryResult<()> {
                out.push_bind_param(&self.0)
            }
        }

        impl<ST, V, QS> diesel::expression::AppearsOnTable<QS> for $name<ST, V> where
            ST: diesel::sql_types::SqlType + diesel::expression::TypedExpressionType
        {
        }
    };
}

/// Implements `AsExpression` for a value and for references to it. The result is a write-only
/// expression of every SQL type that implements a trait. One generic impl covers all SQL types:
/// with several impls, the compiler would list each of them and not show the missing bound.
macro_rules! as_write_only_expression {
    ([$($generics:tt)*] [$($value:tt)*] => $expression:ident: $sql_types:path) => {
        as_write_only_expression!(@one [] [$($generics)*] $($value)* => $expression: $sql_types);
        as_write_only_expression!(@one ['a,] [$($generics)*] &'a $($value)* => $expression: $sql_types);
        as_write_only_expression!(@one ['a, 'b,] [$($generics)*] &'b &'a $($value)* => $expression: $sql_types);
    };
    (@one [$($lifetimes:tt)*] [$($generics:tt)*] $value:ty => $expression:ident: $sql_types:path) => {
        impl<$($lifetimes)* ST: $sql_types, $($generics)*> diesel::expression::AsExpression<ST> for $value {
            type Expression = $expression<ST, Self>;

            fn as_expression(self) -> Self::Expression {
                $expression::new(self)
            }
        }
    };
}

pub(crate) use {as_write_only_expression, write_only_expression};
