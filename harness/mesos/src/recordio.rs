//! RecordIO: how events follow each other on a stream. A decimal length, one line feed, then that many bytes.

/// Longest record that a [`Decoder`] takes by default: 16 MB, far above any burst of offers.
pub const MAX_RECORD: usize = 16 * 1024 * 1024;

/// A length has at most this many digits.
const MAX_DIGITS: usize = 20;

/// Puts a record behind what is in `out`.
pub fn encode(record: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(record.len().to_string().as_bytes());
    out.push(b'\n');
    out.extend_from_slice(record);
}

/// Why a stream is not RecordIO; nothing after it can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// A length is no number.
    #[error("the length of a record is not a decimal number: {0:?}")]
    BadLength(String),
    /// A record is longer than allowed.
    #[error("a record of {length} bytes is longer than the {max} allowed")]
    TooLong {
        /// As announced.
        length: usize,
        /// As allowed.
        max: usize,
    },
}

/// Takes bytes as they come and gives whole records.
#[derive(Clone, Debug)]
pub struct Decoder {
    buffer: Vec<u8>,
    max: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(MAX_RECORD)
    }
}

impl Decoder {
    /// A decoder that refuses records of more than `max` bytes.
    pub fn new(max: usize) -> Self {
        Self { buffer: Vec::new(), max }
    }

    /// Adds bytes. What has not been taken out with [`next_record`](Self::next_record) stays: take all records
    /// after each push, and no more than one record and the bytes just pushed are held.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes the next record out; `None` if it is not whole yet.
    ///
    /// # Errors
    /// A length that is no number or above the maximum; the stream is to be closed then.
    pub fn next_record(&mut self) -> Result<Option<Vec<u8>>, BadRecord> {
        let head = &self.buffer[..self.buffer.len().min(MAX_DIGITS + 1)];
        let Some(end) = head.iter().position(|byte| *byte == b'\n') else {
            let so_far_good = head.len() <= MAX_DIGITS && head.iter().all(u8::is_ascii_digit);
            return if so_far_good { Ok(None) } else { Err(bad_length(head)) };
        };
        let digits = &head[..end];
        let length = std::str::from_utf8(digits)
            .ok()
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| bad_length(digits))?;
        if length > self.max {
            return Err(BadRecord::TooLong { length, max: self.max });
        }
        if self.buffer.len() - end - 1 < length {
            return Ok(None);
        }
        let record = self.buffer[end + 1..end + 1 + length].to_vec();
        self.buffer.drain(..end + 1 + length);
        Ok(Some(record))
    }
}

fn bad_length(bytes: &[u8]) -> BadRecord {
    BadRecord::BadLength(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn writes_what_mesos_writes() {
        let mut bytes = Vec::new();
        encode(br#"{"type":"HEARTBEAT"}"#, &mut bytes);
        assert_eq!(bytes, b"20\n{\"type\":\"HEARTBEAT\"}");
    }

    #[test]
    fn refuses_what_is_not_recordio() {
        for (bytes, max) in [(&b"x\n"[..], 9), (b"\nabc", 9), (b"-1\n", 9), (b"+1\na", 9), (b"10\n", 9)] {
            let mut decoder = Decoder::new(max);
            decoder.push(bytes);
            assert!(decoder.next_record().is_err(), "{bytes:?}");
        }
        let mut endless = Decoder::default();
        endless.push(&[b'1'; 30]);
        assert!(endless.next_record().is_err());
    }

    proptest! {
        #[test]
        fn records_survive_any_cutting(
            records in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..6),
            step in 1usize..20,
        ) {
            let mut bytes = Vec::new();
            for record in &records {
                encode(record, &mut bytes);
            }
            let mut decoder = Decoder::default();
            let mut read = Vec::new();
            for chunk in bytes.chunks(step) {
                decoder.push(chunk);
                while let Some(record) = decoder.next_record().unwrap() {
                    read.push(record);
                }
            }
            prop_assert_eq!(read, records);
        }

        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut decoder = Decoder::new(64);
            decoder.push(&bytes);
            while let Ok(Some(_)) = decoder.next_record() {}
        }
    }
}
