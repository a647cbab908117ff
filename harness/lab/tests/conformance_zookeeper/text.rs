//! Frames as text that both servers must agree on: transactions are counted from the sequence's first one, sessions
//! have their client's name, times are only "now". Nothing else is left out; bytes that do not belong are shown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// A frame of the server.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    /// The answer to the handshake.
    Handshake(Vec<u8>),
    /// An answer, and the operation it answers; or an event.
    Frame(Option<i32>, Vec<u8>),
    /// The server closed the connection.
    End,
    /// It should have said something, and did not.
    Silence,
}

/// What is behind the names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) first_zxid: i64,
    pub(crate) sessions: BTreeMap<i64, String>,
}

impl Names {
    fn zxid(&self, zxid: i64) -> String {
        match zxid {
            -1 | 0 => zxid.to_string(),
            _ => format!("{:+}", zxid - self.first_zxid),
        }
    }

    fn session(&self, id: i64) -> String {
        match self.sessions.get(&id) {
            Some(name) => name.clone(),
            None if id == 0 => "nobody".into(),
            None => "somebody".into(),
        }
    }

    /// A frame in one line.
    pub(crate) fn describe(&self, seen: &Seen) -> String {
        match seen {
            Seen::End => "closed".into(),
            Seen::Silence => "silence".into(),
            Seen::Handshake(frame) => self.read(frame, |reader| reader.handshake()),
            Seen::Frame(operation, frame) => self.read(frame, |reader| reader.answer(*operation)),
        }
    }

    fn read(&self, frame: &[u8], read: impl FnOnce(&mut Reader<'_>) -> Option<()>) -> String {
        let mut reader = Reader { rest: frame, names: self, text: String::new() };
        if read(&mut reader).is_none() || !reader.rest.is_empty() {
            let _ = write!(reader.text, " then {:02x?}", reader.rest);
        }
        reader.text
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    names: &'a Names,
    text: String,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }

    fn int(&mut self) -> Option<i32> {
        self.take().map(i32::from_be_bytes)
    }

    fn long(&mut self) -> Option<i64> {
        self.take().map(i64::from_be_bytes)
    }

    fn say(&mut self, text: impl AsRef<str>) {
        self.text.push(' ');
        self.text.push_str(text.as_ref());
    }

    fn bytes(&mut self) -> Option<Option<Vec<u8>>> {
        let length = self.int()?;
        if length == -1 {
            return Some(None);
        }
        let (head, rest) = self.rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(Some(head.to_vec()))
    }

    /// A buffer: its text; only its length where it is long.
    fn data(&mut self) -> Option<String> {
        Some(match self.bytes()? {
            None => "null".into(),
            Some(bytes) if bytes.len() > 1000 => format!("{} bytes", bytes.len()),
            Some(bytes) => format!("{:?}", String::from_utf8_lossy(&bytes)),
        })
    }

    fn handshake(&mut self) -> Option<()> {
        let (version, timeout, session) = (self.int()?, self.int()?, self.long()?);
        let password = self.bytes()?;
        let session = self.names.session(session);
        let zeros = password.as_ref().is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0));
        let length = password.map(|bytes| bytes.len());
        self.text = format!("connected v{version} timeout {timeout} session {session} password {length:?}");
        if zeros {
            self.say("of zeros");
        }
        if let [read_only] = self.rest {
            self.text += &format!(" read-only {read_only}");
            self.rest = &[];
        }
        Some(())
    }

    fn answer(&mut self, operation: Option<i32>) -> Option<()> {
        let (xid, zxid, error) = (self.int()?, self.long()?, self.int()?);
        let zxid = self.names.zxid(zxid);
        if xid == -1 && operation.is_none() {
            let (kind, state) = (self.int()?, self.int()?);
            let path = self.data()?;
            self.text = format!("event {kind} {path} (zxid {zxid}, error {error}, state {state})");
            return Some(());
        }
        let name = operation.map_or("?".to_owned(), |operation| operation.to_string());
        self.text = format!("answer to {name}: {error} zxid {zxid}");
        match operation? {
            _ if error != 0 => {}
            1 | 9 => self.path()?,
            3 | 5 | 7 => self.stat()?,
            4 => {
                let data = self.data()?;
                self.say(data);
                self.stat()?;
            }
            6 => {
                self.list()?;
                self.stat()?;
            }
            8 => self.names()?,
            12 => {
                self.names()?;
                self.stat()?;
            }
            14 => self.multi()?,
            102 => self.path()?,
            _ => {}
        }
        Some(())
    }

    fn path(&mut self) -> Option<()> {
        let path = self.data()?;
        self.say(path);
        Some(())
    }

    fn list(&mut self) -> Option<()> {
        for _ in 0..self.int()? {
            let (perms, scheme, id) = (self.int()?, self.data()?, self.data()?);
            self.say(format!("{perms}:{scheme}:{id}"));
        }
        Some(())
    }

    fn names(&mut self) -> Option<()> {
        let mut names = Vec::new();
        for _ in 0..self.int()? {
            names.push(self.data()?);
        }
        self.say(format!("[{}]", names.join(" ")));
        Some(())
    }

    fn stat(&mut self) -> Option<()> {
        let (czxid, mzxid, ctime, mtime) = (self.long()?, self.long()?, self.long()?, self.long()?);
        let (version, cversion, aversion) = (self.int()?, self.int()?, self.int()?);
        let (owner, length, children, pzxid) = (self.long()?, self.int()?, self.int()?, self.long()?);
        let names = self.names;
        let [czxid, mzxid, pzxid] = [czxid, mzxid, pzxid].map(|zxid| names.zxid(zxid));
        let order = if mtime < ctime { " mtime before ctime" } else { "" };
        let owner = if owner == 0 { "nobody".into() } else { names.session(owner) };
        self.say(format!(
            "{{c {czxid} m {mzxid} p {pzxid} at {} {}{order} v {version} {cversion} {aversion} owner {owner} length {length} children {children}}}",
            time(ctime),
            time(mtime),
        ));
        Some(())
    }

    fn multi(&mut self) -> Option<()> {
        loop {
            let (kind, [done], error) = (self.int()?, self.take()?, self.int()?);
            self.say(format!("({kind} {done} {error})"));
            if done != 0 {
                return Some(());
            }
            match kind {
                1 => self.path()?,
                5 => self.stat()?,
                -1 => {
                    let code = self.int()?;
                    self.say(code.to_string());
                }
                _ => {}
            }
        }
    }
}

/// A moment: never, or about now.
fn time(ms: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    match ms {
        0 => "0".into(),
        ms if (now - 600_000..=now + 1000).contains(&ms) => "now".into(),
        ms => ms.to_string(),
    }
}
