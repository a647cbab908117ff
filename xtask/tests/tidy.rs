//! Looks after what the compiler does not: sizes, headers, marks of unfinished work, the purity of machines, the
//! top level, links. Runs with the ordinary tests.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file over this many lines has two subjects.
const MAX_LINES: usize = 500;
/// Tests are allowed more: they are lists.
const MAX_TEST_LINES: usize = 800;
/// Crates that hold machines only.
const PURE_CRATES: [&str; 10] = [
    "machine",
    "faults",
    "diagnosis",
    "report",
    "stack",
    "mesos",
    "once",
    "marathon",
    "frameworks",
    "traces",
];
/// What a machine must not have within reach.
const IMPURE: [&str; 9] = [
    "tokio::",
    "std::net::Tcp",
    "std::net::Udp",
    "hyper::",
    "Instant::now",
    "SystemTime::now",
    "thread::sleep",
    "thread::spawn",
    "HashMap<",
];
/// The top level holds these and nothing else, dot-files apart.
const TOP_LEVEL: [&str; 7] =
    ["Cargo.lock", "Cargo.toml", "README.md", "fixtures", "harness", "scenarios", "xtask"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}

/// All Rust files, sorted, with their path relative to the root.
fn sources() -> Vec<(String, String)> {
    let root = root();
    let mut files = Vec::new();
    for folder in ["harness", "scenarios", "xtask"] {
        collect(&root.join(folder), &mut files);
    }
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(&root).expect("below the root").to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(path).expect("a readable source file"))
    };
    files.iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn is_test(name: &str) -> bool {
    name.contains("/tests/")
        || name.ends_with("tests.rs")
        || name.ends_with("_test.rs")
        || name.contains("/benches/")
}

#[track_caller]
fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn files_have_one_subject() {
    let limit = |name: &str| if is_test(name) { MAX_TEST_LINES } else { MAX_LINES };
    let long = |(name, text): &(String, String)| {
        let lines = text.lines().count();
        (lines > limit(name)).then(|| format!("{name}: {lines} lines, at most {}", limit(name)))
    };
    none("too long", &sources().iter().filter_map(long).collect::<Vec<_>>());
}

#[test]
fn files_say_what_they_are_for() {
    let silent = |(name, text): &(String, String)| (!text.starts_with("//!")).then(|| name.clone());
    none("without a paragraph at the top", &sources().iter().filter_map(silent).collect::<Vec<_>>());
}

#[test]
fn nothing_is_left_undone() {
    // Put together here, so that this file does not find itself.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("#[ig", "nore]")];
    let mut found = Vec::new();
    for (name, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    none("left undone", &found);
}

#[test]
fn machines_are_pure() {
    let pure = |name: &str| {
        let mut parts = name.split('/').skip(1);
        let krate = parts.next().unwrap_or_default();
        let inner = parts.nth(1).unwrap_or_default().trim_end_matches(".rs");
        name.starts_with("harness/")
            && (PURE_CRATES.contains(&krate) || matches!(inner, "model" | "codec" | "cql" | "sim"))
    };
    let mut found = Vec::new();
    for (name, text) in sources().iter().filter(|(name, _)| pure(name) && !is_test(name)) {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(what) = IMPURE.iter().find(|what| code.contains(**what)) {
                found.push(format!("{name}:{}: {what}", number + 1));
            }
        }
    }
    none("not pure", &found);
}

#[test]
fn tests_do_not_sleep_for_luck() {
    let mut found = Vec::new();
    for (name, text) in sources().iter().filter(|(name, _)| name.contains("/tests/")) {
        for (number, line) in text.lines().enumerate() {
            if line.contains(concat!("thread::", "sleep(")) {
                found.push(format!("{name}:{}", number + 1));
            }
        }
    }
    none("a test that sleeps: wait for a condition with a deadline", &found);
}

#[test]
fn the_top_level_is_what_it_is() {
    let names =
        fs::read_dir(root()).expect("the workspace").map(|entry| entry.expect("an entry").file_name());
    let strays: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && name != "target" && !TOP_LEVEL.contains(&name.as_str()))
        .collect();
    none("does not belong at the top level", &strays);
}

#[test]
fn links_in_pages_lead_somewhere() {
    let mut found = Vec::new();
    for page in ["README.md", "harness/ARCHITECTURE.md"] {
        let path = root().join(page);
        let text = fs::read_to_string(&path).expect("a page");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            let outside = link.contains("://") || target.is_empty();
            if !outside && !path.parent().expect("a folder").join(target).exists() {
                found.push(format!("{page}: {link}"));
            }
        }
    }
    none("dead links", &found);
}
