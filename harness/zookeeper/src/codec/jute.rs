//! Jute's primitives: integers, booleans, buffers, strings, vectors. All big-endian.

use bytes::Bytes;

use crate::model::{Acl, Stat};

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end too early.
    #[error("the frame ends within {0}")]
    Truncated(&'static str),
    /// A length or count below −1 or beyond the frame.
    #[error("a length of {0} is not possible here")]
    Length(i32),
    /// A null where there must be a value.
    #[error("{0} is null")]
    Null(&'static str),
    /// A number without a meaning here.
    #[error("{what} {number} is not known")]
    Unknown {
        /// What kind of number.
        what: &'static str,
        /// The number.
        number: i32,
    },
}

/// Reads from the front of a slice.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn take<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(DecodeError::Truncated(what))?;
        self.rest = rest;
        Ok(*head)
    }

    pub(super) fn int(&mut self) -> Result<i32, DecodeError> {
        self.take("an int").map(i32::from_be_bytes)
    }

    pub(super) fn long(&mut self) -> Result<i64, DecodeError> {
        self.take("a long").map(i64::from_be_bytes)
    }

    /// As Java reads it: whatever is not zero is true.
    pub(super) fn boolean(&mut self) -> Result<bool, DecodeError> {
        self.take::<1>("a boolean").map(|[byte]| byte != 0)
    }

    /// The bytes of a buffer; `None` for a null one.
    pub(super) fn slice(&mut self) -> Result<Option<&'a [u8]>, DecodeError> {
        let length = self.int()?;
        if length == -1 {
            return Ok(None);
        }
        let wanted = usize::try_from(length).map_err(|_| DecodeError::Length(length))?;
        let (head, rest) = self.rest.split_at_checked(wanted).ok_or(DecodeError::Length(length))?;
        self.rest = rest;
        Ok(Some(head))
    }

    /// A buffer of its own: a small value must not keep a whole read buffer alive.
    pub(super) fn buffer(&mut self) -> Result<Option<Bytes>, DecodeError> {
        Ok(self.slice()?.map(Bytes::copy_from_slice))
    }

    /// A string that may not be null. Broken UTF-8 is replaced, as Java does.
    pub(super) fn string(&mut self, what: &'static str) -> Result<String, DecodeError> {
        let bytes = self.slice()?.ok_or(DecodeError::Null(what))?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// The items of a vector; `None` for a null one. `smallest` is the size of the smallest item: a count that
    /// could not fit into the rest of the frame is refused before anything is reserved for it.
    pub(super) fn vector<T>(
        &mut self,
        smallest: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let count = self.int()?;
        if count == -1 {
            return Ok(None);
        }
        let wanted = usize::try_from(count).map_err(|_| DecodeError::Length(count))?;
        if wanted > self.rest.len() / smallest {
            return Err(DecodeError::Length(count));
        }
        (0..wanted).map(|_| item(self)).collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn strings(&mut self, what: &'static str) -> Result<Vec<String>, DecodeError> {
        Ok(self.vector(4, |reader| reader.string(what))?.unwrap_or_default())
    }

    pub(super) fn acl(&mut self) -> Result<Option<Vec<Acl>>, DecodeError> {
        self.vector(12, |reader| {
            let perms = reader.int()?;
            Ok(Acl { perms, scheme: reader.string("an ACL's scheme")?, id: reader.string("an ACL's id")? })
        })
    }

    pub(super) fn stat(&mut self) -> Result<Stat, DecodeError> {
        Ok(Stat {
            czxid: self.long()?,
            mzxid: self.long()?,
            ctime: self.long()?,
            mtime: self.long()?,
            version: self.int()?,
            cversion: self.int()?,
            aversion: self.int()?,
            ephemeral_owner: self.long()?,
            data_length: self.int()?,
            num_children: self.int()?,
            pzxid: self.long()?,
        })
    }
}

/// Appends to a frame.
pub(super) trait Writer {
    fn int(&mut self, value: i32);
    fn long(&mut self, value: i64);
    fn boolean(&mut self, value: bool);
    fn buffer(&mut self, value: Option<&[u8]>);
    fn string(&mut self, value: &str);
    fn strings(&mut self, values: &[String]);
    fn acl(&mut self, list: Option<&[Acl]>);
    fn stat(&mut self, stat: &Stat);
}

impl Writer for Vec<u8> {
    fn int(&mut self, value: i32) {
        self.extend_from_slice(&value.to_be_bytes());
    }

    fn long(&mut self, value: i64) {
        self.extend_from_slice(&value.to_be_bytes());
    }

    fn boolean(&mut self, value: bool) {
        self.push(u8::from(value));
    }

    fn buffer(&mut self, value: Option<&[u8]>) {
        match value {
            Some(bytes) => {
                self.int(count(bytes.len()));
                self.extend_from_slice(bytes);
            }
            None => self.int(-1),
        }
    }

    fn string(&mut self, value: &str) {
        self.buffer(Some(value.as_bytes()));
    }

    fn strings(&mut self, values: &[String]) {
        self.int(count(values.len()));
        for value in values {
            self.string(value);
        }
    }

    fn acl(&mut self, list: Option<&[Acl]>) {
        let Some(list) = list else { return self.int(-1) };
        self.int(count(list.len()));
        for entry in list {
            self.int(entry.perms);
            self.string(&entry.scheme);
            self.string(&entry.id);
        }
    }

    fn stat(&mut self, stat: &Stat) {
        self.long(stat.czxid);
        self.long(stat.mzxid);
        self.long(stat.ctime);
        self.long(stat.mtime);
        self.int(stat.version);
        self.int(stat.cversion);
        self.int(stat.aversion);
        self.long(stat.ephemeral_owner);
        self.int(stat.data_length);
        self.int(stat.num_children);
        self.long(stat.pzxid);
    }
}

/// A length on the wire. What is longer than 2 GiB cannot be sent at all; the frame's own limit is far below.
fn count(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}
