//! Columns that are bound to their row: a missing key, keys that cannot be one, and other types.

use diesel::prelude::*;
use diesel_envelope::{Encrypted, RowBound, Searchable};

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    accounts (id) {
        id -> BigInt,
        size -> Double,
        tenant -> Nullable<Text>,
        name -> Ciphertext,
        iban -> Ciphertext,
        iban_index -> BlindIndex,
        email -> Ciphertext,
        email_index -> BlindIndex,
    }
}

diesel_envelope::columns! {
    accounts { name, iban: row(id) => iban_index: exact }
}

/// The column declares no key of its row.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts)]
struct NoKey {
    #[diesel(embed)]
    name: RowBound<String, accounts::name>,
}

/// Its indexes would not be checked.
#[derive(Insertable)]
#[diesel(table_name = accounts)]
struct NotRowBound {
    #[diesel(embed)]
    iban: Searchable<String, accounts::iban>,
}

mod misspelt {
    use super::accounts;
    diesel_envelope::columns! { accounts { email: row(idd) } }
}

mod not_a_key {
    diesel::table! {
        use diesel::sql_types::*;
        use diesel_envelope::sql_types::*;

        floats (size) { size -> Double, name -> Ciphertext, }
    }
    diesel_envelope::columns! { floats { name: row(size) } }
}

mod nullable {
    diesel::table! {
        use diesel::sql_types::*;
        use diesel_envelope::sql_types::*;

        tenants (id) { id -> BigInt, tenant -> Nullable<Text>, name -> Ciphertext, }
    }
    diesel_envelope::columns! { tenants { name: row(tenant) } }
}

mod malformed {
    diesel::table! {
        use diesel::sql_types::*;
        use diesel_envelope::sql_types::*;

        orders (id) { id -> BigInt, name -> Ciphertext, }
    }
    diesel_envelope::columns! { orders { name: row id } }
}

fn main() {
    let _: Encrypted<String, accounts::iban>;
}
