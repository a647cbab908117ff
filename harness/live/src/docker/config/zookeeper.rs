//! `zoo.cfg` and `myid`.

use stacklab_machine::service::ZooKeeperSpec;

use super::{CONF, DATA, LOG4J, Setup, property};

/// The container of a ZooKeeper server.
pub(in crate::docker) fn zookeeper(spec: &ZooKeeperSpec) -> Setup {
    let mut setup = Setup::new(96, 256);
    setup.flag(format!("-Dlog4j.configuration=file:{CONF}/log4j.properties"));
    // Nobody pulls the plug of a laptop's test: the disk need not have each write at once.
    setup.flag("-Dzookeeper.forceSync=no");
    // In KB. The original takes 64 MB of disk for each log file beforehand.
    setup.flag("-Dzookeeper.preAllocSize=1024");
    setup.file("zoo.cfg", zoo_cfg(spec));
    setup.file("log4j.properties", LOG4J);
    setup.files.push((format!("{DATA}/myid"), format!("{}\n", spec.server_id)));
    setup.arguments.push(format!("{CONF}/zoo.cfg"));
    setup
}

/// The whole file. Directories are the container's: its volume lives as long as the sandbox that they would lie in.
fn zoo_cfg(spec: &ZooKeeperSpec) -> String {
    let own = ["dataDir", "dataLogDir", "clientPort", "clientPortAddress"];
    let mut text: String = spec
        .extra
        .iter()
        .filter(|(key, _)| !own.contains(&key.as_str()) && !key.starts_with("server."))
        .map(|(key, value)| property(key, value))
        .collect();
    if !spec.extra.contains_key("tickTime") {
        text.push_str(&property("tickTime", "2000"));
    }
    text.push_str(&property("dataDir", DATA));
    text.push_str(&property("clientPort", &spec.client_port.to_string()));
    text.push_str(&property("clientPortAddress", &spec.host));
    for peer in &spec.servers {
        let place = format!("{}:{}:{}", peer.host, peer.connect_port, peer.election_port);
        text.push_str(&property(&format!("server.{}", peer.id), &place));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::shown;
    use super::*;
    use expect_test::expect;
    use stacklab_machine::service::ZooKeeperPeer;

    #[test]
    fn writes_what_exhibitor_would() {
        let peer = |id: u32| ZooKeeperPeer {
            id,
            host: format!("127.78.0.{}", 11 + id),
            connect_port: 2888,
            election_port: 3888,
        };
        let extra =
            [("tickTime", "2000"), ("initLimit", "10"), ("syncLimit", "5"), ("dataDir", "/tmp/zkdata")];
        let spec = ZooKeeperSpec {
            server_id: 1,
            host: "127.78.0.12".into(),
            client_port: 2181,
            servers: (0..3).map(peer).collect(),
            extra: extra.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        };
        expect![[r#"
            java -Xmx96m -XX:TieredStopAtLevel=1 -Xshare:auto -XX:+UseSerialGC -XX:-UsePerfData -Dlog4j.configuration=file:/etc/stacklab/log4j.properties -Dzookeeper.forceSync=no -Dzookeeper.preAllocSize=1024 … /etc/stacklab/zoo.cfg
            --- /etc/stacklab/zoo.cfg
            initLimit=10
            syncLimit=5
            tickTime=2000
            dataDir=/data
            clientPort=2181
            clientPortAddress=127.78.0.12
            server.0=127.78.0.11:2888:3888
            server.1=127.78.0.12:2888:3888
            server.2=127.78.0.13:2888:3888
            --- /data/myid
            1
        "#]].assert_eq(&shown(&zookeeper(&spec)));
    }
}
