//! What is printed parses to the same stack.

use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::file::strategies::{any_stack, texts_of};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn what_is_printed_parses_to_the_same(stack in any_stack()) {
        let text = stack.print();
        let parsed = Stack::parse(&text);
        prop_assert!(parsed.is_ok(), "{:?}\n{text}", parsed);
        let parsed = parsed.unwrap();
        prop_assert_eq!(&parsed.stack, &stack, "{}", text);
        prop_assert!(parsed.warnings.is_empty(), "{:?}\n{text}", parsed.warnings);
        prop_assert_eq!(parsed.stack.print(), text);
        let applications = Stack::parse_applications(&stack.print_applications()).unwrap();
        prop_assert_eq!(applications, stack.applications);
    }

    #[test]
    fn names_survive(names in texts_of()) {
        prop_assert_eq!(crate::parse_names(&crate::print_names(&names)).unwrap(), names);
    }
}

/// The output is what the original's own server answered to this file.
#[test]
fn prints_every_key_in_the_original_order() {
    let file = "
name: n
from: f
layer: 2
namespace: ns
applications:
  k10: {type: b, cpu: 0.25, mem: 1500000}
  k9:
    type: a
    docker: {volumes: [{mode: RO}], privileged: yes, port_mappings: [{container_port: 1}], parameters: {p: 1},
      network: HOST, image: i, force_pull_image: true}
    after_tasks: [at]
    after_task: [a]
    before_task: [bt]
    after_scheduler: [as]
    before_scheduler: [bs]
    time_schedule: '@daily'
    start_time: '* * * * * *'
    dependencies: [d]
    tasks:
      n: {z: 0.50, a: yes, l: [1, x], m: {k: v}, 'quoted': '70', nothing: ~}
    scheduler: {b10: x, b9: y, B: z, -x: w}
    additional_artifacts: [y]
    artifact_urls: [x]
    env: {E: 1}
    args: [-a]
    launch_command: run ${x} --y
    healthcheck: /health
    user: root
    constraints: [[hostname, UNIQUE], []]
    instances: 2
    ports: [1, 2]
    version: 0.10
    id: i
";
    let stack = Stack::parse(file).unwrap().stack;
    expect![[r#"
        namespace: ns
        name: "n"
        from: f
        applications:
          k9:
            rwmutex: {}
            type: a
            id: i
            version: "0.10"
            ports:
            - 1
            - 2
            instances: "2"
            constraints:
            - - hostname
              - UNIQUE
            - []
            user: root
            healthcheck: /health
            launch_command: run ${x} --y
            args:
            - -a
            env:
              E: "1"
            artifact_urls:
            - x
            additional_artifacts:
            - "y"
            scheduler:
              -x: w
              B: z
              b9: "y"
              b10: x
            tasks:
              false:
                z: 0.5
                a: true
                l:
                - 1
                - x
                m:
                  k: v
                quoted: "70"
                nothing: null
            dependencies:
            - d
            docker:
              force_pull_image: true
              image: i
              network: HOST
              parameters:
                p: "1"
              port_mappings:
              - container_port: 1
                host_port: 0
                protocol: ""
              privileged: true
              volumes:
              - mode: RO
            start_time: '* * * * * *'
            time_schedule: '@daily'
            before_scheduler:
            - bs
            after_scheduler:
            - as
            before_task:
            - bt
            after_task:
            - a
            after_tasks:
            - at
          k10:
            rwmutex: {}
            type: b
            cpu: 0.25
            mem: 1.5e+06
        layer: 2
    "#]]
    .assert_eq(&stack.print());
}
