//! Paths: which are valid, and what they are made of.

/// Whether a path is one: what the Java client checks before it sends anything, and the server before it creates or
/// changes.
pub(crate) fn is_path(path: &str) -> bool {
    path == "/"
        || path.strip_prefix('/').is_some_and(|inner| {
            inner.split('/').all(|name| !matches!(name, "" | "." | "..") && !name.contains(is_forbidden))
        })
}

/// Characters that no name has, by ZooKeeper 3.4.14, which leaves out the last of each range; what is beyond the
/// first plane is forbidden for its surrogates.
fn is_forbidden(c: char) -> bool {
    matches!(u32::from(c), 0..=0x1e | 0x80..=0x9e | 0xd801..=0xf8fe | 0xfff1..=0xfffe | 0x1_0000..)
}

/// The parent's path and the node's name, cut at the last slash; the parent of a first-level node is empty, as in
/// the original, where it stands for the root.
pub(super) fn split(path: &str) -> Option<(&str, &str)> {
    path.rsplit_once('/')
}

/// How the parent of a path is called in events.
pub(super) fn event_parent(path: &str) -> &str {
    match split(path) {
        Some(("", _)) | None => "/",
        Some((parent, _)) => parent,
    }
}

/// Nodes that nobody may delete.
pub(super) fn is_special(path: &str) -> bool {
    matches!(path, "/" | "/zookeeper" | "/zookeeper/quota")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (path, valid) in [
            ("/", true),
            ("/a", true),
            ("/a/b", true),
            ("/a/", false),
            ("", false),
            ("a", false),
            ("//a", false),
            ("/./a", false),
            ("/a/..", false),
            ("/a\0", false),
            ("/a\t", false),
            ("/a\u{1f}", true),
            ("/a\u{85}", false),
            ("/\u{e4}\u{2713}", true),
            ("/\u{e000}", false),
            ("/\u{1f600}", false),
        ] {
            assert_eq!(is_path(path), valid, "{path:?}");
        }
        assert_eq!(event_parent("/a"), "/");
        assert_eq!(event_parent("/a/b"), "/a");
    }
}
