//! Resources and attributes as the v1 API writes them.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Ranges, Resource, Resources, Scalar, Value, Word};
use crate::v1::json::number;

/// Something an agent says of itself: `rack:r1`.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Name.
    pub name: Word,
    /// Value.
    pub value: AttributeValue,
}

/// Value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeValue {
    /// A number.
    Scalar(Scalar),
    /// Ranges.
    Ranges(Ranges),
    /// Anything else.
    Text(String),
}

/// As frameworks compare it: a text as it is, `3`, `[1-4]`.
impl fmt::Display for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => scalar.fmt(f),
            Self::Ranges(ranges) => ranges.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct ScalarJson {
    #[serde(deserialize_with = "number")]
    value: f64,
}

#[derive(Serialize, Deserialize)]
struct RangeJson {
    #[serde(deserialize_with = "number")]
    begin: u64,
    #[serde(deserialize_with = "number")]
    end: u64,
}

#[derive(Serialize, Deserialize)]
struct RangesJson {
    #[serde(default)]
    range: Vec<RangeJson>,
}

#[derive(Serialize, Deserialize)]
struct SetJson {
    #[serde(default)]
    item: Vec<String>,
}

#[derive(Deserialize)]
struct TextJson {
    value: String,
}

impl From<&Ranges> for RangesJson {
    fn from(ranges: &Ranges) -> Self {
        Self {
            range: ranges.pairs().iter().map(|(begin, end)| RangeJson { begin: *begin, end: *end }).collect(),
        }
    }
}

impl From<RangesJson> for Ranges {
    fn from(json: RangesJson) -> Self {
        Self::new(json.range.iter().map(|range| (range.begin, range.end)))
    }
}

#[derive(Deserialize)]
struct RoleJson {
    role: Option<Word>,
}

#[derive(Deserialize)]
struct AnyJson {
    name: Word,
    r#type: String,
    scalar: Option<ScalarJson>,
    ranges: Option<RangesJson>,
    set: Option<SetJson>,
    text: Option<TextJson>,
    role: Option<Word>,
    #[serde(default)]
    reservations: Vec<RoleJson>,
}

impl AnyJson {
    fn value<E: serde::de::Error>(&mut self) -> Result<Value, E> {
        match self.r#type.as_str() {
            "SCALAR" => {
                Ok(Value::Scalar(Scalar::new(self.scalar.as_ref().map_or(0.0, |scalar| scalar.value))))
            }
            "RANGES" => Ok(Value::Ranges(self.ranges.take().map(Ranges::from).unwrap_or_default())),
            "SET" => {
                let mut items = self.set.take().map(|set| set.item).unwrap_or_default();
                items.sort();
                items.dedup();
                Ok(Value::Set(items))
            }
            other => Err(E::custom(format!("Failed to find enum for '{other}'"))),
        }
    }
}

fn value_entries<M: SerializeMap>(map: &mut M, value: &Value) -> Result<(), M::Error> {
    match value {
        Value::Scalar(scalar) => {
            map.serialize_entry("type", "SCALAR")?;
            map.serialize_entry("scalar", &ScalarJson { value: scalar.to_f64() })
        }
        Value::Ranges(ranges) => {
            map.serialize_entry("type", "RANGES")?;
            map.serialize_entry("ranges", &RangesJson::from(ranges))
        }
        Value::Set(items) => {
            map.serialize_entry("type", "SET")?;
            map.serialize_entry("set", &SetJson { item: items.clone() })
        }
    }
}

impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        value_entries(&mut map, &self.value)?;
        map.serialize_entry("role", &self.role)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut json = AnyJson::deserialize(deserializer)?;
        let value = json.value()?;
        let innermost = json.reservations.pop().and_then(|reservation| reservation.role);
        Ok(Self { name: json.name, value, role: innermost.or(json.role).unwrap_or(Word::STAR) })
    }
}

impl Serialize for Resources {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Resources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Resource>::deserialize(deserializer).map(Self::as_written)
    }
}

impl Serialize for Attribute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        match &self.value {
            AttributeValue::Scalar(scalar) => value_entries(&mut map, &Value::Scalar(*scalar))?,
            AttributeValue::Ranges(ranges) => {
                map.serialize_entry("type", "RANGES")?;
                map.serialize_entry("ranges", &RangesJson::from(ranges))?;
            }
            AttributeValue::Text(value) => {
                map.serialize_entry("type", "TEXT")?;
                map.serialize_entry("text", &serde_json::json!({ "value": value }))?;
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Attribute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut json = AnyJson::deserialize(deserializer)?;
        if json.r#type == "TEXT" {
            let text = json.text.take().map(|text| text.value).unwrap_or_default();
            return Ok(Self { name: json.name, value: AttributeValue::Text(text) });
        }
        let value = match json.value()? {
            Value::Scalar(scalar) => AttributeValue::Scalar(scalar),
            Value::Ranges(ranges) => AttributeValue::Ranges(ranges),
            Value::Set(_) => return Err(serde::de::Error::custom("attributes cannot be sets")),
        };
        Ok(Self { name: json.name, value })
    }
}
