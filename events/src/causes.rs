//! An error with all of its causes.

use std::error::Error;

/// The error and its causes in one line, for logs and operators.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
