//! Maps as text: `k=v,k2=v2`, with backslash escapes.

use std::fmt;

use serde::{Serialize, Serializer};

/// Keys with values in the order in which they were written; a key alone has no value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextMap {
    entries: Vec<(String, Option<String>)>,
}

/// The text is no map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// An empty entry, or a missing value where one is needed; the message is the whole text.
    #[error("{0}")]
    Entry(String),
    /// A backslash at the end.
    #[error("open escaping")]
    OpenEscaping,
}

impl TextMap {
    /// Reads a map; blanks around keys and values go. What stands behind a second `=` of an entry is dropped, as the
    /// originals drop it.
    pub fn parse(text: &str) -> Result<Self, MapError> {
        let mut map = Self::default();
        for entry in split(text, ',', false)? {
            if entry.trim().is_empty() {
                return Err(MapError::Entry(text.to_owned()));
            }
            let mut pair = split(&entry, '=', true)?.into_iter();
            let key = pair.next().unwrap_or_default();
            map.insert(key.trim(), pair.next().map(|value| value.trim().to_owned()));
        }
        Ok(map)
    }

    /// Reads a map of which every key must have a value.
    pub fn parse_full(text: &str) -> Result<Self, MapError> {
        let map = Self::parse(text)?;
        if map.entries.iter().any(|(_, value)| value.is_none()) {
            return Err(MapError::Entry(text.to_owned()));
        }
        Ok(map)
    }

    /// Sets a key, in its old place if it has one.
    pub fn insert(&mut self, key: &str, value: Option<String>) {
        match self.entries.iter_mut().find(|(name, _)| name == key) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((key.to_owned(), value)),
        }
    }

    /// The value of a key that has one.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.iter().find(|(name, _)| name == key)?.1.as_deref()
    }

    /// Keys and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value.as_deref()))
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// An object; a key alone is `null`.
impl Serialize for TextMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl fmt::Display for TextMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.entries.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            f.write_str(&escape(key))?;
            if let Some(value) = value {
                write!(f, "={}", escape(value))?;
            }
        }
        Ok(())
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | ',' | '=') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Splits at separators that are not escaped; an empty last part is no part.
fn split(text: &str, separator: char, unescape: bool) -> Result<Vec<String>, MapError> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut escaped = false;
    for c in text.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else if c == separator && !escaped {
            parts.push(std::mem::take(&mut part));
        } else {
            if escaped && !unescape {
                part.push('\\');
            }
            part.push(c);
            escaped = false;
        }
    }
    if escaped {
        return Err(MapError::OpenEscaping);
    }
    if !part.is_empty() {
        parts.push(part);
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> String {
        match TextMap::parse(text) {
            Ok(map) => format!("{:?}", map.iter().collect::<Vec<_>>()),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn reads_as_the_originals_do() {
        for (text, expected) in [
            ("a=b,c=d", r#"[("a", Some("b")), ("c", Some("d"))]"#),
            (" a = b , c ", r#"[("a", Some("b")), ("c", None)]"#),
            (r"a=b\,c\=d\\", r#"[("a", Some("b,c=d\\"))]"#),
            ("a=1,a=2", r#"[("a", Some("2"))]"#),
            ("a=b=c", r#"[("a", Some("b"))]"#),
            ("", "[]"),
            ("a=b,,c=d", "error: a=b,,c=d"),
            (r"a=b\", "error: open escaping"),
            // The comma that splits an address list: a second entry without a value.
            (
                "KAFKA_ZOOKEEPER=h1:2181,h2:2181",
                r#"[("KAFKA_ZOOKEEPER", Some("h1:2181")), ("h2:2181", None)]"#,
            ),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        assert_eq!(TextMap::parse_full("a,b=c").unwrap_err().to_string(), "a,b=c");
    }

    proptest! {
        #[test]
        fn survives_the_trip(pairs in proptest::collection::btree_map("[a-z,=\\\\]{1,6}", "[a-z,=\\\\]{1,6}", 0..4)) {
            let mut map = TextMap::default();
            for (key, value) in pairs {
                map.insert(&key, Some(value));
            }
            prop_assert_eq!(TextMap::parse(&map.to_string()), Ok(map));
        }

        #[test]
        fn never_panics(text in ".*") {
            let _ = TextMap::parse(&text);
        }
    }
}
