//! Four-letter words: the same questions in the same situation; of the answers only what a machine or a moment decides
//! is left out.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::wire::{Body, Raw};

const ALL: [&str; 24] = [
    "ruok", "isro", "srvr", "stat", "mntr", "cons", "dump", "wchs", "wchp", "wchc", "envi", "conf", "reqs",
    "gtmk", "dirs", "abcd", "RUOK", "ruok\n", "ruokruok", "crst", "cons", "srst", "srvr", "stmk",
];

/// Numbers that are those of the machine, or of the moment.
const OWN: [&str; 12] = [
    "zk_open_file_descriptor_count",
    "zk_max_file_descriptor_count",
    "zk_avg_latency",
    "zk_max_latency",
    "zk_min_latency",
    "Latency min/avg/max",
    "est",
    "lresp",
    "llat",
    "minlat",
    "avglat",
    "maxlat",
];
/// Numbers that count from the start of the server, or with what others left behind.
const SINCE: [&str; 5] = ["Zxid", "Node count", "zk_znode_count", "zk_approximate_data_size", "lzxid"];
/// What a configuration says.
const CONFIGURED: [&str; 3] = ["clientPort", "dataDir", "dataLogDir"];

async fn ask(server: SocketAddr, word: &str) -> String {
    let mut raw = Raw::open(server).await;
    let mask = if word == "stmk" { &306_i64.to_be_bytes()[..] } else { &[] };
    raw.write(&[word.as_bytes(), mask].concat()).await;
    String::from_utf8_lossy(&raw.rest().await).into_owned()
}

/// How many questions [`run`] asks: all words in four situations.
pub(crate) const QUESTIONS: usize = 4 * ALL.len();

/// Asks everything: idle, with two sessions at work, with one, and idle again.
pub(crate) async fn run(server: SocketAddr, root: &str) -> Vec<String> {
    ask(server, "srst").await;
    let mut words = Words { names: BTreeMap::new(), start: numbers(&ask(server, "srvr").await) };
    words.start.extend(numbers(&ask(server, "mntr").await));
    let zxid = words.start.get("Zxid").copied().unwrap_or_default();
    words.start.insert("lzxid".into(), zxid);
    let mut said = words.all(server).await;
    let (mut one, _) = Raw::connect(server, (0, &[0; 16]), (6000, 0)).await;
    let (mut two, _) = Raw::connect(server, (0, &[0; 16]), (9000, 0)).await;
    words.names.insert(format!("0x{:x}", one.session), "one".into());
    words.names.insert(format!("0x{:x}", two.session), "two".into());
    let child = format!("{root}/words");
    let create = |path: &str, flags| {
        Body::new().text(path).text("data").int(1).int(31).text("world").text("anyone").int(flags)
    };
    one.ask(1, 1, &create(root, 0)).await;
    one.ask(2, 1, &create(&child, 1)).await;
    one.ask(3, 12, &Body::new().text(root).byte(1)).await;
    one.settle().await;
    two.ask(7, 4, &Body::new().text(&child).byte(1)).await;
    two.ask(8, 3, &Body::new().text("/nowhere").byte(1)).await;
    two.ask(9, 4, &Body::new().text("/nowhere").byte(1)).await;
    two.ask(10, 8, &Body::new().text(root).byte(1)).await;
    two.settle().await;
    said.extend(words.all(server).await);
    one.ask(4, -11, &Body::new()).await;
    one.rest().await;
    two.settle().await;
    said.extend(words.all(server).await);
    two.ask(11, -11, &Body::new()).await;
    two.rest().await;
    said.extend(words.all(server).await);
    said
}

/// Every `key: number` or `key<tab>number` of an answer.
fn numbers(text: &str) -> BTreeMap<String, i64> {
    let pair = |line: &str| {
        let (key, value) = line.split_once(": ").or_else(|| line.split_once('\t'))?;
        Some((key.to_owned(), number(value)?))
    };
    text.lines().filter_map(pair).collect()
}

fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(hexadecimal) => i64::from_str_radix(hexadecimal, 16).ok(),
        None => text.parse().ok(),
    }
}

struct Words {
    names: BTreeMap<String, String>,
    start: BTreeMap<String, i64>,
}

impl Words {
    async fn all(&self, server: SocketAddr) -> Vec<String> {
        let mut said = Vec::new();
        for word in ALL {
            let answer = ask(server, word).await;
            let mut lines: Vec<String> = answer.split('\n').map(|line| self.line(word, line)).collect();
            if word == "dump" {
                // How many ticks they are spread over, and how many they have left, is a matter of milliseconds.
                lines.retain(|line| !line.ends_with(" expire at") && !line.starts_with("Session Sets"));
            }
            if matches!(word, "cons" | "stat") {
                // Connections come in the order of a table of objects, another one in each process.
                sort_clients(&mut lines);
            }
            said.extend(lines.iter().map(|line| format!("{word:?}: {line}")));
        }
        said
    }

    fn line(&self, word: &str, line: &str) -> String {
        if word == "envi" {
            let value = if line.starts_with("zookeeper.version=") { line } else { "" };
            return format!("{} {value}", line.split('=').next().unwrap_or_default());
        }
        if let Some((key, value)) = line.split_once(": ").or_else(|| line.split_once('\t')) {
            return format!("{key}={}", self.value(key, value));
        }
        if let Some((count, _)) = line.split_once(" expire at ") {
            return format!("{count} expire at");
        }
        if let Some((key, value)) = line.split_once('=').filter(|_| word == "conf") {
            return format!("{key}={}", if CONFIGURED.contains(&key) { "…" } else { value });
        }
        if let Some((client, figures)) = line.split_once('(') {
            let client = client.split_once(':').map_or(client.to_owned(), |(address, port)| {
                format!("{address}:{}", port.trim_start_matches(|digit: char| digit.is_ascii_digit()))
            });
            let figures = figures.split(',').map(|figure| match figure.split_once('=') {
                Some((key, value)) => format!("{key}={}", self.value(key, value)),
                None => figure.to_owned(),
            });
            return format!("{client}({}", figures.collect::<Vec<_>>().join(","));
        }
        self.session(line)
    }

    fn value(&self, key: &str, value: &str) -> String {
        if OWN.contains(&key) {
            let end = if value.ends_with(')') { ")" } else { "" };
            return format!("…{end}");
        }
        if SINCE.contains(&key) {
            let start = self.start.get(key).copied().unwrap_or_default();
            return number(value).map_or(value.to_owned(), |number| format!("{:+}", number - start));
        }
        self.session(value)
    }

    fn session(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (id, name)| text.replace(id, name))
    }
}

fn sort_clients(lines: &mut [String]) {
    let is_client = |line: &String| line.starts_with(" /");
    let Some(from) = lines.iter().position(is_client) else { return };
    let to =
        lines[from..].iter().position(|line| !is_client(line)).map_or(lines.len(), |length| from + length);
    lines[from..to].sort();
}
