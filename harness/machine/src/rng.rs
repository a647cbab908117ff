//! Random numbers that mean the same in every version: the algorithm is part of every seed's meaning.

/// Name of the generator and of the way in which seeds become streams; printed with every seed. A change of
/// either is a new name, because old seeds would replay something else.
pub const ALGORITHM: &str = "xoshiro256starstar-splitmix64-fnv1a/1";

/// One stream of random numbers: xoshiro256**, seeded through splitmix64 (Blackman and Vigna, 2018).
#[derive(Clone, Debug)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        let mut mix = seed;
        Self { state: std::array::from_fn(|_| splitmix64(&mut mix)) }
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let result = self.state[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = self.state[1] << 17;
        self.state[2] ^= self.state[0];
        self.state[3] ^= self.state[1];
        self.state[1] ^= self.state[2];
        self.state[0] ^= self.state[3];
        self.state[2] ^= shifted;
        self.state[3] = self.state[3].rotate_left(45);
        result
    }

    /// A number in `0..bound`, without bias that matters (multiply-shift); 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `low..=high`; `low` if the range is empty.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        if high <= low { low } else { low + self.below(high - low + 1) }
    }

    /// A number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Puts a slice into random order (Fisher-Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}

/// The streams of one run: one per concern, so that a new draw in one place does not move the others.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of a seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The seed they all come from.
    pub const fn seed(self) -> u64 {
        self.seed
    }

    /// The stream of a concern, by its name: `delays`, `ids/agent-1`, `workload`, `fault/3`.
    pub fn stream(self, concern: &str) -> Rng {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in concern.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut mix = self.seed ^ hash;
        Rng::new(splitmix64(&mut mix))
    }
}

fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers are part of every recorded seed's meaning: this test may only change with [`ALGORITHM`].
    #[test]
    fn seeds_keep_their_meaning() {
        let mut zero = Rng::new(0);
        assert_eq!(
            [zero.next_u64(), zero.next_u64(), zero.next_u64()],
            [11_091_344_671_253_066_420, 13_793_997_310_169_335_082, 1_900_383_378_846_508_768]
        );
    }

    #[test]
    fn concerns_do_not_move_each_other() {
        let streams = Streams::new(7);
        let mut delays = streams.stream("delays");
        let first = delays.next_u64();
        streams.stream("workload").next_u64();
        assert_eq!(streams.stream("delays").next_u64(), first);
        assert_ne!(streams.stream("workload").next_u64(), first);
    }

    #[test]
    fn stays_within_bounds() {
        let mut rng = Rng::new(3);
        assert!(
            (0..1000).all(|_| rng.below(3) < 3 && (5..=6).contains(&rng.between(5, 6)) && rng.unit() < 1.0)
        );
        assert_eq!(rng.below(0), 0);
    }
}
