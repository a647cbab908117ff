//! The client commands: what each sends, and what it prints.

mod commands;
mod requests;

use std::future::Future;
use std::io::Write;

use stacklab_machine::http::{Failure, Request, Response};

pub(crate) use commands::{Command, find};

/// What a client command needs of the world.
pub trait World: Sync {
    /// A variable of the environment; `None` if it is not set.
    fn variable(&self, name: &str) -> Option<String>;
    /// The content of a file; `None` if it cannot be read.
    fn file(&self, path: &str) -> Option<Vec<u8>>;
    /// Makes a request, and waits for the answer however long it takes.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, Failure>> + Send;
    /// Seconds on a clock that does not go back.
    fn seconds(&self) -> f64;
}

/// Where a command writes to. What cannot be written is lost, as it is with the original.
pub struct Streams<'s> {
    /// Standard output.
    pub stdout: &'s mut (dyn Write + Send),
    /// Standard error.
    pub stderr: &'s mut (dyn Write + Send),
}

impl Streams<'_> {
    pub(crate) fn say(&mut self, text: &str) {
        let _ = writeln!(self.stdout, "{text}").and_then(|()| self.stdout.flush());
    }

    /// Writes to standard output as it is.
    pub(crate) fn print(&mut self, text: &str) {
        let _ = write!(self.stdout, "{text}").and_then(|()| self.stdout.flush());
    }

    /// Writes to standard error.
    pub fn complain(&mut self, text: &str) {
        let _ = write!(self.stderr, "{text}").and_then(|()| self.stderr.flush());
    }
}
