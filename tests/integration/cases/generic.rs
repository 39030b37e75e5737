//! Code that names neither the columns nor the model: Diesel's generic traits, and the queries that
//! models declare.

use diesel::associations::HasTable;
use diesel::dsl::{AsSelect, Select};
use diesel::prelude::*;
use diesel::query_builder::{AsQuery, InsertStatement, QueryId};
use diesel::query_dsl::LoadQuery;
use diesel::query_dsl::methods;
use diesel_envelope::{Encrypted, Searchable};

use super::{Conn, Db, connect, dump};
use crate::support::database::with_database;
use crate::support::models::{NewUser, User, new_user, users};

/// A model that declares its own query.
#[derive(HasQuery)]
#[diesel(table_name = users)]
struct Listed {
    id: i64,
    name: Encrypted<String, users::name>,
    #[diesel(embed)]
    email: Searchable<String, users::email>,
}

/// A field of another type. Diesel converts the encrypted value when it loads it.
struct PlainName(String);

impl From<Encrypted<String, users::name>> for PlainName {
    fn from(name: Encrypted<String, users::name>) -> Self {
        Self(name.into_inner())
    }
}

#[derive(Queryable)]
struct Named {
    #[diesel(deserialize_as = Encrypted<String, users::name>)]
    name: PlainName,
}

fn insert<T, R>(conn: &mut Conn, table: T, rows: R) -> QueryResult<usize>
where
    T: Table,
    R: Insertable<T>,
    InsertStatement<T, R::Values>: methods::ExecuteDsl<Conn>,
{
    methods::ExecuteDsl::execute(rows.insert_into(table), conn)
}

fn load<'query, M>(conn: &mut Conn) -> QueryResult<Vec<M>>
where
    M: HasTable + Selectable<Db>,
    M::Table: AsQuery,
    M::SelectExpression: QueryId,
    <M::Table as AsQuery>::Query: methods::SelectDsl<AsSelect<M, Db>>,
    Select<<M::Table as AsQuery>::Query, AsSelect<M, Db>>: LoadQuery<'query, Conn, M>,
{
    methods::SelectDsl::select(M::table().as_query(), M::as_select()).load(conn)
}

#[test]
fn a_generic_repository_inserts_and_loads() {
    with_database(connect, dump, |conn| {
        let one: NewUser = new_user("a", Some("1"));
        assert_eq!(insert(conn, users::table, &one).unwrap(), 1);
        assert_eq!(insert(conn, users::table, new_user("b", None)).unwrap(), 1);
        let users: Vec<User> = load(conn).unwrap();
        assert_eq!(
            users.iter().map(|user| &**user.name).collect::<Vec<_>>(),
            ["a Tables", "b Tables"]
        );
    });
}

#[test]
fn a_model_declares_its_query() {
    with_database(connect, dump, |conn| {
        insert(conn, users::table, new_user("a", None)).unwrap();
        let listed = Listed::query().order(users::id).load(conn).unwrap();
        assert_eq!((&**listed[0].name, &**listed[0].email), ("a Tables", "a@Example.org"));
        assert!(listed[0].id > 0);
    });
}

#[test]
fn a_field_is_converted_when_it_is_loaded() {
    with_database(connect, dump, |conn| {
        insert(conn, users::table, new_user("a", None)).unwrap();
        let names = users::table.select((users::name,));
        assert_eq!(names.load::<Named>(conn).unwrap()[0].name.0, "a Tables");
    });
}
