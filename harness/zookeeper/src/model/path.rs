//! Paths: which are valid, and what they are made of.

/// Whether a path is one: what the Java client checks before it sends anything, and the server before it creates.
pub(crate) fn is_path(path: &str) -> bool {
    path == "/"
        || path.strip_prefix('/').is_some_and(|inner| {
            inner.split('/').all(|name| !matches!(name, "" | "." | "..") && !name.contains('\0'))
        })
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
        ] {
            assert_eq!(is_path(path), valid, "{path:?}");
        }
        assert_eq!(event_parent("/a"), "/");
        assert_eq!(event_parent("/a/b"), "/a");
    }
}
