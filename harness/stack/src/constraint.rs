//! Constraints of an application: their grammar, and which agents they match for `instances: all`.

use std::collections::BTreeMap;

use regex::Regex;

/// An agent as Mesos' state shows it: its host name and its text attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// Host name.
    pub hostname: String,
    /// Attributes.
    pub attributes: BTreeMap<String, String>,
}

impl Agent {
    fn value(&self, attribute: &str) -> Option<&str> {
        if attribute == "hostname" {
            return Some(&self.hostname);
        }
        self.attributes.get(attribute).map(String::as_str)
    }
}

/// A constraint that the original refuses, in its words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConstraintError(pub String);

/// A constraint's operator with its operand.
enum Operator {
    Like(Regex),
    Unlike(Regex),
    Unique,
    Cluster(Option<String>),
    GroupBy(usize),
}

fn operator(words: &[String]) -> Result<Operator, ConstraintError> {
    let unsupported = || ConstraintError(format!("Unsupported constraint: [{}]", words.join(" ")));
    let Some(name) = words.get(1) else {
        return Err(if words.is_empty() {
            ConstraintError("Invalid constraint".into())
        } else {
            unsupported()
        });
    };
    let regex = |what: &str| {
        let pattern = words.get(2).ok_or_else(unsupported)?;
        Regex::new(pattern)
            .map_err(|error| ConstraintError(format!("Invalid {what}: {}", regex_error(pattern, &error))))
    };
    match name.as_str() {
        "LIKE" => Ok(Operator::Like(regex("like")?)),
        "UNLIKE" => Ok(Operator::Unlike(regex("unlike")?)),
        "UNIQUE" => Ok(Operator::Unique),
        "CLUSTER" => Ok(Operator::Cluster(words.get(2).cloned())),
        "GROUP_BY" => match words.get(2).map(|number| number.parse()) {
            None => Ok(Operator::GroupBy(1)),
            Some(Ok(groups)) => Ok(Operator::GroupBy(groups)),
            Some(Err(_)) => Err(ConstraintError(format!("Invalid constraint: [{}]", words[1..].join(" ")))),
        },
        _ => Err(unsupported()),
    }
}

/// The error of a regular expression, with the beginning that Go's has.
pub(crate) fn regex_error(pattern: &str, error: &regex::Error) -> String {
    let text = error.to_string();
    let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
    let why = match why {
        "unclosed group" => "missing closing )",
        "unopened group" => "unexpected )",
        "unclosed character class" => "missing closing ]",
        "repetition operator missing expression" => "missing argument to repetition operator",
        why => why,
    };
    format!("error parsing regexp: {why}: `{pattern}`")
}

/// Checks a regular expression, such as one of `run --skip`.
///
/// # Errors
/// It is none; the text begins as Go's.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    Regex::new(pattern).map(|_| ()).map_err(|error| regex_error(pattern, &error))
}

/// Checks the grammar of a constraint.
///
/// # Errors
/// The original refuses it; the text is its own.
pub(crate) fn check(words: &[String]) -> Result<(), ConstraintError> {
    operator(words).map(|_| ())
}

/// Whether a value matches a constraint, given the values of the same attribute that are taken already.
///
/// # Errors
/// The constraint is malformed.
pub fn matches(words: &[String], value: &str, others: &[&str]) -> Result<bool, ConstraintError> {
    Ok(match operator(words)? {
        Operator::Like(regex) => regex.is_match(value),
        Operator::Unlike(regex) => !regex.is_match(value),
        Operator::Unique => !others.contains(&value),
        Operator::Cluster(Some(wanted)) => value == wanted,
        Operator::Cluster(None) => others.first().is_none_or(|first| *first == value),
        Operator::GroupBy(groups) => {
            let mut counts = BTreeMap::<&str, usize>::new();
            for other in others {
                *counts.entry(other).or_default() += 1;
            }
            if counts.len() < groups {
                !counts.contains_key(value)
            } else {
                counts.get(value).is_some_and(|count| counts.values().all(|other| count <= other))
            }
        }
    })
}

/// How many agents match all constraints, taken in order: what `instances: all` means when there are constraints.
///
/// # Errors
/// A constraint is malformed.
pub fn count_matching(constraints: &[Vec<String>], agents: &[Agent]) -> Result<usize, ConstraintError> {
    let mut taken: Vec<&Agent> = Vec::new();
    'agents: for agent in agents {
        for words in constraints {
            let attribute = words.first().map_or("", String::as_str);
            let Some(value) = agent.value(attribute) else { continue 'agents };
            let others: Vec<_> = taken.iter().filter_map(|agent| agent.value(attribute)).collect();
            if !matches(words, value, &others)? {
                continue 'agents;
            }
        }
        taken.push(agent);
    }
    Ok(taken.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn matches_as_the_original() {
        for (constraint, value, others, expected) in [
            ("h LIKE b.*", "abc", vec![], true),
            ("h LIKE ^b", "abc", vec![], false),
            ("h UNLIKE b", "abc", vec![], false),
            ("h UNIQUE", "a", vec!["b"], true),
            ("h UNIQUE", "a", vec!["b", "a"], false),
            ("h CLUSTER", "a", vec![], true),
            ("h CLUSTER", "a", vec!["b", "a"], false),
            ("h CLUSTER a", "a", vec!["b"], true),
            ("h GROUP_BY", "a", vec![], true),
            ("h GROUP_BY", "b", vec!["a"], false),
            ("h GROUP_BY 2", "a", vec!["a"], false),
            ("h GROUP_BY 2", "b", vec!["a", "b", "a"], true),
            ("h GROUP_BY 2", "a", vec!["a", "b", "a"], false),
        ] {
            assert_eq!(
                matches(&words(constraint), value, &others),
                Ok(expected),
                "{constraint} {value} {others:?}"
            );
        }
    }

    #[test]
    fn refuses_in_the_original_words() {
        for (constraint, text) in [
            ("", "Invalid constraint"),
            ("h", "Unsupported constraint: [h]"),
            ("h NEAR x", "Unsupported constraint: [h NEAR x]"),
            ("h LIKE", "Unsupported constraint: [h LIKE]"),
            ("h LIKE (", "Invalid like: error parsing regexp: missing closing ): `(`"),
            ("h GROUP_BY x", "Invalid constraint: [GROUP_BY x]"),
        ] {
            assert_eq!(check(&words(constraint)).unwrap_err().to_string(), text);
        }
    }

    #[test]
    fn counts_agents_in_order() {
        let agent = |hostname: &str, rack: Option<&str>| Agent {
            hostname: hostname.into(),
            attributes: rack.map(|rack| ("rack".to_owned(), rack.to_owned())).into_iter().collect(),
        };
        let agents = [agent("a", Some("1")), agent("b", Some("1")), agent("c", Some("2")), agent("d", None)];
        let count = |constraints: &[&str]| {
            count_matching(&constraints.iter().map(|text| words(text)).collect::<Vec<_>>(), &agents).unwrap()
        };
        assert_eq!(count(&["rack UNIQUE"]), 2);
        assert_eq!(count(&["rack CLUSTER"]), 2);
        assert_eq!(count(&["hostname LIKE [ad]"]), 2);
        assert_eq!(count(&["hostname UNIQUE", "rack LIKE 1"]), 2);
        assert_eq!(count(&["zone UNIQUE"]), 0);
    }
}
