//! Answers as text, by the layouts of 0.8.2. What cannot be read is shown as it is.

use std::fmt::Write as _;

use crate::wire;

/// Reads an answer. All of them end at the first byte that is missing.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn i16(&mut self) -> Option<i16> {
        self.take().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_be_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.take().map(i64::from_be_bytes)
    }

    fn bytes(&mut self, length: i32) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn text(&mut self) -> Option<String> {
        match self.i16()? {
            -1 => Some("null".to_owned()),
            length => self.bytes(length.into()).map(|text| format!("{:?}", String::from_utf8_lossy(text))),
        }
    }

    fn array(&mut self, mut item: impl FnMut(&mut Self) -> Option<String>) -> Option<String> {
        let count = self.i32()?;
        let items: Option<Vec<_>> = (0..count).map(|_| item(self)).collect();
        Some(format!("[{}]", items?.join(", ")))
    }

    /// Topics in the order of their names, and their partitions in order: the original's order is that of its
    /// hash table.
    fn topics(&mut self, mut part: impl FnMut(&mut Self) -> Option<String>) -> Option<String> {
        let count = self.i32()?;
        let mut topics = Vec::new();
        for _ in 0..count {
            let name = self.text()?;
            let parts = self.i32()?;
            let mut items = Vec::new();
            for _ in 0..parts {
                let number = self.i32()?;
                items.push((number, part(self)?));
            }
            items.sort();
            let items: Vec<_> = items.into_iter().map(|(number, part)| format!("{number}: {part}")).collect();
            topics.push(format!("{name} {{{}}}", items.join(", ")));
        }
        topics.sort();
        Some(topics.join(", "))
    }

    fn ids(&mut self) -> Option<String> {
        self.array(|from| from.i32().map(|id| id.to_string()))
    }
}

/// An answer to a request with this key, without its length. `sorted`: the order of its topics is a hash table's.
pub(crate) fn answer(key: i16, frame: &[u8], sorted: bool) -> String {
    let mut from = Reader(frame);
    let Some(correlation) = from.i32() else { return format!("{frame:02x?}") };
    let body = from.0;
    let text = match read(key, &mut from, sorted) {
        Some(text) if from.0.is_empty() => text,
        Some(text) => format!("{text} and {:02x?}", from.0),
        None => format!("{body:02x?}"),
    };
    format!("#{correlation} {text}")
}

fn read(key: i16, from: &mut Reader<'_>, sorted: bool) -> Option<String> {
    Some(match key {
        0 => from.topics(|from| Some(format!("error {} offset {}", from.i16()?, from.i64()?)))?,
        1 => from.topics(|from| {
            let (error, high, length) = (from.i16()?, from.i64()?, from.i32()?);
            Some(format!("error {error} high {high} {}", set(from.bytes(length)?)))
        })?,
        2 => from.topics(|from| {
            let error = from.i16()?;
            Some(format!("error {error} {}", from.array(|from| Some(from.i64()?.to_string()))?))
        })?,
        3 => metadata(from, sorted)?,
        4 | 5 => {
            let (error, count) = (from.i16()?, from.i32()?);
            let part = |_| Some(format!("{} {} error {}", from.text()?, from.i32()?, from.i16()?));
            // In the order of a hash table.
            let mut parts = (0..count).map(part).collect::<Option<Vec<_>>>()?;
            parts.sort();
            format!("error {error} {parts:?}")
        }
        7 => {
            let error = from.i16()?;
            format!("error {error} {}", from.array(|from| Some(format!("{} {}", from.text()?, from.i32()?)))?)
        }
        8 => from.topics(|from| Some(format!("error {}", from.i16()?)))?,
        9 => from.topics(|from| {
            let (offset, note) = (from.i64()?, from.text()?);
            Some(format!("offset {offset} {note} error {}", from.i16()?))
        })?,
        10 => format!("error {} broker {} {}:{}", from.i16()?, from.i32()?, from.text()?, from.i32()?),
        _ => {
            let rest = from.bytes(from.0.len() as i32)?;
            format!("{rest:02x?}")
        }
    })
}

fn metadata(from: &mut Reader<'_>, sorted: bool) -> Option<String> {
    let brokers = from.array(|from| Some(format!("{} {}:{}", from.i32()?, from.text()?, from.i32()?)))?;
    let mut topics = Vec::new();
    for _ in 0..from.i32()? {
        let (error, name) = (from.i16()?, from.text()?);
        let count = from.i32()?;
        let mut parts = Vec::new();
        for _ in 0..count {
            let (error, partition, leader) = (from.i16()?, from.i32()?, from.i32()?);
            let (replicas, isr) = (from.ids()?, from.ids()?);
            parts.push((partition, format!("error {error} leader {leader} replicas {replicas} isr {isr}")));
        }
        topics.push(format!("{name} error {error} {parts:?}"));
    }
    if sorted {
        topics.sort();
    }
    Some(format!("brokers {brokers} topics {}", topics.join(", ")))
}

/// A message set: compressed ones by what they hold, for each server compresses in its own way.
pub(crate) fn set(bytes: &[u8]) -> String {
    let mut out = String::from("[");
    let mut from = Reader(bytes);
    while !from.0.is_empty() {
        let start = from.0;
        match item(&mut from) {
            Some(text) => out.push_str(&text),
            None => {
                from.0 = &[];
                let _ = write!(out, " and {}", cut(start));
            }
        }
    }
    out + "]"
}

/// The tail of a set, which belongs to no message. Inside a compressed one it is each server's own.
fn cut(bytes: &[u8]) -> String {
    if bytes.len() > 17 && bytes[17] & 7 != 0 { "a cut compressed one".to_owned() } else { short(bytes) }
}

fn item(from: &mut Reader<'_>) -> Option<String> {
    let offset = from.i64()?;
    let length = from.i32()?;
    let message = from.bytes(length)?;
    let mut inside = Reader(message);
    let stored = inside.i32()? as u32;
    let sound = if stored == wire::crc(inside.0) { "" } else { " BAD CRC" };
    let ([magic], [attributes]) = (inside.take()?, inside.take()?);
    let mut head = format!("({offset}");
    let pair = optional(&mut inside).and_then(|key| Some((key, optional(&mut inside)?)));
    let Some((key, value)) = pair else {
        return Some(format!("{head} neither key nor value: {})", short(message)));
    };
    if magic != 0 || attributes != 0 {
        let _ = write!(head, " magic {magic} attributes {attributes}");
    }
    let show = |bytes: Option<&[u8]>| bytes.map_or("null".to_owned(), short);
    let rest = if inside.0.is_empty() { String::new() } else { format!(" + {}", short(inside.0)) };
    let unpacked = value.and_then(|value| wire::decompress((attributes & 7) as i8, value));
    let value = match unpacked {
        Some(inner) => format!("packed {}", set(&inner)),
        None => show(value),
    };
    Some(format!("{head} {}={value}{rest}{sound})", show(key)))
}

#[allow(clippy::option_option, reason = "there may be none, and it may be null")]
fn optional<'a>(from: &mut Reader<'a>) -> Option<Option<&'a [u8]>> {
    match from.i32()? {
        -1 => Some(None),
        length => from.bytes(length).map(Some),
    }
}

/// Bytes, the long ones by their length and checksum.
pub(crate) fn short(bytes: &[u8]) -> String {
    if bytes.len() > 60 {
        return format!("<{} bytes {:08x}>", bytes.len(), wire::crc(bytes));
    }
    format!("\"{}\"", bytes.escape_ascii())
}
