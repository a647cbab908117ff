//! Artifacts, HTTP fronts and links.

use std::time::Duration;

use stacklab_faults::{Link, Reaction};
use stacklab_live::mishap::{HttpFault, LinkFault};

use super::{Controls, seconds};

impl Controls {
    pub(super) fn break_network(&self, reaction: &Reaction) {
        match reaction {
            Reaction::MissArtifact { name } => {
                self.mishaps.change_artifacts(|artifacts| artifacts.missing.extend([name.clone()]));
            }
            // The fetcher applies the pace.
            Reaction::SlowArtifact { name, by } => {
                let by = Duration::try_from_secs_f64(*by).unwrap_or_default();
                self.mishaps.change_artifacts(|artifacts| artifacts.slow.extend([(name.clone(), by)]));
            }
            Reaction::CorruptArtifact { name } => {
                self.mishaps.change_artifacts(|artifacts| artifacts.corrupt.extend([name.clone()]));
            }
            Reaction::AnswerHttp { to, status, times } => {
                self.mishaps.break_http(to, HttpFault::Status(*status), *times);
            }
            Reaction::HangHttp { to, times } => self.mishaps.break_http(to, HttpFault::Hang, *times),
            Reaction::CloseHttp { to, times } => self.mishaps.break_http(to, HttpFault::Close, *times),
            Reaction::DelayLink { link, by, lasts } => {
                self.break_link(link, LinkFault::Delay(seconds(self.silence, *by)), *lasts);
            }
            Reaction::CutLink { link, lasts } => self.break_link(link, LinkFault::Cut, *lasts),
            Reaction::NarrowLink { link, bytes_per_second, lasts } => {
                self.break_link(link, LinkFault::Narrow(*bytes_per_second), *lasts);
            }
            _ => {}
        }
    }

    fn break_link(&self, link: &Link, fault: LinkFault, lasts: f64) {
        self.mishaps.break_link(&link.from, &link.to, fault, seconds(self.silence, lasts));
    }
}
