//! A headless Chromium, spoken to in the DevTools protocol over a pipe: JSON between bytes of zero. Libraries for this
//! generate code for the whole protocol, which takes longer to build than everything here; nine of its methods are needed.

use std::cell::{Cell, RefCell};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything may take. A page of 10,000 events on a busy machine is far below it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// The longest message, in bytes: a screenshot is a few million.
const LONGEST: u64 = 64 << 20;

/// A browser with one tab and a profile of its own. It ends with its value.
pub(crate) struct DevTools {
    child: Child,
    pipe: ChildStdin,
    messages: Receiver<Value>,
    last: Cell<u64>,
    session: String,
    profile: PathBuf,
    problems: RefCell<Vec<String>>,
}

impl DevTools {
    /// Starts the program with a window of that size.
    pub(crate) fn start(program: &Path, profile: PathBuf, size: (u32, u32)) -> Self {
        let mut child = command(program, &profile, size).spawn().unwrap();
        let (pipe, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut out = BufReader::new(out);
            while let Some(message) = read(&mut out) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let (last, problems) = (Cell::new(0), RefCell::default());
        let mut browser = Self { child, pipe, messages, last, session: String::new(), profile, problems };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" })).unwrap();
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", &attach).unwrap();
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Log.enable", "Runtime.enable", "Page.enable"] {
            browser.call(domain, &json!({})).unwrap();
        }
        browser
    }

    /// Calls a method and waits for its answer; the error is the browser's text.
    pub(crate) fn call(&self, method: &str, params: &Value) -> Result<Value, String> {
        let id = self.last.get() + 1;
        self.last.set(id);
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        (&self.pipe).write_all(format!("{message}\0").as_bytes()).unwrap();
        let until = Instant::now() + DEADLINE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let answer =
                self.messages.recv_timeout(left).map_err(|error| format!("{method}: {error}")).unwrap();
            if answer["id"] == id {
                return answer.get("result").cloned().ok_or_else(|| answer["error"].to_string());
            }
            self.note(&answer);
        }
    }

    /// What the console was told: the pages say nothing there themselves.
    pub(crate) fn problems(&self) -> Vec<String> {
        // Whatever was told before the answer to this comes before it.
        self.call("Runtime.evaluate", &json!({ "expression": "0" })).unwrap();
        self.problems.borrow().clone()
    }

    fn note(&self, event: &Value) {
        let params = &event["params"];
        let problem = match event["method"].as_str() {
            Some("Log.entryAdded") if params["entry"]["level"] == "error" => &params["entry"]["text"],
            Some("Runtime.exceptionThrown") => &params["exceptionDetails"],
            Some("Runtime.consoleAPICalled") => &params["args"],
            _ => return,
        };
        self.problems.borrow_mut().push(problem.to_string());
    }
}

impl Drop for DevTools {
    fn drop(&mut self) {
        // It may end by itself, with all its processes; it is killed in any case.
        let _ = (&self.pipe).write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let until = Instant::now() + Duration::from_secs(5);
        while self.messages.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok() {}
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

/// The pipe of the protocol is at file descriptors 3 and 4, which a shell puts there.
fn command(program: &Path, profile: &Path, (width, height): (u32, u32)) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#]).arg(program);
    command.args(["--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
    command.args(["--disable-dev-shm-usage", "--disable-extensions"]);
    command.arg(format!("--window-size={width},{height}"));
    command.arg(format!("--user-data-dir={}", profile.display()));
    if is_root() {
        // Its sandbox does not work for root, which one is in many containers.
        command.arg("--no-sandbox");
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn read(out: &mut BufReader<ChildStdout>) -> Option<Value> {
    let mut message = Vec::new();
    out.by_ref().take(LONGEST).read_until(0, &mut message).ok()?;
    serde_json::from_slice(message.strip_suffix(&[0])?).ok()
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|data| std::os::unix::fs::MetadataExt::uid(&data) == 0)
}
