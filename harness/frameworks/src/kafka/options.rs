//! The command line of the scheduler (0.9.2.0).

use super::scheduler::KafkaMesos;
use crate::base::{
    ApiUrl, ConfigFile, Context, Grammar, Options, OptionsError, Period, Setup, Storage, Unknown,
};

/// Its options, all with a value.
pub(super) const GRAMMAR: Grammar = Grammar {
    known: &[
        "api",
        "bind-address",
        "debug",
        "framework-name",
        "framework-role",
        "framework-timeout",
        "jre",
        "log",
        "master",
        "principal",
        "secret",
        "storage",
        "user",
        "zk",
    ],
    short: &[],
    unknown: Unknown::Named,
    config_file: Some(ConfigFile { name: "kafka-mesos.properties", refuses_existing: false }),
};

/// Reads them, in the order in which the original looks at them.
pub(super) fn read(options: &Options, context: &Context) -> Result<(KafkaMesos, Setup), OptionsError> {
    let master = options.required("master")?;
    let timeout = options.get("framework-timeout").unwrap_or("30d").parse::<Period>();
    let failover_timeout = timeout.map_err(|_| OptionsError::from("Invalid framework-timeout"))?.duration();
    let api = ApiUrl::parse(options.required("api")?)?;
    if options.get("bind-address").is_some_and(|address| !is_bind_address(address)) {
        return Err("Invalid bind-address".into());
    }
    let zk = options.required("zk")?;
    let jre = options.get("jre");
    if jre.is_some_and(|jre| !context.files.contains(jre)) {
        return Err("JRE file doesn't exists".into());
    }
    let storage = options.get("storage").unwrap_or("file:kafka-mesos.json");
    let storage = Storage::parse_below(storage, zk).map_err(|error| OptionsError(error.to_string()))?;
    let setup = Setup {
        api,
        master: master.to_owned(),
        storage,
        name: options.get("framework-name").unwrap_or("kafka").to_owned(),
        role: options.get("framework-role").unwrap_or("*").to_owned(),
        user: options.get("user").unwrap_or_default().to_owned(),
        failover_timeout,
        principal: options.get("principal").map(str::to_owned),
        debug: options.debug(),
    };
    Ok((KafkaMesos::new(zk, jre), setup))
}

/// A host, a mask (`192.168.50.*`), or `if:<interface>`; no other prefix.
pub(super) fn is_bind_address(text: &str) -> bool {
    text.split_once(':').is_none_or(|(source, _)| source == "if")
}

#[cfg(test)]
mod tests {
    use stacklab_machine::{Pace, Rng};

    use super::*;

    fn read_line(line: &str) -> Result<Setup, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let mut context = Context::new("h", Rng::new(1), Pace::REAL);
        context.files.insert("jre.zip".into());
        let setup = Options::parse(&GRAMMAR, &words).and_then(|options| read(&options, &context));
        setup.map(|(_, setup)| setup).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_the_stacks_line() {
        let setup = read_line(
            "--api http://127.77.0.11:31990 --master m:5050 --debug true --zk 127.77.0.12:2181 \
             --storage zk:/kafka-mesos --log ./std-log.log",
        );
        let setup = setup.expect("the stack's own command line");
        assert_eq!((setup.api.port, setup.name.as_str(), setup.role.as_str()), (31990, "kafka", "*"));
        assert_eq!(setup.failover_timeout.as_secs(), 30 * 86_400);
        assert!(setup.debug);
        let storage = Storage::parse_below("zk:/kafka-mesos", "127.77.0.12:2181").expect("storage");
        assert_eq!(setup.storage, storage);
    }

    #[test]
    fn says_what_is_missing() {
        let hint = "Provide either cli option or config default value";
        for (line, error) in [
            ("", format!("Undefined master. {hint}")),
            ("--master m", format!("Undefined api. {hint}")),
            ("--master m --api http://h", format!("Undefined zk. {hint}")),
            ("--master m --framework-timeout 30min", "Invalid framework-timeout".into()),
            ("--master m --api http://h --bind-address ip:x", "Invalid bind-address".into()),
            ("--master m --api http://h --zk z --jre x", "JRE file doesn't exists".into()),
            ("--master m --api http://h --zk z --jre jre.zip --storage s", "Unsupported storage s".into()),
            ("--brokers 3", "brokers is not a recognized option".into()),
        ] {
            assert_eq!(read_line(line).expect_err(line), error);
        }
    }
}
