//! What the one who starts a consumer holds.

use std::collections::VecDeque;

use stacklab_machine::{Outbox, Rng, Time};
use stacklab_zookeeper::client::ConnectString;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::{ConsumerConfig, Record};
use crate::config::split_connect;
use crate::model::consumer::Consumer as Machine;
use crate::model::io::{Ending, Input, Output};
use crate::server::LogSink;
use crate::shell::{self, Shell, ShellConfig, Task, Word, now};

/// Why a consumer did not start or ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsumerError {
    /// The connect string cannot be read.
    #[error("zookeeper.connect '{connect}' cannot be used: {why}")]
    Connect {
        /// The connect string.
        connect: String,
        /// What is wrong with it.
        why: String,
    },
    /// It ended. [`Ending::NoChroot`] is what kills the starter thread of the original's collector.
    #[error(transparent)]
    Ended(#[from] Ending),
    /// ZooKeeper did not take the offsets: refused, or the session went meanwhile.
    #[error("the offsets were not committed")]
    NotCommitted,
}

/// A running consumer. Dropping it is a crash: its ZooKeeper session is left to expire, nothing is committed.
#[derive(Debug)]
pub struct Consumer {
    inbox: mpsc::Sender<Task<Machine>>,
    words: mpsc::UnboundedReceiver<Word>,
    /// Fetched and not yet taken.
    records: VecDeque<Record>,
    exited: watch::Receiver<Option<Ending>>,
    /// Dropped with the handle, which ends the consumer's tasks.
    _leash: oneshot::Sender<()>,
}

impl Consumer {
    /// Starts a consumer and returns once it is registered; it waits for its topic if there is none yet.
    pub async fn start(config: ConsumerConfig) -> Result<Self, ConsumerError> {
        Self::start_with_log(config, std::sync::Arc::new(|_: &str| {})).await
    }

    /// As [`Self::start`], with its log.
    pub async fn start_with_log(config: ConsumerConfig, log: LogSink) -> Result<Self, ConsumerError> {
        let connect = config.zookeeper_connect.clone();
        ConnectString::parse(&connect)
            .map_err(|error| ConsumerError::Connect { connect, why: error.to_string() })?;
        let servers = split_connect(&config.zookeeper_connect).0.to_owned();
        let shell_config = ShellConfig { servers, session_timeout: config.session_timeout };
        let machine = Machine::new(config, Rng::new(now().as_micros()));
        let inputs = shell::inbox();
        let inbox = inputs.0.clone();
        let (words, heard) = mpsc::unbounded_channel();
        let (exit, exited) = watch::channel(None);
        let (leash, held) = oneshot::channel();
        tokio::spawn(async move {
            let ending = Shell::run(machine, shell_config, log, words, inputs, JoinSet::new(), held).await;
            exit.send_replace(Some(ending));
        });
        let mut consumer = Self { inbox, words: heard, records: VecDeque::new(), exited, _leash: leash };
        loop {
            match consumer.words.recv().await {
                Some(Word::Ready) => return Ok(consumer),
                Some(word) => {
                    consumer.keep(word);
                }
                None => return Err(consumer.ending().await.into()),
            }
        }
    }

    fn keep(&mut self, word: Word) -> Option<bool> {
        match word {
            Word::Records(records) => self.records.extend(records),
            Word::Committed(done) => return Some(done),
            Word::Ready => {}
        }
        None
    }

    /// The next message. `None` after the end, see [`Self::ended`]. May be cancelled without losing one.
    pub async fn next(&mut self) -> Option<Record> {
        while self.records.is_empty() {
            match self.words.recv().await {
                Some(word) => {
                    self.keep(word);
                }
                None => {
                    self.ending().await;
                    return None;
                }
            }
        }
        // The place is taken first: a call that is cancelled here has not touched the record.
        let place = self.inbox.reserve().await;
        let record = self.records.pop_front()?;
        let (partition, offset) = (record.partition, record.offset);
        let act = move |machine: &mut Machine, now: Time, out: &mut Outbox<Output>| {
            machine.taken(now, partition, offset, out);
        };
        // After its end there is nobody to note it.
        if let Ok(place) = place {
            place.send(Task::With(Box::new(act)));
        }
        Some(record)
    }

    /// Why it ended, if it did.
    pub fn ended(&self) -> Option<ConsumerError> {
        self.exited.borrow().clone().map(ConsumerError::from)
    }

    /// Writes the offsets of what [`Self::next`] has returned so far to ZooKeeper.
    pub async fn commit(&mut self) -> Result<(), ConsumerError> {
        let act = |machine: &mut Machine, now: Time, out: &mut Outbox<Output>| machine.commit(now, out);
        if self.inbox.send(Task::With(Box::new(act))).await.is_err() {
            return Err(self.ending().await.into());
        }
        loop {
            let Some(word) = self.words.recv().await else { return Err(self.ending().await.into()) };
            match self.keep(word) {
                Some(true) => return Ok(()),
                Some(false) => return Err(ConsumerError::NotCommitted),
                None => {}
            }
        }
    }

    /// Commits (if auto-commit is on), gives its partitions up and closes its session.
    pub async fn stop(self) -> Result<(), ConsumerError> {
        // If it has ended meanwhile there is nobody to tell.
        let _ = self.inbox.send(Task::Input(Input::Terminate)).await;
        match self.ending().await {
            Ending::Stopped => Ok(()),
            other => Err(other.into()),
        }
    }

    async fn ending(&self) -> Ending {
        let mut exited = self.exited.clone();
        let ending = exited.wait_for(Option::is_some).await.map(|ending| ending.clone());
        // The task went without a word only if the runtime ends.
        ending.ok().flatten().unwrap_or(Ending::Stopped)
    }
}
