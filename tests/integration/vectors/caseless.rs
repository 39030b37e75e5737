//! The normaliser `caseless` on strings whose characters affect each other. A unit test beside the
//! code compares every single character with a digest.

use diesel_envelope::blind_index::normalize::caseless;
use serde::Deserialize;

use super::{cases, hex};

#[derive(Deserialize)]
struct Case {
    value: String,
    caseless: String,
}

#[test]
fn strings_of_several_characters() {
    let cases = cases::<Case>(include_str!("../../vectors/caseless.json"));
    for case in &cases {
        assert_eq!(*caseless(&case.value), *hex(&case.caseless), "{:?}", case.value);
        let folded = String::from_utf8(hex(&case.caseless)).unwrap();
        assert_eq!(*caseless(&folded), *folded.as_bytes(), "{:?} again", case.value);
    }
    assert_eq!(cases.len(), 436);
}
