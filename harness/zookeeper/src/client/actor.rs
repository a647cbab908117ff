//! The task behind a client: it owns the session, the connection, and the watches.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::connect_string::ConnectString;
use super::link::Link;
use super::watches::Watches;
use super::{Error, Event};
use crate::codec::{self, ReplyHeader, XID_EVENT, XID_PING, XID_SET_WATCHES};
use crate::model::{Code, ConnectReply, ConnectRequest, Request, Response};

/// How many requests may be under way; more wait in the queue, and their callers with them.
pub(super) const MAX_PENDING: usize = 1000;
/// How long a caller waits at most for the answer to closing a session.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
/// Pause after every server was tried in vain: doubled each time, between these.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Why the answer to a request is missing.
#[derive(Debug)]
pub(super) enum Failure {
    /// ZooKeeper says no.
    Refused(Code),
    /// There is no answer; the reason is what the caller gets.
    Lost(Error),
}

pub(super) type Answer = oneshot::Sender<Result<Response, Failure>>;

/// Something a caller wants done, with the server's paths.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) request: Request,
    pub(super) answer: Answer,
}

struct Pending {
    xid: i32,
    request: Request,
    answer: Option<Answer>,
}

/// How a connection came to its end.
enum End {
    /// The session was closed, or nobody wants anything any more.
    Over,
    /// It broke.
    Broken,
}

pub(super) struct Actor {
    connect: ConnectString,
    commands: mpsc::Receiver<Command>,
    events: broadcast::Sender<Event>,
    watches: Watches,
    pending: VecDeque<Pending>,
    session: ConnectRequest,
    last_xid: i32,
    /// The next server of the connect string to try.
    next_host: usize,
}

impl Actor {
    /// Gets a new session within `limit`, or says why there is none.
    pub(super) async fn connect(
        connect: ConnectString,
        session_timeout: Duration,
        limit: Duration,
        commands: mpsc::Receiver<Command>,
        events: broadcast::Sender<Event>,
    ) -> Result<(Self, Link), Error> {
        let session = ConnectRequest {
            timeout_ms: i32::try_from(session_timeout.as_millis()).unwrap_or(i32::MAX),
            password: vec![0; 16],
            read_only: Some(false),
            ..ConnectRequest::default()
        };
        let (watches, pending) = (Watches::default(), VecDeque::new());
        let mut actor =
            Self { connect, commands, events, watches, pending, session, last_xid: 0, next_host: 0 };
        let deadline = Instant::now() + limit;
        let mut why = "not tried".to_owned();
        let mut pause = PAUSES.0;
        loop {
            match timeout_at(deadline, actor.round()).await {
                Ok(Ok((link, reply))) if !reply.is_refused() => {
                    actor.adopt(&reply);
                    return Ok((actor, link));
                }
                Ok(Ok(_)) => "the server refuses a new session".clone_into(&mut why),
                Ok(Err(error)) => why = error,
                Err(_) if why == "not tried" => why = format!("no answer within {} ms", limit.as_millis()),
                Err(_) => {}
            }
            if timeout_at(deadline, sleep(pause)).await.is_err() || Instant::now() >= deadline {
                return Err(Error::Unreachable { connect: actor.connect.to_string(), why });
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// The session's id and its negotiated timeout.
    pub(super) fn session(&self) -> (i64, Duration) {
        (self.session.session_id, self.timeout())
    }

    fn timeout(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.session.timeout_ms).unwrap_or_default())
    }

    fn adopt(&mut self, reply: &ConnectReply) {
        self.session.timeout_ms = reply.timeout_ms;
        self.session.session_id = reply.session_id;
        self.session.password = reply.password.to_vec();
    }

    /// Tries every server once, beginning behind the one used last.
    async fn round(&mut self) -> Result<(Link, ConnectReply), String> {
        let count = self.connect.hosts().len();
        let share =
            (self.timeout() / u32::try_from(count).unwrap_or(u32::MAX)).max(Duration::from_millis(100));
        let mut last = String::new();
        for _ in 0..count {
            let (host, port) = &self.connect.hosts()[self.next_host % count];
            let tried = Link::open(host, *port, &self.session, share).await;
            self.next_host = (self.next_host + 1) % count;
            match tried {
                Ok(linked) => return Ok(linked),
                Err(why) => last = why,
            }
        }
        Err(last)
    }

    /// Serves until the session is over or nobody is left.
    pub(super) async fn run(mut self, mut link: Link) {
        loop {
            match self.serve(link).await {
                End::Over => return self.fail_pending(&Error::Closed),
                End::Broken => {}
            }
            self.tell(Event::Disconnected);
            self.fail_pending(&Error::ConnectionLoss(self.connect.to_string()));
            match self.reconnect().await {
                Some((new, reply)) if reply.is_refused() => {
                    drop(new);
                    self.tell(Event::Expired);
                    return self.refuse_all().await;
                }
                Some((new, reply)) => {
                    self.adopt(&reply);
                    link = new;
                }
                None => return,
            }
        }
    }

    fn tell(&self, event: Event) {
        // Nobody has to listen.
        let _ = self.events.send(event);
    }

    fn fail_pending(&mut self, error: &Error) {
        for answer in self.pending.drain(..).filter_map(|pending| pending.answer) {
            let _ = answer.send(Err(Failure::Lost(error.clone())));
        }
    }

    /// Answers everything with "expired" until nobody is left.
    async fn refuse_all(mut self) {
        while let Some(command) = self.commands.recv().await {
            let _ = command.answer.send(Err(Failure::Lost(Error::Expired)));
        }
    }

    /// Tries the servers until one answers; `None` if meanwhile nobody is left or somebody closes. Requests that
    /// came in are failed after each round, as the Java client does: their callers know better whether to wait.
    async fn reconnect(&mut self) -> Option<(Link, ConnectReply)> {
        let mut pause = PAUSES.0;
        loop {
            if let Ok(linked) = self.round().await {
                return Some(linked);
            }
            let until = Instant::now() + pause;
            while let Ok(command) = timeout_at(until, self.commands.recv()).await {
                let command = command?;
                if matches!(command.request, Request::CloseSession) {
                    let _ = command.answer.send(Ok(Response::Empty));
                    return None;
                }
                let lost = Error::ConnectionLoss(self.connect.to_string());
                let _ = command.answer.send(Err(Failure::Lost(lost)));
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    async fn serve(&mut self, mut link: Link) -> End {
        let silence = self.timeout() * 2 / 3;
        let ping_after = self.timeout() / 3;
        if self.watch_again(&mut link, silence).await.is_err() {
            return End::Broken;
        }
        let (mut heard, mut sent) = (Instant::now(), Instant::now());
        let mut closing_until = None;
        loop {
            let wanted = self.pending.len() < MAX_PENDING && closing_until.is_none();
            let deadline = closing_until.unwrap_or(heard + silence);
            tokio::select! {
                frame = link.read() => {
                    heard = Instant::now();
                    let Ok(frame) = frame else { return self.broken(closing_until) };
                    if !self.take_frame(&frame) {
                        return self.broken(closing_until);
                    }
                    if closing_until.is_some() && self.pending.is_empty() {
                        return End::Over;
                    }
                }
                command = self.commands.recv(), if wanted => {
                    let Some(command) = command else { return End::Over };
                    if matches!(command.request, Request::CloseSession) {
                        closing_until = Some(Instant::now() + CLOSE_LIMIT);
                    }
                    sent = Instant::now();
                    if self.send(&mut link, command, silence).await.is_err() {
                        return self.broken(closing_until);
                    }
                }
                () = sleep_until(sent + ping_after) => {
                    sent = Instant::now();
                    let ping = codec::encode_request(XID_PING, &Request::Ping);
                    if link.write(&ping, silence).await.is_err() {
                        return self.broken(closing_until);
                    }
                }
                () = sleep_until(deadline) => return self.broken(closing_until),
            }
        }
    }

    /// A connection that breaks while the session is being closed has done its work.
    fn broken(&self, closing_until: Option<Instant>) -> End {
        if closing_until.is_some() { End::Over } else { End::Broken }
    }

    /// After a reconnect: sets the watches again, and tells when the server has them. On the first connection
    /// there are none and nothing to tell.
    async fn watch_again(&mut self, link: &mut Link, limit: Duration) -> Result<(), ()> {
        if self.last_xid == 0 {
            self.last_xid = 1;
            return Ok(());
        }
        for request in self.watches.requests(self.session.last_zxid_seen) {
            let frame = codec::encode_request(XID_SET_WATCHES, &request);
            link.write(&frame, limit).await.map_err(|_| ())?;
            self.pending.push_back(Pending { xid: XID_SET_WATCHES, request, answer: None });
        }
        self.tell(Event::Reconnected);
        Ok(())
    }

    async fn send(&mut self, link: &mut Link, command: Command, limit: Duration) -> std::io::Result<()> {
        let xid = self.last_xid;
        self.last_xid = if xid == i32::MAX { 1 } else { xid + 1 };
        let frame = codec::encode_request(xid, &command.request);
        // Noted before it is sent: if sending fails the caller hears that the connection was lost.
        self.pending.push_back(Pending { xid, request: command.request, answer: Some(command.answer) });
        link.write(&frame, limit).await
    }

    /// Takes what the server sent; false if it makes no sense and the connection must go.
    fn take_frame(&mut self, frame: &[u8]) -> bool {
        let Ok((header, body)) = codec::decode_reply_header(frame) else { return false };
        if header.zxid > 0 {
            self.session.last_zxid_seen = header.zxid;
        }
        match header.xid {
            XID_PING => true,
            XID_EVENT => self.take_event(body),
            _ => self.take_reply(&header, body),
        }
    }

    fn take_event(&mut self, body: &[u8]) -> bool {
        let Ok(event) = codec::decode_event(body) else { return false };
        self.watches.fired(event.kind, &event.path);
        self.tell(Event::Watch { kind: event.kind, path: self.connect.to_client(event.path) });
        true
    }

    fn take_reply(&mut self, header: &ReplyHeader, body: &[u8]) -> bool {
        let Some(pending) = self.pending.pop_front() else { return false };
        if pending.xid != header.xid {
            self.pending.push_front(pending);
            return false;
        }
        let result = if header.error == 0 {
            let Ok(response) = codec::decode_response(pending.request.opcode(), body) else {
                self.pending.push_front(pending);
                return false;
            };
            Ok(response)
        } else {
            Err(Code::from_number(header.error))
        };
        self.watches.answered(pending.request, &result);
        if let Some(answer) = pending.answer {
            // A caller who has gone away does not want to know.
            let _ = answer.send(result.map_err(Failure::Refused));
        }
        true
    }
}
