//! The embedded ZooKeeper beside ZooKeeper 3.4.14: clients do the same with both, and everything that the servers
//! send must be the same.
#![allow(clippy::print_stderr)] // What a test says.

#[path = "../both/mod.rs"]
mod both;
mod cases;
mod client;
mod frames;
mod op;
mod script;
mod side;
mod text;
mod wire;
mod words;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use both::{Settings, embedded, finish, real, shortest, show};
use op::Op;
use script::Section;
use side::Side;
use stacklab_machine::service::{ServiceSpec, ZooKeeperPeer, ZooKeeperSpec};

const REAL: &str = "ZooKeeper 3.4.14";
/// How many differences of a script are shown.
const SHOWN: usize = 4;
/// How many differing sequences are enough.
const WORST: usize = 5;
/// Operations of one sequence.
const SEQUENCE: usize = 30;

/// Both servers.
#[derive(Clone, Copy)]
struct Both {
    embedded: SocketAddr,
    real: SocketAddr,
}

fn spec(host: &str) -> ServiceSpec {
    let peer = ZooKeeperPeer { id: 1, host: host.to_owned(), connect_port: 2888, election_port: 3888 };
    let extra = BTreeMap::from([("tickTime".to_owned(), "500".to_owned())]);
    ServiceSpec::ZooKeeper(ZooKeeperSpec {
        server_id: 1,
        host: host.to_owned(),
        client_port: 2181,
        servers: vec![peer],
        extra,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_answer_the_same() {
    let settings = Settings::from_env(1500);
    let Some(real) = real(spec("127.77.40.2")).await else { return };
    let embedded = embedded(spec("127.77.40.1")).await;
    let both = Both { embedded: embedded.socket(), real: real.socket() };
    let (scripted, mut differences) = scripts(both).await;
    let mut compared = scripted;
    for (name, case) in cases::cases() {
        compared += case.len();
        if let Some((embedded, real)) = compare(both, &case).await {
            differences += 1;
            eprintln!("again: {name}");
            show(settings, &case, &embedded, &real);
        }
    }
    let mut generator = settings.generator();
    let strategy = proptest::collection::vec(op::operation(), SEQUENCE);
    while compared - scripted < settings.operations {
        let sequence: Vec<Op> = generator.draw(&strategy);
        compared += sequence.len();
        if let Some(first) = compare(both, &sequence).await {
            differences += 1;
            let least = shortest(sequence, async |fewer| compare(both, fewer).await.is_some()).await;
            let (embedded, real) = compare(both, &least).await.unwrap_or(first);
            show(settings, &least, &embedded, &real);
            if differences >= WORST {
                break;
            }
        }
    }
    for (what, why) in cases::LEFT {
        eprintln!("not compared: {what}: {why}");
    }
    finish(compared, REAL, differences);
}

/// Does the same with both, each in a new root; the first answers that differ.
async fn compare(both: Both, sequence: &[Op]) -> Option<(String, String)> {
    static ROOTS: AtomicUsize = AtomicUsize::new(0);
    let root = format!("/s{}", ROOTS.fetch_add(1, Ordering::Relaxed));
    let (mut one, mut two) = tokio::join!(Side::open(both.embedded, &root), Side::open(both.real, &root));
    let mut different = None;
    for operation in sequence {
        let (embedded, real) = tokio::join!(one.run(operation), two.run(operation));
        if embedded != real {
            different = Some((lines(&embedded), lines(&real)));
            break;
        }
    }
    tokio::join!(one.close(), two.close());
    different
}

/// What is the same in every run: how many operations there were, and how many sections differ.
async fn scripts(both: Both) -> (usize, usize) {
    let mut answers = vec![(
        "words".to_owned(),
        tokio::join!(words::run(both.embedded, "/words"), words::run(both.real, "/words")),
    )];
    for section in Section::ALL {
        let root = format!("/{section:?}");
        let answer = tokio::join!(section.run(both.embedded, &root), section.run(both.real, &root));
        answers.push((root, answer));
    }
    // Events and ends come with an answer: they are no operations of their own.
    let is_answer = |line: &&String| !line.contains(": event ") && !line.ends_with(": closed");
    let answered = answers.iter().skip(1).map(|(_, (_, real))| real.iter().filter(is_answer).count());
    let compared = words::QUESTIONS + answered.sum::<usize>();
    let mut differences = 0;
    for (name, (embedded, real)) in answers {
        let longest = embedded.len().max(real.len());
        let pairs = (0..longest).map(|index| (embedded.get(index), real.get(index)));
        let different: Vec<_> = pairs.enumerate().filter(|(_, (one, two))| one != two).collect();
        differences += usize::from(!different.is_empty());
        for (index, (one, two)) in different.into_iter().take(SHOWN) {
            let before = &real[index.saturating_sub(3)..index.min(real.len())];
            eprintln!("difference in {name} after {before:#?}\n  embedded: {one:?}\n  real:     {two:?}");
        }
    }
    (compared, differences)
}

fn lines(answers: &[String]) -> String {
    answers.join("\n            ")
}
