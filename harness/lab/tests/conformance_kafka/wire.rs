//! Bytes made by hand, so that no codec is held against itself: messages, requests and frames.

use std::io::{Read as _, Write as _};

/// Bytes in the making. All integers are big-endian.
#[derive(Clone, Default)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

pub(crate) fn new() -> Bytes {
    Bytes::default()
}

impl Bytes {
    pub(crate) fn i8(mut self, value: i8) -> Self {
        self.0.push(value as u8);
        self
    }

    pub(crate) fn i16(mut self, value: i16) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn i32(mut self, value: i32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn i64(mut self, value: i64) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.i16(text.len() as i16).raw(text.as_bytes())
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    /// A message set or value with its length.
    pub(crate) fn sized(self, bytes: &[u8]) -> Self {
        self.i32(bytes.len() as i32).raw(bytes)
    }

    /// A key or a value, null as −1.
    pub(crate) fn optional(self, bytes: Option<&[u8]>) -> Self {
        match bytes {
            Some(bytes) => self.sized(bytes),
            None => self.i32(-1),
        }
    }

    /// An array: its count and its items.
    pub(crate) fn array<T>(self, items: &[T], put: impl Fn(Self, &T) -> Self) -> Self {
        items.iter().fold(self.i32(items.len() as i32), put)
    }
}

/// A request's frame, its length in front.
pub(crate) fn frame(key: i16, version: i16, correlation: i32, client: &str, body: &[u8]) -> Vec<u8> {
    let inside = new().i16(key).i16(version).i32(correlation);
    // Brokers do not introduce themselves.
    let inside = if key == 7 { inside } else { inside.text(client) };
    new().sized(&inside.raw(body).0).0
}

/// A message to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    pub(crate) offset: i64,
    pub(crate) magic: i8,
    pub(crate) attributes: i8,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
}

impl Message {
    pub(crate) fn put(&self, to: Vec<u8>) -> Vec<u8> {
        let body = new().i8(self.magic).i8(self.attributes);
        let body = body.optional(self.key.as_deref()).optional(self.value.as_deref()).0;
        entry(to, self.offset, &body)
    }
}

/// An item of a set with these bytes behind the checksum.
pub(crate) fn entry(to: Vec<u8>, offset: i64, body: &[u8]) -> Vec<u8> {
    Bytes(to).i64(offset).i32(body.len() as i32 + 4).i32(crc(body) as i32).raw(body).0
}

/// A set of plain messages with these values, numbered from 0.
pub(crate) fn values(values: &[&[u8]]) -> Vec<u8> {
    let message = |to, (offset, value): (i64, &&[u8])| {
        Message { offset, value: Some(value.to_vec()), ..Message::default() }.put(to)
    };
    (0..).zip(values).fold(Vec::new(), message)
}

/// A message that holds a set: 1 gzip, 2 snappy in the Java framing, 3 is made nowhere, 4 is raw snappy.
pub(crate) fn packed(codec: i8, set: &[u8]) -> Vec<u8> {
    let value = Some(compress(codec, set));
    let attributes = if codec == RAW_SNAPPY { 2 } else { codec };
    Message { attributes, value, ..Message::default() }.put(Vec::new())
}

/// Snappy without the framing of the Java library.
pub(crate) const RAW_SNAPPY: i8 = 4;

pub(crate) fn compress(codec: i8, bytes: &[u8]) -> Vec<u8> {
    let snappy = |bytes: &[u8]| snap::raw::Encoder::new().compress_vec(bytes).expect("it is not that long");
    match codec {
        1 => {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            gzip.write_all(bytes).and_then(|()| gzip.finish()).expect("memory takes it")
        }
        2 => new().raw(b"\x82SNAPPY\0").i32(1).i32(1).sized(&snappy(bytes)).0,
        RAW_SNAPPY => snappy(bytes),
        _ => bytes.to_vec(),
    }
}

/// What a compressed value holds.
pub(crate) fn decompress(codec: i8, bytes: &[u8]) -> Option<Vec<u8>> {
    match codec {
        1 => {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).ok().map(|_| plain)
        }
        2 => {
            let mut rest = bytes.strip_prefix(b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01")?;
            let mut plain = Vec::new();
            while let Some((length, after)) = rest.split_first_chunk::<4>() {
                let (block, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
                plain.extend(snap::raw::Decoder::new().decompress_vec(block).ok()?);
                rest = after;
            }
            Some(plain)
        }
        _ => None,
    }
}

/// CRC-32 (IEEE), bit by bit.
pub(crate) fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}
