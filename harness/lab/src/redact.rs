//! Takes out of a text what differs from run to run and from backend to backend: ids, times, addresses, ports that
//! nobody chose. One place for all of it, so that snapshots stay readable.

use std::collections::BTreeMap;

/// What a run knows about its own names and numbers.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    hosts: Vec<(String, String)>,
    fixed_ports: Vec<u16>,
    base_micros: Option<u64>,
}

impl Redactor {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows `address` as `name`.
    pub fn host(&mut self, address: &str, name: &str) {
        self.hosts.push((address.to_owned(), name.to_owned()));
        // The longest first: 127.77.0.11 must not be taken for 127.77.0.1 followed by a 1.
        self.hosts.sort_by_key(|(address, _)| std::cmp::Reverse(address.len()));
    }

    /// Leaves these ports as they are: somebody chose them.
    pub fn fixed_ports(&mut self, ports: impl IntoIterator<Item = u16>) {
        self.fixed_ports.extend(ports);
    }

    /// Shows times in microseconds as their distance from here, up to an hour.
    pub fn base_micros(&mut self, micros: u64) {
        self.base_micros = Some(micros);
    }

    /// The text as the snapshot shows it.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (address, name) in &self.hosts {
            text = text.replace(address, name);
        }
        self.words(&hide_dates(&text))
    }

    /// A JSON value as the snapshot shows it; numbers become texts where they are redacted.
    pub fn json(&self, value: &serde_json::Value) -> serde_json::Value {
        use serde_json::Value;
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Number(number) => {
                let shown = self.words(&number.to_string());
                if shown == number.to_string() { value.clone() } else { Value::String(shown) }
            }
            Value::Array(items) => Value::Array(items.iter().map(|item| self.json(item)).collect()),
            Value::Object(fields) => {
                Value::Object(fields.iter().map(|(key, value)| (self.text(key), self.json(value))).collect())
            }
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }

    /// Replaces words: runs of letters, digits and dashes.
    fn words(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut word = String::new();
        for letter in text.chars().chain(['\n']) {
            if letter.is_ascii_alphanumeric() || letter == '-' {
                word.push(letter);
            } else {
                shown.push_str(&self.word(&word));
                word.clear();
                shown.push(letter);
            }
        }
        shown.pop();
        shown
    }

    fn word(&self, word: &str) -> String {
        if let Some(at) = find_uuid(word) {
            let (before, rest) = word.split_at(at);
            let (_, after) = rest.split_at(36);
            // What follows an id of Mesos' (-0001, -S3, -O17) counts up by the order of arrival.
            let counted =
                after.strip_prefix('-').is_some_and(|tail| tail.chars().any(|c| c.is_ascii_digit()));
            return format!("{before}<uuid>{}", if counted { "-<n>" } else { after });
        }
        let mut shown: Vec<String> = Vec::new();
        for part in word.split('-') {
            // A consumer's name ends in the time and eight random digits.
            let behind_time = shown.last().is_some_and(|last| last == "<time>");
            let random = behind_time && part.len() == 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
            let number = part.parse::<u64>().ok().and_then(|number| self.number(number));
            shown.push(if random { "<hex>".to_owned() } else { number.unwrap_or_else(|| part.to_owned()) });
        }
        shown.join("-")
    }

    fn number(&self, number: u64) -> Option<String> {
        const HOUR_MICROS: u64 = 3_600_000_000;
        if let Some(base) = self.base_micros
            && number.abs_diff(base) < HOUR_MICROS
        {
            return Some(format!("<t0{:+}>", number as i64 - base as i64));
        }
        if (31_000..=32_000).contains(&number) && !self.fixed_ports.contains(&(number as u16)) {
            return Some("<port>".to_owned());
        }
        let millis = 1_000_000_000_000..=9_999_999_999_999;
        let micros = 1_000_000_000_000_000..=9_999_999_999_999_999;
        (millis.contains(&number) || micros.contains(&number)).then(|| "<time>".to_owned())
    }
}

fn find_uuid(word: &str) -> Option<usize> {
    let bytes = word.as_bytes();
    let is_uuid = |slice: &[u8]| {
        slice.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    (0..bytes.len().saturating_sub(35)).find(|&at| is_uuid(&bytes[at..at + 36]))
}

/// Replaces moments as Marathon (`2026-11-24T03:44:43.100Z`) and Kafka-Mesos (`2026-11-24 03:44:43.100`) print them.
fn hide_dates(text: &str) -> String {
    const SHAPE: &[u8] = b"9999-99-99 99:99:99.999";
    let is_date = |slice: &[u8]| {
        slice.iter().zip(SHAPE).all(|(byte, shape)| match shape {
            b'9' => byte.is_ascii_digit(),
            b' ' => matches!(byte, b'T' | b' '),
            _ => byte == shape,
        })
    };
    let bytes = text.as_bytes();
    let (mut shown, mut from, mut at) = (String::with_capacity(text.len()), 0, 0);
    while at + SHAPE.len() <= bytes.len() {
        if is_date(&bytes[at..at + SHAPE.len()]) {
            shown.push_str(&text[from..at]);
            shown.push_str("<date>");
            at += SHAPE.len();
            at += usize::from(bytes.get(at) == Some(&b'Z'));
            from = at;
        } else {
            at += 1;
        }
    }
    shown.push_str(&text[from..]);
    shown
}

/// Ports written in a stack file: whole numbers of the agents' usual range.
pub fn ports_in(text: &str) -> Vec<u16> {
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse::<u16>().ok());
    numbers.filter(|port| (31_000..=32_000).contains(port)).collect()
}

/// Counts equal lines of a list whose order means nothing.
pub fn count_lines(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines {
        *counts.entry(line).or_default() += 1;
    }
    let show = |(line, count): (String, usize)| if count == 1 { line } else { format!("{count} x {line}") };
    counts.into_iter().map(show).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_what_differs_and_nothing_else() {
        let mut redactor = Redactor::new();
        redactor.host("127.77.0.1", "<lab>");
        redactor.host("127.77.0.11", "<agent-1>");
        redactor.fixed_ports([31_250]);
        redactor.base_micros(1_795_474_566_216_000);
        let cases = [
            ("127.77.0.11:31250, 127.77.0.1:2181", "<agent-1>:31250, <lab>:2181"),
            ("PORT0=31777", "PORT0=<port>"),
            ("broker-70-3c1f7a52-1f0e-4b6e-8a43-7a5a0c2f8e11", "broker-70-<uuid>"),
            ("3c1f7a52-1f0e-4b6e-8a43-7a5a0c2f8e11-S2", "<uuid>-<n>"),
            ("timestamp 1795474566217500", "timestamp <t0+1500>"),
            ("at 1795473794801 ms", "at <time> ms"),
            ("2026-11-24T03:44:43.100Z", "<date>"),
            ("mem 10000 of 16384", "mem 10000 of 16384"),
            ("[31000-31003, 31250-31250]", "[<port>-<port>, 31250-31250]"),
            ("cassandra-70-1795499136201", "cassandra-70-<time>"),
            ("zipkin_h-1795499138115-43676a29", "zipkin_h-<time>-<hex>"),
        ];
        for (text, shown) in cases {
            assert_eq!(redactor.text(text), shown);
        }
        assert_eq!(
            redactor.json(&serde_json::json!({"port": 31005, "n": 7})),
            serde_json::json!({"port": "<port>", "n": 7})
        );
    }
}
