//! The files of a task: kept in memory, gone with the last owner, as a sandbox is gone with its task.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use crate::mishap::Owner;

/// Largest file and largest number of files in one sandbox: a state document has a few kilobytes.
const MAX_FILE: usize = 16 << 20;
const MAX_FILES: usize = 1000;

/// The files of one task. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Sandbox {
    content: Arc<Content>,
}

#[derive(Default)]
struct Content {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    belongings: Mutex<BTreeMap<String, Arc<dyn Any + Send + Sync>>>,
    memory: Option<u32>,
    owner: OnceLock<Owner>,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").finish_non_exhaustive()
    }
}

/// Tells whether a sandbox is still there.
#[derive(Clone, Debug)]
pub struct SandboxWitness(Weak<Content>);

impl SandboxWitness {
    /// Whether somebody still holds the sandbox.
    pub fn is_there(&self) -> bool {
        self.0.strong_count() > 0
    }

    /// The sandbox, if it is still there.
    pub(crate) fn sandbox(&self) -> Option<Sandbox> {
        self.0.upgrade().map(|content| Sandbox { content })
    }
}

impl Sandbox {
    /// Tells whether this sandbox is still there, without keeping it.
    pub fn witness(&self) -> SandboxWitness {
        SandboxWitness(Arc::downgrade(&self.content))
    }

    /// An empty sandbox.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty sandbox of a task with so much memory, in MB.
    pub fn with_memory(megabytes: u32) -> Self {
        Self { content: Arc::new(Content { memory: Some(megabytes), ..Content::default() }) }
    }

    /// The task's memory in MB, where it has a limit.
    pub fn memory(&self) -> Option<u32> {
        self.content.memory
    }

    /// Says whose it is; once is enough.
    pub fn own(&self, owner: Owner) {
        // Who was first stays.
        let _ = self.content.owner.set(owner);
    }

    /// Whose it is.
    pub fn owner(&self) -> Owner {
        self.content.owner.get().cloned().unwrap_or_default()
    }

    /// A file's content, if it exists.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.content.files.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    /// Writes a file over what is there.
    ///
    /// # Errors
    /// The file or the number of files is over the limit; nothing was written.
    pub fn write(&self, path: &str, data: Vec<u8>) -> Result<(), String> {
        let mut files = self.content.files.lock().unwrap_or_else(PoisonError::into_inner);
        if data.len() > MAX_FILE || (files.len() >= MAX_FILES && !files.contains_key(path)) {
            return Err(format!("{path}: a sandbox holds {MAX_FILES} files of {MAX_FILE} bytes at the most"));
        }
        files.insert(path.to_owned(), data);
        Ok(())
    }

    /// What belongs to the sandbox under this name and outside of this process, such as a disk: made by the first who
    /// asks, and dropped with the sandbox. A thing of another type under the same name is replaced.
    pub fn belonging<T: Any + Send + Sync>(&self, name: &str, make: impl FnOnce() -> T) -> Arc<T> {
        let mut belongings = self.content.belongings.lock().unwrap_or_else(PoisonError::into_inner);
        let known = belongings.get(name).cloned().and_then(|known| known.downcast().ok());
        known.unwrap_or_else(|| {
            let made = Arc::new(make());
            belongings.insert(name.to_owned(), Arc::<T>::clone(&made));
            made
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn belongings_go_with_the_sandbox() {
        let sandbox = Sandbox::new();
        let disk = sandbox.belonging("disk", || 1_u8);
        assert!(Arc::ptr_eq(&disk, &sandbox.belonging("disk", || 2_u8)));
        let witness = Arc::downgrade(&disk);
        drop(disk);
        assert!(witness.upgrade().is_some());
        drop(sandbox);
        assert!(witness.upgrade().is_none());
    }
}
