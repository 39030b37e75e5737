//! Numbers and labels in `columns!` that are not valid. Nothing uses the columns.

macro_rules! accounts {
    () => {
        diesel::table! {
            use diesel::sql_types::*;
            use diesel_envelope::sql_types::*;

            accounts (id) {
                id -> Integer,
                name -> Ciphertext,
                iban -> Ciphertext,
                iban_index -> BlindIndex,
            }
        }
    };
}

mod no_bits {
    accounts!();
    diesel_envelope::columns! { accounts { iban => iban_index: exact bits 0 } }
}

mod too_many_bits {
    accounts!();
    diesel_envelope::columns! { accounts { iban => iban_index: exact bits 257 } }
}

mod no_padding {
    accounts!();
    diesel_envelope::columns! { accounts { name: pad 0 } }
}

mod too_much_padding {
    accounts!();
    diesel_envelope::columns! { accounts { name: pad 70000 } }
}

mod label_of_a_column {
    accounts!();
    diesel_envelope::columns! { accounts { name: label "accounts name" } }
}

mod label_of_an_index {
    accounts!();
    diesel_envelope::columns! { accounts { iban => iban_index: exact label "" } }
}

mod foreign {
    accounts!();
    diesel_envelope::columns! { self::accounts as columns { name: pad 0 } }
}

fn main() {}
