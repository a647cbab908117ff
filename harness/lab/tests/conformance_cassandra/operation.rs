//! What is asked of both servers.

use std::fmt;

/// A value for a bind variable, as its bytes are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bind {
    Null,
    Unset,
    Bytes(Vec<u8>),
}

/// How a statement is to be run; what is `None` is left to the driver, or not sent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct How {
    /// Rows a page; the pages are all asked for, one after the other.
    pub(crate) page: Option<i32>,
    /// µs.
    pub(crate) timestamp: Option<i64>,
    pub(crate) level: Option<Level>,
}

/// A consistency level, of those that one node can tell apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Level {
    Any,
    One,
    Two,
    Quorum,
    All,
    EachQuorum,
    LocalOne,
    Serial,
}

/// A statement: its text, and values if it has bind variables.
#[derive(Clone, PartialEq)]
pub(crate) struct Statement {
    pub(crate) cql: String,
    pub(crate) binds: Vec<Bind>,
}

#[derive(Clone, PartialEq)]
pub(crate) enum Operation {
    /// QUERY without values, PREPARE and EXECUTE with some.
    Run(Statement, How),
    /// PREPARE alone, then EXECUTE, without values too.
    Prepared(Statement, How),
    /// BATCH.
    Batch(Kind, Vec<Statement>, How),
    /// USE, by the driver's own means.
    Use(String),
    /// Only the columns of the answer: of tables whose rows are the server's own.
    Columns(String),
    /// Nothing is sent for so many ms.
    Wait(u64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Logged,
    Unlogged,
    Counter,
}

impl From<&str> for Statement {
    fn from(cql: &str) -> Self {
        Self { cql: cql.to_owned(), binds: Vec::new() }
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cql)?;
        let mut separator = "  <- ";
        for bind in &self.binds {
            match bind {
                Bind::Null => write!(f, "{separator}null")?,
                Bind::Unset => write!(f, "{separator}unset")?,
                Bind::Bytes(bytes) => write!(f, "{separator}{}", hex(bytes))?,
            }
            separator = ", ";
        }
        Ok(())
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = |f: &mut fmt::Formatter<'_>, how: &How| {
            how.page.map_or(Ok(()), |page| write!(f, "  page {page}"))?;
            how.timestamp.map_or(Ok(()), |at| write!(f, "  at {at}"))?;
            how.level.map_or(Ok(()), |level| write!(f, "  {level:?}"))
        };
        match self {
            Self::Run(statement, with) => {
                write!(f, "{statement:?}")?;
                how(f, with)
            }
            Self::Prepared(statement, with) => {
                write!(f, "PREPARE {statement:?}")?;
                how(f, with)
            }
            Self::Batch(kind, statements, with) => {
                write!(f, "BATCH {kind:?} {statements:?}")?;
                how(f, with)
            }
            Self::Use(keyspace) => write!(f, "USE {keyspace}"),
            Self::Columns(cql) => write!(f, "columns of {cql}"),
            Self::Wait(millis) => write!(f, "wait {millis} ms"),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A statement without values.
pub(crate) fn q(cql: &str) -> Operation {
    Operation::Run(cql.into(), How::default())
}

/// A statement that is prepared, with values.
pub(crate) fn p(cql: &str, binds: &[Bind]) -> Operation {
    Operation::Prepared(Statement { cql: cql.to_owned(), binds: binds.to_vec() }, How::default())
}

/// A statement without values, read page by page.
pub(crate) fn paged(cql: &str, page: i32) -> Operation {
    Operation::Run(cql.into(), How { page: Some(page), ..How::default() })
}

/// A statement at a consistency level.
pub(crate) fn at(cql: &str, level: Level) -> Operation {
    Operation::Run(cql.into(), How { level: Some(level), ..How::default() })
}

/// A statement with the request's own write time.
pub(crate) fn stamped(cql: &str, timestamp: i64) -> Operation {
    Operation::Run(cql.into(), How { timestamp: Some(timestamp), ..How::default() })
}

pub(crate) fn batch(kind: Kind, statements: &[&str]) -> Operation {
    Operation::Batch(kind, statements.iter().map(|cql| (*cql).into()).collect(), How::default())
}

pub(crate) fn bytes(bytes: impl AsRef<[u8]>) -> Bind {
    Bind::Bytes(bytes.as_ref().to_vec())
}

pub(crate) fn int(value: i32) -> Bind {
    bytes(value.to_be_bytes())
}
