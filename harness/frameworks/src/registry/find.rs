//! `find`, as it is used to look for Java in a sandbox: `find jdk* -name java | head -n 1`.

use std::collections::BTreeSet;

use super::words::fits;

/// Runs the command of a `$(…)`; anything but `find` and `echo` prints nothing.
pub(super) fn substitute(command: &str, files: &BTreeSet<String>) -> String {
    let mut stages = command.split('|').map(|stage| stage.split_whitespace().collect::<Vec<_>>());
    let first = stages.next().unwrap_or_default();
    let mut lines = match first.as_slice() {
        ["find", rest @ ..] => find(rest, files),
        ["echo", rest @ ..] => vec![rest.join(" ")],
        ["pwd"] => vec![".".into()],
        _ => Vec::new(),
    };
    for stage in stages {
        if let ["head", "-n", count] = stage.as_slice() {
            lines.truncate(count.parse().unwrap_or(10));
        } else if let ["head", count] = stage.as_slice() {
            lines.truncate(count.trim_start_matches('-').parse().unwrap_or(10));
        }
    }
    lines.join("\n")
}

fn find(words: &[&str], files: &BTreeSet<String>) -> Vec<String> {
    let split = words.iter().position(|word| word.starts_with('-')).unwrap_or(words.len());
    let (starts, tests) = words.split_at(split);
    let test = |name: &str| tests.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1]);
    let (name, kind) = (test("-name").map(|name| name.trim_matches(['\'', '"'])), test("-type"));
    let depth = test("-maxdepth").and_then(|depth| depth.parse::<usize>().ok());
    let mut found = Vec::new();
    for start in starts {
        for path in files {
            let plain = path.trim_end_matches('/');
            let below = plain.matches('/').count();
            let top = plain.split('/').next().unwrap_or_default();
            let passes = (*start == "." || fits(start.trim_start_matches("./"), top))
                && depth.is_none_or(|depth| below <= depth)
                && kind.is_none_or(|kind| (kind == "d") == path.ends_with('/'))
                && name.is_none_or(|name| fits(name, plain.rsplit('/').next().unwrap_or_default()));
            if passes {
                found.push(plain.to_owned());
            }
        }
    }
    found
}
