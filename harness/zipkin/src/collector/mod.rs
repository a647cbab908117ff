//! The collector: takes spans out of Kafka and stores them.

mod admin;
mod stream;

use std::sync::Arc;

use stacklab_kafka::ConsumerConfig;
use stacklab_machine::service::ZipkinSpec;
use tokio::net::TcpListener;

use crate::handle::{Options, StartError, Starting, StorageAtStart};
use crate::http;
use crate::settings;
use crate::storage::{Store, StoreConfig};

use admin::Admin;
use stream::Stream;

/// Scribe's port where none is given.
const SCRIBE_PORT: u16 = 9410;

/// Starts a collector. Without `KAFKA_ZOOKEEPER` it consumes nothing: then the original would take spans through
/// Scribe, which is not spoken here. The port is bound and every connection is closed.
pub(crate) async fn start(
    spec: &ZipkinSpec,
    options: Options,
    starting: &mut Starting,
) -> Result<(), StartError> {
    let kafka = settings::kafka(spec)?;
    let cassandra = settings::cassandra(spec)?;
    let store = Arc::new(Store::new(StoreConfig::new(&cassandra, options.seed)));

    let port = settings::port(spec, "COLLECTOR_PORT")?.unwrap_or(SCRIBE_PORT);
    let scribe = starting.bind("collector", port).await?;
    starting.run(refuse(scribe));

    let health = Arc::new(stream::Health::default());
    if let Some(port) = settings::port(spec, "COLLECTOR_ADMIN_PORT")? {
        let listener = starting.bind("collector-admin", port).await?;
        let admin = Admin {
            store: Arc::clone(&store),
            life: starting.life.clone(),
            kafka: kafka.is_some().then(|| Arc::clone(&health)),
        };
        starting.run(http::serve(listener, Arc::new(admin)));
    }
    if options.storage_at_start == StorageAtStart::Required {
        starting.run(require_storage(Arc::clone(&store), starting.life.clone()));
    }
    let Some(kafka) = kafka else {
        starting.life.log("KAFKA_ZOOKEEPER is not set: no spans are consumed");
        return Ok(());
    };
    let consumer = ConsumerConfig {
        host: spec.host.clone(),
        auto_commit: Some(options.auto_commit),
        fetch_max_bytes: kafka.max_message_size,
        ..ConsumerConfig::new(&kafka.zookeeper, &kafka.group, &kafka.topic)
    };
    let stream = Stream { store, life: starting.life.clone(), health, bad_message: options.bad_message };
    starting.run_to_end(stream.run(consumer));
    Ok(())
}

/// Ends the component if Cassandra cannot be used.
pub(crate) async fn require_storage(store: Arc<Store>, life: crate::handle::Life) {
    if let Err(error) = store.check().await {
        life.die(format!("{}: {}", error.exception(), error.text()));
    }
}

/// Takes connections and closes them.
async fn refuse(listener: TcpListener) {
    loop {
        if listener.accept().await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}
