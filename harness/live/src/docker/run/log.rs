//! A container's output, line by line: what matters goes to whoever watches, the last lines are kept for the end.

use std::collections::VecDeque;

use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::StreamExt;
use tokio::sync::mpsc;

use crate::docker::Engine;

/// Lines kept for the end.
const LAST: usize = 20;
/// Lines that may wait; a program that writes faster than it is read loses some.
const WAITING: usize = 1024;
/// Longest line, in bytes: the rest is cut off.
const LONGEST: usize = 2_000;

/// The last lines of a program's output.
#[derive(Debug, Default)]
pub(super) struct Tail(VecDeque<String>);

impl Tail {
    pub(super) fn push(&mut self, line: &str) {
        if self.0.len() >= LAST {
            self.0.pop_front();
        }
        self.0.push_back(line.to_owned());
    }

    /// All of them, oldest first.
    pub(super) fn lines(&self) -> impl Iterator<Item = &String> {
        self.0.iter()
    }

    /// Why a program ended, as far as its output says: its last error, or its last line.
    pub(super) fn last_words(&self) -> String {
        let error = self.0.iter().rev().find(|line| is_error(line));
        error.or_else(|| self.0.back()).map(|line| without_time(line).to_owned()).unwrap_or_default()
    }
}

/// Whether a line matters while the program runs: warnings and worse, and who leads an ensemble.
pub(super) fn matters(line: &str) -> bool {
    is_error(line) || line.contains(" WARN") || line.contains("LEADING - ") || line.contains("FOLLOWING - ")
}

fn is_error(line: &str) -> bool {
    [" ERROR", " FATAL", "Exception", "Error: "].iter().any(|sign| line.contains(sign))
}

/// A line without the date and time that it begins with.
pub(super) fn without_time(line: &str) -> &str {
    let of_time = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | ',' | '.' | 'T' | 'Z' | ' ');
    let text = line.trim_start_matches(of_time);
    if text.is_empty() { line } else { text }
}

/// Follows the output of a container to its end.
pub(super) fn follow(engine: &Engine, id: &str) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let (docker, id) = (engine.docker().clone(), id.to_owned());
    tokio::spawn(async move {
        let options = LogsOptionsBuilder::new().follow(true).stdout(true).stderr(true).build();
        let mut output = docker.logs(&id, Some(options));
        let mut rest = String::new();
        while let Some(Ok(piece)) = output.next().await {
            rest.push_str(&String::from_utf8_lossy(piece.as_ref()));
            while let Some(end) = rest.find('\n') {
                let line: String = rest.drain(..=end).collect();
                if sender.send(cut(line.trim_end())).await.is_err() {
                    return;
                }
            }
            if rest.len() > LONGEST {
                rest = cut(&rest);
                rest.push('\n');
            }
        }
        if !rest.is_empty() {
            let _ = sender.send(cut(&rest)).await;
        }
    });
    receiver
}

fn cut(line: &str) -> String {
    let mut end = line.len().min(LONGEST);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_the_last_error() {
        let mut tail = Tail::default();
        for line in 0..30 {
            tail.push(&format!("2026-11-24 08:00:00,{line:03} INFO  line {line}"));
        }
        assert_eq!(tail.lines().count(), LAST);
        assert_eq!(tail.last_words(), "INFO  line 29");
        tail.push("2026-11-24T08:00:01.000Z ERROR no room");
        tail.push("2026-11-24 08:00:01,001 INFO  bye");
        assert_eq!(tail.last_words(), "ERROR no room");
    }

    #[test]
    fn warnings_and_leadership_matter() {
        assert!(matters("2026-11-24 08:00:00,000 WARN  x"));
        assert!(matters("2026-11-24 08:00:00,000 INFO  LEADING - LEADER ELECTION TOOK - 216"));
        assert!(!matters("2026-11-24 08:00:00,000 INFO  x"));
    }
}
