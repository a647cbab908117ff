//! Any span at all.
#![allow(missing_docs)]

use proptest::prelude::*;
use stacklab_traces::{Annotation, AnnotationType, BinaryAnnotation, Endpoint, Id, Span};

fn endpoint() -> impl Strategy<Value = Option<Endpoint>> {
    let parts = (".{0,8}", any::<u32>(), any::<Option<[u8; 16]>>(), any::<u16>());
    let endpoint =
        parts.prop_map(|(service_name, ipv4, ipv6, port)| Endpoint { service_name, ipv4, ipv6, port });
    proptest::option::of(endpoint)
}

fn annotation() -> impl Strategy<Value = Annotation> {
    (any::<i64>(), ".{0,8}", endpoint()).prop_map(|(timestamp, value, endpoint)| Annotation {
        timestamp,
        value,
        endpoint,
    })
}

/// A tag whose value is as long as its type needs.
fn binary_annotation() -> impl Strategy<Value = BinaryAnnotation> {
    let value = prop_oneof![
        any::<bool>().prop_map(|v| (AnnotationType::Bool, vec![u8::from(v)])),
        any::<Vec<u8>>().prop_map(|v| (AnnotationType::Bytes, v)),
        any::<i16>().prop_map(|v| (AnnotationType::I16, v.to_be_bytes().to_vec())),
        any::<i32>().prop_map(|v| (AnnotationType::I32, v.to_be_bytes().to_vec())),
        any::<i64>().prop_map(|v| (AnnotationType::I64, v.to_be_bytes().to_vec())),
        proptest::num::f64::NORMAL.prop_map(|v| (AnnotationType::Double, v.to_be_bytes().to_vec())),
        ".{0,12}".prop_map(|v| (AnnotationType::String, v.into_bytes())),
    ];
    (".{0,8}", value, endpoint()).prop_map(|(key, (kind, value), endpoint)| BinaryAnnotation {
        key,
        value,
        kind,
        endpoint,
    })
}

pub(crate) fn span() -> impl Strategy<Value = Span> {
    let ids = (any::<u64>(), any::<u64>(), any::<u64>(), any::<Option<u64>>());
    let times = (any::<Option<i64>>(), any::<Option<i64>>());
    let lists =
        (proptest::collection::vec(annotation(), 0..4), proptest::collection::vec(binary_annotation(), 0..4));
    (ids, ".{0,12}", times, lists, any::<bool>()).prop_map(|(ids, name, times, lists, debug)| Span {
        trace_id_high: ids.0,
        trace_id: Id(ids.1),
        name,
        id: Id(ids.2),
        parent_id: ids.3.map(Id),
        timestamp: times.0,
        duration: times.1,
        annotations: lists.0,
        binary_annotations: lists.1,
        // A false is not written: it comes back as none.
        debug: debug.then_some(true),
    })
}
