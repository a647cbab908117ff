//! Constraints on where tasks of an app may run.

use std::collections::BTreeMap;

use regex::Regex;

/// `[field, OPERATOR, value?]`, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Constraint {
    pub(crate) field: String,
    pub(crate) operator: Operator,
    pub(crate) value: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Cluster,
    GroupBy,
    Like,
    Unique,
    Unlike,
}

impl Operator {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "CLUSTER",
            Self::GroupBy => "GROUP_BY",
            Self::Like => "LIKE",
            Self::Unique => "UNIQUE",
            Self::Unlike => "UNLIKE",
        }
    }
}

impl Constraint {
    /// Reads its words.
    ///
    /// # Errors
    /// They are none; in the words of Marathon 0.15.
    pub(crate) fn read(words: &[String]) -> Result<Self, &'static str> {
        let (field, operator, value) = match words {
            [field, operator] => (field, operator, None),
            [field, operator, value] => (field, operator, Some(value.clone())),
            _ => {
                return Err(
                    "Constraint definition must be an array of strings in format: <key>, <operator>[, value]",
                );
            }
        };
        let operator = match operator.as_str() {
            "CLUSTER" => Operator::Cluster,
            "GROUP_BY" => Operator::GroupBy,
            "LIKE" => Operator::Like,
            "UNIQUE" => Operator::Unique,
            "UNLIKE" => Operator::Unlike,
            _ => {
                return Err(
                    "Constraint operator must be one of the following: [UNIQUE, CLUSTER, GROUP_BY, LIKE, UNLIKE]",
                );
            }
        };
        Ok(Self { field: field.clone(), operator, value })
    }

    /// Its words.
    pub(crate) fn words(&self) -> Vec<&str> {
        let value = self.value.as_deref();
        [self.field.as_str(), self.operator.as_str()].into_iter().chain(value).collect()
    }
}

/// Whether an agent with this `value` of the constrained attribute (`None`: it has no such attribute) may take one
/// more task, given the values of the agents that tasks of the app run on.
pub(crate) fn fits(constraint: &Constraint, value: Option<&str>, others: &[String]) -> bool {
    let Some(value) = value else { return constraint.operator == Operator::Unlike };
    let given = constraint.value.as_deref().unwrap_or_default();
    match constraint.operator {
        Operator::Unique => others.iter().all(|other| other != value),
        Operator::Cluster if given.is_empty() => others.iter().all(|other| other == value),
        Operator::Cluster => value == given,
        Operator::GroupBy => {
            let mut counts = BTreeMap::<&str, usize>::new();
            for other in others {
                *counts.entry(other).or_default() += 1;
            }
            let minimum = given.parse().unwrap_or(0);
            match counts.get(value) {
                None => true,
                Some(count) => counts.len() >= minimum && counts.values().all(|other| count <= other),
            }
        }
        Operator::Like => full_match(given, value),
        Operator::Unlike => !full_match(given, value),
    }
}

fn full_match(pattern: &str, value: &str) -> bool {
    // A pattern that is none matches nothing; the original's task launch fails on it.
    Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|regex| regex.is_match(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_as_marathon_has_it() {
        for (text, value, others, expected) in [
            ("h UNIQUE", Some("a"), "b", true),
            ("h UNIQUE", Some("a"), "b a", false),
            ("h UNIQUE", None, "", false),
            ("h UNLIKE a", None, "", true),
            ("h CLUSTER", Some("a"), "", true),
            ("h CLUSTER", Some("a"), "b", false),
            ("h CLUSTER a", Some("a"), "b", true),
            ("h LIKE a.", Some("ab"), "", true),
            ("h LIKE a", Some("ab"), "", false),
            ("h UNLIKE a", Some("ab"), "", true),
            ("h GROUP_BY", Some("a"), "a", true),
            ("h GROUP_BY", Some("a"), "a b a", false),
            ("h GROUP_BY", Some("b"), "a b a", true),
            ("h GROUP_BY 2", Some("a"), "a", false),
            ("h GROUP_BY 2", Some("b"), "a", true),
        ] {
            let words: Vec<_> = text.split(' ').map(str::to_owned).collect();
            let others: Vec<_> = others.split_whitespace().map(str::to_owned).collect();
            let constraint = Constraint::read(&words).unwrap();
            assert_eq!(fits(&constraint, value, &others), expected, "{text} {value:?} {others:?}");
            assert_eq!(constraint.words().join(" "), text);
        }
        assert!(Constraint::read(&["h".into()]).is_err());
        assert!(Constraint::read(&["h".into(), "NEAR".into()]).is_err());
    }
}
