//! Spans in Thrift: golden bytes of the original, and whatever else may come.
#![allow(clippy::unwrap_used)] // In helpers, too.

mod common;

use common::span;
use proptest::prelude::*;
use stacklab_traces::{
    DecodeError, Dialect, Id, Span, decode_span, decode_spans, encode_span, encode_span_as, encode_spans,
};

/// A child span as zipkin-server 1.14.1 stored it.
const STORED: &str = "0a000174913c4f8bf785360b0003000000056368696c640a00042e2c33ffaa4818d20a0005bfedb10e2ca616f5\
    0f00060c000000000f00080c000000000a000a000660f97562a4f40a000b0000000000004ec400";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn reads_and_writes_what_the_original_stored() {
    let stored = bytes(STORED);
    assert_eq!(stored.len(), 84);
    let span = decode_span(&stored).unwrap();
    let expected = Span {
        trace_id: Id(0x7491_3c4f_8bf7_8536),
        name: "child".into(),
        id: Id(3_327_091_397_886_482_642),
        parent_id: Some(Id(0xbfed_b10e_2ca6_16f5)),
        timestamp: Some(0x0006_60f9_7562_a4f4),
        duration: Some(20_164),
        ..Span::default()
    };
    assert_eq!(span, expected);
    assert_eq!(encode_span(&span), stored);
}

#[test]
fn leaves_out_what_brave_leaves_out() {
    let span = Span { name: "a".into(), ..Span::default() };
    let (zipkin, brave) = (encode_span(&span), encode_span_as(&span, Dialect::Brave));
    assert_eq!(zipkin.len() - brave.len(), 8);
    assert_eq!(decode_span(&brave).unwrap(), span);
}

#[test]
fn passes_over_what_it_does_not_know() {
    let span = Span { name: "a".into(), ..Span::default() };
    let mut odd = bytes(
        "0c0063 0f0001 0b 00000002 00000001 61 00000000 0d0002 080a 00000000 00".replace(' ', "").as_str(),
    );
    odd.extend(encode_span(&span));
    assert_eq!(decode_span(&odd).unwrap(), span);
}

#[test]
fn refuses_with_the_originals_words() {
    let text = |result: Result<Span, DecodeError>| result.unwrap_err().to_string();
    assert_eq!(text(decode_span(&[])), "Empty input reading Span");
    assert_eq!(text(decode_span(b"garbage")), "Malformed reading Span from TBinary: ");
    assert_eq!(text(decode_span(&[0])), "Error reading Span from TBinary: ");
    assert_eq!(
        text(decode_span(&bytes("0a000100000000000000010a0004000000000000000200"))),
        "name reading Span from TBinary: "
    );
    // Lists longer than 10,000 and texts longer than 1 MiB.
    assert!(decode_spans(&bytes("0c00002711")).is_err());
    assert!(decode_span(&bytes("0b000300100001")).is_err());
    assert!(decode_span(&bytes("0b0003ffffffff")).is_err());
    // Structs within structs without end.
    assert!(decode_span(&bytes(&"0c0063".repeat(5000))).is_err());
}

proptest! {
    #[test]
    fn reads_back_what_it_wrote(spans in proptest::collection::vec(span(), 0..4)) {
        prop_assert_eq!(&decode_spans(&encode_spans(&spans)).unwrap(), &spans);
        for span in spans {
            prop_assert_eq!(decode_span(&encode_span(&span)).unwrap(), span);
        }
    }

    #[test]
    fn never_takes_a_part_for_the_whole(span in span()) {
        let whole = encode_span(&span);
        for end in 0..whole.len() {
            prop_assert!(decode_span(&whole[..end]).is_err());
        }
    }

    #[test]
    fn survives_garbage(garbage: Vec<u8>, span in span(), at: proptest::sample::Index, bit in 0_u8..8) {
        let _ = decode_span(&garbage);
        let _ = decode_spans(&garbage);
        let mut broken = encode_spans(&[span]);
        let at = at.index(broken.len());
        broken[at] ^= 1 << bit;
        let _ = decode_spans(&broken);
    }

    #[test]
    fn normalizing_twice_changes_nothing(span in span()) {
        let once = span.normalized();
        prop_assert_eq!(once.clone().normalized(), once);
    }
}
