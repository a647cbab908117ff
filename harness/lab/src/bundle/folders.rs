//! Where the folders of runs lie, and how many of them are kept.

use std::path::{Path, PathBuf};

/// Folders kept at the most; the oldest go.
const KEPT: usize = 40;

/// A folder of folders.
#[derive(Clone, Debug)]
pub struct Folders {
    root: PathBuf,
}

impl Folders {
    /// All of them are made below this one.
    pub fn below(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// A folder for a run that nobody has used: its name, its seed, and a number.
    pub fn unused(&self, scenario: &str, seed: u64) -> PathBuf {
        let name = |number: usize| self.root.join(format!("{scenario}-{seed}-{number}"));
        // Some number is free: there are more of them than are kept.
        (1..).map(name).find(|folder| !folder.exists()).unwrap_or_else(|| self.root.join(scenario))
    }

    /// Removes the oldest ones. Only what a run has left is removed, and that it cannot be removed harms nobody.
    pub fn tidy(&self) {
        let entries = std::fs::read_dir(&self.root).into_iter().flatten().flatten();
        let left = entries.map(|entry| entry.path()).filter(|path| path.join("REPLAY").is_file());
        let mut left: Vec<_> =
            left.filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path))).collect();
        left.sort();
        let many = left.len().saturating_sub(KEPT);
        for (_, path) in left.into_iter().take(many) {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}
