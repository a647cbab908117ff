//! The known workloads, as their originals send them; and messages that no tracer sends.

use std::time::Duration;

use stacklab_machine::Time;
use stacklab_traces::{
    Annotation, AnnotationType, BinaryAnnotation, Endpoint, GoZipkinConfig, Id, LoadConfig, Span,
    encode_spans, gen_traces, go_zipkin_sample, load,
};

use crate::ask::{get, post};
use crate::operation::Form;
use crate::plan::Run;
use crate::services::Who;
use crate::{Both, Stored};

/// When the workloads begin.
const BEGIN: Time = Time::from_millis(1_700_900_000_000);
/// Their end, in ms.
const END: i64 = 1_700_900_600_000;

impl Both {
    /// Brings the workloads into both, each through another way, and asks for all of it.
    pub(crate) async fn workloads(&mut self) {
        let config = LoadConfig { traces: 12, ..LoadConfig::default() };
        let workloads = [
            ("load", Form::KafkaSpans, load(self.settings.seed, BEGIN, config).unwrap()),
            ("genTraces", Form::Thrift, gen_traces(self.settings.seed, BEGIN, 0x7f00_0001)),
            (
                "go-zipkin",
                Form::Json,
                go_zipkin_sample(
                    self.settings.seed,
                    BEGIN,
                    GoZipkinConfig { traces: 3, ipv4: 0x7f00_0001, quirks: false },
                ),
            ),
        ];
        for (name, form, generated) in workloads {
            let spans: Vec<Span> =
                generated.messages.iter().map(|message| apart(message.span.clone())).collect();
            let mut stored = Stored::new(Run(0));
            if let Some((embedded, real)) = self.store(&mut stored, form, &spans).await {
                self.judge(name, name, &embedded, &real);
            }
            let mut asks: Vec<String> =
                stored.traces.iter().map(|id| format!("/api/v1/trace/{}", Id(*id as u64))).collect();
            for service in
                spans.iter().flat_map(Span::service_names).collect::<std::collections::BTreeSet<_>>()
            {
                let service = stacklab_machine::http::encode(service);
                asks.push(format!("/api/v1/spans?serviceName={service}"));
                asks.push(format!("/api/v1/traces?serviceName={service}&endTs={END}&limit=100"));
            }
            asks.push(format!("/api/v1/traces?endTs={END}&limit=5"));
            for ask in asks {
                self.compare(name, &get(ask)).await;
            }
        }
    }

    /// Messages that cannot be read; the last one ends the stream.
    pub(crate) async fn odd_messages(&mut self) {
        let messages: [&[u8]; 8] =
            [b"", b"garbage", b"[", b"[]", b"[{\"traceId\":\"1\"}]", &[12], &[12, 0, 0, 0, 0], &[0]];
        self.sides.produce(&messages.map(<[u8]>::to_vec)).await;
        // What comes behind them is stored.
        let good = Span { trace_id: Id(0xbeef), id: Id(1), name: "behind".to_owned(), ..Span::default() };
        let mut stored = Stored::new(Run(u64::MAX >> 40));
        if let Some((embedded, real)) = self.store(&mut stored, Form::KafkaSpans, &[good]).await {
            self.judge("odd messages", "behind odd messages", &embedded, &real);
        }
        self.metrics("GET /metrics after odd messages", "kafka").await;
        self.compare("odd messages", &get("/health")).await;
        self.sides.produce_nothing().await;
        let health = get("/health");
        for who in [Who::Admin, Who::Real] {
            for _ in 0..200 {
                if self.sides.ask_one(who, &health).await.status == 503 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        }
        self.compare("odd messages", &health).await;
    }

    /// Values that their types cannot have: stored as they are, and only then looked at.
    pub(crate) async fn odd_values(&mut self) {
        use AnnotationType::{Bool, Bytes, Double, I16, I32, I64, String};
        let values: [(AnnotationType, &[u8]); 13] = [
            (Bool, &[]),
            (Bool, &[2]),
            (Bool, &[1, 0]),
            (Bytes, &[]),
            (I16, &[1]),
            (I16, &[0, 1, 2]),
            (I32, &[]),
            (I64, &[1, 2, 3, 4]),
            (Double, &[0; 7]),
            (Double, &[0x7f, 0xf8, 0, 0, 0, 0, 0, 0]),
            (Double, &[0xff, 0xf0, 0, 0, 0, 0, 0, 0]),
            (String, &[0xff, 0xfe]),
            (String, &[0xe2, 0x80, b'"', 0xff]),
        ];
        let mut asks = Vec::new();
        for (at, (kind, value)) in values.into_iter().enumerate() {
            let id = Id(0x0dd0 + at as u64);
            let tag = BinaryAnnotation { key: "odd".to_owned(), value: value.to_vec(), kind, endpoint: None };
            let span = Span { trace_id: id, id, binary_annotations: vec![tag], ..Span::default() };
            let body = encode_spans(&[span]);
            let ask = post("application/x-thrift", body);
            self.sides.ask_one(Who::Real, &ask).await;
            asks.extend([get(format!("/api/v1/trace/{id}")), get(format!("/api/v1/trace/{id}?raw"))]);
        }
        // A local span on a host whose clock is off, which does not say when it was.
        let id = Id(0x0dd0 + 99);
        let host = |ip| Endpoint::new("odd", ip);
        let notes = [("cs", 10, 1), ("cr", 40, 1), ("sr", 500, 2), ("ss", 510, 2)];
        let annotations = notes.map(|(value, at, ip)| Annotation::new(at, value, &host(ip))).to_vec();
        let root = Span { trace_id: id, id, annotations, ..Span::default() };
        let binary_annotations = vec![BinaryAnnotation::text("lc", "lib", &host(2))];
        let local =
            Span { trace_id: id, id: Id(1), parent_id: Some(id), binary_annotations, ..Span::default() };
        self.sides.ask_one(Who::Real, &post("application/x-thrift", encode_spans(&[root, local]))).await;
        asks.extend([get(format!("/api/v1/trace/{id}")), get(format!("/api/v1/trace/{id}?raw"))]);
        asks.push(get("/api/v1/traces?serviceName=odd&endTs=1000"));
        tokio::time::sleep(Duration::from_millis(300)).await;
        for ask in asks {
            self.compare("odd values", &ask).await;
        }
    }
}

/// The span with its server's tags told apart from its client's: the order of tags with one key is drawn by lot.
fn apart(mut span: Span) -> Span {
    if span.annotations.iter().any(|annotation| annotation.value == "sr") {
        for tag in &mut span.binary_annotations {
            tag.key.push_str(".server");
        }
    }
    span
}
