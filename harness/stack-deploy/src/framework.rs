//! Stack Deploy's own framework beside the run of a stack: the ways between the two, and to the master.

use stacklab_live::mesos::SchedulerLink;
use stacklab_live::post::{Delivery, Post, post};
use stacklab_live::program::{Inbox, MesosLink, Place, Running, spawn};
use stacklab_machine::Streams;
use stacklab_machine::process::CallId;
use stacklab_machine::timeline::EventId;
use stacklab_once::{Framework, Heard, OnceConfig, Said};
use stacklab_stack::{OnceReply, OnceRequest};
use tokio::task::JoinSet;

/// Starts the framework; the second value is how a run reaches it.
pub fn start(config: OnceConfig, streams: Streams, place: Place) -> (Running<Heard>, Desk) {
    let (requests, asked) = post();
    let (replies, answered) = post();
    let link = SchedulerLink::at(&place);
    let framework = spawn(Box::new(Framework::new(config, streams)), place, |inbox| {
        let mut workers = JoinSet::new();
        workers.spawn(asked.run(inbox.clone(), Heard::Request));
        FrameworkLink { master: link(inbox), replies, _workers: workers }
    });
    (framework, Desk { requests, answered })
}

/// Where a run asks and is answered.
#[derive(Debug)]
pub struct Desk {
    /// For requests.
    pub requests: Post<OnceRequest>,
    /// Where the answers come.
    pub answered: Delivery<OnceReply>,
}

struct FrameworkLink {
    master: SchedulerLink<Heard>,
    replies: Post<OnceReply>,
    /// Ends with the framework.
    _workers: JoinSet<()>,
}

impl MesosLink<Said> for FrameworkLink {
    fn attach(&mut self, master: &str) {
        self.master.attach(master);
    }

    fn call(&mut self, said: Said, cause: Option<EventId>) {
        match said {
            Said::Mesos(call) => self.master.call(call, cause),
            Said::Reply(reply) => {
                // A run that has ended wants no answer.
                self.replies.send(reply, cause);
            }
        }
    }
}

/// What a run says to Mesos goes to the framework, or is answered that there is none.
pub struct RunLink {
    requests: Option<Post<OnceRequest>>,
    nobody: Post<OnceReply>,
    /// End with the run.
    _workers: JoinSet<()>,
}

impl RunLink {
    /// The way of a run with this inbox.
    pub fn new(desk: Option<Desk>, inbox: Inbox<OnceReply>) -> Self {
        let mut workers = JoinSet::new();
        let (nobody, unanswered) = post();
        workers.spawn(unanswered.run(inbox.clone(), |reply| reply));
        let requests = desk.map(|Desk { requests, answered }| {
            workers.spawn(answered.run(inbox, |reply| reply));
            requests
        });
        Self { requests, nobody, _workers: workers }
    }
}

impl MesosLink<OnceRequest> for RunLink {
    fn attach(&mut self, _: &str) {}

    fn call(&mut self, request: OnceRequest, cause: Option<EventId>) {
        let call = call_of(&request);
        if self.requests.as_ref().is_none_or(|requests| !requests.send(request, cause)) {
            let result = Err("Stack Deploy's own Mesos framework cannot be reached".to_owned());
            self.nobody.send(OnceReply::Ran { call, result }, cause);
        }
    }
}

pub(crate) fn call_of(request: &OnceRequest) -> CallId {
    match request {
        OnceRequest::Run { call, .. } | OnceRequest::List { call } | OnceRequest::Remove { call, .. } => {
            *call
        }
    }
}
