//! The log of one partition, in memory: segments of whole items, looked up by offset.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use stacklab_machine::Time;

use super::ErrorCode;
use super::message::MessageError;
use super::message_set::{self, Numbered};

/// How large a log and its parts may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLimits {
    /// A segment is closed before it would grow beyond this.
    pub segment_bytes: usize,
    /// The longest item, offset and size included.
    pub message_max_bytes: usize,
    /// The oldest segments go when the rest is still at least this large; `None` for no bound.
    pub retention_bytes: Option<u64>,
    /// A segment goes when nothing was appended to it for so long.
    pub retention: Duration,
    /// The oldest segments go as soon as the log is larger than this, for it is kept in memory.
    pub memory_bytes: usize,
}

impl LogLimits {
    /// The size at which a segment is closed: small enough that memory can be given back in time.
    fn segment_max(&self) -> usize {
        self.segment_bytes.min((self.memory_bytes / 4).max(self.message_max_bytes))
    }
}

/// Offsets that an append gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first message; −1 if there was none.
    pub first: i64,
    /// Offset behind the last one.
    pub next: i64,
}

/// Segments that went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped {
    /// How many segments.
    pub segments: usize,
    /// How many bytes.
    pub bytes: usize,
    /// Where the log now starts.
    pub start: i64,
}

#[derive(Debug)]
struct Segment {
    base: i64,
    data: BytesMut,
    /// Last offset and first byte of each item, ascending.
    items: Vec<(i64, usize)>,
    modified: Time,
}

impl Segment {
    fn new(base: i64, now: Time) -> Self {
        Self { base, data: BytesMut::new(), items: Vec::new(), modified: now }
    }

    /// The first byte of the item that holds `offset`, or of the first one behind it.
    fn position(&self, offset: i64) -> usize {
        let at = self.items.partition_point(|(last, _)| *last < offset);
        self.items.get(at).map_or(self.data.len(), |(_, position)| *position)
    }

    fn last(&self) -> Option<i64> {
        self.items.last().map(|(last, _)| *last)
    }
}

/// The log of one partition. Offsets are never used twice.
#[derive(Debug)]
pub struct PartitionLog {
    /// Never empty; the last one is appended to.
    segments: VecDeque<Segment>,
    next: i64,
    bytes: usize,
    limits: LogLimits,
}

impl PartitionLog {
    /// An empty log.
    pub fn new(now: Time, limits: LogLimits) -> Self {
        Self { segments: VecDeque::from([Segment::new(0, now)]), next: 0, bytes: 0, limits }
    }

    /// Offset of the first message that is still there.
    pub fn start(&self) -> i64 {
        self.segments[0].base
    }

    /// Offset that the next message will get.
    pub fn end(&self) -> i64 {
        self.next
    }

    /// Bytes of all segments.
    pub fn len_bytes(&self) -> usize {
        self.bytes
    }

    /// Appends what a producer sent, under new offsets.
    pub fn append(&mut self, now: Time, set: &Bytes) -> Result<Appended, ErrorCode> {
        let numbered = message_set::number(set, self.next, self.limits.message_max_bytes)?;
        if numbered.bytes.len() > self.limits.segment_bytes {
            return Err(ErrorCode::MESSAGE_SET_SIZE_TOO_LARGE);
        }
        if numbered.is_empty {
            return Ok(Appended { first: -1, next: self.next });
        }
        let first = self.next;
        if numbered.messages > 0 {
            self.take(now, &numbered);
        }
        Ok(Appended { first, next: self.next })
    }

    /// Appends what a leader sent, whose offsets stay. Items below the end are skipped.
    pub fn append_as_follower(&mut self, now: Time, set: &Bytes) -> Result<(), MessageError> {
        let mut numbered = message_set::numbered(set)?;
        let known = numbered.items.partition_point(|(last, _)| *last < self.next);
        if known > 0 {
            let cut = numbered.items.get(known).map_or(numbered.bytes.len(), |(_, position)| *position);
            numbered.bytes.drain(..cut);
            numbered.items.drain(..known);
            numbered.items.iter_mut().for_each(|(_, position)| *position -= cut);
        }
        if !numbered.items.is_empty() {
            self.take(now, &numbered);
        }
        Ok(())
    }

    fn take(&mut self, now: Time, numbered: &Numbered) {
        let full = self.limits.segment_max();
        if self.active().data.len() + numbered.bytes.len() > full && !self.active().items.is_empty() {
            let base = self.next;
            self.segments.push_back(Segment::new(base, now));
        }
        let segment = self.active();
        let start = segment.data.len();
        segment.data.extend_from_slice(&numbered.bytes);
        segment.items.extend(numbered.items.iter().map(|(last, position)| (*last, start + position)));
        segment.modified = now;
        self.bytes += numbered.bytes.len();
        if let Some((last, _)) = numbered.items.last() {
            self.next = last + 1;
        }
    }

    fn active(&mut self) -> &mut Segment {
        let last = self.segments.len() - 1;
        &mut self.segments[last]
    }

    /// Up to `max_bytes` from the item that holds `offset` on, cut wherever the limit falls, and nothing that
    /// reaches `below`. At the end of the log it is empty. With a negative limit, or from above `below`, the original
    /// fails in a way that it has no code for.
    pub fn read(&self, offset: i64, max_bytes: i32, below: i64) -> Result<Bytes, ErrorCode> {
        let part = self.part(offset, max_bytes, below)?;
        Ok(part.map_or_else(Bytes::new, Bytes::copy_from_slice))
    }

    /// How many bytes [`Self::read`] would give.
    pub fn available(&self, offset: i64, max_bytes: i32, below: i64) -> Result<usize, ErrorCode> {
        Ok(self.part(offset, max_bytes, below)?.map_or(0, <[u8]>::len))
    }

    fn segment_of(&self, offset: i64) -> Option<&Segment> {
        let at = self.segments.partition_point(|segment| segment.base <= offset).saturating_sub(1);
        // A segment may end before the offset that the next one begins with.
        self.segments.range(at..).find(|segment| segment.last().is_some_and(|last| last >= offset))
    }

    /// Where an offset lies: the offset with which its segment begins, and its first byte there. `None` if the log
    /// does not reach there, or no longer.
    pub fn place(&self, offset: i64) -> Option<(i64, usize)> {
        if offset < self.start() || offset > self.next {
            return None;
        }
        if offset == self.next {
            return self.segments.back().map(|segment| (segment.base, segment.data.len()));
        }
        self.segment_of(offset).map(|segment| (segment.base, segment.position(offset)))
    }

    fn part(&self, offset: i64, max_bytes: i32, below: i64) -> Result<Option<&[u8]>, ErrorCode> {
        if offset < self.start() || offset > self.next {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        if offset == self.next {
            return Ok(None);
        }
        let max_bytes = usize::try_from(max_bytes).map_err(|_| ErrorCode::UNKNOWN)?;
        if offset > below {
            return Err(ErrorCode::UNKNOWN);
        }
        Ok(self.segment_of(offset).and_then(|segment| {
            let start = segment.position(offset);
            let end = segment.position(below).min(start.saturating_add(max_bytes));
            segment.data.get(start..end)
        }))
    }

    /// Offsets at which segments begin, newest first, of those last written at or before `time` (in ms): what the
    /// Offsets request answers. −1 means now and puts the end in front, −2 the start of the log.
    pub fn offsets_before(&self, now: Time, time: i64, max: usize) -> Vec<i64> {
        let mut known: Vec<(i64, i64)> = self
            .segments
            .iter()
            .map(|segment| (segment.base, i64::try_from(segment.modified.as_millis()).unwrap_or(i64::MAX)))
            .collect();
        if self.segments.back().is_some_and(|segment| !segment.items.is_empty()) {
            known.push((self.next, i64::try_from(now.as_millis()).unwrap_or(i64::MAX)));
        }
        let count = match time {
            -1 => known.len(),
            -2 => 1,
            _ => known.iter().rposition(|(_, written)| *written <= time).map_or(0, |last| last + 1),
        };
        known[..count].iter().rev().take(max).map(|(offset, _)| *offset).collect()
    }

    /// Forgets everything from `offset` on: a follower does, up to what its leader has.
    pub fn truncate(&mut self, now: Time, offset: i64) {
        if offset >= self.next {
            return;
        }
        while self.segments.len() > 1 && self.segments.back().is_some_and(|segment| segment.base >= offset) {
            self.segments.pop_back();
        }
        let segment = self.active();
        if segment.base > offset {
            *segment = Segment::new(offset, now);
        }
        let position = segment.position(offset);
        segment.items.retain(|(last, _)| *last < offset);
        segment.data.truncate(position);
        self.next = offset;
        self.bytes = self.segments.iter().map(|segment| segment.data.len()).sum();
    }

    /// Forgets everything and begins anew at `offset`.
    pub fn restart_at(&mut self, now: Time, offset: i64) {
        self.segments = VecDeque::from([Segment::new(offset, now)]);
        self.next = offset;
        self.bytes = 0;
    }

    /// Drops the segments that are too old or too many for the retention. The original looks every 5 minutes.
    pub fn retain(&mut self, now: Time) -> Option<Dropped> {
        let limits = self.limits;
        let mut dropped = self.drop_while(now, |segment, _| now.since(segment.modified) > limits.retention);
        if let Some(bound) = limits.retention_bytes {
            let more = self.drop_while(now, |segment, bytes| (bytes - segment.data.len()) as u64 >= bound);
            dropped = add(dropped, more);
        }
        dropped
    }

    /// Drops the oldest segments if the log has become larger than the memory it may have.
    pub fn fit_memory(&mut self, now: Time) -> Option<Dropped> {
        let bound = self.limits.memory_bytes;
        self.drop_while(now, |_, bytes| bytes > bound)
    }

    fn drop_while(&mut self, now: Time, goes: impl Fn(&Segment, usize) -> bool) -> Option<Dropped> {
        let (mut segments, mut bytes) = (0, 0);
        while !self.segments[0].items.is_empty() && goes(&self.segments[0], self.bytes) {
            if self.segments.len() == 1 {
                self.segments.push_back(Segment::new(self.next, now));
            }
            let Some(segment) = self.segments.pop_front() else { break };
            segments += 1;
            bytes += segment.data.len();
            self.bytes -= segment.data.len();
        }
        (segments > 0).then(|| Dropped { segments, bytes, start: self.start() })
    }
}

fn add(first: Option<Dropped>, second: Option<Dropped>) -> Option<Dropped> {
    match (first, second) {
        (Some(a), Some(b)) => {
            Some(Dropped { segments: a.segments + b.segments, bytes: a.bytes + b.bytes, start: b.start })
        }
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::super::compression::Codec;
    use super::super::message::put_message;
    use super::*;

    const LIMITS: LogLimits = LogLimits {
        segment_bytes: 100,
        message_max_bytes: 100,
        retention_bytes: None,
        retention: Duration::from_secs(60),
        memory_bytes: 1 << 20,
    };
    const ALL: i64 = i64::MAX;

    /// Messages of 27 bytes each.
    fn set(count: i64) -> Bytes {
        let mut bytes = Vec::new();
        for offset in 0..count {
            put_message(&mut bytes, offset, Codec::None, None, Some(b"v"));
        }
        bytes.into()
    }

    fn at(seconds: u64) -> Time {
        Time::SIM_START + Duration::from_secs(seconds)
    }

    fn filled(times: &[u64]) -> PartitionLog {
        let mut log = PartitionLog::new(at(0), LIMITS);
        for time in times {
            log.append(at(*time), &set(3)).unwrap();
        }
        log
    }

    #[test]
    fn appends_and_reads_across_segments() {
        let log = filled(&[0, 1, 2]);
        assert_eq!((log.start(), log.end(), log.len_bytes()), (0, 9, 243));
        assert_eq!(log.read(4, 1000, ALL).unwrap().len(), 54, "to the end of its segment");
        assert_eq!(log.read(4, 10, ALL).unwrap().len(), 10, "cut inside a header");
        assert_eq!(log.read(4, 1000, 5).unwrap().len(), 27, "nothing above the bound");
        assert_eq!(log.read(9, 1000, ALL), Ok(Bytes::new()));
        assert_eq!(log.read(10, 1000, ALL), Err(ErrorCode::OFFSET_OUT_OF_RANGE));
        assert_eq!(log.read(-1, 1000, ALL), Err(ErrorCode::OFFSET_OUT_OF_RANGE));
        assert_eq!(log.read(4, -1, ALL), Err(ErrorCode::UNKNOWN));
        assert_eq!(log.read(4, 1000, 3), Err(ErrorCode::UNKNOWN));
        assert_eq!(log.read(9, -1, ALL), Ok(Bytes::new()), "nothing is read there");
        assert_eq!((log.place(2), log.place(3), log.place(9)), (Some((0, 54)), Some((3, 0)), Some((6, 81))));
        assert_eq!((log.place(-1), log.place(10)), (None, None));
    }

    #[test]
    fn refuses_a_set_larger_than_a_segment() {
        let mut log = filled(&[]);
        assert_eq!(log.append(at(0), &set(4)), Err(ErrorCode::MESSAGE_SET_SIZE_TOO_LARGE));
        assert_eq!(log.append(at(0), &Bytes::new()), Ok(Appended { first: -1, next: 0 }));
        let mut nothing = Vec::new();
        put_message(&mut nothing, 0, Codec::Gzip, None, Some(&Codec::Gzip.compress(&[])));
        assert_eq!(log.append(at(0), &nothing.into()), Ok(Appended { first: 0, next: 0 }));
    }

    #[test]
    fn answers_time_lookups_by_segment() {
        let log = filled(&[0, 10, 20]);
        let ms = |seconds: u64| at(seconds).as_millis() as i64;
        let ask = |time, max| log.offsets_before(at(30), time, max);
        assert_eq!(ask(-1, 1), [9]);
        assert_eq!(ask(-1, 10), [9, 6, 3, 0]);
        assert_eq!(ask(-2, 10), [0]);
        assert_eq!(ask(ms(10), 10), [3, 0]);
        assert_eq!(ask(ms(29), 1), [6]);
        assert_eq!(ask(5, 10), [] as [i64; 0]);
        assert_eq!(ask(-3, 10), [] as [i64; 0]);
        assert_eq!(ask(-1, 0), [] as [i64; 0]);
        assert_eq!(filled(&[]).offsets_before(at(0), -1, 10), [0]);
    }

    #[test]
    fn drops_whole_segments_only() {
        let mut log = filled(&[0, 10, 20]);
        assert_eq!(log.retain(at(60)), None);
        assert_eq!(log.retain(at(65)), Some(Dropped { segments: 1, bytes: 81, start: 3 }));
        assert_eq!(log.read(2, 10, ALL), Err(ErrorCode::OFFSET_OUT_OF_RANGE));
        assert_eq!(log.retain(at(600)), Some(Dropped { segments: 2, bytes: 162, start: 9 }));
        assert_eq!((log.start(), log.end()), (9, 9), "offsets are not used again");
        log.limits.retention_bytes = Some(81);
        for _ in 0..3 {
            log.append(at(600), &set(3)).unwrap();
        }
        assert_eq!(log.retain(at(600)).unwrap().start, 15);
    }

    #[test]
    fn gives_memory_back() {
        let mut log = filled(&[0, 1, 2]);
        log.limits.memory_bytes = 200;
        assert_eq!(log.fit_memory(at(3)).unwrap().start, 3);
    }

    #[test]
    fn follows_a_leader() {
        let leader = filled(&[0, 1]);
        let mut follower = PartitionLog::new(at(0), LIMITS);
        let part = leader.read(0, 40, ALL).unwrap();
        follower.append_as_follower(at(0), &part).unwrap();
        assert_eq!(follower.end(), 1);
        follower.append_as_follower(at(0), &leader.read(0, 1000, ALL).unwrap()).unwrap();
        assert_eq!((follower.end(), follower.len_bytes()), (3, 81));
        follower.append_as_follower(at(0), &leader.read(3, 1000, ALL).unwrap()).unwrap();
        follower.truncate(at(0), 4);
        assert_eq!((follower.end(), follower.len_bytes()), (4, 108));
        follower.truncate(at(0), 3);
        follower.truncate(at(0), 1);
        assert_eq!((follower.start(), follower.end(), follower.len_bytes()), (0, 1, 27));
        follower.restart_at(at(0), 5);
        assert_eq!((follower.start(), follower.end()), (5, 5));
    }
}
