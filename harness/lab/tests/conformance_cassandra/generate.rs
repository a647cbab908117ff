//! Sequences of operations on one table, drawn from a seed.

use crate::operation::{Bind, How, Kind, Level, Operation, Statement, q};
use crate::shape::{Draw, Type, Value};

const TABLE: &str = "cf.g";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    Partition,
    Clustering,
    Static,
    Regular,
}

#[derive(Clone, Debug)]
struct Column {
    name: String,
    ty: Type,
    role: Role,
}

/// The table as the generator takes it to be.
struct Table {
    columns: Vec<Column>,
    counters: bool,
    /// Names that are given out.
    names: usize,
    /// Whether a column has been dropped.
    dropped: bool,
}

/// A statement in the making: values become constants or bind variables.
struct Writer<'a> {
    draw: &'a mut Draw,
    binds: Vec<Bind>,
    /// How many of a hundred values are bound.
    bound: usize,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value) -> String {
        if self.draw.chance(self.bound) {
            self.binds.push(Bind::Bytes(value.bytes.clone()));
            return "?".to_owned();
        }
        value.text.clone()
    }

    fn of(&mut self, ty: &Type) -> String {
        let value = ty.value(self.draw);
        self.value(&value)
    }

    /// A value to write, which may be null or unset.
    fn written(&mut self, ty: &Type) -> String {
        match self.draw.below(100) {
            0..6 => "null".to_owned(),
            6..10 if self.bound > 0 => {
                self.binds.push(if self.draw.either() { Bind::Null } else { Bind::Unset });
                "?".to_owned()
            }
            _ => self.of(ty),
        }
    }
}

/// A sequence: a table is made, and then so many operations.
pub(crate) fn sequence(draw: &mut Draw, operations: usize) -> Vec<Operation> {
    let mut out = vec![q("CREATE TYPE cf.ty (a int, b text)")];
    let mut table = Table::draw(draw);
    out.push(q(&table.create(draw)));
    while out.len() < operations {
        let operation = match draw.below(100) {
            0..24 => table.run(draw, Table::insert),
            24..40 => table.run(draw, Table::update),
            40..52 => table.run(draw, Table::delete),
            52..90 => read(draw, &table),
            90..96 => batch(draw, &table),
            _ => q(&table.alter(draw)),
        };
        out.push(operation);
    }
    out
}

/// A statement, with binds in about half of the cases.
fn statement(draw: &mut Draw, write: impl FnOnce(&mut Writer) -> String) -> Statement {
    let bound = *draw.one(&[0, 0, 50, 100]);
    let mut to = Writer { draw, binds: Vec::new(), bound };
    let cql = write(&mut to);
    Statement { cql, binds: to.binds }
}

fn read(draw: &mut Draw, table: &Table) -> Operation {
    // Where static or dropped columns are, what is deleted makes the original count its pages otherwise.
    let counts = !table.dropped && table.of(Role::Static).count() == 0;
    let page = (counts && draw.chance(25)).then(|| 1 + draw.below(4) as i32);
    Operation::Run(statement(draw, |to| table.select(to)), How { page, ..How::default() })
}

fn batch(draw: &mut Draw, table: &Table) -> Operation {
    let kind = match draw.below(10) {
        0 => Kind::Counter,
        _ if table.counters => Kind::Counter,
        1..4 => Kind::Unlogged,
        _ => Kind::Logged,
    };
    let statements = (0..1 + draw.below(4)).map(|_| {
        statement(draw, |to| match to.draw.below(4) {
            0 | 1 => table.insert(to),
            2 => table.update(to),
            _ => table.delete(to),
        })
    });
    let statements = statements.collect();
    let timestamp = draw.chance(20).then_some(7);
    Operation::Batch(kind, statements, How { timestamp, ..How::default() })
}

impl Table {
    fn draw(draw: &mut Draw) -> Self {
        let counters = draw.chance(8);
        let mut columns = Vec::new();
        let mut add = |name: String, ty, role| columns.push(Column { name, ty, role });
        for at in 0..1 + draw.below(4) / 2 {
            add(format!("p{at}"), Type::of_key(draw), Role::Partition);
        }
        let clustering = *draw.one(&[0, 1, 1, 2, 2, 3]);
        for at in 0..clustering {
            add(format!("c{at}"), Type::of_key(draw), Role::Clustering);
        }
        let ty = |draw: &mut Draw| if counters { Type::Counter } else { Type::any(draw) };
        if clustering > 0 && draw.either() {
            add("s".to_owned(), ty(draw), Role::Static);
        }
        let regular = if counters { 1 + draw.below(2) } else { draw.below(5) };
        for at in 0..regular {
            add(format!("v{at}"), ty(draw), Role::Regular);
        }
        Self { columns, counters, names: regular, dropped: false }
    }

    fn run(&self, draw: &mut Draw, write: impl FnOnce(&Self, &mut Writer) -> String) -> Operation {
        let timestamp = draw.chance(8).then(|| draw.below(20) as i64);
        let level = draw.chance(2).then(|| *draw.one(&[Level::Quorum, Level::All, Level::Any, Level::Two]));
        Operation::Run(statement(draw, |to| write(self, to)), How { timestamp, level, ..How::default() })
    }

    fn create(&self, draw: &mut Draw) -> String {
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|column| {
                let tail = if column.role == Role::Static { " static" } else { "" };
                format!("{} {}{tail}", column.name, column.ty.text())
            })
            .collect();
        let names = |role| self.of(role).map(|column| column.name.clone()).collect::<Vec<_>>();
        let clustering = names(Role::Clustering);
        let mut key = vec![format!("({})", names(Role::Partition).join(", "))];
        key.extend(clustering.clone());
        let mut options = Vec::new();
        if !clustering.is_empty() && draw.either() {
            let orders: Vec<_> = clustering
                .iter()
                .map(|name| format!("{name} {}", if draw.either() { "DESC" } else { "ASC" }))
                .collect();
            options.push(format!("CLUSTERING ORDER BY ({})", orders.join(", ")));
        }
        if !self.counters && draw.chance(10) {
            options.push("default_time_to_live = 7000".to_owned());
        }
        let with =
            if options.is_empty() { String::new() } else { format!(" WITH {}", options.join(" AND ")) };
        format!("CREATE TABLE {TABLE} ({}, PRIMARY KEY ({})){with}", columns.join(", "), key.join(", "))
    }

    fn of(&self, role: Role) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(move |column| column.role == role)
    }

    fn others(&self) -> Vec<&Column> {
        self.columns.iter().filter(|column| matches!(column.role, Role::Static | Role::Regular)).collect()
    }

    /// USING, or nothing.
    fn using(&self, to: &mut Writer, ttl: bool) -> String {
        let timestamp = |to: &mut Writer| format!("TIMESTAMP {}", to.draw.below(20));
        let live = |to: &mut Writer| format!("TTL {}", 1000 * to.draw.below(4));
        match to.draw.below(16) {
            0 | 1 => format!(" USING {}", timestamp(to)),
            2 if ttl => format!(" USING {}", live(to)),
            3 if ttl => format!(" USING {} AND {}", timestamp(to), live(to)),
            _ => String::new(),
        }
    }

    fn insert(&self, to: &mut Writer) -> String {
        // A counter is never inserted, and seldom a part of the key is missing.
        if self.counters && to.draw.chance(95) {
            return self.update(to);
        }
        let others: Vec<_> = self.others();
        let most = others.len();
        let mut columns: Vec<_> = self.of(Role::Partition).collect();
        let only_static = to.draw.chance(6);
        if !only_static {
            columns.extend(self.of(Role::Clustering));
        }
        columns.extend(
            to.draw.some(&others, most).into_iter().filter(|_| most > 0 && !only_static || most == 1),
        );
        if to.draw.chance(30) {
            columns.retain(|column| {
                matches!(column.role, Role::Partition | Role::Clustering) || to.draw.either()
            });
        }
        if to.draw.chance(2) {
            columns.pop();
        }
        let values: Vec<_> = columns
            .iter()
            .map(|column| match column.role {
                Role::Partition | Role::Clustering => to.of(&column.ty),
                Role::Static | Role::Regular => to.written(&column.ty),
            })
            .collect();
        let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
        let condition = if to.draw.chance(12) { " IF NOT EXISTS" } else { "" };
        let using = self.using(to, true);
        format!("INSERT INTO {TABLE} ({}) VALUES ({}){condition}{using}", names.join(", "), values.join(", "))
    }

    /// The key of what is to be written: all of it, or only the partition's.
    fn key(&self, to: &mut Writer, columns: &[&Column]) -> String {
        let relations: Vec<_> = columns
            .iter()
            .map(|column| match (column.role, to.draw.below(30)) {
                (_, 0) => {
                    let (a, b) = (to.of(&column.ty), to.of(&column.ty));
                    format!("{} IN ({a}, {b})", column.name)
                }
                _ => format!("{} = {}", column.name, to.of(&column.ty)),
            })
            .collect();
        relations.join(" AND ")
    }

    fn assignment(to: &mut Writer, column: &Column) -> String {
        let (name, ty) = (&column.name, &column.ty);
        if *ty == Type::Counter {
            let sign = if to.draw.either() { '+' } else { '-' };
            return format!("{name} = {name} {sign} {}", to.of(ty));
        }
        if !ty.is_collection() || to.draw.chance(30) {
            return format!("{name} = {}", to.written(ty));
        }
        match (ty, to.draw.below(4)) {
            (Type::List(_), 0) => format!("{name} = {} + {name}", to.of(ty)),
            (Type::List(of), 1) => {
                let at = to.draw.below(3);
                format!("{name}[{at}] = {}", to.of(&Type::Scalar(*of)))
            }
            (Type::Map(key, value), 0 | 1) => {
                let key = to.of(&Type::Scalar(*key));
                format!("{name}[{key}] = {}", to.written(&Type::Scalar(*value)))
            }
            (Type::Map(key, _), 2) => format!("{name} = {name} - {}", to.of(&Type::Set(*key))),
            (Type::List(_) | Type::Set(_), 2) => format!("{name} = {name} - {}", to.of(ty)),
            _ => format!("{name} = {name} + {}", to.of(ty)),
        }
    }

    fn update(&self, to: &mut Writer) -> String {
        let using = self.using(to, !self.counters);
        let others = self.others();
        let mut set = to.draw.some(&others, 3);
        if set.is_empty() {
            set = others;
        }
        let mut sets: Vec<_> = set.iter().map(|column| Self::assignment(to, column)).collect();
        if sets.is_empty() {
            sets.push("nope = 1".to_owned());
        }
        let only_static = set.iter().all(|column| column.role == Role::Static);
        let mut key: Vec<_> = self.of(Role::Partition).collect();
        if !only_static || to.draw.chance(10) {
            key.extend(self.of(Role::Clustering));
        }
        let place = self.key(to, &key);
        let condition = self.condition(to);
        format!("UPDATE {TABLE}{using} SET {} WHERE {place}{condition}", sets.join(", "))
    }

    /// IF, or nothing.
    fn condition(&self, to: &mut Writer) -> String {
        if self.counters || !to.draw.chance(15) {
            return String::new();
        }
        let others = self.others();
        if others.is_empty() || to.draw.chance(30) {
            return " IF EXISTS".to_owned();
        }
        let mut columns = to.draw.some(&others, 2);
        // The original looks at its conditions in an order of its own, and stumbles over frozen collections.
        if columns.iter().any(|column| matches!(column.ty, Type::Frozen(_))) {
            columns.truncate(1);
        }
        let conditions: Vec<_> = columns
            .iter()
            .map(|column| {
                let (name, ty) = (&column.name, &column.ty);
                match (ty, to.draw.below(6)) {
                    (Type::Map(key, value), 0 | 1) => {
                        let key = to.of(&Type::Scalar(*key));
                        format!("{name}[{key}] = {}", to.of(&Type::Scalar(*value)))
                    }
                    (Type::List(of), 0 | 1) => {
                        let at = to.draw.below(2);
                        format!("{name}[{at}] = {}", to.of(&Type::Scalar(*of)))
                    }
                    (_, 0) => format!("{name} = null"),
                    (_, 1) => format!("{name} IN ({}, {})", to.of(ty), to.of(ty)),
                    (_, 2) => {
                        let operator = *to.draw.one(&["!=", "<", "<=", ">", ">="]);
                        format!("{name} {operator} {}", to.of(ty))
                    }
                    _ => format!("{name} = {}", to.of(ty)),
                }
            })
            .collect();
        format!(" IF {}", conditions.join(" AND "))
    }

    fn delete(&self, to: &mut Writer) -> String {
        let using = self.using(to, false);
        let clustering: Vec<_> = self.of(Role::Clustering).collect();
        let depth = if to.draw.chance(60) { clustering.len() } else { to.draw.below(clustering.len() + 1) };
        let mut key: Vec<_> = self.of(Role::Partition).collect();
        key.extend(&clustering[..depth]);
        let mut what = Vec::new();
        if to.draw.chance(35) {
            let others = self.others();
            for column in to.draw.some(&others, 2) {
                what.push(match (&column.ty, to.draw.below(3)) {
                    (Type::Map(key, _), 0 | 1) => {
                        format!("{}[{}]", column.name, to.of(&Type::Scalar(*key)))
                    }
                    (Type::List(_), 0) => format!("{}[{}]", column.name, to.draw.below(3)),
                    _ => column.name.clone(),
                });
            }
            // Columns of rows that are not named would break the original's partition: never asked.
            key.truncate(self.of(Role::Partition).count());
            if what.iter().any(|name| !(name == "s" || name.starts_with("s["))) {
                key.extend(&clustering);
            }
        }
        let space = if what.is_empty() { "" } else { " " };
        let place = self.key(to, &key);
        let condition = if what.is_empty() { self.condition(to) } else { String::new() };
        format!("DELETE{space}{} FROM {TABLE}{using} WHERE {place}{condition}", what.join(", "))
    }

    fn alter(&mut self, draw: &mut Draw) -> String {
        let others: Vec<_> = self.others().into_iter().cloned().collect();
        let pick = |draw: &mut Draw, columns: &[Column]| {
            if columns.is_empty() { "nope".to_owned() } else { draw.one(columns).name.clone() }
        };
        match draw.below(10) {
            0 | 1 => {
                let ty = if self.counters { Type::Counter } else { Type::any(draw) };
                let name = format!("v{}", self.names);
                let cql = format!("ALTER TABLE {TABLE} ADD {name} {}", ty.text());
                self.names += 1;
                self.columns.push(Column { name, ty, role: Role::Regular });
                cql
            }
            2 => {
                let name = pick(draw, &self.of(Role::Regular).cloned().collect::<Vec<_>>());
                self.columns.retain(|column| column.name != name);
                self.dropped = true;
                format!("ALTER TABLE {TABLE} DROP {name}")
            }
            3 => {
                let with = ["default_time_to_live = 9000", "default_time_to_live = 0", "comment = 'x'"];
                format!("ALTER TABLE {TABLE} WITH {}", draw.one(&with))
            }
            4..7 => {
                let name = pick(draw, &others);
                let keys = self
                    .columns
                    .iter()
                    .any(|column| column.name == name && matches!(column.ty, Type::Map(..)) && draw.either());
                let target = if keys { format!("keys({name})") } else { name };
                format!("CREATE INDEX ON {TABLE} ({target})")
            }
            7 => format!("DROP INDEX cf.g_{}_idx", pick(draw, &others)),
            8 => format!("TRUNCATE {TABLE}"),
            _ => format!("SELECT count(*) FROM {TABLE}"),
        }
    }
}

mod reading;
