//! Where things lie in the checkout.

use std::path::{Path, PathBuf};

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// Stack files.
pub(crate) fn stacks() -> PathBuf {
    root().join("fixtures/stacks")
}

/// Scenario files.
pub(crate) fn scenarios() -> PathBuf {
    root().join("scenarios")
}

/// Snapshots.
pub(crate) fn snapshots() -> PathBuf {
    root().join("scenarios/snapshots")
}

/// Recipes of the images.
pub(crate) fn images() -> PathBuf {
    root().join("fixtures/images")
}

/// Where runs leave their folders.
pub(crate) fn left() -> PathBuf {
    root().join("target/stacklab")
}

/// The commit of the checkout, if it is one and git is there.
pub(crate) fn commit() -> Option<String> {
    let git =
        std::process::Command::new("git").args(["rev-parse", "HEAD"]).current_dir(root()).output().ok()?;
    let text = String::from_utf8(git.stdout).ok().filter(|_| git.status.success())?;
    Some(text.trim().to_owned())
}
