//! Posted bodies that are always compared: broken ones, mostly.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::ask::{Ask, ask, post};
use crate::spans::sample;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

pub(crate) fn all() -> Vec<Ask> {
    let (json, thrift) = ("application/json", "application/x-thrift");
    let empty_list = [12, 0, 0, 0, 0];
    let mut asks = vec![
        post(json, ""),
        post(thrift, ""),
        post(json, "[]"),
        post(json, " [ ] "),
        post(thrift, empty_list),
        ask("POST", "/api/v1/spans"),
        Ask { body: b"[]".to_vec(), ..ask("POST", "/api/v1/spans") },
    ];
    let kinds = [
        "",
        "text/plain",
        "application/xml",
        "application/json;charset=UTF-8",
        "application/json;charset=latin1",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "x",
        "*/*",
        "application/x-thrift;charset=utf-8",
        "APPLICATION/X-THRIFT",
        "application/*",
        "application/x-thrifty",
        "application/octet-stream",
    ];
    for kind in kinds {
        asks.push(post(kind, "[]"));
        asks.push(post(kind, empty_list));
        asks.push(post(kind, "x"));
        asks.push(post(kind, ""));
    }
    for encoding in ["gzip", "GZIP", "x-gzip", "gzip, deflate", "identity", "deflate", "nonsense"] {
        asks.push(post(json, "[]").with("content-encoding", encoding));
        asks.push(post(json, gzip(b"[]")).with("content-encoding", encoding));
        asks.push(post(thrift, gzip(&empty_list)).with("content-encoding", encoding));
    }
    let packed = gzip(b"[]");
    let broken =
        [gzip(b""), packed[..12].to_vec(), packed[..packed.len() - 1].to_vec(), packed[..5].to_vec()];
    for body in broken {
        asks.push(post(json, body).with("content-encoding", "gzip"));
    }
    let mut wrong = packed.clone();
    let at = wrong.len() - 6;
    wrong[at] ^= 1;
    asks.push(post(json, wrong).with("content-encoding", "gzip"));
    asks.push(post(json, [packed.clone(), packed].concat()).with("content-encoding", "gzip"));
    asks.push(post(json, gzip(b"x")).with("content-encoding", "gzip"));
    for accept in ["text/html", "application/json", "application/xml"] {
        asks.push(post(json, "[]").with("accept", accept));
        asks.push(post(json, "x").with("accept", accept));
        asks.push(post(json, "").with("accept", accept));
    }
    // A body beyond what is usual.
    asks.push(post(json, format!("[{}]", " ".repeat(3 << 20))));
    asks
}

/// JSON that is none, or not of spans.
pub(crate) fn json_texts() -> Vec<Ask> {
    let texts = [
        "x",
        "{",
        "[",
        "]",
        "[{",
        "[[",
        "[{}",
        "{}",
        "null",
        "true",
        "1",
        "\"\"",
        "\"x\"",
        "[}",
        "[]]",
        "[] x",
        "[],",
        "[,]",
        "[1]",
        "[null]",
        "[\"x\"]",
        "[true]",
        "[[]]",
        "[{}]",
        "[{]",
        "[{,}]",
        "[{\"a\"}]",
        "[{\"a\":}]",
        "[{\"a\":1,}]",
        "[{a:1}]",
        "[{'a':1}]",
        "[{\"a\" 1}]",
        "[{\"a\"=1}]",
        "[{\"a\":1;\"b\":2}]",
        "[{\"a\":1 \"b\":2}]",
        "[{\"a\":01}]",
        "[{\"a\":1.}]",
        "[{\"a\":+1}]",
        "[{\"a\":NaN}]",
        "[{\"a\":\"\\x\"}]",
        "[{\"a\":\"\\u12\"}]",
        "[{\"a\":\"\\uzzzz\"}]",
        "[{\"a\":\"x}]",
        "[//x\n]",
        "[/*x*/]",
        "[#x\n]",
        "\u{feff}[]",
        "[\"\\",
        "[{\"a\":tru}]",
        "[{\"a\":TRUE}]",
        "[{\"a\":truex}]",
        "[{\"a\":'x'}]",
        "[{\"a\":[}]",
        "[{\"a\":{]}]",
        "[{\"a\":[1,2,{\"b\":[]}]}]",
        "\n\n[\n{\n\"a\":x}]",
        ")]}'\n[]",
        " ",
        "\n",
        "garbage",
        "\u{0}",
        "é",
        "[{\"é\":é}]",
    ];
    texts.map(|text| post("application/json", text)).into()
}

/// What makes a good span,
const GOOD: &str = "\"traceId\":\"e0\",\"id\":\"1\",\"name\":\"n\"";
/// and a good annotation.
const ANNOTATION: &str = "\"timestamp\":1,\"value\":\"v\"";

/// Values of all kinds.
const VALUES: [&str; 30] = [
    "null",
    "true",
    "1",
    "-1",
    "0",
    "1.5",
    "1e2",
    "1.0",
    "\"\"",
    "\"x\"",
    "\"5\"",
    "\"1.5\"",
    "\"-7\"",
    "[]",
    "[1]",
    "{}",
    "[{}]",
    "[null]",
    "9223372036854775807",
    "9223372036854775808",
    "\"9223372036854775808\"",
    "12345678901234567890123",
    "\"NaN\"",
    "\"Infinity\"",
    "\"1f\"",
    "\" 5 \"",
    "\"0x1p3\"",
    "\"ABC\"",
    "\"aaaaaaaaaaaaaaaaa\"",
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
];

/// Good spans, each with one field that is another one.
pub(crate) fn json_fields() -> Vec<Ask> {
    let (good, annotation, values) = (GOOD, ANNOTATION, VALUES);
    let mut texts = Vec::new();
    let fields = [
        "traceId",
        "id",
        "name",
        "parentId",
        "timestamp",
        "duration",
        "debug",
        "annotations",
        "binaryAnnotations",
        "other",
    ];
    for field in fields {
        for value in values {
            texts.push(format!("[{{{good},\"{field}\":{value}}}]"));
        }
        let without: Vec<&str> =
            good.split(',').filter(|part| !part.contains(&format!("\"{field}\""))).collect();
        texts.push(format!("[{{{}}}]", without.join(",")));
    }
    for field in ["timestamp", "value", "endpoint"] {
        for value in values {
            texts.push(format!("[{{{good},\"annotations\":[{{{annotation},\"{field}\":{value}}}]}}]"));
        }
    }
    for part in ["\"timestamp\":1", "\"value\":\"v\"", ""] {
        texts.push(format!("[{{{good},\"annotations\":[{{{part}}}]}}]"));
    }
    texts.into_iter().map(|text| post("application/json", text)).collect()
}

/// Tags and endpoints of all kinds.
pub(crate) fn json_parts() -> Vec<Ask> {
    let (good, annotation, values) = (GOOD, ANNOTATION, VALUES);
    let mut texts = Vec::new();
    for kind in ["BOOL", "BYTES", "I16", "I32", "I64", "DOUBLE", "STRING", "string", "I8", ""] {
        for value in values {
            texts.push(format!(
                "[{{{good},\"binaryAnnotations\":[{{\"key\":\"k\",\"type\":\"{kind}\",\"value\":{value}}}]}}]"
            ));
        }
        texts.push(format!("[{{{good},\"binaryAnnotations\":[{{\"key\":\"k\",\"type\":\"{kind}\"}}]}}]"));
        texts.push(format!("[{{{good},\"binaryAnnotations\":[{{\"value\":\"v\",\"type\":\"{kind}\"}}]}}]"));
        texts.push(format!(
            "[{{{good},\"binaryAnnotations\":[{{\"key\":\"k\",\"value\":true,\"type\":\"{kind}\"}}]}}]"
        ));
        texts.push(format!("[{{{good},\"binaryAnnotations\":[{{\"key\":\"k\",\"value\":7,\"value\":true,\"type\":\"{kind}\"}}]}}]"));
    }
    for value in values {
        texts.push(format!("[{{{good},\"binaryAnnotations\":[{{\"key\":\"k\",\"value\":{value}}}]}}]"));
        texts.push(format!("[{{{good},\"binaryAnnotations\":[{{\"key\":{value},\"value\":\"v\"}}]}}]"));
        texts.push(format!(
            "[{{{good},\"binaryAnnotations\":[{{\"key\":\"k\",\"value\":\"v\",\"type\":{value}}}]}}]"
        ));
        for field in ["serviceName", "ipv4", "port"] {
            let endpoint = format!("{{\"serviceName\":\"s\",\"{field}\":{value}}}");
            texts.push(format!("[{{{good},\"annotations\":[{{{annotation},\"endpoint\":{endpoint}}}]}}]"));
        }
    }
    let addresses = [
        ("ipv4", "1.2.3.4"),
        ("ipv4", "1.2.3"),
        ("ipv4", "1.2.3.4.5"),
        ("ipv4", "256.1.1.1"),
        ("ipv4", "a.b.c.d"),
        ("ipv4", "1.2.3.4.5.6"),
        ("ipv4", "-1.2.3.4"),
        ("ipv4", "1..2"),
        ("ipv6", "::1"),
        ("ipv6", "2001:db8::c001"),
        ("ipv6", "::ffff:1.2.3.4"),
        ("ipv6", "1.2.3.4"),
        ("ipv6", ""),
        ("ipv6", "1"),
        ("ipv6", "1.5"),
        ("ipv6", "no name"),
        ("ipv6", "fe80::1%1"),
        ("ipv6", "[::1]"),
        ("ipv6", "1::2::3"),
        ("port", "80"),
        ("port", "65535"),
        ("port", "65536"),
        ("port", "-1"),
    ];
    for (field, value) in addresses {
        let endpoint = format!("{{\"serviceName\":\"s\",\"{field}\":\"{value}\"}}");
        texts.push(format!("[{{{good},\"annotations\":[{{{annotation},\"endpoint\":{endpoint}}}]}}]"));
    }
    texts.push(format!(
        "[{{{good},\"annotations\":[{{{annotation},\"endpoint\":{{\"ipv4\":\"1.2.3.4\"}}}}]}}]"
    ));
    texts.into_iter().map(|text| post("application/json", text)).collect()
}

pub(crate) fn thrift() -> Vec<Ask> {
    let good = stacklab_traces::encode_spans(&sample::spans()[..2]);
    let mut asks: Vec<Ask> =
        (1..good.len()).step_by(3).map(|end| post("application/x-thrift", good[..end].to_vec())).collect();
    let broken: [&[u8]; 16] = [
        &[0],
        &[12],
        &[12, 0, 0, 0, 1],
        &[12, 0, 0, 0, 1, 0],
        &[12, 0xff, 0xff, 0xff, 0xff],
        &[12, 0x7f, 0xff, 0xff, 0xff],
        &[12, 0, 0, 0x27, 0x10],
        &[12, 0, 0, 0x27, 0x11],
        &[11, 0, 0, 0, 1, 0],
        &[12, 0, 0, 0, 0, 1, 2, 3],
        &[12, 0, 0, 0, 1, 99, 0, 1, 0],
        &[12, 0, 0, 0, 1, 10, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0],
        &[12, 0, 0, 0, 1, 10, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 10, 0, 4, 0, 0, 0, 0, 0, 0, 0, 9, 0],
        &[12, 0, 0, 0, 1, 11, 0, 3, 0xff, 0xff, 0xff, 0xff],
        &[12, 0, 0, 0, 1, 11, 0, 3, 0x00, 0x20, 0, 0],
        b"garbage",
    ];
    asks.extend(broken.map(|bytes| post("application/x-thrift", bytes)));
    asks.push(post("application/json", good));
    asks
}
