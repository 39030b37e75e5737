//! The names of the triggers and constraints that migrations create.

use diesel_envelope::columns::TableName;

/// The maximum length of an identifier in bytes: PostgreSQL's `NAMEDATALEN - 1`. MySQL allows 64
/// characters, SQLite any number.
const LONGEST: usize = 63;

/// Returns the name of an object, such as `users_email_diesel_envelope_backfill`.
///
/// A name that is too long for a database is cut. A digest of the whole name replaces the rest, so
/// the name of an object stays the same.
///
/// The tools recognise their own triggers by `diesel_envelope`. PostgreSQL fires the triggers of a
/// table in the order of their names.
pub(crate) fn object_name(table: &TableName, column: &str, kind: &str) -> String {
    let (stem, tail) = (format!("{}_{column}", table.name), format!("_diesel_envelope_{kind}"));
    if stem.len() + tail.len() <= LONGEST {
        return stem + &tail;
    }
    let digest = format!("_{:08x}", fnv_1a(&stem));
    let kept = stem.floor_char_boundary(LONGEST - tail.len() - digest.len());
    format!("{}{digest}{tail}", &stem[..kept])
}

/// Computes FNV-1a, 32 bits (RFC 9923).
fn fnv_1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_to_the_same_63_bytes_each_time() {
        assert_eq!(
            object_name(&"app.users".into(), "email", "backfill"),
            "users_email_diesel_envelope_backfill"
        );
        let table = TableName::from("é".repeat(40).as_str());
        let (one, two) = (
            object_name(&table, "one", "required_insert"),
            object_name(&table, "two", "required_insert"),
        );
        assert!(one.len() <= LONGEST && two.len() <= LONGEST);
        assert_ne!(one, two);
        assert_eq!(one, "ééééééééééé_ce7e24a6_diesel_envelope_required_insert");
    }

    #[test]
    fn the_digest_is_fnv_1a() {
        assert_eq!(
            [fnv_1a(""), fnv_1a("a"), fnv_1a("foobar")],
            [0x811c_9dc5, 0xe40c_292c, 0xbf9c_f968]
        );
    }
}
