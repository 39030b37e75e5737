//! The plans of lookups by search tokens, on a table of 100,000 rows.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel_envelope::TokensDsl;

use super::search::{Person, people, with_people};
use super::{Conn, Db, EXPLAIN, PlanRow, PlanSqlType, assert_uses_index};
use crate::support::database::execute;

struct Explain<Q>(Q);

impl<Q: QueryFragment<Db>> QueryFragment<Db> for Explain<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(EXPLAIN);
        self.0.walk_ast(out)
    }
}

impl<Q> QueryId for Explain<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> Query for Explain<Q> {
    type SqlType = PlanSqlType;
}

impl<Q> RunQueryDsl<Conn> for Explain<Q> {}

const ROWS: i64 = 100_000;

#[test]
fn no_lookup_scans_the_table() {
    let note = |id| format!("example{} word{}", id % 5_000, id % 7_919);
    let people: Vec<_> =
        (0..ROWS).map(|id| Person { id, name: "".into(), note: Some(note(id)).into() }).collect();
    with_people(&people, |conn| {
        execute(conn, super::ANALYZE);
        macro_rules! check {
            ($condition:expr) => {{
                let query = people::table.filter($condition).select((people::id, people::note));
                let plan: Vec<PlanRow> = Explain(query).load(conn).unwrap();
                assert_uses_index(&plan, "people_note_tokens");
            }};
        }
        check!(people::note_tokens.matches_word("example17"));
        check!(people::note_tokens.matches_all_words("example17 word29"));
        check!(people::note_tokens.matches_any_word("example17 word29"));
        check!(people::note_tokens.matches_word("example17").and(people::id.gt(500)));
        let found = people::table.filter(people::note_tokens.matches_all_words("example17 word17"));
        let found: Vec<i64> = found.select(people::id).order(people::id).load(conn).unwrap();
        assert_eq!(found[0], 17);
    });
}
