//! Request bodies: JSON as Go's decoder takes it into the original's structures.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::go_json;

/// A body that could be read as JSON, to be taken apart as the structure of this name.
pub(super) struct Body {
    value: Value,
    /// As errors name it.
    name: &'static str,
    /// The first typing error: the original's decoder goes on behind it.
    error: Option<String>,
}

impl Body {
    /// Reads the first JSON value of a body; what follows it is not looked at.
    ///
    /// # Errors
    /// There is none; the text is Go's.
    pub(super) fn read(body: &[u8], name: &'static str) -> Result<Self, String> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err("EOF".into());
        }
        let mut values = serde_json::Deserializer::from_slice(body).into_iter();
        match values.next() {
            Some(Ok(value)) => {
                let mismatch = !matches!(value, Value::Object(_) | Value::Null);
                let error = mismatch.then(|| {
                    let kind = go_json::kind(&value);
                    format!("json: cannot unmarshal {kind} into Go value of type framework.{name}")
                });
                Ok(Self { value, name, error })
            }
            Some(Err(error)) if error.is_eof() => Err("unexpected EOF".into()),
            _ => Err(go_json::parse(body).err().unwrap_or_else(|| "EOF".into())),
        }
    }

    /// As [`read`](Self::read), for the requests whose errors the original does not look at.
    pub(super) fn read_anyhow(body: &[u8], name: &'static str) -> Self {
        Self::read(body, name).unwrap_or(Self { value: Value::Null, name, error: None })
    }

    /// The first typing error of all fields that were taken.
    ///
    /// # Errors
    /// There was one.
    pub(super) fn check(self) -> Result<(), String> {
        self.error.map_or(Ok(()), Err)
    }

    pub(super) fn text(&mut self, field: &'static str) -> String {
        match go_json::field(&self.value, field) {
            Some(Value::String(text)) => text.clone(),
            other => {
                self.mismatch(other.map(go_json::kind), field, "string");
                String::new()
            }
        }
    }

    pub(super) fn flag(&mut self, field: &'static str) -> bool {
        match go_json::field(&self.value, field) {
            Some(Value::Bool(flag)) => *flag,
            other => {
                self.mismatch(other.map(go_json::kind), field, "bool");
                false
            }
        }
    }

    /// `go_type` is `int` or `int64`.
    pub(super) fn int(&mut self, field: &'static str, go_type: &'static str) -> i64 {
        let kind = match go_json::field(&self.value, field) {
            Some(Value::Number(number)) => match number.as_i64() {
                Some(int) => return int,
                None => Some(format!("number {number}")),
            },
            other => other.map(|value| go_json::kind(value).to_owned()),
        };
        self.mismatch(kind.as_deref(), field, go_type);
        0
    }

    pub(super) fn texts(&self, field: &'static str) -> Vec<String> {
        let items = go_json::field(&self.value, field).and_then(Value::as_array).into_iter().flatten();
        items.map(|item| item.as_str().unwrap_or_default().to_owned()).collect()
    }

    pub(super) fn text_map(&self, field: &'static str) -> BTreeMap<String, String> {
        let entries = go_json::field(&self.value, field).and_then(Value::as_object).into_iter().flatten();
        entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
    }

    fn mismatch(&mut self, kind: Option<&str>, field: &'static str, go_type: &'static str) {
        let Some(kind) = kind else { return };
        let name = self.name;
        self.error.get_or_insert_with(|| {
            format!("json: cannot unmarshal {kind} into Go struct field {name}.{field} of type {go_type}")
        });
    }
}
