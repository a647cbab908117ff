//! Generated stacks, for tests.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::emit::Yaml;
use super::{Application, Docker, PortMapping, Stack, Task, Volume, Written};

/// Texts of all kinds that have to be quoted in one way or another.
pub(crate) fn any_text() -> BoxedStrategy<String> {
    let special = prop::sample::select(vec![
        "",
        "~",
        "null",
        "true",
        "n",
        "0.50",
        "0x1F",
        "1_000",
        "1:30",
        "-",
        "?",
        ":",
        "- a",
        "a: b",
        "a #b",
        "#",
        "---",
        "...",
        "<<",
        "{}",
        "[",
        "'",
        "\"",
        "\\",
        "%",
        "@",
        "`",
        "!x",
        "&a",
        "*a",
        "|",
        ">",
        " a",
        "a ",
        "\t",
        "\n",
        "a\nb",
        "a\nb\n",
        "\na",
        " a\nb",
        "a\n\n\n",
        "a \nb",
        "a\n b",
        "\r",
        "a\rb",
        "\u{0}",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "é",
        "\u{1f600}",
        "${x}",
        "$(find jdk* -name java | head -n 1) -jar x.jar",
        "2016-03-01",
        "089",
        "+1",
        ".5",
        ".inf",
        "1e3",
        "=",
        "y",
        "off",
    ]);
    let words = vec("[!-~]{1,12}", 1..30).prop_map(|words| words.join(" "));
    let spaced = vec("[a-z]{1,9} {1,3}", 1..30).prop_map(|words| words.concat());
    let any = any::<String>();
    let lines = vec("[ -~]{0,30}", 0..5).prop_map(|lines| lines.join("\n"));
    prop_oneof![special.prop_map(str::to_owned), "[ -~]{0,20}", words, spaced, lines, any].boxed()
}

/// A few of them.
pub(crate) fn texts_of() -> impl Strategy<Value = Vec<String>> {
    vec(any_text(), 0..3)
}

fn text_map_of() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(any_text(), any_text(), 0..3)
}

/// A number that 32 bits tell apart.
fn number() -> impl Strategy<Value = f64> {
    (0..2_000_000_i32).prop_map(|hundredths| f64::from(hundredths) / 100.0)
}

fn any_yaml() -> impl Strategy<Value = Yaml> {
    let plain = prop_oneof![
        any::<i64>().prop_map(|int| int.to_string()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        Just("null".to_owned()),
        Just("0.5".to_owned()),
    ];
    let leaf = prop_oneof![any_text().prop_map(Yaml::Text), plain.prop_map(Yaml::Plain)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let entries = btree_map(any_text(), inner.clone(), 0..3)
            .prop_map(|map| map.into_iter().map(|(key, value)| (Yaml::Text(key), value)).collect());
        prop_oneof![vec(inner, 0..3).prop_map(Yaml::List), entries.prop_map(Yaml::Map)]
    })
}

/// As Go prints it.
fn printed(value: &Yaml) -> String {
    match value {
        Yaml::Plain(text) if text == "null" => "<nil>".into(),
        Yaml::Plain(text) | Yaml::Text(text) => text.clone(),
        Yaml::List(items) => format!("[{}]", items.iter().map(printed).collect::<Vec<_>>().join(" ")),
        Yaml::Map(entries) => {
            let entry = |(key, value): &(Yaml, Yaml)| format!("{{{} {}}}", printed(key), printed(value));
            format!("[{}]", entries.iter().map(entry).collect::<Vec<_>>().join(" "))
        }
    }
}

fn any_task() -> impl Strategy<Value = Task> {
    (any_text(), btree_map(any_text(), any_yaml(), 0..4)).prop_map(|(name, values)| Task {
        name: name.clone(),
        parameters: values.iter().map(|(key, value)| (key.clone(), printed(value))).collect(),
        written: Some(Written {
            name: Yaml::Text(name),
            // Not sorted: the order is the file's.
            parameters: values.into_iter().rev().map(|(key, value)| (Yaml::Text(key), value)).collect(),
        }),
    })
}

fn any_docker() -> impl Strategy<Value = Docker> {
    let mapping = (any::<i64>(), any::<i64>(), any::<i64>(), any_text()).prop_map(
        |(container_port, host_port, service_port, protocol)| PortMapping {
            container_port,
            host_port,
            service_port,
            protocol,
        },
    );
    let volume = (any_text(), any_text(), any_text()).prop_map(|(container_path, host_path, mode)| Volume {
        container_path,
        host_path,
        mode,
    });
    let flags = (any::<bool>(), any::<bool>());
    (any_text(), flags, any_text(), text_map_of(), vec(mapping, 0..3), vec(volume, 0..3)).prop_map(
        |(image, (force_pull_image, privileged), network, parameters, port_mappings, volumes)| Docker {
            image,
            force_pull_image,
            privileged,
            network,
            parameters,
            port_mappings,
            volumes,
        },
    )
}

/// An application with anything in it.
pub(crate) fn any_application() -> impl Strategy<Value = Application> {
    let texts =
        [any_text(), any_text(), any_text(), any_text(), any_text(), any_text(), any_text(), any_text()];
    let lists = (
        texts_of(),
        texts_of(),
        texts_of(),
        texts_of(),
        [texts_of(), texts_of(), texts_of(), texts_of(), texts_of()],
    );
    let rest = (number(), number(), vec(any::<i64>(), 0..3), vec(texts_of(), 0..3));
    let maps = (text_map_of(), text_map_of(), vec(any_task(), 0..3), prop::option::of(any_docker()));
    (texts, lists, rest, maps).prop_map(|(texts, lists, rest, maps)| {
        let [kind, id, version, instances, user, healthcheck, launch_command, start_time] = texts;
        let (args, artifact_urls, additional_artifacts, dependencies, hooks) = lists;
        let [before_scheduler, after_scheduler, before_task, after_task, after_tasks] = hooks;
        let (cpu, mem, ports, constraints) = rest;
        let (env, scheduler, tasks, docker) = maps;
        Application {
            time_schedule: start_time.clone(),
            kind,
            id,
            version,
            cpu,
            mem,
            ports,
            instances,
            constraints,
            user,
            healthcheck,
            launch_command,
            args,
            env,
            artifact_urls,
            additional_artifacts,
            scheduler,
            tasks,
            dependencies,
            docker,
            start_time,
            before_scheduler,
            after_scheduler,
            before_task,
            after_task,
            after_tasks,
        }
    })
}

/// A stack with anything in it.
pub(crate) fn any_stack() -> impl Strategy<Value = Stack> {
    let texts = (any_text(), any_text(), any_text());
    (texts, any::<i64>(), btree_map(any_text(), any_application(), 0..3)).prop_map(
        |((name, from, namespace), layer, applications)| Stack { name, from, namespace, layer, applications },
    )
}
