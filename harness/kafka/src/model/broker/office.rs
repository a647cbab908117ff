//! What a broker does while it is the controller: read what there is, carry out what [`Controller`] decides, and
//! hand its orders to the brokers, each in order, each until it is taken or the broker is gone.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use stacklab_machine::process::ExchangeId;

use super::timers::Timer;
use super::{Broker, Out, Peer, Then, log, respond};
use crate::codec::{Remaining, Request, Response};
use crate::model::controller::{Assignment, Controller, Decision};
use crate::model::io::{PeerFault, Purpose};
use crate::model::zk::{Answer, ZkFault, ZkReply};
use crate::model::znodes::{self, PartitionState};
use crate::model::{Endpoint, ErrorCode, TopicPartition};

/// How long a broker may take over an order (`controller.socket.timeout.ms`).
pub(super) const ORDER_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause before an order is sent again.
const ORDER_BACKOFF: Duration = Duration::from_millis(300);
/// Orders that may wait for one broker; the oldest go first.
const MAX_ORDERS: usize = 1000;

/// The office.
#[derive(Debug, Default)]
pub(super) struct Office {
    epoch: i32,
    brokers: Option<BTreeMap<i32, Endpoint>>,
    assignment: Option<Assignment>,
    states: BTreeMap<TopicPartition, (PartitionState, i32)>,
    /// States still being read before the office opens.
    open: usize,
    reading_states: bool,
    controller: Option<Controller>,
    orders: BTreeMap<i32, Orders>,
}

#[derive(Debug, Default)]
struct Orders {
    waiting: VecDeque<Request>,
    /// The first of them is under way, or waits for the pause to end.
    busy: bool,
}

/// What a call was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    EpochRead,
    EpochWritten(i32),
    Brokers,
    Topics,
    State(TopicPartition),
    StateWritten(TopicPartition),
    Deletions,
}

impl Office {
    /// Whether the controller has read what there is.
    pub(super) fn is_open(&self) -> bool {
        self.controller.is_some()
    }
}

impl Broker {
    pub(super) fn take_office(&mut self) {
        self.office = Some(Office::default());
        self.zk.get(znodes::CONTROLLER_EPOCH, false, Then::Office(Step::EpochRead));
    }

    /// Gives the office up, if this broker holds it.
    pub(super) fn resign(&mut self, out: &mut Out) {
        let Some(office) = self.office.take() else { return };
        log(out, || {
            format!("[Controller {}]: Broker {} resigned as the controller", self.config.id, self.config.id)
        });
        for broker in office.orders.keys() {
            self.timers.cancel(Timer::Order(*broker));
        }
        self.calls.retain(|_, peer| !matches!(peer, Peer::Order(_)));
        self.refuse_parked_leavers(out);
    }

    pub(super) fn office_step(&mut self, step: Step, result: Answer, out: &mut Out) {
        if self.office.is_none() {
            return;
        }
        match (step, result) {
            (Step::EpochRead, result) => self.raise_epoch(&result),
            (Step::EpochWritten(epoch), Ok(_)) => self.enter_office(epoch),
            (Step::EpochWritten(_), Err(fault)) => {
                log(out, || {
                    format!(
                        "Controller moved to another broker. Aborting controller startup procedure: {fault}"
                    )
                });
                self.resign(out);
                self.register_once();
            }
            (Step::Brokers, Ok(ZkReply::Nodes(nodes))) => self.brokers_read(nodes, out),
            (Step::Topics, Ok(ZkReply::Nodes(nodes))) => self.topics_read(nodes, out),
            (Step::State(at), result) => self.state_read(&at, &result, out),
            (Step::StateWritten(at), result) => {
                let version =
                    result.map(|reply| if let ZkReply::Version(version) = reply { version } else { 0 });
                self.with_controller(out, |controller| controller.wrote(&at, version));
            }
            (Step::Deletions, Ok(ZkReply::Children(topics))) => self.delete_topics(&topics, out),
            (Step::Brokers | Step::Topics | Step::Deletions, result) => {
                log(out, || format!("[Controller {}]: unexpected answer {result:?}", self.config.id));
            }
        }
    }

    fn raise_epoch(&mut self, result: &Answer) {
        let (epoch, version) = match result {
            Ok(ZkReply::Data(data, version)) => {
                (data.as_deref().and_then(znodes::parse_number).unwrap_or(0), *version)
            }
            _ => (0, 0),
        };
        let next: i32 = epoch + 1;
        let data = next.to_string().into_bytes().into();
        let then = Then::Office(Step::EpochWritten(next));
        match result {
            Err(ZkFault::NoNode) => self.zk.create(znodes::CONTROLLER_EPOCH, Some(data), false, then),
            _ => self.zk.set(znodes::CONTROLLER_EPOCH, data, version, then),
        }
    }

    fn enter_office(&mut self, epoch: i32) {
        if let Some(office) = &mut self.office {
            office.epoch = epoch;
        }
        self.zk.exists(znodes::REASSIGN_PARTITIONS, true, Then::Nothing);
        self.zk.exists(znodes::PREFERRED_ELECTION, true, Then::Nothing);
        self.look_at_everything();
    }

    /// Reads whatever the controller watches.
    pub(super) fn look_at_everything(&mut self) {
        if self.office.is_some() {
            self.zk.list(znodes::TOPICS, true, true, Then::Office(Step::Topics));
            self.zk.list(znodes::BROKER_IDS, true, false, Then::Office(Step::Brokers));
            if self.config.delete_topics {
                self.zk.children(znodes::DELETE_TOPICS, true, Then::Office(Step::Deletions));
            }
        }
    }

    /// Reads what a watch says has changed.
    pub(super) fn look_at(&mut self, path: &str) {
        if self.office.is_none() {
            return;
        }
        if path == znodes::BROKER_IDS {
            self.zk.list(path, true, false, Then::Office(Step::Brokers));
        } else if path.starts_with(znodes::TOPICS) {
            self.zk.list(znodes::TOPICS, true, true, Then::Office(Step::Topics));
        } else if path == znodes::DELETE_TOPICS && self.config.delete_topics {
            self.zk.children(path, true, Then::Office(Step::Deletions));
        }
    }

    fn brokers_read(&mut self, nodes: Vec<(String, Option<bytes::Bytes>, i32)>, out: &mut Out) {
        let broker = |(name, data, _): (String, Option<bytes::Bytes>, i32)| {
            Some((name.parse().ok()?, znodes::parse_broker(&data?)?))
        };
        let live: BTreeMap<i32, Endpoint> = nodes.into_iter().filter_map(broker).collect();
        let Some(office) = &mut self.office else { return };
        if office.controller.is_none() {
            office.brokers = Some(live);
            self.read_states(out);
            return;
        }
        let gone: Vec<i32> = office.orders.keys().filter(|id| !live.contains_key(id)).copied().collect();
        for broker in gone {
            office.orders.remove(&broker);
            self.timers.cancel(Timer::Order(broker));
            self.calls.retain(|_, peer| *peer != Peer::Order(broker));
        }
        self.with_controller(out, |controller| controller.brokers(live));
    }

    fn topics_read(&mut self, nodes: Vec<(String, Option<bytes::Bytes>, i32)>, out: &mut Out) {
        let topic =
            |(name, data, _): (String, Option<bytes::Bytes>, i32)| Some((name, znodes::parse_topic(&data?)?));
        let assignment: Assignment = nodes.into_iter().filter_map(topic).collect();
        let Some(office) = &mut self.office else { return };
        if office.controller.is_none() {
            office.assignment = Some(assignment);
            self.read_states(out);
        } else {
            self.with_controller(out, |controller| controller.topics(&assignment));
        }
    }

    /// Once brokers and topics are known, reads the partitions' states; once those are known, opens.
    fn read_states(&mut self, out: &mut Out) {
        let Some(office) = &mut self.office else { return };
        let (Some(_), Some(assignment)) = (&office.brokers, &office.assignment) else { return };
        if office.reading_states {
            return;
        }
        office.reading_states = true;
        let partitions: Vec<TopicPartition> = assignment
            .iter()
            .flat_map(|(topic, partitions)| partitions.keys().map(|id| TopicPartition::new(topic, *id)))
            .collect();
        office.open = partitions.len();
        for at in partitions {
            let path = znodes::state_path(&at.topic, at.partition);
            self.zk.get(&path, false, Then::Office(Step::State(at)));
        }
        self.open_office(out);
    }

    fn state_read(&mut self, at: &TopicPartition, result: &Answer, out: &mut Out) {
        let found = match result {
            Ok(ZkReply::Data(Some(data), version)) => {
                znodes::parse_state(data).map(|state| (state, *version))
            }
            _ => None,
        };
        let Some(office) = &mut self.office else { return };
        if office.controller.is_some() {
            self.with_controller(out, |controller| controller.read(at, found));
            return;
        }
        office.open = office.open.saturating_sub(1);
        if let Some(found) = found {
            office.states.insert(at.clone(), found);
        }
        self.open_office(out);
    }

    fn open_office(&mut self, out: &mut Out) {
        let (id, unclean) = (self.config.id, self.config.unclean_leader_election);
        let Some(office) = &mut self.office else { return };
        if office.open > 0 || office.controller.is_some() {
            return;
        }
        let (live, assignment) =
            (office.brokers.take().unwrap_or_default(), office.assignment.take().unwrap_or_default());
        let states = std::mem::take(&mut office.states);
        let epoch = office.epoch;
        office.controller = Some(Controller::new(id, epoch, unclean, live, &assignment, states));
        log(out, || format!("[Controller {id}]: Controller startup complete, epoch {epoch}"));
        self.zk.delete(znodes::PREFERRED_ELECTION, Then::Nothing);
        self.with_controller(out, |_| {});
        self.register_once();
    }

    /// Lets the controller do something and carries out what it decides.
    fn with_controller(&mut self, out: &mut Out, act: impl FnOnce(&mut Controller)) {
        let Some(controller) = self.office.as_mut().and_then(|office| office.controller.as_mut()) else {
            return;
        };
        act(controller);
        for decision in controller.take() {
            self.carry_out(decision, out);
        }
    }

    fn carry_out(&mut self, decision: Decision, out: &mut Out) {
        match decision {
            Decision::CreateState(at, state) => {
                let path = znodes::state_path(&at.topic, at.partition);
                let then = Then::Office(Step::StateWritten(at));
                self.zk.create_deep(&path, Some(znodes::state(&state)), false, then);
            }
            Decision::WriteState(at, state, version) => {
                let path = znodes::state_path(&at.topic, at.partition);
                self.zk.set(&path, znodes::state(&state), version, Then::Office(Step::StateWritten(at)));
            }
            Decision::ReadState(at) => {
                let path = znodes::state_path(&at.topic, at.partition);
                self.zk.get(&path, false, Then::Office(Step::State(at)));
            }
            Decision::Tell(broker, request) => self.order(broker, request, out),
            Decision::MayGo(token, remaining) => self.answer_leaver(ExchangeId(token), remaining, out),
            Decision::DeleteNodes(topic, partitions) => self.delete_nodes(&topic, &partitions),
            Decision::ForgetDeletion(topic) => {
                self.zk.delete(&format!("{}/{topic}", znodes::DELETE_TOPICS), Then::Nothing);
            }
            Decision::Note(line) => log(out, || line),
        }
    }

    fn order(&mut self, broker: i32, request: Request, out: &mut Out) {
        let Some(office) = &mut self.office else { return };
        let orders = office.orders.entry(broker).or_default();
        orders.waiting.push_back(request);
        if orders.waiting.len() > MAX_ORDERS {
            // The first one may be under way: it stays.
            orders.waiting.remove(1);
        }
        if !orders.busy {
            self.send_orders(broker, out);
        }
    }

    /// Sends the next order to a broker.
    pub(super) fn send_orders(&mut self, broker: i32, out: &mut Out) {
        let Some(office) = &mut self.office else { return };
        let Some(orders) = office.orders.get_mut(&broker) else { return };
        let to = office.controller.as_ref().and_then(|controller| controller.endpoint(broker));
        let (Some(request), Some(to)) = (orders.waiting.front().cloned(), to.cloned()) else {
            orders.busy = false;
            return;
        };
        orders.busy = true;
        self.ask_peer(Purpose::Control, to, request, Peer::Order(broker), out);
    }

    pub(super) fn order_done(&mut self, broker: i32, result: Result<Response, PeerFault>, out: &mut Out) {
        let id = self.config.id;
        let Some(orders) = self.office.as_mut().and_then(|office| office.orders.get_mut(&broker)) else {
            return;
        };
        match result {
            Ok(_) => {
                orders.waiting.pop_front();
                self.send_orders(broker, out);
            }
            Err(fault) => {
                log(out, || {
                    format!(
                        "[Controller-{id}-to-broker-{broker}-send-thread], Controller {id} fails to send a request to broker {broker}: {fault}"
                    )
                });
                self.timers.set(Timer::Order(broker), self.now + ORDER_BACKOFF);
            }
        }
    }

    pub(super) fn let_go(&mut self, exchange: ExchangeId, broker: i32, out: &mut Out) {
        if !self.is_controller() {
            // Any other broker than the controller fails on this in the original too.
            let remaining = Remaining { error: ErrorCode::UNKNOWN, partitions: Vec::new() };
            return respond(exchange, Response::ControlledShutdown(remaining), out);
        }
        self.park_leaver(exchange);
        self.with_controller(out, |controller| controller.leave(exchange.0, broker));
    }

    fn delete_topics(&mut self, topics: &[String], out: &mut Out) {
        for topic in topics {
            self.with_controller(out, |controller| controller.delete_topic(topic));
        }
    }

    fn delete_nodes(&mut self, topic: &str, partitions: &[i32]) {
        let root = znodes::topic_path(topic);
        let mut paths = Vec::new();
        for partition in partitions {
            paths.push(znodes::state_path(topic, *partition));
            paths.push(format!("{root}/partitions/{partition}"));
        }
        paths.push(format!("{root}/partitions"));
        paths.push(root);
        paths.push(znodes::topic_config_path(topic));
        paths.push(format!("{}/{topic}", znodes::DELETE_TOPICS));
        for path in paths {
            self.zk.delete(&path, Then::Nothing);
        }
    }
}
