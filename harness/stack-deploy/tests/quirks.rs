//! Every row of the table of quirks has its tests.

use std::collections::BTreeSet;

use stacklab_stack::server::QUIRKS;

const TESTS: [&str; 11] = [
    include_str!("command_line.rs"),
    include_str!("../src/server/options.rs"),
    include_str!("../../stack/src/layers.rs"),
    include_str!("../../stack/src/file/tests.rs"),
    include_str!("../../stack/src/server/keys.rs"),
    include_str!("../../stack/src/server/tests/rest.rs"),
    include_str!("../../stack/src/server/tests/runs.rs"),
    include_str!("../../stack/src/server/tests/security.rs"),
    include_str!("../../stack/src/server/tests/start.rs"),
    include_str!("../../stack/src/run/tests.rs"),
    include_str!("process.rs"),
];

#[test]
fn every_quirk_has_its_tests() {
    let mut ids = BTreeSet::new();
    for quirk in QUIRKS {
        assert!(ids.insert(quirk.id), "{} stands there twice", quirk.id);
        assert!(!quirk.tests.is_empty(), "{}", quirk.id);
        for test in quirk.tests {
            let name = format!("#[test]\nfn {test}()");
            let inner = format!("#[test]\n    fn {test}()");
            let there = TESTS.iter().any(|file| file.contains(&name) || file.contains(&inner));
            assert!(there, "{}: there is no test {test}", quirk.id);
        }
    }
}
