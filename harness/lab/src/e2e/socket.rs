//! A lab on sockets as the ground for steps.

use std::path::Path;
use std::time::Duration;

use stacklab_machine::http::{Request, Response};
use stacklab_machine::timeline::{Event, EventId, What};
use stacklab_zookeeper::client::{Client, CreateMode};

use super::{Options, resolve, traffic};
use crate::deploy::{NotDeployed, deploy};
use crate::input::{StackInput, read_stack_as_it_is};
use crate::lab::Lab;
use crate::scenario::Scenario;
use crate::steps::{GIVEN_UP, Ground, Traced, ZnodeCall};
use crate::traffic::Workload;

/// How long an answer over HTTP or ZooKeeper may take: schedulers let a call wait as long as its `timeout` says.
const ANSWER: Duration = Duration::from_secs(60);
/// A condition is waited for at least so long, however fast the pace: the machine may be busy.
const AT_LEAST: Duration = Duration::from_secs(20);
/// Between two looks at the timeline.
const LOOK: Duration = Duration::from_millis(10);

/// A lab, and what a scenario does on it.
pub(super) struct Socket<'l> {
    pub(super) lab: &'l Lab,
    pub(super) scenario: &'l Scenario,
    pub(super) options: &'l Options,
    pub(super) input: &'l StackInput,
    pub(super) workload: &'l Workload,
}

impl Ground for Socket<'_> {
    fn events<T>(&self, look: impl FnOnce(&[Event]) -> T) -> T {
        self.lab.recorder().with(|timeline| look(timeline.events()))
    }

    fn record(&mut self, cause: Option<EventId>, what: What) -> Option<EventId> {
        Some(self.lab.recorder().record("lab", cause, what))
    }

    fn marathon(&self) -> String {
        self.lab.addresses().marathon.clone()
    }

    fn master(&self) -> String {
        self.lab.addresses().master.clone()
    }

    async fn http(&mut self, request: Request) -> Result<Response, String> {
        stacklab_live::http::request(&request, Some(ANSWER)).await.map_err(|why| why.to_string())
    }

    async fn znode(&mut self, call: ZnodeCall) -> Result<(), String> {
        let connect = &self.lab.addresses().zookeeper;
        let client = Client::connect(connect, ANSWER).await.map_err(|why| why.to_string())?;
        let done = match &call {
            ZnodeCall::Delete(path) => client.delete_recursive(path).await.map_err(|why| why.to_string()),
            ZnodeCall::Write(path, data) => write(&client, path, data.as_bytes()).await,
        };
        client.close().await;
        done
    }

    async fn wait(&mut self, so: &(dyn Fn(&[Event]) -> bool + Sync), within: Duration) -> bool {
        let limit = self.lab.pace().wait(within).max(AT_LEAST);
        let mut length = self.lab.recorder().watch();
        let waiting = async {
            while !self.events(so) {
                if length.changed().await.is_err() {
                    return;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(limit, waiting).await.is_ok()
    }

    async fn pause(&mut self, time: Duration) {
        tokio::time::sleep(self.lab.pace().wait(time)).await;
    }

    async fn deploy(&mut self, stack: Option<&Path>) -> Result<(), String> {
        let stack = match stack {
            None => self.input.stack.clone(),
            Some(path) => {
                let path = resolve(path, &self.options.stacks);
                read_stack_as_it_is(&path).map_err(|why| why.to_string())?.stack
            }
        };
        deploy(self.lab, stack, &self.scenario.variables).await.map_err(|why| match why {
            NotDeployed::Failed(error) => error,
            NotDeployed::GivenUp(_) => GIVEN_UP.to_owned(),
        })
    }

    async fn traces(&mut self) -> Traced {
        let sent = async {
            traffic::serving(self.lab.recorder()).await?;
            let backing = &self.options.backing;
            traffic::traces(self.lab, self.scenario, backing, self.input, self.workload).await
        };
        Traced::Sent(sent.await)
    }
}

async fn write(client: &Client, path: &str, data: &[u8]) -> Result<(), String> {
    let there = client.exists(path, false).await.map_err(|why| why.to_string())?;
    let done = match there {
        Some(_) => client.set(path, Some(data), -1).await.map(drop),
        None => client.create_with_parents(path, Some(data), CreateMode::Persistent).await.map(drop),
    };
    done.map_err(|why| why.to_string())
}
