//! The known name that somebody may have meant.

/// The name nearest to what was written, if one is near enough to be meant.
pub fn nearest<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let folded = fold(written);
    let allowed = (folded.chars().count() / 3).min(4);
    names
        .into_iter()
        .map(|name| (strsim::osa_distance(&folded, &fold(name)), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, name)| name)
}

/// Case, dashes and underscores are what is mixed up first.
fn fold(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let names = ["cpu", "mem", "launch_command", "dependencies", "artifact_urls"];
        for (written, meant) in [
            ("cpus", Some("cpu")),
            ("CPU", Some("cpu")),
            ("launchCommand", Some("launch_command")),
            ("dependancies", Some("dependencies")),
            ("artifact-urls", Some("artifact_urls")),
            ("meme", Some("mem")),
            ("volumes", None),
            ("me", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, names), meant, "{written}");
        }
    }
}
