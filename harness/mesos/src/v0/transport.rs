//! libprocess messages as HTTP requests: how one is told from an ordinary request, and how one is sent.

use stacklab_machine::http::{Method, Request};

use super::Pid;

/// Package of the messages between drivers and the master.
const PACKAGE: &str = "mesos.internal.";
const AGENT: &str = "libprocess/";

/// The sender of a libprocess message to the master's process, with the name of the message (its package left out,
/// if it is the usual one); `None` for any other request. `Libprocess-From` goes before `User-Agent`.
///
/// Whoever gets something here answers 202, whatever the message is worth.
pub fn sender(request: &Request) -> Option<(Pid, &str)> {
    if request.method != Method::Post {
        return None;
    }
    let name = request.path().strip_prefix("/master/").filter(|name| name.contains('.'))?;
    let from =
        request.header("libprocess-from").or_else(|| request.header("user-agent")?.strip_prefix(AGENT));
    let pid = Pid::parse(from?.trim())?;
    Some((pid, name.strip_prefix(PACKAGE).unwrap_or(name)))
}

/// The bytes of a message from the master's pid to a driver, for a connection that is kept: Mesos 1.11 sends one
/// chunk, or none and no end of chunks either if the message is empty.
pub fn post(from: &str, to: &Pid, name: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "POST /{}/{PACKAGE}{name} HTTP/1.1\r\nUser-Agent: {AGENT}{from}\r\nLibprocess-From: {from}\r\n\
         Connection: Keep-Alive\r\nHost: \r\n",
        to.id()
    )
    .into_bytes();
    if body.is_empty() {
        bytes.extend_from_slice(b"\r\n");
        return bytes;
    }
    let length = format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.len());
    bytes.extend_from_slice(length.as_bytes());
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(b"\r\n0\r\n\r\n");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, url: &str, headers: &[(&str, &str)]) -> Request {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Request { method, url: url.into(), headers, body: Vec::new() }
    }

    #[test]
    fn tells_messages_from_requests() {
        let pid = "scheduler(1)@127.0.0.1:4000";
        let from = ("libprocess-from", pid);
        let agent = format!("libprocess/{pid}");
        let path = "/master/mesos.internal.ReviveOffersMessage";
        let call = "/master/mesos.scheduler.Call";
        let rows = [
            (Method::Post, path, from, Some("ReviveOffersMessage")),
            (Method::Post, path, ("user-agent", &agent), Some("ReviveOffersMessage")),
            (Method::Post, call, from, Some("mesos.scheduler.Call")),
            (Method::Post, path, ("user-agent", "curl/8"), None),
            (Method::Post, path, ("libprocess-from", "nobody"), None),
            (Method::Post, path, ("accept", "any"), None),
            (Method::Get, path, from, None),
            (Method::Post, "/slave(1)/mesos.internal.PingSlaveMessage", from, None),
            (Method::Post, "/master/teardown", from, None),
        ];
        for (method, url, header, expected) in rows {
            let request = request(method, url, &[header]);
            let found = sender(&request);
            assert_eq!(found.as_ref().map(|(_, name)| *name), expected, "{method} {url} {header:?}");
            assert!(found.is_none_or(|(found, _)| found.as_str() == pid));
        }
    }

    #[test]
    fn writes_one_chunk_or_none() {
        let to = Pid::parse("scheduler(1)@127.0.0.1:4000").unwrap();
        let text = |body: &[u8]| String::from_utf8(post("master@127.0.0.2:5050", &to, "M", body)).unwrap();
        let head = "POST /scheduler(1)/mesos.internal.M HTTP/1.1\r\n\
                    User-Agent: libprocess/master@127.0.0.2:5050\r\nLibprocess-From: master@127.0.0.2:5050\r\n\
                    Connection: Keep-Alive\r\nHost: \r\n";
        assert_eq!(text(b""), format!("{head}\r\n"));
        assert_eq!(text(b"abc"), format!("{head}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
    }
}
