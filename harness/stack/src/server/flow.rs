//! A request on its way: what it waits for, and what it does with the answer.

use std::collections::{BTreeMap, BTreeSet};

use stacklab_machine::Time;
use stacklab_machine::http::{Request, Response, decode_path};
use stacklab_machine::process::{CallId, ExchangeId};

use super::body::Body;
use super::lookup::{Found, Lookup};
use super::store::{Role, StoreError, StoreOp, StoreReply};
use super::{Mode, Out, Server, Waiting, keys, reply};
use crate::{RunConfig, Stack, print_names};

/// A stack file in JSON may be twice as long as it is.
const MAX_BODY: usize = 4 << 20;

/// A request that waits for an answer.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) exchange: ExchangeId,
    pub(super) step: Step,
}

/// What it waits for.
#[derive(Debug)]
pub(super) enum Step {
    /// The user who claims to have sent it.
    User {
        endpoint: Endpoint,
        body: Vec<u8>,
        key: String,
    },
    Names,
    Get(Lookup),
    /// Whether the name of a stack that has a parent is free.
    AddName(Box<Stack>),
    AddParent(Box<Stack>),
    Add {
        name: String,
    },
    RemoveCheck {
        name: String,
        force: bool,
    },
    RemoveChildren {
        name: String,
        force: bool,
        seen: BTreeSet<String>,
        rest: Vec<String>,
    },
    CreateUser {
        name: String,
        role: Role,
    },
    RefreshToken {
        name: String,
    },
    /// A user is written; then the key is told.
    Key {
        status: u16,
        key: String,
    },
    /// The stack to be run.
    Run {
        request: Box<RunRequest>,
        lookup: Lookup,
    },
    /// That the run's beginning is written. `changes` is the stored stack that the original changes by running it.
    Staging {
        config: Box<RunConfig>,
        changes: Option<String>,
    },
    /// Something of which only the success is of interest.
    Done,
}

/// What `/run` asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RunRequest {
    pub(super) name: String,
    pub(super) zone: String,
    pub(super) max_wait: u32,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) skip: Vec<String>,
    /// The master's state.
    pub(super) mesos_state: Option<Vec<u8>>,
}

/// An endpoint behind authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    List,
    Get,
    Run,
    CreateStack,
    CreateLayer,
    RemoveStack,
    CreateUser,
    RefreshToken,
    Scheduled,
    DeleteScheduled,
}

impl Endpoint {
    fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/list" => Self::List,
            "/get" => Self::Get,
            "/run" => Self::Run,
            "/createstack" => Self::CreateStack,
            "/createlayer" => Self::CreateLayer,
            "/removestack" => Self::RemoveStack,
            "/createuser" => Self::CreateUser,
            "/refreshtoken" => Self::RefreshToken,
            "/scheduled" => Self::Scheduled,
            "/scheduled/delete" => Self::DeleteScheduled,
            _ => return None,
        })
    }

    /// Whether the original's handler dies of a body that is null.
    fn dies_of_null(self) -> bool {
        matches!(self, Self::Get | Self::Run | Self::CreateStack | Self::CreateLayer | Self::RemoveStack)
    }

    fn is_for_admins(self) -> bool {
        matches!(self, Self::CreateUser | Self::RefreshToken)
    }
}

impl Server {
    /// Takes a request.
    pub(super) fn request(&mut self, exchange: ExchangeId, request: Request, out: &mut Out) {
        let path = decode_path(request.path());
        if path == "/health" {
            return self.respond(exchange, Response::empty(200), out);
        }
        let Some(endpoint) = Endpoint::of(&path) else {
            return self.respond(exchange, reply::error(404, "404 page not found"), out);
        };
        if request.body.len() > MAX_BODY {
            let text = format!("request body too large: at most {MAX_BODY} bytes");
            return self.respond(exchange, reply::error(413, &text), out);
        }
        if self.config.mode == Mode::Developer {
            return self.admitted(exchange, endpoint, &request.body, out);
        }
        let header = |name| request.header(name).unwrap_or_default().to_owned();
        let (user, key) = (header("x-api-user"), header("x-api-key"));
        if user.is_empty() {
            return self.respond(exchange, reply::error(500, EMPTY_KEY), out);
        }
        let step = Step::User { endpoint, body: request.body, key };
        self.ask(StoreOp::User(user), Flow { exchange, step }, out);
    }

    /// Does what somebody asks who may.
    fn admitted(&mut self, exchange: ExchangeId, endpoint: Endpoint, body: &[u8], out: &mut Out) {
        if self.config.faithful && endpoint.dies_of_null() && Body::read_anyhow(body, "").is_null() {
            return self.respond(exchange, reply::none(), out);
        }
        let result = match endpoint {
            Endpoint::List => {
                self.ask(StoreOp::StackNames, Flow { exchange, step: Step::Names }, out);
                Ok(())
            }
            Endpoint::Get => self.get(exchange, body, out),
            Endpoint::Run => self.run_request(exchange, body, out),
            Endpoint::CreateStack => self.create_stack(exchange, body, out),
            Endpoint::CreateLayer => self.create_layer(exchange, body, out),
            Endpoint::RemoveStack => self.remove_stack(exchange, body, out),
            Endpoint::CreateUser => self.create_user(exchange, body, out),
            Endpoint::RefreshToken => self.refresh_token(exchange, body, out),
            Endpoint::Scheduled => {
                self.respond(exchange, reply::plain(200, self.schedule.to_json()), out);
                Ok(())
            }
            Endpoint::DeleteScheduled => self.delete_scheduled(exchange, body, out),
        };
        if let Err(text) = result {
            self.respond(exchange, reply::error(400, &text), out);
        }
    }

    fn get(&mut self, exchange: ExchangeId, body: &[u8], out: &mut Out) -> Result<(), String> {
        let name = required_name(&mut Body::read_anyhow(body, "GetStackRequest"))?;
        let step = Step::Get(Lookup::new(name.clone(), String::new(), self.config.mode));
        self.ask(StoreOp::Stack(name), Flow { exchange, step }, out);
        Ok(())
    }

    fn run_request(&mut self, exchange: ExchangeId, body: &[u8], out: &mut Out) -> Result<(), String> {
        let mut body = Body::read_anyhow(body, "RunRequest");
        let request = RunRequest {
            name: required_name(&mut body)?,
            zone: body.text("zone"),
            max_wait: u32::try_from(body.int("maxwait", "int").max(0)).unwrap_or(u32::MAX),
            variables: body.text_map("variables"),
            skip: body.texts("skip"),
            mesos_state: None,
        };
        if self.is_full() {
            let text = format!("Too many runs are under way: at most {}", self.config.max_runs);
            self.respond(exchange, reply::error(503, &text), out);
            return Ok(());
        }
        self.refresh_mesos_state(exchange, Box::new(request), out);
        Ok(())
    }

    /// The master's state is known (or not read): looks up what is to be run.
    pub(super) fn look_up(&mut self, exchange: ExchangeId, request: Box<RunRequest>, out: &mut Out) {
        let lookup = Lookup::new(request.name.clone(), request.zone.clone(), self.config.mode);
        let op = StoreOp::Stack(request.name.clone());
        self.ask(op, Flow { exchange, step: Step::Run { request, lookup } }, out);
    }

    fn delete_scheduled(&mut self, exchange: ExchangeId, body: &[u8], out: &mut Out) -> Result<(), String> {
        let mut body = Body::read(body, "RemoveScheduledRequest")?;
        let id = body.int("id", "int64");
        body.check()?;
        let response = if self.schedule.remove(id) {
            reply::plain(200, format!("{id} deleted"))
        } else {
            reply::plain(404, format!("Task {id} not found"))
        };
        self.respond(exchange, response, out);
        Ok(())
    }

    /// Goes on with a request when the store has answered.
    pub(super) fn stored(
        &mut self,
        now: Time,
        flow: Flow,
        result: Result<StoreReply, StoreError>,
        out: &mut Out,
    ) {
        let exchange = flow.exchange;
        let is_run = matches!(flow.step, Step::Run { .. } | Step::Staging { .. });
        let status = match &flow.step {
            Step::User { .. } | Step::Names => 500,
            Step::Get(_) | Step::Run { .. } | Step::Staging { .. } => 404,
            _ => 400,
        };
        let next = result.map_err(|error| reply::error(status, &error.0));
        if let Err(response) = next.and_then(|answer| self.go_on(now, flow, answer, out)) {
            if is_run {
                self.runs.coming -= 1;
            }
            self.respond(exchange, response, out);
        }
    }

    /// The error is the answer to the request, good or bad.
    fn go_on(&mut self, now: Time, flow: Flow, answer: StoreReply, out: &mut Out) -> Result<(), Response> {
        let exchange = flow.exchange;
        match (flow.step, answer) {
            (Step::User { endpoint, body, key }, StoreReply::User(user)) => {
                let user = user.ok_or_else(|| reply::error(500, "not found"))?;
                if !keys::matches(&key, &user.key_hash) {
                    return Err(reply::error(403, "Unauthorized"));
                }
                if endpoint.is_for_admins() && user.role != Role::Admin {
                    return Err(reply::error(403, &format!("User {} is not an admin", user.name)));
                }
                self.admitted(exchange, endpoint, &body, out);
                Ok(())
            }
            (Step::Names, StoreReply::Names(mut names)) => {
                names.sort();
                Err(reply::plain(200, print_names(&names)))
            }
            (Step::Get(mut lookup), StoreReply::Stack(stack)) => {
                match lookup.take(stack.map(|stack| *stack)) {
                    Found::Stack(stack) => Err(reply::plain(200, stack.print())),
                    Found::Missing(text) => Err(reply::error(404, text)),
                    Found::Broken(text) => Err(self.panic_or(404, &text)),
                    Found::Ask(name) => {
                        self.ask(StoreOp::Stack(name), Flow { exchange, step: Step::Get(lookup) }, out);
                        Ok(())
                    }
                }
            }
            (Step::Run { request, lookup }, StoreReply::Stack(stack)) => {
                self.found_to_run(exchange, request, lookup, stack.map(|stack| *stack), out)
            }
            (Step::Staging { config, changes }, _) => {
                self.start_run(now, exchange, *config, changes, out);
                Ok(())
            }
            (step, answer) => self.go_on_changing(exchange, step, answer, out),
        }
    }

    /// Asks the store on behalf of a request.
    pub(super) fn ask(&mut self, op: StoreOp, flow: Flow, out: &mut Out) -> CallId {
        self.store(op, Waiting::Flow(flow), out)
    }
}

pub(super) const EMPTY_KEY: &str = "Key may not be empty";

pub(super) fn required_name(body: &mut Body) -> Result<String, String> {
    let name = body.text("name");
    if name.is_empty() { Err("Stack name required".into()) } else { Ok(name) }
}
