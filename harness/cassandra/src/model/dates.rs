//! Dates and times of day in statements.

/// Whether a text is a whole number, with a sign or without.
pub(super) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `2016-03-01`, `2016-03-01 12:30[:15[.250]]`, with `T` or a blank, and `Z` or `+0100` behind; UTC if nothing is.
pub(super) fn timestamp(text: &str) -> Option<i64> {
    let end = text.find([' ', 'T', 'Z', '+']).unwrap_or(text.len());
    // A zone may follow the date at once: its sign is the third.
    let end = text[..end].match_indices('-').nth(2).map_or(end, |(at, _)| at);
    let midnight = day(&text[..end])? * 86_400_000;
    let rest = &text[end..];
    let (clock, zone) = match rest.rfind(['+', '-', 'Z']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let clock = clock.trim_start_matches(['T', ' ']).trim_end();
    let of_day = if clock.is_empty() { 0 } else { clock_millis(clock)? };
    Some(midnight + of_day - zone_millis(zone)?)
}

/// Days since 1970 of `2016-3-1`.
pub(super) fn day(text: &str) -> Option<i64> {
    let mut parts = text.split('-').map(str::parse::<i64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let is_date = parts.next().is_none() && (1..=12).contains(&month) && (1..=days).contains(&day);
    is_date.then(|| days_from_civil(year, month, day))
}

fn zone_millis(zone: &str) -> Option<i64> {
    let sign = match zone.chars().next() {
        None | Some('Z') => return Some(0),
        Some('-') => -1,
        _ => 1,
    };
    let digits = zone[1..].replace(':', "");
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = if minutes.is_empty() { 0 } else { minutes.parse::<i64>().ok()? };
    Some(sign * (hours.parse::<i64>().ok()? * 60 + minutes) * 60_000)
}

/// ms since midnight of `12:30`, `12:30:15`, `12:30:15.250`.
fn clock_millis(text: &str) -> Option<i64> {
    let seconds = if text.matches(':').count() == 1 { ":00" } else { "" };
    Some(time_of_day(&format!("{text}{seconds}"))? / 1_000_000)
}

/// ns since midnight, as a number.
pub(super) fn nanos_of_day(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|nanos| (0..86_400_000_000_000).contains(nanos))
}

/// ns since midnight of `12:30:15`, `12:30:15.250`.
pub(super) fn time_of_day(text: &str) -> Option<i64> {
    let mut parts = text.trim().splitn(3, ':');
    let hours = parts.next()?.parse::<i64>().ok().filter(|hours| (0..24).contains(hours))?;
    let minutes = parts.next()?.parse::<i64>().ok().filter(|minutes| (0..60).contains(minutes))?;
    let (seconds, fraction) = parts.next().map(|text| text.split_once('.').unwrap_or((text, "")))?;
    if fraction.len() > 9 {
        return None;
    }
    let fraction = if fraction.is_empty() { 0 } else { format!("{fraction:0<9}").parse::<i64>().ok()? };
    let seconds = seconds.parse::<i64>().ok().filter(|seconds| (0..60).contains(seconds))?;
    Some(((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000 + fraction)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates() {
        for (text, millis) in [
            ("1970-01-01", 0),
            ("2016-03-01", 1_456_790_400_000),
            ("2016-3-1", 1_456_790_400_000),
            ("2016-03-01-0100", 1_456_794_000_000),
            ("2015-06-24T15:04:05.123Z", 1_435_158_245_123),
            ("2015-06-24 17:04:05+0200", 1_435_158_245_000),
            ("2000-02-29 00:00", 951_782_400_000),
        ] {
            assert_eq!(timestamp(text), Some(millis), "{text}");
        }
        for text in ["yesterday", "2016-13-01", "2015-02-30", "2015-06", ""] {
            assert_eq!(timestamp(text), None, "{text}");
        }
        assert_eq!(time_of_day("12:34"), None);
        assert_eq!(time_of_day("00:00:01.5"), Some(1_500_000_000));
    }
}
