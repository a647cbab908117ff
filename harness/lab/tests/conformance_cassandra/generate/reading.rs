//! SELECT.

use super::{Column, Role, TABLE, Table, Writer};
use crate::shape::Type;

impl Table {
    pub(super) fn select(&self, to: &mut Writer) -> String {
        let what = self.selection(to);
        let mut relations = self.partition(to);
        if relations.is_empty() {
            if to.draw.chance(25) {
                relations.extend(self.clustering(to));
            }
        } else if to.draw.chance(60) {
            relations.extend(self.clustering(to));
        }
        if to.draw.chance(18) {
            relations.extend(self.other(to));
        }
        let place =
            if relations.is_empty() { String::new() } else { format!(" WHERE {}", relations.join(" AND ")) };
        let clustering: Vec<_> = self.of(Role::Clustering).collect();
        let order = if !clustering.is_empty() && to.draw.chance(15) {
            let depth = 1 + to.draw.below(clustering.len());
            let way = if to.draw.either() { "ASC" } else { "DESC" };
            let names: Vec<_> =
                clustering[..depth].iter().map(|column| format!("{} {way}", column.name)).collect();
            format!(" ORDER BY {}", names.join(", "))
        } else {
            String::new()
        };
        let limit = if !self.dropped && to.draw.chance(15) {
            let value = Type::Scalar(0).value(to.draw);
            match to.draw.below(4) {
                0 => format!(" LIMIT {}", to.value(&value)),
                _ => format!(" LIMIT {}", 1 + to.draw.below(3)),
            }
        } else {
            String::new()
        };
        let filtering = if to.draw.chance(25) { " ALLOW FILTERING" } else { "" };
        format!("SELECT {what} FROM {TABLE}{place}{order}{limit}{filtering}")
    }

    fn selection(&self, to: &mut Writer) -> String {
        let names = |columns: Vec<&Column>| {
            columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>().join(", ")
        };
        let partition = || names(self.of(Role::Partition).collect());
        match to.draw.below(12) {
            0 => "count(*)".to_owned(),
            1 | 2 if self.dropped => "*".to_owned(),
            1 => format!("DISTINCT {}", partition()),
            2 if self.of(Role::Static).count() > 0 => format!("DISTINCT {}, s", partition()),
            3 => format!("token({})", partition()),
            4 | 5 => {
                let others = self.others();
                if others.is_empty() {
                    return "*".to_owned();
                }
                let column = to.draw.one(&others);
                let name = &column.name;
                match to.draw.below(4) {
                    0 => format!("{name}, ttl({name})"),
                    1 => format!("min({name}), max({name}), count({name})"),
                    _ => format!("{name}, writetime({name})"),
                }
            }
            6..8 => {
                let columns: Vec<_> = self.columns.iter().collect();
                names(to.draw.some(&columns, 3))
            }
            _ => "*".to_owned(),
        }
    }

    /// What is said of the partition: mostly all of its key, or nothing.
    fn partition(&self, to: &mut Writer) -> Vec<String> {
        let columns: Vec<_> = self.of(Role::Partition).collect();
        match to.draw.below(20) {
            0..5 => Vec::new(),
            5 | 6 => {
                let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
                let token = format!("token({})", names.join(", "));
                let values: Vec<_> = columns.iter().map(|column| to.of(&column.ty)).collect();
                let operator = *to.draw.one(&[">", ">=", "<", "<=", "="]);
                vec![format!("{token} {operator} token({})", values.join(", "))]
            }
            7 => columns
                .iter()
                .skip(1)
                .map(|column| format!("{} = {}", column.name, to.of(&column.ty)))
                .collect(),
            8 => columns
                .iter()
                .map(|column| format!("{} {} {}", column.name, to.draw.one(&["=", "<"]), to.of(&column.ty)))
                .collect(),
            9..12 => columns
                .iter()
                .enumerate()
                .map(|(at, column)| {
                    if at + 1 < columns.len() && to.draw.chance(70) {
                        return format!("{} = {}", column.name, to.of(&column.ty));
                    }
                    let values: Vec<_> = (0..1 + to.draw.below(3)).map(|_| to.of(&column.ty)).collect();
                    format!("{} IN ({})", column.name, values.join(", "))
                })
                .collect(),
            _ => columns.iter().map(|column| format!("{} = {}", column.name, to.of(&column.ty))).collect(),
        }
    }

    /// A prefix of the clustering columns, the last as a range or a choice; seldom with a gap.
    fn clustering(&self, to: &mut Writer) -> Vec<String> {
        let mut columns: Vec<_> = self.of(Role::Clustering).collect();
        if columns.is_empty() {
            return Vec::new();
        }
        if to.draw.chance(6) {
            columns.remove(0);
        }
        let depth = 1 + to.draw.below(columns.len());
        columns.truncate(depth);
        let mut out = Vec::new();
        for (at, column) in columns.iter().enumerate() {
            let (name, ty) = (&column.name, &column.ty);
            let last = at + 1 == columns.len();
            match to.draw.below(10) {
                0..3 if last => {
                    let operator = *to.draw.one(&["<", "<=", ">", ">="]);
                    out.push(format!("{name} {operator} {}", to.of(ty)));
                }
                3 | 4 if last => {
                    let (from, until) = (*to.draw.one(&[">", ">="]), *to.draw.one(&["<", "<="]));
                    out.push(format!("{name} {from} {}", to.of(ty)));
                    out.push(format!("{name} {until} {}", to.of(ty)));
                }
                5 => {
                    let values: Vec<_> = (0..to.draw.below(4)).map(|_| to.of(ty)).collect();
                    out.push(format!("{name} IN ({})", values.join(", ")));
                }
                _ => out.push(format!("{name} = {}", to.of(ty))),
            }
        }
        out
    }

    /// Of a column outside the key, which an index may serve.
    fn other(&self, to: &mut Writer) -> Option<String> {
        let others = self.others();
        if others.is_empty() {
            return None;
        }
        let column = *to.draw.one(&others);
        let name = &column.name;
        if column.ty.is_collection()
            && let Some(element) = column.ty.element(to.draw)
        {
            let key = matches!(column.ty, Type::Map(..)) && to.draw.chance(60);
            let word = if key { "CONTAINS KEY" } else { "CONTAINS" };
            return Some(match (&column.ty, key) {
                (Type::Map(_, value), false) => format!("{name} {word} {}", to.of(&Type::Scalar(*value))),
                _ => format!("{name} {word} {}", to.value(&element)),
            });
        }
        let operator = *to.draw.one(&["=", "=", "=", "=", "<"]);
        Some(format!("{name} {operator} {}", to.of(&column.ty)))
    }
}
