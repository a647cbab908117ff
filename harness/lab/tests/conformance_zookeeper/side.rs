//! One of the two servers, with the clients of a sequence: it does an operation and tells everything that the server
//! said to anybody until all was quiet again.

use std::net::SocketAddr;

use crate::client::{Real, TIMEOUT};
use crate::frames;
use crate::op::{Op, Who};
use crate::text::{Names, Seen};
use crate::wire::{Body, Raw};

const TIMEOUT_MS: i32 = TIMEOUT.as_millis() as i32;

pub(crate) struct Side {
    server: SocketAddr,
    root: String,
    names: Names,
    one: Real,
    two: Real,
    below: Real,
    raw: Raw,
    xid: i32,
    /// How often each name was given away.
    sessions: usize,
}

impl Side {
    /// Four clients, and `root` for them to work in.
    pub(crate) async fn open(server: SocketAddr, root: &str) -> Self {
        let new = (0, [0; 16]);
        let (mut raw, _) = Raw::connect(server, (new.0, &new.1), (TIMEOUT_MS, 0)).await;
        let open = Op::Create(Who::Raw, String::new(), None, 0, crate::op::List::Open);
        let (operation, body) = frames::of(&open, root).expect("a frame");
        raw.ask(1, operation, &body).await;
        raw.settle().await;
        let one = Real::open(server, "/").await;
        let two = Real::open(server, "/").await;
        let below = Real::open(server, &format!("{root}/a")).await;
        let names = Names { first_zxid: raw.zxid().await, ..Names::default() };
        let mut side =
            Self { server, root: root.to_owned(), names, one, two, below, raw, xid: 1, sessions: 0 };
        for who in Who::ALL {
            side.name(who);
            side.settle(who).await;
        }
        side
    }

    fn name(&mut self, who: Who) {
        self.sessions += 1;
        let raw = self.raw.session;
        let id = self.real(who).map_or(raw, |real| real.session());
        self.names.sessions.insert(id, format!("{who:?}-{}", self.sessions));
    }

    fn real(&mut self, who: Who) -> Option<&mut Real> {
        match who {
            Who::One => Some(&mut self.one),
            Who::Two => Some(&mut self.two),
            Who::Below => Some(&mut self.below),
            Who::Raw => None,
        }
    }

    async fn settle(&mut self, who: Who) -> Vec<Seen> {
        match self.real(who) {
            Some(real) => real.settle().await,
            None => self.raw.settle().await,
        }
    }

    /// Does it, and tells what everybody saw.
    pub(crate) async fn run(&mut self, operation: &Op) -> Vec<String> {
        let (who, mut lines) = (operation.who(), Vec::new());
        let (said, mut seen) = match self.real(who) {
            Some(_) => self.run_real(who, operation).await,
            None => (String::new(), self.run_raw(operation).await),
        };
        seen.extend(self.settle(who).await);
        if !said.is_empty() {
            lines.push(format!("{who:?} says {said}"));
        }
        let mut own: Vec<String> =
            seen.iter().map(|seen| format!("{who:?}: {}", self.names.describe(seen))).collect();
        if matches!(operation, Op::Break(_)) {
            // The client sends its watches in the order of its hash table, another one each time.
            own.sort();
        }
        lines.extend(own);
        for other in Who::ALL {
            if other != who {
                let seen = self.settle(other).await;
                lines.extend(seen.iter().map(|seen| format!("{other:?}: {}", self.names.describe(seen))));
            }
        }
        if lines.iter().any(|line| line == "Raw: closed") {
            lines.extend(self.raw_again().await);
        }
        lines
    }

    async fn run_real(&mut self, who: Who, operation: &Op) -> (String, Vec<Seen>) {
        let (server, root) = (self.server, self.root.clone());
        let home = if who == Who::Below { format!("{root}/a") } else { "/".to_owned() };
        let Some(real) = self.real(who) else { return (String::new(), Vec::new()) };
        match operation {
            Op::Break(_) => {
                real.come_back().await;
                (String::new(), Vec::new())
            }
            Op::Close(_) => {
                real.close().await;
                let mut seen = real.take();
                *real = Real::open(server, &home).await;
                seen.extend(real.take());
                self.name(who);
                (String::new(), seen)
            }
            Op::Multi(parts) => {
                let parts: Vec<_> =
                    parts.iter().map(|part| part.clone().at(|path| frames::under(&root, path))).collect();
                (real.transaction(&parts).await, Vec::new())
            }
            operation if who == Who::Below => (real.perform(operation).await, Vec::new()),
            operation => {
                let moved = operation.clone().at(|path| frames::under(&root, path));
                (real.perform(&moved).await, Vec::new())
            }
        }
    }

    async fn run_raw(&mut self, operation: &Op) -> Vec<Seen> {
        self.xid += 1;
        let xid = self.xid;
        match operation {
            Op::Close(_) => {
                self.raw.ask(xid, -11, &Body::new()).await;
                Vec::new()
            }
            Op::Break(_) => self.raw_back(0).await,
            Op::SetWatches(data, exist, child, all) => {
                let last = self.raw.zxid().await;
                let mut seen = self.raw_back(last).await;
                let full = |paths: &[String]| {
                    paths.iter().map(|path| frames::under(&self.root, path)).collect::<Vec<_>>()
                };
                let since = if *all { last } else { self.names.first_zxid };
                let body = Body::new().long(since).texts(&full(data)).texts(&full(exist)).texts(&full(child));
                self.raw.ask(xid, 101, &body).await;
                seen.extend(self.raw.settle().await);
                seen
            }
            operation => {
                if let Some((number, body)) = frames::of(operation, &self.root) {
                    let xid = if number == 100 { -4 } else { xid };
                    self.raw.ask(xid, number, &body).await;
                }
                Vec::new()
            }
        }
    }

    /// Another connection for the same session.
    async fn raw_back(&mut self, zxid: i64) -> Vec<Seen> {
        let (session, password) = (self.raw.session, self.raw.password.clone());
        let (raw, seen) = Raw::connect(self.server, (session, &password), (TIMEOUT_MS, zxid)).await;
        self.raw = raw;
        seen
    }

    /// After the server has closed: the session again if it lives, or another one.
    async fn raw_again(&mut self) -> Vec<String> {
        let mut seen = self.raw_back(0).await;
        if self.raw.session == 0 {
            let (raw, more) = Raw::connect(self.server, (0, &[0; 16]), (TIMEOUT_MS, 0)).await;
            self.raw = raw;
            seen.extend(more);
            self.name(Who::Raw);
        }
        seen.iter().map(|seen| format!("Raw: {}", self.names.describe(seen))).collect()
    }

    /// Ends all sessions.
    pub(crate) async fn close(mut self) {
        for real in [&mut self.one, &mut self.two, &mut self.below] {
            real.close().await;
        }
        self.raw.ask(self.xid + 1, -11, &Body::new()).await;
        self.raw.settle().await;
    }
}
