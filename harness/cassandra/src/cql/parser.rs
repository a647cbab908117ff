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

/// Tokens before and after the offending one that an error shows, blanks counted.
const SNIPPET: usize = 10;
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
        return Err(parser.error(&format!("missing EOF at '{}'", parser.shown())));
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
        while !self.is_word("apply") {
            writes.push(self.write()?);
            while self.eat(";") {}
        }
        self.advance();
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
        if self.eat(symbol) { Ok(()) } else { Err(self.mismatched(&format!("'{symbol}'"))) }
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
        if self.eat_word(word) {
            Ok(())
        } else {
            Err(self.mismatched(&format!("K_{}", word.to_ascii_uppercase())))
        }
    }

    /// A name: a word that is not reserved, in lower case, or whatever stands in double quotes.
    pub(super) fn name(&mut self) -> Result<String, CqlError> {
        let token = self.peek();
        let name = match token.kind {
            Kind::QuotedName => token.text.clone(),
            Kind::Word => {
                let lower = token.text.to_ascii_lowercase();
                if RESERVED.contains(&lower.as_str()) || RESERVED_MORE.contains(&lower.as_str()) {
                    return Err(self.no_viable());
                }
                lower
            }
            _ => return Err(self.no_viable()),
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

    /// `IF NOT EXISTS` or, with `negated` false, `IF EXISTS`.
    pub(super) fn if_exists(&mut self, negated: bool) -> Result<bool, CqlError> {
        if !self.eat_word("if") {
            return Ok(false);
        }
        if negated {
            self.word("not")?;
        }
        self.word("exists")?;
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
        self.error(&format!("no viable alternative at input '{}'", self.shown()))
    }

    pub(super) fn mismatched(&self, expected: &str) -> CqlError {
        self.error(&format!("mismatched input '{}' expecting {expected}", self.shown()))
    }

    /// The next token as it was written.
    fn shown(&self) -> &str {
        match self.lexed.spans.get(self.peek().span) {
            Some(span) => &self.source[span.start..span.end],
            None => "<EOF>",
        }
    }

    fn error(&self, what: &str) -> CqlError {
        let index = self.peek().span;
        let Some(span) = self.lexed.spans.get(index) else {
            return CqlError::Syntax(format!("line 0:-1 {what}"));
        };
        CqlError::Syntax(format!("line {}:{} {what} ({})", span.line, span.column, self.snippet(index)))
    }

    /// The surroundings of a token, itself in brackets, lines joined without their breaks as Cassandra does.
    fn snippet(&self, index: usize) -> String {
        let spans = &self.lexed.spans;
        let from = index.saturating_sub(SNIPPET);
        let to = (index + SNIPPET).min(spans.len() - 1);
        let (start, end) = (spans[from].start, spans[to].end);
        let before = &self.source[start..spans[index].start];
        let token = &self.source[spans[index].start..spans[index].end];
        let after = &self.source[spans[index].end..end];
        let head = if from == 0 { "" } else { "..." };
        let tail = if end == self.source.len() { "" } else { "..." };
        format!("{head}{before}[{token}]{after}{tail}").replace('\n', "")
    }
}
