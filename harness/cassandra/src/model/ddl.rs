//! Changes of the schema: keyspaces, types, indexes; tables are next door.

use std::collections::BTreeMap;
use std::sync::Arc;

use stacklab_machine::Time;

use super::cluster::Cluster;
use super::execute::not_modifiable;
use super::outcome::{ChangeKind, ChangeTarget, ClusterEvent, Outcome, SchemaChange, Session};
use super::schema::{Column, ColumnKind, Index, Keyspace, Replication};
use super::{options, system, types};
use crate::cql::{Properties, SchemaStatement, TableName, TypeName, UserTypeChange};
use crate::error::invalid;
use crate::types::UserType;
use crate::{CqlError, CqlType};

/// Names of keyspaces and tables are not longer.
const MAX_NAME: usize = 48;

impl Cluster {
    pub(super) fn change_schema(
        &mut self,
        now: Time,
        session: &Session,
        statement: &SchemaStatement,
    ) -> Result<Outcome, CqlError> {
        let change = match statement {
            SchemaStatement::CreateKeyspace { name, conditional, properties } => {
                self.create_keyspace(name, *conditional, properties)?
            }
            SchemaStatement::AlterKeyspace { name, properties } => self.alter_keyspace(name, properties)?,
            SchemaStatement::DropKeyspace { name, conditional } => self.drop_keyspace(name, *conditional)?,
            SchemaStatement::CreateTable(create) => self.create_table(now, session, create)?,
            SchemaStatement::AlterTable { table, change } => self.alter_table(session, table, change)?,
            SchemaStatement::DropTable { table, conditional } => {
                self.drop_table(session, table, *conditional)?
            }
            SchemaStatement::CreateIndex { name, conditional, table, column, target } => {
                self.create_index(session, name.as_deref(), *conditional, table, (column, target))?
            }
            SchemaStatement::DropIndex { keyspace, name, conditional } => {
                self.drop_index(session, keyspace.as_deref(), name, *conditional)?
            }
            SchemaStatement::CreateType { name, conditional, fields } => {
                self.create_type(session, name, *conditional, fields)?
            }
            SchemaStatement::AlterType { name, change } => self.alter_type(session, name, change)?,
            SchemaStatement::DropType { name, conditional } => self.drop_type(session, name, *conditional)?,
        };
        let Some(change) = change else { return Ok(Outcome::Void) };
        self.schema_changed();
        if change.target != ChangeTarget::Keyspace {
            // Cassandra 2.2 writes the keyspace along with each of its tables and types, and says so.
            let keyspace = change.keyspace.clone();
            let target = ChangeTarget::Keyspace;
            self.events.push(ClusterEvent::Schema(SchemaChange {
                kind: ChangeKind::Updated,
                keyspace,
                target,
            }));
        }
        self.events.push(ClusterEvent::Schema(change.clone()));
        Ok(Outcome::SchemaChange(change))
    }

    fn create_keyspace(&mut self, name: &str, conditional: bool, properties: &Properties) -> Changed {
        if system::keyspace(name, false).is_some() {
            return Err(invalid!("{name} keyspace is not user-modifiable"));
        }
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(invalid!("\"{name}\" is not a valid keyspace name"));
        }
        check_length("Keyspace", name)?;
        let mut keyspace = Keyspace {
            name: name.to_owned(),
            durable_writes: true,
            replication: Replication::Local,
            tables: BTreeMap::new(),
            types: BTreeMap::new(),
        };
        if !options::keyspace(&mut keyspace, properties)? {
            return Err(CqlError::Config("Missing mandatory replication strategy class".to_owned()));
        }
        if self.keyspaces.contains_key(name) {
            return if conditional { Ok(None) } else { Err(CqlError::keyspace_exists(name)) };
        }
        self.keyspaces.insert(name.to_owned(), keyspace);
        Ok(keyspace_change(ChangeKind::Created, name))
    }

    fn alter_keyspace(&mut self, name: &str, properties: &Properties) -> Changed {
        modifiable(name)?;
        let keyspace = self.keyspaces.get_mut(name).ok_or_else(|| invalid!("Unknown keyspace {name}"))?;
        options::keyspace(keyspace, properties)?;
        Ok(keyspace_change(ChangeKind::Updated, name))
    }

    fn drop_keyspace(&mut self, name: &str, conditional: bool) -> Changed {
        modifiable(name)?;
        match self.keyspaces.remove(name) {
            Some(keyspace) => {
                // Its tables and types are told of, but no keyspace being updated for each.
                let tables =
                    keyspace.tables.keys().map(|table| table_change(ChangeKind::Dropped, name, table));
                let types = keyspace.types.keys().map(|ty| type_change(ChangeKind::Dropped, name, ty));
                self.events.extend(tables.chain(types).flatten().map(ClusterEvent::Schema));
                Ok(keyspace_change(ChangeKind::Dropped, name))
            }
            None if conditional => Ok(None),
            None => Err(CqlError::Config(format!("Cannot drop non existing keyspace '{name}'."))),
        }
    }

    /// The keyspace of a table or type that is to be changed.
    pub(super) fn keyspace_of(
        &mut self,
        session: &Session,
        name: &TableName,
    ) -> Result<&mut Keyspace, CqlError> {
        let keyspace = self.keyspace_name(session, name)?;
        modifiable(keyspace)?;
        self.keyspaces.get_mut(keyspace).ok_or_else(|| invalid!("Keyspace {keyspace} does not exist"))
    }

    fn create_index(
        &mut self,
        session: &Session,
        name: Option<&str>,
        conditional: bool,
        table: &TableName,
        (column, target): (&str, &str),
    ) -> Changed {
        let keyspace = self.keyspace_of(session, table)?;
        let taken: Vec<String> = keyspace
            .tables
            .values()
            .flat_map(|table| table.schema.indexes.values().map(|index| index.name.clone()))
            .collect();
        let found = keyspace.tables.get_mut(&table.name);
        let found = found.ok_or_else(|| invalid!("unconfigured table {}", table.name))?;
        if found.schema.is_counter() {
            return Err(invalid!("Secondary indexes are not supported on counter tables"));
        }
        let definition = found.schema.column(column);
        let definition =
            definition.ok_or_else(|| invalid!("No column definition found for column {column}"))?;
        check_target(definition, target)?;
        if let Some(index) = found.schema.indexes.get(column) {
            let is_map = matches!(definition.ty, CqlType::Map(..));
            if is_map && index.target != target {
                return Err(invalid!(
                    "Cannot create index on {target}({column}): an index on {}({column}) already exists and indexing a \
                     map on more than one dimension at the same time is not currently supported",
                    index.target
                ));
            }
            return if conditional { Ok(None) } else { Err(invalid!("Index already exists")) };
        }
        if definition.kind == ColumnKind::Static {
            return Err(invalid!("Secondary indexes are not allowed on static columns"));
        }
        if definition.kind == ColumnKind::Partition && found.schema.partition_columns == 1 {
            return Err(invalid!("Cannot create secondary index on partition key column {column}"));
        }
        let name = match name {
            Some(name) if taken.iter().any(|other| other == name) => {
                return Err(CqlError::Config(format!("Duplicate index name {name}")));
            }
            Some(name) => name.to_owned(),
            None => free_name(&format!("{}_{column}_idx", table.name), &taken),
        };
        let mut schema = (*found.schema).clone();
        schema.indexes.insert(column.to_owned(), Index { name, target: target.to_owned() });
        found.schema = Arc::new(schema);
        Ok(table_change(ChangeKind::Updated, &found.schema.keyspace, &table.name))
    }

    fn drop_index(
        &mut self,
        session: &Session,
        keyspace: Option<&str>,
        name: &str,
        conditional: bool,
    ) -> Changed {
        let table = TableName { keyspace: keyspace.map(str::to_owned), name: name.to_owned() };
        let keyspace = self.keyspace_of(session, &table)?;
        let found = keyspace.tables.values_mut().find_map(|table| {
            let column = table.schema.indexes.iter().find(|(_, index)| index.name == name)?.0.clone();
            Some((table, column))
        });
        let Some((table, column)) = found else {
            let text = format!(
                "Index '{name}' could not be found in any of the tables of keyspace '{}'",
                keyspace.name
            );
            return if conditional { Ok(None) } else { Err(CqlError::Invalid(text)) };
        };
        let mut schema = (*table.schema).clone();
        schema.indexes.remove(&column);
        table.schema = Arc::new(schema);
        Ok(table_change(ChangeKind::Updated, &table.schema.keyspace, &table.schema.name))
    }

    fn create_type(
        &mut self,
        session: &Session,
        name: &TableName,
        conditional: bool,
        fields: &[(String, TypeName)],
    ) -> Changed {
        let wanted = self.keyspace_name(session, name)?.to_owned();
        let keyspace = match self.keyspace_of(session, name) {
            Err(CqlError::Invalid(_)) => {
                return Err(invalid!("Cannot add type in unknown keyspace {wanted}"));
            }
            found => found?,
        };
        if keyspace.types.contains_key(&name.name) {
            let text = format!("A user type of name {}.{} already exists", keyspace.name, name.name);
            return if conditional { Ok(None) } else { Err(CqlError::Invalid(text)) };
        }
        let mut udt =
            UserType { keyspace: keyspace.name.clone(), name: name.name.clone(), fields: Vec::new() };
        for (field, ty) in fields {
            if udt.fields.iter().any(|(other, _)| other == field) {
                return Err(invalid!("Duplicate field name {field} in type {}", udt.name));
            }
            udt.fields.push((field.clone(), types::field(ty, keyspace)?));
        }
        keyspace.types.insert(name.name.clone(), udt);
        Ok(type_change(ChangeKind::Created, &keyspace.name, &name.name))
    }

    fn alter_type(&mut self, session: &Session, name: &TableName, change: &UserTypeChange) -> Changed {
        let keyspace = self.keyspace_of(session, name)?;
        let full = format!("{}.{}", keyspace.name, name.name);
        let unknown = || invalid!("No user type named {full} exists.");
        let mut udt = keyspace.types.get(&name.name).cloned().ok_or_else(unknown)?;
        match change {
            UserTypeChange::Add(field, ty) => {
                if udt.fields.iter().any(|(other, _)| other == field) {
                    return Err(invalid!(
                        "Cannot add new field {field} to type {full}: a field of the same name already exists"
                    ));
                }
                udt.fields.push((field.clone(), types::field(ty, keyspace)?));
            }
            UserTypeChange::Alter(field, ty) => {
                let ty = types::resolve(ty, keyspace)?;
                let found = udt.fields.iter_mut().find(|(other, _)| other == field);
                found.ok_or_else(|| invalid!("Unknown field {field} in type {full}"))?.1 = ty;
            }
            UserTypeChange::Rename(renames) => {
                for (from, to) in renames {
                    let found = udt.fields.iter_mut().find(|(other, _)| other == from);
                    found.ok_or_else(|| invalid!("Unknown field {from} in type {full}"))?.0.clone_from(to);
                }
            }
        }
        keyspace.types.insert(name.name.clone(), udt.clone());
        for other in keyspace.types.values_mut().filter(|other| other.name != udt.name) {
            other.fields.iter_mut().for_each(|(_, ty)| replace(ty, &udt));
        }
        // Types that hold others that hold it: what tables have is what the keyspace has now.
        let known: Vec<UserType> = keyspace.types.values().cloned().collect();
        for table in keyspace.tables.values_mut() {
            if table.schema.columns.iter().any(|column| mentions(&column.ty, &udt.name)) {
                let mut schema = (*table.schema).clone();
                for known in &known {
                    schema.columns.iter_mut().for_each(|column| replace(&mut column.ty, known));
                }
                table.schema = Arc::new(schema);
            }
        }
        Ok(type_change(ChangeKind::Updated, &keyspace.name, &name.name))
    }

    fn drop_type(&mut self, session: &Session, name: &TableName, conditional: bool) -> Changed {
        let keyspace = self.keyspace_of(session, name)?;
        if !keyspace.types.contains_key(&name.name) {
            let text = format!("No user type named {}.{} exists.", keyspace.name, name.name);
            return if conditional { Ok(None) } else { Err(CqlError::Invalid(text)) };
        }
        let mentioning = |other: &&UserType| other.fields.iter().any(|(_, ty)| mentions(ty, &name.name));
        if let Some(other) = keyspace.types.values().find(mentioning) {
            return Err(invalid!(
                "Cannot drop user type {}.{} as it is still used by user type {}",
                keyspace.name,
                name.name,
                other.name
            ));
        }
        let used = keyspace
            .tables
            .values()
            .find(|table| table.schema.columns.iter().any(|column| mentions(&column.ty, &name.name)));
        if let Some(table) = used {
            return Err(invalid!(
                "Cannot drop user type {}.{} as it is still used by table {}.{}",
                keyspace.name,
                name.name,
                keyspace.name,
                table.schema.name
            ));
        }
        keyspace.types.remove(&name.name);
        Ok(type_change(ChangeKind::Dropped, &keyspace.name, &name.name))
    }
}

/// Whether a column can be indexed by its values, keys, entries or in full.
fn check_target(column: &Column, target: &str) -> Result<(), CqlError> {
    let name = &column.name;
    let (collection, cells) = (column.ty.is_collection(), column.ty.is_multi_cell());
    if collection && !cells {
        return match target {
            "full" => Ok(()),
            _ => Err(invalid!("Cannot create index on {target} of frozen<map> column {name}")),
        };
    }
    match target {
        "full" => Err(invalid!("full() indexes can only be created on frozen collections")),
        "values" => Ok(()),
        _ if !collection => Err(invalid!(
            "Cannot create index on {target} of column {name}; only non-frozen collections support {target} indexes"
        )),
        _ if !matches!(column.ty, CqlType::Map(..)) => {
            Err(invalid!("Cannot create index on {target} of column {name} with non-map type"))
        }
        _ => Ok(()),
    }
}

/// A name, with a number behind it if it is taken.
fn free_name(name: &str, taken: &[String]) -> String {
    let is_free = |name: &String| !taken.contains(name);
    let numbered = (1..).map(|number| format!("{name}_{number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}

/// What changed; `None` when IF [NOT] EXISTS made it nothing.
pub(super) type Changed = Result<Option<SchemaChange>, CqlError>;

fn modifiable(keyspace: &str) -> Result<(), CqlError> {
    if system::keyspace(keyspace, false).is_some() { Err(not_modifiable(keyspace)) } else { Ok(()) }
}

/// Names of tables are made of letters, digits and underscores.
pub(super) fn check_name(name: &str) -> Result<(), CqlError> {
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Ok(());
    }
    Err(invalid!(
        "\"{name}\" is not a valid table name (must be alphanumeric character or underscore only: [a-zA-Z_0-9]+)"
    ))
}

pub(super) fn check_length(what: &str, name: &str) -> Result<(), CqlError> {
    if name.len() > MAX_NAME {
        return Err(invalid!(
            "{what} names shouldn't be more than {MAX_NAME} characters long (got \"{name}\")"
        ));
    }
    Ok(())
}

fn keyspace_change(kind: ChangeKind, keyspace: &str) -> Option<SchemaChange> {
    Some(SchemaChange { kind, keyspace: keyspace.to_owned(), target: ChangeTarget::Keyspace })
}

pub(super) fn table_change(kind: ChangeKind, keyspace: &str, table: &str) -> Option<SchemaChange> {
    Some(SchemaChange { kind, keyspace: keyspace.to_owned(), target: ChangeTarget::Table(table.to_owned()) })
}

fn type_change(kind: ChangeKind, keyspace: &str, name: &str) -> Option<SchemaChange> {
    Some(SchemaChange { kind, keyspace: keyspace.to_owned(), target: ChangeTarget::Type(name.to_owned()) })
}

fn mentions(ty: &CqlType, name: &str) -> bool {
    match ty {
        CqlType::Udt(udt) => udt.name == name || udt.fields.iter().any(|(_, ty)| mentions(ty, name)),
        CqlType::List(of) | CqlType::Set(of) | CqlType::Frozen(of) => mentions(of, name),
        CqlType::Map(key, value) => mentions(key, name) || mentions(value, name),
        CqlType::Tuple(fields) => fields.iter().any(|ty| mentions(ty, name)),
        _ => false,
    }
}

fn replace(ty: &mut CqlType, new: &UserType) {
    match ty {
        CqlType::Udt(udt) if udt.name == new.name => **udt = new.clone(),
        CqlType::Udt(udt) => udt.fields.iter_mut().for_each(|(_, ty)| replace(ty, new)),
        CqlType::List(of) | CqlType::Set(of) | CqlType::Frozen(of) => replace(of, new),
        CqlType::Map(key, value) => {
            replace(key, new);
            replace(value, new);
        }
        CqlType::Tuple(fields) => fields.iter_mut().for_each(|ty| replace(ty, new)),
        _ => {}
    }
}
