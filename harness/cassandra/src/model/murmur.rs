//! Tokens: Murmur3 as Cassandra computes it, sign-extended tail bytes and all.

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

/// The token of a serialized partition key, as `Murmur3Partitioner` gives it.
pub fn token(key: &[u8]) -> i64 {
    if key.is_empty() {
        return i64::MIN;
    }
    let hash = hash(key);
    // The smallest value stands for "before the ring": no key may have it.
    if hash == i64::MIN { i64::MAX } else { hash }
}

fn hash(data: &[u8]) -> i64 {
    let (mut h1, mut h2) = (0u64, 0u64);
    let mut blocks = data.chunks_exact(16);
    for block in &mut blocks {
        let (low, high) = block.split_at(8);
        h1 ^= mix1(word(low));
        h1 = h1.rotate_left(27).wrapping_add(h2).wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 ^= mix2(word(high));
        h2 = h2.rotate_left(31).wrapping_add(h1).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let tail = blocks.remainder();
    let (low, high) = tail.split_at(tail.len().min(8));
    if !high.is_empty() {
        h2 ^= mix2(signed_tail(high));
    }
    if !low.is_empty() {
        h1 ^= mix1(signed_tail(low));
    }
    let length = data.len() as u64;
    h1 ^= length;
    h2 ^= length;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    h1 = finish(h1);
    h2 = finish(h2);
    h1.wrapping_add(h2) as i64
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// Cassandra's slip that every driver copies: the bytes of the tail are signed, so a high one floods those above.
fn signed_tail(bytes: &[u8]) -> u64 {
    bytes.iter().enumerate().fold(0, |word, (at, byte)| word ^ ((i64::from(*byte as i8) as u64) << (8 * at)))
}

fn mix1(k: u64) -> u64 {
    k.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2)
}

fn mix2(k: u64) -> u64 {
    k.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1)
}

fn finish(mut k: u64) -> u64 {
    k ^= k >> 33;
    k = k.wrapping_mul(0xff51_afd7_ed55_8ccd);
    k ^= k >> 33;
    k = k.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    k ^ k >> 33
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_tokens_that_drivers_compute() {
        // From the tests of the Rust and Python drivers.
        assert_eq!(token(b"test"), -6_017_608_668_500_074_083);
        assert_eq!(token(b"xd"), 4_507_812_186_440_344_727);
        assert_eq!(token(b"primary_key"), -1_632_642_444_691_073_360);
        assert_eq!(token("kremówki".as_bytes()), 4_354_931_215_268_080_151);
        assert_eq!(token(b""), i64::MIN);
    }
}
