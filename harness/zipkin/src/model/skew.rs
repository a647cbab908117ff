//! Clocks of two hosts that disagree: found in a span that both report, corrected in it and below it.

use std::collections::{BTreeMap, VecDeque};

use stacklab_traces::{Endpoint, Id, Span};

#[derive(Clone)]
struct Skew {
    server: Endpoint,
    micros: i64,
}

/// A local span is to be moved that has no timestamp: the original fails at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a local span without a timestamp cannot be corrected")]
pub struct NoTimestamp;

/// Corrects the spans of one trace, merged and sorted. With a root the answer is in the order of the tree, level by
/// level; of several roots only the last one's tree is left, as in the original. Without a root nothing changes.
pub fn correct(spans: Vec<Span>) -> Result<Vec<Span>, NoTimestamp> {
    let Some(root) = spans.iter().rposition(|span| span.parent_id.is_none()) else { return Ok(spans) };
    let tree = Tree::new(&spans, root);
    let mut spans: Vec<Option<Span>> = spans.into_iter().map(Some).collect();
    // Skew is handed down from a span that shows it to its children, and on from those that show their own.
    let mut waiting: VecDeque<(usize, Option<Skew>)> = VecDeque::from([(root, None)]);
    while let Some((index, from_parent)) = waiting.pop_front() {
        let Some(span) = spans.get_mut(index).and_then(Option::as_mut) else { continue };
        if let Some(skew) = &from_parent {
            adjust(span, skew)?;
        }
        if let Some(skew) = find_skew(span) {
            adjust(span, &skew)?;
            waiting.extend(tree.children(index).map(|child| (child, Some(skew.clone()))));
        }
    }
    Ok(tree.level_order(root).into_iter().filter_map(|index| spans.get_mut(index)?.take()).collect())
}

/// Which span is below which, by their places in the list.
struct Tree {
    children: BTreeMap<usize, Vec<usize>>,
}

impl Tree {
    /// A span whose parent is not there, or is the root, is below the root.
    fn new(spans: &[Span], root: usize) -> Self {
        let places: BTreeMap<Id, usize> = spans
            .iter()
            .enumerate()
            .filter(|(_, span)| span.parent_id.is_some())
            .map(|(index, span)| (span.id, index))
            .collect();
        let mut children: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, span) in spans.iter().enumerate() {
            let Some(parent) = span.parent_id else { continue };
            children.entry(places.get(&parent).copied().unwrap_or(root)).or_default().push(index);
        }
        Self { children }
    }

    fn children(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        self.children.get(&index).into_iter().flatten().copied()
    }

    /// Spans that are their own ancestors hang nowhere, so this ends.
    fn level_order(&self, root: usize) -> Vec<usize> {
        let mut order = vec![root];
        let mut next = 0;
        while let Some(&index) = order.get(next) {
            order.extend(self.children(index));
            next += 1;
        }
        order
    }
}

/// The skew that a span shows which has all four times: the server's must lie between the client's.
fn find_skew(span: &Span) -> Option<Skew> {
    let at = |value: &str| span.annotations.iter().rev().find(|annotation| annotation.value == value);
    let (client_send, client_receive) = (at("cs")?.timestamp, at("cr")?.timestamp);
    let (server_receive, server_send) = (at("sr")?, at("ss")?);
    let server = server_receive.endpoint.as_ref().or(server_send.endpoint.as_ref())?.clone();
    let (server_receive, server_send) = (server_receive.timestamp, server_send.timestamp);
    let client_duration = client_receive.saturating_sub(client_send);
    let server_duration = server_send.saturating_sub(server_receive);
    let plausible = client_send < server_receive && client_receive > server_send;
    if server_duration > client_duration || plausible {
        return None;
    }
    let latency = client_duration.saturating_sub(server_duration) / 2;
    let micros = server_receive.saturating_sub(latency).saturating_sub(client_send);
    (micros != 0).then_some(Skew { server, micros })
}

/// Moves what was measured on the server's host: annotations there, or else the start of a local span there.
fn adjust(span: &mut Span, skew: &Skew) -> Result<(), NoTimestamp> {
    let mut moved = false;
    for annotation in &mut span.annotations {
        if annotation.endpoint.as_ref().is_some_and(|endpoint| same_host(&skew.server, endpoint)) {
            annotation.timestamp = annotation.timestamp.saturating_sub(skew.micros);
            moved = true;
        }
    }
    if moved {
        // The first one by its time before the correction: the original sets the timestamp before it sorts.
        span.timestamp = span.annotations.first().map(|first| first.timestamp).filter(|&at| at != 0);
        span.sort();
        return Ok(());
    }
    let local = span.binary_annotations.iter().any(|tag| {
        tag.key == "lc" && tag.endpoint.as_ref().is_some_and(|endpoint| same_host(&skew.server, endpoint))
    });
    if local {
        let at = span.timestamp.ok_or(NoTimestamp)?.saturating_sub(skew.micros);
        span.timestamp = Some(at).filter(|&at| at != 0);
    }
    Ok(())
}

fn same_host(a: &Endpoint, b: &Endpoint) -> bool {
    a.ipv6.is_some() && a.ipv6 == b.ipv6 || a.ipv4 != 0 && a.ipv4 == b.ipv4
}

#[cfg(test)]
mod tests {
    use stacklab_traces::{Annotation, BinaryAnnotation};

    use super::*;

    fn span(id: u64, parent: Option<u64>, annotations: &[(&str, i64, u32)]) -> Span {
        let host = |ipv4| Endpoint::new("host", ipv4);
        let annotations = annotations.iter().map(|(value, at, ip)| Annotation::new(*at, value, &host(*ip)));
        let mut span = Span { id: Id(id), parent_id: parent.map(Id), ..Span::default() };
        span.annotations = annotations.collect();
        span.sort();
        span
    }

    fn at(span: &Span, value: &str) -> i64 {
        span.annotations.iter().find(|annotation| annotation.value == value).unwrap().timestamp
    }

    /// Measured with the original.
    #[test]
    fn corrects_the_sample() {
        let root =
            span(1, None, &[("cs", 1, 1), ("sr", 5_000_001, 2), ("ss", 5_060_001, 2), ("cr", 100_001, 1)]);
        let child = span(2, Some(1), &[("cs", 5_010_001, 2)]);
        let grandchild = span(3, Some(2), &[("cs", 5_012_001, 2)]);
        let corrected = correct(vec![root, child, grandchild]).unwrap();
        assert_eq!((at(&corrected[0], "sr"), at(&corrected[0], "ss")), (20_001, 80_001));
        assert_eq!((at(&corrected[0], "cs"), corrected[0].timestamp), (1, Some(1)));
        assert_eq!((at(&corrected[1], "cs"), corrected[1].timestamp), (30_001, Some(30_001)));
        assert_eq!(at(&corrected[2], "cs"), 5_012_001);
    }

    #[test]
    fn leaves_alone_what_it_cannot_tell() {
        let skewed = [("cs", 10, 1), ("sr", 500, 2), ("ss", 510, 2), ("cr", 40, 1)];
        // Below a root that shows no skew.
        let under_plain = vec![span(1, None, &[("sr", 1, 1), ("ss", 90, 1)]), span(2, Some(1), &skewed)];
        assert_eq!(correct(under_plain.clone()), Ok(under_plain));
        // Without a root.
        let orphan = vec![span(2, Some(9), &skewed)];
        assert_eq!(correct(orphan.clone()), Ok(orphan));
        // Times that can be.
        let plain = vec![span(1, None, &[("cs", 10, 1), ("sr", 20, 2), ("ss", 30, 2), ("cr", 40, 1)])];
        assert_eq!(correct(plain.clone()), Ok(plain));
    }

    #[test]
    fn moves_local_spans_and_keeps_orphans_below_the_root() {
        let root = span(1, None, &[("cs", 10, 1), ("sr", 500, 2), ("ss", 510, 2), ("cr", 40, 1)]);
        let local = Span {
            timestamp: Some(505),
            binary_annotations: vec![BinaryAnnotation::text("lc", "x", &Endpoint::new("host", 2))],
            ..span(2, Some(77), &[])
        };
        let timeless = Span { timestamp: None, ..local.clone() };
        assert_eq!(correct(vec![timeless, root.clone()]), Err(NoTimestamp));
        let corrected = correct(vec![local, root]).unwrap();
        assert_eq!(corrected.iter().map(|span| span.id.0).collect::<Vec<_>>(), [1, 2]);
        // latency (30 - 10) / 2 = 10, skew 500 - 10 - 10 = 480
        assert_eq!(corrected[1].timestamp, Some(25));
    }
}
