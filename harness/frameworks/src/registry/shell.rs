//! A shell, as far as launch commands need one: lists of simple commands, of which the last runs the program.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{Token, split};
use super::{UnknownProgram, find};

/// The command that runs the program, with what the commands before it have changed.
pub(super) struct Found {
    pub(super) words: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) files: BTreeSet<String>,
}

/// Commands that come before a program and change nothing that a machine could see.
const HARMLESS: [&str; 12] =
    ["chmod", "echo", "true", ":", "set", "ls", "pwd", "mkdir", "sleep", "ulimit", "umask", "date"];

/// Runs a line up to the command that is no part of the shell.
pub(super) fn run(
    line: &str,
    env: BTreeMap<String, String>,
    files: BTreeSet<String>,
) -> Result<Found, UnknownProgram> {
    let mut state = Found { words: Vec::new(), env, files };
    let mut rest = line.trim();
    if rest.is_empty() {
        return Err(UnknownProgram::NotPlayed { command: String::new() });
    }
    while !rest.is_empty() {
        let (command, behind) = first_command(rest);
        rest = behind;
        let files = state.files.clone();
        let tokens = split(command, &state.env, &|inner| find::substitute(inner, &files));
        let words = plain_words(tokens);
        if let Some(words) = state.simple(words)? {
            state.words = words;
            return Ok(state);
        }
    }
    // Only commands that end by themselves.
    Err(UnknownProgram::Ends { code: 0, line: String::new() })
}

/// Cuts off the first command of a list. Expansion comes afterwards, so that a `cd` or `export` is seen by the rest.
fn first_command(line: &str) -> (&str, &str) {
    let mut quote = None;
    let mut depth = 0_u32;
    let mut escaped = false;
    let bytes = line.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            _ if escaped => escaped = false,
            (None | Some(b'"'), b'\\') => escaped = true,
            (Some(open), close) if open == *close => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, b'(') => depth += 1,
            (None, b')') => depth = depth.saturating_sub(1),
            (None, b';' | b'\n') if depth == 0 => return (&line[..at], line[at + 1..].trim_start()),
            (None, b'&') if depth == 0 && bytes.get(at + 1) == Some(&b'&') => {
                return (&line[..at], line[at + 2..].trim_start());
            }
            _ => {}
        }
    }
    (line, "")
}

/// The words without redirections; a pipe ends the command (what reads its output changes nothing).
fn plain_words(tokens: Vec<Token>) -> Vec<String> {
    let mut words = Vec::new();
    let mut skip = false;
    for token in tokens {
        match token {
            Token::Word(_) if skip => skip = false,
            Token::Word(word) => words.push(word),
            Token::Redirect { takes_word } => skip = takes_word,
            Token::Control(_) => break,
        }
    }
    words
}

impl Found {
    /// Does one simple command; gives it back if it is a program.
    fn simple(&mut self, mut words: Vec<String>) -> Result<Option<Vec<String>>, UnknownProgram> {
        let assignments = words.iter().take_while(|word| assignment(word).is_some()).count();
        for word in words.drain(..assignments) {
            self.assign(&word);
        }
        if words.first().is_some_and(|word| word == "exec" || word == "nohup") {
            words.remove(0);
        }
        let Some(first) = words.first() else { return Ok(None) };
        match first.as_str() {
            "export" | "env" => {
                let is_env = first == "env";
                let count = words[1..].iter().take_while(|word| assignment(word).is_some()).count();
                for word in words.drain(1..=count) {
                    self.assign(&word);
                }
                words.remove(0);
                return if is_env && !words.is_empty() { self.simple(words) } else { Ok(None) };
            }
            "cd" => self.enter(words.get(1).map_or("", String::as_str))?,
            name if HARMLESS.contains(&name) => {}
            _ => return Ok(Some(words)),
        }
        Ok(None)
    }

    fn assign(&mut self, word: &str) {
        if let Some((name, value)) = assignment(word) {
            self.env.insert(name.into(), value.into());
        }
    }

    fn enter(&mut self, directory: &str) -> Result<(), UnknownProgram> {
        let directory = directory.trim_start_matches("./").trim_end_matches('/');
        if directory.is_empty() || directory == "." {
            return Ok(());
        }
        let prefix = format!("{directory}/");
        if !self.files.iter().any(|file| file.starts_with(&prefix)) {
            return Err(UnknownProgram::Ends {
                code: 2,
                line: format!("sh: 1: cd: can't cd to {directory}"),
            });
        }
        let inside = self.files.iter().filter_map(|file| file.strip_prefix(&prefix));
        self.files = inside.filter(|file| !file.is_empty()).map(str::to_owned).collect();
        Ok(())
    }
}

fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    valid.then_some((name, value))
}
