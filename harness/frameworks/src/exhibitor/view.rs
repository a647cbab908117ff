//! `status`: what the Exhibitors themselves say of the ensemble, asked live.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stacklab_machine::http;
use stacklab_machine::process::{CallId, ExchangeId};

use super::scheduler::ExhibitorScheduler;
use super::server::Server;
use crate::base::instance::State;
use crate::base::{Reply, Stage, web};

/// The original waits for ever; an Exhibitor that says nothing for so long counts as not there.
const PATIENCE: Duration = Duration::from_secs(30);

/// The status calls under way.
#[derive(Debug, Default)]
pub(super) struct Views {
    open: BTreeMap<ExchangeId, View>,
    calls: BTreeMap<CallId, (ExchangeId, usize)>,
}

#[derive(Debug)]
struct View {
    servers: Vec<Seen>,
    missing: usize,
}

/// A server as it was when the call came, and what its Exhibitor says of the ensemble.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    server: Server,
    exhibitor_cluster_view: Option<Vec<Entry>>,
}

/// What an Exhibitor says of one server, in the framework's own order of fields.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    hostname: String,
    is_leader: bool,
    description: String,
    code: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statuses {
    server_statuses: Vec<Seen>,
}

impl ExhibitorScheduler {
    pub(super) fn show<W>(&mut self, exchange: ExchangeId, stage: &mut Stage<'_>) -> Reply<W> {
        let mut view = View { servers: Vec::new(), missing: 0 };
        for (index, server) in self.servers.iter().enumerate() {
            view.servers.push(Seen { server: server.clone(), exhibitor_cluster_view: None });
            if let Some(endpoint) = reachable(server) {
                let request = http::Request::get(format!("{endpoint}/exhibitor/v1/cluster/status"));
                let call = stage.http(request, Some(PATIENCE));
                self.views.calls.insert(call, (exchange, index));
                view.missing += 1;
            }
        }
        if view.missing == 0 {
            return Reply::Now(view.response());
        }
        self.views.open.insert(exchange, view);
        Reply::Later
    }

    /// Takes the answer of an Exhibitor if it belongs to a status call; gives it back if not.
    pub(super) fn take_view(
        &mut self,
        call: CallId,
        result: Result<http::Response, http::Failure>,
        stage: &mut Stage<'_>,
    ) -> Option<Result<http::Response, http::Failure>> {
        let Some((exchange, index)) = self.views.calls.remove(&call) else { return Some(result) };
        let view = self.views.open.get_mut(&exchange)?;
        view.missing -= 1;
        if let Some(server) = view.servers.get_mut(index) {
            // An answer that cannot be read is none.
            server.exhibitor_cluster_view =
                result.ok().and_then(|response| serde_json::from_slice(&response.body).ok());
        }
        if view.missing == 0
            && let Some(view) = self.views.open.remove(&exchange)
        {
            stage.respond(exchange, view.response());
        }
        None
    }
}

impl View {
    fn response(self) -> http::Response {
        web::success("", &Statuses { server_statuses: self.servers })
    }
}

/// Address of a server's Exhibitor, if it can be asked.
pub(super) fn reachable(server: &Server) -> Option<String> {
    server.endpoint().filter(|_| server.state == State::Running)
}
