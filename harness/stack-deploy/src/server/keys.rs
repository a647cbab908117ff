//! Keys of users, out of the system's randomness.

use stacklab_stack::server::Keys;

/// Version 4 UUIDs that nobody can guess.
#[derive(Debug)]
pub(super) struct SystemKeys;

impl Keys for SystemKeys {
    fn fresh(&mut self) -> String {
        let mut bytes = [0; 16];
        // Without randomness there is no key: nobody gets in with it, as its hash is of nothing that is told.
        if getrandom::fill(&mut bytes).is_err() {
            return String::new();
        }
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_uuids() {
        let (a, b) = (SystemKeys.fresh(), SystemKeys.fresh());
        assert_ne!(a, b);
        assert_eq!(a.len(), 36);
        assert_eq!(a.as_bytes()[14], b'4');
        assert!(matches!(a.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }
}
