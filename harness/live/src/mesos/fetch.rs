//! What the fetcher of an agent finds: known artifacts of the outside world, and files of schedulers, really asked
//! for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use stacklab_frameworks::registry::artifacts;
use stacklab_machine::Pace;
use stacklab_machine::http::{Method, Request};
use stacklab_mesos::{ContainerEvent, ContainerId, StartSpec, Uri};

use super::command::Downloads;

/// How long a scheduler may take to hand a file out.
const LIMIT: Duration = Duration::from_secs(30);

/// Where artifacts come from, and which of them do not come as they should.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Artifacts {
    /// File names that nobody has, whatever their address.
    pub missing: BTreeSet<String>,
    /// File names that take so long, each time they are fetched; at the original's pace.
    pub slow: BTreeMap<String, Duration>,
    /// File names that come, but not whole.
    pub corrupt: BTreeSet<String>,
}

/// Endings of what the fetcher extracts.
const ARCHIVES: [&str; 9] =
    [".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".gz", ".tgz", ".tbz2", ".txz", ".zip"];

impl Artifacts {
    /// What is left of these where others say otherwise.
    pub(crate) fn over(&self, others: &Self) -> Self {
        let mut all = self.clone();
        all.missing.extend(others.missing.iter().cloned());
        all.corrupt.extend(others.corrupt.iter().cloned());
        for (name, by) in &others.slow {
            *all.slow.entry(name.clone()).or_default() += *by;
        }
        all
    }

    /// The last words of a program whose jar did not come whole.
    pub(super) fn broken_jar(&self, spec: &StartSpec) -> Option<String> {
        let is_run = |file: &&String| file.ends_with(".jar") && spec.command.contains(file.as_str());
        let jar = spec.files.iter().filter(is_run).find(|file| self.corrupt.contains(*file))?;
        Some(format!("Error: Invalid or corrupt jarfile {jar}"))
    }

    /// What the fetcher says when it cannot extract a file.
    fn extracted(&self, uri: &Uri) -> Result<(), String> {
        let name = uri.file_name();
        let is_archive = uri.extract != Some(false) && ARCHIVES.iter().any(|ending| name.ends_with(ending));
        if !is_archive || !self.corrupt.contains(name) {
            return Ok(());
        }
        Err(format!(
            "Failed to extract '{name}': tar: Unexpected EOF in archive: command tar exited with status 2"
        ))
    }
    /// How long an artifact takes beyond what is usual.
    ///
    /// # Errors
    /// Nobody has it; the text is the fetcher's.
    pub fn delay(&self, uri: &Uri) -> Result<Duration, String> {
        let name = uri.file_name();
        if self.missing.contains(name) {
            return Err(format!(
                "Error downloading resource, received HTTP return code 404 ({name} is missing in this scenario)"
            ));
        }
        Ok(self.slow.get(name).copied().unwrap_or_default())
    }

    /// Fetches all, in order; the first that cannot be had ends it. With `downloads`, what is not known by its name
    /// is really fetched.
    pub(super) async fn fetch(
        self,
        container: &ContainerId,
        uris: Vec<Uri>,
        downloads: Option<Downloads>,
        pace: Pace,
    ) -> ContainerEvent {
        for uri in uris {
            let (value, extracted) = (uri.value.clone(), self.extracted(&uri));
            match self.delay(&uri) {
                Ok(delay) => tokio::time::sleep(pace.wait(delay)).await,
                Err(why) => return ContainerEvent::FetchFailed { uri: uri.value, why },
            }
            let is_known = artifacts::find(uri.file_name()).is_some();
            if let Some(downloads) = downloads.as_ref().filter(|_| !is_known) {
                if let Err((uri, why)) = downloads.fetch(container, &[uri]).await {
                    return ContainerEvent::FetchFailed { uri, why };
                }
            } else if let Err(why) = self.one(&uri).await {
                return ContainerEvent::FetchFailed { uri: uri.value, why };
            }
            if let Err(why) = extracted {
                return ContainerEvent::FetchFailed { uri: value, why };
            }
        }
        ContainerEvent::Fetched
    }

    async fn one(&self, uri: &Uri) -> Result<(), String> {
        let request = Request { method: Method::Get, ..Request::get(uri.value.clone()) };
        if !request.authority().starts_with("127.") {
            // Nothing is downloaded: a name that is known is there.
            let known = artifacts::find(uri.file_name()).is_some();
            return if known { Ok(()) } else { Err(unknown(uri)) };
        }
        match crate::http::request(&request, Some(LIMIT)).await {
            Ok(answer) if answer.status == 200 => Ok(()),
            Ok(answer) => {
                Err(format!("Error downloading resource, received HTTP return code {}", answer.status))
            }
            Err(why) => Err(format!("Error downloading resource: {why}")),
        }
    }
}

/// What an unknown artifact is answered with.
fn unknown(uri: &Uri) -> String {
    format!(
        "Error downloading resource, received HTTP return code 404 (no artifact is called {})",
        uri.file_name()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_are_missing_and_some_are_slow() {
        let hour = Duration::from_secs(3600);
        let artifacts = Artifacts {
            missing: ["a.jar".to_owned()].into(),
            slow: [("b.tgz".to_owned(), hour)].into(),
            corrupt: ["b.tgz".to_owned(), "c.jar".to_owned()].into(),
        };
        assert_eq!(artifacts.delay(&Uri::new("http://h/x/b.tgz?y")), Ok(hour));
        assert_eq!(artifacts.delay(&Uri::new("http://h/c")), Ok(Duration::ZERO));
        let why = artifacts.delay(&Uri::new("http://127.0.0.1:1/jar/a.jar")).unwrap_err();
        assert!(why.contains("404 (a.jar is missing"), "{why}");
        assert!(artifacts.extracted(&Uri::new("http://h/b.tgz")).is_err());
        assert_eq!(artifacts.extracted(&Uri::new("http://h/c.jar")), Ok(()), "found out when it is run");
        let twice = artifacts.over(&artifacts);
        assert_eq!(twice.slow["b.tgz"], 2 * hour);
    }
}
