//! The machine that was measured on: figures mean nothing without it.

use std::fmt;
use std::thread::available_parallelism;

use serde::Serialize;

/// What was measured on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BenchMachine {
    /// Cores that this process may use.
    pub cores: usize,
    /// The processor's name, where the system tells it.
    pub cpu: Option<String>,
    /// Operating system, its release where known, and architecture.
    pub os: String,
    /// `release`, or `debug`, whose figures say little.
    pub build: &'static str,
}

impl BenchMachine {
    /// This one.
    pub fn here() -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let os = [std::env::consts::OS, release.trim(), std::env::consts::ARCH];
        Self {
            cores: available_parallelism().map_or(1, usize::from),
            cpu: field(&cpuinfo, "model name").map(str::to_owned),
            os: os.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
        }
    }
}

impl fmt::Display for BenchMachine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpu = self.cpu.as_deref().unwrap_or("unknown processor");
        let plural = if self.cores == 1 { "" } else { "s" };
        write!(f, "{cpu}, {} core{plural}, {}, {} build", self.cores, self.os, self.build)
    }
}

/// The most memory that this process has had at a time, in MB (10^6 bytes); Linux only.
pub(super) fn peak_memory() -> Option<f64> {
    megabytes(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn megabytes(status: &str) -> Option<f64> {
    let kib: f64 = field(status, "VmHWM")?.strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

/// The value of the first line `name : value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.map(|(key, value)| (key.trim(), value.trim())).find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_tells() {
        let cpuinfo = "processor\t: 0\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: other\n";
        assert_eq!(field(cpuinfo, "model name"), Some("AMD EPYC"));
        assert_eq!(megabytes("VmPeak:\t  9 kB\nVmHWM:\t   125000 kB\n"), Some(128.0));
        assert_eq!(megabytes("VmHWM:\tmuch\n"), None);
    }
}
