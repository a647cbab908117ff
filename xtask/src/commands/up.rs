//! `cargo xtask up`.

use serde_json::json;
use stacklab_lab::cluster::{AgentSpec, ClusterSpec};
use stacklab_lab::exit::ExitCode;
use stacklab_lab::{Addresses, Backing, Commands, Lab, LabConfig};
use stacklab_live::{Clock, Recorder};

use super::Failed;
use crate::flags::{PaceName, Up};
use crate::interrupt::until_interrupted;

/// Keeps an empty cluster until Ctrl-C.
pub(crate) async fn up(flags: Up) -> Result<ExitCode, Failed> {
    let agents = vec![AgentSpec { count: flags.agents, ..AgentSpec::default() }];
    let cluster = ClusterSpec { agents, ..ClusterSpec::default() };
    if let Some(problem) = cluster.problem() {
        return Err(Failed::input(anyhow::anyhow!(problem)));
    }
    let usual = if flags.allow_commands { PaceName::Real } else { PaceName::Fast };
    let pace = flags.pace.unwrap_or(usual);
    let config = LabConfig {
        cluster,
        already_running: Vec::new(),
        pace: pace.into(),
        seed: flags.seed,
        backing: Backing::embedded(),
        commands: commands(flags.allow_commands),
    };
    let lab = Lab::start(config, Recorder::new(Clock::new())).await.map_err(Failed::environment)?;
    let addresses = lab.addresses();
    if flags.json {
        println!("{}", as_json(addresses));
    } else {
        println!("{}", exports(addresses));
    }
    eprintln!("the cluster stays until Ctrl-C");
    until_interrupted().await;
    lab.stop().await;
    Ok(ExitCode::AsExpected)
}

/// Real processes have their sandboxes in a folder of this process, which stays.
fn commands(allowed: bool) -> Commands {
    if !allowed {
        return Commands::default();
    }
    Commands::Real { folder: std::env::temp_dir().join(format!("stacklab-sandboxes-{}", std::process::id())) }
}

fn as_json(addresses: &Addresses) -> serde_json::Value {
    json!({
        "zookeeper": addresses.zookeeper,
        "master": addresses.master,
        "marathon": addresses.marathon,
        "agents": addresses.agents,
    })
}

/// The addresses as lines for a shell.
pub(crate) fn exports(addresses: &Addresses) -> String {
    let mut lines = vec![
        format!("export STACKLAB_ZOOKEEPER={}", addresses.zookeeper),
        format!("export STACKLAB_MESOS={}", addresses.master),
        format!("export STACKLAB_MARATHON={}", addresses.marathon),
        format!("export STACKLAB_AGENTS={}", addresses.agents.join(",")),
    ];
    let own = [("KAFKA", &addresses.kafka), ("CASSANDRA", &addresses.cassandra)];
    let own = own.into_iter().filter_map(|(name, address)| Some((name, address.as_ref()?)));
    lines.extend(own.map(|(name, address)| format!("export STACKLAB_{name}={address}")));
    lines.join("\n")
}
