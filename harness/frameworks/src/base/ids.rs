//! Id expressions: `0`, `0,1`, `0..2`, `*`, and for Kafka and DSE `*[rack=r1]`.

use super::TextMap;

/// The most ids that one expression may name; the originals would run out of memory somewhere.
pub const MAX_IDS: usize = 10_000;

/// The text names no ids.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdsError {
    /// Nothing at all.
    #[error("ID expression cannot be null or empty")]
    Empty,
    /// A part that is no number.
    #[error("For input string: \"{0}\"")]
    Number(String),
    /// A filter that is not well formed.
    #[error("Invalid expr {0}")]
    Filter(String),
    /// More than [`MAX_IDS`].
    #[error("too many ids: {0}")]
    TooMany(String),
}

/// The ids that an expression names, without duplicates and sorted as text. A `*` anywhere means all existing ids, in
/// their own order, and nothing else counts.
pub fn expand(expression: &str, existing: &[String]) -> Result<Vec<String>, IdsError> {
    if expression.is_empty() {
        return Err(IdsError::Empty);
    }
    let mut ids = Vec::new();
    for part in expression.split(',').map(str::trim) {
        if part == "*" {
            return Ok(existing.to_vec());
        }
        add_part(&mut ids, part)?;
    }
    sort(&mut ids);
    Ok(ids)
}

/// As [`expand`], for Kafka and DSE: `*` adds the existing ids to the others, all sorted as text; a filter in brackets
/// keeps the instances whose attributes fit. `attribute` gives the attribute of a **placed** instance (`hostname` among
/// them), `placed` tells whether it is placed.
pub fn expand_filtered(
    expression: &str,
    existing: &[String],
    placed: impl Fn(&str) -> bool,
    attribute: impl Fn(&str, &str) -> Option<String>,
) -> Result<Vec<String>, IdsError> {
    let bad = || IdsError::Filter(expression.to_owned());
    let (plain, filter) = match expression.strip_suffix(']') {
        Some(rest) => {
            let (plain, filter) = rest.rsplit_once('[').ok_or_else(bad)?;
            (plain, TextMap::parse(filter).map_err(|_| bad())?)
        }
        None => (expression, TextMap::default()),
    };
    if plain.is_empty() {
        return Err(IdsError::Empty);
    }
    let mut ids = Vec::new();
    for part in plain.split(',').map(str::trim) {
        if part == "*" { ids.extend(existing.iter().cloned()) } else { add_part(&mut ids, part)? }
    }
    sort(&mut ids);
    if !filter.is_empty() {
        ids.retain(|id| {
            placed(id) && filter.iter().all(|(name, wanted)| fits(wanted, attribute(id, name).as_deref()))
        });
    }
    Ok(ids)
}

fn fits(wanted: Option<&str>, value: Option<&str>) -> bool {
    let Some(value) = value else { return false };
    match wanted {
        None => true,
        Some(wanted) => match wanted.strip_suffix('*') {
            Some(prefix) => value.starts_with(prefix),
            None => value == wanted,
        },
    }
}

fn add_part(ids: &mut Vec<String>, part: &str) -> Result<(), IdsError> {
    let number = |text: &str| text.parse::<u32>().map_err(|_| IdsError::Number(text.to_owned()));
    match part.split_once("..") {
        Some((start, end)) => {
            let (start, end) = (number(start)?, number(end)?);
            if (end.saturating_sub(start) as usize) >= MAX_IDS - ids.len().min(MAX_IDS - 1) {
                return Err(IdsError::TooMany(part.to_owned()));
            }
            ids.extend((start..=end).map(|id| id.to_string()));
        }
        None => {
            number(part)?;
            ids.push(part.to_owned());
        }
    }
    if ids.len() > MAX_IDS { Err(IdsError::TooMany(part.to_owned())) } else { Ok(()) }
}

fn sort(ids: &mut Vec<String>) {
    ids.sort();
    ids.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn existing() -> Vec<String> {
        ["2", "10", "7"].map(str::to_owned).to_vec()
    }

    fn show(result: Result<Vec<String>, IdsError>) -> String {
        result.map_or_else(|error| format!("error: {error}"), |ids| ids.join(" "))
    }

    #[test]
    fn expands() {
        for (expression, expected) in [
            ("0", "0"),
            ("1,0,1", "0 1"),
            ("8..11", "10 11 8 9"),
            ("0,1..2", "0 1 2"),
            ("*", "2 10 7"),
            ("0,*", "2 10 7"),
            ("2..1", ""),
            ("", "error: ID expression cannot be null or empty"),
            ("a", "error: For input string: \"a\""),
            ("0..4294967295", "error: too many ids: 0..4294967295"),
        ] {
            assert_eq!(show(expand(expression, &existing())), expected, "{expression}");
        }
    }

    #[test]
    fn filters_placed_instances() {
        let attribute = |id: &str, name: &str| match (id, name) {
            ("2", "hostname") => Some("slave2".to_owned()),
            ("10", "hostname") => Some("master".to_owned()),
            ("2" | "10", "rack") => Some("r1".to_owned()),
            _ => None,
        };
        for (expression, expected) in [
            ("*", "10 2 7"),
            ("0,*", "0 10 2 7"),
            ("*[rack=r1]", "10 2"),
            ("*[hostname=slave*]", "2"),
            ("0..2[rack]", "2"),
            ("*[rack=r1,hostname=master]", "10"),
            ("*rack]", "error: Invalid expr *rack]"),
        ] {
            let ids = expand_filtered(expression, &existing(), |id| id != "7", attribute);
            assert_eq!(show(ids), expected, "{expression}");
        }
    }
}
