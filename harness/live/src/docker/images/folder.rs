//! A folder for what is only needed while images are made.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::ImageError;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A folder of this process, removed with its content when this is dropped.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A new one, empty. It has a fixed place for each process number, so a killed process's is taken over some day.
    pub(super) fn new() -> Result<Self, ImageError> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("stacklab-images-{}-{number}", std::process::id()));
        let failed =
            |why: std::io::Error| ImageError::File { path: path.display().to_string(), why: why.to_string() };
        if path.exists() {
            fs::remove_dir_all(&path).map_err(failed)?;
        }
        fs::create_dir(&path).map_err(failed)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // In the temporary folder, what cannot be removed is somebody else's care.
        let _ = fs::remove_dir_all(&self.0);
    }
}
