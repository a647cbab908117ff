//! What a statement says: everything but the schema.

use std::fmt;

use super::SchemaStatement;

/// A statement, with how many bind variables it has.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The statement.
    pub statement: Statement,
    /// The name of each bind variable in order; `None` for `?`.
    pub binds: Vec<Option<String>>,
}

/// A statement.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Statement {
    Select(Select),
    /// INSERT, UPDATE or DELETE.
    Write(Write),
    Batch(Batch),
    Use(String),
    Truncate(TableName),
    Schema(SchemaStatement),
}

/// A table, perhaps with its keyspace.
#[derive(Debug, Clone, PartialEq)]
pub struct TableName {
    /// Keyspace, if it was said.
    pub keyspace: Option<String>,
    /// Table.
    pub name: String,
}

/// SELECT.
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    /// Whether it says DISTINCT.
    pub distinct: bool,
    /// What is asked for, with its alias; empty for `*`.
    pub selectors: Vec<(Selector, Option<String>)>,
    /// From where.
    pub table: TableName,
    /// WHERE.
    pub relations: Vec<Relation>,
    /// ORDER BY: column, and whether descending.
    pub order: Vec<(String, bool)>,
    /// LIMIT.
    pub limit: Option<Term>,
    /// Whether it says ALLOW FILTERING.
    pub allow_filtering: bool,
}

/// One thing that a SELECT asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Selector {
    /// A column.
    Column(String),
    /// `count(*)` or `count(1)`.
    CountAll,
    /// `writetime(c)`.
    WriteTime(String),
    /// `ttl(c)`.
    Ttl(String),
    /// `f(…)`, its name in lower case.
    Call(String, Vec<Selector>),
    /// `c.f`: a field of a user type.
    Field(Box<Selector>, String),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operator {
    Eq,
    Neq,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    Contains,
    ContainsKey,
}

impl Operator {
    /// As Cassandra prints it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Neq => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::In => "IN",
            Self::Contains => "CONTAINS",
            Self::ContainsKey => "CONTAINS KEY",
        }
    }

    /// Whether it is one of the four that bound a range.
    pub fn is_range(self) -> bool {
        matches!(self, Self::Lt | Self::Le | Self::Gt | Self::Ge)
    }
}

/// The right side of a relation.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// One term.
    One(Term),
    /// `IN (a, b)`.
    Many(Vec<Term>),
    /// `IN ?`: a bind variable that holds a list.
    ManyBound(usize),
}

/// One condition of WHERE.
#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    /// The column, or the columns of `token(…)`.
    pub columns: Vec<String>,
    /// Whether `token(…)` is compared.
    pub token: bool,
    /// How.
    pub operator: Operator,
    /// With what.
    pub operand: Operand,
}

/// A value in a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// A bind variable, by number.
    Bind(usize),
    /// `null`.
    Null,
    /// A number, string or the like.
    Constant(ConstantKind, String),
    /// `[a, b]`.
    List(Vec<Term>),
    /// `{a, b}`, and `{}`, which may be a map too.
    Set(Vec<Term>),
    /// `{a: b}`.
    Map(Vec<(Term, Term)>),
    /// `{field: b}`.
    Udt(Vec<(String, Term)>),
    /// `(a, b)`.
    Tuple(Vec<Term>),
    /// `f(…)`, its name in lower case.
    Call(String, Vec<Term>),
}

impl fmt::Display for Term {
    /// As error texts show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn joined(f: &mut fmt::Formatter<'_>, open: &str, terms: &[Term], close: &str) -> fmt::Result {
            f.write_str(open)?;
            for (at, term) in terms.iter().enumerate() {
                write!(f, "{}{term}", if at == 0 { "" } else { ", " })?;
            }
            f.write_str(close)
        }
        match self {
            Self::Bind(_) => f.write_str("?"),
            Self::Null => f.write_str("null"),
            Self::Constant(ConstantKind::String, text) => write!(f, "'{text}'"),
            Self::Constant(_, text) => f.write_str(text),
            Self::List(terms) => joined(f, "[", terms, "]"),
            Self::Set(terms) => joined(f, "{", terms, "}"),
            Self::Tuple(terms) => joined(f, "(", terms, ")"),
            Self::Map(entries) => {
                f.write_str("{")?;
                for (at, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}:{value}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
            Self::Udt(fields) => {
                f.write_str("{")?;
                for (at, (name, value)) in fields.iter().enumerate() {
                    write!(f, "{}{name}:{value}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
            Self::Call(name, arguments) => {
                f.write_str(name)?;
                joined(f, "(", arguments, ")")
            }
        }
    }
}

impl Term {
    /// Whether a bind variable is in it.
    pub fn has_binds(&self) -> bool {
        match self {
            Self::Bind(_) => true,
            Self::Null | Self::Constant(..) => false,
            Self::List(terms) | Self::Set(terms) | Self::Tuple(terms) | Self::Call(_, terms) => {
                terms.iter().any(Self::has_binds)
            }
            Self::Map(entries) => entries.iter().any(|(key, value)| key.has_binds() || value.has_binds()),
            Self::Udt(fields) => fields.iter().any(|(_, value)| value.has_binds()),
        }
    }
}

/// What a constant looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ConstantKind {
    String,
    Integer,
    Float,
    Boolean,
    Uuid,
    Hex,
}

impl ConstantKind {
    /// As error texts call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "STRING",
            Self::Integer => "INTEGER",
            Self::Float => "FLOAT",
            Self::Boolean => "BOOLEAN",
            Self::Uuid => "UUID",
            Self::Hex => "HEX",
        }
    }
}

/// USING.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Using {
    /// TTL, in s.
    pub ttl: Option<Term>,
    /// TIMESTAMP, in µs.
    pub timestamp: Option<Term>,
}

/// IF.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// None.
    None,
    /// `IF NOT EXISTS`.
    NotExists,
    /// `IF EXISTS`.
    Exists,
    /// `IF c = v AND c[k] = v AND …`.
    Columns(Vec<ColumnCondition>),
}

/// One comparison of IF.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnCondition {
    /// The column.
    pub column: String,
    /// The element of it that is meant, if not all of it.
    pub element: Option<Term>,
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    pub operand: Operand,
}

/// What a write does to one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// `c = v`.
    Set(Term),
    /// `c[k] = v`.
    SetElement(Term, Term),
    /// `c = c + v`.
    Add(Term),
    /// `c = v + c`.
    Prepend(Term),
    /// `c = c - v`.
    Subtract(Term),
    /// `DELETE c`.
    Delete,
    /// `DELETE c[k]`.
    DeleteElement(Term),
}

impl Change {
    /// As error texts show it; a prepend is shown with the wrong sign, as in the original.
    pub fn shown(&self, column: &str) -> String {
        match self {
            Self::Set(value) => format!("{column} = {value}"),
            Self::SetElement(key, value) => format!("{column}[{key}] = {value}"),
            Self::Add(value) => format!("{column} = {column} + {value}"),
            Self::Prepend(value) => format!("{column} = {value} - {column}"),
            Self::Subtract(value) => format!("{column} = {column} - {value}"),
            Self::Delete => column.to_owned(),
            Self::DeleteElement(key) => format!("{column}[{key}]"),
        }
    }
}

/// Which write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum WriteKind {
    Insert,
    Update,
    Delete,
}

/// INSERT, UPDATE or DELETE: all three name a row and change columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// Which.
    pub kind: WriteKind,
    /// Where.
    pub table: TableName,
    /// USING.
    pub using: Using,
    /// The columns of an INSERT, those of the key among them; the SET of an UPDATE; what a DELETE names.
    pub changes: Vec<(String, Change)>,
    /// Whether an INSERT names more columns than values, or fewer.
    pub unmatched: bool,
    /// WHERE; empty for INSERT.
    pub relations: Vec<Relation>,
    /// IF.
    pub condition: Condition,
}

/// How a batch is kept together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BatchKind {
    Logged,
    Unlogged,
    Counter,
}

/// BEGIN BATCH … APPLY BATCH.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Which.
    pub kind: BatchKind,
    /// USING TIMESTAMP.
    pub using: Using,
    /// The writes.
    pub writes: Vec<Write>,
}
