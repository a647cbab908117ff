//! What is done with both brokers.

use std::fmt;

use crate::said;
use crate::wire::{self, Bytes, new};

/// One operation.
#[derive(Clone)]
pub(crate) enum Op {
    /// A request, and its answer.
    Ask(Request),
    /// Bytes as they are, with what they are, and the keys of the requests that are to be answered.
    Send(String, Vec<u8>, Vec<i16>),
    /// A request that waits on a connection of its own, then others, and in the end its answer.
    Beside(Request, Vec<Request>),
    /// A topic by its node in ZooKeeper, with so many partitions, and waiting until all have a leader.
    Topic(String, i32),
    /// Asks for Metadata until all of so many partitions have a leader.
    Led(String, i32),
    /// Asks for Metadata until the topic is unknown: by the names of its partitions' leaders, which goes too.
    Gone(String),
    /// Waits until the log of a partition ends there.
    End(String, i32, i64),
    /// Asks until the group has a coordinator.
    Coordinator(String),
    Create(String, String),
    Set(String, String),
    /// Waits until a node is there (or is not).
    Node(String, bool),
    /// All nodes below.
    Tree(String),
    /// By the real client.
    Client(Call),
}

/// A request that a client could send.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) text: String,
    pub(crate) key: i16,
    pub(crate) version: i16,
    pub(crate) body: Vec<u8>,
}

/// What the real client is asked to do.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    /// Sends messages of key and value in one batch: acks, codec.
    Produce {
        topic: String,
        partition: i32,
        acks: i32,
        codec: &'static str,
        messages: Vec<Pair>,
    },
    /// Reads so many messages from an offset on.
    Consume {
        topic: String,
        partition: i32,
        from: From,
        count: usize,
    },
    Watermarks(String, i32),
    /// Offsets by time.
    Times(String, i32, i64),
    Metadata(Option<String>),
    /// Commits an offset with a note.
    Commit {
        group: String,
        topic: String,
        partition: i32,
        offset: i64,
        note: String,
    },
    Committed {
        group: String,
        topic: String,
        partitions: Vec<i32>,
    },
}

pub(crate) type Pair = (Option<Vec<u8>>, Option<Vec<u8>>);

#[derive(Clone, Copy, Debug)]
pub(crate) enum From {
    Start,
    End,
    Offset(i64),
    Tail(i64),
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask(request) => write!(f, "{} (v{})", request.text, request.version),
            Self::Send(text, bytes, answers) => write!(f, "{text}: {} for {answers:?}", said::short(bytes)),
            Self::Beside(first, then) => {
                let then: Vec<_> = then.iter().map(|request| &request.text).collect();
                write!(f, "{} beside {then:?}", first.text)
            }
            Self::Topic(topic, partitions) => write!(f, "topic {topic} with {partitions} partitions"),
            Self::Led(topic, partitions) => write!(f, "until {topic} has {partitions} leaders"),
            Self::Gone(topic) => write!(f, "until {topic} is gone"),
            Self::End(topic, partition, end) => write!(f, "until {topic}-{partition} ends at {end}"),
            Self::Coordinator(group) => write!(f, "until {group} has a coordinator"),
            Self::Create(path, data) => write!(f, "create {path} {data}"),
            Self::Set(path, data) => write!(f, "set {path} {data}"),
            Self::Node(path, there) => write!(f, "until {path} is there: {there}"),
            Self::Tree(path) => write!(f, "all below {path}"),
            Self::Client(call) => write!(f, "client {call:?}"),
        }
    }
}

/// Stands for the broker's own address in a request, and is as long.
pub(crate) const OWN_ADDRESS: &str = "OWN.ADDRESS";

/// Partitions of topics, each with what a request says of it.
pub(crate) type Parts<'a, T> = &'a [(&'a str, &'a [(i32, T)])];

fn topics<T>(to: Bytes, topics: Parts<'_, T>, put: impl Fn(Bytes, &T) -> Bytes) -> Bytes {
    to.array(topics, |to, (name, parts)| {
        to.text(name).array(parts, |to, (number, part)| put(to.i32(*number), part))
    })
}

fn describe<T>(topics: Parts<'_, T>, show: impl Fn(&T) -> String) -> String {
    let parts = topics.iter().flat_map(|(name, parts)| parts.iter().map(move |part| (name, part)));
    parts.map(|(name, (number, part))| format!(" {name}-{number} {}", show(part))).collect()
}

fn request(text: String, key: i16, body: Bytes) -> Request {
    Request { text, key, version: 0, body: body.0 }
}

pub(crate) fn produce(acks: i16, timeout: i32, parts: Parts<'_, Vec<u8>>) -> Request {
    let text = format!("Produce acks {acks} timeout {timeout}{}", describe(parts, |set| said::set(set)));
    let body = topics(new().i16(acks).i32(timeout), parts, |to, set| to.sized(set));
    request(text, 0, body)
}

/// To one partition, with acks 1.
pub(crate) fn put(topic: &str, partition: i32, set: &[u8]) -> Op {
    Op::Ask(produce(1, 1000, &[(topic, &[(partition, set.to_vec())])]))
}

/// Of each partition: offset and most bytes.
pub(crate) fn fetch(replica: i32, wait: i32, least: i32, parts: Parts<'_, (i64, i32)>) -> Request {
    let show = |(offset, most): &(i64, i32)| format!("from {offset} most {most}");
    let text = format!("Fetch as {replica} wait {wait} least {least}{}", describe(parts, show));
    let body = new().i32(replica).i32(wait).i32(least);
    request(text, 1, topics(body, parts, |to, (offset, most)| to.i64(*offset).i32(*most)))
}

/// From one partition, without waiting.
pub(crate) fn get(topic: &str, partition: i32, offset: i64, most: i32) -> Op {
    Op::Ask(fetch(-1, 0, 0, &[(topic, &[(partition, (offset, most))])]))
}

/// Of each partition: time and how many.
pub(crate) fn offsets(replica: i32, parts: Parts<'_, (i64, i32)>) -> Request {
    let show = |(time, most): &(i64, i32)| format!("at {time} most {most}");
    let text = format!("Offsets as {replica}{}", describe(parts, show));
    request(text, 2, topics(new().i32(replica), parts, |to, (time, most)| to.i64(*time).i32(*most)))
}

pub(crate) fn offset_at(topic: &str, partition: i32, time: i64, most: i32) -> Op {
    Op::Ask(offsets(-1, &[(topic, &[(partition, (time, most))])]))
}

pub(crate) fn metadata(names: &[&str]) -> Request {
    request(format!("Metadata of {names:?}"), 3, new().array(names, |to, name| to.text(name)))
}

pub(crate) fn coordinator(group: &str) -> Request {
    request(format!("ConsumerMetadata {group:?}"), 10, new().text(group))
}

/// Of each partition: offset and note.
pub(crate) fn commit(version: i16, group: &str, parts: Parts<'_, (i64, &str)>) -> Request {
    let show = |(offset, note): &(i64, &str)| format!("at {offset} {}", said::short(note.as_bytes()));
    let text = format!("OffsetCommit {group:?}{}", describe(parts, show));
    let body = if version == 0 { new().text(group) } else { new().text(group).i32(-1).text("") };
    let body = topics(body, parts, |to, (offset, note)| {
        let to = to.i64(*offset);
        if version == 0 { to.text(note) } else { to.i64(-1).text(note) }
    });
    Request { version, ..request(text, 8, body) }
}

pub(crate) fn committed(version: i16, group: &str, parts: Parts<'_, ()>) -> Request {
    let text = format!("OffsetFetch {group:?}{}", describe(parts, |()| String::new()));
    Request { version, ..request(text, 9, topics(new().text(group), parts, |to, ()| to)) }
}

impl Request {
    pub(crate) fn frame(&self, correlation: i32) -> Vec<u8> {
        wire::frame(self.key, self.version, correlation, "conformance", &self.body)
    }
}

/// Several requests in one write.
pub(crate) fn together(requests: &[Request]) -> Op {
    let text: Vec<_> = requests.iter().map(|request| request.text.as_str()).collect();
    let frames = (100..).zip(requests).flat_map(|(correlation, request)| request.frame(correlation));
    Op::Send(text.join(" | "), frames.collect(), requests.iter().map(|request| request.key).collect())
}

/// A body as it is, for a key.
pub(crate) fn body(text: &str, key: i16, version: i16, body: Bytes) -> Op {
    Op::Ask(Request { text: format!("{text} (key {key})"), key, version, body: body.0 })
}
