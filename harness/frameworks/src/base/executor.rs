//! The process of an executor, whatever it runs.

use std::time::Duration;

use stacklab_machine::process::{CallId, ExchangeId, Input, Output, ZkError, ZkOp, ZkReply};
use stacklab_machine::service::{ServiceEvent, ServiceSpec};
use stacklab_machine::{Machine, Outbox, Time, http};
use stacklab_mesos::{ExecutorCall, ExecutorEvent, TaskInfo, TaskState as MesosState, TaskStatus};

use super::{Context, TaskState, web};

/// What an executor does about its tasks. One value per executor process.
pub trait Work: Send {
    /// Runs a task.
    fn launch(&mut self, task: &TaskInfo, hands: &mut Hands<'_>);

    /// Kills a task.
    fn kill(&mut self, task_id: &str, hands: &mut Hands<'_>);

    /// The agent wants the executor gone; it ends 5 s later in any case.
    fn shutdown(&mut self, hands: &mut Hands<'_>) {
        hands.exit(0);
    }

    /// A message of the scheduler.
    fn message(&mut self, data: &[u8], hands: &mut Hands<'_>) {
        let _ = (data, hands);
    }

    /// Something about the service that was started.
    fn service(&mut self, event: ServiceEvent, hands: &mut Hands<'_>);

    /// A request on the port that the executor listens on.
    fn http(&mut self, exchange: ExchangeId, request: &http::Request, hands: &mut Hands<'_>) {
        hands.respond(exchange, web::page(404, request.path(), "Not Found"));
    }

    /// The answer to [`Hands::http`].
    fn http_reply(
        &mut self,
        call: CallId,
        result: Result<http::Response, http::Failure>,
        hands: &mut Hands<'_>,
    ) {
        let _ = (call, result, hands);
    }

    /// The answer to [`Hands::zk`].
    fn zk_reply(&mut self, call: CallId, result: Result<ZkReply, ZkError>, hands: &mut Hands<'_>) {
        let _ = (call, result, hands);
    }

    /// When it wants [`wake`](Self::wake).
    fn wake_at(&self) -> Option<Time> {
        None
    }

    /// Does what is due.
    fn wake(&mut self, hands: &mut Hands<'_>) {
        let _ = hands;
    }
}

type Out = Outbox<Output<ExecutorCall>>;

/// What an executor may do while it is called.
#[derive(Debug)]
pub struct Hands<'a> {
    /// Now.
    pub now: Time,
    /// Environment, sandbox, host, random numbers, pace.
    pub context: &'a mut Context,
    next_call: &'a mut u64,
    gone: &'a mut bool,
    out: &'a mut Out,
}

impl Hands<'_> {
    /// Sends a status. `data` is what the scheduler reads out of it, if anything; an empty message is none.
    pub fn status(&mut self, task_id: &str, state: TaskState, message: &str, data: Option<Vec<u8>>) {
        let mut status = TaskStatus::new(task_id.into(), mesos_state(state));
        status.data = data;
        status.message = (!message.is_empty()).then(|| message.to_owned());
        self.out.push(Output::Mesos(ExecutorCall::Update(status)));
    }

    /// Sends a message to the scheduler.
    pub fn message(&mut self, data: Vec<u8>) {
        self.out.push(Output::Mesos(ExecutorCall::Message { data }));
    }

    /// Starts a service; at most one at a time.
    pub fn start_service(&mut self, spec: ServiceSpec) {
        self.out.push(Output::StartService(Box::new(spec)));
    }

    /// Stops it.
    pub fn stop_service(&mut self) {
        self.out.push(Output::StopService);
    }

    /// Listens for HTTP.
    pub fn listen(&mut self, port: u16) {
        self.out.push(Output::Listen { port });
    }

    /// Answers a request.
    pub fn respond(&mut self, exchange: ExchangeId, response: http::Response) {
        self.out.push(Output::Respond { exchange, response });
    }

    /// Makes a request.
    pub fn http(&mut self, request: http::Request, timeout: Option<Duration>) -> CallId {
        let call = self.call();
        self.out.push(Output::Http { call, request, timeout });
        call
    }

    /// Does something in ZooKeeper.
    pub fn zk(&mut self, connect: &str, op: ZkOp) -> CallId {
        let call = self.call();
        self.out.push(Output::Zk { call, connect: connect.to_owned(), op });
        call
    }

    /// Writes a line into the log, if somebody reads it.
    pub fn log(&mut self, line: impl FnOnce() -> String) {
        if self.out.is_recording() {
            self.out.push(Output::Log(line()));
        }
    }

    /// Ends the executor.
    pub fn exit(&mut self, code: i32) {
        if !std::mem::replace(self.gone, true) {
            self.out.push(Output::Exit { code });
        }
    }

    fn call(&mut self) -> CallId {
        *self.next_call += 1;
        CallId(*self.next_call)
    }
}

fn mesos_state(state: TaskState) -> MesosState {
    match state {
        TaskState::Staging => MesosState::Staging,
        TaskState::Starting => MesosState::Starting,
        TaskState::Running => MesosState::Running,
        TaskState::Finished => MesosState::Finished,
        TaskState::Failed => MesosState::Failed,
        TaskState::Killed => MesosState::Killed,
        TaskState::Lost => MesosState::Lost,
        TaskState::Error => MesosState::Error,
    }
}

/// An executor process.
#[derive(Debug)]
pub struct Executor<W: Work> {
    work: W,
    context: Context,
    next_call: u64,
    gone: bool,
}

impl<W: Work> Executor<W> {
    /// An executor that does this work.
    pub fn new(work: W, context: Context) -> Self {
        Self { work, context, next_call: 0, gone: false }
    }
}

impl<W: Work> Machine for Executor<W> {
    type Input = Input<ExecutorEvent>;
    type Output = Output<ExecutorCall>;

    fn handle(&mut self, now: Time, input: Self::Input, out: &mut Out) {
        if self.gone {
            return;
        }
        let Self { work, context, next_call, gone } = self;
        let mut hands = Hands { now, context, next_call, gone, out };
        match input {
            Input::Start => hands.out.push(Output::Mesos(ExecutorCall::Subscribe)),
            Input::Terminate => hands.exit(143),
            Input::Http { exchange, request } => work.http(exchange, &request, &mut hands),
            Input::HttpReply { call, result } => work.http_reply(call, result, &mut hands),
            Input::Zk { call, result } => work.zk_reply(call, result, &mut hands),
            Input::Service(event) => work.service(event, &mut hands),
            Input::File { .. } | Input::Script { .. } => {}
            Input::Mesos(event) => match event {
                ExecutorEvent::Launch(task) => work.launch(&task, &mut hands),
                ExecutorEvent::Kill { task_id, .. } => work.kill(task_id.as_str(), &mut hands),
                ExecutorEvent::Message { data } => work.message(&data, &mut hands),
                ExecutorEvent::Shutdown => work.shutdown(&mut hands),
                ExecutorEvent::Error { message } => {
                    hands.log(|| format!("[error] {message}"));
                    hands.exit(1);
                }
                ExecutorEvent::Refused { status, text } => hands.log(|| format!("[error] {status} {text}")),
                ExecutorEvent::Subscribed { .. } | ExecutorEvent::Acknowledged { .. } => {}
            },
        }
    }

    fn wake_at(&self) -> Option<Time> {
        if self.gone { None } else { self.work.wake_at() }
    }

    fn wake(&mut self, now: Time, out: &mut Out) {
        if self.gone || self.work.wake_at().is_none_or(|at| at > now) {
            return;
        }
        let Self { work, context, next_call, gone } = self;
        work.wake(&mut Hands { now, context, next_call, gone, out });
    }
}
