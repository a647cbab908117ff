//! All flags of all commands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use stacklab_live::Part;

/// stacklab: a whole Mesos data stack on one machine, simulated and tested end to end.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_version_flag = true, after_help = EXITS)]
pub(crate) struct Flags {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXITS: &str =
    "Exit codes: 0 verdict as expected, 1 verdict not as expected, 2 bad input, 3 environment";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Deploy scenarios on a cluster, send traces through them, compare what a person would see with the snapshots
    E2e(E2e),
    /// Run a failure again, say why it fails, and cure it
    Repro(Repro),
    /// Say what a cause is: what happens, why, how to see it, what to do
    Explain(Explain),
    /// Make a failing scenario smaller, as long as it fails for the same cause
    Minimise(Minimise),
    /// Start a cluster with nothing deployed, print its addresses, and keep it until Ctrl-C
    Up(Up),
    /// Deploy a stack in virtual time, once for each seed
    Sim(Sim),
    /// Measure speed and memory
    Bench(Bench),
    /// Build the images of the real services, as far as they are missing
    Images(Images),
    /// Remove what killed runs left in the Docker engine
    Down(Down),
    /// Say what this machine has of what the real services need, and what is missing
    Doctor(Doctor),
}

const E2E_EXAMPLES: &str = "\
Examples:
  cargo xtask e2e                                    every scenario
  cargo xtask e2e zipkin-full --keep                 one, and look around afterwards
  cargo xtask e2e path/to/my.yaml                    a scenario file of your own
  cargo xtask e2e --backend sim                      every scenario in virtual time
  cargo xtask e2e --list                             what scenarios there are
  cargo xtask e2e --stack my.stack --var zk_url={zk} a stack file of your own ({zk} is the lab's ZooKeeper)
  cargo xtask e2e zipkin-full --bless                take what is seen now as right
  cargo xtask e2e --backend docker                   with the real services, in containers
  cargo xtask e2e zipkin-full --real kafka,zookeeper with some of them real
  cargo xtask e2e --matrix                           zipkin-full with every choice of real services

Exit codes: 0 verdict as expected, 1 verdict not as expected, 2 bad input, 3 environment";

/// `e2e`.
#[derive(Debug, Args)]
#[command(after_help = E2E_EXAMPLES)]
pub(crate) struct E2e {
    /// Scenarios by name, or the path of a scenario file; all if none is given
    pub(crate) scenarios: Vec<String>,
    /// List the scenarios and run nothing
    #[arg(long)]
    pub(crate) list: bool,
    /// Run this stack file instead of a scenario
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scenarios", "bless"])]
    pub(crate) stack: Option<PathBuf>,
    /// Give the run a variable; {zk} in the value is the address of the lab's ZooKeeper
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) variables: Vec<(String, String)>,
    /// Where the services come from
    #[arg(long, value_enum, default_value_t = Backend::Embedded)]
    pub(crate) backend: Backend,
    /// On the embedded backend: run these services for real, in containers [zookeeper, kafka, cassandra, zipkin]
    #[arg(long, value_name = "SERVICE,…", value_delimiter = ',', value_parser = part)]
    pub(crate) real: Vec<Part>,
    /// Run a service from an image of your own
    #[arg(long = "image", value_name = "SERVICE=REPOSITORY:TAG", value_parser = image)]
    pub(crate) images: Vec<(Part, String)>,
    /// Run zipkin-full sixteen times: with every choice of real and embedded services
    #[arg(long, conflicts_with_all = ["scenarios", "stack", "backend", "real", "bless", "keep", "list"])]
    pub(crate) matrix: bool,
    /// How fast those waits pass that are only there to be lived through
    #[arg(long, value_enum, default_value_t = PaceName::Fast)]
    pub(crate) pace: PaceName,
    /// Where ids and ports come from
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Write the snapshots anew instead of comparing with them
    #[arg(long)]
    pub(crate) bless: bool,
    /// Keep the cluster until Ctrl-C
    #[arg(long)]
    pub(crate) keep: bool,
    /// How many scenarios run at a time
    #[arg(long, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<usize>,
    /// Print the result as JSON, one line a scenario
    #[arg(long)]
    pub(crate) json: bool,
    /// Leave timeline, diagnosis, logs and difference in this folder, one folder a scenario
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
}

/// `repro`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cargo xtask repro leftover-exhibitor-znode          what happened, the evidence, what to do
  cargo xtask repro leftover-exhibitor-znode --cure   and then does it: the stack is deployed
  cargo xtask repro target/stacklab/my-scenario-1-1   the run that left this folder, with its seed and backend

Exit codes: 0 the same cause (and cured, with --cure), 1 another one, 2 bad input, 3 environment")]
pub(crate) struct Repro {
    /// The folder that a run left, a scenario's name, or the path of its file
    #[arg(value_name = "DIR|SCENARIO")]
    pub(crate) what: String,
    /// Then do the scenario's cure, after which the stack must be deployed
    #[arg(long)]
    pub(crate) cure: bool,
    /// Another backend than it ran on
    #[arg(long, value_enum)]
    pub(crate) backend: Option<Backend>,
    /// Another pace than it ran at
    #[arg(long, value_enum)]
    pub(crate) pace: Option<PaceName>,
    /// Another seed than it had
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cargo xtask explain SL0001
  cargo xtask explain leftover-exhibitor-znode
  cargo xtask explain --list")]
pub(crate) struct Explain {
    /// A cause's number or name; all are listed if none is given
    pub(crate) cause: Option<String>,
    /// List all causes
    #[arg(long)]
    pub(crate) list: bool,
    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `minimise`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  cargo xtask minimise my-scenario.yaml --output small   writes small/my-scenario-small.yaml and its stack")]
pub(crate) struct Minimise {
    /// The folder that a run left, a scenario's name, or the path of its file
    #[arg(value_name = "DIR|SCENARIO")]
    pub(crate) what: String,
    /// Where the smaller scenario is written; target/stacklab/minimised by default
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Another seed than it had
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Print what is left as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `up`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cargo xtask up --json
  cargo xtask up --production   Stack Deploy with users, and its data in a Cassandra of the lab")]
pub(crate) struct Up {
    /// How many agents, of 4 cpus and 16 GB each
    #[arg(long, default_value_t = 3)]
    pub(crate) agents: usize,
    /// How fast those waits pass that are only there to be lived through; fast by default, but real with
    /// --allow-commands, as real processes are not up before the first health check otherwise
    #[arg(long, value_enum)]
    pub(crate) pace: Option<PaceName>,
    /// Where ids and ports come from
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Run commands that no program of the lab plays as processes of this machine, under your user
    #[arg(long)]
    pub(crate) allow_commands: bool,
    /// Print the addresses as JSON instead of export lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Start Stack Deploy in production mode instead of developer mode
    #[arg(long)]
    pub(crate) production: bool,
    /// Play those faults of Stack Deploy, too, that only make it hard to use
    #[arg(long)]
    pub(crate) faithful: bool,
}

const SIM_EXAMPLES: &str = "\
Examples:
  cargo xtask sim --seeds 0..1000                        zipkin-full with a thousand seeds, and the rate
  cargo xtask sim --seed 7                               that run's timeline, one event a line
  cargo xtask sim --stack my.stack --var name=value      a stack file of your own
  cargo xtask sim --faults all --seeds 0..2000           random faults, and invariants after every event
  cargo xtask sim --faults lose-agent,cut-link           only these
  cargo xtask sim --faults all --seed 7                  that run's plan, and its timeline";

/// `sim`.
#[derive(Debug, Args)]
#[command(after_help = SIM_EXAMPLES)]
pub(crate) struct Sim {
    /// The stack file; zipkin-full by default
    #[arg(long, value_name = "FILE")]
    pub(crate) stack: Option<PathBuf>,
    /// Give the run a variable; {zk} in the value is the address of the platform's ZooKeeper
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) variables: Vec<(String, String)>,
    /// Run all seeds of a range
    #[arg(long, value_name = "FROM..TO", value_parser = seeds, conflicts_with = "seed", default_value = "0..100")]
    pub(crate) seeds: std::ops::Range<u64>,
    /// Run one seed and print its timeline
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Let things go wrong at random: all kinds of faults, or these
    #[arg(long, value_name = "all|KIND,…", value_delimiter = ',', value_parser = fault_kind)]
    pub(crate) faults: Vec<String>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bench`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cargo run --release -p xtask -- bench
  cargo run --release -p xtask -- bench --real   the real services beside ours, and how many times as fast ours are")]
pub(crate) struct Bench {
    /// Measure the real services as well, in containers, with the same clients and the same work
    #[arg(long)]
    pub(crate) real: bool,
    /// Print the figures as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `images`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cargo xtask images --service kafka,zookeeper")]
pub(crate) struct Images {
    /// Only these [zookeeper, kafka, cassandra, zipkin]
    #[arg(long, value_name = "SERVICE,…", value_delimiter = ',', value_parser = part)]
    pub(crate) service: Vec<Part>,
    /// Print names and sizes as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `down`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cargo xtask down --images   everything that can be made again")]
pub(crate) struct Down {
    /// Also what belongs to runs that go on, here or in another container
    #[arg(long)]
    pub(crate) all: bool,
    /// Also the images that were built
    #[arg(long)]
    pub(crate) images: bool,
    /// Print how much was removed as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Exit code 0 if the docker backend can run, 3 if not")]
pub(crate) struct Doctor {
    /// Print what was found as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where the services come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// In this process, wire-compatible
    Embedded,
    /// The real ones, in containers
    Docker,
    /// Modelled, in virtual time
    Sim,
}

impl From<Backend> for stacklab_lab::scenario::Backend {
    fn from(name: Backend) -> Self {
        match name {
            Backend::Embedded => Self::Embedded,
            Backend::Docker => Self::Docker,
            Backend::Sim => Self::Sim,
        }
    }
}

/// How fast waits pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PaceName {
    /// A two-hundredth of the originals' durations
    Fast,
    /// The originals' durations
    Real,
}

impl From<PaceName> for stacklab_machine::Pace {
    fn from(name: PaceName) -> Self {
        match name {
            PaceName::Fast => Self::FAST,
            PaceName::Real => Self::REAL,
        }
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("variables are expected in NAME=VALUE form")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn part(text: &str) -> Result<Part, String> {
    text.parse()
}

fn image(text: &str) -> Result<(Part, String), String> {
    let (name, reference) =
        text.split_once('=').ok_or("an image is expected in SERVICE=REPOSITORY:TAG form")?;
    if reference.is_empty() {
        return Err(format!("no image is named for {name}"));
    }
    Ok((name.parse()?, reference.to_owned()))
}

fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs) if (1..=64).contains(&jobs) => Ok(jobs),
        _ => Err(format!("{text} is no number from 1 to 64")),
    }
}

fn fault_kind(text: &str) -> Result<String, String> {
    let known = stacklab_lab::sim::drawn_kinds();
    if text == "all" || known.contains(&text) {
        return Ok(text.to_owned());
    }
    let near = stacklab_faults::near(text, known.iter().copied());
    let hint = if near.is_empty() { known.join(", ") } else { format!("is {} meant?", near.join(" or ")) };
    Err(format!("{text} is no kind of fault that a simulation draws: {hint}"))
}

fn seeds(text: &str) -> Result<std::ops::Range<u64>, String> {
    let bad = || format!("{text} is no range: FROM..TO, such as 0..1000");
    let (from, to) = text.split_once("..").ok_or_else(bad)?;
    let (from, to) = (from.parse().map_err(|_| bad())?, to.parse().map_err(|_| bad())?);
    if from < to { Ok(from..to) } else { Err(format!("{text} is empty")) }
}
