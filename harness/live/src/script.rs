//! Shell scripts that a program runs on this machine: the hooks of a stack.
//!
//! A script is a process group of its own: whoever drops the future that runs it ends it with all its descendants.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use stacklab_machine::process::ScriptEnd;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

/// How many lines of a script's output are kept, and how many bytes of each; the rest is read and left out.
const MAX_LINES: u64 = 1000;
const MAX_LINE: usize = 4096;
/// How long the end of its output may take to come after its own end.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// How often is looked whether something that it left behind still runs.
const LOOK: Duration = Duration::from_secs(1);

/// Runs a script with `sh`, in this process' working directory and environment, gives each line of its output to
/// `log` as it comes, and tells `ended` how it ended or why it could not be run. Goes on as long as something is left
/// that the script has started in the background; that ends when the future is dropped.
pub(crate) async fn run<A: Future<Output = ()>>(
    name: &str,
    text: &str,
    log: impl Fn(String),
    ended: impl FnOnce(Result<ScriptEnd, String>) -> A,
) {
    let (mut child, file) = match start(name, text) {
        Ok(started) => started,
        Err(why) => return ended(Err(why)).await,
    };
    let group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    let lines = AtomicU64::new(0);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let output = async {
        tokio::join!(copy(stdout, &lines, &log), copy(stderr, &lines, &log));
        let left_out = lines.load(Ordering::Relaxed).saturating_sub(MAX_LINES);
        if left_out > 0 {
            log(format!("{name}: {left_out} more lines are left out"));
        }
    };
    let mut output = std::pin::pin!(output);
    let mut is_open = true;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            () = &mut output, if is_open => is_open = false,
        }
    };
    if is_open {
        // What the script has left behind may hold its output open: only its own end counts, as for the original.
        is_open = tokio::time::timeout(LAST_WORDS, &mut output).await.is_err();
    }
    drop(file);
    let end = status.map_err(|why| format!("cannot wait for {name}: {why}"));
    ended(end.map(|status| match (status.code(), status.signal()) {
        (Some(code), _) => ScriptEnd::Code(code),
        (None, signal) => ScriptEnd::Signal(signal.unwrap_or(0)),
    }))
    .await;
    while group.is_there() {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = &mut output, if is_open => is_open = false,
        }
    }
    if is_open {
        // Nobody is left to write: what is there is read.
        let _ = tokio::time::timeout(LOOK, output).await;
    }
}

fn start(name: &str, text: &str) -> Result<(Child, File), String> {
    let file = File::write(name, text).map_err(|why| format!("cannot write {name}: {why}"))?;
    let mut command = Command::new("sh");
    command.arg(&file.path).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child =
        command.process_group(0).spawn().map_err(|why| format!("cannot run {name} with sh: {why}"))?;
    Ok((child, file))
}

/// A process group that ends with its owner.
struct Group(Option<Pid>);

impl Group {
    /// Whether anything of it still runs.
    fn is_there(&self) -> bool {
        self.0.is_some_and(|pid| test_kill_process_group(pid).is_ok())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0.filter(|_| self.is_there()) {
            // It may have ended by itself.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// Gives a stream to `log`, line by line.
async fn copy(stream: Option<impl AsyncRead + Unpin>, lines: &AtomicU64, log: &impl Fn(String)) {
    let Some(mut stream) = stream else { return };
    let (mut line, mut piece, mut empty) = (Vec::new(), [0; 8192], true);
    let end = |line: &mut Vec<u8>| {
        if lines.fetch_add(1, Ordering::Relaxed) < MAX_LINES {
            log(String::from_utf8_lossy(line).into_owned());
        }
        line.clear();
    };
    while let Ok(length @ 1..) = stream.read(&mut piece).await {
        for byte in &piece[..length] {
            empty = *byte == b'\n';
            if empty {
                end(&mut line);
            } else if line.len() < MAX_LINE {
                line.push(*byte);
            }
        }
    }
    if !empty {
        end(&mut line);
    }
}

/// A file of its own folder: names come out of stacks, and two runs may have scripts of one name.
struct File {
    folder: PathBuf,
    path: PathBuf,
}

impl File {
    fn write(name: &str, text: &str) -> std::io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("stacklab-script-{}-{number}", std::process::id()));
        create_private(&folder)?;
        // One component, whatever the application's id is.
        let safe: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' })
            .collect();
        let start = safe.len().saturating_sub(200);
        let path = folder.join(format!("_{}", &safe[start..]));
        let file = Self { folder, path };
        std::fs::write(&file.path, text)?;
        Ok(file)
    }
}

/// Makes a folder that only this user can look into; it must not be there.
fn create_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(folder)
}

impl Drop for File {
    fn drop(&mut self) {
        // Nothing more can be done about what cannot be removed.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
