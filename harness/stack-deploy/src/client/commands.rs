//! The commands one by one.

use std::time::Duration;

use serde_json::{Value, json};
use stacklab_stack::{Stack, check_pattern, parse_names};

use super::requests::Api;
use super::{Streams, World};
use crate::go::{FlagSet, print_duration};

/// A client command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Add,
    AddLayer,
    AddUser,
    List,
    Ping,
    RefreshToken,
    Remove,
    Run,
    Scheduled,
    Show,
}

/// The command of this name.
pub(crate) fn find(name: &str) -> Option<Command> {
    Some(match name {
        "add" => Command::Add,
        "addlayer" => Command::AddLayer,
        "adduser" => Command::AddUser,
        "list" => Command::List,
        "ping" => Command::Ping,
        "refreshtoken" => Command::RefreshToken,
        "remove" => Command::Remove,
        "run" => Command::Run,
        "scheduled" => Command::Scheduled,
        "show" => Command::Show,
        _ => return None,
    })
}

impl Command {
    /// What the usage text says of it.
    pub(crate) fn synopsis(self) -> &'static str {
        match self {
            // Two commands, one text: so it is in the original.
            Self::Add | Self::AddLayer => "Add new stack",
            Self::AddUser => "Add new user",
            Self::List => "List stacks",
            Self::Ping => "Ping stack-deploy server",
            Self::RefreshToken => "Refresh user token",
            Self::Remove => "Remove existing stack",
            Self::Run => "Run Stack",
            Self::Scheduled => "View scheduled tasks",
            Self::Show => "Show stack",
        }
    }

    /// Runs it; the result is the exit code.
    pub(crate) async fn run<W: World>(self, args: &[String], world: &W, streams: &mut Streams<'_>) -> i32 {
        // The first argument is the name, whatever it is.
        let (name, args) = match (self.missing_name(), args) {
            (Some(text), []) => {
                streams.say(text);
                return 1;
            }
            (Some(_), [name, args @ ..]) => (name.as_str(), args),
            (None, args) => ("", args),
        };
        let flags = match self.flags().parse(args) {
            Ok(flags) => flags,
            Err(stop) => {
                streams.complain(&stop.text);
                return stop.code;
            }
        };
        let api = match Api::resolve(world, flags.get_text("api")) {
            Ok(api) => api,
            Err(error) => {
                let resolving = if self == Self::Run { " resolving API" } else { "" };
                streams.say(&format!("ERROR{resolving}: {error}"));
                return 1;
            }
        };
        match self.perform(name, &flags, &api, world, streams).await {
            Ok(()) => 0,
            Err(text) => {
                streams.say(&text);
                1
            }
        }
    }

    fn missing_name(self) -> Option<&'static str> {
        match self {
            Self::Remove => Some("Stack name required to remove"),
            Self::Run => Some("Stack name required to run"),
            Self::Show => Some("Stack name required to show"),
            _ => None,
        }
    }

    fn flags(self) -> FlagSet {
        let name = match self {
            Self::Add | Self::AddLayer => "add",
            Self::AddUser => "adduser",
            Self::List | Self::Run | Self::Show => "run",
            Self::Ping => "ping",
            Self::RefreshToken => "refreshtoken",
            Self::Remove => "remove",
            Self::Scheduled => "scheduled",
        };
        let set = FlagSet::new(name).text("api", "", "Stack-deploy server address.");
        let file = |set: FlagSet| set.text("file", "Stackfile", "Stackfile with Application Configs");
        match self {
            Self::Add => file(set),
            Self::AddLayer => file(set)
                .text("level", "zone", "zone|cluster|datacenter")
                .text("parent", "", "Parent layer"),
            Self::AddUser => set.text("name", "", "New user name").switch("admin", "Create admin"),
            Self::RefreshToken => set.text("name", "", "New user name"),
            Self::Remove => set.switch("force", "Flag to force delete the stack with all children."),
            Self::Run => set
                .text("zone", "", "Zone to run stack.")
                .int(
                    "max.wait",
                    600,
                    "Maximum time to wait for each application in a stack to become running and healthy.",
                )
                .pairs(
                    "var",
                    "Arbitrary variables to add to stack context. Multiple occurrences of this flag allowed.",
                )
                .checked(
                    "skip",
                    check_pattern,
                    "Regular expression of applications to skip in stack. Multiple occurrences of this flag allowed.",
                ),
            Self::Scheduled => set.int("remove", -1, "Remove scheduled task ID"),
            Self::List | Self::Ping | Self::Show => set,
        }
    }

    /// The error is the whole line to print.
    async fn perform<W: World>(
        self,
        name: &str,
        flags: &FlagSet,
        api: &Api<'_, W>,
        world: &W,
        streams: &mut Streams<'_>,
    ) -> Result<(), String> {
        let said = match self {
            Self::Add | Self::AddLayer => self.add(flags, api, world).await,
            Self::AddUser => {
                let role = if flags.get_switch("admin") { "admin" } else { "regular" };
                let body = json!({"name": flags.get_text("name"), "role": role});
                // The server answers 201, which the original's client takes for an error.
                let good: &[u16] = if faithful(world) { &[200] } else { &[200, 201] };
                let key = api.call_expecting("/createuser", &body, good).await.map_err(error)?;
                Ok(format!("User added. Key: {key}"))
            }
            Self::List => {
                let getting = |text: String| format!("ERROR getting list: {text}");
                let text = api.call("/list", &json!({})).await.map_err(getting)?;
                let names = parse_names(&text).map_err(|error| getting(error.to_string()))?;
                Ok(names.join("\n"))
            }
            Self::Ping => api.call("/health", &json!({})).await.map(|_| "Pong".to_owned()).map_err(error),
            Self::RefreshToken => {
                let body = json!({"name": flags.get_text("name")});
                let key = api.call("/refreshtoken", &body).await.map_err(error)?;
                Ok(format!("New key generated: {key}"))
            }
            Self::Remove => {
                streams.say(&format!("Removing stack {name}"));
                let body = json!({"name": name, "force": flags.get_switch("force")});
                api.call("/removestack", &body).await.map(|_| "Stack removed".to_owned()).map_err(error)
            }
            Self::Run => {
                streams.say(&format!("Running stack {name}"));
                run(name, flags, api, world).await
            }
            Self::Scheduled => match flags.get_int("remove") {
                -1 => return scheduled(api, streams).await,
                id => api.call("/scheduled/delete", &json!({"id": id})).await.map_err(error),
            },
            Self::Show => {
                let text = api.call("/get", &json!({"name": name})).await.map_err(error)?;
                let parsed = Stack::parse(&text).map_err(error)?;
                Ok(parsed.stack.print())
            }
        }?;
        streams.say(&said);
        Ok(())
    }

    async fn add<W: World>(self, flags: &FlagSet, api: &Api<'_, W>, world: &W) -> Result<String, String> {
        let path = flags.get_text("file");
        let file = world.file(path).ok_or_else(|| format!("Can't read file {path}"))?;
        let mut body = json!({"stackfile": String::from_utf8_lossy(&file)});
        let endpoint = if self == Self::AddLayer {
            body["layer"] = flags.get_text("level").into();
            body["parent"] = flags.get_text("parent").into();
            "/createlayer"
        } else {
            "/createstack"
        };
        api.call(endpoint, &body).await.map(|_| "Stack added".to_owned()).map_err(error)
    }
}

/// Whether the original's own faults are wanted.
fn faithful(world: &impl World) -> bool {
    world.variable("SD_FAITHFUL").is_some_and(|value| !value.is_empty())
}

fn error(text: impl std::fmt::Display) -> String {
    format!("ERROR: {text}")
}

async fn run<W: World>(name: &str, flags: &FlagSet, api: &Api<'_, W>, world: &W) -> Result<String, String> {
    let started = world.seconds();
    let body = json!({
        "name": name,
        "zone": flags.get_text("zone"),
        "maxwait": flags.get_int("max.wait"),
        "variables": flags.get_pairs("var"),
        "skip": flags.get_all("skip"),
    });
    api.call("/run", &body).await.map_err(|text| format!("ERROR running client request: {text}"))?;
    let seconds = (world.seconds() - started).max(0.0) as u64;
    Ok(format!("Done in {}", print_duration(Duration::from_secs(seconds))))
}

async fn scheduled<W: World>(api: &Api<'_, W>, streams: &mut Streams<'_>) -> Result<(), String> {
    let text = api.call("/scheduled", &json!({})).await.map_err(error)?;
    let tasks: Vec<Value> = serde_json::from_str(&text).map_err(error)?;
    for task in &tasks {
        let of = |key: &str| task[key].as_str().unwrap_or_default().to_owned();
        let id = task["id"].as_i64().unwrap_or_default();
        let (start, schedule) = (of("start_time"), of("time_schedule"));
        streams.say(&format!("[{id}] {}\n\tstart: '{start}'\n\tschedule: '{schedule}'", of("name")));
    }
    Ok(())
}
