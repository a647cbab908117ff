//! How Mesos prints durations.

use std::time::Duration;

/// A duration in the largest unit that divides it: `15secs`, `10mins`, `2weeks`, `500ms`.
pub(crate) fn duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units =
        [("weeks", 604_800_000), ("days", 86_400_000), ("hrs", 3_600_000), ("mins", 60_000), ("secs", 1000)];
    if millis == 0 {
        return "0ns".into();
    }
    units
        .iter()
        .find(|(_, unit)| millis.is_multiple_of(*unit))
        .map_or_else(|| format!("{millis}ms"), |(name, unit)| format!("{}{name}", millis / unit))
}
