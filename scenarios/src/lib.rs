//! The scenarios: each is a file beside this crate's `Cargo.toml`, its snapshot lies in `snapshots`. The test of this
//! crate runs them all.

use std::path::{Path, PathBuf};

/// The folder of the scenario files.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The folder of their snapshots.
pub fn snapshots() -> PathBuf {
    folder().join("snapshots")
}

/// The folder of the stack files that they name.
pub fn stacks() -> PathBuf {
    folder().join("../fixtures/stacks")
}
