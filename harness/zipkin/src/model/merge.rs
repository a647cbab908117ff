//! Spans of one id become one span, and spans without times of their own get them from their annotations.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use stacklab_traces::{Id, Span, compare_texts};

/// Merges the spans of one trace by id, derives missing times, and sorts by time.
pub fn by_id(spans: Vec<Span>) -> Vec<Span> {
    let mut places: BTreeMap<Id, usize> = BTreeMap::new();
    let mut merged: Vec<Span> = Vec::new();
    // How many annotations the first span of an id had, where there was another one.
    let mut grown: BTreeMap<usize, usize> = BTreeMap::new();
    for span in spans {
        match places.get(&span.id).and_then(|&place| Some((place, merged.get_mut(place)?))) {
            Some((place, first)) => {
                grown.entry(place).or_insert(first.annotations.len());
                merge(first, span);
            }
            None => {
                places.insert(span.id, merged.len());
                merged.push(span);
            }
        }
    }
    for (place, first) in grown {
        if let Some(span) = merged.get_mut(place) {
            span.sort_grown(first);
        }
    }
    for span in &mut merged {
        derive_times(span);
    }
    merged.sort_by(|a, b| order(Some(a), Some(b)));
    merged
}

/// How Zipkin orders spans: those without a timestamp first, then by timestamp, then by name.
pub fn order(a: Option<&Span>, b: Option<&Span>) -> Ordering {
    let key = |span: Option<&Span>| span.and_then(|span| span.timestamp).unwrap_or(i64::MIN);
    key(a).cmp(&key(b)).then_with(|| compare_texts(name(a), name(b)))
}

fn name(span: Option<&Span>) -> &str {
    span.map_or("", |span| span.name.as_str())
}

/// Takes over from `other` what `span` lacks.
fn merge(span: &mut Span, other: Span) {
    if span.trace_id_high == 0 {
        span.trace_id_high = other.trace_id_high;
    }
    if span.name.is_empty() || span.name == "unknown" {
        span.name = other.name;
    }
    span.parent_id = span.parent_id.or(other.parent_id);
    (span.timestamp, span.duration) =
        merge_times((span.timestamp, span.duration), (other.timestamp, other.duration));
    span.annotations.extend(other.annotations);
    span.binary_annotations.extend(other.binary_annotations);
    span.debug = span.debug.or(other.debug);
}

type Times = (Option<i64>, Option<i64>);

/// With one timestamp between them the longest duration wins; with two, the whole of both.
fn merge_times(a: Times, b: Times) -> Times {
    match (a.0, b.0) {
        (Some(start_a), Some(start_b)) if start_a != start_b => {
            let start = start_a.min(start_b);
            let end = |start: i64, duration: Option<i64>| start.saturating_add(duration.unwrap_or(0));
            let end = end(start_a, a.1).max(end(start_b, b.1));
            (Some(start), Some(end.saturating_sub(start)))
        }
        _ => (a.0.or(b.0), a.1.max(b.1)),
    }
}

/// Fills in a missing timestamp or duration of a span with two annotations or more: from `cs` to `cr`, or from the
/// first annotation to the last.
pub fn derive_times(span: &mut Span) {
    if span.timestamp.is_some() && span.duration.is_some() {
        return;
    }
    let [first, .., last] = span.annotations.as_slice() else { return };
    let (mut first, mut last) = (first.timestamp, last.timestamp);
    for annotation in &span.annotations {
        match annotation.value.as_str() {
            "cs" => first = annotation.timestamp,
            "cr" => last = annotation.timestamp,
            _ => {}
        }
    }
    // Zero means none to the original.
    span.timestamp = Some(span.timestamp.unwrap_or(first)).filter(|&at| at != 0);
    span.duration = span.duration.or(Some(last.saturating_sub(first))).filter(|&length| length != 0);
    // The original makes a new span of it.
    span.sort();
}

#[cfg(test)]
mod tests {
    use stacklab_traces::{Annotation, Endpoint};

    use super::*;

    fn span(id: u64, name: &str, annotations: &[(&str, i64)]) -> Span {
        let host = Endpoint::new("web", 1);
        let annotations = annotations.iter().map(|(value, at)| Annotation::new(*at, value, &host)).collect();
        Span { trace_id: Id(1), id: Id(id), name: name.into(), annotations, ..Span::default() }
    }

    #[test]
    fn derives_times() {
        let derived = |annotations: &[(&str, i64)]| {
            let mut span = span(1, "a", annotations);
            derive_times(&mut span);
            (span.timestamp, span.duration)
        };
        assert_eq!(derived(&[("sr", 10), ("ss", 15)]), (Some(10), Some(5)));
        assert_eq!(derived(&[("sr", 5), ("cs", 10), ("cr", 30), ("ss", 40)]), (Some(10), Some(20)));
        assert_eq!(derived(&[("cs", 10)]), (None, None));
        assert_eq!(derived(&[("cs", 10), ("x", 10)]), (Some(10), None));
    }

    #[test]
    fn unites_halves() {
        let client =
            Span { timestamp: Some(10), duration: Some(20), ..span(2, "unknown", &[("cs", 10), ("cr", 30)]) };
        let server =
            Span { parent_id: Some(Id(1)), debug: Some(true), ..span(2, "get", &[("sr", 12), ("ss", 28)]) };
        let root = span(1, "root", &[("sr", 5), ("ss", 50)]);
        let merged = by_id(vec![server.clone(), client.clone(), root.clone()]);
        assert_eq!(merged.iter().map(|span| span.id.0).collect::<Vec<_>>(), [1, 2]);
        let one = &merged[1];
        assert_eq!((one.name.as_str(), one.timestamp, one.duration), ("get", Some(10), Some(20)));
        assert_eq!((one.parent_id, one.debug), (Some(Id(1)), Some(true)));
        let values: Vec<_> = one.annotations.iter().map(|a| a.value.as_str()).collect();
        assert_eq!(values, ["cs", "sr", "ss", "cr"]);
        // The order of the halves matters to nothing but names.
        assert_eq!(by_id(vec![root, client, server])[1], *one);
    }

    #[test]
    fn unites_times() {
        assert_eq!(merge_times((Some(5), Some(2)), (Some(5), Some(9))), (Some(5), Some(9)));
        assert_eq!(merge_times((Some(5), Some(2)), (None, Some(9))), (Some(5), Some(9)));
        assert_eq!(merge_times((Some(5), Some(20)), (Some(10), Some(5))), (Some(5), Some(20)));
        assert_eq!(merge_times((Some(10), None), (Some(5), None)), (Some(5), Some(5)));
    }
}
