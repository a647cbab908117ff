//! `/api/broker/*` as functions on the cluster: parameters in, JSON or an error text out (0.9.2.0).

use std::time::Duration;

use serde_json::{Value, json};

use super::broker::Broker;
use super::cluster::Cluster;
use super::options::is_bind_address;
use super::params::{Params, decimal};
use crate::base::{Constraints, Dialect, Period, Range, TextMap};

/// Which call, as far as it is answered at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// `add`
    Add,
    /// `update`
    Update,
}

/// An accepted `start` or `stop`, whose end is to be waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StartStop {
    /// Brokers, in the order in which they are waited for.
    pub(super) ids: Vec<String>,
    /// Start or stop.
    pub(super) start: bool,
    /// How long each is waited for; zero: not at all.
    pub(super) timeout: Duration,
    /// Whether the executors are to be told to end at once.
    pub(super) force: bool,
}

/// What the parameters of `add` and `update` say; an outer `Some` is a parameter that is there, an empty
/// one unsets.
#[derive(Debug, Default)]
struct Settings {
    cpus: Option<f64>,
    mem: Option<i64>,
    heap: Option<i64>,
    port: Option<Option<Range>>,
    bind_address: Option<Option<String>>,
    stickiness_period: Option<Period>,
    options: Option<TextMap>,
    log4j_options: Option<TextMap>,
    jvm_options: Option<Option<String>>,
    constraints: Option<Constraints>,
    failover_delay: Option<Period>,
    failover_max_delay: Option<Period>,
    failover_max_tries: Option<Option<i32>>,
}

/// Options that the scheduler sets itself.
const OWN_OPTIONS: [&str; 3] = ["broker.id", "port", "zookeeper.connect"];

impl Settings {
    /// Reads all of them; errors come in the order in which the original looks.
    fn read(params: &Params, errors: &mut Vec<String>) -> Self {
        let mut read = Reader { params, errors };
        Self {
            cpus: read.field("cpus", decimal),
            mem: read.field("mem", whole),
            heap: read.field("heap", whole),
            port: read.field("port", |text| unless_empty(text, |text| text.parse().ok())),
            bind_address: read.field("bindAddress", |text| unless_empty(text, bind_address)),
            stickiness_period: read.field("stickinessPeriod", |text| text.parse().ok()),
            options: read.list("options", TextMap::parse_full).map(|options| without_own(&options)),
            log4j_options: read.list("log4jOptions", TextMap::parse),
            jvm_options: params.get("jvmOptions").map(|text| (!text.is_empty()).then(|| text.to_owned())),
            constraints: read.list("constraints", |list| Constraints::parse(list, Dialect::Last)),
            failover_delay: read.field("failoverDelay", |text| text.parse().ok()),
            failover_max_delay: read.field("failoverMaxDelay", |text| text.parse().ok()),
            failover_max_tries: read
                .field("failoverMaxTries", |text| unless_empty(text, |text| text.parse().ok())),
        }
    }

    fn apply(&self, broker: &mut Broker) {
        set(&mut broker.cpus, self.cpus);
        set(&mut broker.mem, self.mem);
        set(&mut broker.heap, self.heap);
        set(&mut broker.port, self.port);
        set(&mut broker.bind_address, self.bind_address.clone());
        set(&mut broker.stickiness.period, self.stickiness_period);
        set(&mut broker.options, self.options.clone());
        set(&mut broker.log4j_options, self.log4j_options.clone());
        set(&mut broker.jvm_options, self.jvm_options.clone());
        set(&mut broker.constraints, self.constraints.clone());
        set(&mut broker.failover.delay, self.failover_delay);
        set(&mut broker.failover.max_delay, self.failover_max_delay);
        set(&mut broker.failover.max_tries, self.failover_max_tries);
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

struct Reader<'a> {
    params: &'a Params,
    errors: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn field<T>(&mut self, name: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.params.read(name, read).unwrap_or_else(|()| {
            self.errors.push(format!("Invalid {name}"));
            None
        })
    }

    fn list<T, E: std::fmt::Display>(
        &mut self,
        name: &str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        match read(self.params.get(name)?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.errors.push(format!("Invalid {name}: {error}"));
                None
            }
        }
    }
}

/// `Some(None)` for an empty text, which unsets.
#[allow(clippy::option_option)]
fn unless_empty<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { read(text).map(Some) }
}

fn whole(text: &str) -> Option<i64> {
    text.parse().ok()
}

fn bind_address(text: &str) -> Option<String> {
    is_bind_address(text).then(|| text.to_owned())
}

fn without_own(options: &TextMap) -> TextMap {
    let mut kept = TextMap::default();
    for (key, value) in options.iter().filter(|(key, _)| !OWN_OPTIONS.contains(key)) {
        kept.insert(key, value.map(str::to_owned));
    }
    kept
}

/// `list`: known brokers among those named.
///
/// # Errors
/// The text of a 400.
pub(super) fn list(cluster: &Cluster, params: &Params) -> Result<Value, String> {
    let ids = cluster.expand(params.get("broker").unwrap_or("*")).map_err(|_| "invalid broker-expr")?;
    Ok(json!({"brokers": documents(cluster, &ids)}))
}

/// `add` and `update`: everything or nothing.
///
/// # Errors
/// The texts of a 400, joined by `; `.
pub(super) fn add_or_update(cluster: &mut Cluster, change: Change, params: &Params) -> Result<Value, String> {
    let mut errors = Vec::new();
    let expression = params.get("broker").unwrap_or_default();
    if expression.is_empty() {
        errors.push("broker required".to_owned());
    }
    let settings = Settings::read(params, &mut errors);
    if !errors.is_empty() {
        return Err(errors.join("; "));
    }
    let ids = cluster.expand(expression).map_err(|_| "invalid broker-expr")?;
    for id in &ids {
        match (change, cluster.broker(id)) {
            (Change::Add, Some(_)) => errors.push(format!("Broker {id} already exists")),
            (Change::Update, None) => errors.push(format!("Broker {id} not found")),
            (Change::Update, Some(broker)) if broker.active => errors.push(format!("Broker {id} is active")),
            _ => {}
        }
    }
    if !errors.is_empty() {
        return Err(errors.join("; "));
    }
    if change == Change::Add {
        cluster.brokers.extend(ids.iter().map(|id| Broker::new(id)));
    }
    for broker in cluster.brokers.iter_mut().filter(|broker| ids.contains(&broker.id)) {
        settings.apply(broker);
    }
    Ok(json!({"brokers": documents(cluster, &ids)}))
}

/// `remove`: brokers that are not wanted, even if their tasks still live.
///
/// # Errors
/// The text of a 400.
pub(super) fn remove(cluster: &mut Cluster, params: &Params) -> Result<Value, String> {
    let expression = params.get("broker").ok_or("broker required")?;
    let ids = cluster.expand(expression).map_err(|_| "invalid broker-expr")?;
    for id in &ids {
        let broker = cluster.broker(id).ok_or_else(|| format!("broker {id} not found"))?;
        if broker.active {
            return Err(format!("broker {id} is active"));
        }
    }
    cluster.brokers.retain(|broker| !ids.contains(&broker.id));
    Ok(json!({"ids": ids.join(",")}))
}

/// `start` and `stop`: sets what is wanted and forgets failures; the waiting is the caller's.
///
/// # Errors
/// The text of a 400.
pub(super) fn start_or_stop(
    cluster: &mut Cluster,
    start: bool,
    params: &Params,
) -> Result<StartStop, String> {
    let timeout =
        params.read("timeout", |text| text.parse::<Period>().ok()).map_err(|()| "invalid timeout")?;
    let force = params.get("force").is_some();
    let expression = params.get("broker").ok_or("broker required")?;
    let ids = cluster.expand(expression).map_err(|_| "invalid broker-expr")?;
    for id in &ids {
        let broker = cluster.broker(id).ok_or_else(|| format!("broker {id} not found"))?;
        if !force && broker.active == start {
            return Err(format!("broker {id} is{} active", if start { "" } else { " not" }));
        }
    }
    for broker in cluster.brokers.iter_mut().filter(|broker| ids.contains(&broker.id)) {
        broker.active = start;
        broker.failover.reset();
    }
    Ok(StartStop {
        ids,
        start,
        timeout: timeout.unwrap_or(Period::seconds(60)).duration(),
        force: force && !start,
    })
}

/// The reply to `start` and `stop` when the waiting is over.
pub(super) fn start_stop_reply(cluster: &Cluster, ids: &[String], status: &str) -> Value {
    json!({"status": status, "brokers": documents(cluster, ids)})
}

fn documents<'a>(cluster: &'a Cluster, ids: &[String]) -> Vec<&'a Broker> {
    ids.iter().filter_map(|id| cluster.broker(id)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::params::params;
    use super::*;
    use crate::base::web::spaced;

    fn cluster() -> Cluster {
        let mut cluster = Cluster::default();
        add_or_update(&mut cluster, Change::Add, &params("broker=0,7")).expect("two brokers");
        cluster.broker_mut("0").expect("broker 0").active = true;
        cluster
    }

    #[test]
    fn reads_every_parameter_of_add() {
        let mut cluster = Cluster::default();
        let query = "broker=70&cpus=0.5&mem=1024&heap=512&port=31250..31260&bindAddress=if:eth1&stickinessPeriod=5m\
                     &options=num.io.threads%3D4,port%3D1,broker.id%3D9&log4jOptions=a%3Db,c&jvmOptions=-Xss1m\
                     &constraints=hostname%3Dunique,rack%3Dlike:r.&failoverDelay=30s&failoverMaxDelay=5m\
                     &failoverMaxTries=3&timeout=10m&unknown=1";
        let reply = add_or_update(&mut cluster, Change::Add, &params(query)).expect("added");
        assert_eq!(
            spaced(&reply),
            concat!(
                r#"{"brokers" : [{"id" : "70", "active" : false, "cpus" : 0.5, "mem" : 1024, "heap" : 512, "#,
                r#""port" : "31250..31260", "bindAddress" : "if:eth1", "#,
                r#""constraints" : "hostname=unique,rack=like:r.", "options" : "num.io.threads=4", "#,
                r#""log4jOptions" : "a=b,c", "jvmOptions" : "-Xss1m", "stickiness" : {"period" : "5m"}, "#,
                r#""failover" : {"delay" : "30s", "maxDelay" : "5m", "maxTries" : 3}}]}"#
            )
        );
        let query =
            "broker=70&port=&bindAddress=&jvmOptions=&failoverMaxTries=&options=&constraints=&log4jOptions=";
        add_or_update(&mut cluster, Change::Update, &params(query)).expect("unset");
        let broker = cluster.broker("70").expect("broker 70");
        let expected = Broker {
            cpus: 0.5,
            mem: 1024,
            heap: 512,
            stickiness: super::super::stickiness::Stickiness::new(Period::minutes(5)),
            failover: super::super::failover::Failover {
                delay: Period::seconds(30),
                max_delay: Period::minutes(5),
                ..Default::default()
            },
            ..Broker::new("70")
        };
        assert_eq!(broker, &expected);
    }

    #[test]
    fn refuses_in_the_originals_words() {
        let cases = [
            ("add", "", "broker required"),
            ("add", "broker=", "broker required"),
            ("add", "broker=a", "invalid broker-expr"),
            ("add", "broker=1&cpus=x", "Invalid cpus"),
            ("add", "broker=1&mem=1.5", "Invalid mem"),
            ("add", "broker=1&heap=", "Invalid heap"),
            ("add", "broker=1&port=2..1", "Invalid port"),
            ("add", "broker=1&bindAddress=ip:x", "Invalid bindAddress"),
            ("add", "broker=1&stickinessPeriod=10min", "Invalid stickinessPeriod"),
            ("add", "broker=1&options=a", "Invalid options: a"),
            ("add", "broker=1&options=a%3Db%5C", "Invalid options: open escaping"),
            ("add", "broker=1&log4jOptions=,", "Invalid log4jOptions: ,"),
            ("add", "broker=1&constraints=hostname", "Invalid constraints: hostname"),
            ("add", "broker=1&constraints=a%3Db", "Invalid constraints: unsupported condition b"),
            ("add", "broker=1&constraints=a%3DgroupBy:x", "Invalid constraints: invalid condition groupBy:x"),
            ("add", "broker=1&failoverDelay=1", "Invalid failoverDelay"),
            ("add", "broker=1&failoverMaxDelay=x", "Invalid failoverMaxDelay"),
            ("add", "broker=1&failoverMaxTries=x", "Invalid failoverMaxTries"),
            (
                "add",
                "cpus=x&options=a&mem=y&failoverDelay=z",
                "broker required; Invalid cpus; Invalid mem; Invalid options: a; Invalid failoverDelay",
            ),
            ("add", "broker=0..7", "Broker 0 already exists; Broker 7 already exists"),
            ("update", "broker=0..1", "Broker 0 is active; Broker 1 not found"),
            ("list", "broker=x", "invalid broker-expr"),
            ("remove", "", "broker required"),
            ("remove", "broker=", "invalid broker-expr"),
            ("remove", "broker=7,8", "broker 8 not found"),
            ("remove", "broker=0", "broker 0 is active"),
            ("start", "timeout=10min", "invalid timeout"),
            ("start", "timeout=10m", "broker required"),
            ("start", "broker=x", "invalid broker-expr"),
            ("start", "broker=1", "broker 1 not found"),
            ("start", "broker=0", "broker 0 is active"),
            ("stop", "broker=7", "broker 7 is not active"),
        ];
        for (call, query, text) in cases {
            let mut changed = cluster();
            let query_params = params(query);
            let error = match call {
                "add" => add_or_update(&mut changed, Change::Add, &query_params).map(drop),
                "update" => add_or_update(&mut changed, Change::Update, &query_params).map(drop),
                "list" => list(&changed, &query_params).map(drop),
                "remove" => remove(&mut changed, &query_params).map(drop),
                _ => start_or_stop(&mut changed, call == "start", &query_params).map(drop),
            };
            assert_eq!(error, Err(text.to_owned()), "{call}?{query}");
            assert_eq!(changed, cluster(), "{call}?{query} changes nothing");
        }
    }

    #[test]
    fn starts_stops_and_removes() {
        let mut cluster = cluster();
        cluster.broker_mut("7").expect("broker 7").failover.failures = 3;
        let started = start_or_stop(&mut cluster, true, &params("broker=7")).expect("started");
        let minute = Duration::from_secs(60);
        assert_eq!(started, StartStop { ids: vec!["7".into()], start: true, timeout: minute, force: false });
        assert_eq!(
            cluster.broker("7").map(|broker| (broker.active, broker.failover.failures)),
            Some((true, 0))
        );
        let stopped =
            start_or_stop(&mut cluster, false, &params("broker=*&timeout=0&force")).expect("stopped");
        let ids = vec!["0".into(), "7".into()];
        assert_eq!(stopped, StartStop { ids, start: false, timeout: Duration::ZERO, force: true });
        assert_eq!(
            start_stop_reply(&cluster, &[], "scheduled").to_string(),
            r#"{"status":"scheduled","brokers":[]}"#
        );
        let removed = remove(&mut cluster, &params("broker=0,7")).expect("removed");
        assert_eq!(spaced(&removed), r#"{"ids" : "0,7"}"#);
        assert_eq!(list(&cluster, &params("")).expect("list").to_string(), r#"{"brokers":[]}"#);
    }
}
