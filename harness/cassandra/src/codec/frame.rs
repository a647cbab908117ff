//! Frames: nine bytes of header, and a body.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::Compression;
use crate::CqlError;

/// The longest frame that is read, in bytes: `native_transport_max_frame_size_in_mb` of 256.
pub const MAX_FRAME: usize = 256 * 1024 * 1024;
const HEADER: usize = 9;
/// The version is looked at once there are as many bytes as the header of versions 1 and 2 has.
const OLD_HEADER: usize = 8;

/// Opcodes.
#[allow(missing_docs)]
pub mod opcode {
    pub const ERROR: u8 = 0x00;
    pub const STARTUP: u8 = 0x01;
    pub const READY: u8 = 0x02;
    pub const AUTHENTICATE: u8 = 0x03;
    pub const CREDENTIALS: u8 = 0x04;
    pub const OPTIONS: u8 = 0x05;
    pub const SUPPORTED: u8 = 0x06;
    pub const QUERY: u8 = 0x07;
    pub const RESULT: u8 = 0x08;
    pub const PREPARE: u8 = 0x09;
    pub const EXECUTE: u8 = 0x0A;
    pub const REGISTER: u8 = 0x0B;
    pub const EVENT: u8 = 0x0C;
    pub const BATCH: u8 = 0x0D;
    pub const AUTH_CHALLENGE: u8 = 0x0E;
    pub const AUTH_RESPONSE: u8 = 0x0F;
    pub const AUTH_SUCCESS: u8 = 0x10;
}

/// The name of an opcode, and whether it is one of requests.
fn named(code: u8) -> Option<(&'static str, bool)> {
    Some(match code {
        opcode::ERROR => ("ERROR", false),
        opcode::STARTUP => ("STARTUP", true),
        opcode::READY => ("READY", false),
        opcode::AUTHENTICATE => ("AUTHENTICATE", false),
        opcode::CREDENTIALS => ("CREDENTIALS", true),
        opcode::OPTIONS => ("OPTIONS", true),
        opcode::SUPPORTED => ("SUPPORTED", false),
        opcode::QUERY => ("QUERY", true),
        opcode::RESULT => ("RESULT", false),
        opcode::PREPARE => ("PREPARE", true),
        opcode::EXECUTE => ("EXECUTE", true),
        opcode::REGISTER => ("REGISTER", true),
        opcode::EVENT => ("EVENT", false),
        opcode::BATCH => ("BATCH", true),
        opcode::AUTH_CHALLENGE => ("AUTH_CHALLENGE", false),
        opcode::AUTH_RESPONSE => ("AUTH_RESPONSE", true),
        opcode::AUTH_SUCCESS => ("AUTH_SUCCESS", false),
        _ => return None,
    })
}

/// What stands before errors of the frame itself.
pub(super) const DECODER_ERROR: &str = "io.netty.handler.codec.DecoderException: ";

/// Refuses an opcode that is none, or not one of what the frame says it is.
pub(super) fn check_opcode(code: u8, response: bool) -> Result<(), CqlError> {
    match named(code) {
        // To the original opcodes have a sign.
        None if code >= 0x80 => {
            let code = i32::from(code) - 256;
            Err(CqlError::Server(format!("{DECODER_ERROR}java.lang.ArrayIndexOutOfBoundsException: {code}")))
        }
        None => Err(CqlError::Protocol(format!("Unknown opcode {code}"))),
        Some((name, request)) if request == response => {
            let (wanted, got) = if response { ("REQUEST", "RESPONSE") } else { ("RESPONSE", "REQUEST") };
            Err(CqlError::Protocol(format!(
                "Wrong protocol direction (expected {wanted}, got {got}) for opcode {code} ({name})"
            )))
        }
        Some(_) => Ok(()),
    }
}

/// Flags of a frame.
#[allow(missing_docs)]
pub mod flags {
    pub const COMPRESSED: u8 = 1;
    pub const TRACING: u8 = 2;
    pub const PAYLOAD: u8 = 4;
    pub const WARNING: u8 = 8;
}

/// The versions that are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[allow(missing_docs)]
pub enum Version {
    V3,
    #[default]
    V4,
}

impl Version {
    /// 3 or 4.
    pub fn number(self) -> u8 {
        match self {
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }
}

/// A frame, its body not compressed.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Version.
    pub version: Version,
    /// Whether it goes from the server to the client.
    pub response: bool,
    /// See [`flags`].
    pub flags: u8,
    /// Echoed in the response; −1 for events.
    pub stream: i16,
    /// See [`opcode`].
    pub opcode: u8,
    /// Body.
    pub body: Bytes,
}

impl Frame {
    /// Appends the frame. With a compression the body is compressed, and the flag set.
    pub fn encode(&self, compression: Compression, out: &mut BytesMut) {
        let compressed;
        let (body, flags): (&[u8], u8) = if compression == Compression::None {
            (&self.body, self.flags & !flags::COMPRESSED)
        } else {
            compressed = compression.compress(&self.body);
            (&compressed, self.flags | flags::COMPRESSED)
        };
        out.reserve(HEADER + body.len());
        out.put_u8(self.version.number() | if self.response { 0x80 } else { 0 });
        out.put_u8(flags);
        out.put_i16(self.stream);
        out.put_u8(self.opcode);
        out.put_i32(i32::try_from(body.len()).unwrap_or(i32::MAX));
        out.put_slice(body);
    }
}

/// What a decoder found at the front of its bytes.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// More bytes are needed.
    Incomplete,
    /// A frame.
    Frame(Frame),
    /// A frame that cannot be read. Its stream, and why. The connection stays, of use or not.
    Bad(i16, CqlError),
}

/// Cuts a stream of bytes into frames.
#[derive(Debug, Default)]
pub struct Decoder {
    /// How bodies with the flag are compressed.
    pub compression: Compression,
    /// Bytes of a frame too long that are still to be thrown away, and its stream and length.
    discarding: Option<(usize, i16, usize)>,
    /// A header that is none, which the original never gets past: whatever comes is answered with the same error.
    stuck: Option<(i16, CqlError)>,
}

impl Decoder {
    /// Takes the next frame off the front.
    pub fn decode(&mut self, bytes: &mut BytesMut) -> Decoded {
        if self.discarding.is_some() {
            return self.discard(bytes);
        }
        if let Some((stream, error)) = self.stuck.clone() {
            return if bytes.is_empty() { Decoded::Incomplete } else { self.stick(bytes, stream, error) };
        }
        if bytes.len() < OLD_HEADER {
            return Decoded::Incomplete;
        }
        let first = bytes[0];
        let version = match first & 0x7f {
            3 => Version::V3,
            4 => Version::V4,
            other => return self.stick(bytes, 0, unsupported(other)),
        };
        if bytes.len() < HEADER {
            return Decoded::Incomplete;
        }
        let mut header = &bytes[1..HEADER];
        let (flags, stream, opcode) = (header.get_u8(), header.get_i16(), header.get_u8());
        if let Err(error) = check_opcode(opcode, first & 0x80 != 0) {
            let stream = if matches!(error, CqlError::Protocol(_)) { stream } else { 0 };
            return self.stick(bytes, stream, error);
        }
        // A negative length is a very long one, as in the original.
        let length = header.get_u32() as usize;
        if HEADER + length > MAX_FRAME {
            self.discarding = Some((HEADER + length, stream, HEADER + length));
            return self.discard(bytes);
        }
        if bytes.len() < HEADER + length {
            return Decoded::Incomplete;
        }
        bytes.advance(HEADER);
        let mut body = bytes.split_to(length).freeze();
        // Nothing is wrong with the flag before a compression is agreed: it means nothing.
        if flags & flags::COMPRESSED != 0 && self.compression != Compression::None {
            body = match self.compression.decompress(&body) {
                Ok(body) => body,
                // The stream is forgotten by then.
                Err(error) => return Decoded::Bad(0, error),
            };
        }
        Decoded::Frame(Frame { version, response: first & 0x80 != 0, flags, stream, opcode, body })
    }

    fn discard(&mut self, bytes: &mut BytesMut) -> Decoded {
        let Some((left, stream, length)) = self.discarding else { return Decoded::Incomplete };
        let now = left.min(bytes.len());
        bytes.advance(now);
        if now < left {
            self.discarding = Some((left - now, stream, length));
            return Decoded::Incomplete;
        }
        self.discarding = None;
        let text = format!("Request is too big: length {length} exceeds maximum allowed length {MAX_FRAME}.");
        Decoded::Bad(stream, CqlError::Invalid(text))
    }

    fn stick(&mut self, bytes: &mut BytesMut, stream: i16, error: CqlError) -> Decoded {
        bytes.clear();
        self.stuck = Some((stream, error.clone()));
        Decoded::Bad(stream, error)
    }
}

/// The text that drivers read to try a lower version, blank at the end included.
fn unsupported(version: u8) -> CqlError {
    CqlError::Protocol(format!(
        "Invalid or unsupported protocol version ({version}); highest supported is 4 "
    ))
}
