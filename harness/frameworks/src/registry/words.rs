//! Words of a command line: quotes, variables, command substitution, globs.

use std::collections::BTreeMap;

/// One piece of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A word, with everything expanded.
    Word(String),
    /// `&&`, `||`, `;`, `|`, `&` or a line end.
    Control(&'static str),
    /// A redirection; the file is the next word, unless it is part of the text (`2>&1`).
    Redirect {
        /// Whether the next word belongs to it.
        takes_word: bool,
    },
}

/// Splits and expands. `substitute` runs the command of a `$(…)`.
pub(super) fn split(
    line: &str,
    env: &BTreeMap<String, String>,
    substitute: &dyn Fn(&str) -> String,
) -> Vec<Token> {
    let mut splitter = Splitter { chars: line.chars().collect(), at: 0, tokens: Vec::new(), word: None };
    splitter.run(env, substitute);
    splitter.tokens
}

struct Splitter {
    chars: Vec<char>,
    at: usize,
    tokens: Vec<Token>,
    word: Option<String>,
}

impl Splitter {
    fn run(&mut self, env: &BTreeMap<String, String>, substitute: &dyn Fn(&str) -> String) {
        while let Some(c) = self.next() {
            match c {
                ' ' | '\t' => self.end_word(),
                '\n' => self.control(";"),
                ';' => self.control(";"),
                '&' if self.take('&') => self.control("&&"),
                '&' => self.control("&"),
                '|' if self.take('|') => self.control("||"),
                '|' => self.control("|"),
                '>' | '<' => self.redirect(),
                '\\' => {
                    if let Some(next) = self.next() {
                        self.push(next);
                    }
                }
                '\'' => {
                    self.word.get_or_insert_default();
                    while let Some(next) = self.next().filter(|next| *next != '\'') {
                        self.push(next);
                    }
                }
                '"' => self.double_quoted(env, substitute),
                '$' => {
                    let value = self.expansion(env, substitute);
                    self.push_split(&value);
                }
                other => self.push(other),
            }
        }
        self.end_word();
    }

    fn double_quoted(&mut self, env: &BTreeMap<String, String>, substitute: &dyn Fn(&str) -> String) {
        self.word.get_or_insert_default();
        while let Some(c) = self.next().filter(|c| *c != '"') {
            match c {
                '\\' if matches!(self.peek(), Some('"' | '\\' | '$')) => {
                    if let Some(next) = self.next() {
                        self.push(next);
                    }
                }
                '$' => {
                    let value = self.expansion(env, substitute);
                    self.word.get_or_insert_default().push_str(&value);
                }
                other => self.push(other),
            }
        }
    }

    /// What stands behind a `$`.
    fn expansion(&mut self, env: &BTreeMap<String, String>, substitute: &dyn Fn(&str) -> String) -> String {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                substitute(&self.until_closed())
            }
            Some('{') => {
                self.at += 1;
                let mut name = String::new();
                while let Some(c) = self.next().filter(|c| *c != '}') {
                    name.push(c);
                }
                env.get(&name).cloned().unwrap_or_default()
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let mut name = String::new();
                while let Some(c) = self.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(c);
                    self.at += 1;
                }
                env.get(&name).cloned().unwrap_or_default()
            }
            _ => "$".into(),
        }
    }

    /// The text up to the closing parenthesis.
    fn until_closed(&mut self) -> String {
        let mut depth = 1;
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            text.push(c);
        }
        text
    }

    fn redirect(&mut self) {
        // A file descriptor in front belongs to the redirection.
        if self.word.as_deref().is_some_and(|word| word.chars().all(|c| c.is_ascii_digit())) {
            self.word = None;
        }
        self.end_word();
        self.take('>');
        let to_descriptor = self.take('&');
        if to_descriptor {
            while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                self.at += 1;
            }
        }
        self.tokens.push(Token::Redirect { takes_word: !to_descriptor });
    }

    fn control(&mut self, text: &'static str) {
        self.end_word();
        self.tokens.push(Token::Control(text));
    }

    /// The value of an unquoted expansion is split at blanks; an empty one is no word at all.
    fn push_split(&mut self, value: &str) {
        for c in value.chars() {
            if c.is_whitespace() { self.end_word() } else { self.push(c) }
        }
    }

    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take() {
            self.tokens.push(Token::Word(word));
        }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        self.at += usize::from(there);
        there
    }
}

/// Whether a name fits a pattern of `*` and `?`.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let mut pattern_chars = pattern.chars();
    match pattern_chars.next() {
        None => name.is_empty(),
        Some('*') => {
            let rest = pattern_chars.as_str();
            let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.into_iter().any(|at| fits(rest, &name[at..]))
        }
        Some(wanted) => {
            let mut name_chars = name.chars();
            let first = name_chars.next();
            first.is_some_and(|c| wanted == '?' || wanted == c)
                && fits(pattern_chars.as_str(), name_chars.as_str())
        }
    }
}
