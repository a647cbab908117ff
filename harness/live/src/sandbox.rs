//! The files of a task: kept in memory, gone with the last owner, as a sandbox is gone with its task.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Largest file and largest number of files in one sandbox: a state document has a few kilobytes.
const MAX_FILE: usize = 16 << 20;
const MAX_FILES: usize = 1000;

/// The files of one task. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Sandbox {
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

/// Tells whether a sandbox is still there.
#[derive(Clone, Debug)]
pub struct SandboxWitness(Weak<Mutex<BTreeMap<String, Vec<u8>>>>);

impl SandboxWitness {
    /// Whether somebody still holds the sandbox.
    pub fn is_there(&self) -> bool {
        self.0.strong_count() > 0
    }
}

impl Sandbox {
    /// Tells whether this sandbox is still there, without keeping it.
    pub fn witness(&self) -> SandboxWitness {
        SandboxWitness(Arc::downgrade(&self.files))
    }

    /// An empty sandbox.
    pub fn new() -> Self {
        Self::default()
    }

    /// A file's content, if it exists.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    /// Writes a file over what is there.
    ///
    /// # Errors
    /// The file or the number of files is over the limit; nothing was written.
    pub fn write(&self, path: &str, data: Vec<u8>) -> Result<(), String> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if data.len() > MAX_FILE || (files.len() >= MAX_FILES && !files.contains_key(path)) {
            return Err(format!("{path}: a sandbox holds {MAX_FILES} files of {MAX_FILE} bytes at the most"));
        }
        files.insert(path.to_owned(), data);
        Ok(())
    }
}
