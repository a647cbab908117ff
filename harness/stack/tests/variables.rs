//! The resolution of variables terminates and never invents text.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use regex::Regex;
use stacklab_stack::Variables;

/// Texts with references, beginnings and ends of them in all orders.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("${".to_owned()),
        Just("}".to_owned()),
        Just("$".to_owned()),
        Just("{".to_owned()),
        Just("\n".to_owned()),
        "[a-c]{1,2}",
        "\\$\\{[a-c]{1,2}\\}",
        "[é ü$HOST:,=]{1,3}",
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn maps(value: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = Variables> {
    let value = value.boxed();
    let map = || btree_map("[a-c]{1,2}", value.clone(), 0..6);
    (map(), map(), map()).prop_map(|(stack, arbitrary, global)| Variables { stack, arbitrary, global })
}

/// All variables by precedence, the weakest first.
fn all(variables: &Variables) -> BTreeMap<&str, &str> {
    let maps = [&variables.global, &variables.arbitrary, &variables.stack];
    maps.into_iter().flatten().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The same variables, with a sign of its own for each value.
fn marked(variables: &Variables) -> (Variables, Vec<(char, String)>) {
    let signs: Vec<(char, String)> =
        ('\u{e000}'..).zip(all(variables)).map(|(sign, (_, value))| (sign, value.to_owned())).collect();
    let names = all(variables).into_keys().map(str::to_owned);
    let stack = names.zip(&signs).map(|(name, (sign, _))| (name, sign.to_string())).collect();
    (Variables { stack, ..Variables::default() }, signs)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// What the original does, where its order does not matter: replace one variable after the other.
    #[test]
    fn replaces_as_one_after_the_other(text in text(), variables in maps("[A-Z0-9:,]{0,4}")) {
        let replaced = all(&variables).into_iter().fold(text.clone(), |text, (name, value)| {
            text.replace(&format!("${{{name}}}"), value)
        });
        prop_assert_eq!(variables.resolve(&text), replaced);
    }

    /// Whatever values hold, the result is the text with values in the places of references, and nothing else: it is the
    /// same with a sign in place of each value.
    #[test]
    fn never_invents_text(input in text(), variables in maps(text())) {
        let (signed, signs) = marked(&variables);
        let mut expected = String::new();
        for c in signed.resolve(&input).chars() {
            match signs.iter().find(|(sign, _)| *sign == c) {
                Some((_, value)) => expected.push_str(value),
                None => {
                    prop_assert!(input.contains(c), "{:?} comes from nowhere", c);
                    expected.push(c);
                }
            }
        }
        prop_assert_eq!(variables.resolve(&input), expected);
    }

    #[test]
    fn leaves_a_text_without_known_references(input in text(), variables in maps(text())) {
        let known = all(&variables).into_keys().any(|name| input.contains(&format!("${{{name}}}")));
        prop_assume!(!known);
        prop_assert_eq!(variables.resolve(&input), input.as_str());
    }

    /// The check for what is left finds what the original's expression finds.
    #[test]
    fn tells_what_is_left(input in text(), variables in maps(text())) {
        let left = Regex::new(r"\$\{.*\}").expect("an expression");
        let resolved = variables.resolve(&input).into_owned();
        let found = left.find(&resolved).map(|found| found.as_str().to_owned());
        match variables.resolve_all(&input) {
            Ok(text) => {
                prop_assert_eq!(text.as_ref(), resolved.as_str());
                prop_assert_eq!(found, None);
            }
            Err(error) => prop_assert_eq!(Some(error.reference), found),
        }
    }
}
