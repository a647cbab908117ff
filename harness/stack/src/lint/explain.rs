//! The pages that explain the rules.

use super::json;
use super::rules::{self, Rule};

/// One section a rule: what happens on the cluster, why, and the cure.
const PAGES: &str = include_str!("pages.md");

/// The page of a code (`SD012`, in any case), as Markdown with its title; `json` for that of [`Report::to_json`]. `None`
/// for a code that there is not.
///
/// [`Report::to_json`]: super::Report::to_json
pub fn explain(code: &str) -> Option<String> {
    if code == "json" {
        return Some(json::PAGE.into());
    }
    let rule = rules::ALL.iter().find(|rule| rule.code.eq_ignore_ascii_case(code))?;
    let body = body(rule)?;
    Some(format!("# {} ({}): {}\n\n{body}\n", rule.code, rule.severity, rule.title))
}

/// All codes with their titles, a line each.
pub(super) fn index() -> String {
    let line = |rule: &Rule| format!("{}  {:7}  {}\n", rule.code, rule.severity.to_string(), rule.title);
    rules::ALL.iter().map(line).collect()
}

fn body(rule: &Rule) -> Option<&'static str> {
    let heading = format!("## {}\n", rule.code);
    let start = PAGES.find(&heading)? + heading.len();
    let rest = &PAGES[start..];
    Some(rest.split("\n## ").next().unwrap_or(rest).trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_a_page_and_each_page_a_rule() {
        for rule in rules::ALL {
            let body = body(rule).unwrap_or_default();
            assert!(body.len() > 80, "{}: {body}", rule.code);
            let (words, lines) = (body.split_whitespace().count(), body.lines().count());
            assert!(words < 220 && lines < 30, "{} is to be short: {words} words", rule.code);
        }
        let headings = PAGES.lines().filter_map(|line| line.strip_prefix("## "));
        let known: Vec<&str> = rules::ALL.iter().map(|rule| rule.code).collect();
        assert_eq!(headings.collect::<Vec<_>>(), known);
    }

    #[test]
    fn finds_pages_by_code() {
        assert!(
            explain("sd051").is_some_and(|page| page.starts_with("# SD051 (error): a variable in a task"))
        );
        assert_eq!(explain("SD999"), None);
        assert!(index().lines().all(|line| line.starts_with("SD")));
    }
}
