//! Request bodies: JSON as Go's decoder takes it into the original's structures.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::go_json;
use crate::go_syntax::{self, Stop};

/// A body that could be read as JSON, to be taken apart as the structure of this name.
pub(super) struct Body {
    /// All members in their order, those of the same name, too.
    fields: Vec<(String, Value)>,
    is_null: bool,
    /// As errors name it.
    name: &'static str,
    /// The first typing error, and where it is: the original's decoder goes on behind it.
    error: Option<(usize, String)>,
}

/// The structure of requests about users has no name.
const USER: &str =
    r#"struct { Name string "json:\"name\""; Key string "json:\"key\""; Role string "json:\"role\"" }"#;

impl Body {
    /// Reads the first JSON value of a body; what follows it is not looked at. `name` is empty for a user.
    ///
    /// # Errors
    /// There is none; the text is Go's.
    pub(super) fn read(body: &[u8], name: &'static str) -> Result<Self, String> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err("EOF".into());
        }
        let first = match go_syntax::scan(body) {
            Stop::Whole(end) => &body[..end],
            Stop::Early => return Err("unexpected EOF".into()),
            Stop::Error(error) => return Err(error),
        };
        // Nested deeper than we go, or not UTF-8: the original knows neither.
        let value: Value = serde_json::from_slice(first).map_err(|error| error.to_string())?;
        let fields = match &value {
            Value::Object(_) => {
                serde_json::from_slice(first).map(|Fields(fields)| fields).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let mismatch = !matches!(value, Value::Object(_) | Value::Null);
        let error = mismatch.then(|| {
            let kind = go_json::kind(&value);
            let target = if name.is_empty() { USER.to_owned() } else { format!("framework.{name}") };
            (0, format!("json: cannot unmarshal {kind} into Go value of type {target}"))
        });
        Ok(Self { fields, is_null: value.is_null(), name, error })
    }

    /// As [`read`](Self::read), for the requests whose errors the original does not look at.
    pub(super) fn read_anyhow(body: &[u8], name: &'static str) -> Self {
        Self::read(body, name).unwrap_or(Self { fields: Vec::new(), is_null: false, name, error: None })
    }

    /// Whether it is null, of which most of the original's handlers die.
    pub(super) fn is_null(&self) -> bool {
        self.is_null
    }

    /// The first typing error of all fields that were taken.
    ///
    /// # Errors
    /// There was one.
    pub(super) fn check(self) -> Result<(), String> {
        self.error.map_or(Ok(()), |(_, text)| Err(text))
    }

    pub(super) fn text(&mut self, field: &'static str) -> String {
        self.take(field, "string", |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn flag(&mut self, field: &'static str) -> bool {
        self.take(field, "bool", Value::as_bool)
    }

    /// `go_type` is `int` or `int64`.
    pub(super) fn int(&mut self, field: &'static str, go_type: &'static str) -> i64 {
        self.take(field, go_type, Value::as_i64)
    }

    pub(super) fn texts(&mut self, field: &'static str) -> Vec<String> {
        let text = |item: &Value| item.as_str().unwrap_or_default().to_owned();
        self.take(field, "[]string", |value| value.as_array().map(|items| items.iter().map(text).collect()))
    }

    pub(super) fn text_map(&mut self, field: &'static str) -> BTreeMap<String, String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.take(field, "map[string]string", |value| {
            value.as_object().map(|all| all.iter().map(|(key, value)| (key.clone(), text(value))).collect())
        })
    }

    /// The last member of this name that has the right type, whatever its case; null changes nothing.
    fn take<T: Default>(
        &mut self,
        field: &'static str,
        go_type: &'static str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> T {
        let mut taken = T::default();
        for (index, (key, value)) in self.fields.iter().enumerate() {
            if !key.eq_ignore_ascii_case(field) || value.is_null() {
                continue;
            }
            if let Some(value) = read(value) {
                taken = value;
            } else if self.error.as_ref().is_none_or(|(first, _)| index < *first) {
                let kind = match value {
                    Value::Number(number) if go_type.starts_with("int") => format!("number {number}"),
                    value => go_json::kind(value).to_owned(),
                };
                let place = format!("Go struct field {}.{field} of type {go_type}", self.name);
                self.error = Some((index, format!("json: cannot unmarshal {kind} into {place}")));
            }
        }
        taken
    }
}

/// The members of an object as they come.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}
