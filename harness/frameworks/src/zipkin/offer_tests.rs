//! Which offers are taken, with which ports, and the words for the others.

use crate::base::Scheduler;
use crate::kafka::rig::Rig;

use super::ZipkinScheduler;

const LINE: &str = "--api http://master:31500 --master m:5050";
const FILES: [&str; 6] = [
    "zipkin-mesos-0.1.jar",
    "zipkin-collector-service-1.14.1-all.jar",
    "zipkin-query-service-1.14.1-all.jar",
    "zipkin-web-1.14.1-all.jar",
    "zipkin-deps/",
    "zipkin-deps/zipkin-web-resources-1.14.1.tar.gz",
];

/// What becomes of one offer for one waiting web: its ports, or the reason.
fn outcome(parameters: &str, resources: &str) -> String {
    let mut rig = Rig::<Scheduler<ZipkinScheduler>>::scheduler(LINE, &FILES);
    rig.begin();
    rig.get(&format!("/api/web/add?id=0&{parameters}"));
    rig.get("/api/web/start?id=0");
    let told = rig.offers(&format!("O1 slave0 {resources}"));
    let accepted = told.lines().find_map(|line| line.strip_prefix("ACCEPT O1 for "));
    let declined = told.lines().find_map(|line| line.strip_prefix("log Declined offer: "));
    let reason = declined.and_then(|line| line.rsplit("; ").next()).unwrap_or_default();
    accepted.map_or_else(
        || reason.to_owned(),
        |taken| taken.rsplit("ports:").next().unwrap_or_default().to_owned(),
    )
}

#[test]
fn ports_as_the_original_counts_them() {
    for (parameters, ports, expected) in [
        ("", "31000-32000", "[31000-31001] for 1 s"),
        ("port=31983", "31000-32000", "[31000-31000, 31983-31983] for 1 s"),
        ("port=31983&adminPort=31500", "31000-32000", "[31500-31500, 31983-31983] for 1 s"),
        // Above the main port in the same range: never found, although both are free.
        ("port=31983&adminPort=31984", "31000-32000", "web instance 0: no suitable port"),
        ("port=31983&adminPort=31984", "31000-31983,31984-32000", "web instance 0: no suitable port"),
        ("port=31000&adminPort=31001", "31000-32000", "[31000-31001] for 1 s"),
        ("port=31983&adminPort=32500", "31000-32000,32500-32600", "[31983-31983, 32500-32500] for 1 s"),
        ("port=8080", "31000-32000", "web instance 0: no suitable port"),
        ("", "31000-31000", "web instance 0: no suitable port"),
        ("port=31100..31200,31050", "31000-32000", "[31000-31000, 31100-31100] for 1 s"),
    ] {
        assert_eq!(
            outcome(parameters, &format!("cpus:4;mem:4096;ports:[{ports}]")),
            expected,
            "{parameters}"
        );
    }
}

#[test]
fn words_of_refusal() {
    for (parameters, offer, expected) in [
        ("cpu=0.5", "cpus:0.3;mem:4096;ports:[31000-32000]", "web instance 0: cpus 0.3 < 0.5"),
        ("cpu=0.5", "mem:4096;ports:[31000-32000]", "web instance 0: no cpus"),
        ("mem=256", "cpus:4;mem:200;ports:[31000-32000]", "web instance 0: mem 200.0 < 256.0"),
        ("constraints=rack%3Dlike:r1", "cpus:4;mem:4096;ports:[31000-32000]", "web instance 0: no rack"),
        (
            "constraints=rack%3Dlike:r1",
            "cpus:4;mem:4096;ports:[31000-32000] rack:r2",
            "web instance 0: rack doesn't match like:r1",
        ),
        // Several complaints: the first in this order.
        ("cpu=9&mem=9999&port=1", "cpus:1;mem:1;ports:[31000-32000]", "web instance 0: no suitable port"),
    ] {
        assert_eq!(outcome(parameters, offer), expected, "{parameters}");
    }
}

#[test]
fn unique_hosts_are_never_enforced() {
    let mut rig = Rig::<Scheduler<ZipkinScheduler>>::scheduler(LINE, &FILES);
    rig.begin();
    rig.get("/api/web/add?id=0..1&constraints=hostname%3Dunique");
    rig.get("/api/web/start?id=*");
    for _ in 0..2 {
        assert!(rig.offers("O1 slave0 cpus:4;mem:4096;ports:[31000-32000]").contains("ACCEPT"));
    }
    let told = rig.offers("O1 slave0 cpus:4;mem:4096;ports:[31000-32000]");
    assert!(
        told.contains(
            "log Declined offer: all collector instances are running; all query instances are running; \
             all web instances are running"
        ),
        "{told}"
    );
}
