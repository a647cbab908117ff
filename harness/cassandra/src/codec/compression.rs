//! The two compressions of bodies.

use bytes::Bytes;

use super::frame::MAX_BODY;
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
        let broken = |what: &str| CqlError::Protocol(format!("Cannot decompress frame: {what}"));
        match self {
            Self::None => {
                Err(CqlError::Protocol("Unexpected compressed frame: no compression was agreed".to_owned()))
            }
            Self::Lz4 => {
                let (length, block) = body.split_at_checked(4).ok_or_else(|| broken("no length"))?;
                let length = i32::from_be_bytes(length.try_into().unwrap_or_default());
                let length = usize::try_from(length).map_err(|_| broken("negative length"))?;
                // No byte of LZ4 stands for more than 255: a greater length is a lie, and gets no memory.
                if length > MAX_BODY || length > block.len().saturating_mul(255) {
                    return Err(broken("impossible length"));
                }
                let plain =
                    lz4_flex::block::decompress(block, length).map_err(|error| broken(&error.to_string()))?;
                if plain.len() != length {
                    return Err(broken("wrong length"));
                }
                Ok(Bytes::from(plain))
            }
            Self::Snappy => {
                let length = snap::raw::decompress_len(body).map_err(|error| broken(&error.to_string()))?;
                if length > MAX_BODY || length > body.len().saturating_mul(64) {
                    return Err(broken("impossible length"));
                }
                let plain = snap::raw::Decoder::new().decompress_vec(body);
                plain.map(Bytes::from).map_err(|error| broken(&error.to_string()))
            }
        }
    }
}
