//! `stack-deploy lint` as a function: arguments and a reader of files in, texts and an exit code out.

use regex::Regex;

use super::agents::parse_agents;
use super::explain::{explain, index};
use super::{LintOptions, Source, default_cluster, lint};

/// What a command prints, and how it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// For standard output.
    pub stdout: String,
    /// For standard error.
    pub stderr: String,
    /// 0 without errors, 1 with errors, 2 if the command itself cannot be carried out.
    pub code: u8,
}

const HELP: &str = "\
Checks a stack file without running it.

usage: stack-deploy lint FILE [flags]

    --zone Z              check what `run --zone Z` would run
    --layer FILE          a zone, cluster, data centre or parent stack, found by its name; repeatable
    --var k=v             a variable of the run; repeatable
    --skip REGEX          applications whose id matches count as running; repeatable
    --agents N,k=v,...    N agents with cpus=, mem= (MB), ports=LOW-HIGH[;LOW-HIGH], attr=name:value (repeatable),
                          host=NAME (for one); repeatable; default 3,cpus=4,mem=16384,ports=31000-32000
    --json                one JSON object instead of text
    --explain CODE        the page of a code, without FILE; `all` lists the codes, `json` explains what --json prints

Exit code: 0 without errors (there may be warnings), 1 with errors, 2 for bad input.

examples:
    stack-deploy lint zipkin-full.stack --var zk_url=127.0.0.1:2181
    stack-deploy lint web.stack --zone eu --layer eu.stack --layer europe.stack
    stack-deploy lint web.stack --agents 2,cpus=8,mem=32768,attr=rack:r1 --agents 1,attr=rack:r2
    stack-deploy lint web.stack --json
    stack-deploy lint --explain SD051
";

/// Carries out `stack-deploy lint`; `args` are those behind `lint`. Flags take one or two dashes and `-f v` or `-f=v`, as
/// all of Stack Deploy's. `read` gives the text of a file, or says why not.
pub fn command(args: &[String], read: &dyn Fn(&str) -> Result<String, String>) -> Output {
    match carry_out(args, read) {
        Ok(output) => output,
        Err(why) => Output {
            stderr: format!("{why}\nSee `stack-deploy lint --help`.\n"),
            code: 2,
            ..Output::default()
        },
    }
}

/// What the arguments say.
#[derive(Default)]
struct Request {
    files: Vec<String>,
    layers: Vec<String>,
    options: LintOptions,
    json: bool,
}

fn carry_out(args: &[String], read: &dyn Fn(&str) -> Result<String, String>) -> Result<Output, String> {
    let printed = |stdout: String| Output { stdout, ..Output::default() };
    let mut request = Request::default();
    request.options.cluster.clear();
    let mut words = args.iter();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix('-').filter(|flag| !flag.is_empty()) else {
            request.files.push(word.clone());
            continue;
        };
        let flag = flag.strip_prefix('-').unwrap_or(flag);
        let (name, inline) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (flag, None),
        };
        if matches!(name, "h" | "help") {
            return Ok(printed(HELP.into()));
        }
        if name == "json" {
            request.json = match inline.as_deref() {
                None | Some("true") => true,
                Some("false") => false,
                Some(other) => return Err(format!("--json is true or false, not `{other}`")),
            };
            continue;
        }
        if !["zone", "layer", "var", "skip", "agents", "explain"].contains(&name) {
            return Err(format!("flag provided but not defined: -{name}"));
        }
        let value = inline.or_else(|| words.next().cloned());
        let value = value.ok_or_else(|| format!("flag needs an argument: -{name}"))?;
        if name == "explain" {
            return if value == "all" {
                Ok(printed(index()))
            } else {
                explain(&value)
                    .map(printed)
                    .ok_or_else(|| format!("there is no code {value}: --explain all lists them"))
            };
        }
        request.flag(name, value)?;
    }
    request.check(read)
}

impl Request {
    fn flag(&mut self, name: &str, value: String) -> Result<(), String> {
        let options = &mut self.options;
        match name {
            "zone" => options.zone = value,
            "layer" => self.layers.push(value),
            "skip" => {
                let regex = Regex::new(&value).map_err(|error| {
                    let why = crate::constraint::regex_error(&value, &error);
                    format!("invalid value {value:?} for flag -skip: {why}")
                })?;
                options.skip.push(regex);
            }
            "agents" => {
                let agents = parse_agents(&value, options.cluster.len() + 1);
                options.cluster.extend(
                    agents.map_err(|why| format!("invalid value {value:?} for flag -agents: {why}"))?,
                );
            }
            _ => {
                let (key, given) = value.split_once('=').ok_or_else(|| {
                    format!("invalid value {value:?} for flag -var: Variables are expected in k=v format.")
                })?;
                options.variables.insert(key.to_owned(), given.to_owned());
            }
        }
        Ok(())
    }

    fn check(mut self, read: &dyn Fn(&str) -> Result<String, String>) -> Result<Output, String> {
        let file = match self.files.as_slice() {
            [file] => file.clone(),
            [] => return Err("a stack file is needed".into()),
            [_, other, ..] => return Err(format!("one stack file at a time, and {other} is a second one")),
        };
        let text = |file: &str| read(file).map_err(|why| format!("Can't read file {file}: {why}"));
        for layer in self.layers {
            self.options.layers.push(Source { text: text(&layer)?, file: layer });
        }
        if self.options.cluster.is_empty() {
            self.options.cluster = default_cluster();
        }
        self.options.file.clone_from(&file);
        let report = lint(&text(&file)?, &self.options);
        let stdout = if self.json { report.to_json() } else { report.to_text() };
        Ok(Output { stdout, stderr: String::new(), code: u8::from(report.errors() > 0) })
    }
}
