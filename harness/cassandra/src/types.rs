//! The types of CQL: their names, their option ids in frames, and their class names in the schema tables.

use std::fmt;

/// A CQL type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum CqlType {
    /// A Java class of somebody's own.
    Custom(String),
    Ascii,
    Bigint,
    Blob,
    Boolean,
    Counter,
    Decimal,
    Double,
    Float,
    Int,
    Timestamp,
    Uuid,
    /// `text` and `varchar` are one type; frames and schema tables say varchar.
    Varchar,
    Varint,
    Timeuuid,
    Inet,
    Date,
    Time,
    Smallint,
    Tinyint,
    List(Box<Self>),
    Set(Box<Self>),
    Map(Box<Self>, Box<Self>),
    Tuple(Vec<Self>),
    /// A type made by CREATE TYPE: keyspace, name, fields.
    Udt(Box<UserType>),
    /// One value instead of many cells; invisible in frames.
    Frozen(Box<Self>),
}

/// What CREATE TYPE made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserType {
    /// Keyspace.
    pub keyspace: String,
    /// Name.
    pub name: String,
    /// Fields in order.
    pub fields: Vec<(String, CqlType)>,
}

/// Name in CQL, option id in frames, class name in the schema tables.
const SIMPLE: [(CqlType, &str, u16, &str); 19] = [
    (CqlType::Ascii, "ascii", 0x01, "AsciiType"),
    (CqlType::Bigint, "bigint", 0x02, "LongType"),
    (CqlType::Blob, "blob", 0x03, "BytesType"),
    (CqlType::Boolean, "boolean", 0x04, "BooleanType"),
    (CqlType::Counter, "counter", 0x05, "CounterColumnType"),
    (CqlType::Decimal, "decimal", 0x06, "DecimalType"),
    (CqlType::Double, "double", 0x07, "DoubleType"),
    (CqlType::Float, "float", 0x08, "FloatType"),
    (CqlType::Int, "int", 0x09, "Int32Type"),
    (CqlType::Timestamp, "timestamp", 0x0B, "TimestampType"),
    (CqlType::Uuid, "uuid", 0x0C, "UUIDType"),
    (CqlType::Varchar, "text", 0x0D, "UTF8Type"),
    (CqlType::Varint, "varint", 0x0E, "IntegerType"),
    (CqlType::Timeuuid, "timeuuid", 0x0F, "TimeUUIDType"),
    (CqlType::Inet, "inet", 0x10, "InetAddressType"),
    (CqlType::Date, "date", 0x11, "SimpleDateType"),
    (CqlType::Time, "time", 0x12, "TimeType"),
    (CqlType::Smallint, "smallint", 0x13, "ShortType"),
    (CqlType::Tinyint, "tinyint", 0x14, "ByteType"),
];

const MARSHAL: &str = "org.apache.cassandra.db.marshal.";

impl CqlType {
    /// The simple type of a name in CQL, in lower case; `None` for collections and user types.
    pub fn simple(name: &str) -> Option<Self> {
        if name == "varchar" {
            return Some(Self::Varchar);
        }
        SIMPLE.iter().find(|row| row.1 == name).map(|row| row.0.clone())
    }

    /// The simple type of an option id; `None` for collections, user types and unknown ids.
    pub fn from_option_id(id: u16) -> Option<Self> {
        SIMPLE.iter().find(|row| row.2 == id).map(|row| row.0.clone())
    }

    /// The option id in frames.
    pub fn option_id(&self) -> u16 {
        match self {
            Self::Custom(_) => 0x00,
            Self::List(_) => 0x20,
            Self::Map(..) => 0x21,
            Self::Set(_) => 0x22,
            Self::Udt(_) => 0x30,
            Self::Tuple(_) => 0x31,
            Self::Frozen(inner) => inner.option_id(),
            simple => SIMPLE.iter().find(|row| row.0 == *simple).map_or(0, |row| row.2),
        }
    }

    /// The class name in the schema tables: `org.apache.cassandra.db.marshal.UTF8Type`.
    pub fn class_name(&self) -> String {
        self.class(false)
    }

    /// The class name. Inside of what is frozen nothing is said to be frozen again.
    fn class(&self, inside: bool) -> String {
        let list = |types: &[Self]| types.iter().map(|ty| ty.class(true)).collect::<Vec<_>>().join(",");
        match self {
            Self::Custom(class) => class.clone(),
            Self::List(element) => format!("{MARSHAL}ListType({})", element.class(inside)),
            Self::Set(element) => format!("{MARSHAL}SetType({})", element.class(inside)),
            Self::Map(key, value) => {
                format!("{MARSHAL}MapType({},{})", key.class(inside), value.class(inside))
            }
            Self::Tuple(fields) => format!("{MARSHAL}TupleType({})", list(fields)),
            Self::Frozen(inner) if inside || matches!(**inner, Self::Udt(_) | Self::Tuple(_)) => {
                inner.class(true)
            }
            Self::Frozen(inner) => format!("{MARSHAL}FrozenType({})", inner.class(true)),
            Self::Udt(udt) => {
                let fields: String = udt
                    .fields
                    .iter()
                    .map(|(name, kind)| format!(",{}:{}", hex(name.as_bytes()), kind.class(true)))
                    .collect();
                format!("{MARSHAL}UserType({},{}{fields})", udt.keyspace, hex(udt.name.as_bytes()))
            }
            simple => {
                let class = SIMPLE.iter().find(|row| row.0 == *simple).map_or("BytesType", |row| row.3);
                format!("{MARSHAL}{class}")
            }
        }
    }

    /// As error texts show it: tuples and user types are frozen without a word, and so is what is in frozen types.
    pub fn shown(&self) -> String {
        self.shown_in(false)
    }

    /// As error texts show a part of a frozen type.
    pub fn shown_inside(&self) -> String {
        self.shown_in(true)
    }

    fn shown_in(&self, inside: bool) -> String {
        match self {
            Self::List(element) => format!("list<{}>", element.shown_in(inside)),
            Self::Set(element) => format!("set<{}>", element.shown_in(inside)),
            Self::Map(key, value) => format!("map<{}, {}>", key.shown_in(inside), value.shown_in(inside)),
            Self::Tuple(fields) => {
                let fields: Vec<_> = fields.iter().map(|field| field.shown_in(true)).collect();
                format!("tuple<{}>", fields.join(", "))
            }
            Self::Frozen(inner) if inside || matches!(**inner, Self::Udt(_) | Self::Tuple(_)) => {
                inner.shown_in(true)
            }
            Self::Frozen(inner) => format!("frozen<{}>", inner.shown_in(true)),
            other => other.to_string(),
        }
    }

    /// Whether every value of the other type is one of this type, byte for byte.
    pub fn takes(&self, other: &Self) -> bool {
        let (own, other) = (self.thawed(), other.thawed());
        own == other
            || match own {
                Self::Blob => true,
                Self::Varchar => *other == Self::Ascii,
                Self::Uuid => *other == Self::Timeuuid,
                Self::Varint => matches!(other, Self::Int | Self::Bigint),
                Self::Bigint => *other == Self::Timestamp,
                Self::Timestamp => *other == Self::Bigint,
                _ => false,
            }
    }

    /// The type without `frozen`.
    pub fn thawed(&self) -> &Self {
        match self {
            Self::Frozen(inner) => inner.thawed(),
            other => other,
        }
    }

    /// Whether it is a list, set or map of many cells.
    pub fn is_multi_cell(&self) -> bool {
        matches!(self, Self::List(_) | Self::Set(_) | Self::Map(..))
    }

    /// Whether it is a list, set or map, frozen or not.
    pub fn is_collection(&self) -> bool {
        self.thawed().is_multi_cell()
    }
}

impl fmt::Display for CqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Custom(class) => write!(f, "'{class}'"),
            Self::List(element) => write!(f, "list<{element}>"),
            Self::Set(element) => write!(f, "set<{element}>"),
            Self::Map(key, value) => write!(f, "map<{key}, {value}>"),
            Self::Tuple(fields) => {
                let fields: Vec<String> = fields.iter().map(Self::to_string).collect();
                write!(f, "tuple<{}>", fields.join(", "))
            }
            Self::Udt(udt) => f.write_str(&udt.name),
            Self::Frozen(inner) => write!(f, "frozen<{inner}>"),
            simple => f.write_str(SIMPLE.iter().find(|row| row.0 == *simple).map_or("blob", |row| row.1)),
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cassandras() {
        let map = CqlType::Map(Box::new(CqlType::Varchar), Box::new(CqlType::Bigint));
        assert_eq!(map.to_string(), "map<text, bigint>");
        assert_eq!(
            map.class_name(),
            "org.apache.cassandra.db.marshal.MapType(org.apache.cassandra.db.marshal.UTF8Type,\
             org.apache.cassandra.db.marshal.LongType)"
        );
        assert_eq!(CqlType::simple("varchar"), CqlType::simple("text"));
        for (kind, name, id, _) in SIMPLE {
            assert_eq!(CqlType::simple(name), Some(kind.clone()));
            assert_eq!(CqlType::from_option_id(id), Some(kind.clone()));
            assert_eq!(kind.option_id(), id);
        }
    }
}
