//! Responses: what servers send, but for RESULT, which is next door.

use super::frame::{Frame, flags, opcode};
use super::wire::{Reader, Writer};
use super::{Version, result};
use crate::model::{ClusterEvent, PreparedInfo, ResultSet, SchemaChange};
use crate::{Consistency, CqlError};

/// A response.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Response {
    Error(CqlError),
    Ready,
    Authenticate(String),
    /// Without a token.
    AuthSuccess,
    Supported(Vec<(String, Vec<String>)>),
    Void,
    /// Rows; read without names and types they have no columns.
    Rows {
        set: ResultSet,
        skip_metadata: bool,
    },
    SetKeyspace(String),
    Prepared(PreparedInfo),
    SchemaChange(SchemaChange),
    Event(ClusterEvent),
}

/// A response with its warnings.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The response.
    pub response: Response,
    /// Warnings; version 3 has no room for them.
    pub warnings: Vec<String>,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self { response, warnings: Vec::new() }
    }
}

impl Answer {
    /// The frame of an answer, its body not compressed.
    pub fn encode(&self, version: Version, stream: i16) -> Frame {
        let mut out = Writer::new();
        let mut flags = 0;
        if !self.warnings.is_empty() && version >= Version::V4 {
            flags |= flags::WARNING;
            out.string_list(&self.warnings);
        }
        let opcode = self.response.write(&mut out, version);
        Frame { version, response: true, flags, stream, opcode, body: out.out.freeze() }
    }

    /// Reads the answer of a frame.
    pub fn decode(frame: &Frame) -> Result<Self, CqlError> {
        if !frame.response {
            return Err(CqlError::Protocol("a request where a response was expected".to_owned()));
        }
        let mut from = Reader::new(frame.body.clone());
        if frame.flags & flags::TRACING != 0 {
            from.uuid()?;
        }
        let warnings = if frame.flags & flags::WARNING != 0 { from.string_list()? } else { Vec::new() };
        if frame.flags & flags::PAYLOAD != 0 {
            from.skip_bytes_map()?;
        }
        let response = Response::read(&mut from, frame.opcode, frame.version)?;
        Ok(Self { response, warnings })
    }
}

impl Response {
    fn write(&self, out: &mut Writer, version: Version) -> u8 {
        match self {
            Self::Error(error) => {
                write_error(out, error);
                opcode::ERROR
            }
            Self::Ready => opcode::READY,
            Self::AuthSuccess => {
                out.bytes(None);
                opcode::AUTH_SUCCESS
            }
            Self::Authenticate(class) => {
                out.string(class);
                opcode::AUTHENTICATE
            }
            Self::Supported(entries) => {
                out.short_count(entries.len());
                for (key, values) in entries {
                    out.string(key);
                    out.string_list(values);
                }
                opcode::SUPPORTED
            }
            Self::Event(event) => {
                result::write_event(out, event);
                opcode::EVENT
            }
            Self::Void => {
                out.i32(1);
                opcode::RESULT
            }
            Self::Rows { set, skip_metadata } => {
                out.i32(2);
                result::write_rows(out, set, *skip_metadata, version);
                opcode::RESULT
            }
            Self::SetKeyspace(keyspace) => {
                out.i32(3);
                out.string(keyspace);
                opcode::RESULT
            }
            Self::Prepared(info) => {
                out.i32(4);
                result::write_prepared(out, info, version);
                opcode::RESULT
            }
            Self::SchemaChange(change) => {
                out.i32(5);
                result::write_change(out, change);
                opcode::RESULT
            }
        }
    }

    fn read(from: &mut Reader, opcode: u8, version: Version) -> Result<Self, CqlError> {
        Ok(match opcode {
            opcode::ERROR => Self::Error(read_error(from)?),
            opcode::READY => Self::Ready,
            opcode::AUTHENTICATE => Self::Authenticate(from.string()?),
            opcode::AUTH_SUCCESS => Self::AuthSuccess,
            opcode::SUPPORTED => {
                let entries = (0..from.u16()?).map(|_| Ok((from.string()?, from.string_list()?)));
                Self::Supported(entries.collect::<Result<_, CqlError>>()?)
            }
            opcode::EVENT => Self::Event(result::read_event(from)?),
            opcode::RESULT => match from.i32()? {
                1 => Self::Void,
                2 => result::read_rows(from)?,
                3 => Self::SetKeyspace(from.string()?),
                4 => Self::Prepared(result::read_prepared(from, version)?),
                5 => Self::SchemaChange(result::read_change(from)?),
                kind => return Err(CqlError::Protocol(format!("Unknown kind {kind} of a result"))),
            },
            opcode => return Err(CqlError::Protocol(format!("Unexpected opcode {opcode} of a response"))),
        })
    }
}

fn write_error(out: &mut Writer, error: &CqlError) {
    out.i32(error.code());
    out.string(&error.to_string());
    match error {
        CqlError::Unavailable { consistency, required, alive } => {
            out.u16(consistency.code());
            out.i32(*required);
            out.i32(*alive);
        }
        CqlError::WriteTimeout { consistency, received, required, write_type, .. } => {
            out.u16(consistency.code());
            out.i32(*received);
            out.i32(*required);
            out.string(write_type);
        }
        CqlError::ReadTimeout { consistency, received, required, data_present, .. } => {
            out.u16(consistency.code());
            out.i32(*received);
            out.i32(*required);
            out.u8(u8::from(*data_present));
        }
        CqlError::AlreadyExists { keyspace, table, .. } => {
            out.string(keyspace);
            out.string(table);
        }
        CqlError::Unprepared { id, .. } => out.short_bytes(id),
        _ => {}
    }
}

fn read_error(from: &mut Reader) -> Result<CqlError, CqlError> {
    let code = from.i32()?;
    let message = from.string()?;
    let level = |from: &mut Reader| -> Result<(Consistency, i32, i32), CqlError> {
        Ok((from.consistency()?, from.i32()?, from.i32()?))
    };
    Ok(match code {
        0x0000 => CqlError::Server(message),
        0x000A => CqlError::Protocol(message),
        0x0100 => CqlError::BadCredentials(message),
        0x1000 => {
            let (consistency, required, alive) = level(from)?;
            CqlError::Unavailable { consistency, required, alive }
        }
        0x1001 => CqlError::Overloaded(message),
        0x1002 => CqlError::IsBootstrapping(message),
        0x1003 => CqlError::Truncate(message),
        0x1100 => {
            let (consistency, received, required) = level(from)?;
            CqlError::WriteTimeout { message, consistency, received, required, write_type: from.string()? }
        }
        0x1200 => {
            let (consistency, received, required) = level(from)?;
            CqlError::ReadTimeout { message, consistency, received, required, data_present: from.u8()? != 0 }
        }
        0x2000 => CqlError::Syntax(message),
        0x2100 => CqlError::Unauthorized(message),
        0x2200 => CqlError::Invalid(message),
        0x2300 => CqlError::Config(message),
        0x2400 => CqlError::AlreadyExists { message, keyspace: from.string()?, table: from.string()? },
        0x2500 => CqlError::Unprepared { message, id: from.short_bytes()?.to_vec() },
        code => CqlError::Other { code, message },
    })
}
