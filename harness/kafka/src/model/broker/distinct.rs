//! Requests as the original keeps them: in a map from partition to what is wanted of it. So the last word on a
//! partition counts, and a topic without partitions is not there.

use std::collections::BTreeMap;

use crate::codec::{Request, Topic};

/// Takes out of a request what the original does not see.
pub(super) fn distinct(request: &mut Request) {
    match request {
        Request::Produce(request) => keep_last(&mut request.topics, |part| part.partition),
        Request::Fetch(request) => keep_last(&mut request.topics, |part| part.partition),
        Request::Offsets(request) => keep_last(&mut request.topics, |part| part.partition),
        Request::OffsetCommit(request) => keep_last(&mut request.topics, |part| part.partition),
        Request::OffsetFetch(request) => keep_last(&mut request.topics, |part| *part),
        _ => {}
    }
}

fn keep_last<T>(topics: &mut Vec<Topic<T>>, number: impl Fn(&T) -> i32) {
    // What nearly every client sends.
    if let [topic] = &topics[..]
        && topic.partitions.len() == 1
    {
        return;
    }
    let mut places: BTreeMap<String, (usize, BTreeMap<i32, usize>)> = BTreeMap::new();
    let mut kept: Vec<Topic<T>> = Vec::with_capacity(topics.len());
    for topic in topics.drain(..).filter(|topic| !topic.partitions.is_empty()) {
        let (at, parts) = places.entry(topic.name.clone()).or_insert_with(|| (kept.len(), BTreeMap::new()));
        if *at == kept.len() {
            kept.push(Topic { name: topic.name, partitions: Vec::with_capacity(topic.partitions.len()) });
        }
        let into = &mut kept[*at].partitions;
        for part in topic.partitions {
            match parts.get(&number(&part)) {
                Some(place) => into[*place] = part,
                None => {
                    parts.insert(number(&part), into.len());
                    into.push(part);
                }
            }
        }
    }
    *topics = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_word_on_each_partition() {
        let mut topics = vec![
            Topic::new("a", vec![(0, 'a'), (1, 'b'), (0, 'c')]),
            Topic::new("none", vec![]),
            Topic::new("b", vec![(0, 'd')]),
            Topic::new("a", vec![(2, 'e'), (1, 'f')]),
        ];
        keep_last(&mut topics, |(number, _)| *number);
        let expected =
            vec![Topic::new("a", vec![(0, 'c'), (1, 'f'), (2, 'e')]), Topic::new("b", vec![(0, 'd')])];
        assert_eq!(topics, expected);
        let mut topics: Vec<Topic<i32>> = vec![Topic::new("none", vec![])];
        keep_last(&mut topics, |number| *number);
        assert_eq!(topics, []);
    }
}
