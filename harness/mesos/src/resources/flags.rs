//! The format of the agent's flags `--resources` and `--attributes`.

use std::str::FromStr;

use super::{Attribute, AttributeValue, Ranges, Resource, Resources, Scalar, Value, Word};

/// Why a flag cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFlag {
    /// An entry is not `name:value`.
    #[error("'{0}' is not of the form name:value")]
    NotAPair(String),
    /// A value is neither a number, nor ranges, nor a set.
    #[error("cannot read the value of '{0}': expected a number, [a-b,…] or {{a,b,…}}")]
    BadValue(String),
    /// A role in parentheses is not closed.
    #[error("the role of '{0}' is not closed by a parenthesis")]
    BadRole(String),
    /// A JSON array that is none.
    #[error("cannot read the JSON array of resources: {0}")]
    BadJson(String),
}

/// `cpus:4;mem:16384;disk(dev):8192;ports:[31000-32000]`, or a JSON array of resources.
impl FromStr for Resources {
    type Err = BadFlag;

    fn from_str(text: &str) -> Result<Self, BadFlag> {
        if text.trim_start().starts_with('[') {
            return serde_json::from_str(text).map_err(|why| BadFlag::BadJson(why.to_string()));
        }
        entries(text).map(parse_resource).collect()
    }
}

/// Reads `rack:r1;zone:a;num:3;rng:[1-4]`: what parses as a number is one, `[…]` are ranges, all else is text.
///
/// # Errors
/// An entry without a colon or without a name.
pub fn parse_attributes(text: &str) -> Result<Vec<Attribute>, BadFlag> {
    entries(text)
        .map(|entry| {
            let (name, value) = pair(entry)?;
            let value = match parse_value(value) {
                Some(Value::Scalar(scalar)) => AttributeValue::Scalar(scalar),
                Some(Value::Ranges(ranges)) => AttributeValue::Ranges(ranges),
                _ => AttributeValue::Text(value.to_owned()),
            };
            Ok(Attribute { name: name.into(), value })
        })
        .collect()
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', '\n']).map(str::trim).filter(|entry| !entry.is_empty())
}

fn pair(entry: &str) -> Result<(&str, &str), BadFlag> {
    entry
        .split_once(':')
        .map(|(name, value)| (name.trim(), value.trim()))
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| BadFlag::NotAPair(entry.to_owned()))
}

fn parse_resource(entry: &str) -> Result<Resource, BadFlag> {
    let (name, value) = pair(entry)?;
    let value = parse_value(value).ok_or_else(|| BadFlag::BadValue(entry.to_owned()))?;
    let Some((name, role)) = name.split_once('(') else {
        return Ok(Resource { name: name.into(), value, role: Word::STAR });
    };
    let role = role.strip_suffix(')').ok_or_else(|| BadFlag::BadRole(entry.to_owned()))?;
    Ok(Resource { name: name.trim().into(), value, role: role.trim().into() })
}

fn parse_value(text: &str) -> Option<Value> {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let pairs: Option<Vec<_>> = inner.split(',').map(parse_range).collect();
        return Some(Value::Ranges(Ranges::new(pairs?)));
    }
    if let Some(inner) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let mut items: Vec<_> = inner.split(',').map(|item| item.trim().to_owned()).collect();
        items.sort();
        items.dedup();
        return Some(Value::Set(items));
    }
    // Rust reads `inf` and `nan` as numbers; for a resource they are none.
    text.parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .map(|number| Value::Scalar(Scalar::new(number)))
}

fn parse_range(text: &str) -> Option<(u64, u64)> {
    let (begin, end) = text.split_once('-')?;
    let range = (begin.trim().parse().ok()?, end.trim().parse().ok()?);
    (range.0 <= range.1).then_some(range)
}
