//! Answers and watch events.

use bytes::Bytes;

use super::XID_EVENT;
use super::frame::build;
use super::jute::{DecodeError, Reader, Writer as _};
use super::request::multi_header;
use crate::model::{Code, EventKind, MultiResult, Reply, Response, WatchEvent, opcode};

/// State field of every watch event that 3.4 sends: SyncConnected.
const SYNC_CONNECTED: i32 = 3;

/// What every answer and event begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyHeader {
    /// The request's number, or one of the special ones.
    pub xid: i32,
    /// The last transaction that the server has processed; −1 in events.
    pub zxid: i64,
    /// 0, or an error code; then no body follows.
    pub error: i32,
}

/// Reads the header; gives the body too.
///
/// # Errors
/// There is no whole header.
pub fn decode_reply_header(frame: &[u8]) -> Result<(ReplyHeader, &[u8]), DecodeError> {
    let (head, body) = frame.split_at_checked(16).ok_or(DecodeError::Truncated("a reply header"))?;
    let mut reader = Reader::new(head);
    Ok((ReplyHeader { xid: reader.int()?, zxid: reader.long()?, error: reader.int()? }, body))
}

/// Reads the body of the answer to operation `op`.
///
/// # Errors
/// The body is not what this operation answers with.
pub fn decode_response(op: i32, body: &[u8]) -> Result<Response, DecodeError> {
    let mut reader = Reader::new(body);
    Ok(match op {
        opcode::CREATE | opcode::SYNC => Response::Path(reader.string("a path")?),
        opcode::EXISTS | opcode::SET_DATA | opcode::SET_ACL => Response::Stat(reader.stat()?),
        opcode::GET_DATA => Response::Data(reader.buffer()?, reader.stat()?),
        opcode::GET_ACL => Response::Acl(reader.acl()?.unwrap_or_default(), reader.stat()?),
        opcode::GET_CHILDREN => Response::Children(reader.strings("a child's name")?),
        opcode::GET_CHILDREN2 => Response::ChildrenAndStat(reader.strings("a child's name")?, reader.stat()?),
        opcode::MULTI => Response::Multi(multi(&mut reader)?),
        opcode::SASL => Response::Sasl(reader.buffer()?),
        opcode::DELETE
        | opcode::PING
        | opcode::CHECK
        | opcode::AUTH
        | opcode::SET_WATCHES
        | opcode::CLOSE_SESSION => Response::Empty,
        number => return Err(DecodeError::Unknown { what: "operation", number }),
    })
}

fn multi(reader: &mut Reader<'_>) -> Result<Vec<MultiResult>, DecodeError> {
    let mut results = Vec::new();
    loop {
        let (op, done, _) = (reader.int()?, reader.boolean()?, reader.int()?);
        if done {
            return Ok(results);
        }
        results.push(match op {
            opcode::CREATE => MultiResult::Created(reader.string("a path")?),
            opcode::DELETE => MultiResult::Deleted,
            opcode::SET_DATA => MultiResult::Set(reader.stat()?),
            opcode::CHECK => MultiResult::Checked,
            opcode::ERROR => MultiResult::Failed(Code::from_number(reader.int()?)),
            number => return Err(DecodeError::Unknown { what: "multi result", number }),
        });
    }
}

/// Writes an answer.
pub fn encode_reply(reply: &Reply) -> Bytes {
    build(|frame| {
        frame.int(reply.xid);
        frame.long(reply.zxid);
        frame.int(reply.result.as_ref().err().map_or(0, |code| code.number()));
        if let Ok(response) = &reply.result {
            write_response(frame, response);
        }
    })
}

fn write_response(frame: &mut Vec<u8>, response: &Response) {
    match response {
        Response::Empty => {}
        Response::Path(path) => frame.string(path),
        Response::Stat(stat) => frame.stat(stat),
        Response::Data(data, stat) => {
            frame.buffer(data.as_deref());
            frame.stat(stat);
        }
        Response::Acl(list, stat) => {
            frame.acl(Some(list));
            frame.stat(stat);
        }
        Response::Children(names) => frame.strings(names),
        Response::ChildrenAndStat(names, stat) => {
            frame.strings(names);
            frame.stat(stat);
        }
        Response::Multi(results) => write_multi(frame, results),
        Response::Sasl(token) => frame.buffer(token.as_deref()),
    }
}

fn write_multi(frame: &mut Vec<u8>, results: &[MultiResult]) {
    for result in results {
        match result {
            MultiResult::Created(path) => {
                multi_header(frame, opcode::CREATE, false, 0);
                frame.string(path);
            }
            MultiResult::Deleted => multi_header(frame, opcode::DELETE, false, 0),
            MultiResult::Set(stat) => {
                multi_header(frame, opcode::SET_DATA, false, 0);
                frame.stat(stat);
            }
            MultiResult::Checked => multi_header(frame, opcode::CHECK, false, 0),
            MultiResult::Failed(code) => {
                multi_header(frame, opcode::ERROR, false, code.number());
                frame.int(code.number());
            }
        }
    }
    multi_header(frame, -1, true, -1);
}

/// Writes a watch event.
pub fn encode_event(event: &WatchEvent) -> Bytes {
    build(|frame| {
        frame.int(XID_EVENT);
        frame.long(-1);
        frame.int(0);
        frame.int(event.kind.number());
        frame.int(SYNC_CONNECTED);
        frame.string(&event.path);
    })
}

/// Reads the body of a watch event.
///
/// # Errors
/// The body is none, or of a kind that 3.4 does not send.
pub fn decode_event(body: &[u8]) -> Result<WatchEvent, DecodeError> {
    let mut reader = Reader::new(body);
    let number = reader.int()?;
    let kind = EventKind::from_number(number).ok_or(DecodeError::Unknown { what: "event", number })?;
    reader.int()?;
    Ok(WatchEvent { kind, path: reader.string("an event's path")? })
}
