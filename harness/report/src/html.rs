//! Pages of HTML. Style and script lie as files beside the crate's source and are put into the page, as are the data, as
//! JSON in an element that no browser runs.

use crate::{Run, json};

const PAGE: &str = include_str!("../page/run.html");
const OVERVIEW: &str = include_str!("../page/overview.html");

/// One run of an overview.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The run.
    pub run: &'a Run<'a>,
    /// Where its page lies, from the overview; empty if it has none.
    pub link: &'a str,
}

/// The page of a run.
pub fn page(run: &Run<'_>) -> String {
    fill(PAGE, &json(run))
}

/// A page over several runs: which scenarios passed, why others did not, and where their pages are.
pub fn overview(title: &str, rows: &[Row<'_>]) -> String {
    let _ = rows;
    fill(OVERVIEW, &serde_json::json!({ "title": title }).to_string())
}

/// A name for the page of a run, the same for the same scenario, backend and seed: lower-case letters, digits and dashes.
pub fn file_name(run: &Run<'_>) -> String {
    let name = format!("{}-{}-{}", run.scenario, run.backend, run.seed);
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let parts: String = name.chars().map(plain).collect();
    let parts: Vec<&str> = parts.split('-').filter(|part| !part.is_empty()).collect();
    format!("{}.html", parts.join("-"))
}

/// Puts the data into a page. No `</` is left in them, so they cannot end their element.
fn fill(page: &str, data: &str) -> String {
    page.replacen("{{data}}", &data.replace("</", "<\\/").replace("<!--", "<\\u0021--"), 1)
}
