//! The real client: librdkafka.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::op::{Call, From, Pair};
use crate::said::short;

/// So long the client may take.
const LIMIT: Duration = Duration::from_secs(8);

pub(crate) struct Client {
    broker: SocketAddr,
    producers: BTreeMap<(i32, &'static str), FutureProducer>,
    consumers: BTreeMap<String, std::sync::Arc<BaseConsumer>>,
}

/// These two versions are what librdkafka 2 needs against 0.8.2.
fn config(broker: SocketAddr) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", broker.to_string())
        .set("api.version.request", "false")
        .set("broker.version.fallback", "0.8.2.2")
        .set("reconnect.backoff.ms", "20")
        .set("reconnect.backoff.max.ms", "100")
        .set("topic.metadata.refresh.fast.interval.ms", "50")
        .set("retry.backoff.ms", "50")
        .set("socket.timeout.ms", "5000")
        .set("message.timeout.ms", "5000")
        .set("log_level", "2");
    config
}

impl Client {
    pub(crate) fn new(broker: SocketAddr) -> Self {
        Self { broker, producers: BTreeMap::new(), consumers: BTreeMap::new() }
    }

    pub(crate) async fn run(&mut self, call: &Call) -> String {
        if let Call::Produce { topic, partition, acks, codec, messages } = call {
            return self.produce(topic, *partition, (*acks, codec), messages).await;
        }
        let group = match call {
            Call::Commit { group, .. } | Call::Committed { group, .. } => group.clone(),
            _ => "nobody".to_owned(),
        };
        let consumer = self.consumer(&group);
        let call = call.clone();
        let done = tokio::task::spawn_blocking(move || ask(&consumer, &call)).await;
        done.expect("the client does not panic").unwrap_or_else(|error| format!("{error}"))
    }

    fn consumer(&mut self, group: &str) -> std::sync::Arc<BaseConsumer> {
        let broker = self.broker;
        let make = || {
            let mut config = config(broker);
            config
                .set("group.id", group)
                .set("enable.auto.commit", "false")
                .set("auto.offset.reset", "error")
                .set("enable.partition.eof", "true")
                .set("fetch.wait.max.ms", "20")
                .set("fetch.error.backoff.ms", "20");
            std::sync::Arc::new(config.create::<BaseConsumer>().expect("a consumer"))
        };
        self.consumers.entry(group.to_owned()).or_insert_with(make).clone()
    }

    async fn produce(
        &mut self,
        topic: &str,
        partition: i32,
        (acks, codec): (i32, &'static str),
        messages: &[Pair],
    ) -> String {
        let broker = self.broker;
        let make = || {
            let mut config = config(broker);
            config
                .set("acks", acks.to_string())
                .set("compression.codec", codec)
                .set("linger.ms", "20")
                .set("message.max.bytes", "5000000")
                .set("message.send.max.retries", "0");
            config.create::<FutureProducer>().expect("a producer")
        };
        let producer = self.producers.entry((acks, codec)).or_insert_with(make);
        let mut sent = Vec::new();
        for (key, value) in messages {
            let mut record = FutureRecord::<[u8], [u8]>::to(topic).partition(partition);
            (record.key, record.payload) = (key.as_deref(), value.as_deref());
            sent.push(producer.send_result(record));
        }
        let mut said = Vec::new();
        for sent in sent {
            said.push(match sent {
                Ok(delivery) => match delivery.await {
                    Ok(Ok(delivery)) => format!("{}", delivery.offset),
                    Ok(Err((error, _))) => code(&error),
                    Err(_) => "given up".to_owned(),
                },
                Err((error, _)) => code(&error),
            });
        }
        said.join(", ")
    }
}

fn code(error: &KafkaError) -> String {
    format!("{:?}", error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown))
}

fn ask(consumer: &BaseConsumer, call: &Call) -> Result<String, KafkaError> {
    Ok(match call {
        Call::Produce { .. } => String::new(),
        Call::Consume { topic, partition, from, count } => {
            consume(consumer, topic, *partition, *from, *count)?
        }
        Call::Watermarks(topic, partition) => {
            format!("{:?}", consumer.fetch_watermarks(topic, *partition, LIMIT)?)
        }
        Call::Times(topic, partition, time) => {
            let mut list = TopicPartitionList::new();
            list.add_partition_offset(topic, *partition, Offset::Offset(*time))?;
            listed(&consumer.offsets_for_times(list, LIMIT)?)
        }
        Call::Metadata(topic) => metadata(consumer, topic.as_deref())?,
        Call::Commit { topic, partition, offset, note, .. } => {
            let mut list = TopicPartitionList::new();
            list.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
            list.find_partition(topic, *partition).expect("it was added").set_metadata(note);
            consumer.commit(&list, CommitMode::Sync)?;
            "ok".to_owned()
        }
        Call::Committed { topic, partitions, .. } => {
            let mut list = TopicPartitionList::new();
            for partition in partitions {
                list.add_partition(topic, *partition);
            }
            listed(&consumer.committed_offsets(list, LIMIT)?)
        }
    })
}

fn listed(list: &TopicPartitionList) -> String {
    let part = |part: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
        let error = part.error().err().map_or(String::new(), |error| format!(" {}", code(&error)));
        format!("{}-{} {:?} {:?}{error}", part.topic(), part.partition(), part.offset(), part.metadata())
    };
    list.elements().iter().map(part).collect::<Vec<_>>().join(", ")
}

fn metadata(consumer: &BaseConsumer, topic: Option<&str>) -> Result<String, KafkaError> {
    let found = consumer.fetch_metadata(topic, LIMIT)?;
    let mut said = String::new();
    for broker in found.brokers() {
        let _ = write!(said, "broker {} {}:{} ", broker.id(), broker.host(), broker.port());
    }
    let mut topics: Vec<_> = found.topics().iter().collect();
    topics.sort_by_key(|topic| topic.name().to_owned());
    for topic in topics {
        let _ = write!(said, "{} {:?}:", topic.name(), topic.error());
        for part in topic.partitions() {
            let _ = write!(said, " {} {} {:?}", part.id(), part.leader(), part.error());
            let _ = write!(said, " {:?} {:?},", part.replicas(), part.isr());
        }
    }
    Ok(said)
}

fn consume(
    consumer: &BaseConsumer,
    topic: &str,
    partition: i32,
    from: From,
    count: usize,
) -> Result<String, KafkaError> {
    let offset = match from {
        From::Start => Offset::Beginning,
        From::End => Offset::End,
        From::Offset(offset) => Offset::Offset(offset),
        From::Tail(back) => Offset::OffsetTail(back),
    };
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, offset)?;
    consumer.assign(&list)?;
    let mut said = Vec::new();
    let start = Instant::now();
    while said.len() < count && start.elapsed() < LIMIT {
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Ok(message)) => {
                let show = |bytes: Option<&[u8]>| bytes.map_or("null".to_owned(), short);
                said.push(format!(
                    "{} {}={}",
                    message.offset(),
                    show(message.key()),
                    show(message.payload())
                ));
            }
            Some(Err(KafkaError::PartitionEOF(_))) => {
                said.push("the end".to_owned());
                break;
            }
            Some(Err(error)) => {
                said.push(code(&error));
                break;
            }
        }
    }
    if start.elapsed() >= LIMIT {
        said.push("then nothing".to_owned());
    }
    consumer.unassign()?;
    Ok(said.join(", "))
}
