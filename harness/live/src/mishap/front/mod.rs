//! A forwarder in front of a service: clients connect to it where they would to the service, which listens on another
//! port of the same address. What is on its way passes the lab's links, and can be answered here instead.

mod cassandra;
mod http;
mod kafka;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use stacklab_machine::service::{ServiceSpec, ZipkinRole};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::{Host, Mishaps, Party, ServiceParty};
use crate::program::address_of;

/// Connections of one front at a time; more are closed at once.
const MAX_CONNECTIONS: usize = 4096;
/// How much is carried at a time.
const PIECE: usize = 64 << 10;
/// How often binding is tried, and how long after: the one before may still be on its way out.
const BIND_TRIES: (u32, Duration) = (10, Duration::from_millis(20));

/// What is spoken behind a front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Plain,
    Http,
    Kafka,
    Cassandra,
}

/// A running front. Dropping it cuts all its connections.
#[derive(Debug)]
pub(super) struct Front {
    task: JoinHandle<()>,
}

impl Front {
    /// Ends it; its port is free when this returns.
    pub(super) async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a connection has to know.
#[derive(Clone, Debug)]
struct Road {
    mishaps: Mishaps,
    host: Host,
    service: ServiceParty,
    party: Party,
    anybody: Party,
    prepared: cassandra::Prepared,
}

impl Road {
    /// Waits until something has come to the service.
    async fn to_service(&self, bytes: usize) {
        self.mishaps.pass(&self.anybody, &self.party, bytes).await;
        self.host.moving().await;
    }

    /// Waits until something has come back from it.
    async fn to_client(&self, bytes: usize) {
        self.mishaps.pass(&self.party, &self.anybody, bytes).await;
        self.host.moving().await;
    }
}

/// Puts a front before a service that is about to start: gives what it is to be started with. A service whose address
/// cannot be had is left alone, to say so itself.
pub(super) async fn put_before(
    mut spec: ServiceSpec,
    service: &ServiceParty,
    host: &Host,
    mishaps: &Mishaps,
) -> (ServiceSpec, Option<Front>) {
    let Ok(at) = address_of(&spec).parse::<SocketAddr>() else { return (spec, None) };
    let (Ok(behind), Ok(listener)) = (free_port(at).await, bind(at).await) else { return (spec, None) };
    let protocol = hide(&mut spec, behind.port());
    mishaps.hides(behind, at);
    let road = Road {
        mishaps: mishaps.clone(),
        host: host.clone(),
        service: service.clone(),
        party: service.party(),
        anybody: Party::default(),
        prepared: cassandra::Prepared::default(),
    };
    let task = tokio::spawn(accept(listener, behind, protocol, road));
    (spec, Some(Front { task }))
}

async fn free_port(at: SocketAddr) -> io::Result<SocketAddr> {
    TcpListener::bind(SocketAddr::new(at.ip(), 0)).await?.local_addr()
}

async fn bind(at: SocketAddr) -> io::Result<TcpListener> {
    let (mut left, pause) = BIND_TRIES;
    loop {
        match TcpListener::bind(at).await {
            Err(why) if why.kind() == io::ErrorKind::AddrInUse && left > 0 => left -= 1,
            bound => return bound,
        }
        tokio::time::sleep(pause).await;
    }
}

/// Has a service listen on another port than its clients know.
fn hide(spec: &mut ServiceSpec, port: u16) -> Protocol {
    match spec {
        ServiceSpec::ZooKeeper(spec) => {
            spec.client_port = port;
            Protocol::Plain
        }
        ServiceSpec::Kafka(spec) => {
            let own = |key: &str| spec.properties.get(key).cloned();
            let advertised = [("advertised.host.name", own("host.name")), ("advertised.port", own("port"))];
            for (key, value) in advertised {
                if let Some(value) = value {
                    spec.properties.entry(key.to_owned()).or_insert(value);
                }
            }
            spec.properties.insert("port".to_owned(), port.to_string());
            Protocol::Kafka
        }
        ServiceSpec::Cassandra(spec) => {
            spec.cql_port = port;
            Protocol::Cassandra
        }
        ServiceSpec::Zipkin(spec) => {
            match spec.role {
                ZipkinRole::Collector => spec.env.insert("COLLECTOR_PORT".to_owned(), port.to_string()),
                ZipkinRole::Query => spec.env.insert("QUERY_PORT".to_owned(), port.to_string()),
                ZipkinRole::Web => spec.flags.insert("zipkin.web.port".to_owned(), format!(":{port}")),
            };
            Protocol::Http
        }
    }
}

async fn accept(listener: TcpListener, behind: SocketAddr, protocol: Protocol, road: Road) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((client, _)) = accepted else {
            // Out of descriptors, most likely.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        if connections.len() < MAX_CONNECTIONS {
            let road = road.clone();
            connections.spawn(async move {
                // Whatever breaks, both ends are closed with this.
                let _ = serve(client, behind, protocol, road).await;
            });
        }
    }
}

async fn serve(client: TcpStream, behind: SocketAddr, protocol: Protocol, road: Road) -> io::Result<()> {
    road.to_service(0).await;
    let service = TcpStream::connect(behind).await?;
    let _ = (client.set_nodelay(true), service.set_nodelay(true));
    match protocol {
        Protocol::Plain => plain(client, service, &road).await,
        Protocol::Http => http::serve(client, service, &road).await,
        Protocol::Kafka => kafka::serve(client, service, &road).await,
        Protocol::Cassandra => cassandra::serve(client, service, &road).await,
    }
}

/// Carries bytes both ways until one way ends.
async fn plain(client: TcpStream, service: TcpStream, road: &Road) -> io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_service, mut to_service) = service.into_split();
    let up = async {
        let mut piece = vec![0; PIECE];
        loop {
            let length = from_client.read(&mut piece).await?;
            if length == 0 {
                return to_service.shutdown().await;
            }
            road.to_service(length).await;
            to_service.write_all(&piece[..length]).await?;
        }
    };
    let down = async {
        let mut piece = vec![0; PIECE];
        loop {
            let length = from_service.read(&mut piece).await?;
            if length == 0 {
                return to_client.shutdown().await;
            }
            road.to_client(length).await;
            to_client.write_all(&piece[..length]).await?;
        }
    };
    let both: (io::Result<()>, io::Result<()>) = tokio::join!(up, down);
    both.0.and(both.1)
}
