//! Parameters of a call, by name.

/// Query and form parameters, decoded; of several with one name the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Params(pub(crate) Vec<(String, String)>);

impl Params {
    /// A parameter; an empty text if it is there without a value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Reads a parameter if it is there; `read` gives nothing for a value that will not do, which is the
    /// error.
    pub(crate) fn read<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, ()> {
        self.get(name).map(|text| read(text).ok_or(())).transpose()
    }
}

/// A number as Java reads it; infinities and the like are none here.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// For tests: `a=b&c=d`.
#[cfg(test)]
pub(crate) fn params(query: &str) -> Params {
    Params(stacklab_machine::http::decode_form(query))
}
