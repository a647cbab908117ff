//! Spans in JSON: the original's shapes, what it takes and what it refuses.
#![allow(clippy::unwrap_used)] // In helpers, too.

mod common;

use common::span;
use proptest::prelude::*;
use stacklab_traces::{
    Annotation, AnnotationType, BinaryAnnotation, Endpoint, Id, Span, read_json_spans, write_json_span,
    write_json_spans, write_json_traces,
};

#[test]
fn has_the_originals_shape() {
    let web = Endpoint { port: 80, ..Endpoint::new("web", 0x0a00_0001) };
    let tag = |key: &str, kind, value: &[u8]| BinaryAnnotation {
        key: key.into(),
        value: value.to_vec(),
        kind,
        endpoint: None,
    };
    let span = Span {
        trace_id: Id(0xabc1),
        id: Id(0xabc2),
        name: "query".into(),
        parent_id: Some(Id(0xabc1)),
        timestamp: Some(1_795_474_566_216_497),
        duration: Some(80_000),
        annotations: vec![Annotation::new(1_795_474_566_216_497, "cs", &web)],
        binary_annotations: vec![
            BinaryAnnotation::text("http.path", "/Index", &web),
            tag("n.bool", AnnotationType::Bool, &[1]),
            tag("n.bytes", AnnotationType::Bytes, &[1, 2]),
            tag("n.dbl", AnnotationType::Double, &1.5_f64.to_be_bytes()),
            tag("n.int", AnnotationType::I32, &42_i32.to_be_bytes()),
            tag("n.long", AnnotationType::I64, &4_200_000_000_i64.to_be_bytes()),
        ],
        debug: Some(true),
        ..Span::default()
    };
    expect_test::expect![[r#"{"traceId":"000000000000abc1","id":"000000000000abc2","name":"query","parentId":"000000000000abc1","timestamp":1795474566216497,"duration":80000,"annotations":[{"timestamp":1795474566216497,"value":"cs","endpoint":{"serviceName":"web","ipv4":"10.0.0.1","port":80}}],"binaryAnnotations":[{"key":"http.path","value":"/Index","endpoint":{"serviceName":"web","ipv4":"10.0.0.1","port":80}},{"key":"n.bool","value":true},{"key":"n.bytes","value":"AQI=","type":"BYTES"},{"key":"n.dbl","value":1.5,"type":"DOUBLE"},{"key":"n.int","value":42,"type":"I32"},{"key":"n.long","value":4200000000,"type":"I64"}],"debug":true}"#]].assert_eq(&write_json_span(&span));
    assert_eq!(
        write_json_traces(&[vec![Span { trace_id_high: 1, ..Span::default() }], vec![]]),
        r#"[[{"traceId":"00000000000000010000000000000000","id":"0000000000000000","name":""}],[]]"#
    );
}

#[test]
fn writes_doubles_as_java_does() {
    let text = |value: f64| {
        let tag = BinaryAnnotation {
            value: value.to_be_bytes().to_vec(),
            kind: AnnotationType::Double,
            ..BinaryAnnotation::default()
        };
        let json = write_json_span(&Span { binary_annotations: vec![tag], ..Span::default() });
        let from = json.find("\"value\":").unwrap() + 8;
        json[from..].split(',').next().unwrap().to_owned()
    };
    let cases = [
        (0.0, "0.0"),
        (1.0, "1.0"),
        (1e7, "1.0E7"),
        (1.25e10, "1.25E10"),
        (0.001, "0.001"),
        (1.5e-4, "1.5E-4"),
        (f64::NAN, "NaN"),
        (f64::NEG_INFINITY, "-Infinity"),
    ];
    for (value, expected) in cases {
        assert_eq!(text(value), expected);
    }
}

#[test]
fn leaves_zeros_behind_line_ends_of_javascript() {
    let span = |name: &str| Span { name: name.to_owned(), ..Span::default() };
    assert!(write_json_span(&span("a\u{2028}")).ends_with("\"a\\u2028\"}"));
    assert!(write_json_span(&span("\u{fc}\u{2028}\u{2029}")).ends_with("\\u2028\\u2029\"}\0\0\0\0"));
}

fn refusal(document: &str) -> String {
    read_json_spans(document.as_bytes()).unwrap_err().to_string()
}

#[test]
fn refuses_what_the_original_refuses() {
    let refused = [
        ("", "Empty input reading List<Span>"),
        ("x", "Malformed reading List<Span> from json: "),
        (
            "{}",
            "Expected BEGIN_ARRAY but was BEGIN_OBJECT at line 1 column 2 path $ reading List<Span> from json: ",
        ),
        (r#"[{"traceId":"1","id":"1"}]"#, "name reading List<Span> from json: "),
        (r#"[{"traceId":"1","name":"a"}]"#, "Error reading List<Span> from json: "),
        (
            r#"[{"traceId":"1","id":"1","name":null}]"#,
            "Expected a string but was NULL at line 1 column 37 path $[0].name reading List<Span> from json: ",
        ),
        (
            r#"[{"traceId":"ABC","id":"1","name":"a"}]"#,
            "ABC should be a 1 to 32 character lower-hex string with no prefix reading List<Span> from json: ",
        ),
    ];
    for (document, text) in refused {
        assert_eq!(refusal(document), text, "{document}");
    }
    let tag = |tag: &str| format!(r#"[{{"traceId":"1","id":"1","name":"a","binaryAnnotations":[{tag}]}}]"#);
    for wrong in [r#"{"key":"k","value":"5","type":"I32"}"#, r#"{"key":"k","value":5}"#, r#"{"value":"5"}"#] {
        assert!(read_json_spans(tag(wrong).as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn takes_what_the_original_takes() {
    let document = r#"[{"traceId":"0000000000000001000000000000abc1","id":"2","name":"A","parentId":null,
        "timestamp":"12","duration":null,"debug":false,"kind":"CLIENT","tags":{"a":"b"},
        "annotations":[{"timestamp":1,"value":"x","endpoint":null}],
        "binaryAnnotations":[{"key":"b","value":"AQI","type":"BYTES"},{"key":"t","value":true}]}]"#;
    let spans = read_json_spans(document.as_bytes()).unwrap();
    let expected = Span {
        trace_id_high: 1,
        trace_id: Id(0xabc1),
        id: Id(2),
        name: "A".into(),
        timestamp: Some(12),
        annotations: vec![Annotation { timestamp: 1, value: "x".into(), endpoint: None }],
        binary_annotations: vec![
            BinaryAnnotation {
                key: "b".into(),
                value: vec![1, 2],
                kind: AnnotationType::Bytes,
                endpoint: None,
            },
            BinaryAnnotation { key: "t".into(), value: vec![1], kind: AnnotationType::Bool, endpoint: None },
        ],
        ..Span::default()
    };
    assert_eq!(spans, [expected]);
}

proptest! {
    #[test]
    fn reads_back_what_it_wrote(spans in proptest::collection::vec(span(), 0..4)) {
        prop_assert_eq!(read_json_spans(write_json_spans(&spans).as_bytes()).unwrap(), spans);
    }

    #[test]
    fn survives_garbage(garbage: Vec<u8>, text in "[\\[{}\\]\",:a-z0-9]{0,40}") {
        let _ = read_json_spans(&garbage);
        let _ = read_json_spans(text.as_bytes());
    }
}
