//! Values that are bound to their row, with the key in each of the types that a key can have.

use diesel_envelope::{RowBound, TryRowBound};

use super::*;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    cards (tenant, id) {
        tenant -> Text,
        id -> BigInt,
        number -> Ciphertext,
        number_index -> BlindIndex,
        owner -> Nullable<CiphertextText>,
    }
}

diesel_envelope::columns! {
    cards {
        number: row(tenant, id) => number_index: digits,
        owner: row(tenant, id),
    }
}

#[derive(Debug, PartialEq, Queryable, QueryableByName, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = cards, primary_key(tenant, id), check_for_backend(MultiBackend))]
struct Card {
    tenant: String,
    id: i64,
    #[diesel(embed)]
    number: RowBound<String, cards::number>,
    #[diesel(embed)]
    owner: RowBound<Option<String>, cards::owner>,
}

fn card(id: i64, number: &str, owner: Option<&str>) -> Card {
    Card {
        tenant: "acme".into(),
        id,
        number: RowBound::new(("acme".to_owned(), id), number),
        owner: RowBound::new(("acme".to_owned(), id), owner.map(str::to_owned)),
    }
}

/// Writes, changes, finds and reads rows, and refuses a value of another row.
pub fn run(conn: &mut AnyConnection) {
    let (blob, text) = match conn {
        AnyConnection::Sqlite(_) => ("BLOB", "TEXT"),
        AnyConnection::Postgres(_) => ("bytea", "text"),
        AnyConnection::Mysql(_) => ("BLOB", "VARCHAR(40)"),
    };
    execute(
        conn,
        &[&format!(
            "CREATE TABLE cards (tenant {text}, id BIGINT, number {blob}, number_index {blob}, owner TEXT, \
             PRIMARY KEY (tenant, id))"
        )],
    );
    insert_each!(
        conn,
        cards,
        [card(1, "4929 0000", Some("Bobby Tables")), card(2, "4929 1111", None)]
    );
    diesel::update(cards::table.find(("acme", 2)))
        .set(&card(2, "4929 2222", Some("Duke Tables")))
        .execute(conn)
        .unwrap();
    let found: Card = cards::table
        .filter(cards::number_index.matches("49292222"))
        .select(Card::as_select())
        .first(conn)
        .unwrap();
    assert_eq!(found, card(2, "4929 2222", Some("Duke Tables")));
    let by_name: Vec<Card> =
        diesel::sql_query("SELECT * FROM cards ORDER BY id").load(conn).unwrap();
    assert_eq!(by_name[0], card(1, "4929 0000", Some("Bobby Tables")));

    execute(conn, &["UPDATE cards SET id = 3 WHERE id = 1"]);
    let moved = cards::table.filter(cards::id.eq(3));
    let error = moved.select(Card::as_select()).first(conn).unwrap_err();
    assert_eq!(Error::find_in(&error), Some(&Error::RowMismatch));
    let tried: TryRowBound<String, cards::number> =
        moved.select(TryRowBound::as_select()).first(conn).unwrap();
    assert_eq!(tried.as_ref().unwrap_err(), &Error::RowMismatch);
}
