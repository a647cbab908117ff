//! What Go's JSON scanner says of a text that it does not like.

/// Nesting that the scanner takes.
const MAX_DEPTH: usize = 10_000;

/// Where a text stops being JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It is JSON; behind it, from this byte on, is something else or nothing.
    Whole(usize),
    /// It ends too early.
    Early,
    /// It is none; the text is Go's.
    Error(String),
}

/// Scans the first value of a text.
pub(crate) fn scan(text: &[u8]) -> Stop {
    let mut scanner = Scanner { text, at: 0 };
    match scanner.value() {
        Ok(()) => Stop::Whole(scanner.at),
        Err(stop) => stop,
    }
}

/// What Go's `Unmarshal` says of a text, if it is not one JSON value.
pub(crate) fn error(text: &[u8]) -> Option<String> {
    match scan(text) {
        Stop::Whole(end) => {
            let next = text[end..].iter().find(|byte| !is_space(**byte))?;
            Some(invalid(*next, "after top-level value"))
        }
        Stop::Early => Some("unexpected end of JSON input".into()),
        Stop::Error(error) => Some(error),
    }
}

fn invalid(byte: u8, context: &str) -> String {
    let shown = match byte {
        b'\'' => "\\'".to_owned(),
        b'"' => "\"".to_owned(),
        b'\\' => "\\\\".to_owned(),
        0x07 => "\\a".to_owned(),
        0x08 => "\\b".to_owned(),
        b'\t' => "\\t".to_owned(),
        b'\n' => "\\n".to_owned(),
        0x0b => "\\v".to_owned(),
        0x0c => "\\f".to_owned(),
        b'\r' => "\\r".to_owned(),
        0..0x20 | 0x7f => format!("\\x{byte:02x}"),
        0x80..=0xa0 | 0xad => format!("\\u{byte:04x}"),
        // A byte is taken for a letter, whatever it is part of.
        _ => char::from(byte).to_string(),
    };
    format!("invalid character '{shown}' {context}")
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
}

type Scanned = Result<(), Stop>;

impl Scanner<'_> {
    fn peek(&self) -> Result<u8, Stop> {
        self.text.get(self.at).copied().ok_or(Stop::Early)
    }

    fn next(&mut self) -> Result<u8, Stop> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    fn next_behind_space(&mut self) -> Result<u8, Stop> {
        loop {
            let byte = self.next()?;
            if !is_space(byte) {
                return Ok(byte);
            }
        }
    }

    /// A value with all that is in it. Its collections are kept here and not on the stack.
    fn value(&mut self) -> Scanned {
        let mut open: Vec<u8> = Vec::new();
        // Whether the collection that was just opened may be closed at once.
        let mut fresh = false;
        loop {
            if fresh && open.last() == Some(&b'{') && self.key(true)? {
                open.pop();
                fresh = false;
                if self.after_value(&mut open)? {
                    return Ok(());
                }
                continue;
            }
            let byte = self.next_behind_space()?;
            if fresh && byte == b']' && open.last() == Some(&b'[') {
                open.pop();
            } else if matches!(byte, b'{' | b'[') {
                if open.len() >= MAX_DEPTH {
                    return Err(Stop::Error("exceeded max depth".into()));
                }
                open.push(byte);
                fresh = true;
                continue;
            } else {
                self.scalar(byte)?;
            }
            fresh = false;
            if self.after_value(&mut open)? {
                return Ok(());
            }
        }
    }

    /// What comes behind a value: true if it was the whole, else the next value may follow.
    fn after_value(&mut self, open: &mut Vec<u8>) -> Result<bool, Stop> {
        loop {
            let Some(collection) = open.last() else { return Ok(true) };
            let byte = self.next_behind_space()?;
            match (collection, byte) {
                (b'{', b',') => {
                    self.key(false)?;
                    return Ok(false);
                }
                (_, b',') => return Ok(false),
                (b'{', b'}') | (b'[', b']') => drop(open.pop()),
                (b'{', _) => return Err(Stop::Error(invalid(byte, "after object key:value pair"))),
                _ => return Err(Stop::Error(invalid(byte, "after array element"))),
            }
        }
    }

    /// A key with its colon; true if the object ends instead.
    fn key(&mut self, may_end: bool) -> Result<bool, Stop> {
        match self.next_behind_space()? {
            b'}' if may_end => return Ok(true),
            b'"' => self.string()?,
            byte => return Err(Stop::Error(invalid(byte, "looking for beginning of object key string"))),
        }
        match self.next_behind_space()? {
            b':' => Ok(false),
            byte => Err(Stop::Error(invalid(byte, "after object key"))),
        }
    }

    fn scalar(&mut self, first: u8) -> Scanned {
        match first {
            b'"' => self.string(),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            b'-' => match self.next()? {
                digit @ b'0'..=b'9' => self.number(digit),
                byte => Err(Stop::Error(invalid(byte, "in numeric literal"))),
            },
            b'0'..=b'9' => self.number(first),
            byte => Err(Stop::Error(invalid(byte, "looking for beginning of value"))),
        }
    }

    fn literal(&mut self, word: &str) -> Scanned {
        for expected in word.bytes().skip(1) {
            let byte = self.next()?;
            if byte != expected {
                let context = format!("in literal {word} (expecting '{}')", char::from(expected));
                return Err(Stop::Error(invalid(byte, &context)));
            }
        }
        Ok(())
    }

    fn string(&mut self) -> Scanned {
        loop {
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => match self.next()? {
                    b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => {}
                    b'u' => {
                        for _ in 0..4 {
                            let byte = self.next()?;
                            if !byte.is_ascii_hexdigit() {
                                let context = "in \\u hexadecimal character escape";
                                return Err(Stop::Error(invalid(byte, context)));
                            }
                        }
                    }
                    byte => return Err(Stop::Error(invalid(byte, "in string escape code"))),
                },
                byte @ 0..0x20 => return Err(Stop::Error(invalid(byte, "in string literal"))),
                _ => {}
            }
        }
    }

    /// The rest of a number; at its end another byte or none.
    fn number(&mut self, first: u8) -> Scanned {
        if first != b'0' {
            self.digits();
        }
        if self.peek() == Ok(b'.') {
            self.at += 1;
            self.digit("after decimal point in numeric literal")?;
            self.digits();
        }
        if matches!(self.peek(), Ok(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Ok(b'+' | b'-')) {
                self.at += 1;
            }
            self.digit("in exponent of numeric literal")?;
            self.digits();
        }
        Ok(())
    }

    fn digit(&mut self, context: &str) -> Scanned {
        match self.next()? {
            b'0'..=b'9' => Ok(()),
            byte => Err(Stop::Error(invalid(byte, context))),
        }
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Ok(b'0'..=b'9')) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn complains_like_go() {
        for (text, message) in [
            ("", "unexpected end of JSON input"),
            ("{\"a\":", "unexpected end of JSON input"),
            ("\"a", "unexpected end of JSON input"),
            ("<html>", "invalid character '<' looking for beginning of value"),
            ("404 Not Found.", "invalid character 'N' after top-level value"),
            ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("{\"a\"}", "invalid character '}' after object key"),
            ("{\"a\":1 \"b\"", "invalid character '\"' after object key:value pair"),
            ("{\"a\":01}", "invalid character '1' after object key:value pair"),
            ("[1 2]", "invalid character '2' after array element"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("'x'", "invalid character '\\'' looking for beginning of value"),
            ("tru,", "invalid character ',' in literal true (expecting 'e')"),
            ("nul}", "invalid character '}' in literal null (expecting 'l')"),
            ("\"a\tb\"", "invalid character '\\t' in string literal"),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            ("\"\\u00zz\"", "invalid character 'z' in \\u hexadecimal character escape"),
            ("-x", "invalid character 'x' in numeric literal"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("1ex", "invalid character 'x' in exponent of numeric literal"),
            ("\0", "invalid character '\\x00' looking for beginning of value"),
            ("é", "invalid character 'Ã' looking for beginning of value"),
        ] {
            assert_eq!(error(text.as_bytes()).as_deref(), Some(message), "{text}");
        }
        for good in
            ["{}", " [] ", "{\"a\":[{},[],{\"b\":null}]}", "-0.5e+10", "\"\\u00e9\\n\"", "true", "[[],[]]"]
        {
            assert_eq!(error(good.as_bytes()), None, "{good}");
        }
        assert_eq!(scan(b"{} x"), Stop::Whole(2));
        assert_eq!(error("[".repeat(20_000).as_bytes()).as_deref(), Some("exceeded max depth"));
    }

    proptest! {
        #[test]
        fn knows_json(text in "[\\[\\]{}:,\"a\\\\0-2.eE+\\- tnrulfsx]{0,24}") {
            let known = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(error(text.as_bytes()).is_none(), known, "{}", text);
        }
    }
}
