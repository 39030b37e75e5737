//! The key of the row: text, bytes, types of the application, and keys of several columns.

use super::*;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    members (tenant, code) {
        tenant -> Text,
        code -> Binary,
        number -> Integer,
        iban -> Ciphertext,
        iban_index -> BlindIndex,
        note -> CiphertextText,
        tag -> Ciphertext,
    }
}

/// The schema of another crate.
mod other {
    diesel::table! {
        use diesel::sql_types::*;
        use diesel_envelope::sql_types::*;

        members (tenant, code) {
            tenant -> Text,
            code -> Binary,
            iban -> Ciphertext,
            iban_index -> BlindIndex,
        }
    }
}

#[derive(
    Debug, Clone, PartialEq, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Integer)]
pub struct Number(i32);

impl RowKeyPart for Number {
    fn push_to(&self, key: &mut RowKeyBytes) -> Result<(), Error> {
        self.0.push_to(key)
    }
}

impl diesel::deserialize::FromSql<diesel::sql_types::Integer, Db> for Number {
    fn from_sql(
        value: <Db as diesel::backend::Backend>::RawValue<'_>,
    ) -> diesel::deserialize::Result<Self> {
        <i32 as diesel::deserialize::FromSql<diesel::sql_types::Integer, Db>>::from_sql(value)
            .map(Self)
    }
}

diesel_envelope::columns! {
    members {
        iban: row(tenant, code) => iban_index: exact,
        note: row(code),
        tag: label "tags", row(number as Number, tenant),
    }
    other::members as member_columns {
        iban: row(tenant, code), label "members.iban" => iban_index: exact label "members.iban_index",
    }
}

#[derive(Debug, PartialEq, Queryable, Selectable, Insertable, Identifiable)]
#[diesel(table_name = members, primary_key(tenant, code), check_for_backend(Db))]
struct Member {
    tenant: String,
    code: Vec<u8>,
    number: i32,
    #[diesel(embed)]
    iban: RowBound<String, members::iban>,
    #[diesel(embed)]
    note: RowBound<String, members::note>,
    #[diesel(embed)]
    tag: RowBound<String, members::tag>,
}

fn member(tenant: &str, code: &[u8], number: i32) -> Member {
    Member {
        tenant: tenant.into(),
        code: code.to_vec(),
        number,
        iban: RowBound::new((tenant.to_owned(), code.to_vec()), "DE02 Tables"),
        note: RowBound::new(code, "note Tables"),
        tag: RowBound::new((Number(number), tenant.to_owned()), "tag Tables"),
    }
}

fn with_members(test: impl FnOnce(&mut Conn)) {
    let key_bytes = if BYTES == "BYTEA" { "BYTEA" } else { "VARBINARY(16)" };
    with_database(connect, dump, |conn| {
        execute(
            conn,
            &[&format!(
                "CREATE TABLE members (tenant VARCHAR(40), code {key_bytes}, number INTEGER, \
                 iban {BYTES}, iban_index {BYTES}, note TEXT, tag {BYTES}, \
                 PRIMARY KEY (tenant, code))"
            )],
        );
        let both = vec![member("acme", &[1, 0, 255], -7), member("acm", b"e\x01", 7)];
        diesel::insert_into(members::table).values(&both).execute(conn).unwrap();
        test(conn);
    });
}

#[test]
fn keys_of_text_bytes_and_own_types_are_read_back() {
    with_members(|conn| {
        let all: Vec<Member> =
            members::table.order(members::number).select(Member::as_select()).load(conn).unwrap();
        assert_eq!(all, [member("acme", &[1, 0, 255], -7), member("acm", b"e\x01", 7)]);
        assert_eq!(all[0].tag.key(), &(Number(-7), "acme".to_owned()));
        let wrong = Member { code: b"other".to_vec(), ..member("acme", b"new", 1) };
        let insert = diesel::insert_into(members::table).values(wrong.checked_row());
        assert_eq!(error_of(insert.execute(conn)), Error::OtherRow);
        // The key of `tag` is not the primary key, and is not checked.
        let other = Member { number: 2, ..member("acme", b"new", 1) };
        diesel::insert_into(members::table).values(other.checked_row()).execute(conn).unwrap();
        let read = members::table.filter(members::number.eq(2)).select(Member::as_select());
        assert_eq!(error_of(read.first(conn)), Error::RowMismatch);
    });
}

#[test]
fn every_part_of_a_key_counts() {
    for change in ["tenant = 'acme2'", "tenant = 'ACME'", "code = tenant", "number = 8"] {
        with_members(|conn| {
            execute(
                conn,
                &[&format!("UPDATE members SET {change} WHERE number = -7").replace(
                    "code = tenant",
                    if BYTES == "BYTEA" { "code = tenant::bytea" } else { "code = tenant" },
                )],
            );
            let all = members::table.select(Member::as_select()).load(conn);
            assert_eq!(error_of(all), Error::RowMismatch, "{change}");
        });
    }
}

#[test]
fn columns_of_another_crate_have_marker_types() {
    type Iban = RowBound<String, member_columns::iban>;

    with_members(|conn| {
        let row = other::members::table.find(("acm", b"e\x01".to_vec()));
        let mut iban: Iban = row.clone().select(Iban::as_select()).first(conn).unwrap();
        assert_eq!(iban.as_str(), "DE02 Tables");
        iban.set("FR14 Tables");
        diesel::update(row).set(&iban).execute(conn).unwrap();
        let found: Iban = other::members::table
            .filter(
                other::members::iban_index.matches_as::<member_columns::iban_index>("FR14 Tables"),
            )
            .select(Iban::as_select())
            .first(conn)
            .unwrap();
        assert_eq!((found.as_str(), &found.key().0[..]), ("FR14 Tables", "acm"));
    });
}

#[test]
fn the_declaration_for_the_tools_names_the_key() {
    let columns = members::table::encrypted_columns();
    let keys: Vec<_> = columns.iter().map(|column| column.row_key.join(" ")).collect();
    assert_eq!(keys, ["tenant code", "code", "number tenant"]);
    let [foreign] = &member_columns::encrypted_columns()[..] else { panic!("one column") };
    assert_eq!(foreign.row_key, ["tenant", "code"]);
}
