//! Zipkin 1.14: the same requests on the embedded components and on the real server, which read the same Cassandra;
//! and the same spans into both, whose rows are compared.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is")]
#![allow(clippy::print_stderr, reason = "what a test says")]

mod ask;
#[path = "../both/mod.rs"]
mod both;
mod left;
mod requests;
mod services;
mod spans;

use ask::{Answer, Ask};
use both::Settings;
use services::Sides;

/// What is compared with.
const REAL: &str = "Zipkin 1.14.1";
/// Operations that are generated, unless `STACKLAB_OPERATIONS` says otherwise.
const OPERATIONS: usize = 400;

/// Both servers, and what has been compared.
struct Both {
    sides: Sides,
    settings: Settings,
    compared: usize,
    differences: usize,
}

impl Both {
    async fn ask(&mut self, ask: &Ask) -> (Answer, Answer) {
        self.compared += 1;
        self.sides.ask(ask).await
    }

    /// Compares, and shows what differs.
    async fn compare(&mut self, name: &str, ask: &Ask) {
        let (embedded, real) = self.ask(ask).await;
        if let Some(why) = left::why(&format!("{ask:?}")) {
            // An entry that no longer holds has to go.
            assert_ne!(embedded.text, real.text, "{ask:?} is said to differ: {why}");
            eprintln!("left: {why}: {ask:?}");
        } else if embedded.text != real.text {
            self.differences += 1;
            eprintln!("in {name}:");
            both::show(self.settings, std::slice::from_ref(ask), &embedded.text, &real.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_answers_as_zipkin_does() {
    let settings = Settings::from_env(OPERATIONS);
    let Some(sides) = Sides::start().await else { return };
    let mut both = Both { sides, settings, compared: 0, differences: 0 };
    // Written by the real one, read by both.
    let body = stacklab_traces::encode_spans(&spans::sample::spans());
    let stored = both.sides.real(&ask::post("application/x-thrift", body)).await;
    assert_eq!(stored.status, 202, "{}", stored.text);
    both.sides.settled().await;
    for (name, asks) in requests::all() {
        for ask in &asks {
            both.compare(name, ask).await;
        }
    }
    both::finish(both.compared, REAL, both.differences);
}
