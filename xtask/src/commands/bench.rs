//! `cargo xtask bench`.

use stacklab_lab::bench::{BenchMachine, BenchOptions, json, run, table};
use stacklab_lab::exit::ExitCode;

use super::Failed;
use crate::flags::Bench;
use crate::paths;

/// Measures, and prints the figures.
pub(crate) async fn bench(flags: Bench) -> Result<ExitCode, Failed> {
    if cfg!(debug_assertions) {
        eprintln!("this is not a release build: cargo run --release -p xtask -- bench");
    }
    let measured = run(BenchOptions::new(paths::stacks()), |figure| eprintln!("{}", figure.name)).await;
    let machine = BenchMachine::here();
    let figures = measured.map_err(Failed::environment)?;
    if flags.json {
        println!("{}", json(&machine, &figures).map_err(Failed::environment)?);
    } else {
        println!("{}", table(&machine, &figures));
    }
    Ok(ExitCode::AsExpected)
}
