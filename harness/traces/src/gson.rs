//! A reader of JSON, token by token, that takes and refuses what Gson 2.7 does, in its words: Zipkin 1.14 shows these
//! to whoever sent it a broken document.

mod number;

use number::is_number;
pub(crate) use number::parse_double;

/// What is wrong, as Gson says it, with the place.
pub(crate) type Refusal = String;
type Result<T> = std::result::Result<T, Refusal>;

/// Deepest nesting that is passed over; the original has no limit.
const MAX_DEPTH: usize = 10_000;
const LENIENT: &str = "Use JsonReader.setLenient(true) to accept malformed JSON";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    EmptyDocument,
    Document,
    EmptyArray,
    Array,
    EmptyObject,
    DanglingName,
    Object,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    BeginArray,
    EndArray,
    BeginObject,
    EndObject,
    Name,
    Text,
    /// A whole number that fits into 64 bits.
    Long(i64),
    /// Any other number; so many characters are to come.
    Number(usize),
    Bool(bool),
    Null,
    End,
}

impl Token {
    /// As Gson names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::BeginArray => "BEGIN_ARRAY",
            Self::EndArray => "END_ARRAY",
            Self::BeginObject => "BEGIN_OBJECT",
            Self::EndObject => "END_OBJECT",
            Self::Name => "NAME",
            Self::Text => "STRING",
            Self::Long(_) | Self::Number(_) => "NUMBER",
            Self::Bool(_) => "BOOLEAN",
            Self::Null => "NULL",
            Self::End => "END_DOCUMENT",
        }
    }
}

/// One level of the document.
struct Level {
    scope: Scope,
    name: Option<String>,
    index: usize,
}

/// The reader. Places are counted in UTF-16 units, as in Java.
pub(crate) struct Gson {
    text: Vec<u16>,
    at: usize,
    line: usize,
    line_start: usize,
    peeked: Option<Token>,
    levels: Vec<Level>,
}

impl Gson {
    pub(crate) fn new(text: &str) -> Self {
        let text: Vec<u16> = text.strip_prefix('\u{feff}').unwrap_or(text).encode_utf16().collect();
        let levels = vec![Level { scope: Scope::EmptyDocument, name: None, index: 0 }];
        Self { text, at: 0, line: 0, line_start: 0, peeked: None, levels }
    }

    pub(crate) fn begin_array(&mut self) -> Result<()> {
        self.take(Token::BeginArray)?;
        self.push(Scope::EmptyArray)
    }

    pub(crate) fn begin_object(&mut self) -> Result<()> {
        self.take(Token::BeginObject)?;
        self.push(Scope::EmptyObject)
    }

    pub(crate) fn end_array(&mut self) -> Result<()> {
        self.take(Token::EndArray)?;
        self.pop();
        Ok(())
    }

    pub(crate) fn end_object(&mut self) -> Result<()> {
        self.take(Token::EndObject)?;
        self.pop();
        Ok(())
    }

    fn take(&mut self, wanted: Token) -> Result<()> {
        let found = self.peek()?;
        if found == wanted {
            self.peeked = None;
            Ok(())
        } else {
            Err(self.unexpected(wanted.name()))
        }
    }

    fn push(&mut self, scope: Scope) -> Result<()> {
        if self.levels.len() > MAX_DEPTH {
            return Err(self.located("nested too deep"));
        }
        self.levels.push(Level { scope, name: None, index: 0 });
        Ok(())
    }

    fn pop(&mut self) {
        self.levels.pop();
        self.value_is_over();
    }

    fn value_is_over(&mut self) {
        self.peeked = None;
        if let Some(level) = self.levels.last_mut() {
            level.index += 1;
        }
    }

    /// Whether the array or object has more.
    pub(crate) fn has_next(&mut self) -> Result<bool> {
        Ok(!matches!(self.peek()?, Token::EndArray | Token::EndObject))
    }

    pub(crate) fn next_name(&mut self) -> Result<String> {
        if self.peek()? != Token::Name {
            return Err(self.unexpected("a name"));
        }
        let name = self.quoted()?;
        self.peeked = None;
        if let Some(level) = self.levels.last_mut() {
            level.name = Some(name.clone());
        }
        Ok(name)
    }

    /// A text, or a number as it is written.
    pub(crate) fn next_string(&mut self) -> Result<String> {
        let text = match self.peek()? {
            Token::Text => self.quoted()?,
            Token::Long(number) => number.to_string(),
            Token::Number(length) => self.characters(length),
            _ => return Err(self.unexpected("a string")),
        };
        self.value_is_over();
        Ok(text)
    }

    pub(crate) fn next_boolean(&mut self) -> Result<bool> {
        let Token::Bool(value) = self.peek()? else { return Err(self.unexpected("a boolean")) };
        self.value_is_over();
        Ok(value)
    }

    /// A whole number, quoted or not; a fraction that is none is one, too.
    pub(crate) fn next_long(&mut self) -> Result<i64> {
        self.whole("a long", i64::MIN, i64::MAX)
    }

    /// The same with 32 bits.
    pub(crate) fn next_int(&mut self) -> Result<i32> {
        let number = self.whole("an int", i64::from(i32::MIN), i64::from(i32::MAX))?;
        Ok(i32::try_from(number).unwrap_or_default())
    }

    fn whole(&mut self, what: &str, low: i64, high: i64) -> Result<i64> {
        let fits = |number: i64| (low..=high).contains(&number);
        let text = match self.peek()? {
            Token::Long(number) if fits(number) => {
                self.value_is_over();
                return Ok(number);
            }
            Token::Long(number) => return Err(self.located(&format!("Expected {what} but was {number}"))),
            Token::Number(length) => self.characters(length),
            Token::Text => {
                let text = self.quoted()?;
                if let Some(number) = text.parse().ok().filter(|&number| fits(number)) {
                    self.value_is_over();
                    return Ok(number);
                }
                text
            }
            _ => return Err(self.unexpected(what)),
        };
        let double = parse_double(&text)?;
        let number = (double as i64).clamp(low, high);
        if number as f64 != double {
            return Err(self.located(&format!("Expected {what} but was {text}")));
        }
        self.value_is_over();
        Ok(number)
    }

    /// Passes over a value, or a name with nothing read of it.
    pub(crate) fn skip_value(&mut self) -> Result<()> {
        let mut open = 0usize;
        loop {
            match self.peek()? {
                Token::BeginArray => {
                    self.push(Scope::EmptyArray)?;
                    open += 1;
                }
                Token::BeginObject => {
                    self.push(Scope::EmptyObject)?;
                    open += 1;
                }
                Token::EndArray | Token::EndObject => {
                    self.levels.pop();
                    open = open.saturating_sub(1);
                }
                Token::Name | Token::Text => drop(self.quoted()?),
                Token::Number(length) => self.at += length,
                _ => {}
            }
            self.peeked = None;
            if open == 0 {
                break;
            }
        }
        self.value_is_over();
        if let Some(level) = self.levels.last_mut() {
            level.name = Some("null".to_owned());
        }
        Ok(())
    }

    /// What comes next, which stays there.
    pub(crate) fn peek(&mut self) -> Result<Token> {
        if let Some(token) = self.peeked {
            return Ok(token);
        }
        let token = self.find()?;
        self.peeked = Some(token);
        Ok(token)
    }

    fn find(&mut self) -> Result<Token> {
        let scope = self.levels.last().map_or(Scope::Document, |level| level.scope);
        match scope {
            Scope::EmptyArray => self.enter(Scope::Array),
            Scope::Array => match self.visible()? {
                Some(b']') => return Ok(Token::EndArray),
                Some(b',') => {}
                Some(b';') => return Err(self.located(LENIENT)),
                _ => return Err(self.located("Unterminated array")),
            },
            Scope::EmptyObject | Scope::Object => return self.find_name(scope),
            Scope::DanglingName => {
                self.enter(Scope::Object);
                match self.visible()? {
                    Some(b':') => {}
                    Some(b'=') => return Err(self.located(LENIENT)),
                    _ => return Err(self.located("Expected ':'")),
                }
            }
            Scope::EmptyDocument => self.enter(Scope::Document),
            Scope::Document => match self.skip_blanks()? {
                true => return Err(self.located(LENIENT)),
                false => return Ok(Token::End),
            },
        }
        self.find_value(scope)
    }

    fn find_name(&mut self, scope: Scope) -> Result<Token> {
        self.enter(Scope::DanglingName);
        if scope == Scope::Object {
            match self.visible()? {
                Some(b'}') => return Ok(Token::EndObject),
                Some(b',') => {}
                Some(b';') => return Err(self.located(LENIENT)),
                _ => return Err(self.located("Unterminated object")),
            }
        }
        match self.visible()? {
            Some(b'"') => Ok(Token::Name),
            Some(b'}') if scope != Scope::Object => Ok(Token::EndObject),
            Some(b'}') => Err(self.located("Expected name")),
            _ => Err(self.located(LENIENT)),
        }
    }

    fn find_value(&mut self, scope: Scope) -> Result<Token> {
        match self.visible()? {
            Some(b']') if scope == Scope::EmptyArray => return Ok(Token::EndArray),
            Some(b']' | b';' | b',') if matches!(scope, Scope::EmptyArray | Scope::Array) => {
                return Err(self.located(LENIENT));
            }
            Some(b']' | b';' | b',') => return Err(self.located("Unexpected value")),
            Some(b'\'') => return Err(self.located(LENIENT)),
            Some(b'"') => return Ok(Token::Text),
            Some(b'[') => return Ok(Token::BeginArray),
            Some(b'{') => return Ok(Token::BeginObject),
            _ => self.at -= 1,
        }
        if let Some(token) = self.keyword() {
            return Ok(token);
        }
        if let Some(token) = self.number() {
            return Ok(token);
        }
        match self.text.get(self.at) {
            Some(&unit) if !is_literal(unit) && !needs_lenience(unit) => Err(self.located("Expected value")),
            _ => Err(self.located(LENIENT)),
        }
    }

    fn enter(&mut self, scope: Scope) {
        if let Some(level) = self.levels.last_mut() {
            level.scope = scope;
        }
    }

    /// `true`, `false`, `null`, in any case, if no more of a word follows.
    fn keyword(&mut self) -> Option<Token> {
        let words = [("true", Token::Bool(true)), ("false", Token::Bool(false)), ("null", Token::Null)];
        let rest = &self.text[self.at..];
        let (word, token) = words.into_iter().find(|(word, _)| {
            word.len() <= rest.len()
                && word.bytes().zip(rest).all(|(letter, &unit)| {
                    unit == u16::from(letter) || unit == u16::from(letter.to_ascii_uppercase())
                })
        })?;
        if rest.get(word.len()).is_some_and(|&unit| is_literal(unit)) {
            return None;
        }
        self.at += word.len();
        Some(token)
    }

    fn number(&mut self) -> Option<Token> {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|&unit| !is_literal(unit)).unwrap_or(rest.len());
        if rest.get(length).is_some_and(|&unit| needs_lenience(unit)) {
            return None;
        }
        let text = String::from_utf16(&rest[..length]).ok()?;
        if !is_number(&text) {
            return None;
        }
        match text.parse() {
            Ok(number) => {
                self.at += length;
                Some(Token::Long(number))
            }
            Err(_) => Some(Token::Number(length)),
        }
    }

    fn characters(&mut self, length: usize) -> String {
        let text = String::from_utf16_lossy(&self.text[self.at..self.at + length]);
        self.at += length;
        text
    }

    /// The rest of a quoted text.
    fn quoted(&mut self) -> Result<String> {
        let mut units = Vec::new();
        while let Some(&unit) = self.text.get(self.at) {
            self.at += 1;
            match u8::try_from(unit) {
                Ok(b'"') => return Ok(String::from_utf16_lossy(&units)),
                Ok(b'\\') => units.push(self.escape()?),
                Ok(b'\n') => {
                    self.next_line();
                    units.push(unit);
                }
                _ => units.push(unit),
            }
        }
        Err(self.located("Unterminated string"))
    }

    fn escape(&mut self) -> Result<u16> {
        let Some(&unit) = self.text.get(self.at) else {
            return Err(self.located("Unterminated escape sequence"));
        };
        self.at += 1;
        match u8::try_from(unit).unwrap_or(0) {
            b'u' => self.unicode(),
            b't' => Ok(9),
            b'b' => Ok(8),
            b'n' => Ok(10),
            b'r' => Ok(13),
            b'f' => Ok(12),
            b'\n' => {
                self.next_line();
                Ok(unit)
            }
            b'\'' | b'"' | b'\\' | b'/' => Ok(unit),
            _ => Err(self.located("Invalid escape sequence")),
        }
    }

    fn unicode(&mut self) -> Result<u16> {
        let Some(digits) = self.text.get(self.at..self.at + 4) else {
            return Err(self.located("Unterminated escape sequence"));
        };
        let digits = String::from_utf16_lossy(digits);
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(format!("\\u{digits}"));
        }
        self.at += 4;
        Ok(u16::from_str_radix(&digits, 16).unwrap_or_default())
    }

    /// Moves to the next character that is no blank; whether there is one.
    fn skip_blanks(&mut self) -> Result<bool> {
        while let Some(&unit) = self.text.get(self.at) {
            match u8::try_from(unit) {
                Ok(b'\n') => {
                    self.at += 1;
                    self.next_line();
                }
                Ok(b' ' | b'\r' | b'\t') => self.at += 1,
                // A comment, which only the lenient may have.
                Ok(b'#' | b'/') => {
                    self.at += 1;
                    return Err(self.located(LENIENT));
                }
                _ => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Takes the next character that is no blank: the character if it is ASCII.
    fn visible(&mut self) -> Result<Option<u8>> {
        if !self.skip_blanks()? {
            return Err(self.located("End of input"));
        }
        let unit = self.text[self.at];
        self.at += 1;
        Ok(u8::try_from(unit).ok())
    }

    fn next_line(&mut self) {
        self.line += 1;
        self.line_start = self.at;
    }

    fn unexpected(&self, wanted: &str) -> Refusal {
        let found = self.peeked.map_or("NULL", Token::name);
        self.located(&format!("Expected {wanted} but was {found}"))
    }

    fn located(&self, what: &str) -> Refusal {
        let column = self.at - self.line_start + 1;
        format!("{what} at line {} column {column} path {}", self.line + 1, self.path())
    }

    /// Where in the document: `$[0].name`.
    pub(crate) fn path(&self) -> String {
        let mut path = "$".to_owned();
        for level in &self.levels {
            match level.scope {
                Scope::EmptyArray | Scope::Array => path.push_str(&format!("[{}]", level.index)),
                Scope::EmptyObject | Scope::DanglingName | Scope::Object => {
                    path.push('.');
                    path.push_str(level.name.as_deref().unwrap_or_default());
                }
                Scope::EmptyDocument | Scope::Document => {}
            }
        }
        path
    }
}

/// Whether a character can be in a word or number.
fn is_literal(unit: u16) -> bool {
    !matches!(
        u8::try_from(unit),
        Ok(b'{' | b'}' | b'[' | b']' | b':' | b',' | b' ' | b'\t' | 12 | b'\r' | b'\n')
    ) && !needs_lenience(unit)
}

fn needs_lenience(unit: u16) -> bool {
    matches!(u8::try_from(unit), Ok(b'/' | b'\\' | b';' | b'#' | b'='))
}
