//! Where a scheduler keeps its document, and in which steps it gets there.

use std::fmt;

use stacklab_machine::process::ZkOp;

/// A place for one JSON document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// A file of the sandbox.
    File {
        /// Its name.
        path: String,
    },
    /// A node in a ZooKeeper.
    Zk {
        /// Connect string without a chroot.
        connect: String,
        /// The node, chroot included.
        path: String,
        /// What is created at the start.
        prepare: Prepare,
    },
}

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path } => write!(f, "file:{path}"),
            Self::Zk { connect, path, .. } => write!(f, "zk:{connect}{path}"),
        }
    }
}

/// What a scheduler creates in ZooKeeper before it reads its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prepare {
    /// The node itself, empty, with all parents (Exhibitor, DSE, Zipkin).
    Node,
    /// The chroot of `--zk`, with parents; nothing without a chroot (Kafka).
    Chroot(Option<String>),
}

/// The text names no storage: `Unsupported storage: <text>`, Kafka without the colon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Unsupported storage{colon} {text}")]
pub struct StorageError {
    text: String,
    colon: &'static str,
}

impl Storage {
    /// Reads `file:<path>` or `zk:host:port[,…]/path`.
    pub fn parse(text: &str) -> Result<Self, StorageError> {
        let error = || StorageError { text: text.to_owned(), colon: ":" };
        if let Some(path) = text.strip_prefix("file:") {
            return Ok(Self::File { path: path.to_owned() });
        }
        let address = text.strip_prefix("zk:").ok_or_else(error)?;
        // `zk:/path` has no servers: the client fails on it, and so does the scheduler.
        let (connect, path) = address.split_once('/').filter(|(c, _)| !c.is_empty()).ok_or_else(error)?;
        Ok(Self::Zk { connect: connect.to_owned(), path: format!("/{path}"), prepare: Prepare::Node })
    }

    /// Reads Kafka's form: `file:<path>`, or `zk:/path` below `--zk` and its chroot.
    pub fn parse_below(text: &str, zk: &str) -> Result<Self, StorageError> {
        if let Some(path) = text.strip_prefix("file:") {
            return Ok(Self::File { path: path.to_owned() });
        }
        let error = || StorageError { text: text.to_owned(), colon: "" };
        let path = text.strip_prefix("zk:").ok_or_else(error)?;
        let (connect, chroot) = split_chroot(zk);
        Ok(Self::Zk {
            connect: connect.to_owned(),
            path: format!("{}{path}", chroot.unwrap_or_default()),
            prepare: Prepare::Chroot(chroot.map(str::to_owned)),
        })
    }

    /// What has to be created before the document is read.
    pub(crate) fn preparation(&self) -> Option<ZkOp> {
        let path = match self {
            Self::File { .. } => return None,
            Self::Zk { prepare: Prepare::Chroot(chroot), .. } => chroot.clone()?,
            Self::Zk { path, .. } => path.clone(),
        };
        Some(ZkOp::Create { path, data: Vec::new(), parents: true, ephemeral: false })
    }
}

/// Cuts a connect string into servers and chroot: `h:2181,h2:2181/kafka` → `/kafka`; a bare `/` is no chroot.
pub fn split_chroot(connect: &str) -> (&str, Option<&str>) {
    match connect.find('/') {
        None => (connect, None),
        Some(slash) => {
            let chroot = connect[slash..].trim_end_matches('/');
            (&connect[..slash], (!chroot.is_empty()).then_some(chroot))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms() {
        let zk = Storage::parse("zk:h:2181,i:2181/a/b").unwrap();
        let expected =
            Storage::Zk { connect: "h:2181,i:2181".into(), path: "/a/b".into(), prepare: Prepare::Node };
        assert_eq!(zk, expected);
        assert_eq!(Storage::parse("s3:x").unwrap_err().to_string(), "Unsupported storage: s3:x");
        assert!(Storage::parse("zk:/path").is_err());
        let kafka = Storage::parse_below("zk:/kafka-mesos", "h:2181/ch/root").unwrap();
        let expected = Storage::Zk {
            connect: "h:2181".into(),
            path: "/ch/root/kafka-mesos".into(),
            prepare: Prepare::Chroot(Some("/ch/root".into())),
        };
        assert_eq!(kafka, expected);
        assert_eq!(Storage::parse_below("x", "h").unwrap_err().to_string(), "Unsupported storage x");
        assert_eq!(split_chroot("h:1/"), ("h:1", None));
    }
}
