//! Variables of a run: `${name}` in the texts of a stack.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::go_json;

/// What a text may refer to, of three kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// Set during the run: `mesos.master`, `zone`, `stack`, and what the task runners publish. Highest precedence.
    pub stack: BTreeMap<String, String>,
    /// Of this run (`run --var`).
    pub arbitrary: BTreeMap<String, String>,
    /// Of the server (`server --var`). Lowest precedence.
    pub global: BTreeMap<String, String>,
}

/// A text that refers to something that is not there, in the original's words (without the application's id).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Unresolved variable {reference}. Available variables:\n{available}")]
pub struct Unresolved {
    /// From the first `${` to the last `}` of its line.
    pub reference: String,
    /// All variables, as indented JSON.
    pub available: String,
}

impl Variables {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.stack
            .get(name)
            .or_else(|| self.arbitrary.get(name))
            .or_else(|| self.global.get(name))
            .map(String::as_str)
    }

    /// Replaces what is known; `$HOST` and unknown names stay. A value that holds `${x}` itself is not looked at
    /// again (the original may or may not, by the order of a map).
    pub fn resolve<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut resolved = String::new();
        let mut copied = 0;
        let mut from = 0;
        while let Some(start) = text[from..].find("${").map(|offset| from + offset) {
            let Some(end) = text[start..].find('}').map(|offset| start + offset) else { break };
            let Some(value) = self.get(&text[start + 2..end]) else {
                from = start + 2;
                continue;
            };
            resolved.push_str(&text[copied..start]);
            resolved.push_str(value);
            copied = end + 1;
            from = copied;
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        resolved.push_str(&text[copied..]);
        Cow::Owned(resolved)
    }

    /// Replaces what is known and insists that nothing is left, by the original's rule: no `${…}` in any line.
    ///
    /// # Errors
    /// Something is left.
    pub fn resolve_all<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, Unresolved> {
        let resolved = self.resolve(text);
        match unresolved(&resolved) {
            Some(reference) => Err(Unresolved { reference: reference.to_owned(), available: self.to_json() }),
            None => Ok(resolved),
        }
    }

    /// All variables as the original shows them: three maps in alphabetical order, indented by two blanks.
    pub fn to_json(&self) -> String {
        let mut json = String::from("{\n");
        let kinds = [
            ("ArbitraryVariables", &self.arbitrary),
            ("GlobalVariables", &self.global),
            ("StackVariables", &self.stack),
        ];
        for (index, (kind, variables)) in kinds.into_iter().enumerate() {
            json.push_str(&format!("{}  \"{kind}\": {{", if index > 0 { ",\n" } else { "" }));
            for (index, (name, value)) in variables.iter().enumerate() {
                json.push_str(if index > 0 { ",\n    " } else { "\n    " });
                go_json::write_string(name, &mut json);
                json.push_str(": ");
                go_json::write_string(value, &mut json);
            }
            json.push_str(if variables.is_empty() { "}" } else { "\n  }" });
        }
        json.push_str("\n}");
        json
    }
}

/// What the expression `\$\{.*\}` finds first: greedy, within a line.
pub(crate) fn unresolved(text: &str) -> Option<&str> {
    text.split('\n').find_map(|line| {
        let start = line.find("${")?;
        let end = line.rfind('}').filter(|end| *end > start)?;
        Some(&line[start..=end])
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn variables() -> Variables {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        Variables {
            stack: map(&[("zone", "z"), ("a.b", "1"), ("nested", "${zone}")]),
            arbitrary: map(&[("zone", "low"), ("zk_url", "h:2181&<")]),
            global: map(&[("zk_url", "lower"), ("g", "G")]),
        }
    }

    #[test]
    fn replaces_by_precedence() {
        for (text, resolved) in [
            ("plain $HOST:$PORT0", "plain $HOST:$PORT0"),
            ("${zone}/${zk_url}/${g}", "z/h:2181&</G"),
            ("${a.b}${a.b}x", "11x"),
            ("${nested}", "${zone}"),
            ("${nope} ${g}", "${nope} G"),
            ("${open", "${open"),
            ("${${g}}", "${G}"),
        ] {
            assert_eq!(variables().resolve(text), resolved);
        }
    }

    #[test]
    fn tells_what_is_left() {
        let error = variables().resolve_all("ok ${g}\nx ${nope} and ${other} y").unwrap_err();
        expect![[r#"
            Unresolved variable ${nope} and ${other}. Available variables:
            {
              "ArbitraryVariables": {
                "zk_url": "h:2181\u0026\u003c",
                "zone": "low"
              },
              "GlobalVariables": {
                "g": "G",
                "zk_url": "lower"
              },
              "StackVariables": {
                "a.b": "1",
                "nested": "${zone}",
                "zone": "z"
              }
            }"#]]
        .assert_eq(&error.to_string());
        let empty = Variables::default().to_json();
        assert_eq!(
            empty,
            "{\n  \"ArbitraryVariables\": {},\n  \"GlobalVariables\": {},\n  \"StackVariables\": {}\n}"
        );
        assert!(variables().resolve_all("${a\nb}").is_ok(), "the check looks at single lines");
    }
}
