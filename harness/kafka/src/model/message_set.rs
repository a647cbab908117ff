//! What a leader does with a set that a producer sends: check it, and give its messages their offsets.

use bytes::Bytes;

use super::ErrorCode;
use super::compression::Codec;
use super::message::{Entries, Entry, MessageError, put_message};

/// How deep compressed messages may lie in one another. Clients nest one deep; the original follows any depth.
const MAX_DEPTH: u32 = 4;

/// A set as the log takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// For each item of the set: the offset of its last message, and its first byte.
    pub items: Vec<(i64, usize)>,
    /// How many messages it holds, those in compressed ones counted.
    pub messages: i64,
    /// Whether the producer sent no item at all: one that holds nothing is told an offset all the same.
    pub is_empty: bool,
}

impl Default for Numbered {
    fn default() -> Self {
        Self { bytes: Vec::new(), items: Vec::new(), messages: 0, is_empty: true }
    }
}

/// Checks a producer's set and renumbers it from `first`. The code is the one that the original answers with.
///
/// Sets without compression keep their bytes but for the offsets. If any item is compressed, all messages are
/// packed together into one compressed item, whose offset is that of the last of them.
pub fn number(set: &Bytes, first: i64, message_max: usize) -> Result<Numbered, ErrorCode> {
    let mut entries = Vec::new();
    let mut codec = Codec::None;
    for entry in Entries::new(set.clone()) {
        let entry = entry.map_err(code_of)?;
        if entry.wire_len() > message_max {
            return Err(ErrorCode::MESSAGE_SIZE_TOO_LARGE);
        }
        entry.check().map_err(code_of)?;
        match entry.codec().map_err(code_of)? {
            Codec::None => {}
            compressed => codec = compressed,
        }
        entries.push(entry);
    }
    if codec == Codec::None {
        Ok(number_plain(&entries, first))
    } else {
        pack(entries, codec, first, message_max)
    }
}

fn number_plain(entries: &[Entry], first: i64) -> Numbered {
    let mut numbered =
        Numbered { messages: entries.len() as i64, is_empty: entries.is_empty(), ..Numbered::default() };
    numbered.bytes.reserve(entries.iter().map(Entry::wire_len).sum());
    for (offset, entry) in (first..).zip(entries) {
        numbered.items.push((offset, numbered.bytes.len()));
        entry.put(offset, &mut numbered.bytes);
    }
    numbered
}

fn pack(entries: Vec<Entry>, codec: Codec, first: i64, message_max: usize) -> Result<Numbered, ErrorCode> {
    let mut plain = Vec::new();
    for entry in entries {
        unpack(entry, MAX_DEPTH, &mut plain).map_err(code_of)?;
    }
    if plain.is_empty() {
        return Ok(Numbered { is_empty: false, ..Numbered::default() });
    }
    let inner = number_plain(&plain, first);
    let last = first + inner.messages - 1;
    let mut bytes = Vec::new();
    put_message(&mut bytes, last, codec, None, Some(&codec.compress(&inner.bytes)));
    if bytes.len() > message_max {
        return Err(ErrorCode::MESSAGE_SIZE_TOO_LARGE);
    }
    Ok(Numbered { bytes, items: vec![(last, 0)], messages: inner.messages, is_empty: false })
}

/// Adds the plain messages of an item to `into`, compressed ones unpacked.
pub fn unpack(entry: Entry, depth: u32, into: &mut Vec<Entry>) -> Result<(), MessageError> {
    let codec = entry.codec()?;
    if codec == Codec::None {
        into.push(entry);
        return Ok(());
    }
    let packed = entry.message()?.value.ok_or(MessageError::CorruptPayload)?;
    let depth = depth.checked_sub(1).ok_or(MessageError::CorruptPayload)?;
    for inner in Entries::new(codec.decompress(&packed)?.into()) {
        unpack(inner?, depth, into)?;
    }
    Ok(())
}

/// All messages of a fetched set, compressed ones unpacked, for a consumer.
pub fn messages(set: Bytes) -> Result<Vec<super::message::Message>, MessageError> {
    let mut plain = Vec::new();
    for entry in Entries::new(set) {
        let entry = entry?;
        entry.check()?;
        unpack(entry, MAX_DEPTH, &mut plain)?;
    }
    plain.iter().map(Entry::message).collect()
}

/// The items of a set that already has its offsets, as a follower gets it from its leader.
pub fn numbered(set: &Bytes) -> Result<Numbered, MessageError> {
    let mut result = Numbered::default();
    for entry in Entries::new(set.clone()) {
        let entry = entry?;
        entry.check()?;
        result.items.push((entry.offset, result.bytes.len()));
        entry.put(entry.offset, &mut result.bytes);
    }
    Ok(result)
}

fn code_of(error: MessageError) -> ErrorCode {
    match error {
        MessageError::CorruptSize(_) | MessageError::CorruptChecksum { .. } => ErrorCode::INVALID_MESSAGE,
        MessageError::CorruptLayout | MessageError::UnknownCodec(_) | MessageError::CorruptPayload => {
            ErrorCode::UNKNOWN
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 1_000_012;

    fn set(offsets: &[i64]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for offset in offsets {
            put_message(&mut bytes, *offset, Codec::None, None, Some(format!("value {offset}").as_bytes()));
        }
        bytes
    }

    fn wrapped(codec: Codec, inner: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_message(&mut bytes, 0, codec, None, Some(&codec.compress(inner)));
        bytes
    }

    #[test]
    fn renumbers_whatever_the_producer_wrote() {
        let numbered = number(&set(&[0, 1, 2, 77]).into(), 10, MAX).unwrap();
        assert_eq!(numbered.items.iter().map(|item| item.0).collect::<Vec<_>>(), [10, 11, 12, 13]);
        assert_eq!(number(&Bytes::new(), 10, MAX), Ok(Numbered::default()));
    }

    #[test]
    fn ignores_a_cut_tail() {
        let whole = set(&[0, 1]);
        let numbered = number(&Bytes::copy_from_slice(&whole[..whole.len() - 1]), 0, MAX).unwrap();
        assert_eq!(numbered.messages, 1);
    }

    #[test]
    fn gives_a_compressed_item_the_offset_of_its_last_message() {
        for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4] {
            let numbered = number(&wrapped(codec, &set(&[0, 1, 2])).into(), 5, MAX).unwrap();
            assert_eq!((numbered.items, numbered.messages), (vec![(7, 0)], 3));
            let offsets: Vec<_> =
                messages(numbered.bytes.into()).unwrap().iter().map(|message| message.offset).collect();
            assert_eq!(offsets, [5, 6, 7]);
        }
    }

    #[test]
    fn reads_a_compressed_item_as_far_as_it_goes() {
        let whole = set(&[0, 1]);
        let cut = number(&wrapped(Codec::Gzip, &whole[..whole.len() - 3]).into(), 5, MAX).unwrap();
        assert_eq!((cut.items, cut.messages), (vec![(5, 0)], 1));
        let nothing = number(&wrapped(Codec::Gzip, &whole[..9]).into(), 5, MAX).unwrap();
        assert_eq!((nothing.messages, nothing.is_empty), (0, false));
        let corrupt = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3];
        let error = number(&wrapped(Codec::Snappy, &corrupt).into(), 5, MAX).unwrap_err();
        assert_eq!(error, ErrorCode::INVALID_MESSAGE);
    }

    #[test]
    fn packs_a_mixed_set_together() {
        let mixed = [set(&[0]), wrapped(Codec::Gzip, &set(&[0, 1]))].concat();
        let numbered = number(&mixed.into(), 0, MAX).unwrap();
        assert_eq!((numbered.items, numbered.messages), (vec![(2, 0)], 3));
    }

    #[test]
    fn answers_with_the_codes_of_the_original() {
        let mut corrupt = set(&[0]);
        *corrupt.last_mut().unwrap() ^= 1;
        assert_eq!(number(&corrupt.into(), 0, MAX), Err(ErrorCode::INVALID_MESSAGE));
        let mut unknown = Vec::new();
        put_message(&mut unknown, 0, Codec::None, None, None);
        unknown[17] = 4;
        let checksum = crc32fast::hash(&unknown[16..]);
        unknown[12..16].copy_from_slice(&checksum.to_be_bytes());
        assert_eq!(number(&unknown.into(), 0, MAX), Err(ErrorCode::UNKNOWN));
        let mut bad = Vec::new();
        put_message(&mut bad, 0, Codec::Gzip, None, Some(b"not gzip"));
        assert_eq!(number(&bad.into(), 0, MAX), Err(ErrorCode::UNKNOWN));
    }

    #[test]
    fn keeps_to_the_limit_to_the_byte() {
        for (len, fits) in [(999_986, true), (999_987, false)] {
            let mut bytes = Vec::new();
            put_message(&mut bytes, 0, Codec::None, None, Some(&vec![b'x'; len]));
            assert_eq!(number(&bytes.into(), 0, MAX).is_ok(), fits, "{len}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics_on_garbage(bytes: Vec<u8>) {
            let _ = number(&bytes.clone().into(), 0, MAX);
            let _ = messages(bytes.into());
        }
    }
}
