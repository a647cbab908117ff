//! The REST interface of an Exhibitor, and how it asks the others for `cluster/status`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use stacklab_machine::http::{Failure, Method, Request, Response};
use stacklab_machine::process::{CallId, ExchangeId};

use super::executor::ExhibitorExecutor;
use super::stand_in::{new_config, own_state, page, status_entry};
use crate::base::{Hands, web};

/// After so long another Exhibitor counts as down.
const PATIENCE: Duration = Duration::from_secs(5);

/// The `cluster/status` calls under way.
#[derive(Debug, Default)]
pub(super) struct Statuses {
    open: BTreeMap<ExchangeId, Open>,
    calls: BTreeMap<CallId, (ExchangeId, usize)>,
}

#[derive(Debug)]
struct Open {
    /// Host names in the order of the servers list, with what is known of them.
    servers: Vec<(String, Value)>,
    missing: usize,
}

impl Open {
    fn response(&self) -> Response {
        let entries = self.servers.iter().map(|(host, state)| status_entry(host, state));
        web::json(200, &Value::Array(entries.collect()))
    }
}

impl Statuses {
    pub(super) fn reply(&mut self, call: CallId, result: Result<Response, Failure>, hands: &mut Hands<'_>) {
        let Some((exchange, index)) = self.calls.remove(&call) else { return };
        let Some(open) = self.open.get_mut(&exchange) else { return };
        open.missing -= 1;
        let state = result.ok().and_then(|response| serde_json::from_slice(&response.body).ok());
        if let (Some(server), Some(state)) = (open.servers.get_mut(index), state) {
            server.1 = state;
        }
        if open.missing == 0
            && let Some(open) = self.open.remove(&exchange)
        {
            hands.respond(exchange, open.response());
        }
    }
}

impl ExhibitorExecutor {
    pub(super) fn answer(&mut self, exchange: ExchangeId, request: &Request, hands: &mut Hands<'_>) {
        let Some(exhibitor) = &mut self.exhibitor else {
            // Exhibitor is closed, but its port is still this process's.
            return hands.respond(exchange, web::page(503, request.path(), "Service Unavailable"));
        };
        let response = match (request.method, request.path()) {
            (Method::Get, "/exhibitor/v1/config/get-state") => Response::json(200, self.state_body()),
            (Method::Post, "/exhibitor/v1/config/set") => {
                match new_config(&exhibitor.shared.config, request) {
                    Some(config) => {
                        exhibitor.shared.write(&exhibitor.arguments, exchange, config, hands);
                        return self.changed();
                    }
                    None => web::page(400, request.path(), "Bad Request"),
                }
            }
            (Method::Get, "/exhibitor/v1/cluster/state") => own_state(self.zookeeper_state(), self.leads()),
            (Method::Get, "/exhibitor/v1/cluster/status") => return self.ask_all(exchange, hands),
            (Method::Get, "/exhibitor/v1/ui/index.html" | "/exhibitor/v1/ui/" | "/") => {
                page(&exhibitor.arguments.hostname)
            }
            (_, path) => web::page(404, path, "Not Found"),
        };
        hands.respond(exchange, response);
    }

    /// Asks every Exhibitor of the servers list, this one directly. The others are asked on this one's own port, as the
    /// original does: with differing ports they look down.
    fn ask_all(&mut self, exchange: ExchangeId, hands: &mut Hands<'_>) {
        let own_state = json!({
            "state": self.zookeeper_state().code(),
            "description": self.zookeeper_state().description(),
            "isLeader": self.leads(),
        });
        let Some(exhibitor) = &self.exhibitor else { return };
        let mut open = Open { servers: Vec::new(), missing: 0 };
        for (index, entry) in exhibitor.shared.config.servers().servers.into_iter().enumerate() {
            if entry.host == exhibitor.arguments.hostname {
                open.servers.push((entry.host, own_state.clone()));
                continue;
            }
            let url =
                format!("http://{}:{}/exhibitor/v1/cluster/state", entry.host, exhibitor.arguments.port);
            let call = hands.http(Request::get(url), Some(PATIENCE));
            self.statuses.calls.insert(call, (exchange, index));
            open.servers.push((entry.host, Value::Null));
            open.missing += 1;
        }
        if open.missing == 0 {
            return hands.respond(exchange, open.response());
        }
        self.statuses.open.insert(exchange, open);
    }
}
