//! Reading of state documents: fields by name, with one error for whatever does not fit.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use stacklab_machine::Time;

/// A document that the original would refuse with an exception.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("state document: field {field} is missing or unreadable")]
pub struct Fault {
    field: String,
}

impl Fault {
    /// At this field.
    pub(crate) fn at(field: &str) -> Self {
        Self { field: field.to_owned() }
    }
}

/// An object of a document.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a>(&'a Map<String, Value>);

impl<'a> Node<'a> {
    /// The object that a value is.
    pub(crate) fn of(value: &'a Value) -> Result<Self, Fault> {
        value.as_object().map(Self).ok_or_else(|| Fault::at("{}"))
    }

    /// A field, whatever it holds.
    pub(crate) fn optional(self, field: &str) -> Option<&'a Value> {
        self.0.get(field)
    }

    /// A field that must be there.
    pub(crate) fn required(self, field: &str) -> Result<&'a Value, Fault> {
        self.get(field, Some)
    }

    /// A text, if the field is there and is one.
    pub(crate) fn optional_text(self, field: &str) -> Option<&'a str> {
        self.0.get(field)?.as_str()
    }

    /// A text.
    pub(crate) fn text(self, field: &str) -> Result<String, Fault> {
        self.get(field, |value| value.as_str().map(str::to_owned))
    }

    /// A truth value.
    pub(crate) fn flag(self, field: &str) -> Result<bool, Fault> {
        self.get(field, Value::as_bool)
    }

    /// A number.
    pub(crate) fn number(self, field: &str) -> Result<f64, Fault> {
        self.get(field, Value::as_f64)
    }

    /// A number of which only the whole part counts.
    pub(crate) fn whole(self, field: &str) -> Result<i64, Fault> {
        self.get(field, |value| value.as_i64().or_else(|| value.as_f64().map(|number| number as i64)))
    }

    /// A list.
    pub(crate) fn list(self, field: &str) -> Result<&'a [Value], Fault> {
        self.get(field, |value| value.as_array().map(Vec::as_slice))
    }

    /// An object that holds texts only.
    pub(crate) fn texts(self, field: &str) -> Result<BTreeMap<String, String>, Fault> {
        let node = Self::of(self.required(field)?)?;
        node.0.keys().map(|key| Ok((key.clone(), node.text(key)?))).collect()
    }

    fn get<T>(self, field: &str, read: impl Fn(&'a Value) -> Option<T>) -> Result<T, Fault> {
        self.0.get(field).and_then(read).ok_or_else(|| Fault::at(field))
    }
}

/// A date as the documents hold it: `2016-03-01 09:15:00.250`, UTC.
pub(crate) fn print_date(at: Time) -> String {
    let (year, month, day, hour, minute, second, ms) = at.utc();
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}")
}

/// Such a date as a field.
pub(crate) fn date<S: Serializer>(at: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(print_date).serialize(serializer)
}

/// Reads such a date; dates before 1970 or after 9999 are none.
pub(crate) fn parse_date(text: &str) -> Option<Time> {
    let numbers: Vec<u64> =
        text.split(['-', ' ', ':', '.']).map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [year, month, day, hour, minute, second, ms] = numbers.try_into().ok()?;
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days from the civil calendar, years counted from March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * m + 2) / 5 + day - 1;
    let days = y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719_468;
    Some(Time::from_millis(((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_survive_the_trip() {
        for text in ["2016-03-01 09:15:00.250", "2016-02-29 23:59:59.999", "1970-01-01 00:00:00.000"] {
            assert_eq!(parse_date(text).map(print_date).as_deref(), Some(text));
        }
        for text in ["", "2016-03-01", "1969-12-31 00:00:00.000", "2016-13-01 00:00:00.000", "a-b-c d:e:f.g"]
        {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
