//! The artifacts of commands that are really run: from HTTP servers and from this machine's files.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use stacklab_machine::http::Request;
use stacklab_mesos::{ContainerId, Uri};

use super::archive;

/// How long a server may take for one artifact.
const LIMIT: Duration = Duration::from_secs(120);
/// Redirections that are followed.
const MAX_REDIRECTIONS: usize = 5;

/// Fetches into sandboxes below one folder.
#[derive(Clone, Debug)]
pub(in super::super) struct Downloads {
    folder: PathBuf,
}

impl Downloads {
    pub(in super::super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Where a container's files lie.
    pub(in super::super) fn sandbox(&self, container: &ContainerId) -> PathBuf {
        self.folder.join(container.as_str())
    }

    /// Fetches what is not there yet, in order; the first that cannot be had ends it, with its address and why.
    pub(in super::super) async fn fetch(
        &self,
        container: &ContainerId,
        uris: &[Uri],
    ) -> Result<(), (String, String)> {
        let sandbox = self.sandbox(container);
        for uri in uris {
            self.one(&sandbox, uri).await.map_err(|why| (uri.value.clone(), why))?;
        }
        Ok(())
    }

    async fn one(&self, sandbox: &Path, uri: &Uri) -> Result<(), String> {
        let name = uri.file_name().to_owned();
        if name.is_empty() || name == "." || name == ".." || name.contains('/') {
            return Err(format!("'{name}' is no name for a file in a sandbox"));
        }
        let path = sandbox.join(&name);
        if path.exists() {
            return Ok(());
        }
        let text = |why: std::io::Error| why.to_string();
        tokio::fs::create_dir_all(sandbox).await.map_err(text)?;
        match local(&uri.value) {
            Some(file) => drop(tokio::fs::copy(file, &path).await.map_err(text)?),
            None => tokio::fs::write(&path, download(&uri.value).await?).await.map_err(text)?,
        }
        if uri.executable == Some(true) {
            let mode = std::fs::Permissions::from_mode(0o755);
            return tokio::fs::set_permissions(&path, mode).await.map_err(text);
        }
        if uri.extract == Some(false) {
            return Ok(());
        }
        let sandbox = sandbox.to_owned();
        let unpacked = tokio::task::spawn_blocking(move || archive::unpack(&sandbox, &name)).await;
        unpacked.map_err(|why| why.to_string())?.map_err(text)
    }
}

/// The path of a local file: `file:///etc/hosts` or `/etc/hosts`.
fn local(address: &str) -> Option<&str> {
    address.strip_prefix("file://").or_else(|| address.starts_with('/').then_some(address))
}

async fn download(address: &str) -> Result<Vec<u8>, String> {
    let mut address = address.to_owned();
    for _ in 0..=MAX_REDIRECTIONS {
        if !address.starts_with("http://") {
            return Err(format!("Error downloading resource: {address} is neither http:// nor a file"));
        }
        let answer = crate::http::request(&Request::get(address.clone()), Some(LIMIT))
            .await
            .map_err(|why| format!("Error downloading resource: {why}"))?;
        match (answer.status, answer.header("location")) {
            (200, _) => return Ok(answer.body),
            (301 | 302 | 303 | 307 | 308, Some(elsewhere)) => address = elsewhere.to_owned(),
            (status, _) => {
                return Err(format!("Error downloading resource, received HTTP return code {status}"));
            }
        }
    }
    Err("Error downloading resource: too many redirections".to_owned())
}
