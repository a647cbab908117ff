//! Differences that were found once, and what is still different.

use crate::op::{Harm, List, Op, Part, Who};

type Case = (&'static str, Vec<Op>);

/// Each was a difference until the simulator was mended; done before anything else.
pub(crate) fn cases() -> Vec<Case> {
    vec![
        early_look(),
        characters(),
        lists(),
        hidden(),
        ("children in the order of Java's tables", children()),
        ("every byte but zero is true", truth()),
    ]
}

fn create(path: &str, list: List) -> Op {
    Op::Create(Who::Raw, path.to_owned(), None, 0, list)
}

fn early_look() -> Case {
    let case = vec![
        Op::Set(Who::Raw, "/a/./x".into(), None, -1),
        Op::SetAcl(Who::Raw, "/a/".into(), List::Open, -1),
        Op::Multi(vec![Part::Check { path: "/a//x".into(), version: 0 }]),
        Op::Delete(Who::Raw, "/a/../b".into(), -1),
    ];
    ("a change looks at the path before the node", case)
}

fn characters() -> Case {
    let all = [
        "\t",
        "\u{1f}",
        "\u{9e}",
        "\u{9f}",
        "\u{1f600}",
        "\u{d7ff}",
        "\u{e000}",
        "\u{f8ff}",
        "\u{fff0}",
        "\u{fff1}",
        "\u{ffff}",
    ];
    ("forbidden characters", all.iter().map(|one| create(&format!("/a{one}"), List::Open)).collect())
}

fn lists() -> Case {
    let all = [
        List::Address,
        List::Network,
        List::Elsewhere,
        List::BadAddress,
        List::OddDigest("u"),
        List::OddDigest("u:"),
        List::OddDigest(":x"),
        List::OddDigest("u:x:"),
        List::OddDigest("u:x:y"),
        List::Doubled,
        List::Own,
    ];
    let case = all.into_iter().enumerate().flat_map(|(number, list)| {
        let path = format!("/n{number}");
        [create(&path, list), Op::GetAcl(Who::Raw, path)]
    });
    ("lists of addresses and digests", case.collect())
}

fn hidden() -> Case {
    let look = |path: &str| Op::GetAcl(Who::One, path.to_owned());
    let case = vec![
        create("/a", List::Mixed),
        create("/b", List::User),
        create("/c", List::World(1)),
        create("/d", List::World(14)),
        look("/a"),
        look("/b"),
        look("/c"),
        look("/d"),
        Op::Auth(Who::One, "digest", "user:secret"),
        look("/a"),
        look("/b"),
    ];
    ("a list is shown to those who may read, its digests to those who may change it", case)
}

fn children() -> Vec<Op> {
    let names = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
    let list = Op::Children(Who::Two, String::new(), false);
    names.iter().map(|name| create(&format!("/{name}"), List::Open)).chain([list]).collect()
}

fn truth() -> Vec<Op> {
    let broken = |whole, harm| Op::Broken(Box::new(whole), harm);
    let deletes =
        ["/a", "/a/x", "/e", "/a"].map(|path| Part::Delete { path: path.into(), version: 1 }).to_vec();
    vec![
        broken(Op::Multi(deletes), Harm::Byte(51, 56)),
        broken(Op::Exists(Who::Raw, "/b".into(), false), Harm::Byte(1, 2)),
        create("/b", List::Open),
    ]
}

/// What is different and stays so, with the reason. Nothing of it is generated or compared.
pub(crate) const LEFT: [(&str, &str); 4] = [
    (
        "a null password in a handshake",
        "the original's NullPointerException leaves the connection without an answer, and a session that nobody knows \
         until it expires; here it counts as an empty one",
    ),
    (
        "createSession (-10) sent by a client, with a body",
        "the original answers with a second handshake; here it is a body that cannot be read",
    ),
    (
        "quota nodes below /zookeeper/quota",
        "the original keeps `zookeeper_stats` of a path that has `zookeeper_limits`; here they are nodes like others",
    ),
    (
        "how many ticks `dump` shows, and the order of connections in `cons` and `stat`",
        "milliseconds decide the first, addresses of Java objects the second",
    ),
];
