//! `cargo xtask up`.

use std::net::IpAddr;

use serde_json::json;
use stacklab_lab::cluster::{AgentSpec, ClusterSpec};
use stacklab_lab::exit::ExitCode;
use stacklab_lab::scenario::Already;
use stacklab_lab::{Addresses, Backing, Commands, Lab, LabConfig};
use stacklab_live::{Clock, Recorder};
use stacklab_once::OnceConfig;
use stacklab_stack::server::{Mode, ServerConfig};
use stacklab_stack_deploy::server::{self, CassandraConfig, Ground, Started};

use super::Failed;
use crate::flags::{PaceName, Up};
use crate::interrupt::until_interrupted;

/// Keeps an empty cluster with a Stack Deploy server until Ctrl-C.
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
        already_running: if flags.production { vec![Already::Cassandra] } else { Vec::new() },
        pace: pace.into(),
        seed: flags.seed,
        backing: Backing::embedded(),
        commands: commands(flags.allow_commands),
        faults: Vec::new(),
    };
    let lab = Lab::start(config, Recorder::new(Clock::new())).await.map_err(Failed::environment)?;
    let stack_deploy = start_stack_deploy(&lab, &flags).await?;
    let addresses = lab.addresses();
    if flags.json {
        println!("{}", as_json(addresses, &stack_deploy));
    } else {
        let StackDeploy { api, user, key, .. } = &stack_deploy;
        println!("{}", exports(addresses));
        println!("export SD_API={api}\nexport SD_USER={user}\nexport SD_KEY={key}");
        eprintln!("{}", example(addresses));
    }
    eprintln!("the cluster stays until Ctrl-C");
    until_interrupted().await;
    stack_deploy.started.running.kill().await;
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

/// The port of the original.
const STACK_DEPLOY_PORT: u16 = 4200;

/// A Stack Deploy server, and what its clients have to be told.
struct StackDeploy {
    started: Started,
    /// `host:port`.
    api: String,
    user: &'static str,
    key: String,
}

/// Starts a Stack Deploy server on the lab's own address.
async fn start_stack_deploy(lab: &Lab, flags: &Up) -> Result<StackDeploy, Failed> {
    let addresses = lab.addresses();
    let master = addresses.master.trim_start_matches("http://");
    let host = master.split(':').next().unwrap_or_default();
    let address: IpAddr = host.parse().map_err(Failed::environment)?;
    let mut config = ServerConfig::new(if flags.production { Mode::Production } else { Mode::Developer });
    config.faithful = flags.faithful;
    config.port = STACK_DEPLOY_PORT;
    config.marathon_url.clone_from(&addresses.marathon);
    config.pace = lab.pace();
    config.master = master.to_owned();
    config.storage = format!("zk:{}/stack-deploy", addresses.zookeeper);
    config.cassandra = addresses.cassandra.clone().unwrap_or_default();
    let ground = Ground {
        recorder: lab.recorder().clone(),
        names: lab.names().clone(),
        cassandra: CassandraConfig::default(),
        framework: Some(OnceConfig { user: "root".into(), pace: lab.pace(), ..OnceConfig::new(master) }),
    };
    let started = server::start(address, config, &ground).await;
    let mut started = started.map_err(|why| Failed::environment(anyhow::anyhow!("Stack Deploy: {why}")))?;
    let key = started.admin_key();
    let user = if key.is_some() { "admin" } else { "" };
    let api = format!("{address}:{STACK_DEPLOY_PORT}");
    Ok(StackDeploy { started, api, user, key: key.unwrap_or_default() })
}

fn example(addresses: &Addresses) -> String {
    let zookeeper = &addresses.zookeeper;
    let program = "cargo run --bin stack-deploy --";
    format!(
        "deploy a stack with\n  {program} add --file fixtures/stacks/zipkin-full.stack\n  \
         {program} run zipkin-full --var zk_url={zookeeper}"
    )
}

fn as_json(addresses: &Addresses, stack_deploy: &StackDeploy) -> serde_json::Value {
    json!({
        "stack_deploy": stack_deploy.api,
        "stack_deploy_user": stack_deploy.user,
        "stack_deploy_key": stack_deploy.key,
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
