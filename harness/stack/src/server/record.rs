//! The framework record: what the server keeps of itself, in a file or a node of ZooKeeper.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Variables, go_json};

/// Where the record is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordPlace {
    /// A file.
    File(String),
    /// A node.
    Zk {
        /// `host:port`, or several of them.
        connect: String,
        /// Path of the node.
        path: String,
    },
}

impl RecordPlace {
    /// Reads `--storage`: `file:<path>` or `zk:<host:port>[/<path>]`.
    ///
    /// # Errors
    /// It is neither.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let unsupported = || "Unsupported storage".to_owned();
        let (scheme, rest) = text.split_once(':').ok_or_else(unsupported)?;
        match scheme {
            "file" => Ok(Self::File(rest.to_owned())),
            "zk" => {
                let slash = rest.find('/').unwrap_or(rest.len());
                let path = if slash == rest.len() { "/" } else { &rest[slash..] };
                Ok(Self::Zk { connect: rest[..slash].to_owned(), path: path.to_owned() })
            }
            _ => Err(unsupported()),
        }
    }

    /// As the original's log names it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::File(path) => path.clone(),
            Self::Zk { connect, path } => format!("{connect}{path}"),
        }
    }
}

/// The record.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// What Mesos calls the framework; empty as long as it was not registered.
    pub(super) framework_id: String,
    /// What the bootstrap stack published.
    pub(super) bootstrap: Variables,
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// It is none; the text is Go's.
    pub(super) fn parse(data: &[u8]) -> Result<Self, String> {
        let value = go_json::parse(data)?;
        let texts = |value: Option<&Value>| -> BTreeMap<String, String> {
            let entries = value.and_then(Value::as_object).into_iter().flatten();
            entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
        };
        let context = go_json::field(&value, "BootstrapContext");
        let kind = |name: &str| texts(context.and_then(|context| context.get(name)));
        let id = go_json::field(&value, "FrameworkID").and_then(Value::as_str);
        Ok(Self {
            framework_id: id.unwrap_or_default().to_owned(),
            bootstrap: Variables {
                stack: kind("StackVariables"),
                arbitrary: kind("ArbitraryVariables"),
                global: kind("GlobalVariables"),
            },
        })
    }

    pub(super) fn to_json(&self) -> String {
        let mut json = String::from("{\"FrameworkID\":");
        go_json::write_string(&self.framework_id, &mut json);
        json.push_str(",\"BootstrapContext\":{");
        let Variables { stack, arbitrary, global } = &self.bootstrap;
        let kinds =
            [("ArbitraryVariables", arbitrary), ("GlobalVariables", global), ("StackVariables", stack)];
        for (index, (kind, variables)) in kinds.into_iter().enumerate() {
            json.push_str(if index > 0 { "," } else { "" });
            go_json::write_string(kind, &mut json);
            json.push_str(":{");
            for (index, (name, value)) in variables.iter().enumerate() {
                json.push_str(if index > 0 { "," } else { "" });
                go_json::write_string(name, &mut json);
                json.push(':');
                go_json::write_string(value, &mut json);
            }
            json.push('}');
        }
        json.push_str("}}");
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_the_original_reads() {
        let empty = Record { framework_id: "id-1".into(), ..Record::default() };
        assert_eq!(
            empty.to_json(),
            r#"{"FrameworkID":"id-1","BootstrapContext":{"ArbitraryVariables":{},"GlobalVariables":{},"StackVariables":{}}}"#
        );
        let mut full = empty;
        full.bootstrap.stack.insert("a.b".into(), "<1>".into());
        full.bootstrap.global.insert("g".into(), "\"".into());
        assert_eq!(Record::parse(full.to_json().as_bytes()).unwrap(), full);
        assert_eq!(Record::parse(b"").unwrap_err(), "unexpected end of JSON input");
    }

    #[test]
    fn tells_places_apart() {
        let zk = |connect: &str, path: &str| RecordPlace::Zk { connect: connect.into(), path: path.into() };
        assert_eq!(RecordPlace::parse("file:a/b.json"), Ok(RecordPlace::File("a/b.json".into())));
        assert_eq!(RecordPlace::parse("zk:h:2181"), Ok(zk("h:2181", "/")));
        assert_eq!(RecordPlace::parse("zk:h:2181/a/b"), Ok(zk("h:2181", "/a/b")));
        for text in ["", "file", "http://x"] {
            assert_eq!(RecordPlace::parse(text), Err("Unsupported storage".into()), "{text}");
        }
    }
}
