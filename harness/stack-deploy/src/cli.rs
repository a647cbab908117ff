//! The command line before its commands: version, help, and which command is meant.

use crate::client::{self, Command, Streams, World};

/// The version of the original that is played.
pub const VERSION: &str = "0.3.5.2";

const COMMANDS: [&str; 11] = [
    "add",
    "addlayer",
    "adduser",
    "list",
    "ping",
    "refreshtoken",
    "remove",
    "run",
    "scheduled",
    "server",
    "show",
];
/// Ours. It is not in the usage, which is the original's to the letter.
const LINT: &str = "lint";
const SERVER: &str = "Starts stack-deploy Server";

/// What a command line means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant {
    /// The server, with these arguments.
    Server(Vec<String>),
    /// A client command, run to its end: the exit code.
    Ended(i32),
}

/// Runs a command line (without the program's name) up to its end, or to the point where the server is wanted.
pub async fn run<W: World>(args: &[String], world: &W, streams: &mut Streams<'_>) -> Meant {
    let at = args.iter().position(|arg| !arg.is_empty() && !arg.starts_with('-'));
    let (flags, name, rest) = match at {
        Some(at) => (&args[..at], args[at].as_str(), &args[at + 1..]),
        None => (args, "", &[][..]),
    };
    let has = |names: [&str; 3]| flags.iter().any(|flag| names.contains(&flag.as_str()));
    if has(["-v", "-version", "--version"]) {
        streams.complain(&format!("{VERSION}\n"));
        return Meant::Ended(1);
    }
    if name == LINT && flags.iter().all(String::is_empty) {
        return Meant::Ended(lint(rest, world, streams));
    }
    if !COMMANDS.contains(&name) {
        streams.complain(&usage());
        return Meant::Ended(1);
    }
    let help = if name == "server" { format!("{SERVER}\n") } else { "\n".to_owned() };
    if has(["-h", "-help", "--help"]) {
        streams.complain(&help);
        return Meant::Ended(1);
    }
    if flags.iter().any(|flag| flag.starts_with('-')) {
        streams.complain(&format!(
            "Invalid flags before the subcommand. If these flags are for\n\
             the subcommand, please put them after the subcommand.\n\n{help}"
        ));
        return Meant::Ended(1);
    }
    match client::find(name) {
        Some(command) => Meant::Ended(command.run(rest, world, streams).await),
        None => Meant::Server(rest.to_vec()),
    }
}

/// Checks a stack file without running it: the exit code.
fn lint<W: World>(args: &[String], world: &W, streams: &mut Streams<'_>) -> i32 {
    let read = |path: &str| {
        let bytes = world.file(path).ok_or("it is not there, or not to be read")?;
        String::from_utf8(bytes).map_err(|_| "it is not in UTF-8".to_owned())
    };
    let output = stacklab_stack::lint::command(args, &read);
    streams.print(&output.stdout);
    streams.complain(&output.stderr);
    i32::from(output.code)
}

fn usage() -> String {
    let mut text = String::from(
        "usage: stack-deploy [--version] [--help] <command> [<args>]\n\nAvailable commands are:\n",
    );
    for name in COMMANDS {
        let synopsis = client::find(name).map_or(SERVER, Command::synopsis);
        text.push_str(&format!("    {name:<12}    {synopsis}\n"));
    }
    text.push('\n');
    text
}
