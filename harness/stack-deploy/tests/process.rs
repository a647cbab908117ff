//! The server as a process, and over sockets: signals, ports, connections that end, many runs at a time.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use stacklab_live::http::{Answer, Handler, Server, request};
use stacklab_live::{Clock, Names, Recorder};
use stacklab_machine::http::{Failure, Method, Request, Response};
use stacklab_stack::server::{Mode, ServerConfig};
use stacklab_stack_deploy::server::{self, CassandraConfig, Ground, Started};

/// All that is needed of a cluster: a master's state, and a Marathon that runs everything at once.
async fn cluster(address: [u8; 4]) -> Server {
    let handler: Handler = Arc::new(|request: Request| {
        let body = match request.path() {
            "/master/state.json" => r#"{"activated_slaves":1,"slaves":[]}"#,
            "/v2/info" => r#"{"marathon_config":{"master":"zk://zk:2181/mesos"}}"#,
            "/v2/apps" => r#"{"id":"/x"}"#,
            _ => r#"{"app":{"tasksRunning":1,"tasksHealthy":1}}"#,
        };
        Box::pin(async move { Answer::Whole(Response::json(200, body)) })
    });
    Server::start(SocketAddr::from((address, 0)), handler).await.expect("a cluster")
}

fn stack_deploy(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stack-deploy"));
    command.env_clear().args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Waits for the end of a process, but not for ever.
fn end(mut child: Child) -> Output {
    let deadline = Instant::now() + Duration::from_secs(20);
    while child.try_wait().expect("a state").is_none() {
        assert!(Instant::now() < deadline, "it does not end");
        std::thread::yield_now();
    }
    child.wait_with_output().expect("its output")
}

fn until_it_listens(address: SocketAddr) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < deadline, "it does not listen");
        std::thread::yield_now();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ends_with_an_interrupt_and_needs_its_port() {
    let cluster = cluster([127, 83, 1, 1]).await;
    let api = SocketAddr::from(([127, 83, 1, 2], 4200));
    let master = cluster.address().to_string();
    let marathon = format!("http://{master}");
    let (api_text, record) = (format!("http://{api}"), "file:/nonexistent/record".to_owned());
    let ended = tokio::task::spawn_blocking(move || {
        let args = ["server", "--dev", "--api", &api_text, "--master", &master, "--marathon", &marathon];
        let start = || stack_deploy(&args).args(["--storage", &record]).spawn().expect("a server");
        let first = start();
        until_it_listens(api);
        let second = end(start());
        let interrupted = Command::new("kill").args(["-INT", &first.id().to_string()]).status();
        assert!(interrupted.expect("a signal").success());
        (end(first), second)
    });
    let (first, second) = ended.await.expect("both ended");
    assert_eq!(first.status.code(), Some(0));
    let log = String::from_utf8_lossy(&first.stderr).into_owned();
    assert!(log.contains("[WARNING] Starting in developer mode. DO NOT use this in production!"), "{log}");
    assert!(log.contains("[INFO] Start API Server on: 127.83.1.2:4200"), "{log}");
    let log = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(log.ends_with("panic: listen tcp 127.83.1.2:4200: bind: address already in use\n"), "{log}");
    assert_eq!(second.status.code(), Some(2));
}

#[test]
fn fails_with_the_original_exit_codes() {
    for (args, line, code) in [
        (&["server"][..], "[FATAL] --storage flag is required. Examples: 'file:stack-deploy.json', ", 2),
        (&["server", "--storage", "x"], "[FATAL] Unsupported storage", 2),
        (&["server", "--dev", "--marathon", "h:8080"], "[FATAL] invalid Marathon endpoint specified", 2),
        (
            &["server", "--dev", "--master", "127.0.0.1:1"],
            "[FATAL] Get \"http://127.0.0.1:1/master/state.json\": ",
            2,
        ),
        (&["server", "--nope"], "flag provided but not defined: -nope", 2),
        (&["server", "-h"], "Usage of server:", 0),
        (&["--version"], "0.3.5.2", 1),
    ] {
        let output = end(stack_deploy(args).spawn().expect("a server"));
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(log.contains(line), "{args:?}: {log}");
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(code), &b""[..]), "{args:?}");
    }
}

/// A server in this process.
async fn start(cluster: &Server, address: [u8; 4], faithful: bool) -> Started {
    let mut config = ServerConfig { faithful, ..ServerConfig::new(Mode::Developer) };
    config.master = cluster.address().to_string();
    config.marathon_url = format!("http://{}", cluster.address());
    config.storage = "file:/nonexistent/record".into();
    let ground = Ground {
        recorder: Recorder::new(Clock::new()),
        names: Names::default(),
        cassandra: CassandraConfig::default(),
    };
    server::start(address.into(), config, &ground).await.expect("a server")
}

async fn post(address: [u8; 4], path: &str, body: &str) -> Result<Response, Failure> {
    let url = format!("http://{}:4200{path}", Ipv4Addr::from(address));
    let request_ = Request { method: Method::Post, url, headers: Vec::new(), body: body.into() };
    request(&request_, Some(Duration::from_secs(30))).await
}

const STACK: &str = "name: s\\napplications:\\n  a: {type: t, id: a, cpu: 1, mem: 1}\\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_runs_at_a_time() {
    let (cluster, address) = (cluster([127, 83, 2, 1]).await, [127, 83, 2, 2]);
    let _started = start(&cluster, address, false).await;
    let added = post(address, "/createstack", &format!("{{\"stackfile\":\"{STACK}\"}}")).await;
    assert_eq!(added.expect("an answer").status, 200);
    let mut runs = tokio::task::JoinSet::new();
    for _ in 0..200 {
        runs.spawn(post(address, "/run", "{\"name\":\"s\"}"));
    }
    for answer in runs.join_all().await {
        let answer = answer.expect("an answer");
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
    }
    assert_eq!(post(address, "/run", "{\"name\":\"s\"}").await.expect("an answer").status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_dies_ends_its_connection_only() {
    let (cluster, address) = (cluster([127, 83, 3, 1]).await, [127, 83, 3, 2]);
    let _started = start(&cluster, address, true).await;
    for file in [STACK, "name: z\\n"] {
        let added = post(address, "/createstack", &format!("{{\"stackfile\":\"{file}\"}}")).await;
        assert_eq!(added.expect("an answer").status, 200);
    }
    let died = post(address, "/run", "{\"name\":\"s\",\"zone\":\"z\"}").await;
    assert!(matches!(died, Err(Failure::Closed(_))), "{died:?}");
    assert_eq!(post(address, "/list", "").await.expect("an answer").text(), "- s\n- z\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raw_requests() {
    let (cluster, address) = (cluster([127, 83, 4, 1]).await, [127, 83, 4, 2]);
    let _started = start(&cluster, address, false).await;
    let answers = tokio::task::spawn_blocking(move || {
        let send = |head: &str| {
            let mut stream = TcpStream::connect(SocketAddr::from((address, 4200))).expect("a connection");
            stream
                .write_all(format!("{head}\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
                .expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("an answer");
            answer.replace("\r\n", "\n")
        };
        [send("GET /health HTTP/1.1"), send("PUT /list HTTP/1.1"), send("GET /../list HTTP/1.1")]
    });
    let [health, list, path] = answers.await.expect("answers");
    assert!(health.starts_with("HTTP/1.1 200 OK\n") && health.ends_with("\n\n"), "{health}");
    assert!(!health.contains("content-type"), "{health}");
    assert!(
        list.contains("content-type: text/plain; charset=utf-8\n") && list.ends_with("\n\n[]\n"),
        "{list}"
    );
    assert!(path.starts_with("HTTP/1.1 404 Not Found\n"), "{path}");
    assert!(path.ends_with("\n\n404 page not found\n"), "{path}");
    assert!(path.contains("x-content-type-options: nosniff\n"), "{path}");
}
