//! Differences that are known and left, each by the operation that shows it.

/// Groups of operations, with why they differ.
const LEFT: [(&str, &[&str]); 0] = [];

/// Why this operation may differ, if it is one of those.
pub(crate) fn why(operation: &str) -> Option<&'static str> {
    LEFT.iter().find(|(_, operations)| operations.contains(&operation)).map(|(why, _)| *why)
}
