//! YAML as go-yaml v2 writes it: block style, quotes only where they are needed, lines folded after 80 columns.

use super::scalar::{self, Typed};

/// Lines are folded at the first blank behind this column.
const WIDTH: usize = 80;
/// Keys longer than this, in bytes, are written with a question mark.
const MAX_SIMPLE_KEY: usize = 128;

/// A value to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yaml {
    /// A number, a boolean or null, as it is to stand there.
    Plain(String),
    /// A text, quoted where it would be taken for something else.
    Text(String),
    /// A sequence.
    List(Vec<Yaml>),
    /// A mapping, in its order.
    Map(Vec<(Yaml, Yaml)>),
}

impl Yaml {
    /// A text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Whether it can be a key in front of a colon on one line.
    fn is_simple_key(&self) -> bool {
        match self {
            Self::Plain(text) | Self::Text(text) => text.len() <= MAX_SIMPLE_KEY && !text.contains(is_break),
            Self::List(items) => items.is_empty(),
            Self::Map(entries) => entries.is_empty(),
        }
    }
}

/// Writes a document.
pub(super) fn emit(value: &Yaml) -> String {
    let mut emitter = Emitter::default();
    match value {
        Yaml::Map(entries) if !entries.is_empty() => emitter.map(entries, 0, true),
        Yaml::List(items) if !items.is_empty() => emitter.list(items, 0, true),
        _ => emitter.leaf(value, 2, false),
    }
    emitter.end_line();
    emitter.out
}

#[derive(Debug, Default)]
struct Emitter {
    out: String,
    /// In characters.
    column: usize,
}

impl Emitter {
    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column = if c == '\n' { 0 } else { self.column + 1 };
    }

    fn puts(&mut self, text: &str) {
        text.chars().for_each(|c| self.put(c));
    }

    fn end_line(&mut self) {
        if self.column > 0 {
            self.put('\n');
        }
    }

    fn line_at(&mut self, indent: usize) {
        self.end_line();
        (0..indent).for_each(|_| self.put(' '));
    }

    /// `inline`: the first entry goes on where the writer stands.
    fn map(&mut self, entries: &[(Yaml, Yaml)], indent: usize, inline: bool) {
        for (index, (key, value)) in entries.iter().enumerate() {
            if index > 0 || !inline {
                self.line_at(indent);
            }
            if key.is_simple_key() {
                self.leaf(key, indent + 2, true);
                self.put(':');
                self.after_key(value, indent);
            } else {
                self.puts("? ");
                self.nested(key, indent);
                self.line_at(indent);
                self.puts(": ");
                self.nested(value, indent);
            }
        }
    }

    fn after_key(&mut self, value: &Yaml, indent: usize) {
        match value {
            Yaml::Map(entries) if !entries.is_empty() => self.map(entries, indent + 2, false),
            // Items stand below their key, not indented.
            Yaml::List(items) if !items.is_empty() => self.list(items, indent, false),
            _ => {
                self.put(' ');
                self.leaf(value, indent + 2, false);
            }
        }
    }

    fn list(&mut self, items: &[Yaml], indent: usize, inline: bool) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 || !inline {
                self.line_at(indent);
            }
            self.puts("- ");
            self.nested(item, indent);
        }
    }

    /// A value behind an indicator (`-`, `?`, `:`) and a blank: collections begin on the same line.
    fn nested(&mut self, value: &Yaml, indent: usize) {
        match value {
            Yaml::Map(entries) if !entries.is_empty() => self.map(entries, indent + 2, true),
            Yaml::List(items) if !items.is_empty() => self.list(items, indent + 2, true),
            _ => self.leaf(value, indent + 2, false),
        }
    }

    /// A scalar or an empty collection. `indent` is that of further lines.
    fn leaf(&mut self, value: &Yaml, indent: usize, key: bool) {
        match value {
            Yaml::Plain(text) => self.puts(text),
            Yaml::List(_) => self.puts("[]"),
            Yaml::Map(_) => self.puts("{}"),
            Yaml::Text(text) => match style(text, key) {
                Style::Plain => self.flow(text, indent, key, None),
                Style::Single => self.flow(text, indent, key, Some('\'')),
                Style::Double => self.double_quoted(text, indent, key),
                Style::Literal => self.literal(text, indent),
            },
        }
    }

    /// Plain or in single quotes, without line breaks.
    fn flow(&mut self, text: &str, indent: usize, key: bool, quote: Option<char>) {
        quote.iter().for_each(|c| self.put(*c));
        let chars: Vec<char> = text.chars().collect();
        let mut after_blank = false;
        for (index, c) in chars.iter().enumerate() {
            if *c == ' ' {
                let inside = quote.is_none() || (index > 0 && index < chars.len() - 1);
                let single = chars.get(index + 1) != Some(&' ');
                if !key && !after_blank && self.column > WIDTH && inside && single {
                    self.line_at(indent);
                } else {
                    self.put(' ');
                }
                after_blank = true;
                continue;
            }
            after_blank = false;
            if Some(*c) == quote {
                self.put(*c);
            }
            self.put(*c);
        }
        quote.iter().for_each(|c| self.put(*c));
    }

    fn double_quoted(&mut self, text: &str, indent: usize, key: bool) {
        self.put('"');
        let chars: Vec<char> = text.chars().collect();
        // One at the beginning is taken for one everywhere.
        let bom = chars.first() == Some(&'\u{feff}');
        let mut after_blank = false;
        for (index, c) in chars.iter().enumerate() {
            if *c == ' ' && !bom {
                let inside = index > 0 && index < chars.len() - 1;
                if !key && !after_blank && self.column > WIDTH && inside {
                    self.line_at(indent);
                    if chars.get(index + 1) == Some(&' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                after_blank = true;
                continue;
            }
            after_blank = false;
            if is_printable(*c) && !bom && !is_break(*c) && !matches!(c, '"' | '\\') {
                self.put(*c);
            } else {
                self.puts(&escaped(*c));
            }
        }
        self.put('"');
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.put('|');
        if text.starts_with([' ', '\n']) {
            self.put('2');
        }
        match text.strip_suffix('\n') {
            None => self.put('-'),
            Some(rest) if rest.is_empty() || rest.ends_with('\n') => self.put('+'),
            Some(_) => {}
        }
        self.put('\n');
        let mut at_start = true;
        for c in text.chars() {
            if c != '\n' && at_start {
                (0..indent).for_each(|_| self.put(' '));
            }
            self.put(c);
            at_start = c == '\n';
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

fn style(text: &str, key: bool) -> Style {
    let is_text = matches!(scalar::resolve(text, true), Typed::Text(_));
    // Without quotes it would merge; the original does not mind.
    if key && text == "<<" {
        return Style::Double;
    }
    if !is_text || is_base_60(text) {
        return Style::Double;
    }
    let first_or_last_blank = text.starts_with(' ') || text.ends_with(' ');
    let special = !text.chars().all(is_printable) || text.contains(['\u{2028}', '\u{2029}']);
    if text.contains('\n') {
        let block = !key && !special && !text.ends_with(' ') && !text.contains(" \n");
        return if block { Style::Literal } else { Style::Double };
    }
    if special {
        return Style::Double;
    }
    if first_or_last_blank || has_indicator(text) { Style::Single } else { Style::Plain }
}

/// Whether a text without quotes would be taken for something else, outside of flow collections.
fn has_indicator(text: &str) -> bool {
    if text.starts_with("---") || text.starts_with("...") {
        return true;
    }
    let mut before = ' ';
    let mut rest = text.chars();
    let mut first = true;
    while let Some(c) = rest.next() {
        let ends_word = rest.clone().next().is_none_or(|next| next == ' ');
        let indicates = match c {
            '#' => before == ' ',
            ':' => ends_word,
            '?' | '-' if first => ends_word,
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => first,
            _ => false,
        };
        if indicates {
            return true;
        }
        (before, first) = (c, false);
    }
    false
}

/// `1:30` is the number 90 to other readers of YAML 1.1.
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut parts = unsigned.split(':');
    let head = parts.next().unwrap_or_default();
    let digits = |text: &str, more: &str| text.chars().all(|c| c.is_ascii_digit() || more.contains(c));
    if !head.starts_with(|c: char| c.is_ascii_digit()) || !digits(head, "_") {
        return false;
    }
    let mut tail: Vec<&str> = parts.collect();
    let Some(last) = tail.pop() else { return false };
    let sixties = |text: &str| match text.len() {
        1 => digits(text, ""),
        2 => digits(text, "") && text < "60",
        _ => false,
    };
    let last = match last.split_once('.') {
        Some((whole, fraction)) if digits(fraction, "_") => whole,
        Some(_) => return false,
        None => last,
    };
    tail.into_iter().all(sixties) && sixties(last)
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

fn escaped(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            return match c as u32 {
                code @ ..=0xff => format!("\\x{code:02X}"),
                code @ ..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(emit(&Yaml::text(text)), format!("{expected}\n"));
    }

    #[test]
    fn quotes_what_needs_it() {
        for (text, expected) in [
            ("plain", "plain"),
            ("two words", "two words"),
            ("", "\"\""),
            ("0.1", "\"0.1\""),
            ("70", "\"70\""),
            ("true", "\"true\""),
            ("on", "\"on\""),
            ("null", "\"null\""),
            ("~", "\"~\""),
            ("<<", "<<"),
            ("1:30", "\"1:30\""),
            ("1:90", "1:90"),
            ("0..2", "0..2"),
            ("10m", "10m"),
            ("a: b", "'a: b'"),
            ("a:b", "a:b"),
            ("http://$HOST:$PORT0", "http://$HOST:$PORT0"),
            ("${x}", "${x}"),
            ("{x}", "'{x}'"),
            ("$(find jdk* -name java | head -n 1)", "$(find jdk* -name java | head -n 1)"),
            ("a #b", "'a #b'"),
            ("a#b", "a#b"),
            ("- x", "'- x'"),
            ("-x", "-x"),
            ("?", "'?'"),
            ("it's", "it's"),
            ("'it's", "'''it''s'"),
            (" lead", "' lead'"),
            ("tab\there", "\"tab\\there\""),
            ("---", "'---'"),
            ("é", "é"),
            ("\u{1f600}", "\"\\U0001F600\""),
            ("a\nb", "|-\n  a\n  b"),
            ("a \nb", "\"a \\nb\""),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn writes_blocks_and_folds_lines() {
        assert_eq!(emit(&Yaml::text("a\nb\n")), "|\n  a\n  b\n");
        assert_eq!(emit(&Yaml::text("\na\n\n")), "|2+\n\n  a\n\n");
        let long = "word ".repeat(20);
        let folded = emit(&Yaml::Map(vec![(Yaml::text("k"), Yaml::text(long.trim_end()))]));
        let first = "word ".repeat(16);
        assert_eq!(folded, format!("k: {}\n  word word word word\n", first.trim_end()));
    }

    #[test]
    fn nests() {
        let list = |items: &[&str]| Yaml::List(items.iter().map(|text| Yaml::text(*text)).collect());
        let value = Yaml::Map(vec![
            (Yaml::text("l"), Yaml::List(vec![list(&["a", "UNIQUE"]), list(&[]), Yaml::Map(vec![])])),
            (Yaml::text("m"), Yaml::Map(vec![(Yaml::text("x"), list(&["1"]))])),
            (Yaml::Plain("70".into()), Yaml::List(vec![Yaml::Map(vec![(Yaml::text("k"), Yaml::text("v"))])])),
        ]);
        let expected = "l:\n- - a\n  - UNIQUE\n- []\n- {}\nm:\n  x:\n  - \"1\"\n70:\n- k: v\n";
        assert_eq!(emit(&value), expected);
    }
}
