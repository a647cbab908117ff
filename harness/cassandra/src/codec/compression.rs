//! The two compressions of bodies.

use bytes::Bytes;

use super::frame::{DECODER_ERROR, MAX_FRAME};
use crate::CqlError;

/// How bodies are compressed, as agreed in STARTUP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// `i32` length and an LZ4 block.
    Lz4,
    /// A snappy block.
    Snappy,
}

impl Compression {
    /// The compression of a name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "lz4" => Some(Self::Lz4),
            "snappy" => Some(Self::Snappy),
            _ => None,
        }
    }

    /// The compressed form of a body.
    pub fn compress(self, body: &[u8]) -> Vec<u8> {
        match self {
            Self::None => body.to_vec(),
            Self::Lz4 => {
                let mut out = i32::try_from(body.len()).unwrap_or(i32::MAX).to_be_bytes().to_vec();
                out.extend(lz4_flex::block::compress(body));
                out
            }
            Self::Snappy => snap::raw::Encoder::new().compress_vec(body).unwrap_or_default(),
        }
    }

    /// The body of a compressed form; never longer than a body may be.
    pub fn decompress(self, body: &Bytes) -> Result<Bytes, CqlError> {
        match self {
            Self::None => Ok(body.clone()),
            Self::Lz4 => unlz4(body)
                .map(Bytes::from)
                .map_err(|text| CqlError::Server(format!("{DECODER_ERROR}{text}"))),
            Self::Snappy => {
                let broken = || {
                    let text = "Provided frame does not appear to be Snappy compressed";
                    CqlError::Protocol(text.to_owned())
                };
                let length = snap::raw::decompress_len(body).map_err(|_| broken())?;
                if length > MAX_FRAME || length > body.len().saturating_mul(64) {
                    return Err(broken());
                }
                snap::raw::Decoder::new().decompress_vec(body).map(Bytes::from).map_err(|_| broken())
            }
        }
    }
}

/// A block behind its length; the error as the original says it, but for the place where the block is wrong.
fn unlz4(body: &[u8]) -> Result<Vec<u8>, String> {
    let (length, block) = body
        .split_at_checked(4)
        .ok_or_else(|| format!("java.lang.ArrayIndexOutOfBoundsException: {}", body.len()))?;
    let length = i32::from_be_bytes(length.try_into().unwrap_or_default());
    let wrong = || {
        let end = body.len();
        format!("net.jpountz.lz4.LZ4Exception: Error decoding offset {end} of input buffer")
    };
    let Ok(length) = usize::try_from(length) else {
        return Err(format!("java.lang.IllegalArgumentException: initialCapacity: {length} (expectd: 0+)"));
    };
    // No byte of LZ4 stands for more than 255: a greater length is a lie, and gets no memory.
    if length > MAX_FRAME || length > block.len().saturating_mul(255) {
        return Err(wrong());
    }
    let plain = lz4_flex::block::decompress(block, length).map_err(|_| wrong())?;
    if plain.len() == length { Ok(plain) } else { Err(wrong()) }
}
