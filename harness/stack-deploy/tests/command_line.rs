//! The command line against a server that answers from a script: what is sent, printed, and the exit code.

use std::collections::BTreeMap;
use std::sync::Mutex;

use expect_test::{Expect, expect};
use stacklab_machine::http::{Failure, Method, Request, Response};
use stacklab_stack_deploy::cli::{self, Meant};
use stacklab_stack_deploy::client::{Streams, World};

/// A world with one answer to everything.
struct Scripted {
    environment: BTreeMap<&'static str, &'static str>,
    answer: Result<Response, Failure>,
    sent: Mutex<Vec<Request>>,
    seconds: Mutex<f64>,
}

impl World for Scripted {
    fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).map(|value| (*value).to_owned())
    }

    fn file(&self, path: &str) -> Option<Vec<u8>> {
        matches!(path, "Stackfile" | "x.stack").then(|| b"name: x\n".to_vec())
    }

    async fn send(&self, request: Request) -> Result<Response, Failure> {
        self.sent.lock().expect("a test").push(request);
        self.answer.clone()
    }

    fn seconds(&self) -> f64 {
        let mut seconds = self.seconds.lock().expect("a test");
        *seconds += 90.9;
        *seconds
    }
}

/// What came of a command line.
struct Outcome {
    stdout: String,
    stderr: String,
    code: i32,
    sent: Vec<Request>,
}

fn world(status: u16, body: &str) -> Scripted {
    Scripted {
        environment: BTreeMap::from([("SD_API", "h:4200/"), ("SD_USER", "joe"), ("SD_KEY", "k")]),
        answer: Ok(Response::new(status, "text/plain", body)),
        sent: Mutex::default(),
        seconds: Mutex::default(),
    }
}

fn run(line: &str, world: Scripted) -> Outcome {
    let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    run_args(&args, world)
}

fn run_args(args: &[String], world: Scripted) -> Outcome {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut streams = Streams { stdout: &mut stdout, stderr: &mut stderr };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a test");
    let meant = runtime.block_on(cli::run(args, &world, &mut streams));
    let Meant::Ended(code) = meant else { panic!("a client command: {meant:?}") };
    let text = |bytes| String::from_utf8(bytes).expect("a test");
    Outcome {
        stdout: text(stdout),
        stderr: text(stderr),
        code,
        sent: world.sent.into_inner().expect("a test"),
    }
}

/// Checks standard output, that nothing went to standard error, and the exit code.
#[track_caller]
fn prints(line: &str, answer: (u16, &str), stdout: &str, code: i32) -> Vec<Request> {
    let outcome = run(line, world(answer.0, answer.1));
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), (stdout, ""), "{line}");
    assert_eq!(outcome.code, code, "{line}");
    outcome.sent
}

#[track_caller]
fn complains(line: &str, first: &str, code: i32) {
    let outcome = run(line, world(200, ""));
    assert_eq!(outcome.stderr.lines().next().unwrap_or_default(), first, "{line}");
    assert_eq!((outcome.stdout.as_str(), outcome.code), ("", code), "{line}");
    assert!(outcome.sent.is_empty());
}

#[track_caller]
fn shows(line: &str, code: i32, expected: &Expect) {
    let outcome = run(line, world(200, ""));
    expected.assert_eq(&outcome.stderr);
    assert_eq!((outcome.stdout.as_str(), outcome.code), ("", code), "{line}");
}

#[test]
fn general_usage() {
    let usage = expect![[r#"
        usage: stack-deploy [--version] [--help] <command> [<args>]

        Available commands are:
            add             Add new stack
            addlayer        Add new stack
            adduser         Add new user
            list            List stacks
            ping            Ping stack-deploy server
            refreshtoken    Refresh user token
            remove          Remove existing stack
            run             Run Stack
            scheduled       View scheduled tasks
            server          Starts stack-deploy Server
            show            Show stack

    "#]];
    for line in ["", "nope", "--help", "-h", "-help", "nope --version", "-x"] {
        shows(line, 1, &usage);
    }
}

#[test]
fn flags_before_the_command() {
    for line in ["--version", "-version", "-v", "-v list", "--version nope"] {
        shows(line, 1, &expect![["0.3.5.2\n"]]);
    }
    // A command has no help text: what is left of the page is its line break.
    for (line, text) in [("--help list", "\n"), ("--help server", "Starts stack-deploy Server\n")] {
        let outcome = run(line, world(200, ""));
        assert_eq!((outcome.stderr.as_str(), outcome.code), (text, 1), "{line}");
    }
    let invalid = "Invalid flags before the subcommand. If these flags are for";
    complains("-x list", invalid, 1);
    complains("--api=h list", invalid, 1);
}

#[test]
fn usage_of_commands() {
    shows(
        "run x -h",
        0,
        &expect![[r#"
            Usage of run:
              -api string
                	Stack-deploy server address.
              -max.wait int
                	Maximum time to wait for each application in a stack to become running and healthy. (default 600)
              -skip value
                	Regular expression of applications to skip in stack. Multiple occurrences of this flag allowed.
              -var value
                	Arbitrary variables to add to stack context. Multiple occurrences of this flag allowed.
              -zone string
                	Zone to run stack.
        "#]],
    );
    shows(
        "addlayer --help",
        0,
        &expect![[r#"
            Usage of add:
              -api string
                	Stack-deploy server address.
              -file string
                	Stackfile with Application Configs (default "Stackfile")
              -level string
                	zone|cluster|datacenter (default "zone")
              -parent string
                	Parent layer
        "#]],
    );
    for (line, name) in [
        ("add -h", "add"),
        ("adduser -h", "adduser"),
        ("list -h", "run"),
        ("ping -h", "ping"),
        ("refreshtoken -h", "refreshtoken"),
        ("remove x -h", "remove"),
        ("scheduled -h", "scheduled"),
        ("show x -h", "run"),
    ] {
        complains(line, &format!("Usage of {name}:"), 0);
    }
}

#[test]
fn bad_flags() {
    complains("list -nope", "flag provided but not defined: -nope", 2);
    complains("scheduled --remove abc", "invalid value \"abc\" for flag -remove: parse error", 2);
    complains("run x --var a", "invalid value \"a\" for flag -var: Variables are expected in k=v format.", 2);
    complains(
        "run x --skip (",
        "invalid value \"(\" for flag -skip: error parsing regexp: missing closing ): `(`",
        2,
    );
}

#[test]
fn good_answers() {
    for (line, answer, stdout) in [
        ("ping", "", "Pong\n"),
        ("list", "- a\n- b c\n", "a\nb c\n"),
        ("list", "[]\n", "\n"),
        ("show x", "namespace: \"\"\nname: x\nlayer: 0\n", "namespace: \"\"\nname: x\nlayer: 0\n\n"),
        ("add", "", "Stack added\n"),
        ("add --file x.stack", "", "Stack added\n"),
        ("addlayer --file x.stack", "", "Stack added\n"),
        ("remove x", "", "Removing stack x\nStack removed\n"),
        ("run x", "", "Running stack x\nDone in 1m30s\n"),
        ("refreshtoken --name joe", "key", "New key generated: key\n"),
        ("scheduled", "[]", ""),
        (
            "scheduled",
            r#"[{"id":9223372036854775807,"name":"a","start_time":"s","time_schedule":"@every 17s"}]"#,
            "[9223372036854775807] a\n\tstart: 's'\n\tschedule: '@every 17s'\n",
        ),
        ("scheduled --remove 5", "5 deleted", "5 deleted\n"),
    ] {
        prints(line, (200, answer), stdout, 0);
    }
}

#[test]
fn bad_answers() {
    for (line, answer, stdout) in [
        ("ping", (500, "x"), "ERROR: x\n"),
        ("ping", (204, ""), "ERROR: \n"),
        ("list", (403, "Unauthorized\n"), "ERROR getting list: Unauthorized\n\n"),
        ("show nope", (404, "not found\n"), "ERROR: not found\n\n"),
        ("add", (400, "Stack already exists\n"), "ERROR: Stack already exists\n\n"),
        ("addlayer", (400, "Invalid layer: x\n"), "ERROR: Invalid layer: x\n\n"),
        ("remove x", (400, "Stack does not exist\n"), "Removing stack x\nERROR: Stack does not exist\n\n"),
        (
            "run x",
            (404, "Stack state already exists\n"),
            "Running stack x\nERROR running client request: Stack state already exists\n\n",
        ),
        ("adduser --name joe", (400, "User 'joe' already exists\n"), "ERROR: User 'joe' already exists\n\n"),
        ("refreshtoken", (400, "User '' does not exist\n"), "ERROR: User '' does not exist\n\n"),
        ("scheduled --remove 5", (404, "Task 5 not found"), "ERROR: Task 5 not found\n"),
    ] {
        prints(line, answer, stdout, 1);
    }
}

#[test]
fn adds_a_user() {
    let sent = prints("adduser --name joe", (201, "the-key"), "User added. Key: the-key\n", 0);
    assert_eq!(String::from_utf8_lossy(&sent[0].body), r#"{"name":"joe","role":"regular"}"#);
    let sent = prints("adduser --name joe --admin", (201, "the-key"), "User added. Key: the-key\n", 0);
    assert_eq!(String::from_utf8_lossy(&sent[0].body), r#"{"name":"joe","role":"admin"}"#);
}

#[test]
fn adds_a_user_faithfully() {
    let mut world = world(201, "the-key");
    world.environment.insert("SD_FAITHFUL", "1");
    let outcome = run("adduser --name joe", world);
    assert_eq!((outcome.stdout.as_str(), outcome.code), ("ERROR: the-key\n", 1));
}

#[test]
fn what_is_missing() {
    prints("run", (200, ""), "Stack name required to run\n", 1);
    prints("show", (200, ""), "Stack name required to show\n", 1);
    prints("remove", (200, ""), "Stack name required to remove\n", 1);
    prints("add --file nope", (200, ""), "Can't read file nope\n", 1);
    prints("addlayer --file nope", (200, ""), "Can't read file nope\n", 1);
    let no_api = "Undefined API url. Please provide either a CLI --api option or SD_API env.\n";
    for (line, prefix) in [
        ("ping", "ERROR: "),
        ("list", "ERROR: "),
        ("run x", "ERROR resolving API: "),
        // The first argument is the name, whatever it is; what follows is no flag.
        ("run --api h foo", "ERROR resolving API: "),
    ] {
        let mut world = world(200, "");
        world.environment.clear();
        let outcome = run(line, world);
        assert_eq!((outcome.stdout, outcome.code), (format!("{prefix}{no_api}"), 1), "{line}");
    }
}

#[test]
fn sends_what_the_server_expects() {
    let line = "run x --zone z --max.wait 5 --var a=b=c --var d= --var d=e --skip ^k --skip l";
    let sent = prints(line, (200, ""), "Running stack x\nDone in 1m30s\n", 0);
    let [request] = &sent[..] else { panic!("one request: {sent:?}") };
    assert_eq!((request.method, request.url.as_str()), (Method::Post, "http://h:4200/run"));
    let headers = [("x-api-user", "joe"), ("x-api-key", "k")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    assert_eq!(request.headers, headers);
    let body = r#"{"name":"x","zone":"z","maxwait":5,"variables":{"a":"b=c","d":"e"},"skip":["^k","l"]}"#;
    assert_eq!(String::from_utf8_lossy(&request.body), body);
    let body = |line: &str| {
        let sent = run(line, world(200, "[]")).sent;
        (sent[0].path().to_owned(), String::from_utf8_lossy(&sent[0].body).into_owned())
    };
    for (line, path, expected) in [
        ("ping", "/health", "{}"),
        ("list", "/list", "{}"),
        ("show x", "/get", r#"{"name":"x"}"#),
        ("add", "/createstack", r#"{"stackfile":"name: x\n"}"#),
        (
            "addlayer --level cluster --parent dc",
            "/createlayer",
            r#"{"stackfile":"name: x\n","layer":"cluster","parent":"dc"}"#,
        ),
        ("remove x --force", "/removestack", r#"{"name":"x","force":true}"#),
        ("refreshtoken --name j", "/refreshtoken", r#"{"name":"j"}"#),
        ("scheduled", "/scheduled", "{}"),
        ("scheduled --remove -1", "/scheduled", "{}"),
        ("scheduled --remove 7", "/scheduled/delete", r#"{"id":7}"#),
    ] {
        assert_eq!(body(line), (path.to_owned(), expected.to_owned()), "{line}");
    }
}

#[test]
fn forms_of_the_address() {
    for (address, url) in [
        ("h:1", "http://h:1/health"),
        ("h:1/", "http://h:1/health"),
        ("http://h:1", "http://h:1/health"),
        ("http://h:1//", "http://h:1//health"),
        ("https://h", "http://https://h/health"),
    ] {
        let outcome = run(&format!("ping --api {address}"), world(200, ""));
        assert_eq!(outcome.sent[0].url, url);
    }
}

#[test]
fn no_answer() {
    let failing = |line: &str, failure: Failure| {
        let mut world = world(200, "");
        world.answer = Err(failure);
        let outcome = run(line, world);
        assert_eq!(outcome.code, 1);
        outcome.stdout
    };
    assert_eq!(
        failing("ping --api 127.0.0.1:1", Failure::Refused("x".into())),
        "ERROR: Post \"http://127.0.0.1:1/health\": dial tcp 127.0.0.1:1: connect: connection refused\n"
    );
    assert_eq!(
        failing("run x", Failure::Closed("x".into())),
        "Running stack x\nERROR running client request: Post \"http://h:4200/run\": EOF\n"
    );
}

#[test]
fn checks_a_file_without_a_server() {
    let outcome = run("lint x.stack", world(500, ""));
    assert_eq!((outcome.code, outcome.stderr.as_str(), outcome.sent.len()), (1, "", 0));
    assert!(
        outcome.stdout.starts_with("x.stack:1:1: error[SD007]: there are no applications"),
        "{}",
        outcome.stdout
    );
    let outcome = run("lint nowhere", world(500, ""));
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert!(outcome.stderr.starts_with("Can't read file nowhere: "), "{}", outcome.stderr);
    assert_eq!(run("lint --explain SD007", world(500, "")).code, 0);
}
