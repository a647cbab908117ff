//! Pages of HTML. Style and script lie as files beside the crate's source and are put into the page, as are the data, as
//! JSON in an element that no browser runs. The scripts put data into the page as text only.

use serde::Serialize;

use crate::{Outcome, Run, json};

const PAGE: &str = include_str!("../page/run.html");
const OVERVIEW: &str = include_str!("../page/overview.html");
const PAGE_STYLE: &str = concat!(include_str!("../page/base.css"), include_str!("../page/run.css"));
const OVERVIEW_STYLE: &str = concat!(include_str!("../page/base.css"), include_str!("../page/overview.css"));
const PAGE_SCRIPT: &str = concat!(
    include_str!("../page/base.js"),
    include_str!("../page/model.js"),
    include_str!("../page/places.js"),
    include_str!("../page/cause.js"),
    include_str!("../page/events.js"),
    include_str!("../page/strips.js"),
    include_str!("../page/run.js"),
);
const OVERVIEW_SCRIPT: &str = concat!(include_str!("../page/base.js"), include_str!("../page/overview.js"));

/// One run of an overview.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The run.
    pub run: &'a Run<'a>,
    /// The path of its page, from the overview's folder; empty if it has none.
    pub link: &'a str,
}

#[derive(Serialize)]
struct Line<'a> {
    scenario: &'a str,
    about: &'a str,
    backend: &'a str,
    seed: String,
    outcome: Outcome,
    verdict: &'a str,
    took: f64,
    code: Option<String>,
    cause: Option<&'a str>,
    link: &'a str,
}

impl<'a> Line<'a> {
    fn of(row: &Row<'a>) -> Self {
        let run = row.run;
        let cause = run.diagnosis.and_then(|diagnosis| diagnosis.innermost());
        Self {
            scenario: run.scenario,
            about: run.about,
            backend: run.backend,
            seed: run.seed.to_string(),
            outcome: run.outcome,
            verdict: run.verdict,
            took: run.took.as_secs_f64(),
            code: cause.and_then(|finding| finding.code).map(|code| code.to_string()),
            cause: cause.map(|finding| finding.text.as_str()),
            link: row.link,
        }
    }
}

/// The page of a run: verdict, cause chain, evidence, cure, lanes over time, every event, what runs where.
pub fn page(run: &Run<'_>) -> String {
    let word = match run.outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Skipped => "skipped",
    };
    let parts = Parts {
        title: &format!("{}: {word}", run.scenario),
        style: PAGE_STYLE,
        script: PAGE_SCRIPT,
        data: &json(run),
    };
    parts.fill(PAGE)
}

/// A page over several runs: which scenarios passed, why others did not, how long each took, and where their pages are.
pub fn overview(title: &str, rows: &[Row<'_>]) -> String {
    let runs: Vec<Line<'_>> = rows.iter().map(Line::of).collect();
    let data = serde_json::json!({ "title": title, "runs": runs }).to_string();
    Parts { title, style: OVERVIEW_STYLE, script: OVERVIEW_SCRIPT, data: &data }.fill(OVERVIEW)
}

/// What is put into a page.
struct Parts<'a> {
    title: &'a str,
    style: &'a str,
    script: &'a str,
    data: &'a str,
}

impl Parts<'_> {
    /// Puts each in its place once: what stands in a part is never taken for a place.
    fn fill(&self, page: &str) -> String {
        let mut text =
            String::with_capacity(page.len() + self.style.len() + self.script.len() + self.data.len());
        let mut rest = page;
        while let Some((before, (place, after))) =
            rest.split_once("{{").and_then(|(before, after)| Some((before, after.split_once("}}")?)))
        {
            text.push_str(before);
            match place {
                "title" => text.push_str(&escape(self.title)),
                "style" => text.push_str(self.style),
                "script" => text.push_str(self.script),
                "data" => text.push_str(&embed(self.data)),
                _ => debug_assert!(false, "the page has a place named {place}"),
            }
            rest = after;
        }
        text.push_str(rest);
        text
    }
}

/// A text as HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// JSON within an element of script: nothing in it ends the element or begins a comment. `<` stands in texts only, so its
/// escaped form says the same.
fn embed(json: &str) -> String {
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_part_is_not_taken_for_a_place() {
        let data = r#"{"a":"{{title}}</script><!--"}"#;
        let parts = Parts { title: "<{{data}}>", style: "", script: "", data };
        let text = parts.fill("<b>{{title}}</b>{{data}}");
        assert_eq!(text, r#"<b>&lt;{{data}}&gt;</b>{"a":"{{title}}\u003c/script>\u003c!--"}"#);
    }

    #[test]
    fn every_place_of_the_pages_is_filled() {
        for page in [PAGE, OVERVIEW] {
            let text = Parts { title: "", style: "", script: "", data: "" }.fill(page);
            assert!(!text.contains("{{"), "{text}");
        }
    }
}
