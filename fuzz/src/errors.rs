//! The errors of the library. Most inputs give the same errors, so each text is checked once.

use std::cell::RefCell;
use std::collections::HashSet;

use diesel_envelope::Error;

use crate::secret;

/// The maximum number of errors that are remembered.
const REMEMBERED: usize = 20_000;

thread_local! {
    /// The texts of the checked errors.
    static CHECKED: RefCell<HashSet<String>> = RefCell::default();
}

/// Checks the message of an error and its `Debug` output, unless these texts were checked before:
/// the search for the secret takes longer than to open a value.
pub fn check_error(error: &Error) {
    let texts = format!("{error}\n{error:?}");
    CHECKED.with_borrow_mut(|checked| {
        if !checked.contains(&texts) {
            secret::check_error(error);
            if checked.len() < REMEMBERED {
                checked.insert(texts);
            }
        }
    });
}

/// Checks the error of a result, if it has one.
pub fn check_result<T>(result: &Result<T, Error>) {
    if let Err(error) = result {
        check_error(error);
    }
}
