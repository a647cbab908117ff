//! What the fetcher of an agent finds: known artifacts of the outside world, and files of schedulers, really asked
//! for.

use std::time::Duration;

use stacklab_frameworks::registry::artifacts;
use stacklab_machine::http::{Method, Request};
use stacklab_mesos::{ContainerEvent, ContainerId, Uri};

use super::command::Downloads;

/// How long a scheduler may take to hand a file out.
const LIMIT: Duration = Duration::from_secs(30);

/// Where artifacts come from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Artifacts;

impl Artifacts {
    /// Fetches all, in order; the first that cannot be had ends it. With `downloads`, what is not known by its name
    /// is really fetched.
    pub(super) async fn fetch(
        self,
        container: &ContainerId,
        uris: Vec<Uri>,
        downloads: Option<Downloads>,
    ) -> ContainerEvent {
        for uri in uris {
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

    async fn one(self, uri: &Uri) -> Result<(), String> {
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
