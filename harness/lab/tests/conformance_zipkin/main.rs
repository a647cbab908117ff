//! Zipkin 1.14: the same requests to the embedded components and to the real server, which read the same Cassandra;
//! and the same spans into both, whose rows are compared.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is")]
#![allow(clippy::print_stderr, reason = "what a test says")]

mod ask;
mod bodies;
#[path = "../both/mod.rs"]
mod both;
mod left;
mod operation;
mod plan;
mod requests;
mod rows;
mod services;
mod spans;
mod workloads;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use stacklab_traces::Span;

use ask::{Answer, Ask, get};
use both::Settings;
use operation::{Form, Operation};
use plan::Run;
use services::{OWN_KEYSPACE, REAL_KEYSPACE, Sides, Who};
use spans::sample;

/// What is compared with.
const REAL: &str = "Zipkin 1.14.1";
/// Operations that are generated, unless `STACKLAB_OPERATIONS` says otherwise.
const OPERATIONS: usize = 500;
/// So many of them on one set of traces.
const SEQUENCE: usize = 20;
/// So long spans may be on their way.
const STORING: Duration = Duration::from_secs(10);
/// So often rows are looked at,
const POLL: Duration = Duration::from_millis(15);
/// and this long they must stay as they are.
const SETTLED: Duration = Duration::from_millis(40);
/// So long a shorter sequence is looked for.
const SHRINKING: Duration = Duration::from_secs(20);
/// Requests on one connection: as many as the original answers.
const KEPT_ALIVE: usize = 100;

/// Both servers, and what has been compared.
struct Both {
    sides: Sides,
    settings: Settings,
    /// Sequences so far.
    runs: u64,
    compared: usize,
    differences: usize,
}

/// What a sequence has brought in so far.
struct Stored {
    run: Run,
    traces: BTreeSet<i64>,
    /// The spans, as far as they make rows of their own.
    rows: BTreeSet<String>,
}

impl Stored {
    fn new(run: Run) -> Self {
        Self { run, traces: BTreeSet::new(), rows: BTreeSet::new() }
    }

    fn add(&mut self, spans: &[Span]) {
        for span in spans.iter().cloned().map(Span::normalized) {
            self.traces.insert(span.trace_id.signed());
            let at = span.guess_timestamp().unwrap_or(0) / 1000;
            let row = (span.trace_id, at, span.id, span.annotations, span.binary_annotations);
            self.rows.insert(format!("{row:?}"));
        }
    }
}

impl Both {
    /// Compares one request, and shows what differs.
    async fn compare(&mut self, name: &str, ask: &Ask) {
        self.compared += 1;
        // What in the original is one process.
        let who = if ask.target.starts_with("/health") { Who::Admin } else { Who::Embedded };
        let (embedded, real) = self.sides.ask(who, ask).await;
        self.judge(name, &format!("{ask:?}"), &embedded.text, &real.text);
    }

    fn judge(&mut self, name: &str, operation: &str, embedded: &str, real: &str) {
        if let Some(why) = left::why(operation) {
            // An entry that no longer holds has to go.
            assert_ne!(embedded, real, "{operation} is said to differ: {why}");
            eprintln!("left: {why}: {operation}");
        } else if embedded != real {
            self.differences += 1;
            eprintln!("in {name}:");
            both::show(self.settings, &[Shown(operation)], embedded, real);
        }
    }

    /// Brings spans into both; both answers, or what differs in the rows.
    async fn store(&mut self, stored: &mut Stored, form: Form, spans: &[Span]) -> Option<(String, String)> {
        self.compared += 1;
        if let Some(ask) = form.request(spans) {
            let (embedded, real) = self.sides.ask(Who::Own, &ask).await;
            if embedded.text != real.text {
                return Some((embedded.text, real.text));
            }
        }
        self.sides.produce(&form.messages(spans)).await;
        stored.add(spans);
        self.rows(stored).await
    }

    /// Waits until all rows are there, and compares them.
    async fn rows(&self, stored: &Stored) -> Option<(String, String)> {
        let (deadline, mut since) = (Instant::now() + STORING, Instant::now());
        let mut before = Vec::new();
        loop {
            let (cassandra, marker) = (&self.sides.cassandra, stored.run.marker());
            let real = rows::read(cassandra, REAL_KEYSPACE, &stored.traces, &marker).await;
            let embedded = rows::read(cassandra, OWN_KEYSPACE, &stored.traces, &marker).await;
            let complete = real.iter().filter(|row| row.starts_with("traces: ")).count() >= stored.rows.len();
            let now = (embedded == real, real.clone());
            if before != real {
                since = Instant::now();
            }
            before = now.1;
            if complete && now.0 && since.elapsed() > SETTLED {
                return None;
            }
            if Instant::now() > deadline || (complete && since.elapsed() > STORING / 5) {
                return Some(rows::difference(&embedded, &real));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn operate(&mut self, stored: &mut Stored, operation: &Operation) -> Option<(String, String)> {
        match operation {
            Operation::Store { form, plans, salt } => {
                let spans = operation::spans(plans, stored.run, *salt);
                self.store(stored, *form, &spans).await
            }
            Operation::Ask(question) => {
                self.compared += 1;
                let (embedded, real) = self.sides.ask(Who::Embedded, &question.ask(stored.run)).await;
                (embedded.text != real.text).then_some((embedded.text, real.text))
            }
        }
    }

    /// Runs a sequence until the answers differ: the operation that shows it, and both answers.
    async fn difference(&mut self, operations: &[Operation]) -> Option<(usize, String, String)> {
        self.runs += 1;
        let mut stored = Stored::new(Run(self.runs));
        for (at, operation) in operations.iter().enumerate() {
            if let Some((embedded, real)) = self.operate(&mut stored, operation).await {
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
        let until = Instant::now() + SHRINKING;
        let fewest = both::shortest(operations[..=at].to_vec(), async |fewer: &[Operation]| {
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

    /// The sample goes into both; then all scripts are run on it.
    async fn scripts(&mut self) {
        let mut stored = Stored::new(Run(0));
        if let Some((embedded, real)) = self.store(&mut stored, Form::Thrift, &sample::spans()).await {
            self.judge("sample", "the sample", &embedded, &real);
        }
        sample::link(&self.sides.cassandra, REAL_KEYSPACE).await;
        for (name, asks) in requests::all() {
            for ask in &asks {
                self.compare(name, ask).await;
            }
        }
        for ask in requests::through_the_web() {
            self.compared += 1;
            let (embedded, real) = self.sides.ask(Who::Web, &ask).await;
            self.judge("web", &format!("web: {ask:?}"), &embedded.passed_on(), &real.passed_on());
        }
    }

    /// How many requests a connection is kept for.
    async fn connections(&mut self) {
        self.compared += 1;
        let (who, target) = (Who::Embedded.address(), "/config.json");
        let real = Who::Real.address();
        let (embedded, real) = tokio::join!(
            ask::kept_alive(&who, target, KEPT_ALIVE),
            ask::kept_alive(&real, target, KEPT_ALIVE)
        );
        assert_eq!(real, format!("{KEPT_ALIVE} answers, closed: true, the last: [{KEPT_ALIVE}]"));
        self.judge("connections", "many requests on one connection", &embedded, &real);
    }

    /// What was counted, by transport. In the original one process counts all of it.
    async fn metrics(&mut self, operation: &str, transport: &str) {
        self.compared += 1;
        let ask = get("/metrics");
        let real = self.sides.ask_one(Who::Real, &ask).await;
        let (http, kafka) =
            (self.sides.ask_one(Who::Own, &ask).await, self.sides.ask_one(Who::Admin, &ask).await);
        let lines = |answers: &[&Answer]| {
            let mut lines: Vec<String> = answers
                .iter()
                .flat_map(|answer| answer.metrics())
                .filter(|line| line.contains(transport))
                .collect();
            lines.sort();
            lines.join("\n      ")
        };
        self.judge("metrics", operation, &lines(&[&http, &kafka]), &lines(&[&real]));
    }
}

/// An operation that is a text already.
struct Shown<'a>(&'a str);

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_answers_as_zipkin_does() {
    let settings = Settings::from_env(OPERATIONS);
    let Some(sides) = Sides::start().await else { return };
    let mut both = Both { sides, settings, runs: 0, compared: 0, differences: 0 };
    let mut draw = settings.generator();
    for _ in 0..settings.operations.div_ceil(SEQUENCE) {
        both.sequence(&operation::sequence(&mut draw, SEQUENCE)).await;
    }
    both.workloads().await;
    both.metrics("GET /metrics", "").await;
    both.scripts().await;
    both.connections().await;
    both.odd_values().await;
    both.odd_messages().await;
    both::finish(both.compared, REAL, both.differences);
}
