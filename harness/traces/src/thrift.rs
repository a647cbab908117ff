//! Thrift's TBinaryProtocol, as far as Zipkin speaks it: structs without a message header, big-endian.
//!
//! Limits are those of Zipkin 1.14: a text of up to 1 MiB, a list of up to 10,000 entries. Nesting, which the
//! original does not limit, ends at [`MAX_DEPTH`].

use std::borrow::Cow;

/// Longest text or byte string, in bytes.
pub const MAX_STRING: usize = 1024 * 1024;
/// Longest list.
pub const MAX_LIST: usize = 10_000;
/// Deepest nesting of unknown fields that is skipped.
pub const MAX_DEPTH: usize = 64;

/// Type bytes of the wire.
pub mod kind {
    #![allow(missing_docs)]
    pub const STOP: u8 = 0;
    pub const BOOL: u8 = 2;
    pub const BYTE: u8 = 3;
    pub const DOUBLE: u8 = 4;
    pub const I16: u8 = 6;
    pub const I32: u8 = 8;
    pub const I64: u8 = 10;
    pub const STRING: u8 = 11;
    pub const STRUCT: u8 = 12;
    pub const MAP: u8 = 13;
    pub const SET: u8 = 14;
    pub const LIST: u8 = 15;
}

/// Why bytes are not what they should be. The texts begin as Zipkin 1.14's do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// There are no bytes at all.
    #[error("Empty input reading {what}")]
    Empty {
        /// `Span` or `List<Span>`.
        what: &'static str,
    },
    /// The bytes end too early, or a length is out of its limits.
    #[error("Malformed reading {what} from TBinary: ")]
    Malformed {
        /// `Span` or `List<Span>`.
        what: &'static str,
    },
    /// Something else is wrong.
    #[error("{why} reading {what} from TBinary: ")]
    Refused {
        /// In the original's words: the field that is missing, `Error` where it has none.
        why: Cow<'static, str>,
        /// `Span` or `List<Span>`.
        what: &'static str,
    },
}

/// Why a value could not be read; becomes a [`DecodeError`] where it is known what was being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The bytes end too early, or a length is out of its limits.
    Malformed,
    /// Something else is wrong, in the original's words.
    Refused(Cow<'static, str>),
}

impl Fault {
    /// A field is missing.
    pub const fn missing(field: &'static str) -> Self {
        Self::Refused(Cow::Borrowed(field))
    }

    /// What the original has no words for.
    const fn nameless() -> Self {
        Self::missing("Error")
    }

    /// The error for somebody who wanted a `what`.
    pub fn reading(self, what: &'static str) -> DecodeError {
        match self {
            Self::Malformed => DecodeError::Malformed { what },
            Self::Refused(why) => DecodeError::Refused { why, what },
        }
    }
}

/// Takes values off the front of a byte slice.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Fault::Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        self.take(N)?.try_into().map_err(|_| Fault::Malformed)
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.array::<1>()?[0])
    }

    /// A 16-bit number.
    pub fn i16(&mut self) -> Result<i16, Fault> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    /// A 32-bit number.
    pub fn i32(&mut self) -> Result<i32, Fault> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    /// A 64-bit number.
    pub fn i64(&mut self) -> Result<i64, Fault> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    /// A length; `negative` is what the original says to one below zero.
    fn length(&mut self, limit: usize, negative: impl FnOnce(i32) -> Fault) -> Result<usize, Fault> {
        let length = self.i32()?;
        let length = usize::try_from(length).map_err(|_| negative(length))?;
        if length > limit { Err(Fault::Malformed) } else { Ok(length) }
    }

    /// A byte string.
    pub fn bytes(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.length(MAX_STRING, |_| Fault::nameless())?;
        self.take(length)
    }

    /// Passes over so many bytes; the original has no words for their end.
    fn pass(&mut self, count: usize) -> Result<(), Fault> {
        self.take(count).map(drop).map_err(|_| Fault::nameless())
    }

    /// A text; what is not UTF-8 in it becomes U+FFFD, as in Java.
    pub fn text(&mut self) -> Result<String, Fault> {
        self.bytes().map(|bytes| match String::from_utf8_lossy(bytes) {
            Cow::Borrowed(text) => text.to_owned(),
            Cow::Owned(text) => text,
        })
    }

    /// The head of a field, (type, id), or `None` at the end of the struct.
    pub fn field(&mut self) -> Result<Option<(u8, i16)>, Fault> {
        match self.byte()? {
            kind::STOP => Ok(None),
            kind => Ok(Some((kind, self.i16()?))),
        }
    }

    /// A list, whatever its head says about the type of its entries (Zipkin ignores it too).
    pub fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
        self.byte()?;
        let negative = |length| Fault::Refused(format!("Illegal Capacity: {length}").into());
        let length = self.length(MAX_LIST, negative)?;
        // An entry takes a byte at least: a length that lies does not allocate.
        let mut items = Vec::with_capacity(length.min(self.rest.len()));
        for _ in 0..length {
            items.push(read(self)?);
        }
        Ok(items)
    }

    /// How many entries a container has that is passed over: one of fewer than none has none.
    fn entries(&mut self) -> Result<usize, Fault> {
        let length = self.i32()?;
        let length = usize::try_from(length).unwrap_or(0);
        if length > MAX_LIST { Err(Fault::Malformed) } else { Ok(length) }
    }

    /// Passes over a value of the given type.
    pub fn skip(&mut self, kind: u8) -> Result<(), Fault> {
        self.skip_below(kind, MAX_DEPTH)
    }

    fn skip_below(&mut self, kind: u8, depth: usize) -> Result<(), Fault> {
        let below = depth.checked_sub(1).ok_or(Fault::Malformed)?;
        match kind {
            kind::BOOL | kind::BYTE => self.pass(1),
            kind::I16 => self.pass(2),
            kind::I32 => self.pass(4),
            kind::I64 | kind::DOUBLE => self.pass(8),
            kind::STRING => {
                let length = self.length(MAX_STRING, |_| Fault::nameless())?;
                self.pass(length)
            }
            kind::STRUCT => {
                while let Some((kind, _)) = self.field()? {
                    self.skip_below(kind, below)?;
                }
                Ok(())
            }
            kind::MAP => {
                let (key, value) = (self.byte()?, self.byte()?);
                for _ in 0..self.entries()? {
                    self.skip_below(key, below)?;
                    self.skip_below(value, below)?;
                }
                Ok(())
            }
            kind::SET | kind::LIST => {
                let entry = self.byte()?;
                for _ in 0..self.entries()? {
                    self.skip_below(entry, below)?;
                }
                Ok(())
            }
            // The original passes over nothing for a type that it does not know.
            _ => Ok(()),
        }
    }
}

/// Puts values at the end of a byte vector.
#[derive(Debug, Default, Clone)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn head(&mut self, kind: u8, id: i16) {
        self.bytes.push(kind);
        self.bytes.extend(id.to_be_bytes());
    }

    /// A bool field.
    pub fn bool(&mut self, id: i16, value: bool) {
        self.head(kind::BOOL, id);
        self.bytes.push(u8::from(value));
    }

    /// A 16-bit field.
    pub fn i16(&mut self, id: i16, value: i16) {
        self.head(kind::I16, id);
        self.bytes.extend(value.to_be_bytes());
    }

    /// A 32-bit field.
    pub fn i32(&mut self, id: i16, value: i32) {
        self.head(kind::I32, id);
        self.bytes.extend(value.to_be_bytes());
    }

    /// A 64-bit field.
    pub fn i64(&mut self, id: i16, value: i64) {
        self.head(kind::I64, id);
        self.bytes.extend(value.to_be_bytes());
    }

    /// A text or byte string field.
    pub fn string(&mut self, id: i16, value: &[u8]) {
        self.head(kind::STRING, id);
        self.length(value.len());
        self.bytes.extend(value);
    }

    /// A struct field; `write` writes its fields.
    pub fn structure(&mut self, id: i16, write: impl FnOnce(&mut Self)) {
        self.head(kind::STRUCT, id);
        write(self);
        self.stop();
    }

    /// A field that is a list of structs.
    pub fn list<T>(&mut self, id: i16, items: &[T], write: impl FnMut(&mut Self, &T)) {
        self.head(kind::LIST, id);
        self.bare_list(items, write);
    }

    /// A list of structs without a field around it.
    pub fn bare_list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.bytes.push(kind::STRUCT);
        self.length(items.len());
        for item in items {
            write(self, item);
            self.stop();
        }
    }

    /// The end of a struct.
    pub fn stop(&mut self) {
        self.bytes.push(kind::STOP);
    }

    // Nothing here is longer than an i32 can say: values come out of messages that are far smaller.
    fn length(&mut self, length: usize) {
        self.bytes.extend((length as u32).to_be_bytes());
    }
}
