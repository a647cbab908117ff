//! Parents, layers and zones: which stack is really run.
//!
//! Stacks come from a lookup by name; where they are stored is none of this module's business.

use crate::{MergeError, Stack, merge};

/// How many parents a stack may have above each other; a longer chain is taken for a loop, on which the original
/// would not return.
const MAX_CHAIN: usize = 64;

/// Level of a zone in [`Stack::layer`].
pub const ZONE: i64 = 0;
/// Level of a cluster.
pub const CLUSTER: i64 = 1;
/// Level of a data centre.
pub const DATACENTER: i64 = 2;

/// The level that a name of the command line means.
pub fn level(name: &str) -> Option<i64> {
    match name {
        "zone" => Some(ZONE),
        "cluster" => Some(CLUSTER),
        "datacenter" => Some(DATACENTER),
        _ => None,
    }
}

/// Why there is no stack to be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayerError {
    /// A stack or a parent is not stored; the original's text for it depends on its mode.
    #[error("stack {0} is not there")]
    NotFound(String),
    /// Parents lead to each other.
    #[error("stack {0} has too many parents, or is its own")]
    TooDeep(String),
    /// A parent without applications.
    #[error(transparent)]
    Merge(#[from] MergeError),
}

/// The stack with all its parents merged below it, as production mode reads it.
///
/// # Errors
/// The stack or a parent is missing or empty, or there are too many.
pub fn inherited(name: &str, lookup: &dyn Fn(&str) -> Option<Stack>) -> Result<Stack, LayerError> {
    let find = |name: &str| lookup(name).ok_or_else(|| LayerError::NotFound(name.to_owned()));
    let mut chain = vec![find(name)?];
    while let Some(parent) = chain.last().map(|stack| stack.from.clone()).filter(|parent| !parent.is_empty())
    {
        if chain.len() >= MAX_CHAIN {
            return Err(LayerError::TooDeep(name.to_owned()));
        }
        chain.push(find(&parent)?);
    }
    let mut below = chain.pop();
    while let (Some(child), Some(parent)) = (chain.pop(), &below) {
        below = Some(merge(&child, parent)?);
    }
    below.ok_or_else(|| LayerError::NotFound(name.to_owned()))
}

/// What production mode runs for `run <stack> --zone <zone>`: stack over zone over cluster over data centre.
/// An empty zone is none.
///
/// # Errors
/// As [`inherited`].
pub fn to_run(name: &str, zone: &str, lookup: &dyn Fn(&str) -> Option<Stack>) -> Result<Stack, LayerError> {
    let stack = inherited(name, lookup)?;
    if zone.is_empty() {
        return Ok(stack);
    }
    Ok(merge(&stack, &inherited(zone, lookup)?)?)
}

/// What developer mode runs: `from` of the stack is ignored, and of a zone whose parent has no parent only the parent
/// is taken, the zone itself is dropped.
///
/// # Errors
/// As [`inherited`].
pub fn to_run_in_dev_mode(
    name: &str,
    zone: &str,
    lookup: &dyn Fn(&str) -> Option<Stack>,
) -> Result<Stack, LayerError> {
    let find = |name: &str| lookup(name).ok_or_else(|| LayerError::NotFound(name.to_owned()));
    let stack = find(name)?;
    if zone.is_empty() {
        return Ok(stack);
    }
    let zone = find(zone)?;
    if zone.from.is_empty() {
        return Ok(merge(&stack, &zone)?);
    }
    let cluster = find(&zone.from)?;
    if cluster.from.is_empty() {
        return Ok(merge(&stack, &cluster)?);
    }
    let base = merge(&zone, &merge(&cluster, &find(&cluster.from)?)?)?;
    Ok(merge(&stack, &base)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<Stack> {
        let (from, command) = match name {
            "dc" => ("", "dc"),
            "cluster" => ("dc", ""),
            "lone-cluster" => ("", "cluster"),
            "zone" => ("cluster", "zone"),
            "lone-zone" => ("lone-cluster", "zone"),
            "loop" => ("loop", ""),
            "stack" => ("", ""),
            "child" => ("stack", "child"),
            "orphan" => ("nowhere", ""),
            _ => return None,
        };
        let text = format!(
            "name: {name}\nfrom: '{from}'\napplications:\n  a: {{type: t, launch_command: '{command}'}}\n  {name}: {{type: t}}\n"
        );
        Some(Stack::parse(&text).unwrap().stack)
    }

    fn shown(result: Result<Stack, LayerError>) -> String {
        match result {
            Ok(stack) => {
                let keys: Vec<_> = stack.applications.keys().map(String::as_str).collect();
                format!("{} {} [{}]", stack.name, stack.applications["a"].launch_command, keys.join(" "))
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn merges_by_precedence() {
        let run = |name, zone| shown(to_run(name, zone, &lookup));
        assert_eq!(run("stack", ""), "stack  [a stack]");
        assert_eq!(run("child", ""), "child child [a child stack]");
        assert_eq!(run("stack", "zone"), "stack zone [a cluster dc stack zone]");
        assert_eq!(run("stack", "cluster"), "stack dc [a cluster dc stack]");
        assert_eq!(run("stack", "nope"), "stack nope is not there");
        assert_eq!(run("orphan", ""), "stack nowhere is not there");
        assert_eq!(run("loop", ""), "stack loop has too many parents, or is its own");
    }

    #[test]
    fn developer_mode_drops_a_zone() {
        let run = |name, zone| shown(to_run_in_dev_mode(name, zone, &lookup));
        assert_eq!(run("child", ""), "child child [a child]");
        assert_eq!(run("stack", "lone-cluster"), "stack cluster [a lone-cluster stack]");
        assert_eq!(run("stack", "lone-zone"), "stack cluster [a lone-cluster stack]");
        assert_eq!(run("stack", "zone"), "stack zone [a cluster dc stack zone]");
    }
}
