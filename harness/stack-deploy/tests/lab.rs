//! The program against a server on a lab: zipkin-full deployed with the command line alone, in developer mode, and in
//! production mode with everything in the lab's Cassandra.

use std::net::IpAddr;
use std::process::Command;
use std::time::Duration;

use stacklab_lab::cluster::ClusterSpec;
use stacklab_lab::observe::Cql;
use stacklab_lab::scenario::Already;
use stacklab_lab::{Backing, Commands, Lab, LabConfig};
use stacklab_live::{Clock, Recorder};
use stacklab_machine::Pace;
use stacklab_once::OnceConfig;
use stacklab_stack::server::{Mode, ServerConfig};
use stacklab_stack_deploy::server::{self, CassandraConfig, Ground, Started};

const FULL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/stacks/zipkin-full.stack");

/// The program with its environment.
#[derive(Clone)]
struct Program {
    api: String,
    user: String,
    key: String,
}

impl Program {
    /// Runs it: standard output and exit code.
    async fn run(&self, line: &str) -> (String, i32) {
        let (this, args) = (self.clone(), line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let command = move || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_stack-deploy"));
            command.env_clear().env("SD_API", this.api).env("SD_USER", this.user).env("SD_KEY", this.key);
            command.args(args).output().expect("the program runs")
        };
        let output = tokio::task::spawn_blocking(command).await.expect("the program ends");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{line}");
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().unwrap_or(-1))
    }

    #[track_caller]
    fn check(got: &(String, i32), stdout: &str, code: i32) {
        assert_eq!((got.0.as_str(), got.1), (stdout, code));
    }
}

async fn lab(already_running: Vec<Already>) -> Lab {
    lab_with(already_running, Commands::Modelled { runs_for: Some(Duration::from_millis(10)) }).await
}

async fn lab_with(already_running: Vec<Already>, commands: Commands) -> Lab {
    let config = LabConfig {
        cluster: ClusterSpec::default(),
        already_running,
        pace: Pace::FAST,
        seed: 1,
        backing: Backing::embedded(),
        commands,
        faults: Vec::new(),
    };
    Lab::start(config, Recorder::new(Clock::new())).await.expect("a lab")
}

async fn start(lab: &Lab, mode: Mode) -> (Started, Program) {
    let addresses = lab.addresses();
    let master = addresses.master.trim_start_matches("http://").to_owned();
    let address: IpAddr = master.split(':').next().unwrap_or_default().parse().expect("an address");
    let mut config = ServerConfig::new(mode);
    config.marathon_url.clone_from(&addresses.marathon);
    config.master = master;
    config.pace = lab.pace();
    config.storage = format!("zk:{}/stack-deploy", addresses.zookeeper);
    config.cassandra = addresses.cassandra.clone().unwrap_or_default();
    let api = format!("{address}:{}", config.port);
    let ground = Ground {
        recorder: lab.recorder().clone(),
        names: lab.names().clone(),
        cassandra: CassandraConfig { tries: 1, ..CassandraConfig::default() },
        framework: Some(OnceConfig { pace: lab.pace(), ..OnceConfig::new(config.master.clone()) }),
    };
    let started = server::start(address, config, &ground).await.expect("a server");
    (started, Program { api, user: String::new(), key: String::new() })
}

#[track_caller]
fn is_done((stdout, code): &(String, i32)) {
    assert!(stdout.starts_with("Running stack zipkin-full\nDone in "), "{stdout}");
    assert_eq!(*code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploys_in_developer_mode() {
    let lab = lab(Vec::new()).await;
    let (started, program) = start(&lab, Mode::Developer).await;
    Program::check(&program.run("ping").await, "Pong\n", 0);
    Program::check(&program.run("list").await, "\n", 0);
    Program::check(&program.run(&format!("add --file {FULL}")).await, "Stack added\n", 0);
    Program::check(&program.run("list").await, "zipkin-full\n", 0);
    let run = format!("run zipkin-full --var zk_url={}", lab.addresses().zookeeper);
    is_done(&program.run(&run).await);
    let again = program.run(&run).await;
    assert!(again.0.contains(" already exists."), "{}", again.0);
    assert_eq!(again.1, 1);
    let (shown, code) = program.run("show zipkin-full").await;
    assert_eq!(code, 0);
    let original = std::fs::read_to_string(FULL).expect("the stack file");
    let parse = |text: &str| stacklab_stack::Stack::parse(text).expect("a stack").stack;
    assert_eq!(parse(&shown), parse(&original));
    Program::check(
        &program.run("remove zipkin-full").await,
        "Removing stack zipkin-full\nStack removed\n",
        0,
    );
    started.running.kill().await;
    let (stdout, code) = program.run("ping").await;
    let refused = format!("dial tcp {}: connect: connection refused", program.api);
    assert_eq!((stdout, code), (format!("ERROR: Post \"http://{}/health\": {refused}\n", program.api), 1));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploys_in_production_mode() {
    let lab = lab(vec![Already::Cassandra]).await;
    let (mut started, mut program) = start(&lab, Mode::Production).await;
    let key = started.admin_key().expect("the first user's key");
    Program::check(&program.run("list").await, "ERROR getting list: Key may not be empty\n\n", 1);
    (program.user, program.key) = ("admin".into(), key);
    Program::check(&program.run(&format!("add --file {FULL}")).await, "Stack added\n", 0);
    let taken = "ERROR: Stack zipkin-full already exists\n\n";
    Program::check(&program.run(&format!("add --file {FULL}")).await, taken, 1);
    is_done(&program.run(&format!("run zipkin-full --var zk_url={}", lab.addresses().zookeeper)).await);
    let (stdout, _) = program.run("adduser --name joe").await;
    let joe = stdout.strip_prefix("User added. Key: ").expect("a key").trim_end().to_owned();
    let hashes = look(&lab, "SELECT key FROM stack_deploy.users WHERE name = 'joe'").await;
    assert_eq!(hashes, [stacklab_stack::server::hash_key(&joe)]);
    let states = "SELECT name FROM stack_deploy.application_states WHERE stack = 'zipkin-full' AND zone = ''";
    assert_eq!(
        look(&lab, states).await,
        ["dse-mesos-0.2.x", "exhibitor-mesos", "kafka-mesos", "zipkin-mesos"]
    );
    let kinds = "SELECT variable_type FROM stack_deploy.stack_variables WHERE stack = 'zipkin-full' AND zone = '' \
                 AND key = 'zk_url'";
    assert_eq!(look(&lab, kinds).await, ["arbitrary"]);

    // Everything outlives the server.
    started.running.kill().await;
    let (mut started, program) = start(&lab, Mode::Production).await;
    assert_eq!(started.admin_key(), None, "there is a user already");
    let program = Program { user: "joe".into(), key: joe, ..program };
    Program::check(&program.run("list").await, "zipkin-full\n", 0);
    Program::check(&program.run("adduser --name x").await, "ERROR: User joe is not an admin\n\n", 1);
    let (shown, _) = program.run("show zipkin-full").await;
    let original = std::fs::read_to_string(FULL).expect("the stack file");
    let parse = |text: &str| stacklab_stack::Stack::parse(text).expect("a stack").stack;
    assert_eq!(parse(&shown), parse(&original));
    Program::check(&program.run("show nope").await, "ERROR: not found\n\n", 1);
    started.running.kill().await;
    lab.stop().await;
}

async fn look(lab: &Lab, query: &str) -> Vec<String> {
    let at = lab.addresses().cassandra.clone().expect("a Cassandra");
    let cql = Cql::connect(&[at]).await.expect("a session");
    cql.texts(query).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_and_schedules_run_once_applications() {
    let lab = lab(Vec::new()).await;
    let (started, program) = start(&lab, Mode::Developer).await;
    let scheduled = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/stacks/scheduled.stack");
    Program::check(&program.run(&format!("add --file {scheduled}")).await, "Stack added\n", 0);
    let (stdout, code) = program.run("run scheduled").await;
    assert!(stdout.starts_with("Running stack scheduled\nDone in ") && code == 0, "{stdout}");
    let (listed, _) = program.run("scheduled").await;
    let ids: Vec<&str> =
        listed.lines().filter_map(|line| line.strip_prefix('[')?.split_once(']')).map(|(id, _)| id).collect();
    assert_eq!(ids.len(), 3, "{listed}");
    let removed = program.run(&format!("scheduled --remove {}", ids[0])).await;
    Program::check(&removed, &format!("{} deleted\n", ids[0]), 0);
    let (listed, _) = program.run("scheduled").await;
    assert!(!listed.contains(ids[0]) && listed.contains(ids[1]), "{listed}");

    // One that runs at once: the run ends with its tasks.
    let file = std::env::temp_dir().join(format!("stacklab-{}-once.stack", std::process::id()));
    let text = "name: now\napplications:\n  a: {type: run-once, id: a, cpu: 0.1, mem: 8, launch_command: x, \
                instances: 3}\n";
    std::fs::write(&file, text).expect("a stack file");
    Program::check(&program.run(&format!("add --file {}", file.display())).await, "Stack added\n", 0);
    let (stdout, code) = program.run("run now").await;
    assert!(stdout.starts_with("Running stack now\nDone in ") && code == 0, "{stdout}");
    let _ = std::fs::remove_file(file);
    started.running.kill().await;
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_commands_as_processes() {
    let folder = std::env::temp_dir().join(format!("stacklab-once-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let lab = lab_with(Vec::new(), Commands::Real { folder: folder.clone() }).await;
    let (started, program) = start(&lab, Mode::Developer).await;
    for (name, command) in [("works", "test ${word} = hello"), ("fails", "exit 3")] {
        let file = folder.join(name);
        let text = format!(
            "name: {name}\napplications:\n  a: {{type: run-once, id: {name}, cpu: 0.1, mem: 8, \
             launch_command: '{command}'}}\n"
        );
        std::fs::write(&file, text).expect("a stack file");
        Program::check(&program.run(&format!("add --file {}", file.display())).await, "Stack added\n", 0);
    }
    let (stdout, code) = program.run("run works --var word=hello").await;
    assert!(stdout.starts_with("Running stack works\nDone in ") && code == 0, "{stdout}");
    let (stdout, code) = program.run("run fails").await;
    let failed = "ERROR running client request: fails: Application fails failed to run on host ";
    assert!(stdout.contains(failed) && stdout.contains("with status TASK_FAILED") && code == 1, "{stdout}");
    started.running.kill().await;
    lab.stop().await;
    std::fs::remove_dir_all(&folder).expect("the folder can be removed");
}
