//! Docker's packages are compiled only for those who ask for Docker: then this program runs itself again with them.

use crate::commands::Failed;
use crate::flags::{Backend, Command};

/// Whether this program can use Docker.
pub(crate) const DOCKER: bool = cfg!(feature = "docker");

/// Whether a command can only be done with Docker.
pub(crate) fn needs_docker(command: &Command) -> bool {
    match command {
        Command::E2e(flags) => {
            let real = flags.backend == Backend::Docker || !flags.real.is_empty() || flags.matrix;
            real && !flags.list && flags.backend != Backend::Sim
        }
        Command::Bench(flags) => flags.real,
        Command::Images(_) | Command::Down(_) => true,
        Command::Repro(repro) => match repro.backend {
            Some(backend) => backend == Backend::Docker,
            None => crate::commands::ran_on_docker(&repro.what),
        },
        // The doctor tells what is there before anything is compiled, and asks for more by itself.
        Command::Doctor(_) | Command::Up(_) | Command::Sim(_) => false,
        Command::Explain(_) | Command::Minimise(_) => false,
    }
}

/// Runs the same command line again, with what Docker needs. Comes back only if that cannot be started, and where a process
/// cannot take another's place, with that one's end.
pub(crate) fn again_with_docker() -> Result<std::process::ExitCode, Failed> {
    eprintln!("Docker is asked for: what it needs is compiled the first time, which takes some minutes");
    let mut command = std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["run", "--quiet", "--package", "xtask", "--features", "docker"]);
    command.arg("--manifest-path").arg(crate::paths::root().join("Cargo.toml"));
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.arg("--").args(std::env::args_os().skip(1));
    take_over(command)
}

#[cfg(unix)]
fn take_over(mut command: std::process::Command) -> Result<std::process::ExitCode, Failed> {
    use std::os::unix::process::CommandExt;
    Err(cannot(command.exec()))
}

#[cfg(not(unix))]
fn take_over(mut command: std::process::Command) -> Result<std::process::ExitCode, Failed> {
    let status = command.status().map_err(cannot)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(std::process::ExitCode::FAILURE, Into::into))
}

fn cannot(why: std::io::Error) -> Failed {
    Failed::environment(anyhow::Error::new(why).context("cannot run cargo to compile what Docker needs"))
}
