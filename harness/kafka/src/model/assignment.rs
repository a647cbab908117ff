//! Who gets what: replicas to brokers when a topic is created, partitions to the members of a consumer group; and
//! the order in which the original's hash maps come out.

use std::collections::{BTreeMap, BTreeSet};

/// Why a topic cannot be created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssignmentError {
    /// Fewer brokers than replicas.
    #[error("replication factor: {replicas} larger than available brokers: {brokers}")]
    TooFewBrokers {
        /// Wanted replicas.
        replicas: usize,
        /// Registered brokers.
        brokers: usize,
    },
    /// No partitions or no replicas.
    #[error("number of partitions and replication factor must be larger than 0")]
    Nothing,
}

/// Spreads the replicas of a new topic over the brokers (sorted ids): first replicas round about from `start`,
/// the others at a distance that grows from `shift` with each round. The original draws both numbers below the
/// number of brokers.
pub fn replicas_to_brokers(
    brokers: &[i32],
    partitions: u32,
    replicas: u32,
    start: usize,
    shift: usize,
) -> Result<BTreeMap<i32, Vec<i32>>, AssignmentError> {
    let (count, replicas) = (brokers.len(), replicas as usize);
    if partitions == 0 || replicas == 0 {
        return Err(AssignmentError::Nothing);
    }
    if replicas > count {
        return Err(AssignmentError::TooFewBrokers { replicas, brokers: count });
    }
    let mut shift = shift;
    let mut assignment = BTreeMap::new();
    for partition in 0..partitions as usize {
        if partition > 0 && partition % count == 0 {
            shift += 1;
        }
        let first = (partition + start) % count;
        let others = (0..replicas - 1).map(|replica| {
            let distance = 1 + (shift + replica) % (count - 1);
            brokers[(first + distance) % count]
        });
        assignment.insert(partition as i32, std::iter::once(brokers[first]).chain(others).collect());
    }
    Ok(assignment)
}

/// The partitions (of the sorted `partitions`) that the thread at `position` of `threads` gets: a range, the
/// first ones being one longer if it does not divide.
pub fn range(partitions: &[i32], threads: usize, position: usize) -> &[i32] {
    if threads == 0 || position >= threads {
        return &[];
    }
    let (each, extra) = (partitions.len() / threads, partitions.len() % threads);
    let start = each * position + position.min(extra);
    let len = each + usize::from(position < extra);
    &partitions[start..start + len]
}

/// The order in which the original writes a new topic's partitions: up to four come out of a mutable hash map by
/// number, more out of an immutable one by text.
pub fn scala_order(partitions: impl Iterator<Item = i32>) -> Vec<i32> {
    let mut order: Vec<i32> = partitions.collect();
    if order.len() <= 4 {
        order.sort_by_key(|partition| std::cmp::Reverse(mutable_bucket(*partition)));
    } else {
        order.sort_by_cached_key(|partition| trie_path(java_hash(&partition.to_string())));
    }
    order
}

/// The order in which the original answers about a topic's partitions, out of a mutable hash map. It is exact for up
/// to 12 of them; a larger map has more buckets.
pub fn mutable_order(partitions: impl Iterator<Item = i32>) -> Vec<i32> {
    let mut order: Vec<i32> = partitions.collect();
    order.sort_by_key(|partition| std::cmp::Reverse(mutable_bucket(*partition)));
    order
}

/// A set in the order in which Scala goes through it: up to four as they came, more by their hashes.
pub fn scala_set(names: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut set: Vec<String> = names.into_iter().filter(|name| seen.insert(name.clone())).collect();
    if set.len() > 4 {
        set.sort_by_cached_key(|name| trie_path(java_hash(name)));
    }
    set
}

/// `String.hashCode` of Java.
pub fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// The bucket of a number in a `scala.collection.mutable.HashMap` of 16 buckets, which is walked from the top.
fn mutable_bucket(key: i32) -> u32 {
    const MIX: u32 = 0x9e37_75cd;
    let mixed = (key as u32).wrapping_mul(MIX).swap_bytes().wrapping_mul(MIX).rotate_right(4);
    mixed >> 28
}

/// The way through an immutable Scala hash map: five bits of the improved hash at a time, lowest first.
fn trie_path(hash: i32) -> [u32; 7] {
    let mut mixed = (hash as u32).wrapping_add(!((hash as u32) << 9));
    mixed ^= mixed >> 14;
    mixed = mixed.wrapping_add(mixed << 4);
    mixed ^= mixed >> 10;
    std::array::from_fn(|level| mixed >> (5 * level) & 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_replicas_as_the_original_does() {
        // The example of the original's own documentation: 10 partitions, 3 replicas, 5 brokers.
        let assignment = replicas_to_brokers(&[0, 1, 2, 3, 4], 10, 3, 0, 0).unwrap();
        let expected = [
            [0, 1, 2],
            [1, 2, 3],
            [2, 3, 4],
            [3, 4, 0],
            [4, 0, 1],
            [0, 2, 3],
            [1, 3, 4],
            [2, 4, 0],
            [3, 0, 1],
            [4, 1, 2],
        ];
        for (partition, replicas) in assignment {
            assert_eq!(replicas, expected[partition as usize]);
        }
        assert_eq!(replicas_to_brokers(&[70], 1, 1, 0, 0).unwrap(), BTreeMap::from([(0, vec![70])]));
        assert_eq!(
            replicas_to_brokers(&[70], 1, 3, 0, 0).unwrap_err().to_string(),
            "replication factor: 3 larger than available brokers: 1"
        );
    }

    #[test]
    fn cuts_ranges() {
        let partitions = [0, 1, 2, 3, 4];
        assert_eq!(range(&partitions, 2, 0), [0, 1, 2]);
        assert_eq!(range(&partitions, 2, 1), [3, 4]);
        assert_eq!(range(&partitions[..1], 2, 1), [] as [i32; 0]);
        assert_eq!(range(&partitions, 0, 0), [] as [i32; 0]);
    }

    #[test]
    fn orders_as_scala_does() {
        assert_eq!(scala_order(0..2), [1, 0]);
        assert_eq!(scala_order(0..1), [0]);
        assert_eq!(scala_order(0..3), [2, 1, 0]);
        // Seen in the documents of many clusters.
        assert_eq!(scala_order(0..10), [8, 4, 9, 5, 6, 1, 0, 2, 7, 3]);
        assert_eq!(java_hash("kafka"), 101_807_910);
        assert_eq!(mutable_order(0..3), [2, 1, 0]);
        let names = |names: &[&str]| scala_set(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(names(&["b", "a", "b", "c"]), ["b", "a", "c"]);
        // As 0.8.2.2 answers about them.
        assert_eq!(
            names(&["made-1", "made-2", "_", "first-topic", "..."]),
            ["first-topic", "_", "made-1", "...", "made-2"]
        );
    }
}
