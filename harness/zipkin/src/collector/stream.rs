//! The one stream of messages: each is decoded, counted and stored.

use std::sync::{Arc, Mutex, PoisonError};

use stacklab_kafka::{Consumer, ConsumerConfig, Record};

use crate::BadMessage;
use crate::handle::Life;
use crate::model::{Transport, message};
use crate::storage::Store;

/// What `/health` says of the stream.
#[derive(Debug, Default)]
pub(super) struct Health {
    failure: Mutex<Option<String>>,
}

impl Health {
    /// Why the stream is dead, if it is.
    pub(super) fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fail(&self, why: &str) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.to_owned());
    }
}

/// The stream with all that it needs.
pub(super) struct Stream {
    pub(super) store: Arc<Store>,
    pub(super) life: Life,
    pub(super) health: Arc<Health>,
    pub(super) bad_message: BadMessage,
}

/// How the stream takes a message.
enum Verdict {
    Next,
    /// The thread dies of it; the original's exception, and whether `/health` knows.
    Dead {
        why: String,
        shown: bool,
    },
}

impl Stream {
    /// Consumes until the component is to end. A consumer that cannot start is only logged: the original's `/health`
    /// does not know of it either.
    pub(super) async fn run(self, config: ConsumerConfig) {
        let starting = tokio::select! {
            () = self.life.stopping() => return,
            started = Consumer::start(config) => started,
        };
        let mut consumer = match starting {
            Ok(consumer) => consumer,
            Err(error) => {
                self.life.log(format!("the Kafka consumer did not start: {error}"));
                return self.life.stopping().await;
            }
        };
        if let Some((why, shown)) = self.consume(&mut consumer).await {
            self.life.log(format!("the thread that consumes has ended: {why}"));
            if shown {
                self.health.fail(&why);
            }
            // The fetcher goes on and its offsets stay where they are: nothing is stored any more.
            self.life.stopping().await;
        }
        if let Err(error) = consumer.stop().await {
            self.life.log(format!("the Kafka consumer did not stop cleanly: {error}"));
        }
    }

    /// Takes messages until the component is to end (`None`) or the stream dies of one.
    async fn consume(&self, consumer: &mut Consumer) -> Option<(String, bool)> {
        loop {
            let next = tokio::select! {
                () = self.life.stopping() => return None,
                next = consumer.next() => next,
            };
            let Some(record) = next else {
                let why =
                    consumer.ended().map_or_else(|| "no reason given".to_owned(), |end| end.to_string());
                return Some((why, true));
            };
            if let Verdict::Dead { why, shown } = self.take(&record).await {
                return Some((why, shown));
            }
        }
    }

    async fn take(&self, record: &Record) -> Verdict {
        let counters = self.life.counters.of(Transport::Kafka);
        let Some(value) = &record.value else {
            return Verdict::Dead { why: "java.lang.NullPointerException: null".to_owned(), shown: true };
        };
        counters.message();
        let spans = match message::decode(value) {
            Ok(spans) => spans,
            Err(error) => {
                // The original counts the bytes of what it cannot read only if it is a list; an empty message has none.
                if matches!(value.first(), Some(b'[' | 12)) {
                    counters.bytes(value.len());
                }
                counters.message_dropped();
                return self.bad(record, &error.to_string());
            }
        };
        counters.bytes(value.len());
        if spans.is_empty() {
            return Verdict::Next;
        }
        counters.spans(spans.len());
        if let Err(error) = self.store.store(&spans).await {
            counters.spans_dropped(spans.len());
            self.life.log(message::cannot_store(&spans, &error.short()));
        }
        Verdict::Next
    }

    fn bad(&self, record: &Record, why: &str) -> Verdict {
        let place = format!("partition {}, offset {}: {why}", record.partition, record.offset);
        self.life.log(place.clone());
        match self.bad_message {
            BadMessage::Skip => Verdict::Next,
            BadMessage::StopThread => Verdict::Dead { why: place, shown: false },
        }
    }
}
