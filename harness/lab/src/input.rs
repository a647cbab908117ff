//! Reads a stack file and checks it, with its variables, before anything starts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use stacklab_stack::{Parsed, Problem, Stack, StackError, problems, validate};

/// Why a stack cannot be run. Each is bad input: nothing was started.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file cannot be read.
    #[error("cannot read the stack file {path}: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// It is no stack file.
    #[error("{path}:{}:{}: {}\n{}", .error.line, .error.column, .error.message, .error.snippet())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        error: Box<StackError>,
    },
    /// It is one that cannot run.
    #[error("{path}: {}", .problems.join("\n"))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Everything that was found.
        problems: Vec<String>,
    },
}

/// A stack file that was read and found good.
#[derive(Clone, Debug)]
pub struct StackInput {
    /// The stack.
    pub stack: Stack,
    /// The file's text.
    pub text: String,
    /// What may not be meant as it is written.
    pub warnings: Vec<String>,
}

/// Reads and checks. `variables` are those that the run will be given.
///
/// # Errors
/// The file cannot be read, is no stack file, or is one that cannot run.
pub fn read_stack(path: &Path, variables: &BTreeMap<String, String>) -> Result<StackInput, InputError> {
    let text =
        std::fs::read_to_string(path).map_err(|why| InputError::Unreadable { path: path.to_owned(), why })?;
    let Parsed { stack, warnings, positions } = Stack::parse(&text)
        .map_err(|error| InputError::Malformed { path: path.to_owned(), error: Box::new(error) })?;
    let place = |key: &str| positions.get(key).map(|at| format!("{at}: ")).unwrap_or_default();
    // Those have their framework in a lab.
    let runs = |problem: &&Problem| !matches!(problem, Problem::RunOnce { .. });
    let mut found: Vec<String> = problems(&stack, &[]).iter().filter(runs).map(ToString::to_string).collect();
    if let Err(invalid) = validate(&stack) {
        found.push(format!("{}{invalid}", place(&invalid.application)));
    }
    found.extend(missing_variables(&stack, variables, &text));
    if !found.is_empty() {
        return Err(InputError::Invalid { path: path.to_owned(), problems: found });
    }
    let warnings = warnings.iter().map(|warning| format!("{}: {}", warning.at, warning.text)).collect();
    Ok(StackInput { stack, text, warnings })
}

/// Reads a stack file that need not be one that can run.
///
/// # Errors
/// The file cannot be read, or is no stack file.
pub fn read_stack_as_it_is(path: &Path) -> Result<StackInput, InputError> {
    let text =
        std::fs::read_to_string(path).map_err(|why| InputError::Unreadable { path: path.to_owned(), why })?;
    let Parsed { stack, warnings, .. } = Stack::parse(&text)
        .map_err(|error| InputError::Malformed { path: path.to_owned(), error: Box::new(error) })?;
    let warnings = warnings.iter().map(|warning| format!("{}: {}", warning.at, warning.text)).collect();
    Ok(StackInput { stack, text, warnings })
}

/// References that nobody will resolve: the original runs into an error in the middle of the deployment, or sends
/// them as they are.
fn missing_variables(stack: &Stack, variables: &BTreeMap<String, String>, text: &str) -> Vec<String> {
    let published = |name: &str| {
        matches!(name, "mesos.master" | "zone" | "stack")
            || stack.applications.values().any(|application| {
                name.strip_prefix(&application.id).is_some_and(|rest| rest.starts_with('.'))
            })
    };
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.trim_start();
        if code.starts_with('#') {
            continue;
        }
        for (at, _) in line.match_indices("${") {
            let Some(name) = line[at + 2..].split('}').next() else { continue };
            if !line[at..].contains('}') || variables.contains_key(name) || published(name) {
                continue;
            }
            found.push(format!(
                "line {}, column {}: the variable {name} is not given: --var {name}=…\n  {code}",
                number + 1,
                at + 1
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(text: &str, given: &[&str]) -> Vec<String> {
        let stack = Stack::parse(text).unwrap().stack;
        let given = given.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
        missing_variables(&stack, &given, text)
    }

    #[test]
    fn names_variables_that_nobody_gives() {
        let text = "name: s\napplications:\n  a:\n    type: t\n    id: app\n    launch_command: run ${zk_url} \
                    ${app.api} ${mesos.master} $HOST\n";
        assert_eq!(missing(text, &["zk_url"]), Vec::<String>::new());
        let found = missing(text, &[]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("line 6, column 25: the variable zk_url is not given"), "{}", found[0]);
    }
}
