//! An Exhibitor's way to the shared configuration in ZooKeeper.

use std::collections::BTreeMap;

use serde_json::json;
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
    reading: Option<CallId>,
    writing: BTreeMap<CallId, (ExchangeId, SharedConfig)>,
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
        let op = match self.version {
            None => ZkOp::Create { path, data, parents: true, ephemeral: false },
            Some(version) => ZkOp::Set { path, data, version },
        };
        let call = hands.zk(connect, op);
        self.writing.insert(call, (exchange, config));
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
        let Some((exchange, config)) = self.writing.remove(&call) else { return false };
        match result {
            Ok(_) => {
                self.version = Some(self.version.map_or(0, |version| version.saturating_add(1)));
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
