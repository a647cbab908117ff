//! The command line behind `scheduler`, and what all four read from it.

use std::collections::BTreeMap;

/// Options by name (without the dashes): command line over configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    values: BTreeMap<String, String>,
    positional: Vec<String>,
}

/// Why a scheduler does not start. Printed as `Error: <message>`, exit code 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OptionsError(pub String);

impl From<String> for OptionsError {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for OptionsError {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// How a framework's command line looks.
#[derive(Clone, Copy, Debug)]
pub struct Grammar {
    /// Names of its options, all with a value.
    pub known: &'static [&'static str],
    /// Short names: `a` for `api`.
    pub short: &'static [(char, &'static str)],
    /// What is said of an option that is not known: Exhibitor says `Invalid arguments`, the others name it.
    pub unknown: Unknown,
    /// The configuration file of Kafka and Zipkin.
    pub config_file: Option<ConfigFile>,
}

/// What is said of an unknown option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// `Invalid arguments`.
    InvalidArguments,
    /// `<option> is not a recognized option`.
    Named,
}

/// A file with defaults: a positional argument, or one of a fixed name in the current directory.
#[derive(Clone, Copy, Debug)]
pub struct ConfigFile {
    /// The fixed name: `kafka-mesos.properties`.
    pub name: &'static str,
    /// Zipkin's inverted test: naming an existing file is refused, naming a missing one is not noticed.
    pub refuses_existing: bool,
}

impl Options {
    /// Reads the words behind `scheduler`: `--key value`, `--key=value`, `-k value`, and at most one positional
    /// argument if the grammar has a configuration file.
    pub fn parse(grammar: &Grammar, words: &[String]) -> Result<Self, OptionsError> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix('-') else {
                options.positional.push(word.clone());
                continue;
            };
            let (written, inline) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let name = long_name(grammar, flag.split('=').next().unwrap_or_default())
                .ok_or_else(|| unrecognized(grammar, written))?;
            let value =
                inline.or_else(|| words.next().cloned()).ok_or_else(|| without_value(grammar, name))?;
            options.values.insert(name.to_owned(), value);
        }
        if options.positional.len() > usize::from(grammar.config_file.is_some()) {
            return Err("Invalid arguments".into());
        }
        Ok(options)
    }

    /// Which configuration file is to be read, if any; `exists` tells about files of the current directory.
    pub fn config_file(
        &self,
        grammar: &Grammar,
        exists: impl Fn(&str) -> bool,
    ) -> Result<Option<String>, OptionsError> {
        let Some(file) = grammar.config_file else { return Ok(None) };
        match self.positional.first() {
            None => Ok(exists(file.name).then(|| file.name.to_owned())),
            Some(named) if exists(named) == file.refuses_existing => {
                Err(format!("config-file {named} not found").into())
            }
            Some(named) => Ok(exists(named).then(|| named.clone())),
        }
    }

    /// Takes defaults from a properties text: what the command line says wins.
    pub fn add_defaults(&mut self, properties: &str) {
        for (key, value) in super::properties::parse(properties) {
            self.values.entry(key).or_insert(value);
        }
    }

    /// The value of an option.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The value of an option that must be there, with Kafka's and Zipkin's words if it is not.
    pub fn required(&self, name: &str) -> Result<&str, OptionsError> {
        self.get(name).ok_or_else(|| {
            format!("Undefined {name}. Provide either cli option or config default value").into()
        })
    }

    /// Whether `--debug true` was given.
    pub fn debug(&self) -> bool {
        self.get("debug").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

fn long_name<'a>(grammar: &'a Grammar, flag: &str) -> Option<&'a str> {
    if let Some(long) = flag.strip_prefix('-') {
        return grammar.known.iter().find(|known| **known == long).copied();
    }
    let mut letters = flag.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) => {
            grammar.short.iter().find(|(short, _)| *short == letter).map(|(_, long)| *long)
        }
        _ => None,
    }
}

fn unrecognized(grammar: &Grammar, written: &str) -> OptionsError {
    match grammar.unknown {
        Unknown::InvalidArguments => "Invalid arguments".into(),
        Unknown::Named => format!("{} is not a recognized option", written.trim_start_matches('-')).into(),
    }
}

fn without_value(grammar: &Grammar, name: &str) -> OptionsError {
    match grammar.unknown {
        Unknown::InvalidArguments => "Invalid arguments".into(),
        Unknown::Named => format!("Option {name} requires an argument").into(),
    }
}

/// The `--api` address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiUrl {
    /// As given.
    pub url: String,
    /// Its port; 80 if absent.
    pub port: u16,
}

impl ApiUrl {
    /// Reads `scheme://host[:port]`.
    pub fn parse(url: &str) -> Result<Self, OptionsError> {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or_default();
        let port = match authority.rsplit_once(':') {
            None => 80,
            Some((_, port)) => port.parse().map_err(|_| OptionsError(format!("Invalid api url: {url}")))?,
        };
        Ok(Self { url: url.trim_end_matches('/').to_owned(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRAMMAR: Grammar = Grammar {
        known: &["api", "master", "debug"],
        short: &[('a', "api")],
        unknown: Unknown::Named,
        config_file: Some(ConfigFile { name: "k.properties", refuses_existing: false }),
    };

    fn read(line: &str) -> Result<Options, OptionsError> {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&GRAMMAR, &words)
    }

    #[test]
    fn reads_command_lines() {
        let mut options = read("--api http://h:1 --debug=true my.properties").unwrap();
        options.add_defaults("api=http://other\nmaster = m:5050\n");
        assert_eq!((options.get("api"), options.get("master")), (Some("http://h:1"), Some("m:5050")));
        assert!(options.debug());
        assert_eq!(read("-a x").unwrap().get("api"), Some("x"));
        for (line, error) in [
            ("--foo x", "foo is not a recognized option"),
            ("--api", "Option api requires an argument"),
            ("a b", "Invalid arguments"),
        ] {
            assert_eq!(read(line).unwrap_err().to_string(), error);
        }
        let missing = read("").unwrap();
        let error = missing.required("master").unwrap_err().to_string();
        assert_eq!(error, "Undefined master. Provide either cli option or config default value");
    }

    #[test]
    fn finds_configuration_files() {
        let named = read("f.properties").unwrap();
        let none = read("").unwrap();
        assert_eq!(named.config_file(&GRAMMAR, |_| true).unwrap().as_deref(), Some("f.properties"));
        let error = named.config_file(&GRAMMAR, |_| false).unwrap_err().to_string();
        assert_eq!(error, "config-file f.properties not found");
        assert_eq!(none.config_file(&GRAMMAR, |_| true).unwrap().as_deref(), Some("k.properties"));
        assert_eq!(none.config_file(&GRAMMAR, |_| false), Ok(None));
        let inverted = Grammar {
            config_file: Some(ConfigFile { name: "z.properties", refuses_existing: true }),
            ..GRAMMAR
        };
        let error = named.config_file(&inverted, |_| true).unwrap_err().to_string();
        assert_eq!(error, "config-file f.properties not found");
        assert_eq!(named.config_file(&inverted, |_| false), Ok(None));
    }

    #[test]
    fn reads_api_urls() {
        assert_eq!(ApiUrl::parse("http://h:31991").unwrap().port, 31991);
        assert_eq!(ApiUrl::parse("http://h/").unwrap(), ApiUrl { url: "http://h".into(), port: 80 });
        assert!(ApiUrl::parse("http://h:x").is_err());
    }
}
