//! Services that the simulated platform has before anything is deployed: one broker, one Cassandra node. They are
//! there from the first moment on and stay.

use stacklab_machine::timeline::What;

use super::world::{LAB, World};
use crate::already::{CHROOT, CQL_PORT, KAFKA_PORT, kafka};
use crate::scenario::Already;

/// Addresses, as a live lab would have them.
const KAFKA: &str = "127.77.0.2";
const CASSANDRA: &str = "127.77.0.3";

/// A variable's value with the lab's addresses in the place of their names.
pub(super) fn fill(value: &str) -> String {
    value
        .replace("{zk}", &format!("{LAB}:2181"))
        .replace("{kafka-zk}", &format!("{LAB}:2181{CHROOT}"))
        .replace("{cassandra}", &format!("{CASSANDRA}:{CQL_PORT}"))
}

impl World {
    pub(super) fn start_own_services(&mut self, wanted: &[Already]) {
        for service in wanted {
            match service {
                Already::Kafka => {
                    // Nobody else has written there yet: the number is free.
                    let registered = self.register_broker("lab", &kafka(KAFKA, &format!("{LAB}:2181")));
                    match registered {
                        Ok(_) => self.own_service("kafka", format!("{KAFKA}:{KAFKA_PORT}")),
                        Err(line) => drop(self.record("lab", None, What::Log { line })),
                    }
                }
                Already::Cassandra => self.own_service("cassandra", format!("{CASSANDRA}:{CQL_PORT}")),
            }
        }
    }

    /// The address of a service of the lab's own, by its kind.
    pub(super) fn own_service_called(&self, name: &str) -> Option<String> {
        let address = match name {
            "kafka" => format!("{KAFKA}:{KAFKA_PORT}"),
            "cassandra" => format!("{CASSANDRA}:{CQL_PORT}"),
            _ => return None,
        };
        self.ports.contains(&address).then_some(address)
    }

    fn own_service(&mut self, service: &str, address: String) {
        let (task, service) = (format!("lab-{service}"), service.to_owned());
        let started =
            What::ServiceStarted { task: task.clone(), service: service.clone(), address: address.clone() };
        let cause = self.record("lab", None, started);
        self.record("lab", cause, What::ServiceReady { task, service, address: address.clone() });
        self.ports.insert(address);
    }
}
