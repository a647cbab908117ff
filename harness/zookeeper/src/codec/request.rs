//! Requests after the handshake.

use bytes::Bytes;

use super::frame::build;
use super::jute::{DecodeError, Reader, Writer as _};
use crate::model::{Acl, MultiOp, Request, opcode};

/// Reads a request: its number and what it asks.
///
/// A body that cannot be read comes out as [`Request::Malformed`], for the server answers it with an error and
/// keeps the connection; bytes behind a body are ignored, as in the original.
///
/// # Errors
/// There is no whole header, or authentication cannot be read: the connection is to be closed.
pub fn decode_request(frame: &[u8]) -> Result<(i32, Request), DecodeError> {
    let mut reader = Reader::new(frame);
    let (xid, op) = (reader.int()?, reader.int()?);
    match body(op, &mut reader) {
        Ok(request) => Ok((xid, request)),
        Err(error) if matches!(op, opcode::AUTH | opcode::SASL) => Err(error),
        Err(_) => Ok((xid, Request::Malformed { opcode: op })),
    }
}

fn body(op: i32, reader: &mut Reader<'_>) -> Result<Request, DecodeError> {
    Ok(match op {
        opcode::CREATE => {
            let (path, data, acl, flags) = create(reader)?;
            Request::Create { path, data, acl, flags }
        }
        opcode::DELETE => Request::Delete { path: path(reader)?, version: reader.int()? },
        opcode::EXISTS => Request::Exists { path: path(reader)?, watch: reader.boolean()? },
        opcode::GET_DATA => Request::GetData { path: path(reader)?, watch: reader.boolean()? },
        opcode::SET_DATA => {
            Request::SetData { path: path(reader)?, data: reader.buffer()?, version: reader.int()? }
        }
        opcode::GET_ACL => Request::GetAcl { path: path(reader)? },
        opcode::SET_ACL => {
            Request::SetAcl { path: path(reader)?, acl: reader.acl()?, version: reader.int()? }
        }
        opcode::GET_CHILDREN => Request::GetChildren { path: path(reader)?, watch: reader.boolean()? },
        opcode::GET_CHILDREN2 => Request::GetChildren2 { path: path(reader)?, watch: reader.boolean()? },
        opcode::SYNC => Request::Sync { path: path(reader)? },
        opcode::PING => Request::Ping,
        opcode::CHECK => Request::Check { path: path(reader)?, version: reader.int()? },
        opcode::MULTI => Request::Multi(multi(reader)?),
        opcode::AUTH => {
            reader.int()?;
            let scheme = reader.string("an auth scheme")?;
            Request::Auth { scheme, data: reader.buffer()?.unwrap_or_default() }
        }
        opcode::SET_WATCHES => Request::SetWatches {
            relative_zxid: reader.long()?,
            data: reader.strings("a path")?,
            exist: reader.strings("a path")?,
            child: reader.strings("a path")?,
        },
        opcode::SASL => Request::Sasl { token: reader.buffer()? },
        opcode::CLOSE_SESSION => Request::CloseSession,
        opcode::CREATE_SESSION => return Err(DecodeError::Unknown { what: "operation", number: op }),
        opcode => Request::Unknown { opcode },
    })
}

fn path(reader: &mut Reader<'_>) -> Result<String, DecodeError> {
    reader.string("a path")
}

type Create = (String, Option<Bytes>, Option<Vec<Acl>>, i32);

fn create(reader: &mut Reader<'_>) -> Result<Create, DecodeError> {
    Ok((path(reader)?, reader.buffer()?, reader.acl()?, reader.int()?))
}

fn multi(reader: &mut Reader<'_>) -> Result<Vec<MultiOp>, DecodeError> {
    let mut parts = Vec::new();
    loop {
        let (op, done, _) = (reader.int()?, reader.boolean()?, reader.int()?);
        if done {
            return Ok(parts);
        }
        parts.push(match op {
            opcode::CREATE => {
                let (path, data, acl, flags) = create(reader)?;
                MultiOp::Create { path, data, acl, flags }
            }
            opcode::DELETE => MultiOp::Delete { path: path(reader)?, version: reader.int()? },
            opcode::SET_DATA => {
                MultiOp::SetData { path: path(reader)?, data: reader.buffer()?, version: reader.int()? }
            }
            opcode::CHECK => MultiOp::Check { path: path(reader)?, version: reader.int()? },
            number => return Err(DecodeError::Unknown { what: "multi operation", number }),
        });
    }
}

/// Writes a request. A [`Request::Malformed`] or [`Request::Unknown`] becomes a header without a body.
pub fn encode_request(xid: i32, request: &Request) -> Bytes {
    build(|frame| {
        frame.int(xid);
        frame.int(request.opcode());
        write_body(frame, request);
    })
}

fn write_body(frame: &mut Vec<u8>, request: &Request) {
    match request {
        Request::Create { path, data, acl, flags } => {
            write_create(frame, path, data.as_deref(), acl.as_deref(), *flags);
        }
        Request::Delete { path, version } | Request::Check { path, version } => {
            frame.string(path);
            frame.int(*version);
        }
        Request::Exists { path, watch }
        | Request::GetData { path, watch }
        | Request::GetChildren { path, watch }
        | Request::GetChildren2 { path, watch } => {
            frame.string(path);
            frame.boolean(*watch);
        }
        Request::SetData { path, data, version } => write_set(frame, path, data.as_deref(), *version),
        Request::GetAcl { path } | Request::Sync { path } => frame.string(path),
        Request::SetAcl { path, acl, version } => {
            frame.string(path);
            frame.acl(acl.as_deref());
            frame.int(*version);
        }
        Request::Multi(parts) => write_multi(frame, parts),
        Request::Auth { scheme, data } => {
            frame.int(0);
            frame.string(scheme);
            frame.buffer(Some(data));
        }
        Request::SetWatches { relative_zxid, data, exist, child } => {
            frame.long(*relative_zxid);
            frame.strings(data);
            frame.strings(exist);
            frame.strings(child);
        }
        Request::Sasl { token } => frame.buffer(token.as_deref()),
        Request::Ping | Request::CloseSession | Request::Malformed { .. } | Request::Unknown { .. } => {}
    }
}

fn write_create(frame: &mut Vec<u8>, path: &str, data: Option<&[u8]>, acl: Option<&[Acl]>, flags: i32) {
    frame.string(path);
    frame.buffer(data);
    frame.acl(acl);
    frame.int(flags);
}

fn write_set(frame: &mut Vec<u8>, path: &str, data: Option<&[u8]>, version: i32) {
    frame.string(path);
    frame.buffer(data);
    frame.int(version);
}

fn write_multi(frame: &mut Vec<u8>, parts: &[MultiOp]) {
    for part in parts {
        let op = match part {
            MultiOp::Create { .. } => opcode::CREATE,
            MultiOp::Delete { .. } => opcode::DELETE,
            MultiOp::SetData { .. } => opcode::SET_DATA,
            MultiOp::Check { .. } => opcode::CHECK,
        };
        multi_header(frame, op, false, -1);
        match part {
            MultiOp::Create { path, data, acl, flags } => {
                write_create(frame, path, data.as_deref(), acl.as_deref(), *flags);
            }
            MultiOp::Delete { path, version } | MultiOp::Check { path, version } => {
                frame.string(path);
                frame.int(*version);
            }
            MultiOp::SetData { path, data, version } => write_set(frame, path, data.as_deref(), *version),
        }
    }
    multi_header(frame, -1, true, -1);
}

/// The header before each part of a transaction, and behind the last.
pub(super) fn multi_header(frame: &mut Vec<u8>, op: i32, done: bool, error: i32) {
    frame.int(op);
    frame.boolean(done);
    frame.int(error);
}
