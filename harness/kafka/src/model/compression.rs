//! The three codecs of compressed messages, in the framings that 0.8.2 and its clients use.

use std::io::{Read, Write};

use super::message::MessageError;

/// Most bytes that one compressed message may unpack to. The original has no such bound; a bomb costs it its heap.
pub const MAX_UNPACKED: usize = 128 << 20;

const XERIAL_MAGIC: &[u8; 8] = b"\x82SNAPPY\0";
const XERIAL_HEADER: usize = 16;
/// The block size of the Java library, before compression.
const XERIAL_BLOCK: usize = 32 << 10;
const LZ4_MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
/// Version 1, independent blocks, no checksums, no content size; blocks of 64 KiB: what 0.8.2 writes.
const LZ4_FLAGS: [u8; 2] = [0x60, 0x40];
const LZ4_BLOCK: usize = 64 << 10;

/// How a message's value is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Not at all.
    None,
    /// A gzip stream.
    Gzip,
    /// Snappy: raw (librdkafka) or in the framing of the Java library, which is what the broker writes.
    Snappy,
    /// An LZ4 frame, whose header checksum 0.8 computes over the magic number too.
    Lz4,
}

impl Codec {
    /// Reads the low three bits of a message's attributes.
    pub fn from_attributes(attributes: i8) -> Result<Self, MessageError> {
        match attributes & 7 {
            0 => Ok(Self::None),
            1 => Ok(Self::Gzip),
            2 => Ok(Self::Snappy),
            3 => Ok(Self::Lz4),
            other => Err(MessageError::UnknownCodec(other as u8)),
        }
    }

    /// The attributes of a message under this codec.
    pub fn attributes(self) -> i8 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy => 2,
            Self::Lz4 => 3,
        }
    }

    /// Compresses.
    pub fn compress(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::None => bytes.to_vec(),
            Self::Gzip => gzip(bytes),
            Self::Snappy => xerial(bytes),
            Self::Lz4 => lz4_frame(bytes),
        }
    }

    /// Unpacks at most [`MAX_UNPACKED`] bytes.
    pub fn decompress(self, bytes: &[u8]) -> Result<Vec<u8>, MessageError> {
        let unpacked = match self {
            Self::None => Some(bytes.to_vec()),
            Self::Gzip => gunzip(bytes),
            Self::Snappy => unsnappy(bytes),
            Self::Lz4 => unlz4(bytes),
        };
        unpacked.ok_or(MessageError::CorruptPayload)
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    // Writing to memory does not fail; were it to, an empty stream is what a reader reports as corrupt.
    if encoder.write_all(bytes).is_err() {
        return Vec::new();
    }
    encoder.finish().unwrap_or_default()
}

fn gunzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    let limit = MAX_UNPACKED as u64 + 1;
    flate2::read::MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut unpacked).ok()?;
    (unpacked.len() <= MAX_UNPACKED).then_some(unpacked)
}

fn xerial(bytes: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(XERIAL_HEADER + bytes.len() / 2);
    framed.extend_from_slice(XERIAL_MAGIC);
    framed.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 1]);
    let mut encoder = snap::raw::Encoder::new();
    for block in bytes.chunks(XERIAL_BLOCK) {
        // The encoder only refuses more than 4 GiB at a time.
        let packed = encoder.compress_vec(block).unwrap_or_default();
        framed.extend_from_slice(&(packed.len() as u32).to_be_bytes());
        framed.extend_from_slice(&packed);
    }
    framed
}

fn unsnappy(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    if !bytes.starts_with(XERIAL_MAGIC) {
        snappy_block(bytes, &mut unpacked)?;
        return Some(unpacked);
    }
    let mut rest = bytes.get(XERIAL_HEADER..)?;
    while !rest.is_empty() {
        let (block, after) = sized_block(rest, u32::from_be_bytes)?;
        snappy_block(block, &mut unpacked)?;
        rest = after;
    }
    Some(unpacked)
}

/// Cuts a block off that its length in four bytes precedes.
fn sized_block(bytes: &[u8], read: fn([u8; 4]) -> u32) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(read(*len)).ok()?)
}

fn snappy_block(block: &[u8], unpacked: &mut Vec<u8>) -> Option<()> {
    let len = snap::raw::decompress_len(block).ok()?;
    let start = unpacked.len();
    // A block cannot unpack to more than some twenty times its size; a length beyond is a lie that costs memory.
    if len > MAX_UNPACKED - start.min(MAX_UNPACKED) || len / 64 > block.len() {
        return None;
    }
    unpacked.resize(start + len, 0);
    snap::raw::Decoder::new().decompress(block, &mut unpacked[start..]).ok().map(|_| ())
}

fn lz4_frame(bytes: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(16 + bytes.len());
    frame.extend_from_slice(&LZ4_MAGIC);
    frame.extend_from_slice(&LZ4_FLAGS);
    frame.push((xxh32_short(&frame) >> 8) as u8);
    for block in bytes.chunks(LZ4_BLOCK) {
        let packed = lz4_flex::block::compress(block);
        let (len, data) = if packed.len() < block.len() {
            (packed.len() as u32, &packed[..])
        } else {
            (block.len() as u32 | 1 << 31, block)
        };
        frame.extend_from_slice(&len.to_le_bytes());
        frame.extend_from_slice(data);
    }
    frame.extend_from_slice(&[0; 4]);
    frame
}

/// Reads one frame. The header checksum is not looked at: 0.8 and its later clients disagree about it.
fn unlz4(bytes: &[u8]) -> Option<Vec<u8>> {
    let rest = bytes.strip_prefix(&LZ4_MAGIC)?;
    let (&[flags, descriptor], rest) = rest.split_first_chunk::<2>()?;
    let independent = flags & 0x20 != 0;
    let block_checksum = if flags & 0x10 != 0 { 4 } else { 0 };
    let content_size = if flags & 0x08 != 0 { 8 } else { 0 };
    let block_max = match descriptor >> 4 & 7 {
        4 => 64 << 10,
        5 => 256 << 10,
        6 => 1 << 20,
        7 => 4 << 20,
        _ => return None,
    };
    let mut rest = rest.get(content_size + 1..)?;
    let mut unpacked = Vec::new();
    loop {
        let (&size, after) = rest.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(size);
        if size == 0 {
            return Some(unpacked);
        }
        let len = (size & !(1 << 31)) as usize;
        let (block, after) = after.split_at_checked(len)?;
        lz4_block(block, size >> 31 == 1, independent, block_max, &mut unpacked)?;
        rest = after.get(block_checksum..)?;
    }
}

fn lz4_block(
    block: &[u8],
    stored: bool,
    independent: bool,
    max: usize,
    unpacked: &mut Vec<u8>,
) -> Option<()> {
    if block.len() > max + 16 || unpacked.len() + max > MAX_UNPACKED + max {
        return None;
    }
    if stored {
        unpacked.extend_from_slice(block);
        return Some(());
    }
    let start = unpacked.len();
    let mut room = vec![0; max];
    let len = if independent {
        lz4_flex::block::decompress_into(block, &mut room)
    } else {
        let window = start.saturating_sub(64 << 10);
        lz4_flex::block::decompress_into_with_dict(block, &mut room, &unpacked[window..])
    };
    unpacked.extend_from_slice(room.get(..len.ok()?)?);
    Some(())
}

/// XXH32 with seed 0 of fewer than 16 bytes, which is all that a frame header needs.
fn xxh32_short(bytes: &[u8]) -> u32 {
    const PRIMES: [u32; 5] = [2_654_435_761, 2_246_822_519, 3_266_489_917, 668_265_263, 374_761_393];
    let mut hash = PRIMES[4].wrapping_add(bytes.len() as u32);
    let words = bytes.chunks_exact(4);
    let tail = words.remainder();
    for word in words {
        let word = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        hash = hash.wrapping_add(word.wrapping_mul(PRIMES[2])).rotate_left(17).wrapping_mul(PRIMES[3]);
    }
    for byte in tail {
        hash = hash
            .wrapping_add(u32::from(*byte).wrapping_mul(PRIMES[4]))
            .rotate_left(11)
            .wrapping_mul(PRIMES[0]);
    }
    hash = (hash ^ hash >> 15).wrapping_mul(PRIMES[1]);
    hash = (hash ^ hash >> 13).wrapping_mul(PRIMES[2]);
    hash ^ hash >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Codec; 4] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4];

    #[test]
    fn writes_the_framings_of_the_original() {
        assert_eq!(xxh32_short(b""), 0x02cc_5d05);
        assert_eq!(xxh32_short(b"abc"), 0x32d1_53ff);
        assert!(Codec::Snappy.compress(b"abc").starts_with(b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01"));
        // 0x82 would be the checksum over the two flag bytes alone, as the LZ4 frame format has it.
        assert_eq!((xxh32_short(&LZ4_FLAGS) >> 8) as u8, 0x82);
        assert_eq!(Codec::Lz4.compress(b"abc")[..7], [4, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x1a]);
        assert_eq!(Codec::from_attributes(4), Err(MessageError::UnknownCodec(4)));
    }

    #[test]
    fn reads_what_other_writers_write() {
        let text = b"raw snappy, raw snappy, raw snappy".repeat(100);
        let raw = snap::raw::Encoder::new().compress_vec(&text).unwrap();
        assert_eq!(Codec::Snappy.decompress(&raw).unwrap(), text);
        let linked = lz4_flex::frame::FrameInfo::new().block_mode(lz4_flex::frame::BlockMode::Linked);
        let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(linked, Vec::new());
        let long = text.repeat(100);
        encoder.write_all(&long).unwrap();
        assert_eq!(Codec::Lz4.decompress(&encoder.finish().unwrap()).unwrap(), long);
    }

    #[test]
    fn refuses_a_lie_about_the_length() {
        assert_eq!(Codec::Snappy.decompress(&[0xff, 0xff, 0xff, 0x3f, 0]), Err(MessageError::CorruptPayload));
    }

    proptest::proptest! {
        #[test]
        fn gives_back_what_went_in(bytes: Vec<u8>, repeat in 1_usize..2000) {
            let bytes = bytes.repeat(repeat);
            for codec in ALL {
                proptest::prop_assert_eq!(&codec.decompress(&codec.compress(&bytes)).unwrap(), &bytes);
            }
        }

        #[test]
        fn never_panics_on_garbage(bytes: Vec<u8>) {
            for codec in ALL {
                let _ = codec.decompress(&bytes);
                for magic in [&XERIAL_MAGIC[..], &LZ4_MAGIC[..]] {
                    let _ = codec.decompress(&[magic, &bytes].concat());
                }
            }
        }
    }
}
