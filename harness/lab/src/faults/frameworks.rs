//! The master, and the frameworks as it sees them.

use std::sync::Arc;
use std::time::Duration;

use stacklab_faults::Reaction;
use stacklab_live::mesos::{MasterHost, NoFramework};
use stacklab_machine::http::{Method, Request};
use stacklab_machine::timeline::What;
use stacklab_mesos::MasterConfig;
use stacklab_zookeeper::client::{Client, CreateMode};

use super::taker::Taker;
use super::{CannotBreak, Controls, seconds};
use crate::lab::LabError;

/// How long the master may take to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// The master, with what it takes to put another one in its place.
pub(crate) struct MasterSeat {
    pub(crate) host: MasterHost,
    /// The session that holds the master's node.
    pub(crate) registration: Client,
    /// The settings, for another one.
    pub(crate) settings: MasterConfig,
    /// Connect string of the platform's ZooKeeper.
    pub(crate) zookeeper: String,
}

impl MasterSeat {
    /// Settings of the next master: another id, and nobody known.
    fn next(&mut self, started: stacklab_machine::Time) -> MasterConfig {
        self.settings.id = stacklab_machine::uuid_v4(&mut self.settings.rng);
        self.settings.started = started;
        self.settings.clone()
    }

    pub(crate) async fn restart(&mut self, started: stacklab_machine::Time) -> Result<(), LabError> {
        let settings = self.next(started);
        self.host.restart(settings).await;
        self.register_again().await
    }

    async fn register_again(&mut self) -> Result<(), LabError> {
        let registration = register(&self.zookeeper, &self.host).await?;
        std::mem::replace(&mut self.registration, registration).close().await;
        Ok(())
    }
}

/// Puts the master's node where schedulers look for the leader, as a master does that was elected.
pub(crate) async fn register(connect: &str, master: &MasterHost) -> Result<Client, LabError> {
    let failed = |why: stacklab_zookeeper::client::Error| LabError::Start {
        what: "the leader election",
        address: connect.to_owned(),
        why: why.to_string(),
    };
    let client = Client::connect(connect, LIMIT).await.map_err(failed)?;
    let data = master.info().znode();
    client
        .create_with_parents("/mesos/json.info_", Some(data.as_bytes()), CreateMode::EphemeralSequential)
        .await
        .map_err(failed)?;
    Ok(client)
}

impl Controls {
    /// The master ends with its node in ZooKeeper; another one is elected after a while.
    pub(super) async fn fail_over_master(self: &Arc<Self>, after: f64) -> Result<(), CannotBreak> {
        let mut seat = self.master.lock().await;
        seat.registration.close().await;
        seat.host.end().await;
        drop(seat);
        self.after(seconds(self.pace, after), |lab| async move {
            let mut seat = lab.master.lock().await;
            let settings = seat.next(lab.recorder.now());
            let begun = match seat.host.begin(settings).await {
                Ok(()) => seat.register_again().await.map_err(|why| why.to_string()),
                Err(why) => Err(why.to_string()),
            };
            if let Err(why) = begun {
                let line = format!("no other master took the place of the one that ended: {why}");
                lab.recorder.record("lab", None, What::Log { line });
            }
        });
        Ok(())
    }

    pub(super) async fn break_framework(self: &Arc<Self>, reaction: &Reaction) -> Result<(), CannotBreak> {
        let handle = self.master.lock().await.host.handle().clone();
        let nothing = |wanted: &str| {
            let wanted = wanted.to_owned();
            move |NoFramework(there)| CannotBreak::Nothing { what: "framework", wanted, there }
        };
        match reaction {
            Reaction::DisconnectFramework { framework } => {
                handle.disconnect_framework(framework).await.map_err(nothing(framework))?;
            }
            Reaction::RescindOffers { framework } => {
                handle.rescind(framework).await.map_err(nothing(framework))?;
            }
            Reaction::FailOverFramework { framework } => {
                let id = handle.framework(framework).await.map_err(nothing(framework))?;
                self.take(Taker::of_framework(framework, id)).await;
            }
            Reaction::TearDownFramework { framework } => {
                let id = handle.framework(framework).await.map_err(nothing(framework))?;
                let url = format!("http://{}/master/teardown", self.master.lock().await.host.address());
                let body = format!("frameworkId={id}").into_bytes();
                let request = Request { method: Method::Post, body, ..Request::get(url) };
                let failed = |why: &dyn std::fmt::Display| CannotBreak::failed("the teardown", why);
                let answer = stacklab_live::http::request(&request, Some(LIMIT)).await;
                let answer = answer.map_err(|why| failed(&why))?;
                if answer.status != 200 {
                    return Err(failed(&answer.text()));
                }
            }
            _ => {}
        }
        Ok(())
    }
}
