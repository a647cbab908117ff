//! The scenarios of a folder.

use std::path::{Path, PathBuf};

use crate::scenario::{Scenario, ScenarioError};

/// All scenarios of a folder, by name.
///
/// # Errors
/// The folder or a scenario cannot be read.
pub fn all(folder: &Path) -> Result<Vec<Scenario>, ScenarioError> {
    let unreadable = |why| ScenarioError::Unreadable { path: folder.to_owned(), why };
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    files.iter().map(|file| Scenario::read(file)).collect()
}

/// The scenarios asked for by name; all if none is.
///
/// # Errors
/// A name is unknown; the text names those that are not.
pub fn choose(all: Vec<Scenario>, names: &[String]) -> Result<Vec<Scenario>, String> {
    if names.is_empty() {
        return Ok(all);
    }
    let mut chosen = Vec::new();
    for name in names {
        let found = all.iter().find(|scenario| scenario.name == *name);
        let known = || all.iter().map(|scenario| scenario.name.as_str()).collect::<Vec<_>>().join(", ");
        chosen.push(
            found.cloned().ok_or_else(|| format!("there is no scenario {name}; there are: {}", known()))?,
        );
    }
    Ok(chosen)
}
