//! Links between services, as a job of its own counts them day by day and Zipkin sums them up.

use serde::{Deserialize, Serialize};
use stacklab_traces::thrift::{Fault, Reader, Writer, kind};
use stacklab_traces::{DecodeError, JsonOut};

const DAY: i64 = 86_400_000;
/// Days that one request covers at most; the original sets no bound.
const MAX_DAYS: i64 = 3660;

/// How often one service called another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DependencyLink {
    /// Who called.
    pub parent: String,
    /// Who was called.
    pub child: String,
    /// How often.
    pub call_count: i64,
}

/// The UTC midnights (ms) of the days from `end_ts − lookback` to `end_ts`, at most ten years of them.
pub fn dependency_days(end_ts: i64, lookback: i64) -> Vec<i64> {
    let to = end_ts.div_euclid(DAY);
    let from = end_ts.saturating_sub(lookback).div_euclid(DAY).max(to.saturating_sub(MAX_DAYS));
    (from..=to).map(|day| day * DAY).collect()
}

/// Sums up the links of several days, in the order in which pairs first appear.
pub fn merge_links(links: impl IntoIterator<Item = DependencyLink>) -> Vec<DependencyLink> {
    let mut merged: Vec<DependencyLink> = Vec::new();
    for link in links {
        let same = merged.iter_mut().find(|other| other.parent == link.parent && other.child == link.child);
        match same {
            Some(other) => other.call_count = other.call_count.saturating_add(link.call_count),
            None => merged.push(link),
        }
    }
    merged
}

/// Reads the blob of one day.
pub fn decode_dependencies(blob: &[u8]) -> Result<Vec<DependencyLink>, DecodeError> {
    let mut reader = Reader::new(blob);
    let mut links = Vec::new();
    let mut read = || -> Result<(), Fault> {
        while let Some(field) = reader.field()? {
            match field {
                (kind::LIST, 3) => links = reader.list(read_link)?,
                (other, _) => reader.skip(other)?,
            }
        }
        Ok(())
    };
    read().map_err(|fault| fault.reading("Dependencies"))?;
    Ok(links)
}

fn read_link(reader: &mut Reader<'_>) -> Result<DependencyLink, Fault> {
    let (mut parent, mut child, mut calls) = (None, None, None);
    while let Some(field) = reader.field()? {
        match field {
            (kind::STRING, 1) => parent = Some(reader.text()?),
            (kind::STRING, 2) => child = Some(reader.text()?),
            (kind::I64, 4) => calls = Some(reader.i64()?),
            (other, _) => reader.skip(other)?,
        }
    }
    Ok(DependencyLink {
        parent: parent.ok_or(Fault::missing("parent"))?.to_lowercase(),
        child: child.ok_or(Fault::missing("child"))?.to_lowercase(),
        call_count: calls.ok_or(Fault::missing("Error"))?,
    })
}

/// Writes the blob of one day: times in ms, links.
pub fn encode_dependencies(start_ts: i64, end_ts: i64, links: &[DependencyLink]) -> Vec<u8> {
    let mut out = Writer::new();
    out.i64(1, start_ts);
    out.i64(2, end_ts);
    out.list(3, links, |out, link| {
        out.string(1, link.parent.as_bytes());
        out.string(2, link.child.as_bytes());
        out.i64(4, link.call_count);
    });
    out.stop();
    out.into_bytes()
}

/// The answer of `/api/v1/dependencies`.
pub fn write_json_links(links: &[DependencyLink]) -> String {
    let mut out = JsonOut::default();
    for (index, link) in links.iter().enumerate() {
        out.push_str(if index == 0 { "[{\"parent\":" } else { ",{\"parent\":" });
        out.push_text(&link.parent);
        out.push_str(",\"child\":");
        out.push_text(&link.child);
        out.push_str(&format!(",\"callCount\":{}}}", link.call_count));
    }
    out.push_str(if links.is_empty() { "[]" } else { "]" });
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(parent: &str, child: &str, call_count: i64) -> DependencyLink {
        DependencyLink { parent: parent.into(), child: child.into(), call_count }
    }

    #[test]
    fn counts_days() {
        assert_eq!(dependency_days(DAY + 5, 10), [0, DAY]);
        assert_eq!(dependency_days(DAY + 5, 5), [DAY]);
        assert_eq!(dependency_days(0, DAY), [-DAY, 0]);
        assert_eq!(dependency_days(i64::MAX, i64::MAX).len(), MAX_DAYS as usize + 1);
    }

    #[test]
    fn reads_back_sums_and_shows() {
        let links = vec![link("web", "db", 10), link("web", "cache", 1)];
        let blob = encode_dependencies(0, DAY, &links);
        assert_eq!(decode_dependencies(&blob), Ok(links.clone()));
        assert!((1..blob.len()).all(|end| decode_dependencies(&blob[..end]).is_err()));
        let merged = merge_links(links.into_iter().chain([link("web", "db", 2)]));
        assert_eq!(
            write_json_links(&merged),
            "[{\"parent\":\"web\",\"child\":\"db\",\"callCount\":12},\
             {\"parent\":\"web\",\"child\":\"cache\",\"callCount\":1}]"
        );
    }
}
