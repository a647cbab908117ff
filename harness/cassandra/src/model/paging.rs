//! Where a page ended, as a client carries it to the next request.

use bytes::Bytes;

use crate::CqlError;

/// The end of a page: partition key, row, and how many rows LIMIT still allows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PagingState {
    pub(super) key: Bytes,
    pub(super) row: Vec<u8>,
    /// Whether the page ended with a deleted cell. The original then does not find the row again that it begins the
    /// next page with, and takes a page that is full for the last one.
    pub(super) ends_dead: bool,
    pub(super) remaining: usize,
}

impl PagingState {
    /// `u16` length and partition key, `u32` length and row, `u8`, `i32` remaining: opaque to clients, as in the original.
    pub(super) fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.key.len() + self.row.len() + 10);
        out.extend_from_slice(&u16::try_from(self.key.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend_from_slice(&self.key);
        out.extend_from_slice(&u32::try_from(self.row.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(&self.row);
        out.push(u8::from(self.ends_dead));
        out.extend_from_slice(&i32::try_from(self.remaining).unwrap_or(i32::MAX).to_be_bytes());
        Bytes::from(out)
    }

    pub(super) fn decode(bytes: &Bytes) -> Result<Self, CqlError> {
        Self::parse(bytes).ok_or_else(|| CqlError::Protocol("Invalid value for the paging state".to_owned()))
    }

    fn parse(bytes: &Bytes) -> Option<Self> {
        let (length, rest) = bytes.split_at_checked(2)?;
        let (key, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(length.try_into().ok()?)))?;
        let (length, rest) = rest.split_at_checked(4)?;
        let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
        let (row, rest) = rest.split_at_checked(length)?;
        let (dead, rest) = rest.split_first()?;
        let remaining = i32::from_be_bytes(rest.try_into().ok()?);
        Some(Self {
            key: bytes.slice_ref(key),
            row: row.to_vec(),
            ends_dead: *dead != 0,
            remaining: usize::try_from(remaining).ok().filter(|left| *left > 0)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_the_way_to_a_client_and_back() {
        let state =
            PagingState { key: Bytes::from_static(b"k"), row: vec![0, 255], ends_dead: true, remaining: 7 };
        assert_eq!(PagingState::decode(&state.encode()), Ok(state.clone()));
        let bytes = state.encode();
        for cut in 0..bytes.len() {
            assert!(PagingState::decode(&bytes.slice(..cut)).is_err(), "{cut}");
        }
    }
}
