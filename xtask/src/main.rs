//! The command line of stacklab: `cargo xtask …`. What it does is in stacklab-lab.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the command line")]

mod commands;
mod feature;
mod flags;
mod interrupt;
mod paths;

use clap::Parser;
use stacklab_lab::exit::ExitCode;

use crate::flags::{Command, Flags};

/// A simulation consists of small allocations to a good part.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    let flags = Flags::parse();
    if !feature::DOCKER && feature::needs_docker(&flags.command) {
        return feature::again_with_docker().unwrap_or_else(|failed| failed.shown());
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(why) => {
            eprintln!("error: cannot start: {why}");
            return ExitCode::Environment.code().into();
        }
    };
    runtime.spawn(interrupt::listen());
    let exit = runtime.block_on(async {
        tokio::select! {
            exit = run(flags.command) => exit,
            // Everything that runs ends with its owner: nothing is left behind.
            () = interrupt::stopped() => {
                eprintln!("\ninterrupted: everything is stopped");
                Ok(ExitCode::NotAsExpected)
            }
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match exit {
        Ok(exit) => exit.code().into(),
        Err(failed) => failed.shown(),
    }
}

async fn run(command: Command) -> Result<ExitCode, commands::Failed> {
    match command {
        Command::E2e(flags) => commands::e2e(flags).await,
        Command::Repro(flags) => commands::repro(flags).await,
        Command::Explain(flags) => commands::explain(&flags),
        Command::Minimise(flags) => commands::minimise(&flags),
        Command::Up(flags) => commands::up(flags).await,
        Command::Sim(flags) => commands::sim(&flags),
        Command::Bench(flags) => commands::bench(flags).await,
        Command::Doctor(flags) => commands::doctor(&flags).await,
        #[cfg(feature = "docker")]
        Command::Images(flags) => commands::images(&flags).await,
        #[cfg(feature = "docker")]
        Command::Down(flags) => commands::down(&flags).await,
        #[cfg(not(feature = "docker"))]
        Command::Images(_) | Command::Down(_) => feature::again_with_docker().map(|_| ExitCode::AsExpected),
    }
}
