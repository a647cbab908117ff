//! Shows a run while it goes on: a line for each event that matters, and what is being waited for when nothing
//! happens for a second.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use stacklab_live::Recorder;
use stacklab_machine::Time;
use stacklab_machine::timeline::Event;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{line_of, waiting_for};

/// A wait is shown once it has lasted this long, and again after each such while.
const QUIET: Duration = Duration::from_secs(1);

/// A display on standard error. Dropping it ends it.
#[derive(Debug)]
pub struct Progress {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Progress {
    /// Follows `recorder` from its first event on.
    pub fn start(recorder: Recorder) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop: Some(stop), task: tokio::spawn(follow(recorder, stopped)) }
    }

    /// Shows what has happened by now and ends.
    pub async fn finish(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
            let _ = (&mut self.task).await;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(recorder: Recorder, mut stopped: oneshot::Receiver<()>) {
    let terminal = std::io::stderr().is_terminal();
    let mut length = recorder.watch();
    let (mut seen, mut quiet_since, mut start) = (0, Instant::now(), None);
    let mut shown = 0;
    loop {
        let last = tokio::select! {
            _ = &mut stopped => true,
            grown = length.changed() => grown.is_err(),
            () = tokio::time::sleep(QUIET) => false,
        };
        let events = recorder.events_from(seen);
        seen += events.len();
        let first = events.first().map(|event| event.at);
        let start = *start.get_or_insert(first.unwrap_or_else(|| recorder.now()));
        if show(&events, start, terminal) {
            quiet_since = Instant::now();
        }
        if last {
            return;
        }
        if quiet_since.elapsed() >= QUIET {
            let seconds = quiet_since.elapsed().as_secs();
            // Events that nobody is shown wake this up many times a second.
            if std::mem::replace(&mut shown, seconds) != seconds {
                show_wait(&recorder, seconds, terminal);
            }
        }
    }
}

/// Shows the events' lines; true if there was one.
fn show(events: &[Event], start: Time, terminal: bool) -> bool {
    let mut any = false;
    let mut out = std::io::stderr().lock();
    for event in events {
        if let Some(line) = line_of(event) {
            any = true;
            let clear = if terminal { "\r\x1b[K" } else { "" };
            // Standard error may be closed: a run goes on without being watched.
            let _ = writeln!(out, "{clear}{:>8.2}s  {line}", event.at.since(start).as_secs_f64());
        }
    }
    any
}

fn show_wait(recorder: &Recorder, seconds: u64, terminal: bool) {
    let Some(what) = recorder.with(|timeline| waiting_for(timeline.events())) else { return };
    let mut out = std::io::stderr().lock();
    let _ = if terminal {
        write!(out, "\r\x1b[K           waiting for {what} ({seconds} s)").and_then(|()| out.flush())
    } else if seconds.is_multiple_of(10) {
        writeln!(out, "           waiting for {what} ({seconds} s)")
    } else {
        Ok(())
    };
}
