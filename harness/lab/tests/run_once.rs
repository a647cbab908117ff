//! Run-once applications on a lab: the run of a stack, Stack Deploy's own framework, and a real master between real
//! sockets.
#![allow(clippy::unwrap_used)] // A test that cannot set up its lab has failed.

use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_lab::cluster::ClusterSpec;
use stacklab_lab::deploy::deploy;
use stacklab_lab::{Backing, Lab, LabConfig};
use stacklab_live::mesos::Commands;
use stacklab_live::{Clock, Recorder};
use stacklab_machine::Pace;
use stacklab_machine::timeline::What;
use stacklab_stack::Stack;

async fn run(lab: &Lab, text: &str) -> Result<(), String> {
    let deployed = deploy(lab, Stack::parse(text).unwrap().stack, &BTreeMap::new()).await;
    deployed.map_err(|why| why.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_reach_mesos_through_the_framework() {
    let config = LabConfig {
        cluster: ClusterSpec::default(),
        pace: Pace::FAST,
        seed: 1,
        backing: Backing::default(),
        already_running: Vec::new(),
        commands: Commands::Modelled { runs_for: Some(Duration::from_millis(10)) },
        faults: Vec::new(),
    };
    let recorder = Recorder::new(Clock::new());
    let lab = Lab::start(config, recorder.clone()).await.unwrap();

    // What waits for its time counts as running at once.
    run(&lab, include_str!("../../../fixtures/stacks/scheduled.stack")).await.unwrap();

    // Where no agent matches, there is nothing to run.
    let once = |more: &str| {
        format!(
            "name: s\napplications: {{a: {{type: run-once, id: once, cpu: 0.1, mem: 8, launch_command: 'true', {more}}}}}"
        )
    };
    run(&lab, &once("instances: all, constraints: [[hostname, LIKE, nowhere]]")).await.unwrap();

    // Offers are looked at, and their refusals tell why it does not go on.
    let why = run(&lab, &once("constraints: [[hostname, LIKE, nowhere]]")).await.unwrap_err();
    assert!(why.contains("hostname doesn't match like:nowhere"), "{why}");

    // Tasks are launched, one an offer, and their ends heard of.
    run(&lab, &once("instances: 2")).await.unwrap();
    let launched = recorder.with(|timeline| {
        let ours =
            |what: &What| matches!(what, What::TaskLaunched { name, .. } if name.starts_with("once.127."));
        timeline.events().iter().filter(|event| ours(&event.what)).count()
    });
    assert_eq!(launched, 2);
    lab.stop().await;
}
