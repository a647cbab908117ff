//! The REST interface.

use stacklab_machine::http::{Method, Request, Response};
use stacklab_machine::process::ExchangeId;

use super::keys;
use super::scheduler::{ExhibitorScheduler, change};
use super::server::{Document, Server};
use crate::base::instance::{Parameters, State, Thrown};
use crate::base::{Constraints, Dialect, Range, Reply, Span, Stage, decimal, expand, web, whole};

/// A `start` that waits.
#[derive(Debug)]
pub struct StartCall {
    expression: String,
    ids: Vec<String>,
    timeout: Span,
}

type Answer = Result<Reply<StartCall>, Thrown>;

impl ExhibitorScheduler {
    pub(super) fn api(
        &mut self,
        exchange: ExchangeId,
        request: &Request,
        stage: &mut Stage<'_>,
    ) -> Reply<StartCall> {
        let path = request.path();
        if request.method != Method::Get {
            let reason = format!("HTTP method {} is not supported by this URL", request.method);
            return Reply::Now(web::page(405, path, &reason));
        }
        if let Some(file) = self.file(path) {
            return Reply::File { path: file };
        }
        let parameters = Parameters(request.query());
        let answer = match path.trim_end_matches('/') {
            "/api/add" => self.add(&parameters, stage),
            "/api/config" => self.configure(&parameters, stage),
            "/api/start" => self.start_servers(&parameters, stage),
            "/api/stop" => self.stop(&parameters, stage),
            "/api/remove" => self.remove(&parameters, stage),
            "/api/status" => Ok(self.show(exchange, stage)),
            _ => Ok(Reply::Now(web::page(404, path, "Not Found"))),
        };
        answer.unwrap_or_else(|Thrown(text)| Reply::Now(web::page(500, path, &text)))
    }

    /// The prefix of the path decides which file goes out; only the two last ones go by name.
    fn file(&self, path: &str) -> Option<String> {
        let (kind, name) = path.strip_prefix('/')?.split_once('/')?;
        let by_name = || name.rsplit('/').next().unwrap_or_default().to_owned();
        Some(match kind {
            "jar" => self.files.jar.clone(),
            "exhibitor" => self.files.exhibitor.clone(),
            "zookeeper" => self.files.zookeeper.clone(),
            "jdk" => self.files.jdk.clone(),
            "s3credentials" | "defaultconfig" => by_name(),
            _ => return None,
        })
    }

    fn ids(&self, parameters: &Parameters) -> Result<(String, Vec<String>), Thrown> {
        let expression = parameters.get("id").unwrap_or_default();
        let existing: Vec<String> = self.servers.iter().map(|server| server.id.clone()).collect();
        Ok((expression.to_owned(), expand(expression, &existing)?))
    }

    /// The ids of a call that needs existing servers; else the answer.
    fn existing(&self, parameters: &Parameters) -> Result<Result<(String, Vec<String>), Response>, Thrown> {
        let (expression, ids) = self.ids(parameters)?;
        let missing: Vec<&str> =
            ids.iter().filter(|id| self.server(id).is_none()).map(String::as_str).collect();
        if missing.is_empty() {
            return Ok(Ok((expression, ids)));
        }
        Ok(Err(web::failure(&format!("Servers {} do not exist", missing.join(",")))))
    }

    fn add(&mut self, parameters: &Parameters, stage: &mut Stage<'_>) -> Answer {
        let (expression, ids) = self.ids(parameters)?;
        let existing: Vec<&str> =
            ids.iter().filter(|id| self.server(id).is_some()).map(String::as_str).collect();
        if !existing.is_empty() {
            let message = format!("Servers {} already exist", existing.join(","));
            return Ok(Reply::Now(web::failure(&message)));
        }
        let mut added = Vec::new();
        for id in &ids {
            added.push(new_server(id, parameters)?);
        }
        for server in &added {
            stage.state(|| format!("server {}", server.id), "", State::Added.name());
        }
        self.servers.extend(added);
        stage.changed();
        Ok(Reply::Saved(self.success(&format!("Added servers {expression}"), &ids)))
    }

    fn configure(&mut self, parameters: &Parameters, stage: &mut Stage<'_>) -> Answer {
        let (expression, ids) = match self.existing(parameters)? {
            Ok(found) => found,
            Err(response) => return Ok(Reply::Now(response)),
        };
        let ports = parameters.get("port").map(Range::parse_list).transpose()?;
        for server in self.servers.iter_mut().filter(|server| ids.contains(&server.id)) {
            for (key, value) in &parameters.0 {
                if keys::ARGUMENTS.contains(&key.as_str()) {
                    server.config.exhibitor.insert(key.clone(), value.clone());
                } else if keys::SHARED.contains(&key.as_str()) {
                    server.config.shared.insert(key.clone(), value.clone());
                }
            }
            if let Some(ports) = &ports {
                server.config.ports.clone_from(ports);
            }
        }
        stage.changed();
        Ok(Reply::Saved(self.success(&format!("Updated configuration for servers {expression}"), &ids)))
    }

    fn start_servers(&mut self, parameters: &Parameters, stage: &mut Stage<'_>) -> Answer {
        let timeout = parameters.get("timeout").map_or(Ok(Span::seconds(60)), str::parse)?;
        let (expression, ids) = match self.existing(parameters)? {
            Ok(found) => found,
            Err(response) => return Ok(Reply::Now(response)),
        };
        for server in self.servers.iter_mut().filter(|server| ids.contains(&server.id)) {
            if server.state == State::Added {
                change(server, State::Stopped, stage);
            }
        }
        if timeout.is_zero() {
            let message = format!("Servers {expression} scheduled to start");
            return Ok(Reply::Now(self.success(&message, &ids)));
        }
        // Not saved: the wish to start lives only in memory until the next offers or status.
        let what = StartCall { expression, ids: ids.clone(), timeout };
        Ok(Reply::Wait { timeout: timeout.duration(), what, ids, save: false })
    }

    pub(super) fn started(&self, call: &StartCall, in_time: bool) -> Response {
        let expression = &call.expression;
        if in_time {
            return self.success(&format!("Started servers {expression}"), &call.ids);
        }
        web::failure(&format!("Start servers {expression} timed out after {}", call.timeout))
    }

    fn stop(&mut self, parameters: &Parameters, stage: &mut Stage<'_>) -> Answer {
        let (expression, ids) = match self.existing(parameters)? {
            Ok(found) => found,
            Err(response) => return Ok(Reply::Now(response)),
        };
        self.stop_all(&ids, stage)?;
        Ok(Reply::Saved(self.success(&format!("Stopped servers {expression}"), &ids)))
    }

    fn stop_all(&mut self, ids: &[String], stage: &mut Stage<'_>) -> Result<(), Thrown> {
        for server in self.servers.iter_mut().filter(|server| ids.contains(&server.id)) {
            if let (State::Staging | State::Running, Some(task)) = (server.state, &server.task) {
                stage.kill(&task.id, Some(&task.agent))?;
            }
            change(server, State::Added, stage);
        }
        Ok(())
    }

    fn remove(&mut self, parameters: &Parameters, stage: &mut Stage<'_>) -> Answer {
        let (expression, ids) = match self.existing(parameters)? {
            Ok(found) => found,
            Err(response) => return Ok(Reply::Now(response)),
        };
        self.stop_all(&ids, stage)?;
        let response = self.success(&format!("Removed servers {expression}"), &ids);
        let (gone, left): (Vec<Server>, Vec<Server>) =
            std::mem::take(&mut self.servers).into_iter().partition(|server| ids.contains(&server.id));
        self.servers = left;
        for server in &gone {
            self.ensemble.leave(server, &self.servers, stage);
        }
        stage.changed();
        Ok(Reply::Saved(response))
    }

    /// An answer whose value holds just the servers named in the call.
    fn success(&self, message: &str, ids: &[String]) -> Response {
        let named = self.servers.iter().filter(|server| ids.contains(&server.id));
        web::success(message, &Document { frameworkid: None, cluster: named.collect() })
    }
}

fn new_server(id: &str, parameters: &Parameters) -> Result<Server, Thrown> {
    let mut server = Server::new(id);
    let config = &mut server.config;
    if let Some(cpu) = parameters.get("cpu") {
        config.cpu = decimal(cpu)?;
    }
    if let Some(mem) = parameters.get("mem") {
        config.mem = decimal(mem)?;
    }
    if let Some(backoff) = parameters.get("configchangebackoff") {
        config.backoff_ms = whole(backoff)?;
    }
    if let Some(port) = parameters.get("port") {
        config.ports = Range::parse_list(port)?;
    }
    if let Some(constraints) = parameters.get("constraints") {
        server.constraints = Constraints::parse(constraints, Dialect::All)?;
    }
    Ok(server)
}
