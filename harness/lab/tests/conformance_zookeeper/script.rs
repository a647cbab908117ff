//! What is not drawn from a seed: handshakes, the ends of sessions, limits, broken frames.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::frames;
use crate::op::{List, Op, Part, Who};
use crate::text::{Names, Seen};
use crate::wire::{Body, Raw};

/// `create` with the open list.
fn create(path: &str, data: &[u8], flags: i32) -> Body {
    Body::new().text(path).bytes(Some(data)).int(1).int(31).text("world").text("anyone").int(flags)
}

fn watched(path: &str) -> Body {
    Body::new().text(path).byte(1)
}

/// What is tried together, with a session that watches it all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Handshakes,
    EarlyFrames,
    LateFrames,
    Operations,
    Limits,
    Pipeline,
    TakenOver,
    Expiry,
    Farewell,
    SystemNodes,
}

impl Section {
    pub(crate) const ALL: [Self; 10] = [
        Self::Handshakes,
        Self::EarlyFrames,
        Self::LateFrames,
        Self::Operations,
        Self::Limits,
        Self::Pipeline,
        Self::TakenOver,
        Self::Expiry,
        Self::Farewell,
        Self::SystemNodes,
    ];

    /// Does it in a root of its own; each answer is a line.
    pub(crate) async fn run(self, server: SocketAddr, root: &str) -> Vec<String> {
        let mut script =
            Script { server, root: root.to_owned(), names: Names::default(), xid: 0, said: Vec::new() };
        let (mut first, zxid) = script.session("first").await;
        script.names.first_zxid = zxid;
        script.call(&mut first, "root", 1, create(root, b"", 0)).await;
        match self {
            Self::Handshakes => script.handshakes().await,
            Self::EarlyFrames => script.early_frames().await,
            Self::LateFrames => script.late_frames(&mut first).await,
            Self::Operations => script.operations(&mut first).await,
            Self::Limits => script.limits(&mut first).await,
            Self::Pipeline => script.pipeline(&mut first).await,
            Self::TakenOver => script.taken_over(&mut first).await,
            Self::Expiry => script.expiry(&mut first).await,
            Self::Farewell => script.farewell(&mut first).await,
            Self::SystemNodes => script.system_nodes(&mut first).await,
        }
        script.end(first).await;
        script.said
    }
}

/// One server, and what it said.
struct Script {
    server: SocketAddr,
    root: String,
    names: Names,
    xid: i32,
    said: Vec<String>,
}

impl Script {
    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.root)
    }

    fn say(&mut self, what: &str, seen: &[Seen]) {
        let names = &self.names;
        self.said.extend(seen.iter().map(|seen| format!("{what}: {}", names.describe(seen))));
    }

    /// A session of 10 s.
    async fn session(&mut self, name: &str) -> (Raw, i64) {
        self.session_of(name, 10_000).await
    }

    async fn session_of(&mut self, name: &str, timeout_ms: i32) -> (Raw, i64) {
        let (mut raw, seen) = Raw::connect(self.server, (0, &[0; 16]), (timeout_ms, 0)).await;
        self.names.sessions.insert(raw.session, name.to_owned());
        self.say(name, &seen);
        let zxid = raw.zxid().await;
        (raw, zxid)
    }

    async fn end(&mut self, mut raw: Raw) {
        self.call(&mut raw, "end", -11, Body::new()).await;
    }

    async fn call(&mut self, raw: &mut Raw, what: &str, operation: i32, body: Body) {
        self.xid += 1;
        raw.ask(self.xid, operation, &body).await;
        let seen = raw.settle().await;
        self.say(what, &seen);
    }

    async fn handshakes(&mut self) {
        let hello = |version: i32, zxid: i64, timeout: i32, session: i64| {
            Body::new().int(version).long(zxid).int(timeout).long(session)
        };
        let zeros: &[u8] = &[0; 16];
        let new = || hello(0, 0, 6000, 0);
        let all = [
            ("usual", new().bytes(Some(zeros)).byte(0)),
            ("without the last byte", new().bytes(Some(zeros))),
            ("read-only", new().bytes(Some(zeros)).byte(1)),
            ("last byte 2", new().bytes(Some(zeros)).byte(2)),
            ("more bytes", new().bytes(Some(zeros)).byte(0).long(7)),
            ("version 5", hello(5, 0, 6000, 0).bytes(Some(zeros)).byte(0)),
            ("no timeout", hello(0, 0, 0, 0).bytes(Some(zeros)).byte(0)),
            ("timeout 1", hello(0, 0, 1, 0).bytes(Some(zeros)).byte(0)),
            ("timeout -1", hello(0, 0, -1, 0).bytes(Some(zeros)).byte(0)),
            ("timeout 3333", hello(0, 0, 3333, 0).bytes(Some(zeros)).byte(0)),
            ("long timeout", hello(0, 0, 999_999, 0).bytes(Some(zeros)).byte(0)),
            ("zxid of the future", hello(0, i64::MAX, 6000, 0).bytes(Some(zeros)).byte(0)),
            ("zxid -1", hello(0, -1, 6000, 0).bytes(Some(zeros)).byte(0)),
            ("empty password", new().bytes(Some(b"")).byte(0)),
            ("short password", new().bytes(Some(b"abc")).byte(0)),
            ("unknown session", hello(0, 0, 6000, 77).bytes(Some(zeros)).byte(0)),
            ("cut in the password", new().int(16).long(0)),
            ("cut before the password", new()),
            ("nothing", Body::new()),
            ("length of the password -2", new().int(-2)),
        ];
        for (what, body) in all {
            let mut raw = Raw::open(self.server).await;
            raw.send(&body.0).await;
            let seen = raw.handshake().await;
            self.say(what, &[seen]);
            if raw.session != 0 {
                self.names.sessions.insert(raw.session, "it".into());
                self.end(raw).await;
            } else {
                let rest = raw.rest().await;
                self.said.push(format!("{what}: then {rest:02x?}"));
            }
        }
    }

    /// First bytes that are no handshake.
    async fn early_frames(&mut self) {
        let lengths = [-1, i32::MIN, i32::MAX, 0x10_0000, 0xf_ffff + 2, 0, 1, 7];
        for length in lengths {
            let mut raw = Raw::open(self.server).await;
            raw.write(&length.to_be_bytes()).await;
            if (1..8).contains(&length) {
                raw.write(&vec![0; length as usize]).await;
            }
            let rest = raw.rest().await;
            self.said.push(format!("first length {length}: {rest:02x?}"));
        }
    }

    /// Frames that are none, in a session; it survives each of them.
    async fn late_frames(&mut self, watcher: &mut Raw) {
        let frames: [(&str, &[u8]); 10] = [
            ("length -1", &[0xff; 4]),
            ("length -2^31", &[0x80, 0, 0, 0]),
            ("too long", &[0, 0x10, 0, 0]),
            ("longest but one", &[0, 0x0f, 0xff, 0xff]),
            ("empty", &[0; 4]),
            ("half an xid", &[0, 0, 0, 2, 0, 0]),
            ("only an xid", &[0, 0, 0, 4, 0, 0, 0, 1]),
            ("half an operation", &[0, 0, 0, 6, 0, 0, 0, 1, 0, 0]),
            ("half a frame", &[0, 0, 0, 8, 0, 0]),
            ("a word", b"ruok"),
        ];
        for (what, bytes) in frames {
            let (mut raw, _) = self.session(what).await;
            let (session, password) = (raw.session, raw.password.clone());
            raw.write(bytes).await;
            raw.finish().await;
            let rest = raw.rest().await;
            self.said.push(format!("{what}: {rest:02x?}"));
            let (raw, seen) = Raw::connect(self.server, (session, &password), (10_000, 0)).await;
            self.say(what, &seen);
            self.end(raw).await;
            self.call(watcher, "meanwhile", 3, Body::new().text(&self.root.clone()).byte(0)).await;
        }
    }

    /// Every operation's number, without a body.
    async fn operations(&mut self, watcher: &mut Raw) {
        for operation in (-13..=25).chain(98..=108).filter(|number| *number != -11) {
            let (mut raw, _) = self.session("caller").await;
            let (session, password) = (raw.session, raw.password.clone());
            self.call(&mut raw, &format!("operation {operation}"), operation, Body::new()).await;
            let (raw, seen) = Raw::connect(self.server, (session, &password), (10_000, 0)).await;
            self.say("back", &seen);
            self.end(raw).await;
            self.call(watcher, "meanwhile", 3, Body::new().text("/").byte(0)).await;
        }
    }

    /// How much fits.
    async fn limits(&mut self, watcher: &mut Raw) {
        let path = self.path("/big");
        let around = create(&path, b"", 0).0.len() + 8;
        for (what, frame) in [("longest", 0xf_ffff), ("one more", 0x10_0000), ("two more", 0x10_0001)] {
            let (mut raw, _) = self.session(what).await;
            let data = vec![b'x'; frame - around];
            self.call(&mut raw, what, 1, create(&path, &data, 0)).await;
            let (session, password) = (raw.session, raw.password.clone());
            let (mut raw, seen) = Raw::connect(self.server, (session, &password), (10_000, 0)).await;
            self.say(what, &seen);
            self.call(&mut raw, what, 4, Body::new().text(&path).byte(0)).await;
            self.end(raw).await;
        }
        self.call(watcher, "big", 3, watched(&path)).await;
        self.call(watcher, "big", 2, Body::new().text(&path).int(-1)).await;
        for (what, data) in [("null", None), ("empty", Some(&b""[..]))] {
            let path = self.path(&format!("/{what}"));
            let body = Body::new().text(&path).bytes(data).int(1).int(31).text("world").text("anyone").int(0);
            self.call(watcher, what, 1, body).await;
            self.call(watcher, what, 4, watched(&path)).await;
            self.call(watcher, what, 5, Body::new().text(&path).bytes(None).int(0)).await;
            self.call(watcher, what, 4, watched(&path)).await;
        }
    }

    /// Many requests in one write: answers and events in their order.
    async fn pipeline(&mut self, raw: &mut Raw) {
        let path = self.path("/p");
        let read = || watched(&path);
        let set = |data: &str| Body::new().text(&path).text(data).int(-1);
        let parts = vec![
            Part::Create { path: "/p/x".into(), data: None, flags: 0, list: List::Open },
            Part::Set { path: "/p".into(), data: Some("m".into()), version: -1 },
            Part::Set { path: "/p".into(), data: Some("n".into()), version: -1 },
            Part::Delete { path: "/p/x".into(), version: 0 },
        ];
        let (_, transaction) = frames::of(&Op::Multi(parts), &self.root).expect("a frame");
        let all = [
            (3, read()),
            (1, create(&path, b"a", 0)),
            (4, read()),
            (8, read()),
            (5, set("b")),
            (11, Body::new()),
            (4, read()),
            (3, read()),
            (14, transaction),
            (8, read()),
            (12, read()),
            (4, read()),
            (1, create(&format!("{path}/y"), b"", 1)),
            (2, Body::new().text(&path).int(-1)),
            (8, read()),
            (2, Body::new().text(&format!("{path}/y")).int(0)),
            (3, read()),
            (2, Body::new().text(&path).int(-1)),
            (9, Body::new().text("/nowhere")),
            (4, read()),
            (13, Body::new().text(&path).int(0)),
        ];
        for (operation, body) in all {
            self.xid += 1;
            raw.ask(self.xid, operation, &body).await;
        }
        let seen = raw.settle().await;
        self.say("pipeline", &seen);
    }

    /// A session that moves to another connection, and one that somebody tries to take.
    async fn taken_over(&mut self, watcher: &mut Raw) {
        let path = self.path("/moved");
        let (mut old, _) = self.session("moving").await;
        let (session, password) = (old.session, old.password.clone());
        self.call(&mut old, "old", 1, create(&path, b"", 1)).await;
        self.call(&mut old, "old", 4, watched(&path)).await;
        self.call(watcher, "watcher", 3, watched(&path)).await;
        for (what, offered) in
            [("wrong password", &[1; 16][..]), ("no password", &[]), ("right password", &password)]
        {
            let (mut new, seen) = Raw::connect(self.server, (session, offered), (3000, 0)).await;
            self.say(what, &seen);
            let seen = old.settle().await;
            self.say(&format!("old, {what}"), &seen);
            let set = Body::new().text(&path).text("x").int(-1);
            self.call(watcher, "watcher", 5, set).await;
            let seen = new.settle().await;
            self.say("new", &seen);
            old = new;
        }
        self.end(old).await;
        let seen = watcher.settle().await;
        self.say("watcher", &seen);
        let (_, seen) = Raw::connect(self.server, (session, &password), (3000, 0)).await;
        self.say("after its end", &seen);
    }

    /// Sessions that nobody is heard of: their nodes go, in an order, and their watchers hear of it.
    async fn expiry(&mut self, watcher: &mut Raw) {
        let parent = self.path("/expiry");
        self.call(watcher, "watcher", 1, create(&parent, b"", 0)).await;
        for connected in [false, true] {
            let (mut raw, _) = self.session_of("short", 1000).await;
            for name in ["one", "two", "three", "four", "five"] {
                let path = format!("{parent}/{name}");
                self.call(&mut raw, "short", 1, create(&path, b"", 1)).await;
                self.call(watcher, "watcher", 4, watched(&path)).await;
            }
            self.call(watcher, "watcher", 12, watched(&parent)).await;
            let (session, password, since) = (raw.session, raw.password.clone(), Instant::now());
            if connected {
                let rest = raw.rest().await;
                self.said.push(format!("cut off with {rest:02x?}"));
            } else {
                drop(raw);
            }
            let mut seen = Vec::new();
            for _ in 0..6 {
                seen.push(watcher.next().await);
            }
            let took = since.elapsed();
            let range = Duration::from_millis(900)..Duration::from_millis(3000);
            self.said.push(format!("in time: {}", range.contains(&took)));
            seen.extend(watcher.settle().await);
            self.say("watcher", &seen);
            let (_, seen) = Raw::connect(self.server, (session, &password), (1000, 0)).await;
            self.say("too late", &seen);
        }
        self.call(watcher, "watcher", 12, watched(&parent)).await;
    }

    /// A session that ends with nodes and watches of its own.
    async fn farewell(&mut self, watcher: &mut Raw) {
        let (mut raw, _) = self.session("leaving").await;
        let parent = self.path("/leaving");
        self.call(&mut raw, "leaving", 1, create(&parent, b"", 0)).await;
        for number in 0..20 {
            let path = format!("{parent}/node-{number}");
            self.call(&mut raw, "leaving", 1, create(&path, b"", 1)).await;
            self.call(if number % 2 == 0 { &mut raw } else { &mut *watcher }, "watch", 3, watched(&path))
                .await;
        }
        self.call(watcher, "watcher", 8, watched(&parent)).await;
        self.call(&mut raw, "leaving", 8, watched(&parent)).await;
        self.end(raw).await;
        let seen = watcher.settle().await;
        self.say("watcher", &seen);
        self.call(watcher, "watcher", 12, watched(&parent)).await;
    }

    /// What is there from the start.
    async fn system_nodes(&mut self, raw: &mut Raw) {
        for path in ["/zookeeper", "/zookeeper/quota"] {
            let only = || Body::new().text(path);
            for operation in [3, 4, 8, 12] {
                self.call(raw, path, operation, only().byte(0)).await;
            }
            self.call(raw, path, 6, only()).await;
            self.call(raw, path, 2, only().int(-1)).await;
            self.call(raw, path, 2, only().int(7)).await;
        }
        for (path, operation) in
            [("/", 2), ("", 2), ("/", 1), ("", 1), ("/", 3), ("", 3), ("", 8), ("/zookeeper/none", 4)]
        {
            let body = match operation {
                1 => create(path, b"", 0),
                2 => Body::new().text(path).int(-1),
                _ => Body::new().text(path).byte(0),
            };
            self.xid += 1;
            raw.ask(self.xid, operation, &body).await;
            // Figures of the root and its children are those of all that was done to this server.
            let seen: Vec<Seen> = raw.settle().await.into_iter().map(|seen| first_bytes(seen, 16)).collect();
            self.say(&format!("{path:?}"), &seen);
        }
        let other = Op::Auth(Who::Raw, "ip", "");
        let (operation, body) = frames::of(&other, "").expect("a frame");
        self.call(raw, "ip", operation, body).await;
    }
}

fn first_bytes(seen: Seen, count: usize) -> Seen {
    match seen {
        Seen::Frame(operation, mut frame) => {
            frame.truncate(count);
            Seen::Frame(operation, frame)
        }
        seen => seen,
    }
}
