//! Models of the services: they take their time to start, need the neighbours that the real ones need, hold their
//! port, and register where the real ones register.

use stacklab_machine::process::{Input, Never};
use stacklab_machine::service::{KafkaSpec, ServiceEvent, ServiceSpec, ZipkinRole, ZipkinSpec};
use stacklab_machine::timeline::{EventId, What};
use stacklab_zookeeper::model::{CreateMode, SessionId};

use super::item::{Due, ProgramId, Seat, ServiceStep, ToProgram};
use super::world::World;

/// A service under a program.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) spec: ServiceSpec,
    generation: u32,
    pub(super) address: String,
    /// A broker's session: the ensemble and its number.
    pub(super) session: Option<(usize, SessionId)>,
    pub(super) up: bool,
}

impl World {
    pub(super) fn start_service(&mut self, id: ProgramId, spec: &ServiceSpec, cause: Option<EventId>) {
        self.kill_service(id);
        let address = stacklab_live::program::address_of(spec);
        let Some(node) = self.programs.get_mut(id) else { return };
        node.services_started += 1;
        let generation = node.services_started;
        node.service = Some(Service { spec: spec.clone(), generation, address, session: None, up: false });
        let started = Due::Service { program: id, generation, step: ServiceStep::Started };
        self.after(std::time::Duration::from_millis(50), started, cause);
        let wait = self.delays.service(spec);
        self.after(wait, Due::Service { program: id, generation, step: ServiceStep::Up }, cause);
    }

    pub(super) fn stop_service(&mut self, id: ProgramId, cause: Option<EventId>) {
        let Some(generation) =
            self.programs.get(id).and_then(|node| node.service.as_ref()).map(|s| s.generation)
        else {
            return;
        };
        let wait = std::time::Duration::from_millis(300);
        self.after(wait, Due::Service { program: id, generation, step: ServiceStep::Stopped }, cause);
    }

    pub(super) fn service_step(
        &mut self,
        id: ProgramId,
        generation: u32,
        step: ServiceStep,
        cause: Option<EventId>,
    ) {
        let service = self.programs.get(id).and_then(|node| node.service.as_ref());
        let Some(service) = service.filter(|service| service.generation == generation) else { return };
        match step {
            ServiceStep::Started => self.tell(id, ServiceEvent::Started, cause),
            ServiceStep::Up => {
                let (spec, address) = (service.spec.clone(), service.address.clone());
                match self.bring_up(id, &spec, &address) {
                    Ok(()) => self.tell(id, ServiceEvent::Ready, cause),
                    Err(message) => {
                        self.tell(id, ServiceEvent::Exited { code: 1, message }, cause);
                        self.kill_service(id);
                    }
                }
            }
            ServiceStep::Stopped => {
                self.end_session(id, true);
                self.tell(id, ServiceEvent::Exited { code: 0, message: String::new() }, cause);
                self.kill_service(id);
            }
        }
    }

    fn bring_up(&mut self, id: ProgramId, spec: &ServiceSpec, address: &str) -> Result<(), String> {
        if self
            .programs
            .get(id)
            .and_then(|node| node.place.as_ref())
            .is_some_and(|(on, _)| self.disk_is_full(*on))
        {
            return Err("No space left on device".to_owned());
        }
        if self.is_taken(address) {
            return Err(format!("Address already in use: {address}"));
        }
        let mut session = None;
        match spec {
            ServiceSpec::ZooKeeper(spec) => self.zookeeper_up(spec),
            ServiceSpec::Kafka(spec) => session = Some(self.register_broker(&self.who_is(id), spec)?),
            ServiceSpec::Cassandra(_) => {}
            ServiceSpec::Zipkin(spec) => self.find_neighbours(spec)?,
        }
        self.ports.insert(address.to_owned());
        if let Some(service) = self.programs.get_mut(id).and_then(|node| node.service.as_mut()) {
            (service.session, service.up) = (session, true);
        }
        Ok(())
    }

    /// What a broker writes at its start: the tree, its own node, the controller's.
    pub(super) fn register_broker(
        &mut self,
        who: &str,
        spec: &KafkaSpec,
    ) -> Result<(usize, SessionId), String> {
        let property = |key: &str| spec.properties.get(key).cloned().unwrap_or_default();
        let connect = property("zookeeper.connect");
        let index = self
            .zookeeper_at(&connect)
            .ok_or_else(|| format!("Unable to connect to zookeeper server {connect} within timeout: 6000"))?;
        let chroot =
            connect.find('/').map(|slash| connect[slash..].trim_end_matches('/')).unwrap_or_default();
        let (broker, now, mut out) = (property("broker.id"), self.now, self.new_outbox());
        let millis = now.as_millis();
        let own = format!(
            "{{\"jmx_port\":-1,\"timestamp\":\"{millis}\",\"host\":\"{}\",\"version\":1,\"port\":{}}}",
            property("host.name"),
            property("port"),
        );
        let Some(node) = self.zookeepers.get_mut(index) else { return Err("no ZooKeeper".to_owned()) };
        let zk = &mut node.ensemble;
        let path = format!("{chroot}/brokers/ids/{broker}");
        if zk.exists(&path).is_some() {
            return Err(format!("A broker is already registered on the path /brokers/ids/{broker}"));
        }
        let session = zk.open_session(now, std::time::Duration::from_secs(6));
        for parent in [
            "consumers",
            "brokers/ids",
            "brokers/topics",
            "config/changes",
            "config/topics",
            "admin/delete_topics",
        ] {
            // There already, for all but the first broker.
            let path = format!("{chroot}/{parent}");
            let _ = zk.create_with_parents(now, session, &path, None, CreateMode::Persistent, &mut out);
        }
        let controller = format!("{{\"version\":1,\"brokerid\":{broker},\"timestamp\":\"{millis}\"}}");
        let path_of_controller = format!("{chroot}/controller");
        let _ = zk.create(
            now,
            session,
            &path_of_controller,
            Some(controller.into()),
            CreateMode::Ephemeral,
            &mut out,
        );
        let made = zk.create(now, session, &path, Some(own.into()), CreateMode::Ephemeral, &mut out);
        self.note_writes(who, &mut out, None);
        made.map_err(|code| format!("cannot register: {code:?}"))?;
        Ok((index, session))
    }

    /// Collector and query end at once without Cassandra; the collector's Kafka thread needs its ZooKeeper.
    fn find_neighbours(&self, spec: &ZipkinSpec) -> Result<(), String> {
        if spec.role == ZipkinRole::Web {
            return Ok(());
        }
        let points = spec.env.get("CASSANDRA_CONTACT_POINTS").map_or("localhost", String::as_str);
        let with_port =
            |point: &str| if point.contains(':') { point.to_owned() } else { format!("{point}:9042") };
        if points.split(',').map(with_port).any(|point| self.ports.contains(&point)) {
            return Ok(());
        }
        Err(format!("All host(s) tried for query failed (tried: {points})"))
    }

    pub(super) fn tell(&mut self, id: ProgramId, event: ServiceEvent, cause: Option<EventId>) {
        let Some(node) = self.programs.get(id) else { return };
        let Some(service) = &node.service else { return };
        let (task, who) = (node.task.clone(), node.who.clone());
        let (kind, address) = (service.spec.kind().to_owned(), service.address.clone());
        let what = match &event {
            ServiceEvent::Started => Some(What::ServiceStarted { task, service: kind, address }),
            ServiceEvent::Ready => Some(What::ServiceReady { task, service: kind, address }),
            // Its program writes it into its own log, once.
            ServiceEvent::Log(_) => None,
            ServiceEvent::Exited { code, message } => {
                Some(What::ServiceExited { task, service: kind, code: *code, message: message.clone() })
            }
        };
        let cause = what.and_then(|what| self.record(&who, cause, what)).or(cause);
        let input = ToProgram::Any(Input::<Never>::Service(event));
        self.send(Seat::Program(id), Seat::Program(id), Due::Program(id, Box::new(input)), cause);
    }

    /// The service's process is gone: its port is free, a broker's session runs out.
    pub(super) fn kill_service(&mut self, id: ProgramId) {
        self.end_session(id, false);
        let Some(service) = self.programs.get_mut(id).and_then(|node| node.service.take()) else { return };
        if service.up {
            self.ports.remove(&service.address);
            if let ServiceSpec::ZooKeeper(spec) = &service.spec {
                self.zookeeper_down(spec);
            }
        }
    }

    fn end_session(&mut self, id: ProgramId, cleanly: bool) {
        let session = self.programs.get_mut(id).and_then(|node| node.service.as_mut()?.session.take());
        let Some((index, session)) = session else { return };
        let (now, mut out) = (self.now, self.new_outbox());
        if let Some(node) = self.zookeepers.get_mut(index) {
            if cleanly {
                node.ensemble.close_session(now, session, &mut out);
            } else {
                node.ensemble.abandon_session(now, session);
            }
        }
        self.note_writes(&self.who_is(id), &mut out, None);
        self.settle(Seat::ZooKeeper(index));
    }
}
