//! Differences that were found once, and what is still different.

use crate::op::{Harm, List, Op, Part, Who};

/// Each was a difference until the simulator was mended; done before anything else.
pub(crate) fn cases() -> Vec<(&'static str, Vec<Op>)> {
    let create = |who, path: &str, list| Op::Create(who, path.to_owned(), None, 0, list);
    let set = |path: &str| Op::Set(Who::Raw, path.to_owned(), None, -1);
    let (node, other) = ("/a".to_owned(), "/b".to_owned());
    let names = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
    let mut ordered: Vec<Op> =
        names.iter().map(|name| create(Who::One, &format!("/{name}"), List::Open)).collect();
    ordered.push(Op::Children(Who::Two, String::new(), false));
    let broken = |whole, harm| Op::Broken(Box::new(whole), harm);
    let deletes =
        ["/a", "/a/x", "/e", "/a"].map(|path| Part::Delete { path: path.into(), version: 1 }).to_vec();
    vec![
        (
            "a change looks at the path before the node",
            vec![
                set("/a/./x"),
                Op::SetAcl(Who::Raw, "/a/".into(), List::Open, -1),
                Op::Multi(vec![Part::Check { path: "/a//x".into(), version: 0 }]),
                Op::Delete(Who::Raw, "/a/../b".into(), -1),
            ],
        ),
        (
            "forbidden characters",
            [
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
            ]
            .iter()
            .map(|character| create(Who::Raw, &format!("/a{character}"), List::Open))
            .collect(),
        ),
        (
            "lists of addresses and digests",
            [
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
            ]
            .into_iter()
            .enumerate()
            .flat_map(|(number, list)| {
                let path = format!("/n{number}");
                [create(Who::Raw, &path, list), Op::GetAcl(Who::Raw, path)]
            })
            .collect(),
        ),
        (
            "a list is shown to those who may read, its digests to those who may change it",
            vec![
                create(Who::Raw, "/a", List::Mixed),
                create(Who::Raw, "/b", List::User),
                create(Who::Raw, "/c", List::World(1)),
                create(Who::Raw, "/d", List::World(14)),
                Op::GetAcl(Who::One, node.clone()),
                Op::GetAcl(Who::One, other.clone()),
                Op::GetAcl(Who::One, "/c".into()),
                Op::GetAcl(Who::One, "/d".into()),
                Op::Auth(Who::One, "digest", "user:secret"),
                Op::GetAcl(Who::One, node),
                Op::GetAcl(Who::One, other),
            ],
        ),
        ("children in the order of Java's tables", ordered),
        (
            "every byte but zero is true",
            vec![
                broken(Op::Multi(deletes), Harm::Byte(51, 56)),
                broken(Op::Exists(Who::Raw, "/b".into(), false), Harm::Byte(1, 2)),
                create(Who::Raw, "/b", List::Open),
            ],
        ),
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
