//! A search for traces: its parameters, what they mean, and what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use stacklab_machine::Time;
use stacklab_traces::CORE_ANNOTATIONS;

use super::ApiError;

/// The parameters of a request, looked up by name. An empty value counts as none wherever the original's framework
/// converts it.
#[derive(Debug, Clone, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Out of a decoded query.
    pub const fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The first value of a parameter.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The values of a parameter, where there are several as one text.
    pub fn joined(&self, name: &str) -> Option<String> {
        let values: Vec<&str> =
            self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(","))
    }

    /// A number of 64 bits.
    pub fn long(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.number(name, "java.lang.Long")
    }

    /// A number of 64 bits that must be there.
    pub fn required_long(&self, name: &str) -> Result<i64, ApiError> {
        let text = self.text(name).ok_or_else(|| ApiError::missing(name, "long"))?;
        java_number(text).ok_or_else(|| ApiError::not_a_number(text.trim(), "long"))
    }

    /// A number of 32 bits.
    pub fn int(&self, name: &str) -> Result<Option<i32>, ApiError> {
        self.number(name, "java.lang.Integer")
    }

    fn number<T: TryFrom<i64>>(&self, name: &str, wanted: &str) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name).map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let number = java_number(text).and_then(|number| T::try_from(number).ok());
        number.map(Some).ok_or_else(|| ApiError::not_a_number(text, wanted))
    }
}

/// A number as Spring reads it: decimal, or hexadecimal behind `0x` or `#`, blanks anywhere.
fn java_number(text: &str) -> Option<i64> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.as_str()),
    };
    let hex = ["0x", "0X", "#"].into_iter().find_map(|prefix| digits.strip_prefix(prefix));
    match hex {
        Some(hex) if !hex.starts_with(['+', '-']) => i64::from_str_radix(&format!("{sign}{hex}"), 16).ok(),
        Some(_) => None,
        None => text.parse().ok(),
    }
}

/// What applies when a parameter is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryDefaults {
    /// `QUERY_LOOKBACK`, ms.
    pub lookback: i64,
    /// `CASSANDRA_INDEX_FETCH_MULTIPLIER`: how many index rows are read for each trace wanted.
    pub fetch_multiplier: i32,
}

impl Default for QueryDefaults {
    fn default() -> Self {
        Self { lookback: 86_400_000, fetch_multiplier: 3 }
    }
}

/// Which index leads to the traces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceIndex {
    /// `service_span_name_index`, by `service.span`.
    Span(String),
    /// `service_name_index`, by a service.
    Service(String),
    /// `service_name_index`, by all services there are.
    AllServices,
}

/// A search that is worth carrying out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceQuery {
    /// Where to look first.
    pub index: TraceIndex,
    /// Keys of `annotations_index`, sorted; a trace must be found by each.
    pub annotations: Vec<String>,
    /// First time that counts, ms.
    pub start_ts: i64,
    /// Last time that counts, ms.
    pub end_ts: i64,
    /// How many traces are wanted at most.
    pub limit: usize,
    /// How many rows to read from each index.
    pub index_rows: i32,
}

impl TraceQuery {
    /// Reads the parameters of `/api/v1/traces`. Durations are checked and have no effect: Zipkin 1.14.1 does not
    /// look at them with Cassandra.
    pub fn parse(parameters: &Parameters, now: Time, defaults: QueryDefaults) -> Result<Self, ApiError> {
        let service = parameters.joined("serviceName");
        let span = parameters.joined("spanName").filter(|name| !name.is_empty() && *name != "all");
        let min_duration = parameters.long("minDuration")?;
        let max_duration = parameters.long("maxDuration")?;
        let end_ts = parameters.long("endTs")?.unwrap_or(i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
        let lookback = parameters.long("lookback")?.unwrap_or(defaults.lookback);
        let limit = parameters.int("limit")?.unwrap_or(10);

        // What is no number is found before anything is looked at.
        let (annotations, tags) =
            parse_annotation_query(&parameters.joined("annotationQuery").unwrap_or_default())?;
        require(service.as_deref() != Some(""), || "serviceName was empty".into())?;
        require(end_ts > 0, || format!("endTs should be positive, in epoch microseconds: was {end_ts}"))?;
        require(limit > 0, || format!("limit should be positive: was {limit}"))?;
        check_annotations(&annotations, &tags)?;
        check_durations(min_duration, max_duration)?;

        let service = service.map(|name| name.to_lowercase());
        let index = match (&service, span.map(|name| name.to_lowercase())) {
            (Some(service), Some(span)) => TraceIndex::Span(format!("{service}.{span}")),
            (Some(service), None) => TraceIndex::Service(service.clone()),
            (None, Some(_)) => return Err(ApiError::argument("serviceName required on spanName query")),
            (None, None) => TraceIndex::AllServices,
        };
        Ok(Self {
            index,
            annotations: annotation_keys(service.as_deref(), annotations, tags)?,
            start_ts: end_ts.saturating_sub(lookback.min(end_ts)),
            end_ts,
            limit: limit as usize,
            // As in Java: what overflows is refused by Cassandra, or is another number.
            index_rows: limit.wrapping_mul(defaults.fetch_multiplier),
        })
    }
}

/// Cuts `a and b and k=v` into annotations and tags, as Java's `split` does it.
fn parse_annotation_query(query: &str) -> Result<(Vec<String>, BTreeMap<String, String>), ApiError> {
    let (mut annotations, mut tags) = (Vec::new(), BTreeMap::new());
    if query.is_empty() {
        return Ok((annotations, tags));
    }
    for part in java_split(query, " and ") {
        if !part.contains('=') {
            annotations.push(part.to_owned());
            continue;
        }
        let pair = java_split(part, "=");
        let Some(key) = pair.first() else { return Err(ApiError::index_out_of_bounds(0)) };
        tags.insert((*key).to_owned(), pair.get(1).copied().unwrap_or_default().to_owned());
    }
    Ok((annotations, tags))
}

/// Java's `String.split`: empty parts at the end do not count.
fn java_split<'a>(text: &'a str, by: &str) -> Vec<&'a str> {
    let mut parts: Vec<&str> = text.split(by).collect();
    while parts.last() == Some(&"") {
        parts.pop();
    }
    parts
}

fn require(holds: bool, text: impl FnOnce() -> String) -> Result<(), ApiError> {
    if holds { Ok(()) } else { Err(ApiError::argument(text())) }
}

fn check_annotations(annotations: &[String], tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    for annotation in annotations {
        require(!annotation.is_empty(), || "annotation was empty".into())?;
        require(!CORE_ANNOTATIONS.contains(&annotation.as_str()), || {
            format!("queries cannot be refined by core annotations: {annotation}")
        })?;
    }
    for (key, value) in tags {
        require(!key.is_empty(), || "binary annotation key was empty".into())?;
        require(!value.is_empty(), || format!("binary annotation value for {key} was empty"))?;
    }
    Ok(())
}

fn check_durations(min: Option<i64>, max: Option<i64>) -> Result<(), ApiError> {
    let Some(min) = min else {
        return require(max.is_none(), || "maxDuration is only valid with minDuration".into());
    };
    require(min > 0, || "minDuration must be a positive number of microseconds".into())?;
    require(max.is_none_or(|max| max >= min), || "maxDuration should be >= minDuration".into())
}

fn annotation_keys(
    service: Option<&str>,
    annotations: Vec<String>,
    tags: BTreeMap<String, String>,
) -> Result<Vec<String>, ApiError> {
    if annotations.is_empty() && tags.is_empty() {
        return Ok(Vec::new());
    }
    let Some(service) = service else {
        return Err(ApiError::argument("serviceName needed with annotation query"));
    };
    let plain = annotations.into_iter().map(|annotation| format!("{service}:{annotation}"));
    let keyed = tags.into_iter().map(|(key, value)| format!("{service}:{key}:{value}"));
    let keys: BTreeSet<String> = plain.chain(keyed).collect();
    Ok(keys.into_iter().collect())
}

/// The traces that are in every list, in the order of the first, each once, at most `limit` of them.
pub fn intersect(lists: &[Vec<i64>], limit: usize) -> Vec<i64> {
    let Some((first, others)) = lists.split_first() else { return Vec::new() };
    let others: Vec<BTreeSet<i64>> = others.iter().map(|list| list.iter().copied().collect()).collect();
    let mut seen = BTreeSet::new();
    let found = first.iter().copied();
    found.filter(|id| seen.insert(*id) && others.iter().all(|ids| ids.contains(id))).take(limit).collect()
}

#[cfg(test)]
mod tests {
    use stacklab_machine::http::decode_form;

    use super::*;

    const NOW: Time = Time::SIM_START;

    fn parse(query: &str) -> Result<TraceQuery, ApiError> {
        TraceQuery::parse(&Parameters::new(decode_form(query)), NOW, QueryDefaults::default())
    }

    #[test]
    fn has_the_originals_defaults() {
        let query = parse("").unwrap();
        let now = NOW.as_millis() as i64;
        assert_eq!(
            (query.start_ts, query.end_ts, query.limit, query.index_rows),
            (now - 86_400_000, now, 10, 30)
        );
        assert_eq!(query.index, TraceIndex::AllServices);
        // What the original's page sends.
        let page = parse(
            "annotationQuery=&endTs=1000&limit=10&lookback=3600000&minDuration=&serviceName=Web\
             &sortOrder=duration-desc&spanName=all",
        );
        let page = page.unwrap();
        assert_eq!((page.start_ts, page.end_ts), (0, 1000));
        assert_eq!(page.index, TraceIndex::Service("web".into()));
        assert_eq!(parse("serviceName=W&spanName=GET").unwrap().index, TraceIndex::Span("w.get".into()));
    }

    #[test]
    fn takes_annotation_queries_apart() {
        let query = parse("serviceName=Web&annotationQuery=b and a and http.path=/Index and k=v=w").unwrap();
        assert_eq!(query.annotations, ["web:a", "web:b", "web:http.path:/Index", "web:k:v"]);
    }

    #[test]
    fn refuses_with_the_originals_words() {
        let refused = [
            ("serviceName=", 500, "serviceName was empty"),
            ("spanName=get", 500, "serviceName required on spanName query"),
            ("annotationQuery=a", 500, "serviceName needed with annotation query"),
            ("serviceName=a&annotationQuery=cs", 500, "queries cannot be refined by core annotations: cs"),
            ("serviceName=a&annotationQuery=k%3D", 500, "binary annotation value for k was empty"),
            ("serviceName=a&annotationQuery=%3Dv", 500, "binary annotation key was empty"),
            ("serviceName=a&annotationQuery=%3D", 500, "0"),
            ("minDuration=0", 500, "minDuration must be a positive number of microseconds"),
            ("maxDuration=5", 500, "maxDuration is only valid with minDuration"),
            ("minDuration=9&maxDuration=5", 500, "maxDuration should be >= minDuration"),
            ("endTs=0", 500, "endTs should be positive, in epoch microseconds: was 0"),
            ("limit=0", 500, "limit should be positive: was 0"),
            ("limit=-2", 500, "limit should be positive: was -2"),
        ];
        for (query, status, message) in refused {
            let error = parse(query).unwrap_err();
            assert_eq!((error.status, error.message.as_str()), (status, message), "{query}");
        }
        assert_eq!(parse("limit=x&annotationQuery==").unwrap_err().status, 400);
    }

    #[test]
    fn intersects_in_the_order_of_the_first() {
        assert_eq!(intersect(&[vec![3, 1, 3, 2], vec![1, 2, 3]], 2), [3, 1]);
        assert_eq!(intersect(&[vec![3, 1], vec![1]], 10), [1]);
        assert!(intersect(&[], 10).is_empty());
    }
}
