//! Exploring finds nothing in what is sound, and what is planted.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::cluster::ClusterSpec;
use stacklab_stack::Stack;

fn exploration(bounds: Bounds) -> Exploration {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/stacks/zipkin-full.stack");
    #[allow(clippy::disallowed_methods)]
    let text = std::fs::read_to_string(path).unwrap();
    let base = Simulation {
        cluster: ClusterSpec::default(),
        stack: Stack::parse(&text).unwrap().stack,
        already_running: Vec::new(),
        variables: BTreeMap::from([("zk_url".to_owned(), "{zk}".to_owned())]),
        seed: 0,
        faults: Vec::new(),
        recording: true,
        limit: Duration::from_secs(3600),
    };
    Exploration::new(&base, bounds).unwrap()
}

#[test]
#[ignore]
fn scan() {
    let from: u64 = std::env::var("FROM").unwrap().parse().unwrap();
    let to: u64 = std::env::var("TO").unwrap().parse().unwrap();
    let exploration = exploration(Bounds::default());
    println!("{:?}", exploration.ordinary());
    let mut endings: BTreeMap<String, u32> = BTreeMap::new();
    let started = std::time::Instant::now();
    for seed in from..to {
        match exploration.run(seed) {
            Ok(ending) => *endings.entry(format!("{ending:?}")).or_default() += 1,
            Err(violation) => {
                *endings.entry(violation.invariant.to_owned()).or_default() += 1;
                println!("seed {seed}: {} {}", violation.invariant, violation.text);
                for fault in &violation.plan {
                    println!("    {}", serde_json::to_string(fault).unwrap());
                }
                std::fs::write(format!("/tmp/faults-out/{seed}.jsonl"), violation.timeline.to_json_lines())
                    .unwrap();
            }
        }
        if seed % 10 == 9 {
            println!("{seed} {:?} {endings:?}", started.elapsed());
        }
    }
    println!("{:?} {endings:#?}", started.elapsed());
}
