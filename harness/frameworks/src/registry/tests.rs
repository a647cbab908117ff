//! Command lines as tables.

use stacklab_machine::process::{Input, Output};
use stacklab_machine::{Outbox, Time};

use super::{AnyProgram, ProgramContext, artifacts, program};

const STACK: [&str; 13] = [
    "mesos-exhibitor-0.1.jar",
    "exhibitor-1.5.5-all.jar",
    "jdk-7u79-linux-x64.tar.gz",
    "zookeeper.tar.gz",
    "kafka-mesos-0.9.2.0.jar",
    "kafka_2.10-0.8.2.2.tgz",
    "dse-mesos-0.2.jar",
    "dse-mesos.sh",
    "dse.tar.gz",
    "zipkin-deps.tar.gz",
    "zipkin-collector-service-1.14.1-all.jar",
    "zipkin-query-service-1.14.1-all.jar",
    "zipkin-web-1.14.1-all.jar",
];

fn context(command: &str, names: &[&str]) -> ProgramContext {
    let mut context = ProgramContext::new(command, "slave0");
    for name in names {
        context.files.extend(artifacts::fetch(&format!("http://repo/{name}"), true).unwrap());
    }
    context.files.insert("zipkin-mesos-0.1.jar".into());
    context.env.insert("HOST".into(), "slave0".into());
    context.env.insert("PORT0".into(), "31991".into());
    context
}

fn outcome(command: &str, names: &[&str]) -> String {
    match program(context(command, names)) {
        Ok(program) => format!("{program:?}"),
        Err(error) => format!("{error:?}"),
    }
}

#[test]
fn launch_commands_of_the_stacks() {
    for command in [
        "$(find jdk* -name java | head -n 1) -jar mesos-exhibitor-0.1.jar scheduler --api http://$HOST:$PORT0",
        "/usr/bin/java -jar kafka-mesos-0.9.2.0.jar scheduler --zk h:2181",
        "chmod +x dse-mesos.sh && ./dse-mesos.sh scheduler --debug true",
        "chmod +x dse-mesos.sh; ./dse-mesos.sh scheduler",
        "/usr/bin/java -jar zipkin-mesos-0.1.jar scheduler > out.log 2>&1",
        "export A=b; exec java -Xmx256m -jar zipkin-mesos-0.1.jar scheduler",
        "cd . && env A=b sh dse-mesos.sh scheduler",
    ] {
        assert_eq!(outcome(command, &STACK), "Scheduler", "{command}");
    }
}

#[test]
fn commands_of_executors() {
    for command in [
        "$(find jdk* -maxdepth 0 -type d)/bin/java -cp mesos-exhibitor-0.1.jar -Ddebug ly.stealth.mesos.exhibitor.Executor",
        "java -cp zipkin-mesos-0.1.jar -Ddebug -DgenTraces net.elodina.mesos.zipkin.Executor",
        "java -cp kafka-mesos-0.9.2.0.jar -Xmx1024m -Ddebug ly.stealth.mesos.kafka.Executor",
        "java -cp dse-mesos-0.2.jar -Ddebug net.elodina.mesos.dse.Executor",
    ] {
        assert_eq!(outcome(command, &STACK), "Executor", "{command}");
    }
}

#[test]
fn commands_that_end_at_once() {
    for (command, names, expected) in [
        (
            "$(find jdk* -name java | head -n 1) -jar mesos-exhibitor-0.1.jar scheduler",
            &["mesos-exhibitor-0.1.jar"][..],
            r#"Ends { code: 127, line: "sh: 1: -jar: not found" }"#,
        ),
        (
            "java -jar kafka-mesos-0.9.2.0.jar scheduler",
            &[],
            r#"Ends { code: 1, line: "Error: Unable to access jarfile kafka-mesos-0.9.2.0.jar" }"#,
        ),
        ("./dse-mesos.sh scheduler", &[], r#"Ends { code: 127, line: "sh: 1: ./dse-mesos.sh: not found" }"#),
        (
            "./dse-mesos.sh scheduler",
            &["dse-mesos.sh"],
            r#"Ends { code: 1, line: "dse-mesos*.jar not found" }"#,
        ),
        (
            "./dse-mesos.sh scheduler",
            &["dse-mesos.sh", "dse-mesos-0.1.jar", "dse-mesos-0.2.jar"],
            r#"Ends { code: 1, line: "More than one dse-mesos*.jar found" }"#,
        ),
        ("cd nowhere && java", &[], r#"Ends { code: 2, line: "sh: 1: cd: can't cd to nowhere" }"#),
        ("sleep 10", &[], r#"Ends { code: 0, line: "" }"#),
        ("python -m SimpleHTTPServer", &[], r#"NotPlayed { command: "python -m SimpleHTTPServer" }"#),
        (
            "java -jar zipkin-mesos-0.1.jar help",
            &[],
            r#"NotPlayed { command: "java -jar zipkin-mesos-0.1.jar help" }"#,
        ),
        ("", &[], r#"NotPlayed { command: "" }"#),
    ] {
        assert_eq!(outcome(command, names), expected, "{command}");
    }
}

#[test]
fn variables_are_expanded_as_a_shell_does() {
    let command = "API=http://$HOST:${PORT0}; java -jar zipkin-mesos-0.1.jar scheduler --api \"$API\" --master 'm:$X' $UNSET";
    let Ok(AnyProgram::Scheduler(mut scheduler)) = program(context(command, &STACK)) else {
        panic!("no scheduler")
    };
    let mut out = Outbox::new();
    scheduler.handle(Time::SIM_START, Input::Start, &mut out);
    let read = out.take_outputs().into_iter().find_map(|output| match output {
        Output::ReadFile { call, .. } => Some(call),
        _ => None,
    });
    scheduler.handle(Time::SIM_START, Input::File { call: read.unwrap(), data: None }, &mut out);
    let outputs = out.take_outputs();
    assert!(outputs.contains(&Output::Listen { port: 31991 }), "{outputs:?}");
    assert!(outputs.contains(&Output::Attach { master: "m:$X".into() }), "{outputs:?}");
}

#[test]
fn artifacts_bring_their_content() {
    let fetch = |name: &str| artifacts::fetch(name, true).map(|files| files.join(" "));
    assert_eq!(
        fetch("http://repo/kafka_2.10-0.8.2.2.tgz?x").as_deref(),
        Some(
            "kafka_2.10-0.8.2.2.tgz kafka_2.10-0.8.2.2/ kafka_2.10-0.8.2.2/config/ \
             kafka_2.10-0.8.2.2/config/server.properties"
        )
    );
    assert_eq!(fetch("http://repo/mesos-exhibitor-0.1.jar").as_deref(), Some("mesos-exhibitor-0.1.jar"));
    assert_eq!(artifacts::fetch("x/zookeeper.tar.gz", false), Some(vec!["zookeeper.tar.gz".to_owned()]));
    assert_eq!(fetch("http://repo/unknown.jar"), None);
    assert!(artifacts::find("zipkin-deps.tar.gz").unwrap().is_archive());
}
