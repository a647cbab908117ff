//! Cron texts as the original's library of 2016 reads them: five or six fields, seconds first, or a descriptor.
//!
//! Times are UTC here, where the original takes the server's local time: a schedule means the same on every machine, and
//! there is no day on which an hour is missing or there twice.

use std::time::Duration;

use stacklab_machine::Time;

use super::duration;

/// Set beside the values of a field in which a star or a question mark stood.
const STAR: u64 = 1 << 63;
/// Every value that any field has.
const ALL: u64 = STAR - 1;
const DAY: u64 = 24 * 60 * 60;
/// A schedule that does not fire within so many calendar years beyond the present one never does.
const YEARS: i64 = 5;

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A text that is no schedule. The original swallows this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadCron(pub String);

/// When something is to start, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cron {
    /// At the seconds at which all fields match.
    Fields(Fields),
    /// So long after the time before, in whole seconds.
    Every(Duration),
}

/// Which values match, a bit for each, and [`STAR`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    second: u64,
    minute: u64,
    hour: u64,
    day: u64,
    month: u64,
    weekday: u64,
}

impl Cron {
    /// Reads `sec min hour day month [weekday]`, `@every <duration>`, or `@hourly` and the like.
    ///
    /// # Errors
    /// It is none of these.
    pub fn parse(text: &str) -> Result<Self, BadCron> {
        if text.starts_with('@') {
            return descriptor(text);
        }
        let fields: Vec<_> = text.split_whitespace().collect();
        let (second, minute, hour, day, month, weekday) = match fields[..] {
            [second, minute, hour, day, month] => (second, minute, hour, day, month, "*"),
            [second, minute, hour, day, month, weekday] => (second, minute, hour, day, month, weekday),
            _ => return Err(BadCron(format!("Expected 5 or 6 fields, found {}: {text}", fields.len()))),
        };
        Ok(Self::Fields(Fields {
            second: field(second, 0, 59, &[])?,
            minute: field(minute, 0, 59, &[])?,
            hour: field(hour, 0, 23, &[])?,
            day: field(day, 1, 31, &[])?,
            month: field(month, 1, 12, MONTHS)?,
            weekday: field(weekday, 0, 6, WEEKDAYS)?,
        }))
    }

    /// The first time after this one; `None` if there is none in the next five years.
    pub fn next(&self, after: Time) -> Option<Time> {
        let seconds = after.as_micros() / 1_000_000;
        match self {
            Self::Every(wait) => Some(at_second(seconds) + *wait),
            Self::Fields(fields) => fields.next(seconds + 1).map(at_second),
        }
    }
}

fn at_second(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

impl Fields {
    /// The first second from `start` on that matches; both since the epoch.
    fn next(&self, start: u64) -> Option<u64> {
        let last_year = at_second(start).utc().0 + YEARS;
        let mut second = start % DAY;
        for number in start / DAY.. {
            let (year, month, day, ..) = at_second(number * DAY).utc();
            if year > last_year {
                return None;
            }
            // The first of January 1970 was a Thursday.
            let weekday = (number + 4) % 7;
            if has(self.month, u64::from(month))
                && self.has_day(u64::from(day), weekday)
                && let Some(found) = self.next_on_day(second)
            {
                return Some(number * DAY + found);
            }
            second = 0;
        }
        None
    }

    /// Either of the two days is enough, unless one of them is a star: then both have to match.
    fn has_day(&self, day: u64, weekday: u64) -> bool {
        let (by_day, by_weekday) = (has(self.day, day), has(self.weekday, weekday));
        if (self.day | self.weekday) & STAR != 0 { by_day && by_weekday } else { by_day || by_weekday }
    }

    /// The first matching second of a day from this one on.
    fn next_on_day(&self, start: u64) -> Option<u64> {
        let matching = |bits: u64, from: u64, to: u64| (from..to).filter(move |value| has(bits, *value));
        for hour in matching(self.hour, start / 3600, 24) {
            let from = start.saturating_sub(hour * 3600);
            for minute in matching(self.minute, from / 60, 60) {
                let from = from.saturating_sub(minute * 60);
                if let Some(second) = matching(self.second, from, 60).next() {
                    return Some(hour * 3600 + minute * 60 + second);
                }
            }
        }
        None
    }
}

fn has(bits: u64, value: u64) -> bool {
    bits >> value & 1 == 1
}

fn descriptor(text: &str) -> Result<Cron, BadCron> {
    if let Some(wait) = text.strip_prefix("@every ") {
        let wait = duration::parse(wait)
            .ok_or_else(|| BadCron(format!("Failed to parse duration {text}: invalid duration {wait:?}")))?;
        return Ok(Cron::Every(Duration::from_secs(wait.as_secs().max(1))));
    }
    let (day, month, weekday) = match text {
        "@yearly" | "@annually" => (1 << 1, 1 << 1, ALL | STAR),
        "@monthly" => (1 << 1, ALL, ALL | STAR),
        "@weekly" => (ALL | STAR, ALL, 1),
        "@daily" | "@midnight" | "@hourly" => (ALL | STAR, ALL, ALL | STAR),
        _ => return Err(BadCron(format!("Unrecognized descriptor: {text}"))),
    };
    let hour = if text == "@hourly" { ALL } else { 1 };
    Ok(Cron::Fields(Fields { second: 1, minute: 1, hour, day, month, weekday }))
}

/// Reads a list of ranges. Empty items count as not there: a field of commas matches nothing.
fn field(text: &str, min: u64, max: u64, names: &[&str]) -> Result<u64, BadCron> {
    let mut bits = 0;
    for item in text.split(',').filter(|item| !item.is_empty()) {
        bits |= range(item, min, max, names)?;
    }
    Ok(bits)
}

/// Reads `*`, `?`, `n` or `n-m`, each with `/step`; `n/step` means from n on.
fn range(text: &str, min: u64, max: u64, names: &[&str]) -> Result<u64, BadCron> {
    let (values, step) = match text.split('/').collect::<Vec<_>>()[..] {
        [values] => (values, None),
        [values, step] => (values, Some(number(step, text)?)),
        _ => return Err(BadCron(format!("Too many slashes: {text}"))),
    };
    let value = |word: &str| {
        let at = names.iter().position(|name| name.eq_ignore_ascii_case(word));
        at.map_or_else(|| number(word, text), |at| Ok(at as u64 + min))
    };
    let (mut star, single) = (0, !values.contains('-'));
    let (start, mut end) = match values.split('-').collect::<Vec<_>>()[..] {
        ["*" | "?", ..] => {
            star = STAR;
            (min, max)
        }
        [one] => (value(one)?, value(one)?),
        [low, high] => (value(low)?, value(high)?),
        _ => return Err(BadCron(format!("Too many hyphens: {text}"))),
    };
    if single && step.is_some() {
        end = max;
    }
    if start < min {
        return Err(BadCron(format!("Beginning of range ({start}) below minimum ({min}): {text}")));
    }
    if end > max {
        return Err(BadCron(format!("End of range ({end}) above maximum ({max}): {text}")));
    }
    if start > end {
        return Err(BadCron(format!("Beginning of range ({start}) beyond end of range ({end}): {text}")));
    }
    let step = usize::try_from(step.unwrap_or(1)).unwrap_or(usize::MAX);
    if step == 0 {
        // The original never comes back from this.
        return Err(BadCron(format!("Step of range should be a positive number: {text}")));
    }
    Ok((start..=end).step_by(step).fold(star, |bits, value| bits | 1 << value))
}

/// Reads a number as Go's Atoi does.
fn number(word: &str, text: &str) -> Result<u64, BadCron> {
    match word.parse::<i64>() {
        Ok(number) => u64::try_from(number)
            .map_err(|_| BadCron(format!("Negative number ({number}) not allowed: {text}"))),
        Err(_) => Err(BadCron(format!(
            "Failed to parse int from {text}: strconv.ParseInt: parsing {word:?}: invalid syntax"
        ))),
    }
}

#[cfg(test)]
#[path = "cron_tests.rs"]
mod tests;
