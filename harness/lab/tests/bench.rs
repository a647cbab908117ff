//! The figures: each is there and positive, on the least that can be measured.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use stacklab_lab::bench::{BenchMachine, BenchOptions, json, run, table};

#[tokio::test(flavor = "multi_thread")]
async fn measures_every_figure() {
    let stacks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/stacks");
    let options = BenchOptions {
        traces: 5,
        simulate: Duration::from_millis(5),
        warm_up: Duration::from_millis(10),
        window: Duration::from_millis(20),
        ..BenchOptions::new(stacks)
    };
    let mut reported = Vec::new();
    let figures =
        run(options, |figure| reported.push(figure.clone())).await.expect("everything can be measured");
    assert_eq!(reported, figures);
    let units: Vec<_> = figures.iter().map(|figure| figure.unit).collect();
    let data_plane = ["msgs/s", "msgs/s", "ops/s", "ops/s", "ops/s", "ops/s", "ops/s", "ops/s"];
    assert_eq!(units, [&["s", "MB", "deployments/s"], data_plane.as_slice()].concat());
    let names: BTreeSet<_> = figures.iter().map(|figure| &figure.name).collect();
    assert_eq!(names.len(), figures.len());
    for figure in &figures {
        let told = figure.unit != "MB" || cfg!(target_os = "linux");
        assert!(!told || figure.value > 0.0, "{figure:?}");
    }
    let machine = BenchMachine::here();
    let (text, json) = (table(&machine, &figures), json(&machine, &figures).expect("it can be written"));
    assert!(names.iter().all(|name| text.contains(*name) && json.contains(*name)), "{text}\n{json}");
}
