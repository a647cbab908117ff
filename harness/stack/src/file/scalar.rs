//! The type of a plain scalar by YAML 1.1 as go-yaml v2 reads it, and how Go prints a value.

use std::fmt::Write as _;

use super::emit::Yaml;
use super::yaml::{Node, Value};

/// What a scalar is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Typed<'n> {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer above `i64::MAX`.
    Uint(u64),
    Float(f64),
    Text(&'n str),
}

impl Typed<'_> {
    /// Go's name of the type, as it stands in error texts.
    pub(super) fn tag(&self) -> &'static str {
        match self {
            Self::Null => "!!null",
            Self::Bool(_) => "!!bool",
            Self::Int(_) | Self::Uint(_) => "!!int",
            Self::Float(_) => "!!float",
            Self::Text(_) => "!!str",
        }
    }
}

/// Types a scalar. Only plain ones can be anything but text.
pub(crate) fn resolve(text: &str, plain: bool) -> Typed<'_> {
    if !plain {
        return Typed::Text(text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Typed::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Typed::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Typed::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" => Typed::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Typed::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Typed::Float(f64::NEG_INFINITY),
        _ => resolve_number(text).unwrap_or(Typed::Text(text)),
    }
}

fn resolve_number(text: &str) -> Option<Typed<'static>> {
    match text.as_bytes().first()? {
        b'.' => return go_float(text).map(Typed::Float),
        b'0'..=b'9' | b'+' | b'-' => {}
        _ => return None,
    }
    let digits = text.replace('_', "");
    let (negative, magnitude) = match digits.as_bytes().first()? {
        b'-' => (true, &digits[1..]),
        b'+' => (false, &digits[1..]),
        _ => (false, digits.as_str()),
    };
    if let Some(magnitude) = go_integer(magnitude) {
        let signed = if negative { -i128::from(magnitude) } else { i128::from(magnitude) };
        if let Ok(int) = i64::try_from(signed) {
            return Some(Typed::Int(int));
        }
        if !negative {
            return Some(Typed::Uint(magnitude));
        }
    }
    go_float(&digits).map(Typed::Float)
}

/// Go's `ParseUint(text, 0, 64)`: the prefix decides the base, and a leading zero means octal.
fn go_integer(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (digits, base) = match lower.strip_prefix('0') {
        Some("") | None => (lower.as_str(), 10),
        Some(rest) => match rest.as_bytes()[0] {
            b'x' => (&rest[1..], 16),
            b'b' => (&rest[1..], 2),
            b'o' => (&rest[1..], 8),
            _ => (rest, 8),
        },
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    u64::from_str_radix(digits, base).ok()
}

/// Go's `ParseFloat` for decimal notation; a number out of range is an error there and none here.
fn go_float(text: &str) -> Option<f64> {
    text.parse().ok().filter(|float: &f64| float.is_finite())
}

/// Prints a value as Go's `%v` does.
pub(crate) fn print(node: &Node) -> String {
    let mut text = String::new();
    print_into(node, &mut text);
    text
}

/// The value as it is written again: typed, in the file's order.
pub(super) fn tree(node: &Node) -> Yaml {
    match &node.value {
        Value::Scalar { text, plain } => match resolve(text, *plain) {
            Typed::Null => Yaml::Plain("null".into()),
            Typed::Float(value) => Yaml::Plain(super::print::float(value)),
            Typed::Text(text) => Yaml::text(text),
            typed @ (Typed::Bool(_) | Typed::Int(_) | Typed::Uint(_)) => {
                let mut text = String::new();
                print_typed(&typed, &mut text);
                Yaml::Plain(text)
            }
        },
        Value::Sequence(items) => Yaml::List(items.iter().map(tree).collect()),
        Value::Mapping(entries) => {
            // What is merged is lost.
            let own = entries.iter().filter(|(key, _)| !key.merged);
            Yaml::Map(own.map(|(key, value)| (tree(key), tree(value))).collect())
        }
    }
}

fn print_into(node: &Node, text: &mut String) {
    match &node.value {
        Value::Scalar { text: source, plain } => print_typed(&resolve(source, *plain), text),
        Value::Sequence(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(' ');
                }
                print_into(item, text);
            }
            text.push(']');
        }
        // Inside `tasks` maps are ordered lists of items to the original, and print as such.
        Value::Mapping(entries) => {
            text.push('[');
            for (index, (key, value)) in entries.iter().filter(|(key, _)| !key.merged).enumerate() {
                text.push_str(if index > 0 { " {" } else { "{" });
                print_into(key, text);
                text.push(' ');
                print_into(value, text);
                text.push('}');
            }
            text.push(']');
        }
    }
}

fn print_typed(typed: &Typed<'_>, text: &mut String) {
    // Writing into a text cannot fail.
    let _ = match typed {
        Typed::Null => write!(text, "<nil>"),
        Typed::Bool(value) => write!(text, "{value}"),
        Typed::Int(value) => write!(text, "{value}"),
        Typed::Uint(value) => write!(text, "{value}"),
        Typed::Float(value) => write!(text, "{}", crate::go_json::print_float(*value)),
        Typed::Text(value) => write!(text, "{value}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, printed: &str) {
        let node = super::super::yaml::read(source).unwrap().unwrap();
        assert_eq!(print(&node), printed, "{source}");
    }

    #[test]
    fn prints_like_go() {
        for (source, printed) in [
            ("0.50", "0.5"),
            ("'0.50'", "0.50"),
            ("yes", "true"),
            ("on", "true"),
            ("n", "false"),
            ("null", "<nil>"),
            ("~", "<nil>"),
            ("'~'", "~"),
            ("[1,2]", "[1 2]"),
            ("[a, [1.0, off]]", "[a [1 false]]"),
            ("{a: 1, b: x}", "[{a 1} {b x}]"),
            ("010", "8"),
            ("0x1F", "31"),
            ("0b101", "5"),
            ("1_000", "1000"),
            ("-7", "-7"),
            ("+7", "7"),
            ("18446744073709551615", "18446744073709551615"),
            ("1e3", "1000"),
            ("1e21", "1e+21"),
            ("1e-5", "1e-05"),
            ("123456789.0", "1.23456789e+08"),
            (".5", "0.5"),
            (".inf", "+Inf"),
            ("-.inf", "-Inf"),
            (".nan", "NaN"),
            ("10m", "10m"),
            ("0..2", "0..2"),
            ("1:30", "1:30"),
            ("089", "89"),
            ("!!str 5", "5"),
            ("!!str yes", "yes"),
            ("2016-03-01", "2016-03-01"),
        ] {
            check(source, printed);
        }
    }
}
