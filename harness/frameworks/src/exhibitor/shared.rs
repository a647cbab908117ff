//! An Exhibitor's way to the shared configuration in ZooKeeper.

use std::collections::BTreeMap;

use serde_json::json;
use stacklab_machine::Pace;
use stacklab_machine::http::Response;
use stacklab_machine::process::{CallId, ExchangeId, ZkError, ZkOp, ZkReply};

use super::config::SharedConfig;
use super::stand_in::{Arguments, SharedNode};
use crate::base::{Hands, web};

/// The configuration as last read or written, and what is under way.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) config: SharedConfig,
    /// Version of the node, if there is one.
    version: Option<i32>,
    /// What was the version when somebody last read the configuration here.
    told: Option<Option<i32>>,
    reading: Option<CallId>,
    writing: BTreeMap<CallId, Write>,
}

/// A new configuration on its way to the node.
#[derive(Debug)]
struct Write {
    exchange: ExchangeId,
    config: SharedConfig,
    /// The version that it gets.
    version: i32,
}

impl Shared {
    /// Looks whether the configuration is another one.
    pub(super) fn read(&mut self, arguments: &Arguments, hands: &mut Hands<'_>) {
        if let Some(SharedNode { connect, path }) = &arguments.shared
            && self.reading.is_none()
        {
            self.reading = Some(hands.zk(connect, ZkOp::Get { path: path.clone() }));
        }
    }

    /// Somebody reads the configuration, perhaps to change it and send it back.
    pub(super) fn tell(&mut self) {
        self.told = Some(self.version);
    }

    /// The version that a new configuration is to replace. Exhibitor takes the one it knows at that moment, so what it
    /// learnt between `get-state` and `config/set` is lost. Looks at the node are half a minute apart, and it hardly
    /// ever happens; at a faster pace they come closer while the calls take as long as ever, and it would happen all
    /// the time. There the version that the caller saw counts, and the write is refused.
    fn replaced(&self, pace: Pace) -> Option<i32> {
        if pace == Pace::REAL { self.version } else { self.told.unwrap_or(self.version) }
    }

    /// Writes a new configuration for a caller of `config/set`.
    pub(super) fn write(
        &mut self,
        arguments: &Arguments,
        exchange: ExchangeId,
        config: SharedConfig,
        hands: &mut Hands<'_>,
    ) {
        let Some(SharedNode { connect, path }) = &arguments.shared else {
            self.config = config;
            return hands.respond(exchange, outcome(true, "OK"));
        };
        let (path, data) = (path.clone(), config.to_properties().into_bytes());
        let (op, version) = match self.replaced(hands.context.pace) {
            None => (ZkOp::Create { path, data, parents: true, ephemeral: false }, 0),
            Some(version) => (ZkOp::Set { path, data, version }, version.saturating_add(1)),
        };
        let call = hands.zk(connect, op);
        self.writing.insert(call, Write { exchange, config, version });
    }

    /// Takes an answer; true if the configuration is another one now.
    pub(super) fn reply(
        &mut self,
        call: CallId,
        result: Result<ZkReply, ZkError>,
        hands: &mut Hands<'_>,
    ) -> bool {
        if self.reading == Some(call) {
            self.reading = None;
            return self.have_read(result, hands);
        }
        let Some(Write { exchange, config, version }) = self.writing.remove(&call) else { return false };
        match result {
            Ok(_) => {
                self.version = Some(version);
                self.told = None;
                self.config = config;
                hands.respond(exchange, outcome(true, "OK"));
                true
            }
            Err(ZkError::BadVersion(_) | ZkError::NodeExists(_) | ZkError::NoNode(_)) => {
                // Noticed for good with the next look at the node only.
                let text = "Another process has updated the config. Your changes have not been saved.";
                hands.respond(exchange, outcome(false, text));
                false
            }
            Err(error) => {
                hands.log(|| format!("Could not write the shared configuration: {error}"));
                hands.respond(exchange, web::page(500, "/exhibitor/v1/config/set", &error.to_string()));
                false
            }
        }
    }

    fn have_read(&mut self, result: Result<ZkReply, ZkError>, hands: &mut Hands<'_>) -> bool {
        match result {
            Ok(ZkReply::Data { version, .. }) if self.version == Some(version) => false,
            Ok(ZkReply::Data { data, version }) => {
                self.version = Some(version);
                let config = SharedConfig::from_properties(&String::from_utf8_lossy(&data));
                let changed = config != self.config;
                self.config = config;
                changed
            }
            Ok(_) => false,
            Err(ZkError::NoNode(_)) => {
                self.version = None;
                std::mem::take(&mut self.config) != SharedConfig::default()
            }
            Err(error) => {
                hands.log(|| format!("Could not read the shared configuration: {error}"));
                false
            }
        }
    }
}

fn outcome(succeeded: bool, message: &str) -> Response {
    web::json(200, &json!({"message": message, "succeeded": succeeded}))
}
