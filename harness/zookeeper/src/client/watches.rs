//! The watches a client has set, so that they can be set again on another connection.

use std::collections::BTreeSet;

use crate::model::{Code, EventKind, Request, Response};

/// A set-watches request is cut into pieces of about this many bytes of paths: the server's frames end at 1 MiB.
const PIECE: usize = 128 << 10;

/// Watches by kind, with the server's paths.
#[derive(Debug, Default)]
pub(super) struct Watches {
    data: BTreeSet<String>,
    exist: BTreeSet<String>,
    child: BTreeSet<String>,
}

impl Watches {
    /// Notes the watch that a request has set, now that its answer is here.
    pub(super) fn answered(&mut self, request: Request, result: &Result<Response, Code>) {
        match (request, result) {
            (Request::Exists { path, watch: true } | Request::GetData { path, watch: true }, Ok(_)) => {
                self.data.insert(path);
            }
            (Request::Exists { path, watch: true }, Err(Code::NoNode)) => {
                self.exist.insert(path);
            }
            (
                Request::GetChildren { path, watch: true } | Request::GetChildren2 { path, watch: true },
                Ok(_),
            ) => {
                self.child.insert(path);
            }
            _ => {}
        }
    }

    /// Forgets what fired.
    pub(super) fn fired(&mut self, kind: EventKind, path: &str) {
        if kind != EventKind::ChildrenChanged {
            self.data.remove(path);
            self.exist.remove(path);
        }
        if matches!(kind, EventKind::Deleted | EventKind::ChildrenChanged) {
            self.child.remove(path);
        }
    }

    /// The requests that set everything again.
    pub(super) fn requests(&self, relative_zxid: i64) -> Vec<Request> {
        let all = self.data.iter().map(|path| (0, path));
        let all = all.chain(self.exist.iter().map(|path| (1, path)));
        let all = all.chain(self.child.iter().map(|path| (2, path)));
        let mut requests = Vec::new();
        let (mut lists, mut size) = (<[Vec<String>; 3]>::default(), 0);
        for (list, path) in all {
            size += path.len() + 4;
            lists[list].push(path.clone());
            if size >= PIECE {
                requests.push(set_watches(relative_zxid, std::mem::take(&mut lists)));
                size = 0;
            }
        }
        if size > 0 {
            requests.push(set_watches(relative_zxid, lists));
        }
        requests
    }
}

fn set_watches(relative_zxid: i64, [data, exist, child]: [Vec<String>; 3]) -> Request {
    Request::SetWatches { relative_zxid, data, exist, child }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Stat;

    #[test]
    fn follows_answers_and_events() {
        let mut watches = Watches::default();
        let exists = |path: &str| Request::Exists { path: path.into(), watch: true };
        watches.answered(exists("/a"), &Ok(Response::Stat(Stat::default())));
        watches.answered(exists("/b"), &Err(Code::NoNode));
        let get = Request::GetData { path: "/c".into(), watch: true };
        watches.answered(get, &Err(Code::NoNode));
        let children = Request::GetChildren { path: "/a".into(), watch: true };
        watches.answered(children, &Ok(Response::Children(vec![])));
        let expected = set_watches(7, [vec!["/a".into()], vec!["/b".into()], vec!["/a".into()]]);
        assert_eq!(watches.requests(7), [expected]);
        watches.fired(EventKind::Created, "/b");
        watches.fired(EventKind::Deleted, "/a");
        assert_eq!(watches.requests(7), []);
    }

    #[test]
    fn many_are_sent_in_pieces() {
        let mut watches = Watches::default();
        for number in 0..40_000 {
            let request = Request::Exists { path: format!("/node-{number:08}"), watch: true };
            watches.answered(request, &Err(Code::NoNode));
        }
        let requests = watches.requests(0);
        assert!(requests.len() > 1);
        for request in &requests {
            assert!(crate::codec::encode_request(-8, request).len() < crate::codec::SERVER_LIMIT);
        }
    }
}
