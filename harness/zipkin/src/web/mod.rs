//! The web UI: a page of our own at the original's addresses, over a query service elsewhere.

mod assets;
mod proxy;

use std::sync::Arc;

use stacklab_machine::service::ZipkinSpec;

use crate::handle::{Options, StartError, Starting};
use crate::http;
use crate::settings::{self, SettingError};

use proxy::Web;

pub(crate) use assets::page;

const WEB_PORT: u16 = 8080;
const QUERY_DEST: &str = "127.0.0.1:9411";

/// Starts a web UI: `zipkin.web.port`, `admin.port`, `zipkin.web.query.dest`, `zipkin.web.query.limit`,
/// `zipkin.web.environmentName`. It starts whether or not the query service is there.
pub(crate) async fn start(
    spec: &ZipkinSpec,
    options: Options,
    starting: &mut Starting,
) -> Result<(), StartError> {
    let limit = spec.flags.get("zipkin.web.query.limit").map_or("10", String::as_str);
    let query_limit = limit.parse().map_err(|_| SettingError {
        name: "zipkin.web.query.limit".to_owned(),
        value: limit.to_owned(),
        wanted: "a number",
    })?;
    let web = Arc::new(Web {
        query: spec.flags.get("zipkin.web.query.dest").map_or(QUERY_DEST, String::as_str).to_owned(),
        query_limit,
        environment: spec.flags.get("zipkin.web.environmentName").cloned().unwrap_or_default(),
        pages: options.pages,
        life: starting.life.clone(),
    });
    let port = settings::flag_port(spec, "zipkin.web.port", WEB_PORT)?;
    let listener = starting.bind("web", port).await?;
    starting.run(http::serve(listener, Arc::clone(&web)));
    if spec.flags.contains_key("admin.port") {
        let port = settings::flag_port(spec, "admin.port", 0)?;
        let listener = starting.bind("web-admin", port).await?;
        starting.run(http::serve(listener, web));
    }
    Ok(())
}
