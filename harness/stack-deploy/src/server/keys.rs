//! Keys of users, out of the system's randomness.

use stacklab_stack::server::Keys;

/// A seed for what only has to differ from server to server.
pub(super) fn seed() -> u64 {
    getrandom::u64().unwrap_or_default()
}

/// Version 4 UUIDs that nobody can guess.
#[derive(Debug)]
pub(super) struct SystemKeys;

impl Keys for SystemKeys {
    fn fresh(&mut self) -> String {
        let mut bytes = [0; 16];
        // A key that can be foreseen, or an empty one, would let anybody in: rather no server at all.
        if let Err(why) = getrandom::fill(&mut bytes) {
            panic!("the system gives no random numbers for a key: {why}");
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
