//! Placement constraints: `hostname=unique,rack=like:r[12]`.

use std::fmt;

use regex::Regex;
use serde::{Serialize, Serializer};

/// What a condition may be called, and what becomes of several conditions on one attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Exhibitor and Zipkin: all conditions count, the last written is checked first.
    All,
    /// DSE: as [`Dialect::All`], with `atMost:N`.
    AllAndAtMost,
    /// Kafka: the last condition on an attribute counts.
    Last,
}

/// One condition on an attribute.
#[derive(Clone, Debug)]
pub enum Condition {
    /// At most so many peers less one may have the value (DSE); `unique` is 1.
    AtMost(u32),
    /// The value of the first peer, or this one.
    Cluster(Option<String>),
    /// Spread over so many values at least.
    GroupBy(u32),
    /// A regular expression that must match the whole value, or must not.
    Like {
        /// As written.
        text: String,
        /// Compiled, anchored at both ends.
        regex: Box<Regex>,
        /// Whether it must not match.
        negated: bool,
    },
    /// No peer has the value.
    Unique,
}

/// The text is no constraint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConstraintError {
    /// An unknown condition (Exhibitor, DSE, Zipkin).
    #[error("Unsupported condition: {0}")]
    Unsupported(String),
    /// An unknown condition (Kafka).
    #[error("unsupported condition {0}")]
    UnsupportedKafka(String),
    /// A number that is none.
    #[error("invalid condition {0}")]
    Number(String),
    /// A regular expression that is none, or one that only Java has.
    #[error("Invalid {name}: {why}")]
    Regex {
        /// `like` or `unlike`.
        name: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The list as such.
    #[error("{0}")]
    Map(#[from] super::MapError),
}

impl Condition {
    /// Reads a condition: what stands behind the first `=`.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Self, ConstraintError> {
        if let Some(regex) = text.strip_prefix("like:") {
            return Self::like(regex, false);
        }
        if let Some(regex) = text.strip_prefix("unlike:") {
            return Self::like(regex, true);
        }
        if text == "unique" {
            return Ok(Self::Unique);
        }
        if let Some(rest) = text.strip_prefix("cluster") {
            return Ok(Self::Cluster(rest.strip_prefix(':').map(str::to_owned)));
        }
        if let Some(rest) = text.strip_prefix("groupBy") {
            return Ok(Self::GroupBy(rest.strip_prefix(':').map_or(Ok(1), |n| count(n, text))?));
        }
        match (dialect, text.strip_prefix("atMost:")) {
            (Dialect::AllAndAtMost, Some(number)) => Ok(Self::AtMost(count(number, text)?)),
            (Dialect::Last, _) => Err(ConstraintError::UnsupportedKafka(text.to_owned())),
            _ => Err(ConstraintError::Unsupported(text.to_owned())),
        }
    }

    fn like(text: &str, negated: bool) -> Result<Self, ConstraintError> {
        let name = if negated { "unlike" } else { "like" };
        match Regex::new(&format!("^(?:{text})$")) {
            Ok(regex) => Ok(Self::Like { text: text.to_owned(), regex: Box::new(regex), negated }),
            Err(error) => Err(ConstraintError::Regex { name, why: error.to_string() }),
        }
    }

    /// Whether the condition accepts a value, given the values of the peers (those that have a task).
    pub fn accepts(&self, value: &str, peers: &[String]) -> bool {
        match self {
            Self::AtMost(limit) => same(peers, value) < *limit as usize,
            Self::Cluster(Some(wanted)) => value == wanted,
            Self::Cluster(None) => peers.first().is_none_or(|first| first == value),
            Self::GroupBy(groups) => spreads(value, peers, *groups as usize),
            Self::Like { regex, negated, .. } => regex.is_match(value) != *negated,
            Self::Unique => same(peers, value) == 0,
        }
    }
}

fn count(number: &str, condition: &str) -> Result<u32, ConstraintError> {
    number.parse().map_err(|_| ConstraintError::Number(condition.to_owned()))
}

fn same(peers: &[String], value: &str) -> usize {
    peers.iter().filter(|peer| *peer == value).count()
}

fn spreads(value: &str, peers: &[String], groups: usize) -> bool {
    let mut distinct: Vec<&String> = peers.iter().collect();
    distinct.sort();
    distinct.dedup();
    if distinct.len() < groups {
        return same(peers, value) == 0;
    }
    let least = distinct.iter().map(|peer| same(peers, peer)).min();
    let own = same(peers, value);
    least.is_none_or(|least| own > 0 && own == least)
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(limit) => write!(f, "atMost:{limit}"),
            Self::Cluster(Some(value)) => write!(f, "cluster:{value}"),
            Self::Cluster(None) => f.write_str("cluster"),
            Self::GroupBy(1) => f.write_str("groupBy"),
            Self::GroupBy(groups) => write!(f, "groupBy:{groups}"),
            Self::Like { text, negated, .. } => write!(f, "{}like:{text}", if *negated { "un" } else { "" }),
            Self::Unique => f.write_str("unique"),
        }
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

/// Constraints of an instance, in the order in which they are checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constraints {
    conditions: Vec<(String, Condition)>,
}

impl Constraints {
    /// Reads a comma list of `name=condition`.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Self, ConstraintError> {
        let mut conditions: Vec<(String, Condition)> = Vec::new();
        for (name, condition) in entries(text)? {
            let condition = Condition::parse(&condition, dialect)?;
            match conditions.iter().position(|(known, _)| *known == name) {
                Some(place) if dialect == Dialect::Last => conditions[place].1 = condition,
                Some(place) => conditions.insert(place, (name, condition)),
                None => conditions.push((name, condition)),
            }
        }
        Ok(Self { conditions })
    }

    /// `hostname=unique`, Exhibitor's default.
    pub fn unique_host() -> Self {
        Self { conditions: vec![("hostname".into(), Condition::Unique)] }
    }

    /// Adds the conditions of another list behind these, for attributes that have none yet, and replaces them for
    /// those that have (Zipkin's `config`).
    pub fn merge(&mut self, other: Self) {
        self.conditions.retain(|(name, _)| other.conditions.iter().all(|(changed, _)| changed != name));
        self.conditions.extend(other.conditions);
    }

    /// Why an offer cannot be taken, or `None` if it can: `no rack`, `rack doesn't match like:r1`. `offered` gives the
    /// offer's value of an attribute (`hostname` is the offer's host name), `peers` the values of it that the
    /// framework's instances with a task have.
    pub fn rejection<'a>(
        &self,
        offered: impl Fn(&str) -> Option<&'a str>,
        peers: impl Fn(&str) -> Vec<String>,
    ) -> Option<String> {
        self.conditions.iter().find_map(|(name, condition)| {
            let Some(value) = offered(name) else { return Some(format!("no {name}")) };
            let fits = condition.accepts(value, &peers(name));
            (!fits).then(|| format!("{name} doesn't match {condition}"))
        })
    }

    /// Names and conditions, in the order in which they are checked.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Condition)> {
        self.conditions.iter().map(|(name, condition)| (name.as_str(), condition))
    }

    /// Whether everything is accepted.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }
}

/// The entries as written, several of one name too.
fn entries(text: &str) -> Result<Vec<(String, String)>, ConstraintError> {
    super::TextMap::parse_full(text)?;
    let entry = |part: &str| {
        // Just read as a map with values: every part has one.
        let map = super::TextMap::parse_full(part)?;
        let pair =
            map.iter().next().map(|(name, value)| (name.to_owned(), value.unwrap_or_default().to_owned()));
        Ok(pair.unwrap_or_default())
    };
    unescaped_commas(text).into_iter().filter(|part| !part.is_empty()).map(entry).collect()
}

fn unescaped_commas(text: &str) -> Vec<&str> {
    let mut escaped = false;
    text.split(move |c| {
        let cuts = c == ',' && !escaped;
        escaped = c == '\\' && !escaped;
        cuts
    })
    .collect()
}

/// As they print.
impl Serialize for Constraints {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Constraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, condition)) in self.conditions.iter().enumerate() {
            write!(f, "{}{name}={condition}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}
