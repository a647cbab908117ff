//! Differences that are known and left, each by the operation that shows it: the embedded node refuses these with an
//! error that says so, where not said otherwise.

/// Groups of operations, with why they differ.
const LEFT: [(&str, &[&str]); 6] = [
    (
        "users, triggers and custom indexes are not supported",
        &[
            "CREATE USER u WITH PASSWORD 'p'",
            "CREATE TRIGGER x ON cf.t USING 'nope'",
            "CREATE CUSTOM INDEX ON cf.t (v) USING 'nope'",
        ],
    ),
    (
        "casts are not parsed",
        &["SELECT k FROM cf.t WHERE k = (int)1", "SELECT k FROM cf.t WHERE k = (text)1"],
    ),
    (
        "relations on several columns are not supported",
        &[
            "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND (c, d) = (1, 'a')",
            "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND (c, d) > (1, 'a')",
            "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND (c, d) >= (1, 'b') AND (c, d) < (3, 'b')",
            "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND (c, d) IN ((1, 'a'), (3, 'b'))",
            "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND (c) > (1)",
            "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND (d, c) > ('a', 1)",
            "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND (c, v) > (1, 1)",
            "SELECT * FROM cf.t WHERE k = 1 AND (c, d) > (1, 'a')",
        ],
    ),
    (
        "relations on several columns are not supported (prepared)",
        &[
            "PREPARE SELECT c FROM cf.t WHERE k = 1 AND l = ? AND (c, d) > (?, ?)  <- 0x78, 0x00000002, 0x61",
            "PREPARE SELECT c FROM cf.t WHERE k = 1 AND l = ? AND (c, d) IN (?)  <- 0x78, 0x00000004000000020000000161",
        ],
    ),
    ("JSON is not supported", &["SELECT JSON * FROM cf.t", "INSERT INTO cf.t JSON '{\"k\": 5}'"]),
    (
        "a null in a bound collection fails as a server error, not as a failed write",
        &[
            "PREPARE INSERT INTO cf.t (k, v18) VALUES (?, ?)  <- 0x0000012c, 0x00000002ffffffff0000000400000001",
        ],
    ),
];

/// Why this operation may differ, if it is one of those.
pub(crate) fn why(operation: &str) -> Option<&'static str> {
    LEFT.iter().find(|(_, operations)| operations.contains(&operation)).map(|(why, _)| *why)
}

/// Why a frame may differ, if it is one of those: by its script and both answers.
pub(crate) fn why_frame(script: &str, embedded: &str, real: &str) -> Option<&'static str> {
    let error = |answer: &str, text: &str| answer.contains("ERROR 00000000 ") && answer.contains(text);
    let behind = real.strip_prefix(embedded);
    if behind.is_some_and(|text| text.starts_with(": SlicedAbstractByteBuf(ridx: ") && text.ends_with("))")) {
        return Some("how the server's buffer lies in its memory is not told");
    }
    if ["version 0", "version 1", "version 2"].contains(&script) && real.ends_with("Unknown opcode 52") {
        return Some("versions 1 and 2 of the protocol are not spoken");
    }
    let lz4 = "net.jpountz.lz4.LZ4Exception: Error decoding offset ";
    if script == "lz4" && error(embedded, lz4) && error(real, lz4) && embedded != real {
        return Some("where in a broken block of LZ4 the error is");
    }
    if script == "pages"
        && embedded.ends_with("Invalid value for the paging state")
        && error(real, "java.lang.ClassCastException: org.apache.cassandra.db.composites.Composites")
    {
        return Some("a paging state that nobody gave out fails as a protocol error, not as a server error");
    }
    None
}
