//! Differences that are known and left, by the scripts that show them.

/// Why an operation of a script may differ, if it is one of those.
pub(crate) fn why(script: &str, _operation: &str) -> Option<&'static str> {
    (script == "nulls")
        .then_some("a null topic or group is refused, where the original reads it and fails later")
}
