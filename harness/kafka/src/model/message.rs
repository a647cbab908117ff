//! One message of format 0, and the walk over a set of them.
//!
//! A set is a sequence of `i64 offset, i32 size, message` and is delimited by its byte size alone: a tail that is
//! cut off belongs to no message and is no error.

use bytes::{Buf, BufMut, Bytes};

use super::compression::Codec;

/// Bytes of offset and size in front of each message.
pub const ENTRY_OVERHEAD: usize = 12;
/// Bytes of the smallest message: checksum, magic, attributes, and the lengths of key and value.
pub const MIN_MESSAGE: usize = 14;

/// Why bytes are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The size field cannot be one.
    #[error("message found with corrupt size {0}")]
    CorruptSize(i32),
    /// The checksum is another.
    #[error("message is corrupt: stored crc {stored}, computed crc {computed}")]
    CorruptChecksum {
        /// The one in the message.
        stored: u32,
        /// The one over its bytes.
        computed: u32,
    },
    /// Key and value do not fill the message.
    #[error("message with a corrupt layout")]
    CorruptLayout,
    /// The low three attribute bits are 4 or more.
    #[error("{0} is an unknown compression codec")]
    UnknownCodec(u8),
    /// The compressed payload cannot be read, is nested too deep or too large when unpacked.
    #[error("compressed message that cannot be unpacked")]
    CorruptPayload,
}

/// A message with its offset, key and value apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Offset.
    pub offset: i64,
    /// Format; 0, but the broker does not look at it.
    pub magic: i8,
    /// Attributes: the low three bits are the codec.
    pub attributes: i8,
    /// Key.
    pub key: Option<Bytes>,
    /// Value.
    pub value: Option<Bytes>,
}

/// An item of a set, unread: offset, and the message's bytes from the checksum on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Offset field.
    pub offset: i64,
    /// The message.
    pub bytes: Bytes,
}

impl Entry {
    /// Bytes on the wire, offset and size included.
    pub fn wire_len(&self) -> usize {
        ENTRY_OVERHEAD + self.bytes.len()
    }

    /// The codec of its payload.
    pub fn codec(&self) -> Result<Codec, MessageError> {
        Codec::from_attributes(self.bytes[5] as i8)
    }

    /// Compares the checksum.
    pub fn check(&self) -> Result<(), MessageError> {
        let stored = (&self.bytes[..]).get_u32();
        let computed = crc32fast::hash(&self.bytes[4..]);
        if stored == computed { Ok(()) } else { Err(MessageError::CorruptChecksum { stored, computed }) }
    }

    /// Takes key and value apart; does not look at the checksum.
    pub fn message(&self) -> Result<Message, MessageError> {
        let mut rest = self.bytes.slice(4..);
        let (magic, attributes) = (rest.get_i8(), rest.get_i8());
        let key = take_bytes(&mut rest)?;
        let value = take_bytes(&mut rest)?;
        Ok(Message { offset: self.offset, magic, attributes, key, value })
    }

    /// Appends it under another offset.
    pub fn put(&self, offset: i64, to: &mut Vec<u8>) {
        to.put_i64(offset);
        to.put_i32(self.bytes.len() as i32);
        to.put_slice(&self.bytes);
    }
}

fn take_bytes(from: &mut Bytes) -> Result<Option<Bytes>, MessageError> {
    if from.remaining() < 4 {
        return Err(MessageError::CorruptLayout);
    }
    match from.get_i32() {
        -1 => Ok(None),
        len => match usize::try_from(len) {
            Ok(len) if len <= from.remaining() => Ok(Some(from.split_to(len))),
            _ => Err(MessageError::CorruptLayout),
        },
    }
}

/// Walks over the whole items of a set, and ends silently at a tail that is cut off.
#[derive(Debug, Clone)]
pub struct Entries {
    rest: Bytes,
}

impl Entries {
    /// Begins at the start of a set.
    pub fn new(set: Bytes) -> Self {
        Self { rest: set }
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, MessageError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.len() < ENTRY_OVERHEAD {
            return None;
        }
        let (offset, size) = (self.rest.get_i64(), self.rest.get_i32());
        match usize::try_from(size) {
            Ok(len) if len >= MIN_MESSAGE => {
                (len <= self.rest.len()).then(|| Ok(Entry { offset, bytes: self.rest.split_to(len) }))
            }
            _ => {
                self.rest.clear();
                Some(Err(MessageError::CorruptSize(size)))
            }
        }
    }
}

/// Appends a message to a set, with its checksum.
pub fn put_message(to: &mut Vec<u8>, offset: i64, codec: Codec, key: Option<&[u8]>, value: Option<&[u8]>) {
    let len = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    to.put_i64(offset);
    to.put_i32((MIN_MESSAGE + len(key) + len(value)) as i32);
    let start = to.len();
    to.put_u32(0);
    to.put_i8(0);
    to.put_i8(codec.attributes());
    for bytes in [key, value] {
        to.put_i32(bytes.map_or(-1, |bytes| bytes.len() as i32));
        to.put_slice(bytes.unwrap_or_default());
    }
    let checksum = crc32fast::hash(&to[start + 4..]);
    to[start..start + 4].copy_from_slice(&checksum.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_golden_bytes() {
        let mut set = Vec::new();
        put_message(&mut set, 0, Codec::None, Some(b"k"), Some(b"v"));
        let golden = [
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x1f, 0xec, 0xd7, 0x0a, 0, 0, 0, 0, 0, 1, 0x6b, 0, 0, 0,
            1, 0x76,
        ];
        assert_eq!(set, golden);
        let entries: Vec<_> = Entries::new(set.into()).collect::<Result<_, _>>().unwrap();
        assert_eq!(entries[0].check(), Ok(()));
        let message = entries[0].message().unwrap();
        assert_eq!((message.key.as_deref(), message.value.as_deref()), (Some(&b"k"[..]), Some(&b"v"[..])));
    }

    #[test]
    fn ends_silently_at_a_cut_tail_and_loudly_at_a_corrupt_size() {
        let mut set = Vec::new();
        put_message(&mut set, 0, Codec::None, None, Some(b"one"));
        let first = set.len();
        put_message(&mut set, 1, Codec::None, None, None);
        for cut in first..set.len() {
            assert_eq!(Entries::new(Bytes::copy_from_slice(&set[..cut])).count(), 1);
        }
        set[first + 11] = 13;
        let items: Vec<_> = Entries::new(set.into()).collect();
        assert_eq!(items[1], Err(MessageError::CorruptSize(13)));
        assert_eq!(items.len(), 2);
    }

    proptest::proptest! {
        #[test]
        fn never_panics_on_garbage(bytes: Vec<u8>) {
            for entry in Entries::new(bytes.into()).flatten() {
                let _ = (entry.check(), entry.codec(), entry.message());
            }
        }
    }
}
