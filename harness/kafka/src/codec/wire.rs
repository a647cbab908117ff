//! The primitive types of the protocol, and how layouts are made of them. All integers are big-endian.

use bytes::{Buf, BufMut, Bytes};

/// Why bytes are no request or response. The connection they came on is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// There are fewer bytes than the layout wants.
    #[error("the frame ends too early")]
    Underflow,
    /// A text is null where it must not be.
    #[error("the frame holds a text that is null")]
    Text,
    /// A number that the original refuses.
    #[error("{what} has the invalid value {value}")]
    Range {
        /// What it is.
        what: &'static str,
        /// The number.
        value: i32,
    },
    /// A key that 0.8.2 does not know, ApiVersions among them.
    #[error("Wrong request type {0}")]
    UnknownKey(i16),
    /// A version that 0.8.2 refuses.
    #[error("Version {version} is invalid for request type {key}. Valid versions are 0 or 1.")]
    UnknownVersion {
        /// The request's key.
        key: i16,
        /// Its version.
        version: i16,
    },
}

/// Something with a layout.
pub(super) trait Wire: Sized {
    fn get(from: &mut Bytes) -> Result<Self, DecodeError>;
    fn put(&self, to: &mut Vec<u8>);
}

macro_rules! integers {
    ($($type:ty, $get:ident, $put:ident;)*) => {
        $(impl Wire for $type {
            fn get(from: &mut Bytes) -> Result<Self, DecodeError> {
                if from.remaining() < size_of::<Self>() {
                    return Err(DecodeError::Underflow);
                }
                Ok(from.$get())
            }

            fn put(&self, to: &mut Vec<u8>) {
                to.$put(*self);
            }
        })*
    };
}

integers! {
    i8, get_i8, put_i8;
    i16, get_i16, put_i16;
    i32, get_i32, put_i32;
    i64, get_i64, put_i64;
}

impl Wire for Option<String> {
    fn get(from: &mut Bytes) -> Result<Self, DecodeError> {
        let len = i16::get(from)?;
        if len < 0 {
            return Ok(None);
        }
        if from.remaining() < len as usize {
            return Err(DecodeError::Underflow);
        }
        let bytes = from.split_to(len as usize);
        // As Java reads it: what is not UTF-8 is replaced.
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn put(&self, to: &mut Vec<u8>) {
        match self {
            Some(text) => put_text(text, to),
            None => to.put_i16(-1),
        }
    }
}

impl Wire for String {
    fn get(from: &mut Bytes) -> Result<Self, DecodeError> {
        Option::get(from)?.ok_or(DecodeError::Text)
    }

    fn put(&self, to: &mut Vec<u8>) {
        put_text(self, to);
    }
}

/// Texts longer than the length field can say are cut at a character: they come from no client and no server.
fn put_text(text: &str, to: &mut Vec<u8>) {
    let limit = text.len().min(i16::MAX as usize);
    let end = (0..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    to.put_i16(end as i16);
    to.put_slice(&text.as_bytes()[..end]);
}

/// A message set: never null.
impl Wire for Bytes {
    fn get(from: &mut Bytes) -> Result<Self, DecodeError> {
        match usize::try_from(i32::get(from)?) {
            Ok(len) if len <= from.remaining() => Ok(from.split_to(len)),
            _ => Err(DecodeError::Underflow),
        }
    }

    fn put(&self, to: &mut Vec<u8>) {
        to.put_i32(self.len() as i32);
        to.put_slice(self);
    }
}

/// A negative count is an empty array: the original loops from 1 to it.
impl<T: Wire> Wire for Vec<T> {
    fn get(from: &mut Bytes) -> Result<Self, DecodeError> {
        let count = usize::try_from(i32::get(from)?).unwrap_or(0);
        // Every item takes a byte at least: a count beyond that is a lie that must not cost memory.
        if count > from.remaining() {
            return Err(DecodeError::Underflow);
        }
        let mut items = Self::with_capacity(count.min(1024));
        for _ in 0..count {
            items.push(T::get(from)?);
        }
        Ok(items)
    }

    fn put(&self, to: &mut Vec<u8>) {
        to.put_i32(self.len() as i32);
        self.iter().for_each(|item| item.put(to));
    }
}

/// A struct whose layout is its fields in order.
macro_rules! layout {
    ($(#[$meta:meta])* $vis:vis $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        $vis struct $name {
            $($(#[$field_meta])* $vis $field: $type,)*
        }

        impl Wire for $name {
            fn get(from: &mut Bytes) -> Result<Self, DecodeError> {
                Ok(Self { $($field: Wire::get(from)?,)* })
            }

            fn put(&self, to: &mut Vec<u8>) {
                $(self.$field.put(to);)*
            }
        }
    };
}

pub(super) use layout;
