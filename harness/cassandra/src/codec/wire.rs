//! The notation of the native protocol: strings, bytes, lists. Reading never panics and sets no memory aside for
//! what a count only claims.

use std::net::IpAddr;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::{Consistency, CqlError};

/// Reads a body from its beginning to its end.
pub(super) struct Reader {
    rest: Bytes,
    length: usize,
}

type Read<T> = Result<T, CqlError>;

fn short(what: &str) -> CqlError {
    CqlError::Protocol(format!("Not enough bytes to read {what}"))
}

const SHORT_TEXT: &str = "an UTF8 serialized string preceded by its 2 bytes length";
const LONG_TEXT: &str = "an UTF8 serialized string preceded by its 4 bytes length";
const SHORT_BYTES: &str = "a byte array preceded by its 2 bytes length";

impl Reader {
    pub(super) fn new(rest: Bytes) -> Self {
        let length = rest.len();
        Self { rest, length }
    }

    /// A number that is not all there; what the original says of its buffer behind that is left out.
    fn cut(&self, length: usize) -> CqlError {
        let (at, end) = (self.length - self.rest.len(), self.length);
        CqlError::Server(format!(
            "java.lang.IndexOutOfBoundsException: readerIndex({at}) + length({length}) exceeds writerIndex({end})"
        ))
    }

    pub(super) fn u8(&mut self) -> Read<u8> {
        self.rest.try_get_u8().map_err(|_| self.cut(1))
    }

    pub(super) fn u16(&mut self) -> Read<u16> {
        self.rest.try_get_u16().map_err(|_| self.cut(2))
    }

    pub(super) fn i32(&mut self) -> Read<i32> {
        self.rest.try_get_i32().map_err(|_| self.cut(4))
    }

    pub(super) fn i64(&mut self) -> Read<i64> {
        self.rest.try_get_i64().map_err(|_| self.cut(8))
    }

    fn take(&mut self, length: usize, what: &str) -> Read<Bytes> {
        if length > self.rest.len() { Err(short(what)) } else { Ok(self.rest.split_to(length)) }
    }

    pub(super) fn uuid(&mut self) -> Read<[u8; 16]> {
        let bytes = self.take(16, "a uuid")?;
        bytes.as_ref().try_into().map_err(|_| short("a uuid"))
    }

    pub(super) fn string(&mut self) -> Read<String> {
        let length = usize::from(self.u16().map_err(|_| short(SHORT_TEXT))?);
        self.text(length, SHORT_TEXT)
    }

    pub(super) fn long_string(&mut self) -> Read<String> {
        let length = self.i32().ok().and_then(|length| usize::try_from(length).ok());
        self.text(length.ok_or_else(|| short(LONG_TEXT))?, LONG_TEXT)
    }

    fn text(&mut self, length: usize, what: &str) -> Read<String> {
        let bytes = self.take(length, what)?;
        String::from_utf8(bytes.to_vec()).map_err(|error| {
            let good = error.utf8_error().valid_up_to();
            let wrong = error.utf8_error().error_len().unwrap_or(length - good);
            let hex: String = bytes[good..].iter().map(|byte| format!("{byte:02x}")).collect();
            CqlError::Protocol(format!(
                "Cannot decode string as UTF8: '{hex}'; java.nio.charset.MalformedInputException: Input length = {wrong}"
            ))
        })
    }

    pub(super) fn short_bytes(&mut self) -> Read<Bytes> {
        let length = usize::from(self.u16().map_err(|_| short(SHORT_BYTES))?);
        self.take(length, SHORT_BYTES)
    }

    /// `Err` holds the negative length that stands for something else than a value.
    pub(super) fn sized(&mut self) -> Read<Result<Bytes, i32>> {
        let length = self.i32()?;
        match usize::try_from(length) {
            Err(_) => Ok(Err(length)),
            Ok(length) if length > self.rest.len() => {
                let (at, end) = (self.length - self.rest.len(), self.length);
                Err(CqlError::Server(format!(
                    "java.lang.IndexOutOfBoundsException: index: {at}, length: {length} (expected: range(0, {end}))"
                )))
            }
            Ok(length) => Ok(Ok(self.rest.split_to(length))),
        }
    }

    /// Bytes, or null for any negative length.
    pub(super) fn bytes(&mut self) -> Read<Option<Bytes>> {
        self.sized().map(Result::ok)
    }

    pub(super) fn string_list(&mut self) -> Read<Vec<String>> {
        (0..self.u16()?).map(|_| self.string()).collect()
    }

    pub(super) fn string_map(&mut self) -> Read<Vec<(String, String)>> {
        (0..self.u16()?).map(|_| Ok((self.string()?, self.string()?))).collect()
    }

    pub(super) fn consistency(&mut self) -> Read<Consistency> {
        let code = self.u16()?;
        Consistency::from_code(code)
            .ok_or_else(|| CqlError::Protocol(format!("Unknown code {code} for a consistency level")))
    }

    pub(super) fn inet(&mut self) -> Read<(IpAddr, u16)> {
        let length = usize::from(self.u8()?);
        let bytes = self.take(length, "an inet address")?;
        let address = if let Ok(v4) = <[u8; 4]>::try_from(bytes.as_ref()) {
            IpAddr::from(v4)
        } else if let Ok(v6) = <[u8; 16]>::try_from(bytes.as_ref()) {
            IpAddr::from(v6)
        } else {
            return Err(CqlError::Protocol(format!("Invalid inet address size: {length}")));
        };
        let port = self.i32()?;
        let port = u16::try_from(port).map_err(|_| CqlError::Protocol(format!("Invalid port {port}")))?;
        Ok((address, port))
    }

    /// Skips a `bytes map`: the custom payload.
    pub(super) fn skip_bytes_map(&mut self) -> Read<()> {
        for _ in 0..self.u16()? {
            self.string()?;
            self.bytes()?;
        }
        Ok(())
    }

    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }
}

/// Writes a body. What is too long for its length field is cut, which only an answer of ours could be.
pub(super) struct Writer {
    pub(super) out: BytesMut,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self { out: BytesMut::new() }
    }

    pub(super) fn u8(&mut self, value: u8) {
        self.out.put_u8(value);
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.out.put_u16(value);
    }

    pub(super) fn i32(&mut self, value: i32) {
        self.out.put_i32(value);
    }

    pub(super) fn i64(&mut self, value: i64) {
        self.out.put_i64(value);
    }

    pub(super) fn count(&mut self, length: usize) {
        self.i32(i32::try_from(length).unwrap_or(i32::MAX));
    }

    pub(super) fn short_count(&mut self, length: usize) {
        self.u16(u16::try_from(length).unwrap_or(u16::MAX));
    }

    pub(super) fn string(&mut self, text: &str) {
        let mut end = text.len().min(usize::from(u16::MAX));
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.short_count(end);
        self.out.put_slice(&text.as_bytes()[..end]);
    }

    pub(super) fn long_string(&mut self, text: &str) {
        self.count(text.len());
        self.out.put_slice(text.as_bytes());
    }

    pub(super) fn short_bytes(&mut self, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(usize::from(u16::MAX))];
        self.short_count(bytes.len());
        self.out.put_slice(bytes);
    }

    pub(super) fn bytes(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            None => self.i32(-1),
            Some(bytes) => {
                self.count(bytes.len());
                self.out.put_slice(bytes);
            }
        }
    }

    pub(super) fn string_list(&mut self, texts: &[String]) {
        self.short_count(texts.len());
        texts.iter().for_each(|text| self.string(text));
    }

    pub(super) fn inet(&mut self, address: IpAddr, port: u16) {
        match address {
            IpAddr::V4(v4) => {
                self.u8(4);
                self.out.put_slice(&v4.octets());
            }
            IpAddr::V6(v6) => {
                self.u8(16);
                self.out.put_slice(&v6.octets());
            }
        }
        self.i32(i32::from(port));
    }
}
