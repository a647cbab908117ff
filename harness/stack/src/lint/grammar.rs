//! The small languages of task parameters: times, ids, ranges, maps, constraints.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

/// Whether a text is a *Period*, the time grammar of Kafka-Mesos: `10m`, `30d`, `0`.
pub(super) fn is_period(text: &str) -> bool {
    let number = ["ms", "s", "m", "h", "d"].iter().filter_map(|unit| text.strip_suffix(unit));
    text == "0" || number.into_iter().any(|number| number.parse::<u64>().is_ok())
}

/// Whether a text is a *Duration* of Scala, the time grammar of the others: `30min`, `60 s`, `2 minutes`.
pub(super) fn is_duration(text: &str) -> bool {
    const UNITS: &str = " d day days h hour hours min minute minutes s sec secs second seconds ms milli millis \
                         millisecond milliseconds µs micro micros microsecond microseconds ns nano nanos nanosecond \
                         nanoseconds ";
    let text = text.trim();
    let Some(at) = text.find(|c: char| !c.is_ascii_digit()) else { return false };
    let (number, unit) = text.split_at(at);
    number.parse::<u64>().is_ok() && UNITS.contains(&format!(" {} ", unit.trim()))
}

/// Whether a text is a duration of Go, as `@every` takes it: `17s`, `1h30m`, `1.5h`.
pub(super) fn is_go_duration(text: &str) -> bool {
    let mut rest = text.trim_start_matches(['+', '-']);
    if rest == "0" {
        return true;
    }
    let mut parts = 0;
    while !rest.is_empty() {
        let Some(at) = rest.find(|c: char| !c.is_ascii_digit() && c != '.') else { return false };
        let units = ["ms", "us", "µs", "ns", "s", "m", "h"];
        let Some(unit) = units.iter().find(|unit| rest[at..].starts_with(**unit)) else { return false };
        if rest[..at].parse::<f64>().is_err() {
            return false;
        }
        rest = &rest[at + unit.len()..];
        parts += 1;
    }
    parts > 0
}

/// More than this is a slip of the pen, not a cluster.
const MAX_IDS: u64 = 10_000;

/// The ids that an expression names, and whether it also names all that exist (`*`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ids {
    pub(super) ids: BTreeSet<u32>,
    pub(super) all: bool,
}

/// Reads an id expression: `0`, `0,1`, `0..2`, `*`, and for Kafka and DSE a filter in brackets behind.
///
/// # Errors
/// It is none; the text says why.
pub(super) fn ids(text: &str) -> Result<Ids, String> {
    let plain = match text.split_once('[') {
        Some((plain, filter)) if filter.ends_with(']') => plain,
        _ => text,
    };
    let mut found = Ids::default();
    let mut named = 0;
    for part in plain.split(',').map(str::trim) {
        if part == "*" {
            found.all = true;
            continue;
        }
        let number = |text: &str| text.trim().parse().map_err(|_| format!("`{part}` is no id"));
        let (low, high): (u32, u32) = match part.split_once("..") {
            Some((low, high)) => (number(low)?, number(high)?),
            None => number(part).map(|id| (id, id))?,
        };
        if high < low {
            return Err(format!("`{part}` runs backwards"));
        }
        named += u64::from(high - low) + 1;
        if named > MAX_IDS {
            return Err(format!("`{part}` is more than {MAX_IDS} ids"));
        }
        found.ids.extend(low..=high);
    }
    Ok(found)
}

/// Reads ports: numbers and ranges (`31090..31100`), a comma list of them if `list`.
///
/// # Errors
/// They are none; the text says why.
pub(super) fn ports(text: &str, list: bool) -> Result<Vec<(u16, u16)>, String> {
    let parts: Vec<&str> = if list { text.split(',').map(str::trim).collect() } else { vec![text] };
    let mut ranges = Vec::new();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        let (low, high) = part.split_once("..").unwrap_or((part, part));
        let number = |text: &str| text.parse::<u16>().map_err(|_| format!("`{part}` is no port"));
        let (low, high) = (number(low)?, number(high)?);
        if low > high {
            return Err(format!("`{part}` runs backwards"));
        }
        ranges.push((low, high));
    }
    Ok(ranges)
}

/// The entries of a map as text, `k=v,k2=v2` with backslash escapes. An entry without `=`, or with nothing behind it, has
/// no value.
///
/// # Errors
/// An entry is empty, or a backslash stands at the end.
pub(super) fn map(text: &str) -> Result<BTreeMap<String, Option<String>>, String> {
    let mut entries = BTreeMap::new();
    for entry in split(text, ',')? {
        if entry.trim().is_empty() {
            return Err("an entry is empty".into());
        }
        let mut pair = split(&entry, '=')?.into_iter();
        let key = unescape(pair.next().unwrap_or_default().trim());
        let value = pair.next().map(|value| unescape(value.trim()));
        // The last of several with one key counts.
        entries.insert(key, value);
    }
    Ok(entries)
}

/// Parts between separators that are not escaped; an empty last part is none.
fn split(text: &str, separator: char) -> Result<Vec<String>, String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut escaped = false;
    for c in text.chars() {
        if c == separator && !escaped {
            parts.push(std::mem::take(&mut part));
            continue;
        }
        escaped = c == '\\' && !escaped;
        part.push(c);
    }
    if escaped {
        return Err("it ends in an open escape `\\`".into());
    }
    if !part.is_empty() {
        parts.push(part);
    }
    Ok(parts)
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut escaped = false;
    for c in text.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            plain.push(c);
            escaped = false;
        }
    }
    plain
}

/// One condition of a framework's constraint.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) attribute: String,
    pub(super) means: Means,
}

/// What a condition asks for.
#[derive(Clone, Debug)]
pub(super) enum Means {
    Like(Regex),
    Unlike(Regex),
    Unique,
    /// No more than so many instances on one value.
    AtMost(usize),
    /// One value for all, this one if it is given.
    Cluster(Option<String>),
    GroupBy,
}

/// Reads constraints of a framework's task: `hostname=unique,rack=like:r1.*`. Only DSE knows `atMost`.
///
/// # Errors
/// They are none; the text says why.
pub(super) fn constraints(text: &str, at_most: bool) -> Result<Vec<Condition>, String> {
    let mut conditions = Vec::new();
    for (attribute, condition) in map(text)? {
        let Some(condition) = condition else { return Err(format!("`{attribute}` has no condition")) };
        conditions.push(Condition { attribute, means: means(&condition, at_most)? });
    }
    Ok(conditions)
}

fn means(text: &str, at_most: bool) -> Result<Means, String> {
    let regex = |pattern: &str| {
        Regex::new(&format!("^(?:{pattern})$")).map_err(|_| format!("`{pattern}` is no regular expression"))
    };
    let number = |text: &str| text.parse().map_err(|_| format!("`{text}` is no number"));
    let unknown = || {
        let known = "like:<regex>, unlike:<regex>, unique, cluster[:<value>], groupBy[:<n>]";
        Err(format!(
            "`{text}` is no condition (there are {known}{})",
            if at_most { ", atMost:<n>" } else { "" }
        ))
    };
    let (name, operand) = match text.split_once(':') {
        Some((name, operand)) => (name, Some(operand)),
        None => (text, None),
    };
    match (name, operand) {
        ("like", Some(pattern)) => regex(pattern).map(Means::Like),
        ("unlike", Some(pattern)) => regex(pattern).map(Means::Unlike),
        ("unique", None) => Ok(Means::Unique),
        ("cluster", value) => Ok(Means::Cluster(value.map(str::to_owned))),
        ("groupBy", None) => Ok(Means::GroupBy),
        ("groupBy", Some(groups)) => number(groups).map(|_: usize| Means::GroupBy),
        ("atMost", Some(limit)) if at_most => number(limit).map(Means::AtMost),
        _ => unknown(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_times_apart() {
        for (text, period, duration, go) in [
            ("10m", true, false, true),
            ("30min", false, true, false),
            ("60s", true, true, true),
            ("60 seconds", false, true, false),
            ("2 minutes", false, true, false),
            ("1h30m", false, false, true),
            ("30d", true, true, false),
            ("500ms", true, true, true),
            ("0", true, false, true),
            ("10", false, false, false),
            ("1.5h", false, false, true),
            ("-5s", false, false, true),
            ("", false, false, false),
            ("m", false, false, false),
        ] {
            assert_eq!(
                (is_period(text), is_duration(text), is_go_duration(text)),
                (period, duration, go),
                "{text}"
            );
        }
    }

    #[test]
    fn reads_ids_and_ports() {
        let list = |text| ids(text).map(|ids| ids.ids.into_iter().collect::<Vec<_>>());
        assert_eq!(list("0,2..3,2"), Ok(vec![0, 2, 3]));
        assert_eq!(ids("*[rack=r1]").map(|ids| ids.all), Ok(true));
        assert_eq!(list("a"), Err("`a` is no id".into()));
        assert_eq!(list("2..0"), Err("`2..0` runs backwards".into()));
        assert_eq!(list("0..999999"), Err("`0..999999` is more than 10000 ids".into()));
        assert_eq!(ports("31000,31090..31100", true), Ok(vec![(31_000, 31_000), (31_090, 31_100)]));
        assert_eq!(ports("70000", false), Err("`70000` is no port".into()));
        assert_eq!(ports("31000,31001", false), Err("`31000,31001` is no port".into()));
        assert_eq!(ports("31001..31000", false), Err("`31001..31000` runs backwards".into()));
    }

    #[test]
    fn reads_maps() {
        let read = |text| map(text).map(|entries| format!("{entries:?}"));
        assert_eq!(read(r"a=b\,c, d = e=f,g"), Ok(r#"{"a": Some("b,c"), "d": Some("e"), "g": None}"#.into()));
        assert_eq!(read("a=b,,c=d"), Err("an entry is empty".into()));
        assert_eq!(read(r"a=b\"), Err(r"it ends in an open escape `\`".into()));
        assert_eq!(read(""), Ok("{}".into()));
        assert_eq!(read("a=,"), Ok(r#"{"a": None}"#.into()));
    }

    #[test]
    fn reads_constraints() {
        let why = |text, at_most| constraints(text, at_most).map(|all| all.len());
        assert_eq!(why("hostname=unique,rack=like:r[12],dc=cluster:a", false), Ok(3));
        assert_eq!(why("hostname=atMost:2", true), Ok(1));
        assert!(why("hostname=atMost:2", false).is_err());
        assert_eq!(why("hostname", false), Err("`hostname` has no condition".into()));
        assert_eq!(why("rack=like:(", false), Err("`(` is no regular expression".into()));
        assert_eq!(why("rack=groupBy:x", false), Err("`x` is no number".into()));
        assert!(why("hostname=uniq", false).unwrap_err().starts_with("`uniq` is no condition"));
    }
}
