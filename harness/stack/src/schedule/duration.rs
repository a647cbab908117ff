//! Durations as Go writes them: `1h30m`, `1.5s`, `17s`.

use std::time::Duration;

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration; `None` if it is none, or longer than Go can count (292 years). What lies below zero counts as zero.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut nanos = 0_u64;
    loop {
        let (whole, after) = digits(rest);
        let (fraction, after) = after.strip_prefix('.').map_or(("", after), digits);
        let unit_end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let unit = UNITS.iter().find(|(name, _)| *name == &after[..unit_end])?.1;
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        nanos = nanos.checked_add(whole.checked_mul(unit)?)?.checked_add(part(fraction, unit))?;
        rest = &after[unit_end..];
        if rest.is_empty() {
            break;
        }
    }
    if nanos > i64::MAX as u64 {
        return None;
    }
    Some(if negative { Duration::ZERO } else { Duration::from_nanos(nanos) })
}

/// A fraction of a unit, cut to whole nanoseconds.
fn part(fraction: &str, unit: u64) -> u64 {
    let mut scale = unit;
    let mut sum = 0;
    for digit in fraction.bytes().take(18) {
        // A tenth of a unit for each place, as far as that is whole nanoseconds.
        sum += u64::from(digit - b'0') * scale / 10;
        scale /= 10;
    }
    sum
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        for (text, millis) in [
            ("17s", Some(17_000)),
            ("1h30m", Some(5_400_000)),
            ("1.5s", Some(1_500)),
            (".5m", Some(30_000)),
            ("1.s", Some(1_000)),
            ("2m0.25s", Some(120_250)),
            ("+3ms", Some(3)),
            ("-3s", Some(0)),
            ("0", Some(0)),
            ("", None),
            ("17", None),
            ("s", None),
            (".s", None),
            ("1d", None),
            ("1 s", None),
            ("1s ", None),
            ("300000000000h", None),
        ] {
            assert_eq!(parse(text).map(|wait| wait.as_millis()), millis, "{text}");
        }
    }
}
