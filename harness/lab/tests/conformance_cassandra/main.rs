//! Cassandra 2.2: the same operations, through the same driver, on the embedded node and on the real one.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is")]
#![allow(clippy::print_stderr, reason = "what a test says")]

#[path = "../both/mod.rs"]
mod both;
mod frame_scripts;
mod frames;
mod generate;
mod left;
mod operation;
mod scripts;
mod shape;
mod side;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use stacklab_machine::service::{CassandraSpec, ServiceSpec};

use both::{Running, Settings};
use operation::{Operation, q};
use shape::Draw;
use side::Side;

/// Where the embedded node listens.
const EMBEDDED: &str = "127.77.31.3";
/// What is compared with.
const REAL: &str = "Cassandra 2.2.19";
/// Operations that are generated, unless `STACKLAB_OPERATIONS` says otherwise.
const OPERATIONS: usize = 1500;
/// So many of them on one table.
const SEQUENCE: usize = 50;
/// So long an index may be built.
const INDEXING: Duration = Duration::from_secs(2);
/// So long a shorter sequence is looked for.
const SHRINKING: Duration = Duration::from_secs(20);

fn spec(address: &str) -> ServiceSpec {
    ServiceSpec::Cassandra(CassandraSpec {
        cluster_name: "conformance".to_owned(),
        address: address.to_owned(),
        cql_port: 9042,
        storage_port: 7000,
        jmx_port: 7199,
        thrift_port: 9160,
        seeds: vec![address.to_owned()],
        dc: "datacenter1".to_owned(),
        rack: "rack1".to_owned(),
        // A dropped table is gone: copies of its files would only take time.
        yaml: [("auto_snapshot".to_owned(), "false".to_owned())].into(),
    })
}

/// Both servers, and what has been compared.
struct Both {
    embedded: Side,
    real: Side,
    settings: Settings,
    compared: usize,
    differences: usize,
}

impl Both {
    async fn connect(embedded: &Running, real: &Running, settings: Settings) -> Self {
        let (embedded, real) = (Side::connect(embedded.socket()).await, Side::connect(real.socket()).await);
        Self { embedded, real, settings, compared: 0, differences: 0 }
    }

    async fn ask(&mut self, operation: &Operation) -> (String, String) {
        self.compared += 1;
        let (embedded, mut real) = tokio::join!(self.embedded.ask(operation), self.real.ask(operation));
        // An index is built behind one's back, and not available until then.
        let until = Instant::now() + INDEXING;
        while embedded != real && real.contains("ReadFailure") && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
            real = self.real.ask(operation).await;
        }
        (embedded, real)
    }

    /// Both servers without what earlier sequences left.
    async fn fresh(&mut self) {
        self.embedded.forget();
        self.real.forget();
        for cql in [
            "DROP KEYSPACE IF EXISTS cf",
            "DROP KEYSPACE IF EXISTS cf2",
            "CREATE KEYSPACE cf WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        ] {
            let (embedded, real) = self.ask(&q(cql)).await;
            assert_eq!(embedded, real, "{cql}");
        }
    }

    /// Runs a script; all its differences are shown, as one operation is seldom to blame for the next.
    async fn script(&mut self, name: &str, operations: &[Operation]) {
        self.fresh().await;
        for (at, operation) in operations.iter().enumerate() {
            let (embedded, real) = self.ask(operation).await;
            let left = left::why(&format!("{operation:?}"));
            if let Some(why) = left {
                // An entry that no longer holds has to go.
                assert_ne!(embedded, real, "{operation:?} is said to differ: {why}");
                eprintln!("left: {why}: {operation:?}");
            } else if embedded != real {
                self.differences += 1;
                eprintln!("in script {name}, operation {at}:");
                both::show(self.settings, std::slice::from_ref(operation), &embedded, &real);
            }
        }
    }
}

impl Both {
    /// Runs a sequence until the answers differ: the operation that shows it, and both answers.
    async fn difference(&mut self, operations: &[Operation]) -> Option<(usize, String, String)> {
        self.fresh().await;
        for (at, operation) in operations.iter().enumerate() {
            let (embedded, real) = self.ask(operation).await;
            if embedded != real {
                return Some((at, embedded, real));
            }
        }
        None
    }

    /// Runs a sequence; its first difference is shown with as few operations as lead to it.
    async fn sequence(&mut self, operations: &[Operation]) {
        let before = self.compared;
        let Some((at, embedded, real)) = self.difference(operations).await else { return };
        let compared = self.compared - before;
        self.differences += 1;
        eprintln!("first {:?}\n  embedded: {embedded}\n  real:     {real}", operations[at]);
        let shown = operations[..=at].to_vec();
        let until = Instant::now() + SHRINKING;
        let fewest = both::shortest(shown, async |fewer: &[Operation]| {
            Instant::now() < until && self.difference(fewer).await.is_some()
        })
        .await;
        let (embedded, real) = match self.difference(&fewest).await {
            Some((_, embedded, real)) => (embedded, real),
            None => ("not again".to_owned(), "not again".to_owned()),
        };
        both::show(self.settings, &fewest, &embedded, &real);
        self.compared = before + compared;
    }

    /// Runs a script of frames, each step compared.
    async fn frames(&mut self, script: &frames::Script, embedded: SocketAddr, real: SocketAddr) {
        let (embedded, real) = tokio::join!(frames::run(embedded, script), frames::run(real, script));
        for (at, (embedded, real)) in embedded.iter().zip(&real).enumerate() {
            self.compared += 1;
            if let Some(why) = left::why_frame(script.name, embedded, real) {
                eprintln!("left: {why}: frames v{} {}, operation {at}", script.version, script.name);
            } else if embedded != real {
                self.differences += 1;
                eprintln!("in script frames v{} {}, operation {at}:", script.version, script.name);
                let step = script.steps.get(at);
                both::show(self.settings, &[step], embedded, real);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_answers_as_cassandra_does() {
    let settings = Settings::from_env(OPERATIONS);
    let Some(real) = both::real(spec("127.77.32.3")).await else { return };
    let embedded = both::embedded(spec(EMBEDDED)).await;
    let mut both = Both::connect(&embedded, &real, settings).await;
    for (name, operations) in scripts::all() {
        both.script(name, &operations).await;
    }
    let mut draw = Draw(settings.generator());
    for _ in 0..settings.operations.div_ceil(SEQUENCE) {
        both.sequence(&generate::sequence(&mut draw, SEQUENCE)).await;
    }
    both::finish(both.compared, REAL, both.differences);
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_answers_frames_as_cassandra_does() {
    let settings = Settings::from_env(OPERATIONS);
    let Some(real) = both::real(spec("127.77.32.4")).await else { return };
    let embedded = both::embedded(spec("127.77.31.4")).await;
    let mut both = Both::connect(&embedded, &real, settings).await;
    for script in frame_scripts::all() {
        both.frames(&script, embedded.socket(), real.socket()).await;
    }
    both::finish(both.compared, REAL, both.differences);
}
