//! The parser's frame: looking at tokens, names, and errors in the words of Cassandra's.

use super::lexer::{self, Kind, Lexed, Token};
use super::{Batch, BatchKind, Parsed, Statement, TableName, Using};
use crate::CqlError;

/// Words that are no names unless quoted.
const RESERVED: [&str; 51] = [
    "add",
    "allow",
    "alter",
    "and",
    "apply",
    "asc",
    "authorize",
    "batch",
    "begin",
    "by",
    "columnfamily",
    "create",
    "delete",
    "desc",
    "describe",
    "drop",
    "entries",
    "execute",
    "from",
    "full",
    "grant",
    "if",
    "in",
    "index",
    "infinity",
    "insert",
    "into",
    "keyspace",
    "limit",
    "modify",
    "nan",
    "norecursive",
    "not",
    "null",
    "of",
    "on",
    "or",
    "order",
    "primary",
    "rename",
    "replace",
    "revoke",
    "schema",
    "select",
    "set",
    "table",
    "to",
    "token",
    "truncate",
    "unlogged",
    "update",
];
const RESERVED_MORE: [&str; 4] = ["use", "using", "where", "with"];

/// Tokens before and behind the offending one that an error shows, blanks counted.
const BEFORE: usize = 10;
const BEHIND: usize = 2;
/// How deep terms and types may nest.
const MAX_DEPTH: usize = 64;

pub(super) struct Parser<'a> {
    source: &'a str,
    lexed: Lexed,
    at: usize,
    depth: usize,
    pub(super) binds: Vec<Option<String>>,
}

/// Reads one statement, with or without semicolons behind it.
pub fn parse(source: &str) -> Result<Parsed, CqlError> {
    let lexed = lexer::lex(source)?;
    let mut parser = Parser { source, lexed, at: 0, depth: 0, binds: Vec::new() };
    let statement = parser.statement()?;
    while parser.eat(";") {}
    if parser.peek().kind != Kind::End {
        let next_is_end = parser.peek_at(1).kind == Kind::End;
        return Err(parser.unexpected("EOF", next_is_end, true));
    }
    Ok(Parsed { statement, binds: parser.binds })
}

impl Parser<'_> {
    fn statement(&mut self) -> Result<Statement, CqlError> {
        let token = self.peek();
        if token.kind != Kind::Word {
            return Err(self.no_viable());
        }
        match token.text.to_ascii_lowercase().as_str() {
            "select" => self.select(),
            "insert" | "update" | "delete" => self.write().map(Statement::Write),
            "begin" => self.batch(),
            "use" => {
                self.advance();
                self.name().map(Statement::Use)
            }
            "truncate" => {
                self.advance();
                let _ = self.eat_word("table") || self.eat_word("columnfamily");
                self.table_name().map(Statement::Truncate)
            }
            "create" | "alter" | "drop" => self.schema().map(Statement::Schema),
            // Nobody logs in here.
            "list" | "grant" | "revoke" => Err(CqlError::Unauthorized(
                "You have to be logged in and not anonymous to perform this request".to_owned(),
            )),
            _ => Err(self.no_viable()),
        }
    }

    fn batch(&mut self) -> Result<Statement, CqlError> {
        self.advance();
        let kind = if self.eat_word("unlogged") {
            BatchKind::Unlogged
        } else if self.eat_word("counter") {
            BatchKind::Counter
        } else {
            BatchKind::Logged
        };
        self.word("batch")?;
        let using = if self.is_word("using") { self.using()? } else { Using::default() };
        let mut writes = Vec::new();
        while ["insert", "update", "delete"].iter().any(|word| self.is_word(word)) {
            writes.push(self.write()?);
            self.eat(";");
        }
        self.word_then("apply", |_| false)?;
        self.word("batch")?;
        Ok(Statement::Batch(Batch { kind, using, writes }))
    }

    pub(super) fn peek(&self) -> &Token {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> &Token {
        let last = self.lexed.tokens.len() - 1;
        &self.lexed.tokens[(self.at + ahead).min(last)]
    }

    pub(super) fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    /// Whether the next token is this symbol.
    pub(super) fn is(&self, symbol: &str) -> bool {
        self.peek().kind == Kind::Symbol && self.peek().text == symbol
    }

    pub(super) fn eat(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, symbol: &str) -> Result<(), CqlError> {
        // What closes something may be forgotten anywhere.
        let closes = matches!(symbol, ")" | "]" | ">");
        self.expect_then(symbol, |token| closes && token.kind != Kind::End)
    }

    /// A symbol. `follows` tells what may stand behind it: found in its place, the symbol is said to be missing.
    pub(super) fn expect_then(
        &mut self,
        symbol: &str,
        follows: impl Fn(&Token) -> bool,
    ) -> Result<(), CqlError> {
        if self.eat(symbol) {
            return Ok(());
        }
        let next = self.peek_at(1);
        let next = next.kind == Kind::Symbol && next.text == symbol;
        Err(self.unexpected(&format!("'{symbol}'"), next, follows(self.peek())))
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    pub(super) fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        let token = self.peek_at(ahead);
        token.kind == Kind::Word && token.text.eq_ignore_ascii_case(word)
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn word(&mut self, word: &str) -> Result<(), CqlError> {
        self.word_then(word, is_name)
    }

    /// A word. `follows` tells what may stand behind it: found in its place, the word is said to be missing.
    pub(super) fn word_then(&mut self, word: &str, follows: impl Fn(&Token) -> bool) -> Result<(), CqlError> {
        if self.eat_word(word) {
            return Ok(());
        }
        let expected = format!("K_{}", word.to_ascii_uppercase());
        Err(self.unexpected(&expected, self.is_word_at(1, word), follows(self.peek())))
    }

    /// A name: a word that is not reserved, in lower case, or whatever stands in double quotes.
    pub(super) fn name(&mut self) -> Result<String, CqlError> {
        let token = self.peek();
        if !is_name(token) {
            return Err(self.no_viable());
        }
        let name = match token.kind {
            Kind::QuotedName => token.text.clone(),
            _ => token.text.to_ascii_lowercase(),
        };
        self.at += 1;
        Ok(name)
    }

    pub(super) fn table_name(&mut self) -> Result<TableName, CqlError> {
        let name = self.name()?;
        if self.eat(".") {
            return Ok(TableName { keyspace: Some(name), name: self.name()? });
        }
        Ok(TableName { keyspace: None, name })
    }

    /// `item, item, …` up to and with the closing symbol, which may come at once.
    pub(super) fn list<T>(
        &mut self,
        close: &str,
        mut item: impl FnMut(&mut Self) -> Result<T, CqlError>,
    ) -> Result<Vec<T>, CqlError> {
        let mut items = Vec::new();
        if self.eat(close) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if !self.eat(",") {
                break;
            }
        }
        self.expect(close)?;
        Ok(items)
    }

    /// `name, name, …)`: at least one.
    pub(super) fn names(&mut self) -> Result<Vec<String>, CqlError> {
        if self.is(")") {
            return Err(self.no_viable());
        }
        self.list(")", Self::name)
    }

    /// The parser as it stood at a token.
    pub(super) fn back(&mut self, mark: usize) -> &mut Self {
        self.at = mark;
        self
    }

    /// `IF NOT EXISTS` or, with `negated` false, `IF EXISTS`.
    pub(super) fn if_exists(&mut self, negated: bool) -> Result<bool, CqlError> {
        if !self.eat_word("if") {
            return Ok(false);
        }
        if negated {
            self.word_then("not", |token| token.text.eq_ignore_ascii_case("exists"))?;
        }
        self.word_then("exists", |_| false)?;
        Ok(true)
    }

    /// Runs a rule that may call itself, and ends it before the stack does.
    pub(super) fn nested<T>(
        &mut self,
        rule: impl FnOnce(&mut Self) -> Result<T, CqlError>,
    ) -> Result<T, CqlError> {
        self.depth += 1;
        let result = if self.depth > MAX_DEPTH { Err(self.no_viable()) } else { rule(self) };
        self.depth -= 1;
        result
    }

    pub(super) fn no_viable(&self) -> CqlError {
        self.no_viable_from(self.at)
    }

    /// The next token fits none of the things that could have begun with the token of that number.
    pub(super) fn no_viable_from(&self, start: usize) -> CqlError {
        self.error(&format!("no viable alternative at input '{}'", self.shown()), start, self.at)
    }

    /// Where the parser stands, for [`Self::no_viable_from`].
    pub(super) fn mark(&self) -> usize {
        self.at
    }

    /// Something else was expected: the next token is one too many if it is followed by what was, or what was is
    /// missing if it could be followed by the next token.
    fn unexpected(&self, expected: &str, next_is_it: bool, follows: bool) -> CqlError {
        let (shown, next) = (self.shown(), self.at + 1);
        if next_is_it {
            return self.error(&format!("extraneous input '{shown}' expecting {expected}"), next, next);
        }
        if follows {
            return self.error(&format!("missing {expected} at '{shown}'"), self.at, next);
        }
        self.error(&format!("mismatched input '{shown}' expecting {expected}"), self.at, next)
    }

    /// The next token is none of several symbols.
    pub(super) fn mismatched_set(&self) -> CqlError {
        self.error(&format!("mismatched input '{}' expecting set null", self.shown()), self.at, self.at)
    }

    /// The next token as error texts show it.
    fn shown(&self) -> &str {
        let token = self.peek();
        match (token.kind, self.lexed.spans.get(token.span)) {
            (Kind::String | Kind::QuotedName, _) => &token.text,
            (_, Some(span)) => &self.source[span.start..span.end],
            _ => "<EOF>",
        }
    }

    /// An error at the next token. `marked` is the token that the surroundings are shown of, `looked` the last one that
    /// anybody has looked at: nothing behind it is shown.
    fn error(&self, what: &str, marked: usize, looked: usize) -> CqlError {
        let last = self.lexed.tokens.len() - 1;
        let span = |token: usize| self.lexed.tokens[token.min(last)].span;
        let (line, column) = match self.lexed.spans.get(self.peek().span) {
            Some(span) => (span.line, span.column.to_string()),
            None => (0, "-1".to_owned()),
        };
        let snippet = self.snippet(span(marked), span(looked)).unwrap_or_default();
        CqlError::Syntax(format!("line {line}:{column} {what}{snippet}"))
    }

    /// The surroundings of a token, itself in brackets, lines joined without their breaks as Cassandra does.
    fn snippet(&self, index: usize, looked: usize) -> Option<String> {
        let spans = &self.lexed.spans;
        let from = index.saturating_sub(BEFORE);
        let (marked, last) = (spans.get(index)?, spans.get(looked.min(index + BEHIND))?);
        let (start, end) = (spans[from].start, last.start + last.shown);
        let closed = self.source.floor(marked.start + marked.shown);
        let end = self.source.floor(end).max(closed);
        let before = &self.source[start..marked.start];
        let token = &self.source[marked.start..closed];
        let after = &self.source[closed..end];
        let head = if from == 0 { "" } else { "..." };
        let tail = if end == self.source.trim_end_matches('\n').len() { "" } else { "..." };
        Some(format!(" ({head}{before}[{token}]{after}{tail})").replace('\n', ""))
    }
}

/// Whether a token can be a name: a word that is not reserved, or anything in double quotes.
pub(super) fn is_name(token: &Token) -> bool {
    let reserved = |word: &str| RESERVED.contains(&word) || RESERVED_MORE.contains(&word);
    token.kind == Kind::QuotedName
        || token.kind == Kind::Word && !reserved(token.text.to_ascii_lowercase().as_str())
}

/// The nearest boundary between characters at or before a byte.
trait Floor {
    fn floor(&self, at: usize) -> usize;
}

impl Floor for str {
    fn floor(&self, at: usize) -> usize {
        (0..=at.min(self.len())).rev().find(|at| self.is_char_boundary(*at)).unwrap_or(0)
    }
}
