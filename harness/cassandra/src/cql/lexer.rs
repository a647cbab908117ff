//! Cuts a statement into tokens, comments and all.

use crate::CqlError;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    QuotedName,
    String,
    Integer,
    Float,
    Uuid,
    Hex,
    Symbol,
    End,
}

/// A token that the grammar sees.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Its meaning: quotes taken off, everything else as written.
    pub(super) text: String,
    /// Which of all the spans it is; as many as there are for `End`.
    pub(super) span: usize,
}

/// Where a token, blank or comment lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    /// From 1.
    pub(super) line: usize,
    /// From 0, in characters.
    pub(super) column: usize,
    /// Bytes that error texts take it to have: those of its meaning, without quotes.
    pub(super) shown: usize,
}

/// The tokens, the last of which is `End`, and the spans of everything in between too.
pub(super) struct Lexed {
    pub(super) tokens: Vec<Token>,
    pub(super) spans: Vec<Span>,
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    line: usize,
    column: usize,
    out: Lexed,
}

/// Cuts up a whole statement.
pub(super) fn lex(source: &str) -> Result<Lexed, CqlError> {
    let out = Lexed { tokens: Vec::new(), spans: Vec::new() };
    let mut lexer = Lexer { source, at: 0, line: 1, column: 0, out };
    while lexer.at < source.len() {
        lexer.step()?;
    }
    let span = lexer.out.spans.len();
    lexer.out.tokens.push(Token { kind: Kind::End, text: "<EOF>".to_owned(), span });
    Ok(lexer.out)
}

impl Lexer<'_> {
    fn step(&mut self) -> Result<(), CqlError> {
        let rest = &self.source[self.at..];
        if let Some(length) = hidden(rest) {
            self.take(length);
            return Ok(());
        }
        // A comment goes on to the end of its line, which must be there.
        if let Some(expected) = open_comment(rest) {
            self.take(rest.len());
            return Err(self.error(&format!("mismatched character '<EOF>' expecting {expected}")));
        }
        let first = rest.chars().next().unwrap_or(' ');
        match first {
            '\'' => self.quoted('\'', Kind::String),
            '"' => self.quoted('"', Kind::QuotedName),
            '$' if rest.starts_with("$$") => self.dollars(),
            _ => {
                let Some((kind, length)) =
                    uuid(rest).or_else(|| number(rest)).or_else(|| word(rest)).or_else(|| symbol(rest))
                else {
                    return Err(self.error(&format!("no viable alternative at character '{first}'")));
                };
                let text = rest[..length].to_owned();
                self.push(kind, text, length);
                Ok(())
            }
        }
    }

    fn quoted(&mut self, quote: char, kind: Kind) -> Result<(), CqlError> {
        let rest = &self.source[self.at..];
        let mut text = String::new();
        let mut chars = rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if c != quote {
                text.push(c);
            } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
                text.push(quote);
                chars.next();
            } else {
                self.push(kind, text, at + 1);
                return Ok(());
            }
        }
        self.take(rest.len());
        Err(self.error(&format!("mismatched character '<EOF>' expecting '{quote}'")))
    }

    fn dollars(&mut self) -> Result<(), CqlError> {
        let rest = &self.source[self.at..];
        let Some(length) = rest[2..].find("$$") else {
            self.take(rest.len());
            return Err(self.error("mismatched character '<EOF>' expecting '$'"));
        };
        let text = rest[2..2 + length].to_owned();
        self.push(Kind::String, text, length + 4);
        Ok(())
    }

    fn push(&mut self, kind: Kind, text: String, length: usize) {
        let span = self.out.spans.len();
        self.take(length);
        self.out.spans[span].shown = text.len();
        self.out.tokens.push(Token { kind, text, span });
    }

    fn take(&mut self, length: usize) {
        let text = &self.source[self.at..self.at + length];
        self.out.spans.push(Span {
            start: self.at,
            end: self.at + length,
            line: self.line,
            column: self.column,
            shown: length,
        });
        self.at += length;
        match text.rfind('\n') {
            Some(last) => {
                self.line += text.matches('\n').count();
                self.column = text[last + 1..].chars().count();
            }
            None => self.column += text.chars().count(),
        }
    }

    fn error(&self, what: &str) -> CqlError {
        CqlError::Syntax(format!("line {}:{} {what}", self.line, self.column))
    }
}

/// Length of the blanks or the comment at the front.
fn hidden(rest: &str) -> Option<usize> {
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    if blanks > 0 {
        return Some(blanks);
    }
    if rest.starts_with("--") || rest.starts_with("//") {
        return rest.find(['\n', '\r']).map(|end| end + 1);
    }
    rest.strip_prefix("/*")?.find("*/").map(|end| end + 4)
}

/// What the comment at the front still lacks.
fn open_comment(rest: &str) -> Option<&'static str> {
    match rest.get(..2)? {
        "--" | "//" => Some("set null"),
        "/*" => Some("'*'"),
        _ => None,
    }
}

fn uuid(rest: &str) -> Option<(Kind, usize)> {
    let bytes = rest.as_bytes().get(..36)?;
    let shaped = bytes.iter().enumerate().all(|(i, byte)| {
        if matches!(i, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() }
    });
    shaped.then_some((Kind::Uuid, 36))
}

fn number(rest: &str) -> Option<(Kind, usize)> {
    let bytes = rest.as_bytes();
    let digits =
        |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
    if rest.starts_with("0x") || rest.starts_with("0X") {
        let length = bytes[2..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        return Some((Kind::Hex, 2 + length));
    }
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(sign);
    if whole == 0 {
        return None;
    }
    let mut end = sign + whole;
    let mut kind = Kind::Integer;
    if bytes.get(end) == Some(&b'.') {
        kind = Kind::Float;
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            kind = Kind::Float;
            end += 1 + sign + exponent;
        }
    }
    Some((kind, end))
}

fn word(rest: &str) -> Option<(Kind, usize)> {
    let bytes = rest.as_bytes();
    if !bytes.first()?.is_ascii_alphabetic() {
        return None;
    }
    let length = bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    Some((Kind::Word, length))
}

fn symbol(rest: &str) -> Option<(Kind, usize)> {
    if ["<=", ">=", "!="].iter().any(|two| rest.starts_with(two)) {
        return Some((Kind::Symbol, 2));
    }
    rest.starts_with(['(', ')', '{', '}', '[', ']', ',', ';', ':', '.', '=', '<', '>', '+', '-', '*', '?'])
        .then_some((Kind::Symbol, 1))
}
