//! The broker under load, with librdkafka at both ends: messages sent and acknowledged, messages read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::Figure;
use super::load::{WINDOWS, Windows, median};
use crate::traffic::Brokers;

const TOPIC: &str = "bench";
const SIZE: usize = 100;
/// Messages that may wait in the producer: enough to keep full batches under way.
const QUEUE: &str = "20000";
/// How long librdkafka may take for anything.
const LIMIT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);

pub(super) async fn measure(broker: &str, windows: Windows) -> Result<Vec<Figure>, String> {
    let brokers = Brokers::at(&[broker.to_owned()]);
    let measured = tokio::task::spawn_blocking(move || measure_blocking(&brokers, windows)).await;
    measured.unwrap_or_else(|why| Err(why.to_string()))
}

fn measure_blocking(brokers: &Brokers, windows: Windows) -> Result<Vec<Figure>, String> {
    let (produced, messages) = produce(brokers, windows).map_err(|why| format!("produce: {why}"))?;
    let consumed = consume(brokers, windows, messages).map_err(|why| format!("consume: {why}"))?;
    let note = format!("librdkafka, {SIZE} B, one partition, acks 1, its usual batches");
    let read = format!("librdkafka, {SIZE} B, one partition, from the beginning");
    Ok(vec![
        Figure::new("kafka produce", produced, "msgs/s", note),
        Figure::new("kafka consume", consumed, "msgs/s", read),
    ])
}

/// Counts what the broker has acknowledged.
#[derive(Default)]
struct Deliveries {
    done: AtomicU64,
    failed: AtomicU64,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let count = if result.is_ok() { &self.done } else { &self.failed };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Messages a second, and how many the topic has then.
fn produce(brokers: &Brokers, windows: Windows) -> Result<(f64, u64), String> {
    let mut config = brokers.config();
    config.set("acks", "1").set("queue.buffering.max.messages", QUEUE);
    config.set("message.timeout.ms", LIMIT.as_millis().to_string());
    let producer: BaseProducer<Deliveries> =
        config.create_with_context(Deliveries::default()).map_err(|why| why.to_string())?;
    let payload = [b'x'; SIZE];
    send(&producer, &payload, windows.warm_up)?;
    let mut rates = Vec::with_capacity(WINDOWS);
    for _ in 0..WINDOWS {
        rates.push(send(&producer, &payload, windows.window)?);
    }
    Ok((median(rates), producer.context().done.load(Ordering::Relaxed)))
}

/// Sends for so long, and until all of it is acknowledged; gives the messages a second.
fn send(producer: &BaseProducer<Deliveries>, payload: &[u8], length: Duration) -> Result<f64, String> {
    let (started, before) = (Instant::now(), producer.context().done.load(Ordering::Relaxed));
    while started.elapsed() < length {
        match producer.send(BaseRecord::<(), [u8]>::to(TOPIC).payload(payload)) {
            Ok(()) => {}
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                producer.poll(POLL);
            }
            Err((why, _)) => return Err(why.to_string()),
        }
    }
    producer.flush(LIMIT).map_err(|why| why.to_string())?;
    let failed = producer.context().failed.load(Ordering::Relaxed);
    if failed > 0 {
        return Err(format!("{failed} messages were not delivered"));
    }
    let done = producer.context().done.load(Ordering::Relaxed) - before;
    Ok(done as f64 / started.elapsed().as_secs_f64())
}

/// Messages a second, each window from the beginning of the topic.
fn consume(brokers: &Brokers, windows: Windows, messages: u64) -> Result<f64, String> {
    let mut config = brokers.config();
    // librdkafka wants a group even where no group is used.
    config.set("group.id", "bench").set("enable.auto.commit", "false").set("auto.offset.reset", "error");
    let consumer: BaseConsumer = config.create().map_err(|why| why.to_string())?;
    read(&consumer, windows.warm_up, messages)?;
    let mut rates = Vec::with_capacity(WINDOWS);
    for _ in 0..WINDOWS {
        rates.push(read(&consumer, windows.window, messages)?);
    }
    Ok(median(rates))
}

/// Reads from the beginning for so long, or to the end; at least one message.
fn read(consumer: &BaseConsumer, length: Duration, messages: u64) -> Result<f64, String> {
    let mut beginning = TopicPartitionList::new();
    beginning.add_partition_offset(TOPIC, 0, Offset::Beginning).map_err(|why| why.to_string())?;
    let started = Instant::now();
    consumer.assign(&beginning).map_err(|why| why.to_string())?;
    let mut read = 0_u64;
    while read == 0 || (read < messages && started.elapsed() < length) {
        let message = consumer.poll(LIMIT).ok_or("nothing came")?.map_err(|why| why.to_string())?;
        if message.payload().is_none_or(|payload| payload.len() != SIZE) {
            return Err("a message is not as it was sent".to_owned());
        }
        read += 1;
    }
    let rate = read as f64 / started.elapsed().as_secs_f64();
    consumer.unassign().map_err(|why| why.to_string())?;
    Ok(rate)
}
