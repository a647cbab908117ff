//! What programs ask for, done in the simulated world.

use stacklab_machine::process::{Input, Output};
use stacklab_machine::timeline::{EventId, What};
use stacklab_mesos::Exit;

use super::item::{Due, ProgramId, Seat, ToProgram, ZkCall};
use super::world::World;
use crate::lab::ZOOKEEPER_NAME;

impl World {
    /// Does what a program asks for; gives back what is for Mesos.
    pub(super) fn perform<C>(
        &mut self,
        id: ProgramId,
        output: Output<C>,
        cause: Option<EventId>,
    ) -> Option<C> {
        match output {
            Output::Listen { port } => self.listen(id, port, cause),
            Output::Respond { exchange, response } => {
                self.respond(Seat::Program(id), exchange, response, cause);
            }
            Output::Http { call, request, timeout } => self.request(id, call, request, timeout, cause),
            // There is one master.
            Output::Attach { .. } => {}
            Output::Mesos(call) => return Some(call),
            Output::Zk { call, connect, op } => {
                let connect = self.resolve(connect);
                let what = Due::Zk(Box::new(ZkCall { from: id, call, connect, op }));
                self.send(Seat::Program(id), Seat::ZooKeeper(0), what, cause);
            }
            Output::ReadFile { call, path } => {
                let data = self.programs.get(id).and_then(|node| node.sandbox.get(&path).cloned());
                let input = ToProgram::Any(Input::File { call, data });
                self.send(Seat::Program(id), Seat::Program(id), Due::Program(id, Box::new(input)), cause);
            }
            Output::WriteFile { path, data } => {
                let place =
                    self.programs.get(id).and_then(|node| node.place.as_ref()).map(|(agent, _)| *agent);
                let room = self.has_room(place);
                if let Some(node) = self.programs.get_mut(id).filter(|_| room) {
                    node.sandbox.insert(path, data);
                }
            }
            Output::Script { call, name, .. } => {
                let result = Err(format!("a simulation runs no scripts: {name}"));
                let input = ToProgram::Any(Input::Script { call, result });
                self.send(Seat::Program(id), Seat::Program(id), Due::Program(id, Box::new(input)), cause);
            }
            Output::StartService(spec) => {
                let spec = self.names.resolve_spec(*spec);
                self.start_service(id, &spec, cause);
            }
            Output::StopService => self.stop_service(id, cause),
            Output::Log(line) => self.log(id, line),
            Output::Exit { code } => self.end_program(id, Exit::Code(code), cause),
        }
        None
    }

    pub(super) fn log(&mut self, id: ProgramId, line: String) {
        if let Some(who) = self.programs.get(id).map(|node| node.who.clone()) {
            self.record(&who, None, What::Log { line });
        }
    }

    /// Most connect strings name no host that has to be looked up.
    fn resolve(&self, text: String) -> String {
        if text.contains(ZOOKEEPER_NAME) { self.names.resolve(&text) } else { text }
    }

    fn listen(&mut self, id: ProgramId, port: u16, cause: Option<EventId>) {
        let Some(address) = self.programs.get(id).map(|node| format!("{}:{port}", node.host)) else {
            return;
        };
        if self.is_taken(&address) {
            self.log(id, format!("cannot listen on {address}: Address already in use"));
            return self.end_program(id, Exit::Code(1), cause);
        }
        self.listeners.insert(address, id);
    }

    pub(super) fn is_taken(&self, address: &str) -> bool {
        self.listeners.contains_key(address) || self.ports.contains(address)
    }
}
