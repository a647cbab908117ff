//! Addresses of calls, and the names that one instance goes by.

/// Path and parameters of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Url {
    pub(crate) path: String,
    pub(crate) parameters: Vec<(String, String)>,
}

impl Url {
    /// Takes an address apart.
    pub(crate) fn read(url: &str) -> Self {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let path = rest.find('/').map_or("", |slash| &rest[slash..]);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        };
        let parameters = query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect();
        Self { path: path.to_owned(), parameters }
    }

    /// A parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The ids of instances that it concerns: `70..72` and lists are taken apart.
    pub(crate) fn ids(&self) -> Vec<String> {
        let text = ["id", "broker", "node"].into_iter().find_map(|name| self.get(name)).unwrap_or_default();
        text.split(',').filter(|part| !part.is_empty()).flat_map(expand).collect()
    }
}

/// Most ids of one range.
const MAX_RANGE: u32 = 1000;

fn expand(part: &str) -> Vec<String> {
    let ends =
        part.split_once("..").and_then(|(a, b)| Some((a.parse::<u32>().ok()?, b.parse::<u32>().ok()?)));
    match ends {
        Some((first, last)) if last >= first && last - first < MAX_RANGE => {
            (first..=last).map(|id| id.to_string()).collect()
        }
        _ => vec![part.to_owned()],
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| char::from(byte?).to_digit(16);
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => match (hex(rest.next()), hex(rest.next())) {
                (Some(high), Some(low)) => (high * 16 + low) as u8,
                _ => b'%',
            },
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The name of an instance's tasks: `broker 70` → `broker-70`, `collector instance 0` → `zipkin-collector-0`.
pub(crate) fn task_name(instance: &str) -> String {
    let words: Vec<&str> = instance.split(' ').collect();
    match words.as_slice() {
        ["server", id] => format!("exhibitor-{id}"),
        ["node", id] => format!("cassandra-{id}"),
        [kind, "instance", id] => format!("zipkin-{kind}-{id}"),
        [kind, id] => format!("{kind}-{id}"),
        _ => instance.to_owned(),
    }
}

/// The name in a task's id, as the frameworks and Marathon make them: `broker-70-<uuid>` → `broker-70`.
pub(crate) fn name_in(task: &str) -> Option<&str> {
    if let Some((name, _)) = task.rsplit_once('.') {
        return Some(name);
    }
    let parts = if task.starts_with("zipkin-") { 3 } else { 2 };
    let (end, _) = task.match_indices('-').nth(parts - 1)?;
    Some(&task[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_calls_apart() {
        let url = Url::read("http://h:1/api/broker/add?broker=70..72,9&constraints=hostname%3Dunique&x=a+b");
        assert_eq!(url.path, "/api/broker/add");
        assert_eq!(url.get("constraints"), Some("hostname=unique"));
        assert_eq!(url.get("x"), Some("a b"));
        assert_eq!(url.ids(), ["70", "71", "72", "9"]);
        assert_eq!(Url::read("h%").parameters, []);
        assert_eq!(Url::read("http://h/?a=%zz%4").get("a"), Some("%%"));
    }

    #[test]
    fn names_tasks() {
        for (instance, task) in [
            ("server 70", "exhibitor-70"),
            ("broker 7", "broker-7"),
            ("node 0", "cassandra-0"),
            ("query instance 0", "zipkin-query-0"),
        ] {
            assert_eq!(task_name(instance), task);
            assert_eq!(name_in(&format!("{task}-1456-x")), Some(task));
        }
        assert_eq!(name_in("dse-mesos-0_2.8d-df"), Some("dse-mesos-0_2"));
        assert_eq!(name_in("x"), None);
    }
}
