//! Operations as frames, for the client that writes its own.

use crate::op::{List, Op, Part};
use crate::wire::Body;

/// The operation's number and body; none for those that are more than one frame.
pub(crate) fn of(operation: &Op, root: &str) -> Option<(i32, Body)> {
    let path = |path: &str| Body::new().text(&under(root, path));
    let read = |name: &str, watch: bool| path(name).byte(u8::from(watch));
    Some(match operation {
        Op::Create(_, name, data, flags, list) => (1, create(path(name), data, *flags, *list)),
        Op::Delete(_, name, version) => (2, path(name).int(*version)),
        Op::Exists(_, name, watch) => (3, read(name, *watch)),
        Op::Get(_, name, watch) => (4, read(name, *watch)),
        Op::Set(_, name, data, version) => (5, set(path(name), data, *version)),
        Op::GetAcl(_, name) => (6, path(name)),
        Op::SetAcl(_, name, list, version) => (7, acl(path(name), *list).int(*version)),
        Op::Children(_, name, watch) => (8, read(name, *watch)),
        Op::Sync(_, name) => (9, path(name)),
        Op::ChildrenAndStat(_, name, watch) => (12, read(name, *watch)),
        Op::Multi(parts) => (14, multi(parts, root)),
        Op::Auth(_, scheme, data) => (100, Body::new().int(0).text(scheme).text(data)),
        Op::Broken(whole, harm) => {
            let (number, body) = of(whole, root)?;
            (number, Body(harm.to(body.0)))
        }
        Op::Break(_) | Op::SetWatches(..) | Op::Close(_) => return None,
    })
}

/// A path below the sequence's root; behind a colon, one that is sent as it is.
pub(crate) fn under(root: &str, path: &str) -> String {
    match path.strip_prefix(':') {
        Some(whole) => whole.to_owned(),
        None => format!("{root}{path}"),
    }
}

fn bytes(body: Body, data: &Option<String>) -> Body {
    body.bytes(data.as_deref().map(str::as_bytes))
}

fn create(path: Body, data: &Option<String>, flags: i32, list: List) -> Body {
    acl(bytes(path, data), list).int(flags)
}

fn set(path: Body, data: &Option<String>, version: i32) -> Body {
    bytes(path, data).int(version)
}

fn acl(body: Body, list: List) -> Body {
    let Some(entries) = list.entries() else { return body.int(-1) };
    let body = body.int(entries.len() as i32);
    entries.iter().fold(body, |body, (perms, scheme, id)| body.int(*perms).text(scheme).text(id))
}

fn multi(parts: &[Part], root: &str) -> Body {
    let mut all = Body::new();
    for part in parts {
        let path = |path: &str| Body::new().text(&under(root, path));
        let (operation, body) = match part {
            Part::Create { path: name, data, flags, list } => (1, create(path(name), data, *flags, *list)),
            Part::Delete { path: name, version } => (2, path(name).int(*version)),
            Part::Set { path: name, data, version } => (5, set(path(name), data, *version)),
            Part::Check { path: name, version } => (13, path(name).int(*version)),
        };
        all = all.int(operation).byte(0).int(-1);
        all.0.extend(body.0);
    }
    all.int(-1).byte(1).int(-1)
}
