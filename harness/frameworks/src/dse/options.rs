//! The command line of the scheduler (0.2.0.0).

use super::scheduler::DseMesos;
use crate::base::{ApiUrl, Context, Grammar, Options, OptionsError, Setup, Span, Storage, Unknown};

/// Its options, all with a value.
pub(super) const GRAMMAR: Grammar = Grammar {
    known: &[
        "api",
        "debug",
        "framework-name",
        "framework-role",
        "framework-timeout",
        "jre",
        "master",
        "principal",
        "secret",
        "storage",
        "user",
    ],
    short: &[],
    unknown: Unknown::Named,
    config_file: None,
};

/// Reads them, in the order in which the original looks at them.
pub(super) fn read(options: &Options, context: &Context) -> Result<(DseMesos, Setup), OptionsError> {
    let master = options.get("master").ok_or("Missing required option(s) ['master']")?;
    let api = options
        .get("api")
        .filter(|api| !api.is_empty())
        .or_else(|| context.var("DM_API"))
        .ok_or("Undefined API url. Please provide either a CLI --api option or DM_API env.")?;
    let timeout = options.get("framework-timeout").unwrap_or("30 days").parse::<Span>();
    let timeout = timeout.map_err(|error| OptionsError(error.to_string()))?;
    let jre = options.get("jre");
    if jre.is_some_and(|jre| !context.files.contains(jre)) {
        return Err("JRE file doesn't exist".into());
    }
    let storage = Storage::parse(options.get("storage").unwrap_or("file:dse-mesos.json"));
    // A principal without its secret is not used at all.
    let principal = options.get("secret").and(options.get("principal"));
    let setup = Setup {
        api: ApiUrl::parse(api)?,
        master: master.to_owned(),
        storage: storage.map_err(|error| OptionsError(error.to_string()))?,
        name: options.get("framework-name").unwrap_or("dse").to_owned(),
        role: options.get("framework-role").unwrap_or("*").to_owned(),
        user: options.get("user").unwrap_or_default().to_owned(),
        failover_timeout: timeout.duration(),
        principal: principal.map(str::to_owned),
        debug: options.debug(),
    };
    Ok((DseMesos::new(jre), setup))
}

#[cfg(test)]
mod tests {
    use stacklab_machine::{Pace, Rng};

    use super::*;

    fn read_line(line: &str, api: Option<&str>) -> Result<Setup, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let mut context = Context::new("h", Rng::new(1), Pace::REAL);
        context.env.extend(api.map(|api| ("DM_API".to_owned(), api.to_owned())));
        let setup = Options::parse(&GRAMMAR, &words).and_then(|options| read(&options, &context));
        setup.map(|(_, setup)| setup).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_the_stacks_line() {
        let line = "--api http://h:31000 --master m:5050 --debug true --framework-name dse-mesos-0.2.x";
        let setup = read_line(line, None).expect("the stack's own command line");
        assert_eq!((setup.api.port, setup.name.as_str()), (31000, "dse-mesos-0.2.x"));
        assert_eq!(setup.storage, Storage::File { path: "dse-mesos.json".into() });
        assert_eq!(setup.failover_timeout.as_secs(), 30 * 86_400);
        let setup =
            read_line("--master m --principal p", Some("http://h:1")).expect("api from the environment");
        assert_eq!((setup.api.port, setup.principal), (1, None));
    }

    #[test]
    fn says_what_is_missing() {
        for (line, error) in [
            ("", "Missing required option(s) ['master']"),
            ("--master m", "Undefined API url. Please provide either a CLI --api option or DM_API env."),
            ("--master m --api http://h --framework-timeout 30d4", "format error 30d4"),
            ("--master m --api http://h --jre jre.tar.gz", "JRE file doesn't exist"),
            ("--master m --api http://h --storage x", "Unsupported storage: x"),
            ("--zk x", "zk is not a recognized option"),
        ] {
            assert_eq!(read_line(line, None).expect_err(line), error);
        }
    }
}
