//! Resources as the timeline prints them: Mesos' way (`cpus:0.1; mem:512; ports:[31991-31991]`) and the frameworks'
//! (`cpus:3.8 mem:15360.0 ports:31000..31458,31460..32000`).

/// Amounts out of such a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Resources {
    /// CPUs, of all roles.
    pub(crate) cpus: f64,
    /// Memory in MB, of all roles.
    pub(crate) mem: f64,
    /// What of the memory and CPUs is reserved for a role: that role.
    pub(crate) reserved: Option<String>,
    /// Port ranges, both ends included.
    pub(crate) ports: Vec<(u32, u32)>,
}

impl Resources {
    /// Reads either form; what cannot be read counts as nothing.
    pub(crate) fn read(text: &str) -> Self {
        let mut resources = Self::default();
        let separator = if text.contains(';') { ';' } else { ' ' };
        for entry in text.split(separator).map(str::trim) {
            let Some((name, value)) = entry.rsplit_once(':') else { continue };
            let (name, of) = name.split_once('(').unwrap_or((name, ""));
            if let Some(role) = role(of) {
                resources.reserved.get_or_insert_with(|| role.to_owned());
            }
            match name {
                "cpus" => resources.cpus += value.parse().unwrap_or(0.0),
                "mem" => resources.mem += value.parse().unwrap_or(0.0),
                "ports" => resources.ports.extend(ranges(value)),
                _ => {}
            }
        }
        resources
    }

    /// Whether a port is among them.
    pub(crate) fn has_port(&self, port: u32) -> bool {
        self.ports.iter().any(|(first, last)| (*first..=*last).contains(&port))
    }
}

/// The role in what stands in brackets behind a name: `cassandra)`, or in Mesos' words
/// `reservations: [(STATIC,cassandra)])`, before which may stand to whom it is allocated.
fn role(of: &str) -> Option<&str> {
    let role = match of.split_once("STATIC,") {
        Some((_, role)) => role,
        None if of.contains(':') => return None,
        None => of,
    };
    role.split(')').next().filter(|role| !role.is_empty() && *role != "*")
}

fn ranges(text: &str) -> impl Iterator<Item = (u32, u32)> {
    let text = text.trim_matches(['[', ']']);
    text.split(',').filter_map(|range| {
        let (first, last) =
            range.split_once("..").or_else(|| range.split_once('-')).unwrap_or((range, range));
        Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms() {
        let mesos = Resources::read("cpus:0.1; mem:512; disk:9; ports:[31459-31459, 31470-31480]");
        assert_eq!((mesos.cpus, mesos.mem), (0.1, 512.0));
        assert!(mesos.has_port(31475) && !mesos.has_port(31460));
        let offered = Resources::read("cpus:3.8 mem:15360.0 ports:31000..31458,31460");
        assert_eq!(offered.ports, [(31000, 31458), (31460, 31460)]);
        assert_eq!(Resources::read("cpus(kafka):2; mem:x").reserved.as_deref(), Some("kafka"));
        let registered = Resources::read("mem:4384; mem(reservations: [(STATIC,batch)]):12000");
        assert_eq!((registered.mem, registered.reserved.as_deref()), (16384.0, Some("batch")));
        let allocated =
            Resources::read("cpus(allocated: *):2; mem(allocated: *)(reservations: [(STATIC,x)]):1");
        assert_eq!((allocated.cpus, allocated.reserved.as_deref()), (2.0, Some("x")));
        assert_eq!(Resources::read("nonsense"), Resources::default());
    }
}
