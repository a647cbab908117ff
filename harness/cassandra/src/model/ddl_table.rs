//! Changes of tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stacklab_machine::Time;

use super::cluster::Cluster;
use super::ddl::{Changed, check_length, check_name, table_change};
use super::functions::Environment;
use super::outcome::{ChangeKind, Session};
use super::schema::{Column, ColumnKind, Keyspace, Table, TableOptions, TableSchema};
use super::store::TableData;
use super::{options, types};
use crate::cql::{CreateTable, TableChange, TableName};
use crate::error::invalid;
use crate::{CqlError, CqlType};

impl Cluster {
    pub(super) fn create_table(&mut self, now: Time, session: &Session, create: &CreateTable) -> Changed {
        let id = Environment { now, ids: &self.ids }.time_uuid();
        let keyspace_name = self.keyspace_name(session, &create.table)?.to_owned();
        let name = &create.table.name;
        check_name(name)?;
        check_length("Table", name)?;
        if !self.keyspaces.contains_key(&keyspace_name)
            && super::system::keyspace(&keyspace_name, false).is_none()
        {
            return Err(CqlError::Config(format!(
                "Cannot add table '{name}' to non existing keyspace '{keyspace_name}'."
            )));
        }
        let keyspace = self.keyspace_of(session, &create.table)?;
        let schema = schema(create, keyspace, id)?;
        if keyspace.tables.contains_key(name) {
            return if create.if_not_exists {
                Ok(None)
            } else {
                Err(CqlError::table_exists(&keyspace.name, name))
            };
        }
        let table = Table { schema: Arc::new(schema), data: TableData::default() };
        keyspace.tables.insert(name.clone(), table);
        Ok(table_change(ChangeKind::Created, &keyspace.name, name))
    }

    pub(super) fn alter_table(
        &mut self,
        session: &Session,
        name: &TableName,
        change: &TableChange,
    ) -> Changed {
        let keyspace = self.keyspace_of(session, name)?;
        let table =
            keyspace.tables.get(&name.name).ok_or_else(|| invalid!("unconfigured table {}", name.name))?;
        let mut schema = (*table.schema).clone();
        match change {
            TableChange::Add(column) => {
                if schema.column(&column.name).is_some() {
                    return Err(invalid!(
                        "Invalid column name {} because it conflicts with an existing column",
                        column.name
                    ));
                }
                let kind = if column.is_static { ColumnKind::Static } else { ColumnKind::Regular };
                if column.is_static && schema.clustering_columns == 0 {
                    return Err(useless_static());
                }
                let ty = types::resolve(&column.kind, keyspace)?;
                let counters = schema.is_counter();
                let others = std::iter::once((column.name.as_str(), &ty));
                check_counters(others.filter(|_| !schema.others().is_empty()), counters)?;
                let id = schema.next_id;
                schema.next_id += 1;
                schema.columns.push(Column { id, name: column.name.clone(), ty, kind, descending: false });
                schema.sort_others();
            }
            TableChange::Drop(column) => drop_column(&mut schema, column)?,
            TableChange::Type(column, ty) => {
                let ty = types::resolve(ty, keyspace)?;
                change_type(&mut schema, column, ty)?;
            }
            TableChange::Rename(renames) => {
                for (from, to) in renames {
                    rename(&mut schema, from, to)?;
                }
            }
            TableChange::With(properties) => {
                options::table(&mut schema.options, properties)?;
                check_time_to_live(&schema)?;
            }
        }
        if let Some(table) = keyspace.tables.get_mut(&name.name) {
            if let TableChange::Drop(column) = change
                && let Some(column) = table.schema.column(column)
            {
                table.data.forget(column.id);
            }
            table.schema = Arc::new(schema);
        }
        Ok(table_change(ChangeKind::Updated, &keyspace.name, &name.name))
    }

    pub(super) fn drop_table(&mut self, session: &Session, name: &TableName, conditional: bool) -> Changed {
        let keyspace = match self.keyspace_of(session, name) {
            Err(CqlError::Invalid(_)) if conditional && name.keyspace.is_some() => return Ok(None),
            found => found?,
        };
        match keyspace.tables.remove(&name.name) {
            Some(_) => Ok(table_change(ChangeKind::Dropped, &keyspace.name, &name.name)),
            None if conditional => Ok(None),
            None => Err(invalid!("unconfigured table {}", name.name)),
        }
    }
}

fn check_time_to_live(schema: &TableSchema) -> Result<(), CqlError> {
    if schema.is_counter() && schema.options.default_time_to_live > 0 {
        return Err(invalid!("Cannot set default_time_to_live on a table with counters"));
    }
    Ok(())
}

fn drop_column(schema: &mut TableSchema, name: &str) -> Result<(), CqlError> {
    let column = schema
        .column(name)
        .ok_or_else(|| invalid!("Column {name} was not found in table {}", schema.name))?;
    if !super::restrictions::has_cells(column.kind) {
        return Err(invalid!("Cannot drop PRIMARY KEY part {name}"));
    }
    // Its index goes with it.
    schema.indexes.remove(name);
    schema.columns.retain(|column| column.name != name);
    Ok(())
}

/// Only changes between types whose bytes are read alike are allowed.
fn change_type(schema: &mut TableSchema, name: &str, ty: CqlType) -> Result<(), CqlError> {
    let at = schema
        .position(name)
        .ok_or_else(|| invalid!("Column {name} was not found in table {}", schema.name))?;
    let old = &schema.columns[at].ty;
    let fits = *old == ty
        || ty == CqlType::Blob
        || matches!(
            (old, &ty),
            (CqlType::Ascii, CqlType::Varchar)
                | (CqlType::Int | CqlType::Bigint | CqlType::Timestamp, CqlType::Varint)
                | (CqlType::Bigint, CqlType::Timestamp)
                | (CqlType::Timestamp, CqlType::Bigint)
                | (CqlType::Timeuuid, CqlType::Uuid)
        );
    if !fits {
        let (old, ty) = (old.shown(), ty.shown());
        let why = match schema.columns[at].kind {
            ColumnKind::Clustering => "order-compatible",
            _ => "compatible",
        };
        let why = if why == "compatible" { "incompatible".to_owned() } else { format!("not {why}") };
        return Err(CqlError::Config(format!(
            "Cannot change {name} from type {old} to type {ty}: types are {why}."
        )));
    }
    schema.columns[at].ty = ty;
    Ok(())
}

fn rename(schema: &mut TableSchema, from: &str, to: &str) -> Result<(), CqlError> {
    // The original calls the table a keyspace.
    let at = schema
        .position(from)
        .ok_or_else(|| invalid!("Cannot rename unknown column {from} in keyspace {}", schema.name))?;
    if super::restrictions::has_cells(schema.columns[at].kind) {
        return Err(invalid!("Cannot rename non PRIMARY KEY part {from}"));
    }
    if schema.column(to).is_some() {
        return Err(invalid!(
            "Cannot rename column {from} to {to} in keyspace {}; another column of that name already exist",
            schema.name
        ));
    }
    to.clone_into(&mut schema.columns[at].name);
    Ok(())
}

/// The table that a CREATE TABLE makes.
pub(super) fn schema(
    create: &CreateTable,
    keyspace: &Keyspace,
    id: [u8; 16],
) -> Result<TableSchema, CqlError> {
    let [(partition, clustering)] = create.keys.as_slice() else {
        let which = if create.keys.is_empty() { "No PRIMARY KEY" } else { "Multiple PRIMARY KEYs" };
        return Err(invalid!("{which} specifed (exactly one required)"));
    };
    let mut open = BTreeMap::new();
    for definition in &create.columns {
        let ty = types::resolve(&definition.kind, keyspace)?;
        if open.insert(definition.name.clone(), (ty, definition.is_static)).is_some() {
            return Err(invalid!("Multiple definition of identifier {}", definition.name));
        }
    }
    let mut columns: Vec<Column> = Vec::with_capacity(open.len());
    let keys = partition.iter().map(|name| (name, ColumnKind::Partition));
    for (name, kind) in keys.chain(clustering.iter().map(|name| (name, ColumnKind::Clustering))) {
        let descending = create.order.iter().any(|(other, descending)| other == name && *descending);
        columns.push(key_column(name, kind, descending, &mut open)?);
    }
    check_order(create, clustering)?;
    if clustering.is_empty() && open.values().any(|(_, is_static)| *is_static) {
        return Err(useless_static());
    }
    let counters = open.values().any(|(ty, _)| *ty == CqlType::Counter);
    check_counters(open.iter().map(|(name, (ty, _))| (name.as_str(), ty)), counters)?;
    let mut rest: Vec<_> = open.into_iter().collect();
    // Static columns come before the others; each sort by name.
    rest.sort_by_key(|(_, (_, is_static))| !*is_static);
    for (name, (ty, is_static)) in rest {
        let kind = if is_static { ColumnKind::Static } else { ColumnKind::Regular };
        columns.push(Column { id: 0, name, ty, kind, descending: false });
    }
    let mut next_id = 0;
    for column in &mut columns {
        column.id = next_id;
        next_id += 1;
    }
    let mut table = TableOptions::default();
    options::table(&mut table, &create.properties)?;
    let schema = TableSchema {
        keyspace: keyspace.name.clone(),
        name: create.table.name.clone(),
        id,
        columns,
        partition_columns: partition.len(),
        clustering_columns: clustering.len(),
        compact: create.compact,
        options: table,
        indexes: BTreeMap::new(),
        next_id,
    };
    check_time_to_live(&schema)?;
    Ok(schema)
}

/// Counters and other columns do not go together.
fn check_counters<'a>(
    mut columns: impl Iterator<Item = (&'a str, &'a CqlType)>,
    counters: bool,
) -> Result<(), CqlError> {
    match columns.find(|(_, ty)| (**ty == CqlType::Counter) != counters) {
        None => Ok(()),
        Some((name, _)) if counters => Err(CqlError::Config(format!(
            "Cannot add a non counter column ({name}) in a counter column family"
        ))),
        Some((name, _)) => Err(CqlError::Config(format!(
            "Cannot add a counter column ({name}) in a non counter column family"
        ))),
    }
}

fn useless_static() -> CqlError {
    invalid!(
        "Static columns are only useful (and thus allowed) if the table has at least one clustering column"
    )
}

fn key_column(
    name: &str,
    kind: ColumnKind,
    descending: bool,
    open: &mut BTreeMap<String, (CqlType, bool)>,
) -> Result<Column, CqlError> {
    let Some((ty, is_static)) = open.remove(name) else {
        return Err(invalid!("Unknown definition {name} referenced in PRIMARY KEY"));
    };
    if is_static {
        return Err(invalid!("Static column {name} cannot be part of the PRIMARY KEY"));
    }
    if ty.is_multi_cell() {
        return Err(invalid!("Invalid collection type for PRIMARY KEY component {name}"));
    }
    if ty == CqlType::Counter {
        return Err(invalid!("counter type is not supported for PRIMARY KEY part {name}"));
    }
    Ok(Column { id: 0, name: name.to_owned(), ty, kind, descending })
}

/// CLUSTERING ORDER BY names the clustering columns, all up to the last that it names, in their order.
fn check_order(create: &CreateTable, clustering: &[String]) -> Result<(), CqlError> {
    let named: BTreeSet<_> = create.order.iter().map(|(name, _)| name).collect();
    if named.len() > clustering.len() {
        return Err(invalid!("Only clustering key columns can be defined in CLUSTERING ORDER directive"));
    }
    for (at, (name, _)) in create.order.iter().enumerate() {
        if clustering[at] != *name {
            return Err(if named.contains(&clustering[at]) {
                invalid!(
                    "The order of columns in the CLUSTERING ORDER directive must be the one of the clustering key \
                     ({} must appear before {name})",
                    clustering[at]
                )
            } else {
                invalid!("Missing CLUSTERING ORDER for column {}", clustering[at])
            });
        }
    }
    Ok(())
}
