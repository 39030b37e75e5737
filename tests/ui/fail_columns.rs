//! Mistakes in `columns!`. Each module has a table of its own.

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

mod misspelt_column {
    accounts!();
    diesel_envelope::columns! { accounts { nmae } }
}

mod misspelt_option {
    accounts!();
    diesel_envelope::columns! { accounts { name: pda 16 } }
}

mod misspelt_normaliser {
    accounts!();
    diesel_envelope::columns! { accounts { iban => iban_index: caselss } }
}

mod missing_index_column {
    accounts!();
    diesel_envelope::columns! { accounts { iban => iban_indx: exact } }
}

mod no_index_column {
    accounts!();
    diesel_envelope::columns! { accounts { iban => name: exact } }
}

mod no_normaliser {
    accounts!();
    diesel_envelope::columns! { accounts { iban => iban_index } }
}

mod no_ciphertext_column {
    accounts!();
    diesel_envelope::columns! { accounts { id } }
}

mod unknown_format {
    accounts!();
    diesel_envelope::columns! { accounts { name: accept [fernt] } }
}

mod unknown_index_option {
    accounts!();
    diesel_envelope::columns! { accounts { iban => iban_index: exact bit 16 } }
}

mod no_type {
    accounts!();
    diesel_envelope::columns! { accounts { name: as } }
}

mod no_comma_after_type {
    accounts!();
    diesel_envelope::columns! { accounts { name: as i16 pad 16 } }
}

mod no_label {
    accounts!();
    diesel_envelope::columns! { accounts { name: label accounts.name } }
}

mod unknown_option_after_the_type_of_an_index {
    accounts!();
    diesel_envelope::columns! { accounts { iban: as i64 => iban_index: exact as i64 bit 16 } }
}

mod no_comma_after_the_type_of_an_index {
    accounts!();
    diesel_envelope::columns! { accounts { iban: as i64 => iban_index: exact as i64 strict } }
}

mod no_type_of_an_index {
    accounts!();
    diesel_envelope::columns! { accounts { iban => iban_index: exact as } }
}

mod normaliser_of_another_type {
    accounts!();
    diesel_envelope::columns! { accounts { iban: as i32 => iban_index: caseless } }
}

mod index_of_another_type {
    accounts!();
    diesel_envelope::columns! { accounts { iban: as i32 => iban_index: exact as i64 } }
}

fn main() {}
