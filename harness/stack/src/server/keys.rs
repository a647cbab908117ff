//! Keys of users: made elsewhere, stored as hashes, compared in a time that tells nothing.

use sha1::{Digest, Sha1};

/// Makes keys: version 4 UUIDs that nobody can guess.
pub trait Keys: Send {
    /// A new key.
    fn fresh(&mut self) -> String;
}

/// What is stored of a key: its SHA-1 in lower-case hexadecimal digits.
pub fn hash(key: &str) -> String {
    Sha1::digest(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a key has this hash. It takes the same time wherever they differ.
pub(super) fn matches(key: &str, stored: &str) -> bool {
    let given = hash(key);
    let (given, stored) = (given.as_bytes(), stored.as_bytes());
    let differing = given.iter().zip(stored).fold(0, |all, (a, b)| all | (a ^ b));
    // The optimizer must not find out that the first difference decides.
    given.len() == stored.len() && std::hint::black_box(differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_stored() {
        assert_eq!(hash("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert!(matches("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"));
        assert!(!matches("abd", "a9993e364706816aba3e25717850c26c9cd0d89d"));
        assert!(!matches("abc", ""));
        assert!(!matches("abc", "a9993e36"));
    }
}
