//! An app as Marathon shows it, read without a tree of values: only what is asked for is kept, and all the rest that
//! the original's types know is checked on the way.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// An app with every field that the original's types know. None may be missing, so that no field of another case can
/// stand in for one; who cannot read an app as this has to look closer.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "fields are there for their types to be checked")]
pub(super) struct App {
    #[serde(deserialize_with = "present")]
    id: Option<Text>,
    #[serde(deserialize_with = "present")]
    cmd: Option<Text>,
    #[serde(deserialize_with = "present")]
    executor: Option<Text>,
    #[serde(deserialize_with = "present")]
    user: Option<Text>,
    #[serde(deserialize_with = "present")]
    version: Option<Text>,
    #[serde(deserialize_with = "present")]
    instances: Option<i64>,
    #[serde(deserialize_with = "present")]
    tasks_staged: Option<i64>,
    #[serde(deserialize_with = "present")]
    pub(super) tasks_running: Option<i64>,
    #[serde(deserialize_with = "present")]
    pub(super) tasks_healthy: Option<i64>,
    #[serde(deserialize_with = "present")]
    tasks_unhealthy: Option<i64>,
    #[serde(deserialize_with = "present")]
    cpus: Option<f64>,
    #[serde(deserialize_with = "present")]
    mem: Option<f64>,
    #[serde(deserialize_with = "present")]
    disk: Option<f64>,
    #[serde(deserialize_with = "present")]
    backoff_factor: Option<f64>,
    #[serde(deserialize_with = "present")]
    require_ports: Option<bool>,
    #[serde(deserialize_with = "present")]
    ports: Option<List<i64>>,
    #[serde(deserialize_with = "present")]
    args: Option<List<Text>>,
    #[serde(deserialize_with = "present")]
    uris: Option<List<Text>>,
    #[serde(deserialize_with = "present")]
    dependencies: Option<List<Text>>,
    #[serde(deserialize_with = "present")]
    env: Option<TextMap>,
    #[serde(deserialize_with = "present")]
    labels: Option<TextMap>,
    #[serde(deserialize_with = "present")]
    deployments: Option<List<TextMap>>,
    #[serde(deserialize_with = "present")]
    tasks: Option<List<Object<Task>>>,
}

/// `/v2/apps/<id>`.
#[derive(serde::Deserialize)]
pub(super) struct Page {
    pub(super) app: Object<App>,
}

/// `/v2/apps/<id>/tasks`.
#[derive(serde::Deserialize)]
pub(super) struct TaskPage {
    pub(super) tasks: Vec<Object<Place>>,
}

/// Where a task is.
#[derive(serde::Deserialize)]
pub(super) struct Place {
    pub(super) host: String,
    pub(super) ports: Vec<i64>,
}

#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "fields are there for their types to be checked")]
struct Task {
    #[serde(deserialize_with = "present")]
    host: Option<Text>,
    #[serde(deserialize_with = "present")]
    ports: Option<List<i64>>,
}

/// Reads a field that may be null, but not missing.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(from)
}

/// What is an object in JSON: a struct alone could be a list, too.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(entries)).map(Object)
            }
        }
        from.deserialize_map(Reader(PhantomData))
    }
}

/// A text that is not kept.
struct Text;

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_str<E: Error>(self, _: &str) -> Result<Text, E> {
                Ok(Text)
            }
        }
        from.deserialize_str(Reader)
    }
}

/// A list whose items are not kept.
struct List<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List<T>, A::Error> {
                while items.next_element::<T>()?.is_some() {}
                Ok(List(PhantomData))
            }
        }
        from.deserialize_seq(Reader(PhantomData))
    }
}

/// Texts or nulls by name, not kept.
struct TextMap;

impl<'de> Deserialize<'de> for TextMap {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = TextMap;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<TextMap, A::Error> {
                while entries.next_entry::<Text, Option<Text>>()?.is_some() {}
                Ok(TextMap)
            }
        }
        from.deserialize_map(Reader)
    }
}
