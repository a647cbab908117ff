//! The broker as librdkafka sees it.

use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message as _;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use stacklab_traces::Message;

/// How long librdkafka may take to deliver a message, or to answer a question.
const LIMIT: Duration = Duration::from_secs(30);
/// How long a message may take to be delivered, and how many producers try.
const DELIVERY: Duration = Duration::from_secs(15);
const TRIES: u32 = 3;
/// How long a broker may take until it is told of the others, and the pause between two questions.
const TOLD: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(100);

/// What librdkafka said.
#[derive(Debug, thiserror::Error)]
pub enum KafkaError {
    /// An operation failed.
    #[error("{what} at {brokers}: {why}")]
    Failed {
        /// What was tried.
        what: &'static str,
        /// The brokers.
        brokers: String,
        /// librdkafka's words.
        why: String,
    },
}

/// Some brokers, by their bootstrap list.
#[derive(Clone, Debug)]
pub struct Brokers {
    bootstrap: String,
}

/// A topic's partitions as a client sees them, and its brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// `id`, `host:port`.
    pub brokers: Vec<(i32, String)>,
    /// Topic, then per partition: id, leader, replicas, in-sync replicas.
    pub topics: Vec<(String, Vec<Partition>)>,
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Number.
    pub id: i32,
    /// Broker that leads it.
    pub leader: i32,
    /// Brokers that hold it.
    pub replicas: Vec<i32>,
    /// Those in sync.
    pub isr: Vec<i32>,
}

impl Brokers {
    /// The brokers at these `host:port` addresses.
    pub fn at(addresses: &[String]) -> Self {
        Self { bootstrap: addresses.join(",") }
    }

    /// A client's settings for these brokers.
    pub(crate) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap)
            // A 0.8 broker closes the connection on the question for its versions: both are needed.
            .set("api.version.request", "false")
            .set("broker.version.fallback", "0.8.2.2")
            .set("socket.nagle.disable", "true")
            // The first answer for a new topic says that it has no leader yet: ask again soon.
            .set("retry.backoff.ms", "20")
            .set("topic.metadata.refresh.fast.interval.ms", "20")
            .set("reconnect.backoff.ms", "20")
            .set("log_level", "2");
        config
    }

    /// Sends all messages to the topic, and waits until the broker has each of them. Calls `delivered` with the
    /// index of each message that it has. What is not delivered in time is tried again by a new producer: a real
    /// broker that is not told of the cluster yet keeps a client that has found it first from all others.
    ///
    /// # Errors
    /// The first message that could not be delivered, after all have been tried.
    pub async fn produce(
        &self,
        topic: &str,
        messages: &[Message],
        mut delivered: impl FnMut(usize),
    ) -> Result<(), KafkaError> {
        let mut left: Vec<usize> = (0..messages.len()).collect();
        let mut tries = TRIES;
        loop {
            tries -= 1;
            let (failed, why) = self.produce_once(topic, messages, &left, &mut delivered).await?;
            match why {
                Some(why) if tries == 0 => return Err(why),
                Some(_) => left = failed,
                None => return Ok(()),
            }
        }
    }

    /// Sends some of the messages; gives those that were not delivered, and why the first was not.
    async fn produce_once(
        &self,
        topic: &str,
        messages: &[Message],
        some: &[usize],
        delivered: &mut impl FnMut(usize),
    ) -> Result<(Vec<usize>, Option<KafkaError>), KafkaError> {
        let mut config = self.config();
        config.set("message.timeout.ms", DELIVERY.as_millis().to_string()).set("acks", "1");
        config.set("linger.ms", "2");
        let producer: FutureProducer =
            config.create().map_err(|why| self.failed("cannot make a producer", why))?;
        let mut waiting = Vec::with_capacity(some.len());
        for (index, message) in some.iter().filter_map(|index| Some((*index, messages.get(*index)?))) {
            let record = FutureRecord::<[u8], [u8]>::to(topic).payload(&message.value);
            let record = if let Some(key) = &message.key { record.key(key) } else { record };
            let sent = producer.send_result(record).map_err(|(why, _)| self.failed("cannot send", why))?;
            waiting.push((index, sent));
        }
        let (mut left, mut failure) = (Vec::new(), None);
        for (index, delivery) in waiting {
            let why = match delivery.await {
                Ok(Ok(_)) => {
                    delivered(index);
                    continue;
                }
                Ok(Err((why, _))) => self.failed("not delivered", why),
                Err(_) => self.failed("not delivered", "the producer ended"),
            };
            left.push(index);
            failure.get_or_insert(why);
        }
        Ok((left, failure))
    }

    /// All messages of a topic, from the beginning to the end as it is now: partition, offset, value.
    ///
    /// # Errors
    /// The topic does not exist, or cannot be read to its end in time.
    pub async fn read_all(&self, topic: &str) -> Result<Vec<(i32, i64, Vec<u8>)>, KafkaError> {
        let (brokers, topic) = (self.clone(), topic.to_owned());
        let read = tokio::task::spawn_blocking(move || brokers.read_all_blocking(&topic)).await;
        read.unwrap_or_else(|why| Err(self.failed("cannot read", why)))
    }

    fn read_all_blocking(&self, topic: &str) -> Result<Vec<(i32, i64, Vec<u8>)>, KafkaError> {
        let mut config = self.config();
        // Nothing is committed, but without a group librdkafka assigns nothing.
        config.set("group.id", "stacklab-readback").set("enable.auto.commit", "false");
        let consumer: BaseConsumer =
            config.create().map_err(|why| self.failed("cannot make a consumer", why))?;
        let metadata =
            consumer.fetch_metadata(Some(topic), LIMIT).map_err(|why| self.failed("no metadata", why))?;
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions()).map(|p| p.id());
        let (mut assigned, mut left) = (TopicPartitionList::new(), 0_i64);
        for partition in partitions {
            let (low, high) = consumer
                .fetch_watermarks(topic, partition, LIMIT)
                .map_err(|why| self.failed("no watermarks", why))?;
            left += high - low;
            assigned
                .add_partition_offset(topic, partition, Offset::Offset(low))
                .map_err(|why| self.failed("cannot assign", why))?;
        }
        consumer.assign(&assigned).map_err(|why| self.failed("cannot assign", why))?;
        let mut messages = Vec::new();
        while (messages.len() as i64) < left {
            match consumer.poll(LIMIT) {
                Some(Ok(message)) => {
                    let value = message.payload().unwrap_or_default().to_vec();
                    messages.push((message.partition(), message.offset(), value));
                }
                Some(Err(why)) => return Err(self.failed("cannot read", why)),
                None => return Err(self.failed("cannot read", "nothing more came")),
            }
        }
        Ok(messages)
    }

    /// What a client is told about the brokers and all topics. A broker knows nothing, not even itself, until the
    /// controller has told it: it is asked again for a while, until it knows as many brokers as there are here.
    ///
    /// # Errors
    /// No answer in time.
    pub async fn metadata(&self) -> Result<Metadata, KafkaError> {
        let (wanted, until) = (self.bootstrap.split(',').count(), Instant::now() + TOLD);
        loop {
            let brokers = self.clone();
            let asked = tokio::task::spawn_blocking(move || brokers.metadata_blocking()).await;
            let asked = asked.unwrap_or_else(|why| Err(self.failed("no metadata", why)));
            let knows_all = asked.as_ref().is_ok_and(|metadata| metadata.brokers.len() >= wanted);
            if knows_all || Instant::now() > until {
                return asked;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn metadata_blocking(&self) -> Result<Metadata, KafkaError> {
        let consumer: BaseConsumer =
            self.config().create().map_err(|why| self.failed("cannot make a client", why))?;
        let metadata = consumer.fetch_metadata(None, LIMIT).map_err(|why| self.failed("no metadata", why))?;
        let partition = |p: &rdkafka::metadata::MetadataPartition| Partition {
            id: p.id(),
            leader: p.leader(),
            replicas: p.replicas().to_vec(),
            isr: p.isr().to_vec(),
        };
        let mut topics: Vec<(String, Vec<Partition>)> = Vec::new();
        for topic in metadata.topics() {
            let mut partitions: Vec<Partition> = topic.partitions().iter().map(partition).collect();
            partitions.sort_by_key(|partition| partition.id);
            topics.push((topic.name().to_owned(), partitions));
        }
        topics.sort_by(|a, b| a.0.cmp(&b.0));
        let mut brokers: Vec<(i32, String)> =
            metadata.brokers().iter().map(|b| (b.id(), format!("{}:{}", b.host(), b.port()))).collect();
        brokers.sort();
        Ok(Metadata { brokers, topics })
    }

    fn failed(&self, what: &'static str, why: impl std::fmt::Display) -> KafkaError {
        KafkaError::Failed { what, brokers: self.bootstrap.clone(), why: why.to_string() }
    }
}
