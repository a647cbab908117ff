//! The longer four-letter answers: environment, configuration, sessions, watches.

use std::fmt::Write as _;

use stacklab_machine::Time;

use super::ensemble::EnsembleHandle;
use super::four_letter::VERSION;
use super::listener::{ServerConfig, Shared};
use crate::model::Role;

/// `envi`: what a server in the usual container prints.
pub(super) fn environment(config: &ServerConfig) -> String {
    format!(
        "Environment:\nzookeeper.version={VERSION}\nhost.name={}\njava.version=1.8.0_111\n\
         java.vendor=Oracle Corporation\njava.home=/usr/lib/jvm/java-8-openjdk-amd64/jre\n\
         java.class.path=zookeeper-3.4.14.jar\njava.library.path=/usr/lib\njava.io.tmpdir=/tmp\njava.compiler=<NA>\n\
         os.name=Linux\nos.arch=amd64\nos.version=4.4.0\nuser.name=root\nuser.home=/root\nuser.dir=/\n",
        config.address.ip(),
    )
}

/// `conf`.
pub(super) fn configuration(shared: &Shared, role: Role) -> String {
    let config = &shared.config;
    let tick = shared.ensemble.read(|ensemble| ensemble.tick()).as_millis();
    let (port, dir) = (config.address.port(), &config.data_dir);
    let id = if role == Role::Standalone { 0 } else { config.id };
    format!(
        "clientPort={port}\ndataDir={dir}/version-2\ndataLogDir={dir}/version-2\ntickTime={tick}\n\
         maxClientCnxns=60\nminSessionTimeout={}\nmaxSessionTimeout={}\nserverId={id}\n",
        tick * 2,
        tick * 20,
    )
}

/// `dump`: when sessions expire, and their ephemeral nodes.
pub(super) fn sessions(ensemble: &EnsembleHandle) -> String {
    let now = ensemble.clock().now();
    let (expiries, ephemerals): (_, Vec<_>) =
        ensemble.read(|ensemble| (ensemble.expiries(now), ensemble.ephemerals().collect()));
    let mut text = format!("SessionTracker dump:\nSession Sets ({}):\n", expiries.len());
    for (tick, ids) in expiries {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(text, "{} expire at {}:", ids.len(), java_date(Time::from_millis(tick)));
        for id in ids {
            let _ = writeln!(text, "\t0x{id:x}");
        }
    }
    let _ = writeln!(text, "ephemeral nodes dump:\nSessions with Ephemerals ({}):", ephemerals.len());
    for (session, paths) in ephemerals {
        let _ = writeln!(text, "0x{session:x}:");
        for path in paths {
            let _ = writeln!(text, "\t{path}");
        }
    }
    text
}

/// `wchs`.
pub(super) fn watch_summary(shared: &Shared) -> String {
    let watches = shared.ensemble.read(|ensemble| ensemble.watches(shared.config.id));
    let total: usize = watches.by_session.values().map(Vec::len).sum();
    format!(
        "{} connections watching {} paths\nTotal watches:{total}\n",
        watches.by_session.len(),
        watches.by_path.len(),
    )
}

/// A moment as Java's `Date` prints it: `Tue Mar 01 00:00:00 UTC 2016`.
fn java_date(at: Time) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day, hour, minute, second, _) = at.utc();
    let weekday = DAYS[(at.as_millis() / 86_400_000 % 7) as usize];
    let month = MONTHS[(month.clamp(1, 12) - 1) as usize];
    format!("{weekday} {month} {day:02} {hour:02}:{minute:02}:{second:02} UTC {year}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_javas() {
        assert_eq!(java_date(Time::SIM_START), "Tue Mar 01 00:00:00 UTC 2016");
        assert_eq!(java_date(Time::ZERO), "Thu Jan 01 00:00:00 UTC 1970");
    }
}
