//! Ids that the originals draw at random.

use crate::Rng;

/// A random UUID (version 4) in its usual text form, drawn from the given stream.
pub fn uuid_v4(rng: &mut Rng) -> String {
    let high = rng.next_u64() & 0xffff_ffff_ffff_0fff | 0x4000;
    let low = rng.next_u64() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_version_and_variant() {
        let id = uuid_v4(&mut Rng::new(1));
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
    }
}
