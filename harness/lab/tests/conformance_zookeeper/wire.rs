//! Two ways to a server: through a relay that a real client connects to and that notes what the server sends, and
//! directly, for frames that no client would send.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{sleep, timeout};

use crate::text::Seen;

/// No answer takes longer.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);
/// Whoever says nothing for so long has nothing to say.
const SILENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
struct Log {
    seen: Vec<Seen>,
    ends: usize,
    handshakes: usize,
    /// How often the connection was broken from here.
    cuts: usize,
    parts: Vec<AbortHandle>,
}

/// The relay of one client.
#[derive(Debug)]
pub(crate) struct Relay {
    address: SocketAddr,
    log: Arc<Mutex<Log>>,
    listener: JoinHandle<()>,
}

impl Relay {
    pub(crate) async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let log = Arc::new(Mutex::new(Log::default()));
        let listener = tokio::spawn(accept(listener, server, Arc::clone(&log)));
        Self { address, log, listener }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What came since the last time.
    pub(crate) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut lock(&self.log).seen)
    }

    /// How often the server has closed, and how often it has answered a handshake.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let log = lock(&self.log);
        (log.ends, log.handshakes)
    }

    /// Breaks the connection.
    pub(crate) fn cut(&self) {
        let mut log = lock(&self.log);
        log.cuts += 1;
        for part in log.parts.drain(..) {
            part.abort();
        }
    }

    pub(crate) async fn until(&self, what: &str, holds: impl Fn((usize, usize)) -> bool) {
        let wait = async {
            while !holds(self.counts()) {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(LIMIT, wait).await.unwrap_or_else(|_| panic!("waited in vain for {what}"));
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.listener.abort();
        self.cut();
    }
}

fn lock(log: &Mutex<Log>) -> std::sync::MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, server: SocketAddr, log: Arc<Mutex<Log>>) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect(server).await else { continue };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        let asked = Arc::new(Mutex::new(BTreeMap::new()));
        let up = tokio::spawn(requests(from_client, to_server, Arc::clone(&asked)));
        let down = tokio::spawn(answers(from_server, to_client, asked, Arc::clone(&log)));
        lock(&log).parts.extend([up.abort_handle(), down.abort_handle()]);
    }
}

type Asked = Arc<Mutex<BTreeMap<i32, Vec<i32>>>>;

async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, asked: Asked) -> io::Result<()> {
    let mut first = true;
    loop {
        let frame = read_frame(&mut from).await?;
        if !std::mem::replace(&mut first, false)
            && let [xid, operation] = [&frame[..4], &frame[4..8]].map(int)
        {
            let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.entry(xid).or_default().push(operation);
        }
        write_frame(&mut to, &frame).await?;
    }
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    asked: Asked,
    log: Arc<Mutex<Log>>,
) -> io::Result<()> {
    let (mut first, cuts) = (true, lock(&log).cuts);
    loop {
        let frame = match read_frame(&mut from).await {
            Ok(frame) => frame,
            Err(error) => {
                let mut log = lock(&log);
                if log.cuts == cuts {
                    log.seen.push(Seen::End);
                    log.ends += 1;
                }
                return Err(error);
            }
        };
        let handshake = std::mem::replace(&mut first, false);
        let seen = if handshake { Seen::Handshake(frame.clone()) } else { answer(&asked, frame.clone()) };
        {
            let mut log = lock(&log);
            log.seen.push(seen);
            log.handshakes += usize::from(handshake);
        }
        write_frame(&mut to, &frame).await?;
    }
}

fn answer(asked: &Asked, frame: Vec<u8>) -> Seen {
    let xid = frame.get(..4).map_or(0, int);
    let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    let operation =
        asked.get_mut(&xid).filter(|waiting| !waiting.is_empty()).map(|waiting| waiting.remove(0));
    Seen::Frame(operation, frame)
}

fn int(bytes: &[u8]) -> i32 {
    bytes.try_into().map_or(0, i32::from_be_bytes)
}

async fn read_frame(from: &mut OwnedReadHalf) -> io::Result<Vec<u8>> {
    let length = from.read_i32().await?;
    let mut frame = vec![0; usize::try_from(length).map_err(|_| io::ErrorKind::InvalidData)?];
    from.read_exact(&mut frame).await?;
    Ok(frame)
}

async fn write_frame(to: &mut OwnedWriteHalf, frame: &[u8]) -> io::Result<()> {
    let mut bytes = (frame.len() as i32).to_be_bytes().to_vec();
    bytes.extend_from_slice(frame);
    to.write_all(&bytes).await
}

/// A connection without a client.
#[derive(Debug)]
pub(crate) struct Raw {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    asked: Vec<(i32, i32)>,
    pub(crate) session: i64,
    pub(crate) password: Vec<u8>,
}

/// The xid and operation of a ping.
const PING: (i32, i32) = (-2, 11);

impl Raw {
    pub(crate) async fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.expect("the server listens");
        let _ = stream.set_nodelay(true);
        let (from, to) = stream.into_split();
        Self { from, to, asked: Vec::new(), session: 0, password: vec![0; 16] }
    }

    /// Opens a session, or comes back to one.
    pub(crate) async fn connect(
        server: SocketAddr,
        (session, password): (i64, &[u8]),
        (timeout_ms, zxid): (i32, i64),
    ) -> (Self, Vec<Seen>) {
        let mut raw = Self::open(server).await;
        let hello = Body::new().int(0).long(zxid).int(timeout_ms).long(session).bytes(Some(password)).byte(0);
        raw.send(&hello.0).await;
        let seen = raw.handshake().await;
        (raw, vec![seen])
    }

    pub(crate) async fn handshake(&mut self) -> Seen {
        let frame = match self.frame().await {
            Ok(frame) => frame,
            Err(seen) => return seen,
        };
        if frame.len() >= 36 {
            self.session = i64::from_be_bytes(frame[8..16].try_into().expect("eight bytes"));
            self.password = frame[20..36].to_vec();
        }
        Seen::Handshake(frame)
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        // It may be closed already: then the end is what is read.
        let _ = self.to.write_all(bytes).await;
    }

    /// No more bytes will come.
    pub(crate) async fn finish(&mut self) {
        let _ = self.to.shutdown().await;
    }

    pub(crate) async fn send(&mut self, frame: &[u8]) {
        let _ = write_frame(&mut self.to, frame).await;
    }

    pub(crate) async fn ask(&mut self, xid: i32, operation: i32, body: &Body) {
        self.asked.push((xid, operation));
        let head = Body::new().int(xid).int(operation);
        self.send(&[head.0, body.0.clone()].concat()).await;
    }

    async fn frame(&mut self) -> Result<Vec<u8>, Seen> {
        let frame = timeout(SILENCE, read_frame(&mut self.from)).await.map_err(|_| Seen::Silence)?;
        frame.map_err(|_| Seen::End)
    }

    /// The next frame, with the operation that it answers.
    pub(crate) async fn next(&mut self) -> Seen {
        let frame = match self.frame().await {
            Ok(frame) => frame,
            Err(seen) => return seen,
        };
        let xid = frame.get(..4).map_or(0, int);
        let found = self.asked.iter().position(|(asked, _)| *asked == xid);
        Seen::Frame(found.map(|index| self.asked.remove(index).1), frame)
    }

    /// Everything that is on its way: all answers, then up to the answer to a ping, which is not part of it. After
    /// an answer that ends the connection up to its end, for that comes before the answer to a ping or behind it.
    pub(crate) async fn settle(&mut self) -> Vec<Seen> {
        let (mut all, mut last, mut pinged) = (Vec::new(), false, false);
        loop {
            if self.asked.is_empty() && !last && !pinged {
                self.ask(PING.0, PING.1, &Body::new()).await;
                pinged = true;
            }
            let seen = self.next().await;
            match &seen {
                Seen::Frame(Some(operation), _) if pinged && *operation == PING.1 => return all,
                Seen::Frame(Some(operation), frame) => last |= *operation == -11 || ends(frame),
                Seen::End | Seen::Silence => {
                    all.push(seen);
                    return all;
                }
                _ => {}
            }
            all.push(seen);
        }
    }

    /// The last transaction.
    pub(crate) async fn zxid(&mut self) -> i64 {
        self.ask(PING.0, PING.1, &Body::new()).await;
        loop {
            match self.next().await {
                Seen::Frame(Some(_), frame) => {
                    return i64::from_be_bytes(frame[4..12].try_into().expect("eight bytes"));
                }
                Seen::End | Seen::Silence => panic!("no answer to a ping"),
                _ => {}
            }
        }
    }

    /// All bytes up to the end; a note in their place if there is none.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        match timeout(SILENCE, self.from.read_to_end(&mut all)).await {
            Ok(_) => all,
            Err(_) => [b"no end: ".to_vec(), all].concat(),
        }
    }
}

/// Whether a server closes behind an answer: to an operation that it does not know, or to bad credentials.
fn ends(frame: &[u8]) -> bool {
    frame.get(12..16).is_some_and(|error| [-6, -115].contains(&int(error)))
}

/// Fields of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body(pub(crate) Vec<u8>);

impl Body {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn int(mut self, value: i32) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn long(mut self, value: i64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn byte(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub(crate) fn bytes(self, value: Option<&[u8]>) -> Self {
        let Some(value) = value else { return self.int(-1) };
        let mut longer = self.int(value.len() as i32);
        longer.0.extend_from_slice(value);
        longer
    }

    pub(crate) fn text(self, value: &str) -> Self {
        self.bytes(Some(value.as_bytes()))
    }

    pub(crate) fn texts(self, values: &[String]) -> Self {
        values.iter().fold(self.int(values.len() as i32), |body, value| body.text(value))
    }
}
