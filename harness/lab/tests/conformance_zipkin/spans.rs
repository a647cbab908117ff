//! Spans: a fixed sample with every oddity, and strategies for more.

/// When the sample is over, in ms: the end of what is asked for. A time of the past, so that "now" is not in it.
pub(crate) const END: i64 = 1_700_000_100_000;

/// The sample.
pub(crate) mod sample {
    use stacklab_cassandra::Value;
    use stacklab_cassandra::client::Client;
    use stacklab_traces::{Annotation, AnnotationType, BinaryAnnotation, Endpoint, Id, Span};
    use stacklab_zipkin::model::{DependencyLink, encode_dependencies};

    /// Its traces have the ids from 1 to this.
    pub(crate) const TRACES: u64 = 16;
    const DAY: i64 = 86_400_000;
    /// When it begins, in µs.
    const BEGIN: i64 = 1_700_000_000_000_000;

    fn web() -> Endpoint {
        Endpoint { port: 8080, ..Endpoint::new("web", 0x7f00_0001) }
    }

    fn db() -> Endpoint {
        Endpoint {
            ipv6: Some([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc0, 1]),
            ..Endpoint::new("db", 0x0a00_0002)
        }
    }

    fn span(trace: u64, id: u64, parent: Option<u64>, name: &str) -> Span {
        Span {
            trace_id: Id(trace),
            id: Id(id),
            parent_id: parent.map(Id),
            name: name.to_owned(),
            ..Span::default()
        }
    }

    fn timed(mut span: Span, at: i64, duration: Option<i64>) -> Span {
        span.timestamp = Some(BEGIN + at);
        span.duration = duration;
        span
    }

    fn noted(mut span: Span, host: &Endpoint, notes: &[(&str, i64)]) -> Span {
        span.annotations.extend(notes.iter().map(|(value, at)| Annotation::new(BEGIN + at, value, host)));
        span
    }

    fn tagged(mut span: Span, host: &Endpoint, tags: &[(&str, &str)]) -> Span {
        span.binary_annotations
            .extend(tags.iter().map(|(key, value)| BinaryAnnotation::text(key, value, host)));
        span
    }

    fn typed(mut span: Span, key: &str, kind: AnnotationType, value: &[u8], host: Option<Endpoint>) -> Span {
        span.binary_annotations.push(BinaryAnnotation {
            key: key.to_owned(),
            value: value.to_vec(),
            kind,
            endpoint: host,
        });
        span
    }

    /// Writes links between services down, as the job does that finds them: of the sample's day and the day before.
    pub(crate) async fn link(cassandra: &Client, keyspace: &str) {
        let link = |parent: &str, child: &str, call_count| DependencyLink {
            parent: parent.to_owned(),
            child: child.to_owned(),
            call_count,
        };
        let today = super::END / DAY * DAY;
        let days = [
            (today - DAY, vec![link("web", "db", 10), link("Web", "cache", 1)]),
            (today, vec![link("db", "web", 3), link("web", "db", 2), link("büro\"\u{2028}", "", 0)]),
        ];
        let insert = format!("INSERT INTO {keyspace}.dependencies (day, dependencies) VALUES (?, ?)");
        let insert = cassandra.prepare(&insert).await.unwrap();
        for (day, links) in days {
            let blob = Value::Blob(encode_dependencies(day, day + DAY, &links));
            cassandra.execute(&insert, &[Value::Timestamp(day), blob], None).await.unwrap();
        }
    }

    /// All spans of the sample.
    pub(crate) fn spans() -> Vec<Span> {
        let (web, db) = (web(), db());
        let search = Endpoint::new("Search", 0x0a00_0003);
        let bureau = Endpoint { port: 65535, ..Endpoint::new("büro", 0) };
        let mut spans = vec![
            // 1: what a tracer reports, in two halves each.
            timed(
                noted(span(1, 1, None, "GET"), &web, &[("sr", 10), ("ss", 900), ("retry", 100)]),
                10,
                Some(890),
            ),
            tagged(
                noted(span(1, 2, Some(1), "query"), &web, &[("cs", 200), ("cr", 800)]),
                &web,
                &[("http.path", "/a")],
            ),
            noted(span(1, 2, Some(1), "query"), &db, &[("sr", 300), ("ss", 700)]),
            // 2: no annotations at all, with a time and without.
            timed(span(2, 1, None, "lonely"), 2_000, Some(5)),
            span(2, 2, Some(1), "without a time"),
            // 3: tags of every type.
            timed(
                tagged(
                    noted(span(3, 3, None, "post"), &web, &[("cache miss", 3_000), ("retry", 3_001)]),
                    &web,
                    &[("name", "Müller"), ("q", "1")],
                ),
                3_000,
                None,
            ),
            // 4: clocks apart, with children on the server and below.
            noted(
                noted(span(4, 1, None, "skewed"), &web, &[("cs", 4_000), ("cr", 104_000)]),
                &db,
                &[("sr", 5_004_000), ("ss", 5_064_000)],
            ),
            noted(span(4, 2, Some(1), "child"), &db, &[("cs", 5_010_000), ("cr", 5_012_000)]),
            noted(span(4, 3, Some(2), "grandchild"), &db, &[("cs", 5_011_000)]),
            // 5: orphans, and a parent that is not there.
            noted(span(5, 2, Some(9), "orphan"), &web, &[("cs", 5_000), ("cr", 5_500)]),
            noted(span(5, 3, Some(2), "below the orphan"), &web, &[("cs", 5_100)]),
            // 6: two roots.
            timed(
                noted(span(6, 1, None, "first root"), &web, &[("sr", 6_000), ("ss", 6_100)]),
                6_000,
                Some(100),
            ),
            timed(
                noted(span(6, 2, None, "second root"), &db, &[("sr", 6_200), ("ss", 6_300)]),
                6_200,
                Some(100),
            ),
            noted(span(6, 3, Some(1), "of the first"), &web, &[("cs", 6_010), ("cr", 6_020)]),
            // 7: 128 bits.
            Span {
                trace_id_high: 0xabc,
                ..timed(noted(span(7, 1, None, "wide"), &web, &[("sr", 7_000)]), 7_000, Some(1))
            },
            Span { debug: Some(true), ..timed(span(7, 2, Some(1), "debug"), 7_100, Some(-20)) },
            // 8: the same span twice, and parts that differ.
            timed(noted(span(8, 1, None, "unknown"), &web, &[("sr", 8_000)]), 8_000, Some(10)),
            timed(noted(span(8, 1, None, "unknown"), &web, &[("sr", 8_000)]), 8_000, Some(10)),
            timed(noted(span(8, 1, None, "known"), &web, &[("ss", 8_500)]), 8_100, Some(10)),
            timed(noted(span(8, 1, None, ""), &web, &[("zz", 8_200)]), 7_900, None),
            // 9: names.
            timed(
                noted(
                    span(9, 1, None, "STRASSE Größe"),
                    &bureau,
                    &[("straße", 9_000), ("\u{2028}\"\\\n\t\u{1}", 9_001)],
                ),
                9_000,
                Some(7),
            ),
            timed(
                noted(span(9, 2, Some(1), &"n".repeat(300)), &search, &[(&"v".repeat(400), 9_100)]),
                9_100,
                Some(7),
            ),
            timed(
                noted(span(9, 3, Some(1), ""), &Endpoint::new("", 5), &[("nowhere", 9_200)]),
                9_200,
                Some(7),
            ),
            // 10: zero ids, negative times.
            span(10, 0, None, "zero"),
            Span {
                timestamp: Some(-5),
                duration: Some(-7),
                ..noted(span(10, 1, Some(0), "negative"), &web, &[("cs", 10_000)])
            },
            Span { timestamp: Some(1), ..span(10, 2, Some(0), "long ago") },
            // 11: its own parent, and a circle.
            timed(span(11, 1, None, "root"), 11_000, Some(1)),
            timed(span(11, 2, Some(2), "itself"), 11_100, Some(1)),
            timed(span(11, 3, Some(4), "circle"), 11_200, Some(1)),
            timed(span(11, 4, Some(3), "circle"), 11_200, Some(1)),
            // 12: only the server's half, as a root and as a child.
            noted(span(12, 1, None, "server"), &db, &[("sr", 12_000), ("ss", 12_300)]),
            noted(span(12, 2, Some(1), "server"), &db, &[("sr", 12_100), ("ss", 12_200)]),
            noted(span(12, 3, Some(1), "twice"), &db, &[("sr", 12_100), ("sr", 12_150), ("cr", 12_050)]),
            // 13: equal times and names.
            timed(noted(span(13, 2, None, "same"), &web, &[("x", 13_000)]), 13_000, Some(1)),
            timed(noted(span(13, 1, Some(2), "same"), &db, &[("x", 13_000), ("x", 13_000)]), 13_000, Some(1)),
            timed(
                noted(span(13, 3, Some(2), "Same"), &search, &[("a", 13_000), ("B", 13_000)]),
                13_000,
                Some(1),
            ),
            // 14: a local span on a host whose clock is off.
            noted(
                noted(span(14, 1, None, "call"), &web, &[("cs", 14_000), ("cr", 14_100)]),
                &db,
                &[("sr", 14_500), ("ss", 14_520)],
            ),
            timed(tagged(span(14, 2, Some(1), "local"), &db, &[("lc", "lib")]), 14_505, Some(3)),
            // 16: without an endpoint.
            timed(span(16, 1, None, "nobody"), 16_000, Some(3)),
        ];
        let tagged_one = spans.remove(5);
        spans.push(all_types(tagged_one, &web));
        spans.push(noted(
            noted(span(15, 1, None, "two"), &web, &[("same", 15_000)]),
            &db,
            &[("same", 15_000)],
        ));
        spans.last_mut().unwrap().annotations.push(Annotation {
            timestamp: BEGIN + 15_000,
            value: "same".to_owned(),
            endpoint: None,
        });
        spans
    }

    fn all_types(span: Span, web: &Endpoint) -> Span {
        let some = |host: &Endpoint| Some(host.clone());
        let span = typed(span, "flag", AnnotationType::Bool, &[1], some(web));
        let span = typed(span, "off", AnnotationType::Bool, &[0], some(web));
        let span = typed(span, "sa", AnnotationType::Bool, &[1], Some(Endpoint::new("Cache", 0)));
        let span = typed(span, "bytes", AnnotationType::Bytes, &[1, 2, 0xff], some(web));
        let span = typed(span, "short", AnnotationType::I16, &(-2_i16).to_be_bytes(), some(web));
        let span = typed(span, "n", AnnotationType::I32, &42_i32.to_be_bytes(), some(web));
        let span = typed(span, "long", AnnotationType::I64, &i64::MIN.to_be_bytes(), None);
        let span = typed(span, "pi", AnnotationType::Double, &3.25_f64.to_be_bytes(), some(web));
        let span = typed(span, "big", AnnotationType::Double, &1e10_f64.to_be_bytes(), some(web));
        let span = typed(span, "small", AnnotationType::Double, &1.5e-5_f64.to_be_bytes(), some(web));
        typed(span, "empty", AnnotationType::String, b"", some(web))
    }
}
