//! Services: ended, without a leader, without their data, slow, in error.

use std::net::SocketAddr;
use std::sync::Arc;

use stacklab_faults::Reaction;
use stacklab_live::program::Services;
use stacklab_machine::timeline::What;
use stacklab_zookeeper::model::SessionId;
use stacklab_zookeeper::server::{EnsembleHandle, Server, ServerConfig, ServerHandle};

use super::{CannotBreak, Controls, seconds};

/// The platform's ZooKeeper, in front of everything.
pub(crate) struct Platform {
    pub(crate) ensemble: EnsembleHandle,
    /// Nothing while it is away.
    pub(crate) server: tokio::sync::Mutex<Option<ServerHandle>>,
    pub(crate) address: SocketAddr,
    /// What starts the services of the lab.
    pub(crate) services: Arc<dyn Services>,
}

impl Platform {
    /// Starts its server, on data that are there already or not.
    pub(crate) async fn serve(
        ensemble: &EnsembleHandle,
        address: SocketAddr,
    ) -> Result<ServerHandle, stacklab_zookeeper::server::StartError> {
        // The platform's ZooKeeper is taken for granted: its log is nobody's concern.
        let log = Arc::new(|_line: String| {});
        Server::start(ServerConfig::new(address), ensemble.clone(), log).await
    }
}

/// How a plan names the cluster's own ZooKeeper.
const PLATFORM: &str = "platform";

impl Controls {
    pub(super) async fn break_service(self: &Arc<Self>, reaction: &Reaction) -> Result<(), CannotBreak> {
        match reaction {
            Reaction::ExpireSession { of } => self.expire_session(of).await,
            Reaction::StopService { service, back } if service == PLATFORM => {
                self.stop_platform(*back).await;
                Ok(())
            }
            Reaction::LoseData { service } if service == PLATFORM => {
                self.platform.ensemble.wipe();
                Ok(())
            }
            other => Err(CannotBreak::not_like_that(&other.to_string(), "not on this service")),
        }
    }

    async fn stop_platform(self: &Arc<Self>, back: Option<f64>) {
        let server = self.platform.server.lock().await.take();
        if let Some(server) = server {
            server.kill().await;
        }
        let Some(back) = back else { return };
        self.after(seconds(self.pace, back), |lab| async move {
            let mut server = lab.platform.server.lock().await;
            if server.is_some() {
                return;
            }
            match Platform::serve(&lab.platform.ensemble, lab.platform.address).await {
                Ok(started) => *server = Some(started),
                Err(why) => {
                    let line = format!("the platform's ZooKeeper did not come back: {why}");
                    lab.recorder.record("lab", None, What::Log { line });
                }
            }
        });
    }

    async fn expire_session(&self, of: &str) -> Result<(), CannotBreak> {
        let owner = |path: &str| self.platform.ensemble.get(path).ok().map(|(_, stat)| stat.ephemeral_owner);
        let nodes = self.platform.ensemble.snapshot();
        let of_master = || nodes.iter().find(|node| node.path.starts_with("/mesos/json.info_"));
        let session = if of == "master" { of_master().and_then(|node| owner(&node.path)) } else { None };
        let known = session.is_some_and(|session| self.platform.ensemble.expire_session(SessionId(session)));
        if known {
            return Ok(());
        }
        Err(CannotBreak::Nothing {
            what: "ZooKeeper session",
            wanted: of.to_owned(),
            there: vec!["master".to_owned()],
        })
    }
}
