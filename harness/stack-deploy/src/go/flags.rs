//! Flags as Go's `flag` package takes them: one or two dashes, `-f v` or `-f=v`, the end at the first argument that is
//! none, and usage texts in its form.

use std::collections::BTreeMap;
use std::time::Duration;

use super::duration::{parse_duration, print_duration};

/// The flags of a command.
#[derive(Clone, Debug)]
pub struct FlagSet {
    name: &'static str,
    flags: BTreeMap<&'static str, Flag>,
}

#[derive(Clone, Debug)]
struct Flag {
    usage: &'static str,
    /// As the usage text shows it; empty if there is nothing to show.
    default: String,
    value: Value,
}

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    Switch(bool),
    Int(i64),
    Duration(Duration),
    /// `k=v`, any number of times.
    Pairs(BTreeMap<String, String>),
    /// Checked texts, any number of times.
    Checked(Vec<String>, fn(&str) -> Result<(), String>),
}

/// The command ends here: help was asked for, or a flag cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// What goes to standard error.
    pub text: String,
    /// The exit code.
    pub code: i32,
}

impl FlagSet {
    /// A set without flags. Its name stands in the usage text.
    pub fn new(name: &'static str) -> Self {
        Self { name, flags: BTreeMap::new() }
    }

    /// Adds a text.
    #[must_use]
    pub fn text(self, name: &'static str, default: &str, usage: &'static str) -> Self {
        let shown = if default.is_empty() { String::new() } else { format!("{default:?}") };
        self.add(name, Value::Text(default.to_owned()), shown, usage)
    }

    /// Adds a switch, off by default.
    #[must_use]
    pub fn switch(self, name: &'static str, usage: &'static str) -> Self {
        self.add(name, Value::Switch(false), String::new(), usage)
    }

    /// Adds a number.
    #[must_use]
    pub fn int(self, name: &'static str, default: i64, usage: &'static str) -> Self {
        let shown = if default == 0 { String::new() } else { default.to_string() };
        self.add(name, Value::Int(default), shown, usage)
    }

    /// Adds a duration.
    #[must_use]
    pub fn duration(self, name: &'static str, default: Duration, usage: &'static str) -> Self {
        self.add(name, Value::Duration(default), print_duration(default), usage)
    }

    /// Adds a flag that collects `k=v`.
    #[must_use]
    pub fn pairs(self, name: &'static str, usage: &'static str) -> Self {
        self.add(name, Value::Pairs(BTreeMap::new()), String::new(), usage)
    }

    /// Adds a flag that collects texts which pass a check.
    #[must_use]
    pub fn checked(
        self,
        name: &'static str,
        check: fn(&str) -> Result<(), String>,
        usage: &'static str,
    ) -> Self {
        self.add(name, Value::Checked(Vec::new(), check), String::new(), usage)
    }

    fn add(mut self, name: &'static str, value: Value, default: String, usage: &'static str) -> Self {
        self.flags.insert(name, Flag { usage, default, value });
        self
    }

    /// Takes arguments up to the first that is no flag.
    ///
    /// # Errors
    /// The command ends.
    pub fn parse(mut self, args: &[String]) -> Result<Self, Stop> {
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let Some(rest) = arg.strip_prefix('-').filter(|rest| !rest.is_empty()) else { break };
            let name = rest.strip_prefix('-').unwrap_or(rest);
            if rest == "-" {
                break;
            }
            if name.is_empty() || name.starts_with(['-', '=']) {
                return Err(self.stop(&format!("bad flag syntax: {arg}")));
            }
            let (name, value) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (name, None),
            };
            let Some(flag) = self.flags.get_mut(name) else {
                if matches!(name, "help" | "h") {
                    return Err(Stop { text: self.usage(), code: 0 });
                }
                return Err(self.stop(&format!("flag provided but not defined: -{name}")));
            };
            let set = match (&mut flag.value, value) {
                (Value::Switch(on), None) => {
                    *on = true;
                    Ok(())
                }
                (Value::Switch(on), Some(value)) => match parse_bool(value) {
                    Some(value) => {
                        *on = value;
                        Ok(())
                    }
                    None => Err(format!("invalid boolean value {value:?} for -{name}: parse error")),
                },
                (target, value) => match value.or_else(|| args.next().map(String::as_str)) {
                    Some(value) => target
                        .set(value)
                        .map_err(|why| format!("invalid value {value:?} for flag -{name}: {why}")),
                    None => Err(format!("flag needs an argument: -{name}")),
                },
            };
            set.map_err(|text| self.stop(&text))?;
        }
        Ok(self)
    }

    fn stop(&self, text: &str) -> Stop {
        Stop { text: format!("{text}\n{}", self.usage()), code: 2 }
    }

    fn usage(&self) -> String {
        let mut text = format!("Usage of {}:\n", self.name);
        for (name, flag) in &self.flags {
            let kind = match flag.value {
                Value::Switch(_) => "",
                Value::Text(_) => " string",
                Value::Int(_) => " int",
                Value::Duration(_) => " duration",
                Value::Pairs(_) | Value::Checked(..) => " value",
            };
            text.push_str(&format!("  -{name}{kind}\n    \t{}", flag.usage));
            if !flag.default.is_empty() {
                text.push_str(&format!(" (default {})", flag.default));
            }
            text.push('\n');
        }
        text
    }

    /// The value of a text flag.
    pub fn get_text(&self, name: &str) -> &str {
        match self.flags.get(name).map(|flag| &flag.value) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// Whether a switch is on.
    pub fn get_switch(&self, name: &str) -> bool {
        matches!(self.flags.get(name).map(|flag| &flag.value), Some(Value::Switch(true)))
    }

    /// The value of a number flag.
    pub fn get_int(&self, name: &str) -> i64 {
        match self.flags.get(name).map(|flag| &flag.value) {
            Some(Value::Int(value)) => *value,
            _ => 0,
        }
    }

    /// The value of a duration flag.
    pub fn get_duration(&self, name: &str) -> Duration {
        match self.flags.get(name).map(|flag| &flag.value) {
            Some(Value::Duration(value)) => *value,
            _ => Duration::ZERO,
        }
    }

    /// The pairs of a flag, the last one of each key.
    pub fn get_pairs(&self, name: &str) -> BTreeMap<String, String> {
        match self.flags.get(name).map(|flag| &flag.value) {
            Some(Value::Pairs(pairs)) => pairs.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// The texts of a flag, in order.
    pub fn get_all(&self, name: &str) -> Vec<String> {
        match self.flags.get(name).map(|flag| &flag.value) {
            Some(Value::Checked(all, _)) => all.clone(),
            _ => Vec::new(),
        }
    }
}

impl Value {
    fn set(&mut self, text: &str) -> Result<(), String> {
        match self {
            Self::Text(value) => text.clone_into(value),
            Self::Switch(value) => *value = parse_bool(text).ok_or("parse error")?,
            Self::Int(value) => *value = parse_int(text)?,
            Self::Duration(value) => *value = parse_duration(text).ok_or("parse error")?,
            Self::Pairs(pairs) => {
                let (key, value) = text.split_once('=').ok_or("Variables are expected in k=v format.")?;
                pairs.insert(key.to_owned(), value.to_owned());
            }
            Self::Checked(all, check) => {
                check(text)?;
                all.push(text.to_owned());
            }
        }
        Ok(())
    }
}

fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The prefix decides the base; a leading zero means octal.
fn parse_int(text: &str) -> Result<i64, String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (digits, base) = match lower.strip_prefix('0') {
        Some(rest) if !rest.is_empty() => match rest.as_bytes()[0] {
            b'x' => (&rest[1..], 16),
            b'b' => (&rest[1..], 2),
            b'o' => (&rest[1..], 8),
            _ => (rest, 8),
        },
        _ => (lower.as_str(), 10),
    };
    let digits = digits.replace('_', "");
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(base)) {
        return Err("parse error".into());
    }
    let value = i128::from_str_radix(&digits, base).map_err(|_| "value out of range".to_owned())?;
    i64::try_from(if negative { -value } else { value }).map_err(|_| "value out of range".to_owned())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn set() -> FlagSet {
        FlagSet::new("run")
            .text("api", "", "Stack-deploy server address.")
            .text("file", "Stackfile", "Stackfile with Application Configs")
            .switch("force", "Flag to force.")
            .int("max.wait", 600, "Maximum time.")
            .duration("connect.backoff", Duration::from_secs(10), "Backoff")
            .pairs("var", "Variables.")
            .checked("skip", stacklab_stack::check_pattern, "Patterns.")
    }

    fn parse(line: &str) -> Result<FlagSet, Stop> {
        set().parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn takes_flags_as_go_does() {
        let flags =
            parse("-api a --file=b=c --force --max.wait 0x10 -var k=v=w --var k=x --skip ^a rest --api z")
                .unwrap();
        assert_eq!((flags.get_text("api"), flags.get_text("file")), ("a", "b=c"));
        assert!(flags.get_switch("force"));
        assert_eq!(flags.get_int("max.wait"), 16);
        assert_eq!(flags.get_pairs("var")["k"], "x");
        assert_eq!(flags.get_all("skip"), ["^a"]);
        assert_eq!(parse("--force=false -- --api x").unwrap().get_text("api"), "");
        assert_eq!(parse("- --api x").unwrap().get_text("api"), "");
        assert_eq!(parse("--max.wait -1").unwrap().get_int("max.wait"), -1);
    }

    #[test]
    fn refuses_as_go_does() {
        for (line, text) in [
            ("-nope", "flag provided but not defined: -nope"),
            ("--nope=1", "flag provided but not defined: -nope"),
            ("--max.wait abc", "invalid value \"abc\" for flag -max.wait: parse error"),
            (
                "--max.wait 99999999999999999999",
                "invalid value \"99999999999999999999\" for flag -max.wait: value out of range",
            ),
            ("--connect.backoff 10", "invalid value \"10\" for flag -connect.backoff: parse error"),
            ("--force=x", "invalid boolean value \"x\" for -force: parse error"),
            ("--api", "flag needs an argument: -api"),
            ("--=x", "bad flag syntax: --=x"),
            ("---api", "bad flag syntax: ---api"),
            ("--var a", "invalid value \"a\" for flag -var: Variables are expected in k=v format."),
            ("--skip (", "invalid value \"(\" for flag -skip: error parsing regexp: missing closing ): `(`"),
        ] {
            let stop = parse(line).unwrap_err();
            assert_eq!(stop.text.lines().next().unwrap_or_default(), text);
            assert_eq!(stop.code, 2, "{line}");
        }
    }

    #[test]
    fn shows_its_usage() {
        let stop = parse("--file x -h").unwrap_err();
        assert_eq!(stop.code, 0);
        expect![[r#"
            Usage of run:
              -api string
                	Stack-deploy server address.
              -connect.backoff duration
                	Backoff (default 10s)
              -file string
                	Stackfile with Application Configs (default "Stackfile")
              -force
                	Flag to force.
              -max.wait int
                	Maximum time. (default 600)
              -skip value
                	Patterns.
              -var value
                	Variables.
        "#]]
        .assert_eq(&stop.text);
    }
}
