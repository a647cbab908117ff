//! The order in which Java's hash tables give their strings back: it decides how children are listed, and in which
//! order the ephemeral nodes of a session go.

/// The table of Java's `HashSet`, made for `initial` entries (a power of two), after it once held `most`: it doubles
/// when it is more than three quarters full, and never shrinks.
pub(super) fn table(initial: usize, most: usize) -> usize {
    let mut size = initial;
    while most > size / 4 * 3 {
        size *= 2;
    }
    size
}

/// Where a string lies in a table of `size` (a power of two).
pub(super) fn place(text: &str, size: usize) -> usize {
    let hash = text.encode_utf16().fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
    (hash ^ hash >> 16) as usize & (size - 1)
}

/// Sorts as a table of `size` would; `text` and the moment it was put in (those in one place lie in that order).
pub(super) fn sort<T>(entries: &mut [T], size: usize, text: impl Fn(&T) -> &str, put: impl Fn(&T) -> u64) {
    if entries.len() > 1 {
        entries.sort_by_cached_key(|entry| (place(text(entry), size), put(entry)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_double_when_three_quarters_full() {
        for (initial, most, size) in
            [(8, 0, 8), (8, 6, 8), (8, 7, 16), (8, 12, 16), (8, 13, 32), (16, 12, 16)]
        {
            assert_eq!(table(initial, most), size, "{initial} {most}");
        }
    }

    /// As ZooKeeper 3.4.14 lists them.
    #[test]
    fn children_come_in_the_originals_order() {
        let mut few = [(0, "one"), (1, "two"), (2, "three"), (3, "four"), (4, "five")];
        sort(&mut few, table(8, 5), |(_, name)| name, |(put, _)| *put);
        assert_eq!(few.map(|(_, name)| name), ["two", "three", "five", "four", "one"]);
        let mut many: Vec<(u64, String)> = (0..20).map(|number| (number, format!("node-{number}"))).collect();
        sort(&mut many, table(8, 20), |(_, name)| name, |(number, _)| *number);
        let numbers: Vec<u64> = many.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 15, 4, 14, 5, 13, 6, 12, 7, 11, 8, 10, 9, 19, 18, 17, 16]);
    }
}
