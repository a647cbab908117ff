//! The query service: the HTTP API over what is stored, and the way in for spans over HTTP.

mod api;
mod cors;
mod gunzip;
mod operations;
mod pages;
mod routes;
mod upload;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use stacklab_machine::service::ZipkinSpec;
use tokio::sync::Semaphore;

use crate::collector::require_storage;
use crate::handle::{Options, StartError, Starting, StorageAtStart};
use crate::http;
use crate::model::QueryDefaults;
use crate::settings;
use crate::storage::{Store, StoreConfig};

use api::Api;

pub(crate) use cors::{is_preflight, preflight};
pub(crate) use operations::{Component, health_response, info_response, metrics_response, page_config};
pub(crate) use pages::{check_method, error_page, takes_json, without_length};
pub(crate) use routes::{Endpoint, find};

const QUERY_PORT: u16 = 9411;

/// Starts a query service. `QUERY_ADMIN_PORT`, if set, answers the same requests.
pub(crate) async fn start(
    spec: &ZipkinSpec,
    options: Options,
    starting: &mut Starting,
) -> Result<(), StartError> {
    let cassandra = settings::cassandra(spec)?;
    let defaults = QueryDefaults {
        lookback: settings::number(
            spec,
            "QUERY_LOOKBACK",
            "a number of ms",
            QueryDefaults::default().lookback,
        )?,
        fetch_multiplier: cassandra.index_fetch_multiplier,
    };
    let store = Arc::new(Store::new(StoreConfig::new(&cassandra, options.seed)));
    let api = Arc::new(Api {
        store: Arc::clone(&store),
        life: starting.life.clone(),
        defaults,
        services: AtomicUsize::new(0),
        uploads: Arc::new(Semaphore::new(upload::MAX_UNDER_WAY)),
    });
    let port = settings::port(spec, "QUERY_PORT")?.unwrap_or(QUERY_PORT);
    let listener = starting.bind("query", port).await?;
    starting.run(http::serve(listener, Arc::clone(&api)));
    if let Some(port) = settings::port(spec, "QUERY_ADMIN_PORT")? {
        let listener = starting.bind("query-admin", port).await?;
        starting.run(http::serve(listener, api));
    }
    if options.storage_at_start == StorageAtStart::Required {
        starting.run(require_storage(store, starting.life.clone()));
    }
    Ok(())
}
