//! Ctrl-C, and SIGTERM, with which a CI system ends a job: ends a command that waits for it, and stops any other.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Whether a command waits for Ctrl-C itself.
static KEEPING: AtomicBool = AtomicBool::new(false);
static KEPT_LONG_ENOUGH: Notify = Notify::const_new();
static STOP: Notify = Notify::const_new();

/// Listens for as long as the program runs.
pub(crate) async fn listen() {
    while asked().await.is_ok() {
        // Decided when it arrives: the next one stops a command that is still tidying up.
        let whom = if KEEPING.swap(false, Ordering::SeqCst) { &KEPT_LONG_ENOUGH } else { &STOP };
        whom.notify_one();
    }
}

#[cfg(unix)]
async fn asked() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn asked() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// Waits for the Ctrl-C that is meant for this command.
pub(crate) async fn until_interrupted() {
    KEEPING.store(true, Ordering::SeqCst);
    KEPT_LONG_ENOUGH.notified().await;
}

/// Waits for a Ctrl-C that no command waits for.
pub(crate) async fn stopped() {
    STOP.notified().await;
}
