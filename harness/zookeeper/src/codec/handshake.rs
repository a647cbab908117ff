//! The first frame of each direction.

use bytes::Bytes;

use super::frame::build;
use super::jute::{DecodeError, Reader, Writer as _};
use crate::model::{ConnectReply, ConnectRequest};

/// Reads a connection's first frame. The read-only byte is optional.
///
/// # Errors
/// The bytes are no such frame; the connection is to be closed.
pub fn decode_connect_request(frame: &[u8]) -> Result<ConnectRequest, DecodeError> {
    let mut reader = Reader::new(frame);
    Ok(ConnectRequest {
        protocol_version: reader.int()?,
        last_zxid_seen: reader.long()?,
        timeout_ms: reader.int()?,
        session_id: reader.long()?,
        password: reader.slice()?.unwrap_or_default().to_vec(),
        read_only: if reader.is_empty() { None } else { Some(reader.boolean()?) },
    })
}

/// Writes a connection's first frame.
pub fn encode_connect_request(request: &ConnectRequest) -> Bytes {
    build(|frame| {
        frame.int(request.protocol_version);
        frame.long(request.last_zxid_seen);
        frame.int(request.timeout_ms);
        frame.long(request.session_id);
        frame.buffer(Some(&request.password));
        if let Some(read_only) = request.read_only {
            frame.boolean(read_only);
        }
    })
}

/// Reads the server's first frame.
///
/// # Errors
/// The bytes are no such frame.
pub fn decode_connect_reply(frame: &[u8]) -> Result<ConnectReply, DecodeError> {
    let mut reader = Reader::new(frame);
    reader.int()?;
    let (timeout_ms, session_id) = (reader.int()?, reader.long()?);
    let password = reader.slice()?.unwrap_or_default();
    let length = i32::try_from(password.len()).unwrap_or(i32::MAX);
    let password = password.try_into().map_err(|_| DecodeError::Length(length))?;
    let read_only = if reader.is_empty() { None } else { Some(reader.boolean()?) };
    Ok(ConnectReply { timeout_ms, session_id, password, read_only })
}

/// Writes the server's first frame.
pub fn encode_connect_reply(reply: &ConnectReply) -> Bytes {
    build(|frame| {
        frame.int(0);
        frame.int(reply.timeout_ms);
        frame.long(reply.session_id);
        frame.buffer(Some(&reply.password));
        if let Some(read_only) = reply.read_only {
            frame.boolean(read_only);
        }
    })
}
