//! What a command prints: whole in files of its sandbox, as on an agent, and its first lines in the timeline.

use std::path::Path;

use stacklab_machine::timeline::What;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use crate::recorder::Recorder;

/// Lines of one stream that the timeline gets.
const MAX_LINES: usize = 200;
/// Bytes of a line that the timeline gets.
const MAX_LINE: usize = 1000;
/// Bytes of one stream that its file gets. What comes after is read and dropped, so that the command goes on.
const MAX_FILE: u64 = 64 << 20;

/// Copies a stream until its end.
pub(super) async fn copy(
    mut stream: impl AsyncRead + Unpin,
    path: impl AsRef<Path>,
    who: String,
    recorder: Recorder,
) {
    // Without its file, the output is in the timeline at least.
    let mut file = File::create(path).await.ok();
    let mut lines = Lines::default();
    let mut written = 0;
    let mut piece = vec![0; 8192];
    while let Ok(length @ 1..) = stream.read(&mut piece).await {
        for line in lines.take(&piece[..length]) {
            recorder.record(&who, None, What::Log { line });
        }
        written += length as u64;
        if let Some(file) = file.as_mut().filter(|_| written <= MAX_FILE) {
            let _ = file.write_all(&piece[..length]).await;
        }
    }
    if let Some(mut file) = file {
        let _ = file.flush().await;
    }
    if let Some(line) = lines.rest() {
        recorder.record(&who, None, What::Log { line });
    }
}

/// Bytes cut into lines, as many as are wanted.
#[derive(Debug, Default)]
struct Lines {
    begun: Vec<u8>,
    count: usize,
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for byte in bytes {
            if *byte == b'\n' {
                lines.extend(self.end());
            } else if self.begun.len() < MAX_LINE {
                self.begun.push(*byte);
            }
        }
        lines
    }

    fn rest(&mut self) -> Option<String> {
        if self.begun.is_empty() { None } else { self.end() }
    }

    fn end(&mut self) -> Option<String> {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.begun)).into_owned();
        self.count += 1;
        match self.count.cmp(&(MAX_LINES + 1)) {
            std::cmp::Ordering::Less => Some(line),
            std::cmp::Ordering::Equal => Some("(all further lines are in the sandbox only)".to_owned()),
            std::cmp::Ordering::Greater => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_and_counted() {
        let mut lines = Lines::default();
        assert_eq!(lines.take(b"one\ntw"), ["one"]);
        assert_eq!(lines.take(b"o\r\n\nthree"), ["two\r", ""]);
        assert_eq!(lines.rest().as_deref(), Some("three"));
        assert_eq!(lines.rest(), None);
        let long = [vec![b'x'; 5000], vec![b'\n']].concat();
        assert_eq!(lines.take(&long), ["x".repeat(MAX_LINE)]);
        let many = lines.take("line\n".repeat(1000).as_bytes());
        assert_eq!(many.len(), MAX_LINES - 5 + 1);
        assert_eq!(many.last().unwrap(), "(all further lines are in the sandbox only)");
    }
}
