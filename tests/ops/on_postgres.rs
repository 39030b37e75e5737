//! What only PostgreSQL has.

use std::time::Duration;

use diesel_envelope::ops::Settings;

use super::limits::{rotate, to_rotate};
use crate::world::*;

#[test]
fn a_row_that_a_trigger_keeps_as_it_is_is_left_and_said_to_be() {
    let (database, keyring) = to_rotate(5);
    database.execute(
        "CREATE FUNCTION not_this_one() RETURNS trigger AS $$ BEGIN IF OLD.id = 3 THEN RETURN NULL; END IF; RETURN NEW; END; $$ LANGUAGE plpgsql;
         CREATE TRIGGER not_this_one BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION not_this_one()",
    );
    let settings = Settings::new().allow_triggers(true).patience(Duration::ZERO);
    let report = rotate(&database, &keyring, settings, &Told::default()).unwrap();
    assert_eq!((report.written, report.left, report.is_complete()), (4, 1, false), "{report:?}");
}
