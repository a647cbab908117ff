//! Cutting a stream of bytes into frames.

use bytes::{Buf as _, Bytes, BytesMut};

/// The longest frame that a server takes: `jute.maxbuffer` of ZooKeeper 3.4.
pub const SERVER_LIMIT: usize = 0xf_ffff;
/// The longest frame that a client takes: 4 MiB, as the Java client.
pub const CLIENT_LIMIT: usize = 4 << 20;

/// A length that cannot be; the connection is to be closed without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("frame of {length} bytes is not between 0 and {limit}")]
pub struct FrameError {
    /// The length that was read.
    pub length: i32,
    /// The longest that is allowed.
    pub limit: usize,
}

/// Takes the first whole frame out of `buffer`, without its length; `None` if more bytes are needed.
///
/// # Errors
/// The length is negative or above `limit`.
pub fn take_frame(buffer: &mut BytesMut, limit: usize) -> Result<Option<Bytes>, FrameError> {
    let Some(head) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = i32::from_be_bytes(*head);
    let wanted = usize::try_from(length).ok().filter(|wanted| *wanted <= limit);
    let wanted = wanted.ok_or(FrameError { length, limit })?;
    if buffer.len() - 4 < wanted {
        return Ok(None);
    }
    buffer.advance(4);
    Ok(Some(buffer.split_to(wanted).freeze()))
}

/// Builds a frame: `fill` writes the body.
pub(super) fn build(fill: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut frame = vec![0; 4];
    fill(&mut frame);
    // Nothing that is built here comes near 2 GiB: bodies are made of what was read through the limits above.
    let length = i32::try_from(frame.len() - 4).unwrap_or(i32::MAX);
    frame[..4].copy_from_slice(&length.to_be_bytes());
    Bytes::from(frame)
}
