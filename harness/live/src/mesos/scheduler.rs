//! A scheduler's way to a master: the v1 scheduler API over HTTP, against ours or a real one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stacklab_machine::http::{Method, Request};
use stacklab_machine::process::Input;
use stacklab_machine::timeline::EventId;
use stacklab_mesos::http::{call_json, parse_event};
use stacklab_mesos::{FrameworkId, SchedulerCall, SchedulerEvent, recordio};
use stacklab_zookeeper::client::Client;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use crate::mishap::{Mishaps, Party};
use crate::program::{Inbox, MesosLink, Place};

/// Calls that may wait for the master; further ones are refused.
const WAITING: usize = 4096;
/// How long the master may take for an answer, and ZooKeeper for the master's address.
const LIMIT: Duration = Duration::from_secs(10);
/// How much of a refusal's text is read, in bytes.
const MAX_REFUSAL: usize = 64 << 10;

enum Order {
    Attach(String),
    Call(SchedulerCall),
}

/// The link of one scheduler, which may hear more than Mesos' events. Dropping it closes its event stream.
#[derive(Debug)]
pub struct SchedulerLink<E = SchedulerEvent> {
    orders: mpsc::Sender<Order>,
    inbox: Inbox<E>,
    worker: JoinHandle<()>,
}

impl<E: From<SchedulerEvent> + Send + 'static> SchedulerLink<E> {
    /// A link that delivers to this inbox.
    pub fn new(inbox: Inbox<E>) -> Self {
        Self::over(inbox, Road::default())
    }

    /// The link of a program that runs at this place.
    pub fn at(place: &Place) -> impl FnOnce(Inbox<E>) -> Self + use<E> {
        let road = Road { mishaps: place.surroundings.lab.clone(), from: place.party() };
        move |inbox| Self::over(inbox, road)
    }

    fn over(inbox: Inbox<E>, road: Road) -> Self {
        let (orders, receiver) = mpsc::channel(WAITING);
        let worker = Worker {
            inbox: inbox.clone(),
            road,
            master: String::new(),
            leader: None,
            session: Session::default(),
            streams: JoinSet::new(),
        };
        Self { orders, inbox, worker: tokio::spawn(worker.run(receiver)) }
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            let inbox = self.inbox.clone();
            let text = format!("{WAITING} calls wait for the master already");
            tokio::spawn(async move {
                inbox.send(Input::Mesos(SchedulerEvent::Refused { status: 503, text }.into()), None).await;
            });
        }
    }
}

impl<E> Drop for SchedulerLink<E> {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

impl<E: From<SchedulerEvent> + Send + 'static> MesosLink<SchedulerCall> for SchedulerLink<E> {
    fn attach(&mut self, master: &str) {
        self.order(Order::Attach(master.to_owned()));
    }

    fn call(&mut self, call: SchedulerCall, _: Option<EventId>) {
        self.order(Order::Call(call));
    }
}

/// What lies between a scheduler and its master.
#[derive(Clone, Debug, Default)]
struct Road {
    mishaps: Mishaps,
    from: Party,
}

impl Road {
    /// Waits until something of this size has come from the master.
    async fn came(&self, master: &str, bytes: usize) {
        if self.mishaps.armed() {
            let master = self.mishaps.party_at(master);
            self.mishaps.pass(&master, &self.from, bytes).await;
        }
    }
}

/// What every call but Subscribe needs: filled in by the event stream.
#[derive(Clone, Debug, Default)]
struct Session {
    ids: Arc<Mutex<(Option<FrameworkId>, Option<String>)>>,
}

impl Session {
    fn get(&self) -> (Option<FrameworkId>, Option<String>) {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_stream(&self, stream: Option<String>) {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).1 = stream;
    }

    fn set_framework(&self, framework: FrameworkId) {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).0 = Some(framework);
    }
}

struct Worker<E> {
    inbox: Inbox<E>,
    road: Road,
    /// As given on the command line.
    master: String,
    /// Where that leads: found out anew at every Subscribe, as the leader may have changed.
    leader: Option<String>,
    session: Session,
    streams: JoinSet<()>,
}

impl<E: From<SchedulerEvent> + Send + 'static> Worker<E> {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        while let Some(order) = orders.recv().await {
            match order {
                Order::Attach(master) => self.master = master,
                Order::Call(call @ SchedulerCall::Subscribe { .. }) => self.subscribe(&call).await,
                Order::Call(call) => self.call(&call).await,
            }
        }
    }

    async fn deliver(&self, event: SchedulerEvent) {
        self.inbox.send(Input::Mesos(event.into()), None).await;
    }

    async fn request(&mut self, call: &SchedulerCall) -> Result<Request, String> {
        let subscribing = matches!(call, SchedulerCall::Subscribe { .. });
        let master = match self.leader.take().filter(|_| !subscribing) {
            Some(leader) => leader,
            None => resolve(&self.master).await?,
        };
        self.leader = Some(master.clone());
        let (framework, stream) = self.session.get();
        let body = call_json(call, framework.as_ref().filter(|_| !subscribing));
        let mut request =
            Request::json(Method::Post, format!("http://{master}/master/api/v1/scheduler"), body);
        request.headers.push(("accept".to_owned(), "application/json".to_owned()));
        if let Some(stream) = stream.filter(|_| !subscribing) {
            request.headers.push(("mesos-stream-id".to_owned(), stream));
        }
        Ok(request)
    }

    async fn call(&mut self, call: &SchedulerCall) {
        let answer = match self.request(call).await {
            Ok(request) => {
                let answer = self.road.mishaps.request(&self.road.from, &request, Some(LIMIT));
                answer.await.map_err(|why| why.to_string())
            }
            Err(why) => Err(why),
        };
        match answer {
            Ok(answer) if answer.status < 400 => {}
            Ok(answer) => {
                self.deliver(SchedulerEvent::Refused {
                    status: answer.status,
                    text: answer.text().into_owned(),
                })
                .await;
            }
            Err(why) => self.deliver(SchedulerEvent::Refused { status: 503, text: why }).await,
        }
    }

    async fn subscribe(&mut self, call: &SchedulerCall) {
        // The older stream, if any, ends here.
        self.streams = JoinSet::new();
        let opened = match self.request(call).await {
            Ok(request) => match tokio::time::timeout(LIMIT, crate::http::open_stream(&request)).await {
                Ok(opened) => opened.map_err(|why| why.to_string()),
                Err(_) => Err(format!("no answer in {} s: {}", LIMIT.as_secs(), request.url)),
            },
            Err(why) => Err(why),
        };
        let (head, mut pieces) = match opened {
            Ok(opened) => opened,
            Err(why) => return self.deliver(SchedulerEvent::Disconnected { why }).await,
        };
        if head.status != 200 {
            let text = refusal(&mut pieces).await;
            return self.deliver(SchedulerEvent::Refused { status: head.status, text }).await;
        }
        self.session.set_stream(head.header("mesos-stream-id").map(str::to_owned));
        let (inbox, session, road) = (self.inbox.clone(), self.session.clone(), self.road.clone());
        let master = self.leader.clone().unwrap_or_default();
        self.streams.spawn(async move {
            let why = read_stream(&mut pieces, &inbox, &session, (&road, &master)).await;
            inbox.send(Input::Mesos(SchedulerEvent::Disconnected { why }.into()), None).await;
        });
    }
}

/// What the master says when it refuses a Subscribe: as much of it as is there in time.
async fn refusal(pieces: &mut mpsc::Receiver<bytes::Bytes>) -> String {
    let mut text = Vec::new();
    let read = async {
        while let Some(piece) = pieces.recv().await {
            text.extend_from_slice(&piece);
            if text.len() > MAX_REFUSAL {
                break;
            }
        }
    };
    // What came before the time was up is all there is to say.
    let _ = tokio::time::timeout(LIMIT, read).await;
    String::from_utf8_lossy(&text).into_owned()
}

/// Delivers events until the stream ends; says how it did.
async fn read_stream<E: From<SchedulerEvent> + Send + 'static>(
    pieces: &mut mpsc::Receiver<bytes::Bytes>,
    inbox: &Inbox<E>,
    session: &Session,
    (road, master): (&Road, &str),
) -> String {
    let mut decoder = recordio::Decoder::default();
    while let Some(piece) = pieces.recv().await {
        road.came(master, piece.len()).await;
        decoder.push(&piece);
        loop {
            let record = match decoder.next_record() {
                Ok(Some(record)) => record,
                Ok(None) => break,
                Err(why) => return why.to_string(),
            };
            let event = match parse_event(&record) {
                Ok(Some(event)) => event,
                // Of a kind that nothing here listens to.
                Ok(None) => continue,
                Err(why) => return why.to_string(),
            };
            if let SchedulerEvent::Subscribed { framework_id, .. } = &event {
                session.set_framework(framework_id.clone());
            }
            if !inbox.send(Input::Mesos(event.into()), None).await {
                return "the scheduler ended".to_owned();
            }
        }
    }
    "the master closed the event stream".to_owned()
}

/// `host:port` of the leading master: as given, or out of the `json.info_` node of lowest number.
async fn resolve(master: &str) -> Result<String, String> {
    let Some(rest) = master.strip_prefix("zk://") else {
        return Ok(master.trim_start_matches("http://").trim_end_matches('/').to_owned());
    };
    let (connect, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = format!("/{path}");
    let failed = |why: String| format!("no Mesos master in ZooKeeper {connect}{path}: {why}");
    let client = Client::connect(connect, LIMIT).await.map_err(|why| failed(why.to_string()))?;
    let children = client.children(&path, false).await.map_err(|why| failed(why.to_string()))?;
    let leader = children.iter().filter(|child| child.starts_with("json.info_")).min();
    let leader = leader.ok_or_else(|| failed("no master has registered".to_owned()))?;
    let (data, _) =
        client.get(&format!("{path}/{leader}"), false).await.map_err(|why| failed(why.to_string()))?;
    client.close().await;
    let info: serde_json::Value =
        serde_json::from_slice(&data.unwrap_or_default()).map_err(|why| failed(why.to_string()))?;
    let (ip, port) = (&info["address"]["ip"], &info["address"]["port"]);
    match (ip.as_str(), port.as_u64()) {
        (Some(ip), Some(port)) => Ok(format!("{ip}:{port}")),
        _ => Err(failed("the node has no address".to_owned())),
    }
}
