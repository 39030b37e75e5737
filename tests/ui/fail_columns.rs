//! Mistakes in `columns!`.

mod schema {
    diesel::table! {
        use diesel::sql_types::*;
        use diesel_envelope::sql_types::*;

        accounts (id) {
            id -> Integer,
            name -> Ciphertext,
            iban -> Ciphertext,
            iban_index -> BlindIndex,
            age -> Ciphertext,
        }
    }
}
use schema::accounts;

mod misspelt_column {
    use super::accounts;
    diesel_envelope::columns! { accounts { nmae } }
}

mod misspelt_option {
    use super::accounts;
    diesel_envelope::columns! { accounts { name: pda 16 } }
}

mod misspelt_normaliser {
    use super::accounts;
    diesel_envelope::columns! { accounts { iban => iban_index: caselss } }
}

mod missing_index_column {
    use super::accounts;
    diesel_envelope::columns! { accounts { iban => iban_indx: exact } }
}

mod no_index_column {
    use super::accounts;
    diesel_envelope::columns! { accounts { iban => name: exact } }
}

mod no_normaliser {
    use super::accounts;
    diesel_envelope::columns! { accounts { iban => iban_index } }
}

mod no_ciphertext_column {
    use super::accounts;
    diesel_envelope::columns! { accounts { id } }
}

mod unknown_format {
    use super::accounts;
    diesel_envelope::columns! { accounts { name: accept [fernt] } }
}

mod unknown_index_option {
    use super::accounts;
    diesel_envelope::columns! { accounts { iban => iban_index: exact bit 16 } }
}

fn main() {}
