//! Kafka 0.8.2.2: the same operations on the embedded broker and on the real one, each with an embedded ZooKeeper of
//! its own; the answers, and what lies in ZooKeeper, must be the same.
#![allow(clippy::print_stderr, reason = "what a test says")]

#[path = "../both/mod.rs"]
mod both;
mod client;
mod generate;
mod left;
mod nodes;
mod op;
mod said;
mod scripts;
mod side;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use both::{Running, Settings};
use generate::Step;
use op::Op;
use side::Side;
use stacklab_machine::service::{KafkaSpec, ServiceSpec, ZooKeeperPeer, ZooKeeperSpec};

const REAL: &str = "Kafka 0.8.2.2";
/// Operations that are generated, unless `STACKLAB_OPERATIONS` says otherwise.
const OPERATIONS: usize = 800;
/// So many of them on the same topics.
const SEQUENCE: usize = 50;
/// How many differing sequences are enough.
const WORST: usize = 4;
/// So long one operation may take.
const LIMIT: Duration = Duration::from_secs(40);
/// So long a shorter sequence is looked for.
const SHRINKING: Duration = Duration::from_secs(20);
/// A pair of brokers: the addresses of the embedded one and of the real one, each with that of its ZooKeeper, the root
/// that they have there, and their settings.
struct Pair {
    embedded: (&'static str, &'static str),
    container: (&'static str, &'static str),
    root: &'static str,
    settings: &'static [(&'static str, &'static str)],
}

const FIRST: Pair = Pair {
    embedded: ("127.77.33.2", "127.77.33.1"),
    container: ("127.77.34.2", "127.77.34.1"),
    root: "",
    settings: &[
        ("num.partitions", "2"),
        ("delete.topic.enable", "true"),
        // Small, so that bounds are reached with little.
        ("message.max.bytes", "20000"),
        ("socket.request.max.bytes", "100000"),
        ("log.segment.bytes", "30000"),
        ("offsets.topic.num.partitions", "3"),
    ],
};

const SECOND: Pair = Pair {
    embedded: ("127.77.33.4", "127.77.33.3"),
    container: ("127.77.34.4", "127.77.34.3"),
    root: "/kafka/second",
    settings: &[
        ("auto.create.topics.enable", "false"),
        ("min.insync.replicas", "2"),
        ("offset.metadata.max.bytes", "10"),
        ("offsets.topic.num.partitions", "2"),
    ],
};

fn zookeeper(host: &str) -> ServiceSpec {
    let peer = ZooKeeperPeer { id: 1, host: host.to_owned(), connect_port: 2888, election_port: 3888 };
    ServiceSpec::ZooKeeper(ZooKeeperSpec {
        server_id: 1,
        host: host.to_owned(),
        client_port: 2181,
        servers: vec![peer],
        extra: BTreeMap::new(),
    })
}

fn broker((host, zookeeper): (&str, &str), pair: &Pair) -> ServiceSpec {
    let zookeeper = format!("{zookeeper}:2181{}", pair.root);
    let properties = [
        ("broker.id", "1"),
        ("host.name", host),
        ("port", "9092"),
        ("zookeeper.connect", &zookeeper),
        // A busy machine must not end a session.
        ("zookeeper.session.timeout.ms", "30000"),
        // The answers of the original to the byte.
        ("stacklab.strict", "true"),
    ];
    let properties = properties.iter().chain(pair.settings);
    let properties = properties.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    ServiceSpec::Kafka(KafkaSpec { properties })
}

/// What serves, for as long as it is compared.
struct Servers {
    keepers: [Running; 2],
    embedded: Running,
    real: Running,
}

impl Servers {
    async fn start(pair: &Pair) -> Option<Self> {
        let keepers = [
            both::embedded(zookeeper(pair.embedded.1)).await,
            both::embedded(zookeeper(pair.container.1)).await,
        ];
        let real = both::real(broker(pair.container, pair)).await?;
        let embedded = both::embedded(broker(pair.embedded, pair)).await;
        Some(Self { keepers, embedded, real })
    }

    async fn connect(&self, pair: &Pair) -> (Side, Side) {
        let [one, two] = &self.keepers;
        tokio::join!(
            Side::connect(self.embedded.socket(), one.socket(), pair.root),
            Side::connect(self.real.socket(), two.socket(), pair.root)
        )
    }
}

/// Both brokers, and what has been compared.
struct Both {
    embedded: Side,
    real: Side,
    settings: Settings,
    /// Sequences run, for each has topics of its own.
    sequences: usize,
    compared: usize,
    differences: usize,
}

impl Both {
    async fn ask(&mut self, op: &Op) -> (String, String) {
        self.compared += 1;
        let both = async { tokio::join!(self.embedded.run(op), self.real.run(op)) };
        tokio::time::timeout(LIMIT, both).await.unwrap_or_else(|_| panic!("{op:?} does not end"))
    }

    /// Runs a script; all its differences are shown.
    async fn script(&mut self, name: &str, ops: &[Op]) {
        let mut left = BTreeSet::new();
        for (at, op) in ops.iter().enumerate() {
            let (embedded, real) = self.ask(op).await;
            // Everything is said, for whoever looks for a reason.
            if std::env::var("STACKLAB_SHOW").is_ok() {
                eprintln!("{name} {at}: {op:?}\n    -> {real}");
            }
            if let Some(why) = left::why(name, &format!("{op:?}")) {
                // An entry that no longer holds has to go.
                assert_ne!(embedded, real, "{op:?} is said to differ: {why}");
                left.insert(why);
            } else if embedded != real {
                self.differences += 1;
                eprintln!("in script {name}, operation {at}:");
                both::show(self.settings, std::slice::from_ref(op), &embedded, &real);
            }
        }
        for why in left {
            eprintln!("left in script {name}: {why}");
        }
    }
}

impl Both {
    /// Runs a sequence until the answers differ: the operation that shows it, and both answers.
    async fn difference(&mut self, steps: &[Step]) -> Option<(Op, String, String)> {
        self.sequences += 1;
        let prefix = format!("s{}-", self.sequences);
        let drawn = steps.iter().map(|step| step.op(&prefix));
        let all = generate::topics(&prefix).into_iter().chain(drawn).chain(generate::remains(&prefix));
        for op in all {
            let (embedded, real) = self.ask(&op).await;
            if embedded != real {
                return Some((op, embedded, real));
            }
        }
        None
    }

    /// Runs a sequence; its first difference is shown with as few steps as lead to it.
    async fn sequence(&mut self, steps: &[Step]) {
        let before = self.compared;
        let Some((op, embedded, real)) = self.difference(steps).await else { return };
        let compared = self.compared - before;
        self.differences += 1;
        eprintln!("first {op:?}\n  embedded: {embedded}\n  real:     {real}");
        let until = Instant::now() + SHRINKING;
        let fewest = both::shortest(steps.to_vec(), async |fewer: &[Step]| {
            Instant::now() < until && self.difference(fewer).await.is_some()
        })
        .await;
        let (embedded, real) = match self.difference(&fewest).await {
            Some((op, embedded, real)) => (format!("{op:?}\n            {embedded}"), real),
            None => ("not again".to_owned(), "not again".to_owned()),
        };
        both::show(self.settings, &fewest, &embedded, &real);
        self.compared = before + compared;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_answer_the_same() {
    let settings = Settings::from_env(OPERATIONS);
    let (first, second) = tokio::join!(Servers::start(&FIRST), Servers::start(&SECOND));
    let (Some(first), Some(second)) = (first, second) else { return };
    let (embedded, real) = second.connect(&SECOND).await;
    let mut both = Both { embedded, real, settings, sequences: 0, compared: 0, differences: 0 };
    for (name, ops) in scripts::others() {
        both.script(name, &ops).await;
    }
    drop(second);
    (both.embedded, both.real) = first.connect(&FIRST).await;
    for (name, ops) in scripts::all() {
        both.script(name, &ops).await;
    }
    let scripted = both.compared;
    let mut generator = settings.generator();
    let strategy = proptest::collection::vec(generate::step(), SEQUENCE);
    let mut drawn = 0;
    while drawn < settings.operations && both.differences < WORST {
        let steps = generator.draw(&strategy);
        drawn += steps.len();
        both.sequence(&steps).await;
    }
    for (name, ops) in scripts::last() {
        both.script(name, &ops).await;
    }
    eprintln!("{scripted} of scripts, {drawn} drawn");
    both::finish(both.compared, REAL, both.differences);
}
