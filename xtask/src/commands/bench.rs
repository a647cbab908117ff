//! `cargo xtask bench`.

use std::collections::{BTreeMap, BTreeSet};

use stacklab_lab::Backing;
use stacklab_lab::bench::{BenchMachine, BenchOptions, json, run, table};
use stacklab_lab::exit::ExitCode;
use stacklab_live::Part;

use super::Failed;
use crate::flags::Bench;
use crate::paths;

/// Measures, and prints the figures.
pub(crate) async fn bench(flags: Bench) -> Result<ExitCode, Failed> {
    if cfg!(debug_assertions) {
        eprintln!("this is not a release build: cargo run --release -p xtask -- bench");
    }
    let real: BTreeSet<Part> = if flags.real { Part::ALL.into() } else { BTreeSet::new() };
    let tell = |line: &str| eprintln!("{line}");
    let real = Backing::prepare(&real, &BTreeMap::new(), &paths::images(), &tell).await;
    let real = real.map_err(Failed::environment)?;
    let options = BenchOptions { real, ..BenchOptions::new(paths::stacks()) };
    let measured = run(options, |figure| eprintln!("{}", figure.name)).await;
    let machine = BenchMachine::here();
    let figures = measured.map_err(Failed::environment)?;
    if flags.json {
        println!("{}", json(&machine, &figures).map_err(Failed::environment)?);
    } else {
        println!("{}", table(&machine, &figures));
    }
    Ok(ExitCode::AsExpected)
}
