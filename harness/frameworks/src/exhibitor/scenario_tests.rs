//! The whole life of an ensemble, in memory: add, config, start, join, status, stop.

use expect_test::expect;
use stacklab_machine::Pace;

use super::world::World;

const CONFIG: &str = "configtype=zookeeper&zkconfigconnect=zk0:2181&zkconfigzpath=/exhibitor/config\
                      &zookeeper-data-directory=/tmp/zkdata&zookeeper-install-directory=/tmp/zookeeper";
const SERVING: &str = r#"[{"hostname":"slave0","isLeader":true,"description":"serving","code":3}]"#;

fn deploy(world: &mut World, ids: &str, hosts: &[&str]) {
    world.get(&format!("/api/add?constraints=hostname%3Dunique&cpu=0.1&id={ids}&mem=1024&port=31150"));
    world.get(&format!("/api/config?id={ids}&{CONFIG}"));
    let start = world.call(&format!("/api/start?id={ids}"));
    for host in hosts {
        world.offer(host);
    }
    let answer = world.answer(start).expect("the answer to start");
    assert!(
        answer.starts_with(&format!(r#"{{"success":true,"message":"Started servers {ids}""#)),
        "{answer}"
    );
}

fn all_serve(world: &mut World, count: usize) -> bool {
    world.views().iter().all(|view| view.matches("\"serving\"").count() == count)
}

#[test]
fn one_server_takes_a_minute_to_join_and_then_serves() {
    let mut world = World::new(Pace::REAL);
    deploy(&mut world, "70", &["slave0"]);
    assert_eq!(world.views(), ["[]"], "Exhibitor is there, the ensemble is not");
    world.pass(55.0);
    assert_eq!(world.views(), ["[]"]);
    assert!(world.until(10.0, |world| world.lines.iter().any(|line| line == "Server 70 added to ensemble")));
    let joined = world.clock();
    assert!((59.0..63.0).contains(&joined), "{joined}");
    assert_eq!(
        world.views()[0],
        SERVING.replace("true", "false").replace("serving", "down").replace('3', "1")
    );
    assert!(world.until(31.0, |world| !world.services.is_empty()));
    world.pass(0.1);
    assert_eq!(world.views(), [SERVING]);
    let config = String::from_utf8(world.zk["/exhibitor/config/configs/config"].0.clone()).unwrap();
    assert!(config.contains("servers-spec=S\\:70\\:slave0\n"), "{config}");
    assert!(config.contains("zookeeper-data-directory=/tmp/zkdata\n"), "{config}");
}

#[test]
fn three_servers_join_one_after_the_other() {
    let mut world = World::new(Pace::REAL);
    deploy(&mut world, "0..2", &["slave0", "slave1", "slave2"]);
    for _ in 0..30 {
        if all_serve(&mut world, 3) {
            break;
        }
        world.pass(10.0);
    }
    assert!(all_serve(&mut world, 3), "{:?}", world.services);
    // They serve before the last of them has seen the whole list.
    world.pass(60.0);
    let views = world.views();
    expect![[r#"
        [{"hostname":"slave0","isLeader":false,"description":"serving","code":3},{"hostname":"slave1","isLeader":false,"description":"serving","code":3},{"hostname":"slave2","isLeader":true,"description":"serving","code":3}]
    "#]]
    .assert_eq(&format!("{}\n", views[0]));
    assert!(views.iter().all(|view| *view == views[0]));
    let last = world.services.last().unwrap();
    assert!(last.ends_with("of 0@slave0,1@slave1,2@slave2"), "{:#?}", world.services);
}

#[test]
fn waits_pass_faster_at_the_fast_pace() {
    let mut world = World::new(Pace::FAST);
    deploy(&mut world, "70", &["slave0"]);
    assert!(world.until(2.0, |world| !world.services.is_empty()));
    world.pass(0.1);
    assert_eq!(world.views(), [SERVING]);
    assert!(world.clock() < 4.0, "{}", world.clock());
}

#[test]
fn leftover_configuration_spares_the_wait_and_strangers_are_thrown_out() {
    let mut world = World::new(Pace::REAL);
    let old = "com.netflix.exhibitor.zookeeper-install-directory=/tmp/zookeeper\n\
               com.netflix.exhibitor.servers-spec=S\\:9\\:slave9\n";
    world.zk.insert("/exhibitor/config/configs/config".into(), (old.into(), 4));
    deploy(&mut world, "70", &["slave0"]);
    assert!(world.until(3.0, |world| world.lines.iter().any(|line| line == "Server 70 added to ensemble")));
    let config = String::from_utf8(world.zk["/exhibitor/config/configs/config"].0.clone()).unwrap();
    assert!(config.contains("servers-spec=S\\:70\\:slave0\n"), "{config}");
}

#[test]
fn a_setting_that_cannot_be_applied_keeps_the_server_outside() {
    let mut world = World::new(Pace::REAL);
    world.get("/api/add?id=70");
    world.get(&format!("/api/config?id=70&client-port=2182&{CONFIG}"));
    world.call("/api/start?id=70");
    world.offer("slave0");
    world.pass(120.0);
    let expected = "Failed to change the ensemble for server 70: \
                    Unacceptable shared configuration parameter: client-port";
    assert!(world.lines.iter().any(|line| line == expected), "{:#?}", world.lines);
    assert_eq!(world.views(), ["[]"]);
}

#[test]
fn without_the_platform_zookeeper_the_join_is_given_up() {
    let mut world = World::new(Pace::new(10));
    world.get("/api/add?id=70");
    world.get(&format!("/api/config?id=70&{CONFIG}"));
    world.call("/api/start?id=70&timeout=1s");
    world.offer("slave0");
    world.zk_down = true;
    // Exhibitor's own answers come, but it cannot write: the bound of 60 s stays whatever the pace.
    assert!(!world.until(60.0, |world| world.lines.iter().any(|line| line.starts_with("Failed to change"))));
    assert!(world.until(20.0, |world| world.lines.iter().any(|line| line.starts_with("Failed to change"))));
}

#[test]
fn a_stopped_server_finishes_and_comes_back_on_the_same_executor() {
    let mut world = World::new(Pace::FAST);
    deploy(&mut world, "70", &["slave0"]);
    world.pass(2.0);
    let answer = world.get("/api/stop?id=70");
    assert!(answer.contains(r#""message":"Stopped servers 70""#), "{answer}");
    world.pass(0.1);
    assert!(world.views()[0] == "null");
    let start = world.call("/api/start?id=70");
    world.offer("slave0");
    assert!(world.answer(start).is_some());
    world.pass(1.0);
    // ZooKeeper outlived the kill: nothing was started a second time.
    assert_eq!((world.views(), world.services.len()), (vec![SERVING.to_owned()], 1));
}

#[test]
fn a_removed_server_leaves_the_ensemble() {
    let mut world = World::new(Pace::FAST);
    deploy(&mut world, "0..1", &["slave0", "slave1"]);
    world.pass(3.0);
    assert!(all_serve(&mut world, 2), "{:?}", world.views());
    world.get("/api/remove?id=1");
    world.pass(2.0);
    assert_eq!(world.views(), [SERVING]);
    world.get("/api/remove?id=0");
    assert_eq!(world.get("/api/status"), r#"{"success":true,"message":"","value":{"serverStatuses":[]}}"#);
}
