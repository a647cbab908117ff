//! Requests: what clients send.

use bytes::Bytes;

use super::frame::{Frame, check_opcode, flags, opcode};
use super::wire::{Reader, Writer};
use super::{Compression, Version};
use crate::cql::BatchKind;
use crate::model::{BatchItem, BatchRequest, BoundValue, BoundValues, Options};
use crate::{Consistency, CqlError};

/// What a connection can register for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum EventKind {
    TopologyChange,
    StatusChange,
    SchemaChange,
}

impl EventKind {
    const NAMES: [(Self, &'static str); 3] = [
        (Self::TopologyChange, "TOPOLOGY_CHANGE"),
        (Self::StatusChange, "STATUS_CHANGE"),
        (Self::SchemaChange, "SCHEMA_CHANGE"),
    ];

    /// The name in frames.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    fn named(name: &str) -> Result<Self, CqlError> {
        let found = Self::NAMES.iter().find(|(_, other)| *other == name.to_ascii_uppercase());
        found
            .map(|(kind, _)| *kind)
            .ok_or_else(|| CqlError::Protocol(format!("Invalid value '{name}' for Type")))
    }
}

/// The parameters of QUERY and EXECUTE.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameters {
    /// How to execute.
    pub options: Options,
    /// Whether the answer needs no column names and types.
    pub skip_metadata: bool,
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Request {
    Startup(Vec<(String, String)>),
    Options,
    Query(String, Parameters),
    Prepare(String),
    Execute(Vec<u8>, Parameters),
    Register(Vec<EventKind>),
    Batch(BatchRequest),
    AuthResponse(Bytes),
}

mod query_flags {
    pub(super) const VALUES: u8 = 0x01;
    pub(super) const SKIP_METADATA: u8 = 0x02;
    pub(super) const PAGE_SIZE: u8 = 0x04;
    pub(super) const PAGING_STATE: u8 = 0x08;
    pub(super) const SERIAL: u8 = 0x10;
    pub(super) const TIMESTAMP: u8 = 0x20;
    pub(super) const NAMES: u8 = 0x40;
}

impl Request {
    /// The opcode.
    pub fn opcode(&self) -> u8 {
        match self {
            Self::Startup(_) => opcode::STARTUP,
            Self::Options => opcode::OPTIONS,
            Self::Query(..) => opcode::QUERY,
            Self::Prepare(_) => opcode::PREPARE,
            Self::Execute(..) => opcode::EXECUTE,
            Self::Register(_) => opcode::REGISTER,
            Self::Batch(_) => opcode::BATCH,
            Self::AuthResponse(_) => opcode::AUTH_RESPONSE,
        }
    }

    /// The name in error texts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Startup(_) => "STARTUP",
            Self::Options => "OPTIONS",
            Self::Query(..) => "QUERY",
            Self::Prepare(_) => "PREPARE",
            Self::Execute(..) => "EXECUTE",
            Self::Register(_) => "REGISTER",
            Self::Batch(_) => "BATCH",
            Self::AuthResponse(_) => "AUTH_RESPONSE",
        }
    }

    /// Reads the request of a frame.
    pub fn decode(frame: &Frame) -> Result<Self, CqlError> {
        check_opcode(frame.opcode, frame.response)?;
        let mut from = Reader::new(frame.body.clone());
        if frame.flags & flags::PAYLOAD != 0 {
            from.skip_bytes_map()?;
            if frame.version < Version::V4 {
                let text = "Received frame with CUSTOM_PAYLOAD flag for native protocol version < 4";
                return Err(CqlError::Protocol(text.to_owned()));
            }
        }
        let from = &mut from;
        Ok(match frame.opcode {
            opcode::STARTUP => Self::Startup(from.string_map()?),
            opcode::OPTIONS => Self::Options,
            opcode::QUERY => Self::Query(from.long_string()?, Parameters::read(from, frame.version)?),
            opcode::PREPARE => Self::Prepare(from.long_string()?),
            opcode::EXECUTE => {
                Self::Execute(from.short_bytes()?.to_vec(), Parameters::read(from, frame.version)?)
            }
            opcode::REGISTER => Self::Register(
                from.string_list()?.iter().map(|name| EventKind::named(name)).collect::<Result<_, _>>()?,
            ),
            opcode::BATCH => Self::Batch(read_batch(from, frame.version)?),
            opcode::AUTH_RESPONSE => match from.bytes()? {
                Some(token) => Self::AuthResponse(token),
                None => return Err(CqlError::Server("java.lang.NullPointerException".to_owned())),
            },
            // CREDENTIALS: what version 1 had in the place of AUTH_RESPONSE.
            _ => {
                let text = "Legacy credentials authentication is not supported in protocol versions > 1. Please \
                            use SASL authentication via a SaslResponse message";
                return Err(CqlError::Protocol(text.to_owned()));
            }
        })
    }

    /// The frame of a request, its body not compressed.
    pub fn encode(&self, version: Version, stream: i16) -> Frame {
        let mut out = Writer::new();
        match self {
            Self::Startup(entries) => {
                out.short_count(entries.len());
                for (key, value) in entries {
                    out.string(key);
                    out.string(value);
                }
            }
            Self::Options => {}
            Self::Query(cql, parameters) => {
                out.long_string(cql);
                parameters.write(&mut out);
            }
            Self::Prepare(cql) => out.long_string(cql),
            Self::Execute(id, parameters) => {
                out.short_bytes(id);
                parameters.write(&mut out);
            }
            Self::Register(kinds) => {
                out.string_list(&kinds.iter().map(|kind| kind.name().to_owned()).collect::<Vec<_>>());
            }
            Self::Batch(batch) => write_batch(&mut out, batch),
            Self::AuthResponse(token) => out.bytes(Some(token)),
        }
        let (opcode, body) = (self.opcode(), out.out.freeze());
        Frame { version, response: false, flags: 0, stream, opcode, body }
    }

    /// What STARTUP asks for: the compression, if it is one that is known.
    pub fn compression(entries: &[(String, String)]) -> Result<Compression, CqlError> {
        let Some((_, name)) = entries.iter().find(|(key, _)| key.eq_ignore_ascii_case("COMPRESSION")) else {
            return Ok(Compression::None);
        };
        Compression::named(name).ok_or_else(|| {
            CqlError::Protocol(format!("Unknown compression algorithm: {}", name.to_lowercase()))
        })
    }
}

impl Parameters {
    fn read(from: &mut Reader, version: Version) -> Result<Self, CqlError> {
        let consistency = from.consistency()?;
        let flags = from.u8()?;
        let has = |flag: u8| flags & flag != 0;
        let mut options = Options { consistency, ..Options::default() };
        if has(query_flags::VALUES) {
            options.values = read_values(from, version, has(query_flags::NAMES))?;
        }
        if has(query_flags::PAGE_SIZE) {
            options.page_size = Some(from.i32()?);
        }
        if has(query_flags::PAGING_STATE) {
            options.paging_state = from.bytes()?;
        }
        if has(query_flags::SERIAL) {
            options.serial = Some(from.consistency()?);
        }
        if has(query_flags::TIMESTAMP) {
            options.timestamp = Some(read_timestamp(from)?);
        }
        Ok(Self { options, skip_metadata: has(query_flags::SKIP_METADATA) })
    }

    fn write(&self, out: &mut Writer) {
        let options = &self.options;
        out.u16(options.consistency.code());
        let mut flags = 0;
        let mut set = |flag: u8, on: bool| flags |= if on { flag } else { 0 };
        let (count, named) = match &options.values {
            BoundValues::Positional(values) => (values.len(), false),
            BoundValues::Named(values) => (values.len(), true),
        };
        set(query_flags::VALUES, count > 0);
        set(query_flags::NAMES, count > 0 && named);
        set(query_flags::SKIP_METADATA, self.skip_metadata);
        set(query_flags::PAGE_SIZE, options.page_size.is_some());
        set(query_flags::PAGING_STATE, options.paging_state.is_some());
        set(query_flags::SERIAL, options.serial.is_some());
        set(query_flags::TIMESTAMP, options.timestamp.is_some());
        out.u8(flags);
        if count > 0 {
            write_values(out, &options.values);
        }
        if let Some(size) = options.page_size {
            out.i32(size);
        }
        if let Some(state) = &options.paging_state {
            out.bytes(Some(state));
        }
        if let Some(serial) = options.serial {
            out.u16(serial.code());
        }
        if let Some(timestamp) = options.timestamp {
            out.i64(timestamp);
        }
    }
}

fn read_timestamp(from: &mut Reader) -> Result<i64, CqlError> {
    let timestamp = from.i64()?;
    if timestamp == i64::MIN {
        return Err(CqlError::Protocol(format!(
            "Out of bound timestamp, must be in [{}, {}] (got {timestamp})",
            i64::MIN + 1,
            i64::MAX
        )));
    }
    Ok(timestamp)
}

fn read_values(from: &mut Reader, version: Version, named: bool) -> Result<BoundValues, CqlError> {
    let count = from.u16()?;
    if named {
        let values = (0..count).map(|_| Ok((from.string()?, read_value(from, version)?)));
        return values.collect::<Result<_, CqlError>>().map(BoundValues::Named);
    }
    (0..count).map(|_| read_value(from, version)).collect::<Result<_, _>>().map(BoundValues::Positional)
}

fn read_value(from: &mut Reader, version: Version) -> Result<BoundValue, CqlError> {
    match (from.sized()?, version) {
        (Ok(bytes), _) => Ok(BoundValue::Bytes(bytes)),
        (Err(-1), _) | (Err(_), Version::V3) => Ok(BoundValue::Null),
        (Err(-2), Version::V4) => Ok(BoundValue::Unset),
        (Err(length), Version::V4) => Err(CqlError::Protocol(format!("Invalid ByteBuf length {length}"))),
    }
}

fn write_values(out: &mut Writer, values: &BoundValues) {
    let value = |out: &mut Writer, value: &BoundValue| match value {
        BoundValue::Null => out.i32(-1),
        BoundValue::Unset => out.i32(-2),
        BoundValue::Bytes(bytes) => out.bytes(Some(bytes)),
    };
    match values {
        BoundValues::Positional(values) => {
            out.short_count(values.len());
            values.iter().for_each(|one| value(out, one));
        }
        BoundValues::Named(values) => {
            out.short_count(values.len());
            for (name, one) in values {
                out.string(name);
                value(out, one);
            }
        }
    }
}

fn read_batch(from: &mut Reader, version: Version) -> Result<BatchRequest, CqlError> {
    let kind = from.u8()?;
    let mut items = Vec::new();
    for _ in 0..from.u16()? {
        items.push(match from.u8()? {
            0 => BatchItem::Query(from.long_string()?, read_values(from, version, false)?),
            1 => BatchItem::Prepared(from.short_bytes()?.to_vec(), read_values(from, version, false)?),
            kind => {
                let kind = kind.cast_signed();
                return Err(CqlError::Protocol(format!(
                    "Invalid query kind in BATCH messages. Must be 0 or 1 but got {kind}"
                )));
            }
        });
    }
    let Options { consistency, serial, timestamp, .. } = Parameters::read(from, version)?.options;
    // Looked at last.
    let kind = match kind {
        0 => BatchKind::Logged,
        1 => BatchKind::Unlogged,
        2 => BatchKind::Counter,
        other => {
            let other = other.cast_signed();
            return Err(CqlError::Protocol(format!("Invalid BATCH message type {other}")));
        }
    };
    Ok(BatchRequest { kind, items, consistency, serial, timestamp })
}

fn write_batch(out: &mut Writer, batch: &BatchRequest) {
    out.u8(match batch.kind {
        BatchKind::Logged => 0,
        BatchKind::Unlogged => 1,
        BatchKind::Counter => 2,
    });
    out.short_count(batch.items.len());
    for item in &batch.items {
        match item {
            BatchItem::Query(cql, values) => {
                out.u8(0);
                out.long_string(cql);
                write_values(out, values);
            }
            BatchItem::Prepared(id, values) => {
                out.u8(1);
                out.short_bytes(id);
                write_values(out, values);
            }
        }
    }
    out.u16(batch.consistency.code());
    let serial: Option<Consistency> = batch.serial;
    let flag = |flag: u8, on: bool| if on { flag } else { 0 };
    out.u8(
        flag(query_flags::SERIAL, serial.is_some()) | flag(query_flags::TIMESTAMP, batch.timestamp.is_some())
    );
    if let Some(serial) = serial {
        out.u16(serial.code());
    }
    if let Some(timestamp) = batch.timestamp {
        out.i64(timestamp);
    }
}
