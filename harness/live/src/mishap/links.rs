//! Links that are slow, narrow or cut, one direction for itself.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use stacklab_machine::http::{Failure, Request, Response};
use tokio::time::Instant;

use super::Mishaps;

/// What a request or an answer is taken to have besides its body, in bytes.
const HEAD: usize = 200;

/// Somebody at one end of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// The machine: `agent-1`, `lab`.
    pub host: String,
    /// The program, as the timeline calls it.
    pub name: String,
    /// Its task's id, if it is one.
    pub task: String,
}

impl Party {
    /// Somebody.
    pub fn new(host: &str, name: &str, task: &str) -> Self {
        Self { host: host.to_owned(), name: name.to_owned(), task: task.to_owned() }
    }

    /// Whether this program is meant: by a text that its name or its task's id contains; with `=` in front by its
    /// whole name.
    pub fn is(&self, wanted: &str) -> bool {
        match wanted.strip_prefix('=') {
            Some(whole) => self.name == whole,
            None => self.name.contains(wanted) || self.task.contains(wanted),
        }
    }

    /// Whether an end of a link is meant: `any`, the machine, or the program.
    pub fn is_at(&self, end: &str) -> bool {
        end == "any" || self.host == end || self.is(end)
    }
}

/// What is wrong with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkFault {
    /// Everything takes so much longer.
    Delay(Duration),
    /// Nothing passes; what is sent waits.
    Cut,
    /// So many bytes a second.
    Narrow(u64),
}

#[derive(Debug)]
pub(super) struct Rule {
    from: String,
    to: String,
    fault: LinkFault,
    until: Instant,
    /// When a narrow link has carried what it was given.
    busy: Instant,
}

impl Rule {
    /// When something of this size has passed that would have at `at`.
    fn pass(&mut self, at: Instant, bytes: usize) -> Instant {
        if at >= self.until {
            return at;
        }
        match self.fault {
            LinkFault::Delay(by) => at + by,
            LinkFault::Cut => self.until,
            LinkFault::Narrow(bytes_per_second) => {
                let takes = bytes as f64 / bytes_per_second.max(1) as f64;
                self.busy = self.busy.max(at) + Duration::from_secs_f64(takes);
                // With the fault its queue is gone, too.
                self.busy.min(self.until)
            }
        }
    }
}

impl Mishaps {
    /// One direction of a link is not as it should be, for so long.
    pub fn break_link(&self, from: &str, to: &str, fault: LinkFault, lasts: Duration) {
        let now = Instant::now();
        let mut rules = self.arm();
        rules.links.retain(|rule| rule.until > now);
        let (from, to) = (from.to_owned(), to.to_owned());
        rules.links.push(Rule { from, to, fault, until: now + lasts, busy: now });
    }

    /// When something that is sent now comes out at the other end of a link.
    pub(crate) fn arrives(&self, from: &Party, to: &Party, bytes: usize) -> Instant {
        let now = Instant::now();
        if self.armed() { self.arrives_of(now, from, to, bytes) } else { now }
    }

    fn arrives_of(&self, sent: Instant, from: &Party, to: &Party, bytes: usize) -> Instant {
        let mut rules = self.rules();
        let mine = rules.links.iter_mut().filter(|rule| from.is_at(&rule.from) && to.is_at(&rule.to));
        mine.fold(sent, |at, rule| rule.pass(at, bytes))
    }

    /// Sends something over a link: done when it has come out at the other end.
    pub(crate) async fn pass(&self, from: &Party, to: &Party, bytes: usize) {
        if self.armed() {
            tokio::time::sleep_until(self.arrives(from, to, bytes)).await;
        }
    }

    /// From now on these addresses are this machine's.
    pub fn host_at(&self, address: IpAddr, name: &str) {
        self.rules().hosts.insert(address, name.to_owned());
    }

    /// From now on this program listens there.
    pub(crate) fn listens(&self, address: SocketAddr, party: Party) {
        self.rules().listeners.insert(address, party);
    }

    /// From now on a service listens at `behind`, and its clients know it as `at`.
    pub(crate) fn hides(&self, behind: SocketAddr, at: SocketAddr) {
        self.rules().hidden.insert(behind, at);
    }

    /// What clients know an address as.
    pub(crate) fn known_as(&self, address: &str) -> String {
        let Ok(behind) = address.parse::<SocketAddr>() else { return address.to_owned() };
        self.rules().hidden.get(&behind).map_or_else(|| address.to_owned(), ToString::to_string)
    }

    /// Who is at an address: `host:port` with a number for the host.
    pub(crate) fn party_at(&self, authority: &str) -> Party {
        let Ok(address) = authority.parse::<SocketAddr>() else { return Party::default() };
        let rules = self.rules();
        let host = || rules.hosts.get(&address.ip()).cloned().unwrap_or_default();
        rules.listeners.get(&address).cloned().unwrap_or_else(|| Party { host: host(), ..Party::default() })
    }

    /// An HTTP exchange over the lab's links.
    ///
    /// # Errors
    /// As [`crate::http::request`].
    pub(crate) async fn request(
        &self,
        from: &Party,
        request: &Request,
        timeout: Option<Duration>,
    ) -> Result<Response, Failure> {
        if !self.armed() {
            return crate::http::request(request, timeout).await;
        }
        let to = self.party_at(&request.authority());
        let exchange = async {
            self.pass(from, &to, request.body.len() + HEAD).await;
            let answer = crate::http::request(request, None).await?;
            self.pass(&to, from, answer.body.len() + HEAD).await;
            Ok(answer)
        };
        let Some(timeout) = timeout else { return exchange.await };
        tokio::time::timeout(timeout, exchange).await.unwrap_or_else(|_| {
            Err(Failure::TimedOut(format!("{} {} after {timeout:?}", request.method, request.url)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_slow_narrow_or_cut_one_way() {
        let second = Duration::from_secs(1);
        let (agent, lab) = (Party::new("agent-1", "agent-1", ""), Party::new("lab", "mesos-master", ""));
        let takes = |faults: &[LinkFault], bytes: &[usize]| {
            let mishaps = Mishaps::default();
            for fault in faults {
                mishaps.break_link("agent-1", "lab", *fault, 10 * second);
            }
            // From here on time stands still.
            let now = Instant::now();
            assert_eq!(mishaps.arrives_of(now, &lab, &agent, 1), now, "the other way");
            let takes = |bytes: &usize| mishaps.arrives_of(now, &agent, &lab, *bytes) - now;
            bytes.iter().map(|bytes| takes(bytes).as_secs_f64().round()).collect::<Vec<_>>()
        };
        assert_eq!(takes(&[], &[1]), [0.0]);
        assert_eq!(takes(&[LinkFault::Delay(second)], &[1, 1]), [1.0, 1.0]);
        assert_eq!(takes(&[LinkFault::Cut], &[1]), [10.0]);
        assert_eq!(takes(&[LinkFault::Narrow(100)], &[100, 100, 10_000]), [1.0, 2.0, 10.0]);
        assert_eq!(takes(&[LinkFault::Delay(second), LinkFault::Narrow(100)], &[100]), [2.0]);
    }

    #[test]
    fn ends_are_found_by_machine_program_and_task() {
        let party = Party::new("agent-1", "kafka-mesos", "kafka-mesos.0b1c");
        for end in ["any", "agent-1", "kafka", "0b1c", "=kafka-mesos"] {
            assert!(party.is_at(end), "{end}");
        }
        for end in ["agent-11", "agent", "lab", "=kafka"] {
            assert!(!party.is_at(end), "{end}");
        }
    }
}
