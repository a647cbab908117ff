//! Finds the traces again: over Zipkin's query API until all are there, then out of Cassandra; and for what is
//! missing, how far it came.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use stacklab_live::Recorder;
use stacklab_machine::http::Request;
use stacklab_machine::timeline::Stage;
use stacklab_machine::{Outbox, Step};
use stacklab_traces::{Id, Readback, read_json_spans};
use tokio::task::JoinSet;

use super::{Brokers, Workload};
use crate::observe::{Cql, ZkView};

/// Questions to the query service at a time.
const AT_ONCE: usize = 8;
/// Pause between two rounds of questions.
const ROUND: Duration = Duration::from_millis(10);
/// How long a portion may take to be answered.
const PORTION_LIMIT: Duration = Duration::from_secs(10);

/// Where to look.
#[derive(Clone, Debug)]
pub struct ReadBack {
    /// `http://host:port` of the query service.
    pub query: String,
    /// Cassandra's contact points.
    pub cassandra: Vec<String>,
    /// The brokers.
    pub brokers: Brokers,
    /// The topic.
    pub topic: String,
    /// Connect string of the ZooKeeper that holds the collector's offsets.
    pub zookeeper: String,
    /// How long to wait for the last span.
    pub limit: Duration,
}

/// Waits until every span is answered, or until the limit is over and it is known how far each came.
pub async fn read_back(place: &ReadBack, workload: &Workload, seen: &mut Readback, recorder: &Recorder) {
    let deadline = Instant::now() + place.limit;
    loop {
        let last = Instant::now() >= deadline;
        // The last round asks for all of them, so that no trace counts as missing that nobody asked for.
        ask_for_missing(place, workload, seen, if last { usize::MAX } else { AT_ONCE }).await;
        note(recorder, |out| seen.note_progress(out));
        if seen.is_complete() || last {
            break;
        }
        tokio::time::sleep(ROUND).await;
    }
    // Cassandra is asked in any case: what the query service shows must be there.
    look_into_cassandra(place, seen).await;
    if !seen.is_complete() {
        look_into_log(place, seen).await;
        note(recorder, |out| seen.note_missing(out));
    }
    note(recorder, |out| seen.note_progress(out));
}

/// Waits until every span that was produced is answered; not for ever, as what is lost stays lost.
pub async fn wait_for_produced(place: &ReadBack, workload: &Workload, seen: &mut Readback) {
    let deadline = Instant::now() + PORTION_LIMIT;
    while seen.reached(Stage::Queried) < seen.reached(Stage::Produced) && Instant::now() < deadline {
        ask_for_missing(place, workload, seen, AT_ONCE).await;
        tokio::time::sleep(ROUND).await;
    }
}

/// Asks for the traces that are missing, one after the other, until so many were incomplete: while the collector is
/// at work, asking for every trace again and again would only take its time.
async fn ask_for_missing(place: &ReadBack, workload: &Workload, seen: &mut Readback, incomplete: usize) {
    let all = incomplete == usize::MAX;
    let missing = seen.missing().filter(|missing| all || missing.reached.is_some());
    let missing: BTreeSet<String> = missing.map(|missing| missing.trace).collect();
    let traces = workload.expectation.traces.iter();
    let mut traces = traces.filter(|(_, trace)| missing.contains(&trace.trace_id));
    let mut questions = JoinSet::new();
    let mut without = 0;
    loop {
        while questions.len() < AT_ONCE && without < incomplete {
            let Some((id, trace)) = traces.next() else { break };
            questions.spawn(ask(*id, format!("{}/api/v1/trace/{}", place.query, trace.trace_id)));
        }
        let Some(answer) = questions.join_next().await else { return };
        let Ok((trace, spans)) = answer else { continue };
        let expected = workload.expectation.traces.get(&trace).map(|trace| &trace.span_ids);
        if !expected.is_some_and(|expected| expected.is_subset(&spans)) {
            without += 1;
        }
        for span in spans {
            seen.queried(trace, span);
        }
    }
}

/// The ids of a trace's spans, as the query service has them.
async fn ask(trace: Id, url: String) -> (Id, BTreeSet<Id>) {
    let answer = stacklab_live::http::request(&Request::get(url), Some(Duration::from_secs(10))).await;
    let body = answer.ok().filter(|answer| answer.status == 200).map(|answer| answer.body);
    let spans = body.and_then(|body| read_json_spans(&body).ok()).unwrap_or_default();
    (trace, spans.into_iter().map(|span| span.id).collect())
}

async fn look_into_cassandra(place: &ReadBack, seen: &mut Readback) {
    let Ok(cql) = Cql::connect(&place.cassandra).await else { return };
    for blob in cql.blobs("SELECT span FROM zipkin.traces").await.unwrap_or_default() {
        seen.stored(&blob);
    }
}

async fn look_into_log(place: &ReadBack, seen: &mut Readback) {
    let messages = place.brokers.read_all(&place.topic).await.unwrap_or_default();
    let offsets = match ZkView::connect(&place.zookeeper).await {
        Ok(zk) => zk.offsets("zipkin", &place.topic).await,
        Err(_) => Vec::new(),
    };
    for (partition, offset, value) in messages {
        seen.in_log(&value);
        if offsets.iter().any(|(of, next)| *of == partition && offset < *next) {
            seen.consumed(&value);
        }
    }
}

/// Lets the readback note into the timeline.
fn note(recorder: &Recorder, noting: impl FnOnce(&mut Outbox<()>)) {
    let mut out = Outbox::new();
    noting(&mut out);
    for step in out.drain() {
        if let Step::Event(what) = step {
            recorder.record("traces", None, what);
        }
    }
}
