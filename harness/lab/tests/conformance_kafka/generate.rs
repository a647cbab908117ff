//! Sequences drawn from a seed: what is done with three topics and two groups that are each sequence's own.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::op::{self, Call, Op, Pair};
use crate::wire::{Message, RAW_SNAPPY, packed};

/// Topics with so many partitions. What is compressed goes to the last one only: each server has its own sizes then,
/// so bounds in bytes are not reached there.
const TOPICS: [(&str, i32); 3] = [("one", 1), ("two", 2), ("packed", 2)];
const PACKED: usize = 2;

/// What is done, whatever the topics are called.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Produce(i16, Vec<(usize, i32, Set)>),
    /// Without an answer, and what there is then.
    Silent(usize, i32, Set),
    Fetch(i32, i32, Vec<(usize, i32, i64, i32)>),
    Offsets(i32, Vec<(usize, i32, i64, i32)>),
    Metadata(Vec<usize>),
    Commit(i16, usize, Vec<(usize, i32, i64, String)>),
    Committed(i16, usize, Vec<(usize, i32)>),
    Send(usize, i32, i32, &'static str, Vec<Pair>),
    Watermarks(usize, i32),
    ClientCommit(usize, usize, i32, i64, String),
    ClientCommitted(usize, usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Set {
    messages: Vec<Pair>,
    codec: i8,
    damage: Damage,
}

#[derive(Clone, Copy, Debug)]
enum Damage {
    None,
    /// So many bytes are missing at the end.
    Cut(usize),
    /// This byte is another.
    Flip(usize),
}

/// What makes the topics of a sequence.
pub(crate) fn topics(prefix: &str) -> Vec<Op> {
    TOPICS.iter().map(|(name, partitions)| Op::Topic(format!("{prefix}{name}"), *partitions)).collect()
}

/// What is left of a sequence.
pub(crate) fn remains(prefix: &str) -> Vec<Op> {
    let mut ops: Vec<Op> =
        (0..2).map(|group| Op::Tree(format!("/consumers/{}", self::group(prefix, group)))).collect();
    for (name, partitions) in TOPICS {
        for partition in 0..partitions {
            ops.push(op::offset_at(&format!("{prefix}{name}"), partition, -1, 100));
        }
    }
    ops
}

fn group(prefix: &str, number: usize) -> String {
    format!("{prefix}group{number}")
}

fn name(prefix: &str, topic: usize) -> String {
    TOPICS.get(topic).map_or_else(|| "no topic".to_owned(), |(name, _)| format!("{prefix}{name}"))
}

impl Set {
    fn bytes(&self, topic: usize) -> Vec<u8> {
        let put = |to, (key, value): &Pair| {
            let message = Message { key: key.clone(), value: value.clone(), ..Message::default() };
            message.put(to)
        };
        let mut set = self.messages.iter().fold(Vec::new(), put);
        if topic == PACKED && self.codec != 0 {
            set = packed(self.codec, &set);
        }
        match self.damage {
            Damage::None => {}
            Damage::Cut(bytes) => set.truncate(set.len().saturating_sub(bytes)),
            Damage::Flip(at) => {
                // The rest of the set is not what it was, but still of the same length.
                if let Some(byte) = set.get_mut(at).filter(|_| at > 11) {
                    *byte ^= 0x10;
                }
            }
        }
        set
    }
}

impl Step {
    pub(crate) fn op(&self, prefix: &str) -> Op {
        let name = |topic: &usize| name(prefix, *topic);
        match self {
            Self::Produce(acks, parts) => {
                let of = |(topic, partition, set): &(usize, i32, Set)| {
                    (name(topic), *partition, set.bytes(*topic))
                };
                let parts: Vec<_> = parts.iter().map(of).collect();
                with_topics(&parts, |parts| Op::Ask(op::produce(*acks, 500, parts)))
            }
            Self::Silent(topic, partition, set) => {
                let topic_name = name(topic);
                let parts = [(&*topic_name, &[(*partition, set.bytes(*topic))][..])];
                let produce = op::produce(0, 500, &parts);
                let end = op::offsets(-1, &[(&*topic_name, &[(*partition, (-1, 1))])]);
                let bytes = [produce.frame(8), end.frame(9)].concat();
                Op::Send(format!("{} | end", produce.text), bytes, vec![2])
            }
            Self::Fetch(wait, least, parts) => {
                let of = |(topic, partition, offset, most): &(usize, i32, i64, i32)| {
                    let most = if *topic == PACKED { 90_000 } else { *most };
                    (name(topic), *partition, (*offset, most))
                };
                let parts: Vec<_> = parts.iter().map(of).collect();
                with_topics(&parts, |parts| Op::Ask(op::fetch(-1, *wait, *least, parts)))
            }
            Self::Offsets(replica, parts) => {
                let of = |(topic, partition, time, most): &(usize, i32, i64, i32)| {
                    (name(topic), *partition, (*time, *most))
                };
                let parts: Vec<_> = parts.iter().map(of).collect();
                with_topics(&parts, |parts| Op::Ask(op::offsets(*replica, parts)))
            }
            Self::Metadata(topics) => {
                let names: Vec<String> = topics.iter().map(name).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                Op::Ask(op::metadata(&names))
            }
            Self::Commit(version, group, parts) => {
                let of = |(topic, partition, offset, note): &(usize, i32, i64, String)| {
                    (name(topic), *partition, (*offset, note.clone()))
                };
                let parts: Vec<_> = parts.iter().map(of).collect();
                let parts: Vec<_> = parts
                    .iter()
                    .map(|(name, number, (at, note))| (name.clone(), *number, (*at, &**note)))
                    .collect();
                with_topics(&parts, |parts| {
                    Op::Ask(op::commit(*version, &self::group(prefix, *group), parts))
                })
            }
            Self::Committed(version, group, parts) => {
                let parts: Vec<_> =
                    parts.iter().map(|(topic, partition)| (name(topic), *partition, ())).collect();
                with_topics(&parts, |parts| {
                    Op::Ask(op::committed(*version, &self::group(prefix, *group), parts))
                })
            }
            _ => Op::Client(self.call(prefix)),
        }
    }

    fn call(&self, prefix: &str) -> Call {
        let name = |topic: &usize| name(prefix, *topic);
        match self {
            Self::Send(topic, partition, acks, codec, messages) => {
                let (topic, codec) = (name(topic), if *topic == PACKED { codec } else { "none" });
                Call::Produce { topic, partition: *partition, acks: *acks, codec, messages: messages.clone() }
            }
            Self::ClientCommit(group, topic, partition, offset, note) => {
                let (group, topic) = (self::group(prefix, *group), name(topic));
                Call::Commit { group, topic, partition: *partition, offset: *offset, note: note.clone() }
            }
            Self::ClientCommitted(group, topic) => Call::Committed {
                group: self::group(prefix, *group),
                topic: name(topic),
                partitions: vec![0, 1],
            },
            Self::Watermarks(topic, partition) => Call::Watermarks(name(topic), *partition),
            _ => Call::Metadata(None),
        }
    }
}

/// Each part as a topic of its own.
fn with_topics<T: Clone>(parts: &[(String, i32, T)], ask: impl FnOnce(op::Parts<'_, T>) -> Op) -> Op {
    let each: Vec<[(i32, T); 1]> = parts.iter().map(|(_, number, part)| [(*number, part.clone())]).collect();
    let topics: Vec<(&str, &[(i32, T)])> =
        parts.iter().zip(&each).map(|((name, ..), part)| (name.as_str(), &part[..])).collect();
    ask(&topics)
}

fn bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
    option::weighted(
        0.8,
        prop_oneof![
            8 => vec(0x61..=0x7a_u8, 0..12),
            1 => (1000..6000_usize).prop_map(|length| vec![b'x'; length]),
            1 => (14_000..20_500_usize).prop_map(|length| vec![b'y'; length]),
        ],
    )
}

fn pair() -> impl Strategy<Value = Pair> {
    (option::weighted(0.5, vec(0x61..=0x7a_u8, 0..4)), bytes())
}

fn set() -> impl Strategy<Value = Set> {
    let damage = prop_oneof![
        12 => Just(Damage::None),
        1 => (1..40_usize).prop_map(Damage::Cut),
        1 => (12..60_usize).prop_map(Damage::Flip),
    ];
    let codec = prop_oneof![Just(0), Just(1), Just(2), Just(RAW_SNAPPY)];
    (vec(pair(), 0..5), codec, damage).prop_map(|(messages, codec, damage)| Set { messages, codec, damage })
}

fn topic() -> impl Strategy<Value = usize> {
    prop_oneof![12 => 0..TOPICS.len(), 1 => Just(TOPICS.len())]
}

/// One that there is, for the real client waits for others in its own way.
fn known() -> impl Strategy<Value = (usize, i32)> {
    prop_oneof![Just((0, 0)), Just((1, 0)), Just((1, 1)), Just((2, 0)), Just((2, 1))]
}

fn partition() -> impl Strategy<Value = i32> {
    prop_oneof![8 => Just(0), 4 => Just(1), 1 => Just(2), 1 => Just(-1)]
}

fn offset() -> impl Strategy<Value = i64> {
    prop_oneof![10 => 0..12_i64, 4 => 12..40_i64, 1 => Just(-1)]
}

fn note() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just(String::new()), 4 => "[a-zä ]{1,9}", 1 => Just("n".repeat(4097))]
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let acks = prop_oneof![6 => Just(1_i16), 3 => Just(-1)];
    let most = prop_oneof![Just(0), 1..60, 60..200, Just(1000), Just(20_000), Just(90_000),];
    let wait = prop_oneof![3 => Just(0), 1 => Just(30)];
    let least = prop_oneof![Just(0), Just(1), Just(100), Just(10_000)];
    let fetched = (topic(), partition(), offset(), most);
    let time = prop_oneof![4 => Just(-1_i64), 3 => Just(-2), 1 => Just(0), 1 => Just(4_102_444_800_000), 1 => Just(-7)];
    let asked = (topic(), partition(), time, prop_oneof![Just(1), 0..20, Just(-1)]);
    let version = 0..2_i16;
    let codec = prop_oneof![Just("none"), Just("gzip"), Just("snappy"), Just("lz4")];
    let client_acks = prop_oneof![Just(1), Just(-1)];
    prop_oneof![
        12 => (acks, vec((topic(), partition(), set()), 1..4)).prop_map(|(acks, parts)| Step::Produce(acks, parts)),
        2 => (topic(), partition(), set()).prop_map(|(topic, partition, set)| Step::Silent(topic, partition, set)),
        10 => (wait, least, vec(fetched, 1..4)).prop_map(|(wait, least, parts)| Step::Fetch(wait, least, parts)),
        4 => (-2..0_i32, vec(asked, 1..4)).prop_map(|(replica, parts)| Step::Offsets(replica, parts)),
        2 => vec(topic(), 1..4).prop_map(Step::Metadata),
        4 => (version.clone(), 0..2_usize, vec((topic(), partition(), -1..50_i64, note()), 0..3))
            .prop_map(|(version, group, parts)| Step::Commit(version, group, parts)),
        4 => (version, 0..2_usize, vec((topic(), partition()), 0..4))
            .prop_map(|(version, group, parts)| Step::Committed(version, group, parts)),
        1 => (known(), client_acks, codec, vec(pair(), 1..4))
            .prop_map(|((topic, partition), acks, codec, pairs)| Step::Send(topic, partition, acks, codec, pairs)),
        1 => known().prop_map(|(topic, partition)| Step::Watermarks(topic, partition)),
        1 => (0..2_usize, known(), 0..50_i64, note()).prop_map(|(group, (topic, partition), at, note)| {
            Step::ClientCommit(group, topic, partition, at, note)
        }),
        1 => (0..2_usize, 0..TOPICS.len()).prop_map(|(group, topic)| Step::ClientCommitted(group, topic)),
    ]
}
