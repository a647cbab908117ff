//! A command as a child process: a group of its own, the sandbox for its directory, nothing of our environment.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use stacklab_machine::timeline::What;
use stacklab_mesos::{Exit, StartSpec};
use tokio::process::{Child, Command};

use super::kin::Kin;
use super::output::copy;
use crate::recorder::Recorder;

/// Where programs are looked for if the lab itself has no `PATH`.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A running command. Dropping it ends it and all its descendants.
#[derive(Debug)]
pub(in super::super) struct Process {
    // Ended before the child is waited for, while its number is surely its own.
    kin: Kin,
    child: Child,
}

/// Starts a command in its sandbox, which is made if it is not there.
///
/// # Errors
/// Why it cannot be started, in the system's words.
pub(in super::super) fn start(
    spec: &StartSpec,
    sandbox: &Path,
    who: &str,
    recorder: &Recorder,
) -> std::io::Result<Process> {
    std::fs::create_dir_all(sandbox)?;
    let mut command = line(spec);
    command.current_dir(sandbox).env_clear().process_group(0).kill_on_drop(true);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_else(|| PATH.into()));
    command.envs(spec.environment.iter().map(|(name, value)| (name, value)));
    command.env("MESOS_SANDBOX", sandbox).env("MESOS_DIRECTORY", sandbox);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let kin = Kin::new(child.id(), sandbox);
    if let Some(stdout) = child.stdout.take() {
        tokio::spawn(copy(stdout, sandbox.join("stdout"), who.to_owned(), recorder.clone()));
    }
    if let Some(stderr) = child.stderr.take() {
        tokio::spawn(copy(stderr, sandbox.join("stderr"), who.to_owned(), recorder.clone()));
    }
    let limits = format!("runs as a process of this machine, in {}", sandbox.display());
    recorder.record(who, None, What::Log { line: limits });
    Ok(Process { kin, child })
}

/// A line for a shell, or a program with its arguments, of which the first is its name for itself.
fn line(spec: &StartSpec) -> Command {
    if spec.shell {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(&spec.command);
        return command;
    }
    let mut command = Command::new(&spec.command);
    if let Some((name, arguments)) = spec.arguments.split_first() {
        command.arg0(name).args(arguments);
    }
    command
}

impl Process {
    /// SIGTERM, to it and its group.
    pub(in super::super) fn terminate(&self) {
        self.kin.terminate();
    }

    /// Waits for its end. What it leaves running is ended with it.
    pub(in super::super) async fn exited(&mut self) -> Exit {
        let status = self.child.wait().await;
        self.kin.orphaned();
        status.map_or(Exit::Code(1), exit)
    }

    /// Ends it with all its descendants, at once, and waits until it is gone.
    pub(in super::super) async fn kill(mut self) {
        drop(self.kin);
        let _ = self.child.wait().await;
    }
}

fn exit(status: ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Code(1),
    }
}
