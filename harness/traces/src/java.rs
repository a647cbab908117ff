//! Hash codes and orders as Java has them for the parts of a span: hash codes are in the names of rows, and decide the
//! order of what compares as equal.

use std::cmp::Ordering;

use crate::{Annotation, BinaryAnnotation, Endpoint};

const PRIME: i32 = 1_000_003;

/// `List<Annotation>.hashCode()`.
pub fn annotations_hash(annotations: &[Annotation]) -> i32 {
    list_hash(annotations.iter().map(annotation_hash))
}

/// `List<BinaryAnnotation>.hashCode()`, but for the type: Java hashes an enum by its place in memory, which is
/// another number in every process; here it is the type's code.
pub fn binary_annotations_hash(tags: &[BinaryAnnotation]) -> i32 {
    list_hash(tags.iter().map(binary_annotation_hash))
}

/// `String.compareTo`: by UTF-16 units.
pub fn compare_texts(a: &str, b: &str) -> Ordering {
    if a.is_ascii() || b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}

/// Brings annotations into the order that Zipkin's `Span` gives them, without duplicates: by time, then by value, and
/// those that are equal in both as a `HashSet` of them all hands them out. The set was made for the first so many.
pub(crate) fn sort_annotations(annotations: &mut Vec<Annotation>, made_for: usize) {
    let order = |a: &Annotation, b: &Annotation| {
        a.timestamp.cmp(&b.timestamp).then_with(|| compare_texts(&a.value, &b.value))
    };
    annotations.sort_by(order);
    let is_tied = |pair: &[Annotation]| order(&pair[0], &pair[1]) == Ordering::Equal;
    if !annotations.windows(2).any(is_tied) {
        return;
    }
    let mut distinct: Vec<Annotation> = Vec::with_capacity(annotations.len());
    for annotation in annotations.drain(..) {
        let same_time = distinct.iter().rev().take_while(|other| other.timestamp == annotation.timestamp);
        if same_time.into_iter().all(|other| *other != annotation) {
            distinct.push(annotation);
        }
    }
    let mut buckets = (made_for * 4 / 3 + 1).max(16).next_power_of_two();
    while distinct.len() > buckets / 4 * 3 {
        buckets *= 2;
    }
    let bucket = |annotation: &Annotation| {
        let hash = annotation_hash(annotation) as u32;
        (hash ^ hash >> 16) as usize & (buckets - 1)
    };
    distinct.sort_by(|a, b| order(a, b).then_with(|| bucket(a).cmp(&bucket(b))));
    *annotations = distinct;
}

fn list_hash(items: impl Iterator<Item = i32>) -> i32 {
    items.fold(1, |hash: i32, item| hash.wrapping_mul(31).wrapping_add(item))
}

fn fields_hash<const N: usize>(fields: [i32; N]) -> i32 {
    fields.into_iter().fold(1, |hash: i32, field| hash.wrapping_mul(PRIME) ^ field)
}

fn annotation_hash(annotation: &Annotation) -> i32 {
    let at = annotation.timestamp;
    let folded = ((at as u64 >> 32) ^ at as u64) as i32;
    fields_hash([folded, text_hash(&annotation.value), optional_endpoint_hash(annotation.endpoint.as_ref())])
}

fn binary_annotation_hash(tag: &BinaryAnnotation) -> i32 {
    let value = bytes_hash(&tag.value);
    fields_hash([text_hash(&tag.key), value, tag.kind.code(), optional_endpoint_hash(tag.endpoint.as_ref())])
}

fn optional_endpoint_hash(endpoint: Option<&Endpoint>) -> i32 {
    endpoint.map_or(0, |endpoint| {
        fields_hash([
            text_hash(&endpoint.service_name),
            endpoint.ipv4 as i32,
            endpoint.ipv6.as_ref().map_or(0, |ipv6| bytes_hash(ipv6)),
            i32::from(endpoint.port as i16),
        ])
    })
}

/// `String.hashCode()`: over UTF-16 units, from 0.
fn text_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// `Arrays.hashCode(byte[])`: over signed bytes, from 1.
fn bytes_hash(bytes: &[u8]) -> i32 {
    list_hash(bytes.iter().map(|&byte| i32::from(byte as i8)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_java_does() {
        assert_eq!(text_hash("hello"), 99_162_322);
        assert_eq!(text_hash(""), 0);
        assert_eq!(bytes_hash(&[1, 2]), 31 * (31 + 1) + 2);
        assert_eq!(bytes_hash(&[0xff]), 30);
        assert_eq!(annotations_hash(&[]), 1);
        // ((1 * P ^ 1) * P ^ hash("cs")) * P ^ 0, and 31 + that.
        let one = Annotation { timestamp: 1, value: "cs".into(), endpoint: None };
        let expected = (PRIME ^ 1).wrapping_mul(PRIME) ^ (99 * 31 + 115);
        assert_eq!(annotations_hash(&[one]), expected.wrapping_mul(PRIME).wrapping_add(31));
    }
}
