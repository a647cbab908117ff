//! A timeline, looked through once: what there is of each agent, framework, task and application, as places in the
//! list of events.

mod build;
mod query;
mod url;

use std::collections::BTreeMap;

use stacklab_machine::timeline::{Event, EventId};

pub(crate) use url::{Url, task_name};

/// Place of an event in the list.
pub(crate) type At = usize;

/// The whole timeline, sorted by whom it concerns.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) events: &'a [Event],
    /// By host name.
    pub(crate) agents: BTreeMap<&'a str, Agent<'a>>,
    /// Host of an agent's id.
    pub(crate) hosts: BTreeMap<&'a str, &'a str>,
    /// By framework id.
    pub(crate) frameworks: BTreeMap<&'a str, Framework<'a>>,
    /// By task id.
    pub(crate) tasks: BTreeMap<&'a str, Task<'a>>,
    /// Ids of tasks by their name, in the order of their launches.
    pub(crate) named: BTreeMap<&'a str, Vec<&'a str>>,
    /// By the id of the application, without a slash.
    pub(crate) apps: BTreeMap<&'a str, App<'a>>,
    /// What each program noted about itself: logs, offers, instances.
    pub(crate) programs: BTreeMap<&'a str, Program<'a>>,
    /// Deployments, in order.
    pub(crate) deployments: Vec<Deployment<'a>>,
    /// Steps that failed.
    pub(crate) failed_steps: Vec<At>,
    /// Refused frameworks.
    pub(crate) refused: Vec<At>,
    /// Nodes of ZooKeepers that were deleted.
    pub(crate) deleted: Vec<At>,
    /// Brokers that registered in a ZooKeeper.
    pub(crate) brokers: Vec<At>,
    /// What Stack Deploy passed over.
    pub(crate) warned: Vec<At>,
    /// Rescinded offers.
    pub(crate) rescinded: Vec<At>,
    /// How far spans came, and which were not found.
    pub(crate) spans: Vec<At>,
    /// The verdict, if there is one.
    pub(crate) verdict: Option<At>,
}

/// An agent.
#[derive(Debug, Default)]
pub(crate) struct Agent<'a> {
    pub(crate) resources: &'a str,
    pub(crate) registered: Vec<At>,
    pub(crate) lost: Vec<At>,
}

/// A framework, by its id.
#[derive(Debug, Default)]
pub(crate) struct Framework<'a> {
    pub(crate) name: &'a str,
    pub(crate) subscribed: Vec<At>,
    pub(crate) disconnected: Vec<At>,
    pub(crate) removed: Option<At>,
    /// The scheduler's program, as far as it said which id it has.
    pub(crate) program: Option<&'a str>,
}

/// A task, by its id.
#[derive(Debug, Default)]
pub(crate) struct Task<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) framework: &'a str,
    pub(crate) host: &'a str,
    pub(crate) resources: &'a str,
    pub(crate) launched: At,
    pub(crate) statuses: Vec<At>,
    pub(crate) fetching: Option<At>,
    pub(crate) fetched: Option<At>,
    pub(crate) missing: Vec<At>,
    pub(crate) running: Option<At>,
    /// Its first terminal status.
    pub(crate) ended: Option<At>,
}

/// An application of a stack.
#[derive(Debug, Default)]
pub(crate) struct App<'a> {
    pub(crate) states: Vec<At>,
    pub(crate) calls: Vec<At>,
    /// Addresses of its API, with the time from which they hold.
    pub(crate) apis: Vec<(At, &'a str)>,
    /// Exchanges with its API.
    pub(crate) exchanges: Vec<At>,
    pub(crate) delayed: Vec<At>,
    pub(crate) created: Vec<At>,
    pub(crate) removed: Vec<At>,
    pub(crate) unhealthy: Vec<At>,
    /// Latest `waiting` for an answer of this application's.
    pub(crate) waiting: Option<At>,
}

/// A program: a scheduler, an executor.
#[derive(Debug, Default)]
pub(crate) struct Program<'a> {
    pub(crate) logs: Vec<At>,
    pub(crate) declined: Vec<At>,
    pub(crate) instances: Vec<At>,
    pub(crate) started: Vec<At>,
    pub(crate) exited: Vec<At>,
    pub(crate) services: Vec<At>,
    pub(crate) states: Vec<At>,
    /// Framework ids that it said it has, in order.
    pub(crate) frameworks: Vec<&'a str>,
}

/// One run of a stack.
#[derive(Debug)]
pub(crate) struct Deployment<'a> {
    pub(crate) stack: &'a str,
    pub(crate) started: At,
    pub(crate) finished: Option<At>,
    pub(crate) error: Option<&'a str>,
}

impl<'a> View<'a> {
    /// Id of the event at a place.
    pub(crate) fn id(&self, at: At) -> EventId {
        self.events[at].id
    }

    /// Ids of many.
    pub(crate) fn ids(&self, at: &[At]) -> Vec<EventId> {
        at.iter().map(|at| self.id(*at)).collect()
    }

    /// What a program noted, if it noted anything.
    pub(crate) fn program(&self, name: &str) -> Option<&Program<'a>> {
        self.programs.get(name)
    }
}
