//! What the fetcher of an agent finds: known artifacts of the outside world, and files of schedulers, really asked
//! for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use stacklab_frameworks::registry::artifacts;
use stacklab_machine::Pace;
use stacklab_machine::http::{Method, Request};
use stacklab_mesos::{ContainerEvent, ContainerId, Uri};

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
}

impl Artifacts {
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
        let artifacts =
            Artifacts { missing: ["a.jar".to_owned()].into(), slow: [("b.tgz".to_owned(), hour)].into() };
        assert_eq!(artifacts.delay(&Uri::new("http://h/x/b.tgz?y")), Ok(hour));
        assert_eq!(artifacts.delay(&Uri::new("http://h/c")), Ok(Duration::ZERO));
        let why = artifacts.delay(&Uri::new("http://127.0.0.1:1/jar/a.jar")).unwrap_err();
        assert!(why.contains("404 (a.jar is missing"), "{why}");
    }
}
