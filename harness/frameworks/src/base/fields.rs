//! Forms of single fields in the frameworks' JSON documents, for `serialize_with`.

use std::fmt::Display;

use serde::Serializer;

use super::Range;

/// The text that the value prints as.
pub(crate) fn text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Ranges as one comma list.
pub(crate) fn ranges<S: Serializer>(ranges: &[Range], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&Range::print_list(ranges))
}

/// Pairs as an object. A key that is there twice stands in its first place with its last value.
pub(crate) fn object<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    let first = |index: usize, key: &str| pairs[..index].iter().all(|(earlier, _)| earlier != key);
    let last = |key: &str| pairs.iter().rev().find(|(other, _)| other == key).map(|(_, value)| value);
    let once = pairs.iter().enumerate().filter(|(index, (key, _))| first(*index, key));
    serializer.collect_map(once.map(|(_, (key, _))| (key, last(key))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_a_key_once() {
        let pairs =
            [("a", "1"), ("b", "2"), ("a", "3")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let mut text = Vec::new();
        object(&pairs, &mut serde_json::Serializer::new(&mut text)).expect("JSON");
        assert_eq!(String::from_utf8_lossy(&text), r#"{"a":"3","b":"2"}"#);
    }
}
