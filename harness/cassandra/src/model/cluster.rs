//! The cluster: what it holds, its nodes coming and going, and its prepared statements.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use stacklab_machine::Time;

use super::functions;
use super::outcome::{BoundValue, BoundValues, ClusterEvent, Executed, Options, PreparedInfo, Session};
use super::plan::{self, Plan};
use super::schema::{Keyspace, TableSchema};
use super::system;
use super::topology::{NodeInfo, Topology};
use crate::cql::{self, BatchKind, TableName};
use crate::error::invalid;
use crate::{Consistency, CqlError};

/// Prepared statements that a node keeps at most.
const MAX_PREPARED: usize = 10_000;
/// Statements in one batch.
const MAX_BATCH: usize = 65_535;

/// A whole cluster: its nodes, its schema and its rows.
#[derive(Debug)]
pub struct Cluster {
    name: String,
    pub(super) topology: Topology,
    pub(super) keyspaces: BTreeMap<String, Keyspace>,
    prepared: BTreeMap<IpAddr, BTreeMap<[u8; 16], Arc<Prepared>>>,
    schema_changes: u64,
    pub(super) last_write: i64,
    pub(super) ids: Cell<u64>,
    pub(super) events: Vec<ClusterEvent>,
}

#[derive(Debug)]
struct Prepared {
    /// What it was made of, to make it again when only options of its tables have changed.
    cql: String,
    keyspace: Option<String>,
    plan: Plan,
    info: PreparedInfo,
}

/// What has become of the tables of a plan.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tables {
    Same,
    OtherOptions,
    OtherColumns,
}

/// One statement of a BATCH message.
#[derive(Debug, Clone, PartialEq)]
pub enum BatchItem {
    /// A statement as text.
    Query(String, BoundValues),
    /// A prepared one.
    Prepared(Vec<u8>, BoundValues),
}

/// A BATCH message.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchRequest {
    /// Logged, unlogged or counter.
    pub kind: BatchKind,
    /// The statements.
    pub items: Vec<BatchItem>,
    /// Consistency level.
    pub consistency: Consistency,
    /// Serial consistency level.
    pub serial: Option<Consistency>,
    /// Write time in µs.
    pub timestamp: Option<i64>,
}

impl Cluster {
    /// An empty cluster without nodes.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            topology: Topology::default(),
            keyspaces: BTreeMap::new(),
            prepared: BTreeMap::new(),
            schema_changes: 0,
            last_write: 0,
            ids: Cell::new(1),
            events: Vec::new(),
        }
    }

    /// `cluster_name`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The nodes.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// The keyspaces that clients made.
    pub fn keyspaces(&self) -> &BTreeMap<String, Keyspace> {
        &self.keyspaces
    }

    /// The version of the schema: a new one after each change, the same on all nodes.
    pub fn schema_version(&self) -> [u8; 16] {
        functions::hashed_uuid(format!("schema of {} {}", self.name, self.schema_changes).as_bytes(), 3)
    }

    pub(super) fn schema_changed(&mut self) {
        self.schema_changes += 1;
    }

    /// What clients are to be told since the last call.
    pub fn take_events(&mut self) -> Vec<ClusterEvent> {
        std::mem::take(&mut self.events)
    }

    /// A node joins, or comes back. One that comes back keeps its host id and its token.
    pub fn node_up(&mut self, now: Time, address: IpAddr, cql_port: u16, dc: &str, rack: &str) {
        let generation = i32::try_from(now.as_millis() / 1000).unwrap_or(i32::MAX);
        if let Some(node) = self.topology.node_mut(address) {
            (node.up, node.cql_port, node.generation) = (true, cql_port, generation);
            (node.dc, node.rack) = (dc.to_owned(), rack.to_owned());
        } else {
            let token = Topology::token_for(address);
            let host_id = functions::hashed_uuid(format!("node {address} of {}", self.name).as_bytes(), 4);
            let (dc, rack) = (dc.to_owned(), rack.to_owned());
            self.topology.insert(NodeInfo {
                address,
                cql_port,
                dc,
                rack,
                host_id,
                token,
                up: true,
                generation,
            });
            self.events.push(ClusterEvent::Topology { joined: true, address, port: cql_port });
        }
        self.events.push(ClusterEvent::Status { up: true, address, port: cql_port });
    }

    /// A node stops, in order or not. It stays a member of the cluster, and forgets its prepared statements.
    pub fn node_down(&mut self, address: IpAddr) {
        self.prepared.remove(&address);
        if let Some(node) = self.topology.node_mut(address).filter(|node| node.up) {
            node.up = false;
            let port = node.cql_port;
            self.events.push(ClusterEvent::Status { up: false, address, port });
        }
    }

    /// A node that is down leaves the cluster for good. False if there is none such.
    pub fn remove_node(&mut self, address: IpAddr) -> bool {
        let Some(node) = self.topology.node(address).filter(|node| !node.up) else { return false };
        let port = node.cql_port;
        self.events.push(ClusterEvent::Topology { joined: false, address, port });
        self.topology.remove(address)
    }

    /// Runs a statement.
    pub fn query(
        &mut self,
        now: Time,
        session: &Session,
        cql: &str,
        options: &Options,
    ) -> Result<Executed, CqlError> {
        let parsed = cql::parse(cql)?;
        let planned = plan::plan(&parsed, &|name| self.table(session, name))?;
        let values = positional(&options.values, &planned.binds)?;
        if values.len() != planned.binds.len() {
            return Err(invalid!("Invalid amount of bind variables"));
        }
        self.run(now, session, &planned.plan, &values, options)
    }

    /// Prepares a statement on the session's node.
    pub fn prepare(&mut self, session: &Session, cql: &str) -> Result<PreparedInfo, CqlError> {
        let id = statement_id(session.keyspace.as_deref(), cql);
        match self.prepared.get(&session.node).and_then(|prepared| prepared.get(&id)) {
            Some(known) if self.tables_now(session, &known.plan) < Tables::OtherColumns => {
                Ok(known.info.clone())
            }
            _ => self.prepare_anew(session, cql, id),
        }
    }

    fn prepare_anew(&mut self, session: &Session, cql: &str, id: [u8; 16]) -> Result<PreparedInfo, CqlError> {
        let parsed = cql::parse(cql)?;
        let planned = plan::plan(&parsed, &|name| self.table(session, name))?;
        let columns = match &planned.plan {
            Plan::Select(select) => Some(Arc::clone(&select.columns)),
            _ => None,
        };
        let info =
            PreparedInfo { id, binds: planned.binds, partition_binds: planned.partition_binds, columns };
        let (cql, keyspace) = (cql.to_owned(), session.keyspace.clone());
        let made = Prepared { cql, keyspace, plan: planned.plan, info: info.clone() };
        let prepared = self.prepared.entry(session.node).or_default();
        if prepared.len() >= MAX_PREPARED {
            prepared.pop_first();
        }
        prepared.insert(id, Arc::new(made));
        Ok(info)
    }

    /// Runs a prepared statement. One whose table has changed since is no longer known.
    pub fn execute(
        &mut self,
        now: Time,
        session: &Session,
        id: &[u8],
        options: &Options,
    ) -> Result<Executed, CqlError> {
        let prepared = self.prepared(session, id)?;
        let values = bound(&prepared, &options.values)?;
        self.run(now, session, &prepared.plan, &values, options)
    }

    /// Runs a BATCH message.
    pub fn batch(
        &mut self,
        now: Time,
        session: &Session,
        request: &BatchRequest,
    ) -> Result<Executed, CqlError> {
        if request.items.len() > MAX_BATCH {
            return Err(invalid!("Batch statement cannot contain more than {MAX_BATCH} statements."));
        }
        let items = request.items.iter().map(|item| self.batch_item(session, item));
        let items = items.collect::<Result<Vec<_>, _>>()?;
        let writes = items.into_iter().map(|(plan, values)| match plan {
            Plan::Write(write) => Ok((write, values)),
            _ => Err(invalid!(
                "Invalid statement in batch: only UPDATE, INSERT and DELETE statements are allowed."
            )),
        });
        let writes = writes.collect::<Result<Vec<_>, _>>()?;
        let options = Options {
            consistency: request.consistency,
            serial: request.serial,
            timestamp: request.timestamp,
            ..Options::default()
        };
        self.run_batch(now, session, request.kind, &writes, &options)
    }

    fn batch_item(
        &mut self,
        session: &Session,
        item: &BatchItem,
    ) -> Result<(Plan, Vec<BoundValue>), CqlError> {
        match item {
            BatchItem::Query(cql, values) => {
                let parsed = cql::parse(cql)?;
                let planned = plan::plan(&parsed, &|name| self.table(session, name))?;
                let values = positional(values, &planned.binds)?;
                if values.len() != planned.binds.len() {
                    return Err(wrong_batch_count(planned.binds.len(), values.len()));
                }
                Ok((planned.plan, values))
            }
            BatchItem::Prepared(id, values) => {
                let prepared = self.prepared(session, id)?;
                let values = positional(values, &prepared.info.binds)?;
                if values.len() != prepared.info.binds.len() {
                    return Err(wrong_batch_count(prepared.info.binds.len(), values.len()));
                }
                Ok((prepared.plan.clone(), values))
            }
        }
    }

    /// A prepared statement; one whose table has other columns since is dropped, as the original drops it.
    fn prepared(&mut self, session: &Session, id: &[u8]) -> Result<Arc<Prepared>, CqlError> {
        let key: [u8; 16] = id.try_into().map_err(|_| CqlError::unprepared(id))?;
        let found = self.prepared.get(&session.node).and_then(|prepared| prepared.get(&key)).cloned();
        let Some(found) = found else { return Err(CqlError::unprepared(id)) };
        match self.tables_now(session, &found.plan) {
            Tables::Same => Ok(found),
            Tables::OtherOptions => {
                let session = Session { keyspace: found.keyspace.clone(), ..session.clone() };
                self.prepare_anew(&session, &found.cql, key)?;
                self.prepared
                    .get(&session.node)
                    .and_then(|prepared| prepared.get(&key))
                    .cloned()
                    .ok_or_else(|| CqlError::unprepared(id))
            }
            Tables::OtherColumns => {
                self.prepared.entry(session.node).or_default().remove(&key);
                Err(CqlError::unprepared(id))
            }
        }
    }

    fn tables_now(&self, session: &Session, plan: &Plan) -> Tables {
        let now = plan.tables().into_iter().map(|table| {
            let name = TableName { keyspace: Some(table.keyspace.clone()), name: table.name.clone() };
            match self.table(session, &name) {
                Ok(now) if Arc::ptr_eq(&now, table) => Tables::Same,
                Ok(now) if now.has_columns_of(table) => Tables::OtherOptions,
                _ => Tables::OtherColumns,
            }
        });
        now.max().unwrap_or(Tables::Same)
    }

    /// A table by its name, in the keyspace in use if the name says none.
    pub(super) fn table(&self, session: &Session, name: &TableName) -> Result<Arc<TableSchema>, CqlError> {
        let keyspace = self.keyspace_name(session, name)?;
        let found =
            self.keyspaces.get(keyspace).or_else(|| system::keyspace(keyspace, session.modern_schema));
        let found = found.ok_or_else(|| invalid!("Keyspace {keyspace} does not exist"))?;
        match found.tables.get(&name.name) {
            Some(table) => Ok(Arc::clone(&table.schema)),
            None => Err(invalid!("unconfigured table {}", name.name)),
        }
    }

    pub(super) fn keyspace_name<'a>(
        &self,
        session: &'a Session,
        name: &'a TableName,
    ) -> Result<&'a str, CqlError> {
        name.keyspace.as_deref().or(session.keyspace.as_deref()).ok_or_else(|| {
            invalid!(
                "No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename"
            )
        })
    }
}

/// MD5 of the keyspace in use and the statement.
fn statement_id(keyspace: Option<&str>, cql: &str) -> [u8; 16] {
    use md5::Digest as _;
    let mut hash = md5::Md5::new();
    hash.update(keyspace.unwrap_or_default().as_bytes());
    hash.update(cql.as_bytes());
    hash.finalize().into()
}

fn bound(prepared: &Prepared, values: &BoundValues) -> Result<Vec<BoundValue>, CqlError> {
    let values = positional(values, &prepared.info.binds)?;
    if values.len() != prepared.info.binds.len() {
        return Err(wrong_count(prepared.info.binds.len(), values.len()));
    }
    Ok(values)
}

fn wrong_batch_count(markers: usize, values: usize) -> CqlError {
    invalid!("There were {markers} markers(?) in CQL but {values} bound variables")
}

fn wrong_count(markers: usize, values: usize) -> CqlError {
    invalid!("there were {markers} markers(?) in CQL but {values} bound variables")
}

/// Values in the order of the bind variables. Of one that occurs twice by name, both get the value.
fn positional(
    values: &BoundValues,
    binds: &[super::outcome::ColumnSpec],
) -> Result<Vec<BoundValue>, CqlError> {
    match values {
        BoundValues::Positional(values) => Ok(values.clone()),
        BoundValues::Named(named) => binds
            .iter()
            .map(|bind| {
                let found = named.iter().find(|(name, _)| *name == bind.name);
                found
                    .map(|(_, value)| value.clone())
                    .ok_or_else(|| invalid!("Invalid amount of bind variables"))
            })
            .collect(),
    }
}
