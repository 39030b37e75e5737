//! Bound values that may be written and not compared.
//!
//! Diesel makes an expression of every value, and gives it to `filter` as readily as to `values`. These expressions lack what a
//! comparison asks for (`ValidGrouping`, and `Clone` for `ON`), so that the query does not compile, and their names say why.

/// Makes an expression type of a bound value that can be inserted and assigned, and nothing else.
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

/// `AsExpression` for a value, and for references to it, into a write-only expression of every SQL type that a trait names. One impl
/// for all of them: of several, the compiler would list each, and not show the bound that is missing.
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
