//! Requests of the client: always POST, JSON without a content type, credentials in headers.

use serde_json::Value;
use stacklab_machine::http::{Failure, Method, Request};

use super::World;

/// The server as a client sees it.
pub(super) struct Api<'w, W> {
    world: &'w W,
    base: String,
}

impl<'w, W: World> Api<'w, W> {
    /// The server of `--api`, or else of `SD_API`.
    pub(super) fn resolve(world: &'w W, flag: &str) -> Result<Self, String> {
        let address = match flag {
            "" => world
                .variable("SD_API")
                .filter(|address| !address.is_empty())
                .ok_or("Undefined API url. Please provide either a CLI --api option or SD_API env.")?,
            flag => flag.to_owned(),
        };
        let mut base = if address.starts_with("http://") { address } else { format!("http://{address}") };
        if base.ends_with('/') {
            base.pop();
        }
        Ok(Self { world, base })
    }

    /// Calls an endpoint; whatever is not 200 is an error, with the body as its text.
    pub(super) async fn call(&self, path: &str, body: &Value) -> Result<String, String> {
        self.call_expecting(path, body, &[200]).await
    }

    pub(super) async fn call_expecting(
        &self,
        path: &str,
        body: &Value,
        good: &[u16],
    ) -> Result<String, String> {
        let url = format!("{}{path}", self.base);
        let header = |name| self.world.variable(name).unwrap_or_default();
        let headers = vec![("x-api-user".into(), header("SD_USER")), ("x-api-key".into(), header("SD_KEY"))];
        let request =
            Request { method: Method::Post, url: url.clone(), headers, body: body.to_string().into_bytes() };
        let authority = request.authority();
        let response = self.world.send(request).await.map_err(|failure| {
            let why = match failure {
                Failure::Refused(_) => format!("dial tcp {authority}: connect: connection refused"),
                Failure::Closed(_) => "EOF".into(),
                Failure::TimedOut(why) | Failure::BadAddress(why) => format!("dial tcp: {why}"),
            };
            format!("Post \"{url}\": {why}")
        })?;
        let text = response.text().into_owned();
        if good.contains(&response.status) { Ok(text) } else { Err(text) }
    }
}
