//! One request over HTTP, and its answer as a text that can be compared.

use std::fmt::Write as _;
use std::io::Read as _;
use std::time::Duration;

use flate2::read::GzDecoder;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Url};
use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(60);
/// What is told of a body at most.
const SHOWN: usize = 20_000;

/// A request.
#[derive(Clone, PartialEq)]
pub(crate) struct Ask {
    pub(crate) method: String,
    /// Path and query, as they go over the wire.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.target)?;
        for (name, value) in &self.headers {
            write!(f, " | {name}: {value}")?;
        }
        if !self.body.is_empty() {
            let text = match std::str::from_utf8(&self.body) {
                Ok(text) => text.to_owned(),
                Err(_) => self.body.iter().fold("0x".to_owned(), |hex, byte| format!("{hex}{byte:02x}")),
            };
            write!(f, " | {}", text.chars().take(2000).collect::<String>())?;
        }
        Ok(())
    }
}

/// A GET.
pub(crate) fn get(target: impl Into<String>) -> Ask {
    ask("GET", target)
}

/// A request without headers and body.
pub(crate) fn ask(method: &str, target: impl Into<String>) -> Ask {
    Ask { method: method.to_owned(), target: target.into(), headers: Vec::new(), body: Vec::new() }
}

/// Spans, posted.
pub(crate) fn post(kind: &str, body: impl Into<Vec<u8>>) -> Ask {
    Ask { body: body.into(), ..ask("POST", "/api/v1/spans") }.with("content-type", kind)
}

impl Ask {
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The path alone.
    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Sends it, and tells what came back.
    pub(crate) async fn send(&self, client: &Client, address: &str) -> Answer {
        let url = Url::parse(&format!("http://{address}{}", self.target));
        let written = url.as_ref().ok().map(|url| match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        });
        let answer = match url {
            Ok(url) if written.as_deref() == Some(&self.target) => {
                timeout(LIMIT, self.with_client(client, url)).await
            }
            // What a client would write in another way.
            _ => timeout(LIMIT, self.raw(address)).await,
        };
        answer.unwrap_or_else(|_| Answer::failed("no answer in time"))
    }

    async fn with_client(&self, client: &Client, url: Url) -> Answer {
        let method: Method = self.method.parse().unwrap();
        let mut request = client.request(method, url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !self.body.is_empty() || self.method == "POST" {
            request = request.body(self.body.clone());
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(why) => return Answer::failed(&why.to_string()),
        };
        let headers = response.headers().iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let (status, headers) = (response.status().as_u16(), headers.collect());
        match response.bytes().await {
            Ok(body) => Answer::new(self.path(), status, headers, body.to_vec()),
            Err(why) => Answer::failed(&why.to_string()),
        }
    }

    async fn raw(&self, address: &str) -> Answer {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut head = format!("{} {} HTTP/1.1\r\nhost: {address}\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", self.body.len()));
        stream.write_all(head.as_bytes()).await.unwrap();
        let _ = stream.write_all(&self.body).await;
        let mut bytes = Vec::new();
        if let Err(why) = stream.read_to_end(&mut bytes).await {
            return Answer::failed(&why.kind().to_string());
        }
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(end) = end else { return Answer::failed("closed") };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .filter(|(name, _)| name != "connection")
            .collect();
        let mut body = bytes[end + 4..].to_vec();
        if headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked") {
            body = unchunked(&body);
        }
        Answer::new(self.path(), status, headers, body)
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let Ok(size) = usize::from_str_radix(&String::from_utf8_lossy(&bytes[..end]), 16) else { break };
        let from = end + 2;
        if size == 0 || bytes.len() < from + size + 2 {
            break;
        }
        body.extend(&bytes[from..from + size]);
        bytes = &bytes[from + size + 2..];
    }
    body
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// All of it, redacted.
    pub(crate) text: String,
    /// The body, unpacked.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn failed(why: &str) -> Self {
        Self { status: 0, text: why.to_owned(), body: Vec::new() }
    }

    fn new(path: &str, status: u16, mut headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        let is = |name: &str, value: &str| headers.iter().any(|(n, v)| n == name && v == value);
        let (packed, image) = (is("content-encoding", "gzip"), is("content-type", "image/png"));
        let mut unpacked = Vec::new();
        if packed {
            GzDecoder::new(body.as_slice()).read_to_end(&mut unpacked).unwrap();
        } else {
            unpacked = body;
        }
        headers.sort();
        let mut text = status.to_string();
        for (name, value) in &headers {
            match name.as_str() {
                "date" => {}
                // How well a packer packs, and the digits of a time, are not what is compared.
                "content-length" if packed || status >= 400 || path.starts_with("/health") => {
                    text.push_str("\n    content-length: some");
                }
                "last-modified" => text.push_str("\n    last-modified: a time"),
                _ => write!(text, "\n    {name}: {value}").unwrap(),
            }
        }
        text.push_str("\n    ");
        if image {
            write!(text, "{} bytes", unpacked.len()).unwrap();
        } else {
            let body = String::from_utf8_lossy(&unpacked);
            text.extend(redacted(path, &body).chars().take(SHOWN));
        }
        Self { status, text, body: unpacked }
    }
}

impl Answer {
    /// Of the metrics, the collector's: a counter's name says what it counts. How often is not told of Kafka's: who
    /// loses his session on a busy machine reads again what was not committed.
    pub(crate) fn metrics(&self) -> Vec<String> {
        let metrics: Map<String, Value> = serde_json::from_slice(&self.body).unwrap();
        let counted = metrics.iter().filter(|(name, _)| name.contains("zipkin_collector"));
        counted
            .map(|(name, value)| match name.strip_suffix(".kafka") {
                Some(_) if name.starts_with("counter.") => format!("{name}=some"),
                _ => format!("{name}={value}"),
            })
            .collect()
    }
}

impl Answer {
    /// Without what is said of one connection only: who passes an answer on has another one.
    pub(crate) fn passed_on(&self) -> String {
        let own = ["    connection:", "    transfer-encoding:", "    content-length:"];
        let lines = self.text.split('\n').filter(|line| !own.iter().any(|name| line.starts_with(name)));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// The body without what is the server's own time, memory and disk.
fn redacted(path: &str, body: &str) -> String {
    if path.starts_with("/health") {
        return numbers_away(body, &["total", "free", "timestamp"]);
    }
    if let Some((before, rest)) = body.split_once("<div id='created'>")
        && let Some((_, after)) = rest.split_once('<')
    {
        return format!("{before}<div id='created'>a time<{after}");
    }
    numbers_away(body, if body.starts_with("{\"timestamp\":") { &["timestamp"] } else { &[] })
}

fn numbers_away(body: &str, fields: &[&str]) -> String {
    let mut body = body.to_owned();
    for field in fields {
        let name = format!("\"{field}\":");
        let Some(at) = body.find(&name) else { continue };
        let from = at + name.len();
        let digits = body[from..].bytes().take_while(u8::is_ascii_digit).count();
        body.replace_range(from..from + digits, "0");
    }
    body
}

/// A client as tools have it: it follows nothing and unpacks nothing. Each request has a connection of its own, as a
/// server closes one after some requests, and a pool may take up another one at any time.
pub(crate) fn client() -> Client {
    Client::builder().redirect(Policy::none()).pool_max_idle_per_host(0).build().unwrap()
}

/// Asks for something again and again on one connection, until the server closes it: how many answers there were, and
/// which of them said that they were the last.
pub(crate) async fn kept_alive(address: &str, target: &str, most: usize) -> String {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let requests = format!("GET {target} HTTP/1.1\r\nhost: {address}\r\n\r\n").repeat(most);
    // A server that closes early need not read them all.
    let _ = writer.write_all(requests.as_bytes()).await;
    let mut bytes = Vec::new();
    let ended = timeout(LIMIT, reader.read_to_end(&mut bytes)).await.is_ok_and(|read| read.is_ok());
    let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
    let answers: Vec<&str> = text.split("http/1.1 ").skip(1).collect();
    let last: Vec<usize> =
        (1..=answers.len()).filter(|n| answers[n - 1].contains("connection: close")).collect();
    format!("{} answers, closed: {ended}, the last: {last:?}", answers.len())
}
