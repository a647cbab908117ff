//! What generated tables are made of: types, and a few values of each, as constants and as bytes.

use proptest::arbitrary::any;

use crate::both::Generator;

/// Chances.
pub(crate) struct Draw(pub(crate) Generator);

impl Draw {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0.draw(&(0..end.max(1)))
    }

    /// True in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn either(&mut self) -> bool {
        self.0.draw(&any::<bool>())
    }

    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// At most so many, each at most once, in their order.
    pub(crate) fn some<T: Clone>(&mut self, of: &[T], most: usize) -> Vec<T> {
        let mut left = most.min(of.len());
        let mut out = Vec::new();
        for (at, one) in of.iter().enumerate() {
            if left > 0 && self.below(of.len() - at) < left {
                out.push(one.clone());
                left -= 1;
            }
        }
        out
    }
}

/// A value: in a statement, and behind a `?`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
}

/// Name, constants and their bytes in hexadecimal.
type Scalar = (&'static str, &'static [(&'static str, &'static str)]);

const SCALARS: [Scalar; 19] = [
    ("int", &[("0", "00000000"), ("1", "00000001"), ("-1", "ffffffff"), ("2147483647", "7fffffff")]),
    ("text", &[("'a'", "61"), ("'b'", "62"), ("''", ""), ("'aä'", "61c3a4")]),
    (
        "bigint",
        &[("0", "0000000000000000"), ("5", "0000000000000005"), ("-9223372036854775808", "8000000000000000")],
    ),
    ("varchar", &[("'x'", "78"), ("'xy'", "7879")]),
    ("ascii", &[("'a'", "61"), ("'Z'", "5a"), ("''", "")]),
    ("blob", &[("0x", ""), ("0x00", "00"), ("0xff01", "ff01"), ("0x01", "01")]),
    ("boolean", &[("true", "01"), ("false", "00")]),
    (
        "decimal",
        &[("0", "0000000000"), ("1.5", "000000010f"), ("-2.50", "00000002ff06"), ("100", "0000000064")],
    ),
    (
        "double",
        &[
            ("0", "0000000000000000"),
            ("1.5", "3ff8000000000000"),
            ("-2.5", "c004000000000000"),
            ("NaN", "7ff8000000000000"),
        ],
    ),
    ("float", &[("0", "00000000"), ("1.5", "3fc00000"), ("-2.5", "c0200000"), ("Infinity", "7f800000")]),
    (
        "inet",
        &[
            ("'127.0.0.1'", "7f000001"),
            ("'200.0.0.9'", "c8000009"),
            ("'::1'", "00000000000000000000000000000001"),
        ],
    ),
    ("timestamp", &[("0", "0000000000000000"), ("1000", "00000000000003e8"), ("-1", "ffffffffffffffff")]),
    (
        "timeuuid",
        &[
            ("13814000-1dd2-11b2-8080-808080808080", "138140001dd211b28080808080808080"),
            ("d2177dd0-eaa2-11de-a572-001b779c76e3", "d2177dd0eaa211dea572001b779c76e3"),
            ("13814000-1dd2-11b2-7f7f-7f7f7f7f7f7f", "138140001dd211b27f7f7f7f7f7f7f7f"),
        ],
    ),
    (
        "uuid",
        &[
            ("00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000"),
            ("550e8400-e29b-41d4-a716-446655440000", "550e8400e29b41d4a716446655440000"),
            ("d2177dd0-eaa2-11de-a572-001b779c76e3", "d2177dd0eaa211dea572001b779c76e3"),
        ],
    ),
    (
        "varint",
        &[("0", "00"), ("128", "0080"), ("-1", "ff"), ("100000000000000000000", "056bc75e2d63100000")],
    ),
    ("date", &[("'1970-01-01'", "80000000"), ("'2016-02-29'", "800041dc"), ("'1969-12-31'", "7fffffff")]),
    ("time", &[("'00:00:00'", "0000000000000000"), ("'12:34:56.789'", "000029327b048f40")]),
    ("smallint", &[("0", "0000"), ("-32768", "8000"), ("7", "0007")]),
    ("tinyint", &[("0", "00"), ("-128", "80"), ("7", "07")]),
];

/// Where smallint and tinyint are, which in a key beside static columns break tables of the original.
const FRAGILE: usize = 17;

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    Scalar(usize),
    List(usize),
    Set(usize),
    Map(usize, usize),
    Frozen(Box<Type>),
    Tuple(usize, usize),
    /// `cf.ty`, of an int `a` and a text `b`.
    Udt,
    Counter,
}

impl Type {
    fn scalar(draw: &mut Draw) -> usize {
        // The first are what most columns are.
        if draw.chance(40) { draw.below(2) } else { draw.below(SCALARS.len()) }
    }

    fn collection(draw: &mut Draw) -> Self {
        match draw.below(3) {
            0 => Self::List(Self::scalar(draw)),
            1 => Self::Set(Self::scalar(draw)),
            _ => Self::Map(Self::scalar(draw), Self::scalar(draw)),
        }
    }

    /// A type for a column of a key.
    pub(crate) fn of_key(draw: &mut Draw) -> Self {
        match draw.below(12) {
            // Sets and maps are in an order of bytes there if all of the key can be.
            0 => Self::Frozen(Box::new(Self::List(Self::scalar(draw)))),
            1 => Self::Tuple(Self::scalar(draw), Self::scalar(draw)),
            _ => Self::Scalar(Self::scalar(draw).min(FRAGILE - 1)),
        }
    }

    /// A type for any other column.
    pub(crate) fn any(draw: &mut Draw) -> Self {
        match draw.below(10) {
            0..4 => Self::Scalar(Self::scalar(draw)),
            4..7 => Self::collection(draw),
            7 => Self::Tuple(Self::scalar(draw), Self::scalar(draw)),
            8 => Self::Udt,
            _ => Self::Frozen(Box::new(Self::collection(draw))),
        }
    }

    pub(crate) fn text(&self) -> String {
        let name = |scalar: &usize| SCALARS[*scalar].0;
        match self {
            Self::Scalar(scalar) => name(scalar).to_owned(),
            Self::List(of) => format!("list<{}>", name(of)),
            Self::Set(of) => format!("set<{}>", name(of)),
            Self::Map(key, value) => format!("map<{}, {}>", name(key), name(value)),
            Self::Frozen(of) => format!("frozen<{}>", of.text()),
            Self::Tuple(a, b) => format!("frozen<tuple<{}, {}>>", name(a), name(b)),
            Self::Udt => "frozen<ty>".to_owned(),
            Self::Counter => "counter".to_owned(),
        }
    }

    pub(crate) fn is_collection(&self) -> bool {
        matches!(self, Self::List(_) | Self::Set(_) | Self::Map(..))
    }

    /// One of its values.
    pub(crate) fn value(&self, draw: &mut Draw) -> Value {
        match self {
            Self::Scalar(scalar) => of_scalar(*scalar, draw),
            Self::List(of) => listed(['[', ']'], &of_scalars(*of, draw)),
            Self::Set(of) => listed(['{', '}'], &distinct(of_scalars(*of, draw))),
            Self::Map(key, value) => {
                let entries: Vec<_> = distinct(of_scalars(*key, draw))
                    .into_iter()
                    .map(|key| (key, of_scalar(*value, draw)))
                    .collect();
                let text: Vec<_> =
                    entries.iter().map(|(key, value)| format!("{}: {}", key.text, value.text)).collect();
                let mut bytes = (entries.len() as u32).to_be_bytes().to_vec();
                for value in entries.iter().flat_map(|(key, value)| [key, value]) {
                    bytes.extend(sized(&value.bytes));
                }
                Value { text: format!("{{{}}}", text.join(", ")), bytes }
            }
            Self::Frozen(of) => of.value(draw),
            Self::Tuple(a, b) => {
                let (a, b) = (of_scalar(*a, draw), of_scalar(*b, draw));
                if draw.chance(15) {
                    let bytes = [sized(&a.bytes), vec![0xff; 4]].concat();
                    return Value { text: format!("({}, null)", a.text), bytes };
                }
                let bytes = [sized(&a.bytes), sized(&b.bytes)].concat();
                Value { text: format!("({}, {})", a.text, b.text), bytes }
            }
            Self::Udt => {
                let (a, b) = (of_scalar(0, draw), of_scalar(1, draw));
                if draw.chance(15) {
                    let bytes = [vec![0xff; 4], sized(&b.bytes)].concat();
                    return Value { text: format!("{{b: {}}}", b.text), bytes };
                }
                let bytes = [sized(&a.bytes), sized(&b.bytes)].concat();
                Value { text: format!("{{a: {}, b: {}}}", a.text, b.text), bytes }
            }
            Self::Counter => of_scalar(2, draw),
        }
    }

    /// A value that one of its elements may have: of a list or a set, or of a map's keys.
    pub(crate) fn element(&self, draw: &mut Draw) -> Option<Value> {
        match self {
            Self::List(of) | Self::Set(of) | Self::Map(of, _) => Some(of_scalar(*of, draw)),
            Self::Frozen(of) => of.element(draw),
            _ => None,
        }
    }
}

fn of_scalar(scalar: usize, draw: &mut Draw) -> Value {
    let (text, hex) = draw.one(SCALARS[scalar].1);
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    Value { text: (*text).to_owned(), bytes: (0..hex.len()).step_by(2).map(byte).collect() }
}

fn of_scalars(scalar: usize, draw: &mut Draw) -> Vec<Value> {
    (0..draw.below(4)).map(|_| of_scalar(scalar, draw)).collect()
}

fn distinct(values: Vec<Value>) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    for value in values {
        if !out.contains(&value) {
            out.push(value);
        }
    }
    out
}

fn listed([open, close]: [char; 2], values: &[Value]) -> Value {
    let texts: Vec<_> = values.iter().map(|value| value.text.as_str()).collect();
    let mut bytes = (values.len() as u32).to_be_bytes().to_vec();
    values.iter().for_each(|value| bytes.extend(sized(&value.bytes)));
    Value { text: format!("{open}{}{close}", texts.join(", ")), bytes }
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}
