//! What is done to both servers: operations and the strategies that generate them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Who does it: two clients, one whose root is `/a` of the sequence's own root, and one that writes its frames
/// itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    One,
    Two,
    Below,
    Raw,
}

impl Who {
    pub(crate) const ALL: [Self; 4] = [Self::One, Self::Two, Self::Below, Self::Raw];
}

/// An access control list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    Open,
    ReadOnly,
    /// Whoever the caller is.
    Own,
    /// `user:secret`, who may do everything.
    User,
    /// Everybody may do what these bits say.
    World(i32),
    /// The address of all clients here.
    Address,
    /// A network, which the original does not take.
    Network,
    OddDigest(&'static str),
    Elsewhere,
    /// Whoever is not `user` may only read.
    Mixed,
    /// Twice the same entry, and one more.
    Doubled,
    Unknown,
    BadDigest,
    BadAddress,
    BadWorld,
    /// Only the client that writes its own frames can send it.
    Empty,
    /// As above.
    Null,
}

#[derive(Clone, Debug)]
pub(crate) enum Part {
    Create { path: String, data: Option<String>, flags: i32, list: List },
    Delete { path: String, version: i32 },
    Set { path: String, data: Option<String>, version: i32 },
    Check { path: String, version: i32 },
}

/// What is done to a frame's body; places count from its end, where they are beyond it nothing is done.
#[derive(Clone, Debug)]
pub(crate) enum Harm {
    /// Its last bytes are missing.
    Cut(usize),
    /// Another number stands there.
    Int(usize, i32),
    Byte(usize, u8),
    More(Vec<u8>),
}

impl Harm {
    pub(crate) fn to(&self, mut body: Vec<u8>) -> Vec<u8> {
        let length = body.len();
        match self {
            Self::Cut(count) => body.truncate(length.saturating_sub(*count)),
            Self::Int(at, value) if (4..=length).contains(at) => {
                body[length - at..length - at + 4].copy_from_slice(&value.to_be_bytes());
            }
            Self::Byte(at, value) if (1..=length).contains(at) => body[length - at] = *value,
            Self::Int(..) | Self::Byte(..) => {}
            Self::More(bytes) => body.extend(bytes),
        }
        body
    }
}

fn harm() -> impl Strategy<Value = Harm> {
    let ints = [-1, -2, 0, 1, 2, 3, 5, 31, 127, 1000, 0x10_0000, i32::MAX, i32::MIN];
    prop_oneof![
        (0_usize..60).prop_map(Harm::Cut),
        (4_usize..70, select(ints.to_vec())).prop_map(|(at, value)| Harm::Int(at, value)),
        (1_usize..70, any::<u8>()).prop_map(|(at, value)| Harm::Byte(at, value)),
        vec(any::<u8>(), 1..9).prop_map(Harm::More),
    ]
}

/// Paths are relative to the sequence's own root, unless they do not begin with a slash.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Create(Who, String, Option<String>, i32, List),
    Delete(Who, String, i32),
    Exists(Who, String, bool),
    Get(Who, String, bool),
    Children(Who, String, bool),
    ChildrenAndStat(Who, String, bool),
    Set(Who, String, Option<String>, i32),
    GetAcl(Who, String),
    SetAcl(Who, String, List, i32),
    Auth(Who, &'static str, &'static str),
    Sync(Who, String),
    /// Clients cannot send a `create` of 3.4 in here: the raw one always does it.
    Multi(Vec<Part>),
    /// A frame that is not quite the operation's.
    Broken(Box<Op>, Harm),
    /// The connection breaks; the client comes back with its session and its watches.
    Break(Who),
    /// The raw client comes back, and sets these watches: data, exist, child; having seen all, or nothing.
    SetWatches(Vec<String>, Vec<String>, Vec<String>, bool),
    /// The session ends, and the client opens another.
    Close(Who),
}

fn who() -> impl Strategy<Value = Who> {
    select(vec![Who::One, Who::One, Who::Two, Who::Two, Who::Below, Who::Raw, Who::Raw, Who::Raw])
}

fn path() -> impl Strategy<Value = String> {
    let often =
        ["/a", "/a", "/a", "/a/x", "/a/x", "/a/y", "/b", "/b/x", "/a/x/deep", "/e", "/e", "/e/x", "/s-", ""];
    select(often.to_vec()).prop_map(str::to_owned)
}

/// What no client sends, but a server must answer.
fn odd_path() -> impl Strategy<Value = String> {
    let odd = [
        "//x",
        "/a/",
        "/a/./x",
        "/a/../b",
        "/a//x",
        "/.",
        "/a\0",
        "/a\u{1}",
        "/a\u{9}",
        "/ä",
        "/a/ü✓",
        "/\u{1f600}",
        "/a ",
        "/\u{f8ff}",
        ":",
        ":a",
        ":/",
        ":/zookeeper",
        ":/zookeeper/quota",
        ":/zookeeper/x",
        ":zookeeper",
    ];
    select(odd.to_vec()).prop_map(str::to_owned)
}

fn any_path() -> impl Strategy<Value = (Who, String)> {
    prop_oneof![12 => (who(), path()), 1 => (Just(Who::Raw), odd_path())]
}

fn data() -> impl Strategy<Value = Option<String>> {
    prop_oneof![1 => Just(None), 1 => Just(Some(String::new())), 3 => "[a-z]{1,12}".prop_map(Some)]
}

fn version() -> impl Strategy<Value = i32> {
    select(vec![-1, -1, -1, 0, 0, 0, 1, 1, 2, 3, 7, -2, i32::MAX, i32::MIN])
}

fn flags() -> impl Strategy<Value = i32> {
    select(vec![0, 0, 0, 0, 0, 1, 1, 1, 2, 3])
}

fn raw_flags() -> impl Strategy<Value = i32> {
    select(vec![4, 5, 6, 7, 8, -1])
}

fn list() -> impl Strategy<Value = List> {
    use List::*;
    let some = [
        ReadOnly,
        Own,
        User,
        Mixed,
        Mixed,
        World(1),
        World(2),
        World(4),
        World(8),
        World(15),
        World(16),
        World(0),
        World(99),
        Address,
        Network,
        Elsewhere,
        OddDigest("u:"),
        OddDigest(":x"),
        OddDigest("u:x:"),
        OddDigest("u:x:y"),
        Doubled,
        Unknown,
        BadDigest,
        BadAddress,
        BadWorld,
        Empty,
        Null,
    ];
    prop_oneof![7 => Just(Open), 2 => select(some.to_vec())]
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        4 => (path(), data(), flags(), list()).prop_map(|(path, data, flags, list)| Part::Create { path, data, flags, list }),
        3 => (path(), version()).prop_map(|(path, version)| Part::Delete { path, version }),
        3 => (path(), data(), version()).prop_map(|(path, data, version)| Part::Set { path, data, version }),
        2 => (path(), version()).prop_map(|(path, version)| Part::Check { path, version }),
    ]
}

fn paths() -> impl Strategy<Value = Vec<String>> {
    vec(path(), 0..4)
}

fn credentials() -> impl Strategy<Value = (&'static str, &'static str)> {
    let all = [
        ("digest", "user:secret"),
        ("digest", "user:secret"),
        ("digest", "other:x"),
        ("digest", "nocolon"),
        ("digest", ""),
        ("ip", "127.0.0.1"),
        ("ip", ""),
        ("world", "anyone"),
        ("auth", ""),
        ("", ""),
        ("x509", "x"),
    ];
    select(all.to_vec())
}

/// One operation, whatever was before.
pub(crate) fn operation() -> impl Strategy<Value = Op> {
    let broken = (whole(), harm()).prop_map(|(operation, harm)| Op::Broken(Box::new(operation), harm));
    prop_oneof![12 => whole(), 1 => broken]
}

fn whole() -> impl Strategy<Value = Op> {
    let create =
        (any_path(), data(), flags(), list()).prop_map(|((w, p), d, f, l)| Op::Create(w, p, d, f, l));
    let odd = (path(), data(), raw_flags()).prop_map(|(p, d, f)| Op::Create(Who::Raw, p, d, f, List::Open));
    let read = (any_path(), any::<bool>(), 0..4).prop_map(|((w, p), watch, kind)| match kind {
        0 => Op::Exists(w, p, watch),
        1 => Op::Get(w, p, watch),
        2 => Op::Children(w, p, watch),
        _ => Op::ChildrenAndStat(w, p, watch),
    });
    let acl = (any_path(), list(), version(), any::<bool>())
        .prop_map(|((w, p), l, v, set)| if set { Op::SetAcl(w, p, l, v) } else { Op::GetAcl(w, p) });
    prop_oneof![
        30 => create,
        1 => odd,
        14 => (any_path(), version()).prop_map(|((w, p), v)| Op::Delete(w, p, v)),
        28 => read,
        16 => (any_path(), data(), version()).prop_map(|((w, p), d, v)| Op::Set(w, p, d, v)),
        8 => acl,
        // A client that is refused is of no more use.
        2 => (who(), credentials()).prop_map(|(w, (scheme, data))| {
            Op::Auth(if matches!(scheme, "digest" | "ip") { w } else { Who::Raw }, scheme, data)
        }),
        2 => any_path().prop_map(|(w, p)| Op::Sync(w, p)),
        8 => vec(part(), 0..5).prop_map(Op::Multi),
        2 => who().prop_map(Op::Break),
        3 => (paths(), paths(), paths(), any::<bool>()).prop_map(|(d, e, c, seen)| Op::SetWatches(d, e, c, seen)),
        3 => who().prop_map(Op::Close),
    ]
}

impl List {
    /// Bits, scheme, id; `None` for a null list.
    pub(crate) fn entries(self) -> Option<Vec<(i32, &'static str, &'static str)>> {
        const USER: (i32, &str, &str) = (31, "digest", "user:5w9W4eL3797Y4Wq8AcKUPPk8ha4=");
        Some(match self {
            Self::Open => vec![(31, "world", "anyone")],
            Self::ReadOnly => vec![(1, "world", "anyone")],
            Self::Own => vec![(31, "auth", "")],
            Self::User => vec![USER],
            Self::World(bits) => vec![(bits, "world", "anyone")],
            Self::Address => vec![(31, "ip", "127.0.0.1"), (1, "world", "anyone")],
            Self::Network => vec![(31, "ip", "127.0.0.0/8")],
            Self::OddDigest(id) => vec![(31, "digest", id)],
            Self::Mixed => vec![(1, "world", "anyone"), USER, (24, "digest", "odd:here")],
            Self::Elsewhere => vec![(31, "ip", "10.1.2.3")],
            Self::Doubled => vec![
                (1, "world", "anyone"),
                USER,
                (1, "world", "anyone"),
                (3, "world", "anyone"),
                (31, "auth", ""),
            ],
            Self::Unknown => vec![(31, "sasl", "user")],
            Self::BadDigest => vec![(31, "digest", "user")],
            Self::BadAddress => vec![(31, "ip", "127.0.0.1/33")],
            Self::BadWorld => vec![(31, "world", "somebody")],
            Self::Empty => Vec::new(),
            Self::Null => return None,
        })
    }
}

impl Op {
    /// Who does it; the raw client does what no other can.
    pub(crate) fn who(&self) -> Who {
        match self {
            Self::Create(who, ..)
            | Self::Delete(who, ..)
            | Self::Exists(who, ..)
            | Self::Get(who, ..)
            | Self::Children(who, ..)
            | Self::ChildrenAndStat(who, ..)
            | Self::Set(who, ..)
            | Self::GetAcl(who, _)
            | Self::SetAcl(who, ..)
            | Self::Auth(who, ..)
            | Self::Sync(who, _)
            | Self::Break(who)
            | Self::Close(who) => *who,
            Self::Multi(parts)
                if parts.iter().all(|part| !matches!(part, Part::Create { .. })) && parts.len() % 2 == 1 =>
            {
                Who::One
            }
            Self::Multi(_) | Self::Broken(..) | Self::SetWatches(..) => Who::Raw,
        }
    }
}

impl Op {
    /// The same at other paths.
    pub(crate) fn at(self, other: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Create(who, path, data, flags, list) => Self::Create(who, other(&path), data, flags, list),
            Self::Delete(who, path, version) => Self::Delete(who, other(&path), version),
            Self::Exists(who, path, watch) => Self::Exists(who, other(&path), watch),
            Self::Get(who, path, watch) => Self::Get(who, other(&path), watch),
            Self::Children(who, path, watch) => Self::Children(who, other(&path), watch),
            Self::ChildrenAndStat(who, path, watch) => Self::ChildrenAndStat(who, other(&path), watch),
            Self::Set(who, path, data, version) => Self::Set(who, other(&path), data, version),
            Self::GetAcl(who, path) => Self::GetAcl(who, other(&path)),
            Self::SetAcl(who, path, list, version) => Self::SetAcl(who, other(&path), list, version),
            Self::Sync(who, path) => Self::Sync(who, other(&path)),
            rest => rest,
        }
    }
}

impl Part {
    /// The same at another path.
    pub(crate) fn at(self, other: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Create { path, data, flags, list } => {
                Self::Create { path: other(&path), data, flags, list }
            }
            Self::Delete { path, version } => Self::Delete { path: other(&path), version },
            Self::Set { path, data, version } => Self::Set { path: other(&path), data, version },
            Self::Check { path, version } => Self::Check { path: other(&path), version },
        }
    }
}
