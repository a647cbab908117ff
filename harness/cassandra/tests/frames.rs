//! Frames made and read by hand, against what was recorded of Cassandra 2.2: no code of ours on the client's side.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is")]

mod common;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use common::{single, zipkin_statements};

struct Peer {
    stream: TcpStream,
    version: u8,
}

/// Opcode and body.
type Answer = (u8, Vec<u8>);

impl Peer {
    fn open(address: SocketAddr, version: u8) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        Self { stream, version }
    }

    /// A connection that has said STARTUP.
    fn started(address: SocketAddr, version: u8) -> Self {
        let mut peer = Self::open(address, version);
        assert_eq!(peer.ask(1, &startup(&[("CQL_VERSION", "3.0.0")])), (2, vec![]));
        peer
    }

    fn send(&mut self, opcode: u8, body: &[u8]) {
        let mut frame = vec![self.version, 0, 0x12, 0x34, opcode];
        frame.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        frame.extend(body);
        self.stream.write_all(&frame).unwrap();
    }

    /// Header and body of the next frame.
    fn frame(&mut self) -> ([u8; 9], Vec<u8>) {
        let mut header = [0; 9];
        self.stream.read_exact(&mut header).unwrap();
        let mut body = vec![0; u32::from_be_bytes(header[5..].try_into().unwrap()) as usize];
        self.stream.read_exact(&mut body).unwrap();
        (header, body)
    }

    fn ask(&mut self, opcode: u8, body: &[u8]) -> Answer {
        self.send(opcode, body);
        let (header, body) = self.frame();
        assert_eq!(header[0], self.version | 0x80);
        assert_eq!(header[2..4], [0x12, 0x34], "the stream is echoed");
        (header[4], body)
    }

    fn query(&mut self, cql: &str) -> Answer {
        self.ask(7, &query(cql, &[0, 1, 0]))
    }

    /// The statement's id, and what stands behind it.
    fn prepare(&mut self, cql: &str) -> (Vec<u8>, Vec<u8>) {
        let (opcode, body) = self.ask(9, &long_string(cql));
        assert_eq!((opcode, &body[..4]), (8, &[0, 0, 0, 4][..]), "{cql}: {}", String::from_utf8_lossy(&body));
        (body[6..22].to_vec(), body[22..].to_vec())
    }

    fn execute(&mut self, id: &[u8], flags: u8, values: &[Option<Vec<u8>>]) -> Answer {
        let mut body = vec![0, 16];
        body.extend(id);
        body.extend([0, 10, flags | 1]);
        body.extend((values.len() as u16).to_be_bytes());
        for value in values {
            match value {
                Some(value) => {
                    body.extend((value.len() as u32).to_be_bytes());
                    body.extend(value);
                }
                None => body.extend((-2i32).to_be_bytes()),
            }
        }
        self.ask(10, &body)
    }
}

fn short_string(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat()
}

fn long_string(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_be_bytes()[..], text.as_bytes()].concat()
}

fn query(cql: &str, parameters: &[u8]) -> Vec<u8> {
    [&long_string(cql)[..], parameters].concat()
}

fn startup(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut body = (entries.len() as u16).to_be_bytes().to_vec();
    for (key, value) in entries {
        body.extend(short_string(key));
        body.extend(short_string(value));
    }
    body
}

fn error(code: u32, text: &str) -> Answer {
    (0, [&code.to_be_bytes()[..], &short_string(text)].concat())
}

#[tokio::test]
async fn negotiates_as_2_2_does() {
    let (node, _ring) = single("127.9.3.1").await;
    let address = node.address();
    tokio::task::spawn_blocking(move || {
        for version in [5, 6, 65, 66] {
            let mut peer = Peer::open(address, version);
            peer.send(5, &[]);
            let (header, body) = peer.frame();
            assert_eq!(header[..5], [0x84, 0, 0, 0, 0]);
            let text =
                format!("Invalid or unsupported protocol version ({version}); highest supported is 4 ");
            assert_eq!(body, error(0x0A, &text).1);
            // It stays open, and says so again whatever comes.
            peer.version = 4;
            peer.send(5, &[]);
            assert_eq!(peer.frame(), (header, body));
        }
        let mut peer = Peer::open(address, 4);
        let unexpected = "Unexpected message QUERY, expecting STARTUP or OPTIONS";
        assert_eq!(peer.query("SELECT"), error(0x0A, unexpected));
        let (opcode, supported) = peer.ask(5, &[]);
        assert_eq!(opcode, 6);
        assert!(supported.windows(5).any(|bytes| bytes == b"3.3.1"));
        assert_eq!(peer.ask(1, &startup(&[])), error(0x0A, "Missing value CQL_VERSION in STARTUP message"));
        let zstd = [("CQL_VERSION", "3.0.0"), ("COMPRESSION", "zstd")];
        assert_eq!(peer.ask(1, &startup(&zstd)), error(0x0A, "Unknown compression algorithm: zstd"));
        assert_eq!(peer.ask(1, &startup(&[("CQL_VERSION", "9.9.9"), ("DRIVER_NAME", "x")])), (2, vec![]));
        let again = "Unexpected message STARTUP, the connection is already initialized";
        assert_eq!(peer.ask(1, &startup(&[("CQL_VERSION", "3.0.0")])), error(0x0A, again));
        assert_eq!(peer.ask(7, &query("SELECT", &[0, 99, 0])).0, 0, "an unknown consistency level");
        assert_eq!(peer.ask(11, &[0, 1, 0, 1, b'X']), error(0x0A, "Invalid value 'X' for Type"));
        assert_eq!(peer.ask(7, &[0, 0]).0, 0, "a body cut off");
        assert_eq!(peer.ask(13, &[0, 0, 0, 0, 1, 0]), (8, vec![0, 0, 0, 1]), "an empty batch");
        assert_eq!(peer.query("USE system"), (8, [&[0, 0, 0, 3][..], &short_string("system")].concat()));

        let mut peer = Peer::open(address, 4);
        peer.send(1, &startup(&[("CQL_VERSION", "3.0.0"), ("COMPRESSION", "lz4")]));
        let (header, body) = peer.frame();
        assert_eq!((header[1], header[4], body), (1, 2, vec![0; 5]), "READY is compressed");

        let mut peer = Peer::started(address, 4);
        assert_eq!(peer.ask(0x55, &[]), error(0x0A, "Unknown opcode 85"));
        assert_eq!(peer.ask(5, &[]), error(0x0A, "Unknown opcode 85"), "no way past it");

        let mut peer = Peer::open(address, 4);
        peer.stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        assert_eq!(peer.frame().0[..5], [0x84, 0, 0, 0, 0]);
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn words_what_cannot_be_read_as_2_2_does() {
    let (node, _ring) = single("127.9.3.5").await;
    let address = node.address();
    tokio::task::spawn_blocking(move || {
        let mut peer = Peer::started(address, 4);
        let text = "Not enough bytes to read an UTF8 serialized string preceded by its 4 bytes length";
        for body in [&[][..], &[0, 0, 0, 9], &[0xff; 4]] {
            assert_eq!(peer.ask(7, body), error(0x0A, text));
        }
        let text = "Not enough bytes to read a byte array preceded by its 2 bytes length";
        assert_eq!(peer.ask(10, &[0, 16, 1]), error(0x0A, text));
        let text = "java.lang.IndexOutOfBoundsException: readerIndex(5) + length(2) exceeds writerIndex(5)";
        assert_eq!(peer.ask(7, &[0, 0, 0, 1, b'x']), error(0, text));
        let text = "java.lang.IndexOutOfBoundsException: index: 14, length: 9 (expected: range(0, 14))";
        assert_eq!(peer.ask(7, &query("x", &[0, 1, 1, 0, 1, 0, 0, 0, 9])), error(0, text));
        let text = "Cannot decode string as UTF8: 'e28228'; java.nio.charset.MalformedInputException: \
                    Input length = 2";
        assert_eq!(peer.ask(9, &[0, 0, 0, 5, b'a', b'b', 0xe2, 0x82, 0x28]), error(0x0A, text));
        let text = "The page size cannot be 0";
        assert_eq!(peer.ask(7, &query("x", &[0, 1, 4, 0, 0, 0, 0])), error(0x0A, text));
        let text = "Invalid query kind in BATCH messages. Must be 0 or 1 but got 9";
        assert_eq!(peer.ask(13, &[7, 0, 1, 9]), error(0x0A, text));
        assert_eq!(peer.ask(15, &[0xff; 4]), error(0, "java.lang.NullPointerException"));
        assert_eq!(peer.ask(15, &[0; 4]), (16, vec![0xff; 4]));

        let mut peer = Peer::open(address, 4);
        for (version, text) in [
            ("x", "Invalid version value: x"),
            (
                "2.0.0",
                "CQL version 2.0.0 is not supported by the binary protocol (supported version are >= 3.0.0)",
            ),
        ] {
            assert_eq!(peer.ask(1, &startup(&[("cql_version", version)])), error(0x0A, text));
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn tells_of_changes_before_it_answers() {
    let (node, _ring) = single("127.9.3.2").await;
    let address = node.address();
    tokio::task::spawn_blocking(move || {
        let mut other = Peer::started(address, 3);
        let kinds = [&[0, 1][..], &short_string("SCHEMA_CHANGE")].concat();
        assert_eq!(other.ask(11, &kinds), (2, vec![]));
        let mut peer = Peer::started(address, 3);
        assert_eq!(peer.ask(11, &kinds), (2, vec![]));
        let version =
            |peer: &mut Peer| peer.query("SELECT schema_version FROM system.local WHERE key='local'").1;
        let before = version(&mut peer);

        let change = |words: &[&str]| words.iter().flat_map(|word| short_string(word)).collect::<Vec<u8>>();
        let event = |peer: &mut Peer, words: &[&str]| {
            let (header, body) = peer.frame();
            assert_eq!(header[..5], [0x83, 0, 0xff, 0xff, 12]);
            assert_eq!(body, [short_string("SCHEMA_CHANGE"), change(words)].concat());
        };
        let create =
            "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}";
        peer.send(7, &query(create, &[0, 1, 0]));
        event(&mut peer, &["CREATED", "KEYSPACE", "ks"]);
        assert_eq!(peer.frame().1, [vec![0, 0, 0, 5], change(&["CREATED", "KEYSPACE", "ks"])].concat());
        event(&mut other, &["CREATED", "KEYSPACE", "ks"]);
        assert_ne!(version(&mut peer), before);

        peer.send(7, &query("CREATE TABLE ks.t (k int PRIMARY KEY)", &[0, 1, 0]));
        event(&mut peer, &["UPDATED", "KEYSPACE", "ks"]);
        event(&mut peer, &["CREATED", "TABLE", "ks", "t"]);
        assert_eq!(peer.frame().1, [vec![0, 0, 0, 5], change(&["CREATED", "TABLE", "ks", "t"])].concat());
        let nothing = "CREATE TABLE IF NOT EXISTS ks.t (k int PRIMARY KEY)";
        assert_eq!(peer.query(nothing), (8, vec![0, 0, 0, 1]));
        peer.send(7, &query("DROP KEYSPACE ks", &[0, 1, 0]));
        event(&mut peer, &["DROPPED", "TABLE", "ks", "t"]);
        event(&mut peer, &["DROPPED", "KEYSPACE", "ks"]);
        assert_eq!(peer.frame().1, [vec![0, 0, 0, 5], change(&["DROPPED", "KEYSPACE", "ks"])].concat());
        assert_eq!(peer.query("SELECT * FROM system.peers_v2"), error(0x2200, "unconfigured table peers_v2"));
        assert_eq!(
            peer.query("SELECT * FROM system_schema.keyspaces"),
            error(0x2200, "Keyspace system_schema does not exist")
        );
    })
    .await
    .unwrap();
}

/// Zipkin's statements over version 3, as the Java driver of 2015 spoke it.
#[tokio::test]
async fn does_what_zipkin_does_over_version_3() {
    let (node, _ring) = single("127.9.3.3").await;
    let address = node.address();
    tokio::task::spawn_blocking(move || {
        let mut peer = Peer::started(address, 3);
        for statement in zipkin_statements() {
            let (opcode, body) = peer.query(statement);
            assert_eq!((opcode, &body[..4]), (8, &[0, 0, 0, 5][..]), "{statement}");
        }
        assert_eq!(peer.query("USE \"zipkin\"").0, 8);
        let long = |value: i64| Some(value.to_be_bytes().to_vec());
        let int = |value: i32| Some(value.to_be_bytes().to_vec());
        let text = |value: &str| Some(value.as_bytes().to_vec());
        let list = |values: &[Option<Vec<u8>>]| {
            let mut out = (values.len() as u32).to_be_bytes().to_vec();
            for value in values.iter().flatten() {
                out.extend((value.len() as u32).to_be_bytes());
                out.extend(value);
            }
            Some(out)
        };
        let buckets = || list(&(0..10).map(int).collect::<Vec<_>>());
        let done = (8, vec![0, 0, 0, 1]);
        for (cql, values) in [
            (
                "INSERT INTO traces (trace_id,ts,span_name,span) VALUES (:trace_id,:ts,:span_name,:span);",
                vec![long(-1), long(2000), text("7_1_1"), text("blob")],
            ),
            ("INSERT INTO service_names (service_name) VALUES (:service_name);", vec![text("web")]),
            (
                "INSERT INTO span_names (service_name,bucket,span_name) VALUES (:service_name,0,:span_name);",
                vec![text("web"), text("get")],
            ),
            (
                "INSERT INTO service_name_index (ts,trace_id,service_name,bucket) VALUES (:ts,:trace_id,:service_name,:bucket);",
                vec![long(2000), long(-1), text("web"), int(3)],
            ),
            (
                "INSERT INTO service_span_name_index (ts,trace_id,service_span_name) VALUES (:ts,:trace_id,:service_span_name);",
                vec![long(2000), long(-1), text("web.get")],
            ),
            (
                "INSERT INTO annotations_index (ts,trace_id,annotation,bucket) VALUES (:ts,:trace_id,:annotation,:bucket);",
                vec![long(2000), long(-1), text("web:x"), int(9)],
            ),
        ] {
            let (id, _) = peer.prepare(cql);
            assert_eq!(peer.execute(&id, 0x24, &[]).0, 0, "values are missing");
            let mut body = vec![0, 16];
            body.extend(&id);
            body.extend([0, 10, 0x25]);
            body.extend((values.len() as u16).to_be_bytes());
            for value in values.iter().flatten() {
                body.extend((value.len() as u32).to_be_bytes());
                body.extend(value);
            }
            body.extend(5000i32.to_be_bytes());
            body.extend(1_456_790_400_000_000i64.to_be_bytes());
            assert_eq!(peer.ask(10, &body), done, "{cql}");
        }
        assert_eq!(peer.query("SELECT trace_id FROM traces LIMIT 1;").0, 8);
        let window = [long(0), long(9000), int(30)];
        let found = |head: &[Option<Vec<u8>>]| [head, &window[..]].concat();
        let tail = "AND ts>=:start_ts AND ts<=:end_ts ORDER BY ts DESC LIMIT :limit_;";
        let hit = [&[0, 0, 0, 8][..], &2000i64.to_be_bytes(), &[0, 0, 0, 8], &[0xff; 8]].concat();
        for (cql, values, columns, row) in [
            (
                "SELECT trace_id,span FROM traces WHERE trace_id IN :trace_id LIMIT :limit_;".to_owned(),
                vec![list(&[long(-1), long(5)]), int(100_000)],
                2,
                [&[0, 0, 0, 8][..], &[0xff; 8], &[0, 0, 0, 4], b"blob"].concat(),
            ),
            (
                "SELECT service_name FROM service_names;".to_owned(),
                vec![],
                1,
                [&[0, 0, 0, 3][..], b"web"].concat(),
            ),
            (
                "SELECT span_name FROM span_names WHERE service_name=:service_name AND bucket=:bucket LIMIT :limit_;"
                    .to_owned(),
                vec![text("web"), int(0), int(1000)],
                1,
                [&[0, 0, 0, 3][..], b"get"].concat(),
            ),
            (
                format!("SELECT ts,trace_id FROM service_name_index WHERE service_name=:service_name AND bucket IN :bucket {tail}"),
                found(&[text("web"), buckets()]),
                2,
                hit.clone(),
            ),
            (
                format!("SELECT ts,trace_id FROM service_span_name_index WHERE service_span_name=:service_span_name {tail}"),
                found(&[text("web.get")]),
                2,
                hit.clone(),
            ),
            (
                format!("SELECT ts,trace_id FROM annotations_index WHERE annotation=:annotation AND bucket IN :bucket {tail}"),
                found(&[text("web:x"), buckets()]),
                2,
                hit.clone(),
            ),
            (
                format!("SELECT ts,trace_id FROM service_name_index WHERE service_name IN :service_name AND bucket IN :bucket {tail}"),
                found(&[list(&[text("web"), text("db")]), buckets()]),
                2,
                hit,
            ),
        ] {
            let (id, _) = peer.prepare(&cql);
            // One row, no names (flags 5): kind, flags, columns, rows, and the values.
            let head = [[0, 0, 0, 2], [0, 0, 0, 5], [0, 0, 0, columns], [0, 0, 0, 1]].concat();
            assert_eq!(peer.execute(&id, 0x02, &values), (8, [head, row].concat()), "{cql}");
        }
        let (id, _) = peer.prepare("SELECT dependencies FROM dependencies WHERE day IN :days;");
        let none = [[0, 0, 0, 2], [0, 0, 0, 5], [0, 0, 0, 1], [0; 4]].concat();
        assert_eq!(peer.execute(&id, 0x02, &[list(&[long(0)])]), (8, none));
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn describes_prepared_statements() {
    let (node, _ring) = single("127.9.3.4").await;
    let address = node.address();
    tokio::task::spawn_blocking(move || {
        let mut peer = Peer::started(address, 4);
        peer.query(
            "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        );
        peer.query("CREATE TABLE ks.t (a int, b int, v int, PRIMARY KEY ((a, b)))");
        // The key's variables are found by name, in the key's order: b comes first, a third.
        let (id, rest) = peer.prepare("INSERT INTO ks.t (b, v, a) VALUES (?, ?, ?)");
        let columns = ["b", "v", "a"].map(|name| [short_string(name), vec![0, 9]].concat()).concat();
        let wanted = [
            &[0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 2, 0, 2, 0, 0][..],
            &short_string("ks"),
            &short_string("t"),
            &columns,
            &[0, 0, 0, 4, 0, 0, 0, 0],
        ];
        assert_eq!(rest, wanted.concat());
        let int = |value: i32| Some(value.to_be_bytes().to_vec());
        assert_eq!(peer.execute(&id, 0, &[int(1), int(7), int(2)]), (8, vec![0, 0, 0, 1]));
        // An unset value leaves what is there.
        assert_eq!(peer.execute(&id, 0, &[int(1), None, int(2)]), (8, vec![0, 0, 0, 1]));
        let (_, rows) = peer.query("SELECT v FROM ks.t WHERE a = 2 AND b = 1");
        assert!(rows.ends_with(&[0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 7]));
        assert_eq!(
            peer.execute(&id, 0, &[Some(vec![1, 2]), int(7), int(2)]),
            error(0x2200, "Expected 4 or 0 byte int (2)")
        );
        let (_, rest) = peer.prepare("SELECT v FROM ks.t WHERE a = 1 AND b = ?");
        assert_eq!(rest[8..12], [0; 4], "a literal in the key: no list");
        let (_, rest) = peer.prepare("SELECT * FROM ks.t");
        assert_eq!(rest[..12], [0; 12]);

        let one = "INSERT INTO ks.t (b, a) VALUES (?, ?);";
        let (_, rest) = peer.prepare(&format!("BEGIN BATCH {one} {one} APPLY BATCH"));
        assert_eq!(rest[8..16], [0, 0, 0, 2, 0, 3, 0, 2], "the last variables of the key");

        peer.query("ALTER TABLE ks.t WITH default_time_to_live = 1000");
        assert_eq!(peer.execute(&id, 0, &[int(4), int(7), int(4)]), (8, vec![0, 0, 0, 1]), "still known");
        let (_, rows) = peer.query("SELECT ttl(v) FROM ks.t WHERE a = 4 AND b = 4");
        assert!(!rows.ends_with(&[0xff; 4]), "and with the new options");
        peer.query("ALTER TABLE ks.t ADD w int");
        let (opcode, body) = peer.execute(&id, 0, &[int(1), int(7), int(2)]);
        assert_eq!((opcode, &body[..4]), (0, &[0, 0, 0x25, 0][..]), "the table has changed");
        assert!(body.ends_with(&[&[0, 16][..], &id].concat()));
        let other = [7; 16];
        assert_eq!(peer.execute(&other, 0, &[]).1[..4], [0, 0, 0x25, 0]);
    })
    .await
    .unwrap();
}
