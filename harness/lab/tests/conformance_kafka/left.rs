//! Differences that are known and left.

/// Why an operation of a script may differ, if it is one of those.
pub(crate) fn why(_script: &str, _operation: &str) -> Option<&'static str> {
    None
}
