//! Whether a broker fits an offer, and what it takes of it (0.9.2.0): resources of one role first, the rest
//! of `*`.

use stacklab_machine::Time;

use super::broker::Broker;
use crate::base::{Amount, Offer, Range, Resource};

/// An offer that makes the original's driver abort.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Offer contains 2 non-default roles: {0}, {1}")]
pub(super) struct TwoRoles(String, String);

/// What a broker takes of an offer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reservation<'a> {
    role: Option<&'a str>,
    shared_cpus: f64,
    role_cpus: f64,
    shared_mem: i64,
    role_mem: i64,
    shared_port: Option<u32>,
    role_port: Option<u32>,
}

impl<'a> Reservation<'a> {
    /// What the broker would take; less than it wants if the offer has less.
    ///
    /// # Errors
    /// An offer with two roles besides `*`.
    pub(super) fn of(broker: &Broker, offer: &'a Offer) -> Result<Self, TwoRoles> {
        let mut role: Option<&str> = None;
        let (mut shared, mut own) = (Offered::default(), Offered::default());
        for resource in &offer.resources {
            if resource.role == "*" {
                shared.add(resource);
                continue;
            }
            if let Some(first) = role.filter(|first| *first != resource.role) {
                return Err(TwoRoles(first.to_owned(), resource.role.clone()));
            }
            role = Some(&resource.role);
            own.add(resource);
        }
        let role_cpus = broker.cpus.min(own.cpus);
        let role_mem = broker.mem.min(own.mem);
        let role_port = suitable_port(broker, own.ports);
        Ok(Self {
            role,
            shared_cpus: (broker.cpus - role_cpus).min(shared.cpus),
            role_cpus,
            shared_mem: (broker.mem - role_mem).min(shared.mem),
            role_mem,
            shared_port: if role_port.is_none() { suitable_port(broker, shared.ports) } else { None },
            role_port,
        })
    }

    /// CPUs of both kinds.
    pub(super) fn cpus(&self) -> f64 {
        self.shared_cpus + self.role_cpus
    }

    /// Memory of both kinds, MB.
    pub(super) fn mem(&self) -> i64 {
        self.shared_mem + self.role_mem
    }

    /// The port.
    pub(super) fn port(&self) -> Option<u32> {
        self.role_port.or(self.shared_port)
    }

    /// As Mesos is asked for it, unreserved before reserved.
    pub(super) fn resources(&self) -> Vec<Resource> {
        let own = self.role.unwrap_or("*");
        let scalars = [
            ("cpus", self.shared_cpus, "*"),
            ("cpus", self.role_cpus, own),
            ("mem", self.shared_mem as f64, "*"),
            ("mem", self.role_mem as f64, own),
        ];
        let ports = [(self.shared_port, "*"), (self.role_port, own)];
        let scalars = scalars
            .into_iter()
            .filter(|(_, value, _)| *value > 0.0)
            .map(|(name, value, role)| Resource::scalar(name, value).for_role(role));
        let ports = ports.into_iter().filter_map(|(port, role)| Some(Resource::port(port?).for_role(role)));
        scalars.chain(ports).collect()
    }
}

/// What an offer has under one role; of several numbers with one name the last counts.
#[derive(Default)]
struct Offered<'a> {
    cpus: f64,
    mem: i64,
    ports: Vec<&'a Range>,
}

impl<'a> Offered<'a> {
    fn add(&mut self, resource: &'a Resource) {
        match (resource.name.as_str(), &resource.amount) {
            ("cpus", Amount::Scalar(cpus)) => self.cpus = *cpus,
            ("mem", Amount::Scalar(mem)) => self.mem = *mem as i64,
            ("ports", Amount::Ranges(ports)) => self.ports.extend(ports),
            _ => {}
        }
    }
}

/// The lowest offered port, or the first one of the lowest range that overlaps the wanted ones.
fn suitable_port(broker: &Broker, mut ranges: Vec<&Range>) -> Option<u32> {
    ranges.sort_by_key(|range| range.start);
    match broker.port {
        None => ranges.first().map(|range| range.start),
        Some(wanted) => ranges.iter().find_map(|range| range.overlap(wanted)).map(|overlap| overlap.start),
    }
}

/// Why a broker cannot use an offer, in the original's words; `None` if it can. `peers` gives the values of
/// an attribute among the brokers that have a task.
///
/// # Errors
/// An offer with two roles besides `*`.
pub(super) fn mismatch(
    broker: &Broker,
    offer: &Offer,
    now: Time,
    peers: impl Fn(&str) -> Vec<String>,
) -> Result<Option<String>, TwoRoles> {
    let reservation = Reservation::of(broker, offer)?;
    Ok(if reservation.cpus() < broker.cpus {
        Some(format!("cpus < {:?}", broker.cpus))
    } else if reservation.mem() < broker.mem {
        Some(format!("mem < {}", broker.mem))
    } else if reservation.port().is_none() {
        Some("no suitable port".to_owned())
    } else if !broker.stickiness.allows(&offer.host, now) {
        Some("hostname != stickiness host".to_owned())
    } else {
        broker.constraints.rejection(|name| offer.attribute(name), peers)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::{Constraints, Dialect};

    fn offer(cpus: f64, mem: f64, ports: &[(u32, u32)]) -> Offer {
        let ranges = ports.iter().filter_map(|(start, end)| Range::new(*start, *end)).collect();
        let mut resources = vec![Resource::scalar("cpus", cpus), Resource::scalar("mem", mem)];
        resources.push(Resource { name: "ports".into(), role: "*".into(), amount: Amount::Ranges(ranges) });
        Offer {
            id: "20160301-1-O1".into(),
            agent: "S0".into(),
            host: "slave0".into(),
            attributes: vec![("rack".into(), "r1".into())],
            resources,
        }
    }

    fn broker(constraints: &str) -> Broker {
        let constraints = Constraints::parse(constraints, Dialect::Last).expect("constraints");
        Broker { cpus: 0.5, mem: 1024, port: "31250".parse().ok(), constraints, ..Broker::new("7") }
    }

    #[test]
    fn says_why_not() {
        let ports: &[(u32, u32)] = &[(31000, 32000)];
        let big = Broker { cpus: 8.0, ..broker("") };
        let cases = [
            (broker(""), offer(0.5, 1024.0, ports), None),
            (broker(""), offer(0.4, 1024.0, ports), Some("cpus < 0.5")),
            (big, offer(4.0, 1024.0, ports), Some("cpus < 8.0")),
            (broker(""), offer(1.0, 1023.9, ports), Some("mem < 1024")),
            (broker(""), offer(1.0, 2048.0, &[(31000, 31249), (31251, 32000)]), Some("no suitable port")),
            (broker(""), offer(1.0, 2048.0, &[]), Some("no suitable port")),
            (broker("zone=like:a"), offer(1.0, 2048.0, ports), Some("no zone")),
            (broker("rack=like:r[23]"), offer(1.0, 2048.0, ports), Some("rack doesn't match like:r[23]")),
            (broker("hostname=unique"), offer(1.0, 2048.0, ports), Some("hostname doesn't match unique")),
            (broker("hostname=like:slave."), offer(1.0, 2048.0, ports), None),
        ];
        for (broker, offer, reason) in cases {
            let found = mismatch(&broker, &offer, Time::SIM_START, |_| vec!["slave0".into()]);
            assert_eq!(found.as_ref().map(Option::as_deref), Ok(reason), "{}", broker.constraints);
        }
    }

    #[test]
    fn looks_at_stickiness_before_constraints() {
        let mut broker = broker("hostname=like:other");
        broker.stickiness.register_start("slave1");
        broker.stickiness.register_stop(Time::SIM_START);
        let offer = offer(1.0, 2048.0, &[(31000, 32000)]);
        let at = |minutes: u64| Time::SIM_START + Duration::from_secs(minutes * 60);
        let reason = |now| mismatch(&broker, &offer, now, |_| Vec::new()).expect("one role");
        assert_eq!(reason(at(9)).as_deref(), Some("hostname != stickiness host"));
        assert_eq!(reason(at(10)).as_deref(), Some("hostname doesn't match like:other"));
    }

    #[test]
    fn takes_ports() {
        let ports: &[(u32, u32)] = &[(31500, 31600), (31000, 31100)];
        for (wanted, expected) in
            [(None, Some(31000)), (Some("31050..31550"), Some(31050)), (Some("31101..31499"), None)]
        {
            let broker = Broker { port: wanted.and_then(|text| text.parse().ok()), ..broker("") };
            let offer = offer(1.0, 2048.0, ports);
            assert_eq!(Reservation::of(&broker, &offer).expect("one role").port(), expected, "{wanted:?}");
        }
    }

    #[test]
    fn takes_of_its_role_first() {
        let mut offer = offer(1.0, 4096.0, &[(31000, 32000)]);
        offer.resources.push(Resource::scalar("cpus", 0.2).for_role("kafka"));
        offer.resources.push(Resource::scalar("mem", 1000.0).for_role("kafka"));
        offer.resources.push(Resource::port(31250).for_role("kafka"));
        let broker = broker("");
        let reservation = Reservation::of(&broker, &offer).expect("one role");
        assert_eq!(
            reservation.resources(),
            [
                Resource::scalar("cpus", 0.3),
                Resource::scalar("cpus", 0.2).for_role("kafka"),
                Resource::scalar("mem", 24.0),
                Resource::scalar("mem", 1000.0).for_role("kafka"),
                Resource::port(31250).for_role("kafka"),
            ]
        );
        offer.resources.push(Resource::scalar("cpus", 1.0).for_role("other"));
        let error = Reservation::of(&broker, &offer).expect_err("two roles").to_string();
        assert_eq!(error, "Offer contains 2 non-default roles: kafka, other");
    }
}
