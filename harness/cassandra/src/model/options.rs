//! What stands behind WITH: replication of keyspaces, options of tables.

use std::collections::BTreeMap;

use super::schema::{Keyspace, Replication, TableOptions};
use crate::CqlError;
use crate::cql::{Properties, Property};

const LOCATOR: &str = "org.apache.cassandra.locator.";
const COMPACTION: &str = "org.apache.cassandra.db.compaction.";
const COMPRESS: &str = "org.apache.cassandra.io.compress.";
const COMPRESSORS: [&str; 3] = ["LZ4Compressor", "SnappyCompressor", "DeflateCompressor"];
const STRATEGIES: [&str; 3] =
    ["SizeTieredCompactionStrategy", "LeveledCompactionStrategy", "DateTieredCompactionStrategy"];

/// Applies the options of a keyspace; whether replication was among them.
pub(super) fn keyspace(keyspace: &mut Keyspace, properties: &Properties) -> Result<bool, CqlError> {
    let mut replicated = false;
    for (name, value) in properties {
        match (name.as_str(), value) {
            ("replication", Property::Map(entries)) => {
                keyspace.replication = replication(&keyspace.name, entries)?;
                replicated = true;
            }
            ("durable_writes", Property::Text(text)) => {
                keyspace.durable_writes = text.eq_ignore_ascii_case("true")
            }
            ("replication", _) => return Err(not_a_map(name)),
            _ => return Err(unknown(name)),
        }
    }
    Ok(replicated)
}

fn replication(keyspace: &str, entries: &[(String, String)]) -> Result<Replication, CqlError> {
    let class = entries.iter().find(|(key, _)| key == "class").map(|(_, class)| class.as_str());
    let class = class.ok_or_else(|| config("Missing mandatory replication strategy class"))?;
    let others = || entries.iter().filter(|(key, _)| key != "class");
    let factor = |text: &str| {
        let number = text
            .parse::<i32>()
            .map_err(|_| config(&format!("Replication factor must be numeric; found {text}")))?;
        usize::try_from(number)
            .map_err(|_| config(&format!("Replication factor must be non-negative; found {text}")))
    };
    match class.strip_prefix(LOCATOR).unwrap_or(class) {
        "SimpleStrategy" => {
            if let Some((key, _)) = others().find(|(key, _)| key != "replication_factor") {
                return Err(config(&format!(
                    "Unrecognized strategy option {{{key}}} passed to SimpleStrategy for keyspace {keyspace}"
                )));
            }
            match others().next() {
                Some((_, text)) => Ok(Replication::Simple(factor(text)?)),
                None => Err(config("SimpleStrategy requires a replication_factor strategy option.")),
            }
        }
        "NetworkTopologyStrategy" => {
            let mut factors = BTreeMap::new();
            for (dc, text) in others() {
                if dc == "replication_factor" {
                    return Err(config(
                        "replication_factor is an option for SimpleStrategy, not NetworkTopologyStrategy",
                    ));
                }
                factors.insert(dc.clone(), factor(text)?);
            }
            Ok(Replication::Network(factors))
        }
        "LocalStrategy" => {
            Err(config("Unable to use given strategy class: LocalStrategy is reserved for internal use."))
        }
        _ => {
            let full = if class.contains('.') { class.to_owned() } else { format!("{LOCATOR}{class}") };
            Err(config(&format!("Unable to find replication strategy class '{full}'")))
        }
    }
}

/// Class name and options of a replication, as the schema tables have them.
pub(super) fn replication_texts(replication: &Replication) -> (String, BTreeMap<String, String>) {
    let (class, options) = match replication {
        Replication::Local => ("LocalStrategy", BTreeMap::new()),
        Replication::Simple(factor) => {
            ("SimpleStrategy", BTreeMap::from([("replication_factor".to_owned(), factor.to_string())]))
        }
        Replication::Network(factors) => (
            "NetworkTopologyStrategy",
            factors.iter().map(|(dc, factor)| (dc.clone(), factor.to_string())).collect(),
        ),
    };
    (format!("{LOCATOR}{class}"), options)
}

/// Applies the options of a table.
pub(super) fn table(options: &mut TableOptions, properties: &Properties) -> Result<(), CqlError> {
    apply(options, properties)?;
    // Once it has been chosen it stays, whatever becomes of the compaction.
    let leveled = options.compaction_class.ends_with("LeveledCompactionStrategy");
    options.bloom_filter_fp_chance.get_or_insert(if leveled { 0.1 } else { 0.01 });
    Ok(())
}

fn apply(options: &mut TableOptions, properties: &Properties) -> Result<(), CqlError> {
    for (at, (name, value)) in properties.iter().enumerate() {
        if properties[..at].iter().any(|(other, _)| other == name) {
            return Err(CqlError::Syntax(format!("Multiple definition for property '{name}'")));
        }
        match value {
            Property::Map(entries) => map_option(options, name, entries)?,
            Property::Text(text) => text_option(options, name, text)?,
        }
    }
    Ok(())
}

fn map_option(options: &mut TableOptions, name: &str, entries: &[(String, String)]) -> Result<(), CqlError> {
    let mut map: BTreeMap<_, _> = entries.iter().cloned().collect();
    match name {
        "compaction" => {
            let class = map.remove("class");
            let class =
                class.ok_or_else(|| config("Missing sub-option 'class' for the 'compaction' option."))?;
            let full = if class.contains('.') { class } else { format!("{COMPACTION}{class}") };
            if !full.strip_prefix(COMPACTION).is_some_and(|short| STRATEGIES.contains(&short)) {
                return Err(config(&format!("Unable to find compaction strategy class '{full}'")));
            }
            options.compaction_class = full;
            let said = entries.iter().filter(|(key, _)| key != "class");
            options.compaction = said.cloned().collect();
        }
        "compression" => {
            if let Some(class) = map.get_mut("sstable_compression")
                && !class.is_empty()
            {
                if !class.contains('.') {
                    *class = format!("{COMPRESS}{class}");
                }
                if !class.strip_prefix(COMPRESS).is_some_and(|short| COMPRESSORS.contains(&short)) {
                    return Err(config(&format!("Could not create Compression for type {class}")));
                }
            }
            map.retain(|key, value| !(key == "sstable_compression" && value.is_empty()));
            options.compression = map;
        }
        "caching" => {
            // What is not said is not cached.
            options.caching.values_mut().for_each(|value| "NONE".clone_into(value));
            for (key, value) in map {
                if !matches!(key.as_str(), "keys" | "rows_per_partition") {
                    return Err(config(&format!(
                        "Only supported CachingOptions parameters are 'keys' and 'rows_per_partition', but was '{key}'"
                    )));
                }
                options.caching.insert(key, value);
            }
        }
        _ => return Err(if is_known(name) { not_text(name) } else { unknown(name) }),
    }
    Ok(())
}

fn text_option(options: &mut TableOptions, name: &str, text: &str) -> Result<(), CqlError> {
    let int = || {
        text.parse::<i32>()
            .map_err(|_| CqlError::Syntax(format!("Invalid integer value {text} for '{name}'")))
    };
    let double = || {
        text.parse::<f64>().map_err(|_| CqlError::Syntax(format!("Invalid double value {text} for '{name}'")))
    };
    match name {
        "comment" => text.clone_into(&mut options.comment),
        "bloom_filter_fp_chance" => {
            let chance = double()?;
            if !(chance > 6.71e-5 && chance <= 1.0) {
                return Err(config(&format!(
                    "bloom_filter_fp_chance must be larger than 6.71E-5 and less than or equal to 1.0 (got {chance:?})"
                )));
            }
            options.bloom_filter_fp_chance = Some(chance);
        }
        "dclocal_read_repair_chance" => options.dclocal_read_repair_chance = double()?,
        "read_repair_chance" => options.read_repair_chance = double()?,
        "default_time_to_live" => {
            let ttl = int()?;
            if ttl < 0 {
                return Err(config("default_time_to_live cannot be smaller than 0, (default 0)"));
            }
            options.default_time_to_live = ttl;
        }
        "gc_grace_seconds" => options.gc_grace_seconds = int()?,
        "max_index_interval" => options.max_index_interval = int()?,
        "min_index_interval" => options.min_index_interval = int()?,
        "memtable_flush_period_in_ms" => options.memtable_flush_period = int()?,
        "speculative_retry" => options.speculative_retry = speculative_retry(text)?,
        "compaction" | "compression" | "caching" => return Err(not_a_map(name)),
        // Set by tools that copy a table; Cassandra takes it and ignores it here.
        "id" => {}
        _ => return Err(unknown(name)),
    }
    Ok(())
}

/// `99PERCENTILE`, `10ms`, `ALWAYS`, `NONE`, in the form of the schema tables.
fn speculative_retry(text: &str) -> Result<String, CqlError> {
    let upper = text.to_ascii_uppercase();
    let wrong = || config(&format!("invalid speculative_retry type: {text}"));
    if let Some(number) = upper.strip_suffix("PERCENTILE") {
        let number = number.parse::<f64>().map_err(|_| wrong())?;
        if !(0.0..=100.0).contains(&number) {
            return Err(config(&format!("PERCENTILE should be between 0 and 100, but was {number:?}")));
        }
        return Ok(format!("{number:?}PERCENTILE"));
    }
    if let Some(number) = upper.strip_suffix("MS") {
        return Ok(format!("{:?}ms", number.parse::<f64>().map_err(|_| wrong())?));
    }
    if matches!(upper.as_str(), "ALWAYS" | "NONE") { Ok(upper) } else { Err(wrong()) }
}

fn is_known(name: &str) -> bool {
    text_option(&mut TableOptions::default(), name, "1").is_ok()
}

fn config(text: &str) -> CqlError {
    CqlError::Config(text.to_owned())
}

fn unknown(name: &str) -> CqlError {
    CqlError::Syntax(format!("Unknown property '{name}'"))
}

fn not_a_map(name: &str) -> CqlError {
    CqlError::Syntax(format!("Invalid value for property '{name}'. It should be a map."))
}

fn not_text(name: &str) -> CqlError {
    CqlError::Syntax(format!("Invalid value for property '{name}'. It should be a string"))
}
