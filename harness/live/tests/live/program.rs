//! One program in the live shell: its inbox, its port, its calls, its files, its end.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use stacklab_machine::http::{Failure, Request, Response};
use stacklab_machine::process::{CallId, Input, Output};
use stacklab_machine::service::{KafkaSpec, ServiceEvent, ServiceSpec};

use crate::scripted;
use crate::support::{get, within};

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

// One thread: the program cannot run while the test fills its inbox.
#[tokio::test(flavor = "current_thread")]
async fn an_inbox_is_bounded_and_loses_nothing() {
    let (program, mut seen) = scripted::start([127, 78, 30, 1], |_| Vec::new());
    within("the start", seen.recv()).await.unwrap();
    let inbox = program.inbox().clone();
    let filled = tokio::task::unconstrained(async {
        for number in 0.. {
            let mut send = pin!(inbox.send(Input::Mesos(number), None));
            match poll(send.as_mut()) {
                Poll::Ready(delivered) => assert!(delivered),
                // Waits for a place, and then gets it.
                Poll::Pending => {
                    assert!(send.await);
                    return number;
                }
            }
        }
        unreachable!("the inbox takes everything")
    });
    let filled = within("a full inbox", filled).await;
    assert_eq!(filled, 1024);
    for number in 0..=filled {
        assert_eq!(within("an input", seen.recv()).await, Some(Input::Mesos(number)));
    }
}

#[tokio::test]
async fn a_killed_program_takes_nothing_and_leaves_its_port() {
    let (program, mut seen) = scripted::start([127, 78, 31, 1], |input| match input {
        Input::Start => vec![Output::Listen { port: 31001 }],
        Input::Http { exchange, .. } => {
            vec![Output::Respond { exchange: *exchange, response: Response::new(200, "text/plain", "here") }]
        }
        _ => Vec::new(),
    });
    within("the start", seen.recv()).await.unwrap();
    assert_eq!(get("http://127.78.31.1:31001/a?b").await, (200, "here".to_owned()));
    let Some(Input::Http { request, .. }) = seen.recv().await else { panic!("no request") };
    assert_eq!(request.url, "/a?b");
    let inbox = program.inbox().clone();
    drop(program);
    crate::support::until_free(SocketAddr::from(([127, 78, 31, 1], 31001))).await;
    assert!(!within("a refusal", inbox.send(Input::Terminate, None)).await);
}

#[tokio::test]
async fn an_exit_is_final_and_answers_who_still_waits() {
    let (mut program, mut seen) = scripted::start([127, 78, 32, 1], |input| match input {
        Input::Start => vec![Output::Listen { port: 31001 }],
        Input::Mesos(_) => vec![Output::Exit { code: 7 }],
        _ => Vec::new(),
    });
    within("the start", seen.recv()).await.unwrap();
    let waiting = tokio::spawn(crate::support::client().get("http://127.78.32.1:31001/").send());
    let request = within("the request", seen.recv()).await;
    assert!(matches!(request, Some(Input::Http { .. })), "{request:?}");
    program.inbox().send(Input::Mesos(1), None).await;
    assert_eq!(within("the exit", program.exited()).await.code, 7);
    // Free when the exit is known, not some time later.
    drop(std::net::TcpListener::bind("127.78.32.1:31001").unwrap());
    let answer = within("the answer", waiting).await.unwrap();
    assert!(answer.is_err() || answer.unwrap().status() == 503);
    assert_eq!(within("the last input", seen.recv()).await, Some(Input::Mesos(1)));
    assert_eq!(within("the end of inputs", seen.recv()).await, None);
}

#[tokio::test]
async fn calls_files_and_services_come_back() {
    let free = std::net::TcpListener::bind("127.78.33.1:0").unwrap().local_addr().unwrap();
    let request = Request::get(format!("http://{free}/"));
    let spec = ServiceSpec::Kafka(KafkaSpec { properties: std::collections::BTreeMap::new() });
    let mut outputs = Some(vec![
        Output::Http { call: CallId(1), request, timeout: Some(Duration::from_secs(5)) },
        Output::ReadFile { call: CallId(2), path: "a".to_owned() },
        Output::WriteFile { path: "a".to_owned(), data: b"text".to_vec() },
        Output::ReadFile { call: CallId(3), path: "a".to_owned() },
        Output::StartService(Box::new(spec)),
    ]);
    let (_program, mut seen) = scripted::start([127, 78, 33, 1], move |_| outputs.take().unwrap_or_default());
    let mut inputs = Vec::new();
    while inputs.len() < 5 {
        inputs.push(within("an input", seen.recv()).await.unwrap());
    }
    let expected = [
        Input::HttpReply { call: CallId(1), result: Err(Failure::Refused(free.to_string())) },
        Input::File { call: CallId(2), data: None },
        Input::File { call: CallId(3), data: Some(b"text".to_vec()) },
        Input::Service(ServiceEvent::Exited { code: 1, message: "none here".to_owned() }),
    ];
    for input in expected {
        assert!(inputs.contains(&input), "{input:?} is not in {inputs:?}");
    }
}

#[tokio::test]
async fn calls_under_way_are_bounded() {
    // Takes connections and never answers.
    let silent = std::net::TcpListener::bind("127.78.34.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let (_program, mut seen) = scripted::start([127, 78, 34, 1], move |input| {
        let call = |call| Output::Http { call: CallId(call), request: Request::get(&url), timeout: None };
        if *input == Input::Start { (0..600).map(call).collect() } else { Vec::new() }
    });
    within("the start", seen.recv()).await.unwrap();
    let refused = within("a refusal", seen.recv()).await.unwrap();
    let Input::HttpReply { call, result: Err(Failure::Refused(why)) } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((call.0 >= 512, why.as_str()), (true, "512 calls of this program are under way already"));
}
