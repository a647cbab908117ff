//! Services: ended, without a leader, without their data, slow, in error.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use stacklab_faults::Reaction;
use stacklab_live::Part;
use stacklab_live::mishap::{LinkFault, ServiceView};
use stacklab_live::program::Services;
use stacklab_machine::timeline::What;
use stacklab_zookeeper::server::{EnsembleHandle, Server, ServerConfig, ServerHandle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{CannotBreak, Controls, seconds};

/// How a plan names the cluster's own ZooKeeper.
const PLATFORM: &str = "platform";
/// How long a ZooKeeper may take to say whether it leads.
const LIMIT: Duration = Duration::from_secs(2);

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

impl Controls {
    pub(super) async fn break_service(self: &Arc<Self>, reaction: &Reaction) -> Result<(), CannotBreak> {
        match reaction {
            Reaction::ExpireSession { of } => self.expire_session(of),
            Reaction::StopService { service, back } => self.stop_service(service, *back).await,
            Reaction::LoseLeader { service } => self.lose_leader(service).await,
            Reaction::LoseData { service } => self.lose_data(service),
            Reaction::SlowService { service, by, lasts } => {
                self.front_of(service)?;
                let (by, lasts) = (seconds(self.pace, *by), seconds(self.pace, *lasts));
                self.mishaps.break_link(service, "any", LinkFault::Delay(by), lasts);
                Ok(())
            }
            Reaction::AnswerError { service, code, times } => {
                self.front_of(service)?;
                self.mishaps.answer_errors(service, *code, *times);
                Ok(())
            }
            Reaction::TimeOutWrites { service, lasts } => {
                self.front_of(service)?;
                self.mishaps.time_out_writes(service, seconds(self.pace, *lasts));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The services that are meant.
    fn services(&self, wanted: &str) -> Result<Vec<ServiceView>, CannotBreak> {
        let there = self.desk.watched.services();
        let names = there.iter().map(|view| format!("{} of {}", view.service.kind, view.service.owner.name));
        let mut names: Vec<String> = names.collect();
        let found: Vec<_> = there.into_iter().filter(|view| view.service.is(wanted)).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        names.insert(0, PLATFORM.to_owned());
        Err(CannotBreak::Nothing { what: "service", wanted: wanted.to_owned(), there: names })
    }

    /// Whether what is on its way to a service can be touched.
    fn front_of(&self, wanted: &str) -> Result<(), CannotBreak> {
        if wanted == PLATFORM {
            let why = "programs speak to it directly; stop it, or expire a session";
            return Err(CannotBreak::not_like_that("the platform's ZooKeeper", why));
        }
        self.services(wanted)?;
        if self.desk.watched.has_fronts() {
            return Ok(());
        }
        let why = "the lab was built without forwarders before its services; have such a fault in its plan";
        Err(CannotBreak::not_like_that(wanted, why))
    }

    async fn stop_service(self: &Arc<Self>, service: &str, back: Option<f64>) -> Result<(), CannotBreak> {
        if service == PLATFORM {
            self.stop_platform(back).await;
            return Ok(());
        }
        let found = self.services(service)?;
        self.mishaps.keep_away(service, back.map(|back| seconds(self.pace, back)));
        found.iter().for_each(ServiceView::kill);
        Ok(())
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

    /// The process of the server that leads is killed; a server alone leads.
    async fn lose_leader(self: &Arc<Self>, service: &str) -> Result<(), CannotBreak> {
        if service == PLATFORM {
            self.stop_platform(Some(0.0)).await;
            return Ok(());
        }
        let found = self.services(service)?;
        let mut leaders = 0;
        for view in found.iter().filter(|view| view.service.kind == "zookeeper") {
            if leads(&view.address).await {
                view.kill();
                leaders += 1;
            }
        }
        let why = "no ZooKeeper of it leads at this moment";
        if leaders > 0 { Ok(()) } else { Err(CannotBreak::not_like_that(service, why)) }
    }

    fn lose_data(&self, service: &str) -> Result<(), CannotBreak> {
        if service == PLATFORM {
            self.platform.ensemble.wipe();
            return Ok(());
        }
        let found = self.services(service)?;
        if found.iter().any(|view| self.desk.real.contains(&Part::of(&view.spec))) {
            let why =
                "its data lie in a volume of the Docker engine; run this on embedded, or stop the service";
            return Err(CannotBreak::not_like_that(service, why));
        }
        for view in found {
            // Before its end: what takes its place must not find anything.
            self.desk.embedded.lose_data(&view.spec);
            view.kill();
        }
        Ok(())
    }

    /// A service's session is found by what it holds in ZooKeeper; a program is told at its next operation.
    fn expire_session(&self, of: &str) -> Result<(), CannotBreak> {
        let platform = &self.platform.ensemble;
        if of == "master" {
            expire(platform, |path| path.starts_with("/mesos/json.info_"));
            return Ok(());
        }
        let Ok(found) = self.services(of) else {
            self.mishaps.expire_session(of);
            return Ok(());
        };
        let mut ensembles = self.desk.embedded.ensembles();
        ensembles.push(platform.clone());
        let mut expired = 0;
        for view in &found {
            let Some(held) = held_by(view) else { continue };
            expired += ensembles
                .iter()
                .map(|ensemble| expire(ensemble, |path| path.ends_with(&held)))
                .sum::<usize>();
        }
        let why = "it holds no node in a ZooKeeper of ours by which its session could be found";
        if expired > 0 { Ok(()) } else { Err(CannotBreak::not_like_that(of, why)) }
    }
}

/// How the path of the node ends that a service holds while its session lives.
fn held_by(view: &ServiceView) -> Option<String> {
    use stacklab_machine::service::ServiceSpec::{Kafka, Zipkin};
    match &view.spec {
        Kafka(spec) => Some(format!("/brokers/ids/{}", spec.properties.get("broker.id")?)),
        Zipkin(spec) => {
            Some(format!("/consumers/{}/ids/", spec.env.get("KAFKA_GROUP").map_or("zipkin", String::as_str)))
        }
        _ => None,
    }
}

/// Ends the sessions that hold such nodes; how many.
fn expire(ensemble: &EnsembleHandle, is_held: impl Fn(&str) -> bool) -> usize {
    let paths = ensemble.snapshot().into_iter().map(|node| node.path).filter(|path| is_held(path));
    let owners = paths.filter_map(|path| ensemble.get(&path).ok()).map(|(_, stat)| stat.ephemeral_owner);
    let mut sessions: Vec<i64> = owners.filter(|owner| *owner != 0).collect();
    sessions.sort_unstable();
    sessions.dedup();
    sessions
        .into_iter()
        .filter(|id| ensemble.expire_session(stacklab_zookeeper::model::SessionId(*id)))
        .count()
}

/// Whether a ZooKeeper leads, in its own words.
async fn leads(address: &str) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"stat").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer.contains("Mode: leader") || answer.contains("Mode: standalone"))
    };
    tokio::time::timeout(LIMIT, ask).await.is_ok_and(|answer| answer.unwrap_or_default())
}
