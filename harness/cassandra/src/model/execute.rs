//! Runs plans: consistency first, then rows.

use std::collections::BTreeMap;

use bytes::Bytes;
use stacklab_machine::Time;

use super::apply::{self, Step, Target};
use super::cas::{self, Conditional};
use super::cluster::Cluster;
use super::functions::Environment;
use super::outcome::{BoundValue, Executed, Options, Outcome, ResultSet, Session};
use super::plan::{self, BatchPlan, Plan};
use super::read::{self, Partitions};
use super::schema::{Keyspace, Replication};
use super::select::SelectPlan;
use super::system;
use super::terms::{Evaluated, Scope};
use super::topology::Demand;
use super::write::{PlannedCondition, WritePlan};
use crate::cql::{BatchKind, Statement, TableName, Term};
use crate::error::invalid;
use crate::{Consistency, CqlError, CqlType};

impl Cluster {
    pub(super) fn run(
        &mut self,
        now: Time,
        session: &Session,
        plan: &Plan,
        values: &[BoundValue],
        options: &Options,
    ) -> Result<Executed, CqlError> {
        match plan {
            Plan::Select(select) => self.run_select(now, session, select, values, options),
            Plan::Write(write) => {
                let mut write = std::iter::once((write, values));
                self.run_writes(now, session, &mut write, None, options, false)
            }
            Plan::Batch(BatchPlan { timestamp, writes, .. }) => {
                let mut writes = writes.iter().map(|write| (write, values));
                self.run_writes(now, session, &mut writes, timestamp.as_ref(), options, true)
            }
            Plan::Other(Statement::Use(keyspace)) => {
                let known = self.keyspaces.contains_key(keyspace)
                    || system::keyspace(keyspace, session.modern_schema).is_some();
                if known {
                    Ok(Outcome::SetKeyspace(keyspace.clone()).into())
                } else {
                    Err(invalid!("Keyspace '{keyspace}' does not exist"))
                }
            }
            Plan::Other(Statement::Truncate(table)) => self.truncate(session, table),
            Plan::Other(Statement::Schema(statement)) => {
                self.change_schema(now, session, statement).map(Into::into)
            }
            Plan::Other(_) => Err(CqlError::Server("a statement without a plan".to_owned())),
        }
    }

    pub(super) fn run_batch(
        &mut self,
        now: Time,
        session: &Session,
        kind: BatchKind,
        writes: &[(WritePlan, Vec<BoundValue>)],
        options: &Options,
    ) -> Result<Executed, CqlError> {
        plan::check_batch(kind, &mut writes.iter().map(|(write, _)| write), false)?;
        let mut writes = writes.iter().map(|(write, values)| (write, values.as_slice()));
        self.run_writes(now, session, &mut writes, None, options, true)
    }

    fn run_select(
        &mut self,
        now: Time,
        session: &Session,
        plan: &SelectPlan,
        values: &[BoundValue],
        options: &Options,
    ) -> Result<Executed, CqlError> {
        match options.consistency {
            Consistency::Any => return Err(invalid!("ANY ConsistencyLevel is only supported for writes")),
            Consistency::EachQuorum => {
                return Err(invalid!("EACH_QUORUM ConsistencyLevel is only supported for writes"));
            }
            _ => {}
        }
        let scope = Scope { values, environment: Environment { now, ids: &self.ids }, table: &plan.table };
        read::limit(plan, &scope)?;
        let partitions = read::partitions(plan, &scope)?;
        if let Some(keyspace) = self.keyspaces.get(&plan.table.keyspace) {
            let demand = self.demand(session, &keyspace.replication, options.consistency);
            match &partitions {
                Partitions::Keys(keys) => {
                    keys.iter().try_for_each(|id| self.topology.check(&demand, id.0))?
                }
                Partitions::Tokens(..) => self.topology.check_all(&demand)?,
            }
            let Some(table) = keyspace.tables.get(&plan.table.name) else {
                return Err(invalid!("unconfigured table {}", plan.table.name));
            };
            return read::read(plan, &partitions, &table.data, &scope, options);
        }
        if matches!(options.consistency, Consistency::Two | Consistency::Three) {
            let required = if options.consistency == Consistency::Two { 2 } else { 3 };
            return Err(CqlError::Unavailable { consistency: options.consistency, required, alive: 1 });
        }
        let data = system::data(self, session, &plan.table);
        read::read(plan, &partitions, &data, &scope, options)
    }

    fn demand<'a>(
        &'a self,
        session: &Session,
        replication: &'a Replication,
        consistency: Consistency,
    ) -> Demand<'a> {
        let dc = self.topology.node(session.node).map_or("", |node| node.dc.as_str());
        Demand { replication, consistency, dc }
    }

    /// Runs the writes of a batch, or one: all conditions first, then all changes.
    fn run_writes(
        &mut self,
        now: Time,
        session: &Session,
        writes: &mut dyn Iterator<Item = (&WritePlan, &[BoundValue])>,
        timestamp: Option<&Term>,
        options: &Options,
        is_batch: bool,
    ) -> Result<Executed, CqlError> {
        let writes: Vec<_> = writes.collect();
        let conditional = writes.iter().any(|(plan, _)| plan.condition != PlannedCondition::None);
        // What a condition lets through is written by the cluster's own time, and so are counters.
        let own_time = conditional || writes.iter().any(|(plan, _)| plan.table.is_counter());
        let stamped = if own_time { &Options { timestamp: None, ..options.clone() } } else { options };
        let default_time = self.write_time(now, stamped);
        let mut todo: Vec<Write<'_>> = Vec::with_capacity(writes.len());
        // Made before anything is written: what cannot be made leaves nothing behind.
        let mut made = Vec::with_capacity(writes.len());
        for (plan, values) in &writes {
            let environment = Environment { now, ids: &self.ids };
            let scope = Scope { values, environment, table: &plan.table };
            let default_time = match timestamp {
                Some(term) => batch_time(term, &scope, default_time)?,
                None => default_time,
            };
            let keyspace = self.writable(plan)?;
            // Of a batch without conditions any level is taken.
            if conditional || !is_batch {
                check_level(keyspace, plan, conditional, options)?;
            }
            if conditional {
                one_partition(plan, &scope, todo.first(), is_batch)?;
            }
            let target = apply::target(plan, &scope, default_time)?;
            target.partitions.iter().try_for_each(|(id, _)| apply::check_key(id))?;
            if conditional {
                self.check_write(session, keyspace, plan, &target, options)?;
            } else {
                made.push(self.steps(plan, &scope, &target)?);
            }
            todo.push((plan, scope, target));
        }
        if !conditional {
            for (plan, _, target) in &todo {
                self.check_write(session, self.writable(plan)?, plan, target, options)?;
            }
        }
        let answer = if conditional { self.check_conditions(&todo, is_batch)? } else { None };
        if answer.as_ref().is_none_or(|(applied, _)| *applied) {
            if conditional {
                let steps = |(plan, scope, target): &Write<'_>| self.steps(plan, scope, target);
                made = todo.iter().map(steps).collect::<Result<_, _>>()?;
            }
            commit(&mut self.keyspaces, &todo, made)?;
        }
        if let Some((true, _)) = &answer {
            self.check_commit(session, &todo, options)?;
        }
        Ok(answer.map_or(Outcome::Void, |(_, rows)| Outcome::Rows(rows)).into())
    }

    fn steps(&self, plan: &WritePlan, scope: &Scope<'_>, target: &Target) -> Result<Vec<Step>, CqlError> {
        let keyspace = self.keyspaces.get(&plan.table.keyspace);
        match keyspace.and_then(|keyspace| keyspace.tables.get(&plan.table.name)) {
            Some(table) => apply::steps(plan, target, &table.data, scope),
            None => Ok(Vec::new()),
        }
    }

    fn check_conditions(
        &self,
        todo: &[Write<'_>],
        is_batch: bool,
    ) -> Result<Option<(bool, ResultSet)>, CqlError> {
        let Some((first, ..)) = todo.first() else { return Ok(None) };
        let keyspace = self.keyspaces.get(&first.table.keyspace);
        let Some(table) = keyspace.and_then(|keyspace| keyspace.tables.get(&first.table.name)) else {
            return Ok(None);
        };
        let writes: Vec<_> =
            todo.iter().map(|(plan, scope, target)| Conditional { plan, target, scope }).collect();
        cas::check(&writes, &table.data, is_batch)
    }

    /// What a condition has let through is written already when its consistency level turns out to be too high.
    fn check_commit(&self, session: &Session, todo: &[Write<'_>], options: &Options) -> Result<(), CqlError> {
        let Some((plan, _, target)) = todo.first() else { return Ok(()) };
        let keyspace = self.writable(plan)?;
        let demand = self.demand(session, &keyspace.replication, options.consistency);
        for (id, _) in &target.partitions {
            if let Err(CqlError::Unavailable { consistency, required, alive }) =
                self.topology.check(&demand, id.0)
            {
                return Err(CqlError::WriteTimeout {
                    message: format!("Operation timed out - received only {alive} responses."),
                    consistency,
                    received: alive,
                    required,
                    write_type: "SIMPLE".to_owned(),
                });
            }
        }
        Ok(())
    }

    fn writable(&self, plan: &WritePlan) -> Result<&Keyspace, CqlError> {
        self.keyspaces.get(&plan.table.keyspace).ok_or_else(|| not_modifiable(&plan.table.keyspace))
    }

    fn check_write(
        &self,
        session: &Session,
        keyspace: &Keyspace,
        plan: &WritePlan,
        target: &Target,
        options: &Options,
    ) -> Result<(), CqlError> {
        let conditional = plan.condition != PlannedCondition::None;
        let consistency =
            if conditional { options.serial.unwrap_or(Consistency::Serial) } else { options.consistency };
        let demand = self.demand(session, &keyspace.replication, consistency);
        target.partitions.iter().try_for_each(|(id, _)| self.topology.check(&demand, id.0))
    }

    /// The request's write time, or a time later than that of any write before.
    fn write_time(&mut self, now: Time, options: &Options) -> i64 {
        if let Some(timestamp) = options.timestamp {
            return timestamp;
        }
        let now = i64::try_from(now.as_micros()).unwrap_or(i64::MAX);
        self.last_write = now.max(self.last_write.saturating_add(1));
        self.last_write
    }

    fn truncate(&mut self, session: &Session, name: &TableName) -> Result<Executed, CqlError> {
        let table = self.table(session, name)?;
        let Some(keyspace) = self.keyspaces.get_mut(&table.keyspace) else {
            return Err(not_modifiable(&table.keyspace));
        };
        if self.topology.nodes().any(|node| !node.up) {
            return Err(CqlError::Unavailable {
                consistency: Consistency::All,
                required: i32::try_from(self.topology.nodes().count()).unwrap_or(i32::MAX),
                alive: i32::try_from(self.topology.nodes().filter(|node| node.up).count()).unwrap_or(0),
            });
        }
        if let Some(table) = keyspace.tables.get_mut(&name.name) {
            table.data = super::store::TableData::default();
        }
        Ok(Outcome::Void.into())
    }
}

/// A write of a request, the values that are bound to it, and the rows it is about.
type Write<'a> = (&'a WritePlan, Scope<'a>, Target);

fn commit(
    keyspaces: &mut BTreeMap<String, Keyspace>,
    todo: &[Write<'_>],
    made: Vec<Vec<Step>>,
) -> Result<(), CqlError> {
    for ((plan, scope, target), mut steps) in todo.iter().zip(made) {
        let keyspace = keyspaces.get_mut(&plan.table.keyspace);
        let Some(table) = keyspace.and_then(|keyspace| keyspace.tables.get_mut(&plan.table.name)) else {
            continue;
        };
        // Counters count what the statements before have counted.
        if plan.table.is_counter() {
            steps = apply::steps(plan, target, &table.data, scope)?;
        }
        apply::apply(plan, target, &mut table.data, scope, steps);
    }
    Ok(())
}

/// Refuses a level at which such a write cannot be.
fn check_level(
    keyspace: &Keyspace,
    plan: &WritePlan,
    conditional: bool,
    options: &Options,
) -> Result<(), CqlError> {
    let level = options.consistency;
    if conditional && !options.serial.unwrap_or(Consistency::Serial).is_serial() {
        return Err(invalid!(
            "Invalid consistency for conditional update. Must be one of SERIAL or LOCAL_SERIAL"
        ));
    }
    if !conditional && level.is_serial() {
        return Err(invalid!("You must use conditional updates for serializable writes"));
    }
    if conditional
        && level == Consistency::EachQuorum
        && !matches!(keyspace.replication, Replication::Network(_))
    {
        let (class, _) = super::options::replication_texts(&keyspace.replication);
        return Err(invalid!(
            "consistency level EACH_QUORUM not compatible with replication strategy ({class})"
        ));
    }
    if level == Consistency::Any && plan.table.is_counter() {
        return Err(invalid!(
            "Consistency level ANY is not yet supported for counter table {}",
            plan.table.name
        ));
    }
    Ok(())
}

/// Refuses conditional writes of several partitions.
fn one_partition(
    plan: &WritePlan,
    scope: &Scope<'_>,
    first: Option<&Write<'_>>,
    is_batch: bool,
) -> Result<(), CqlError> {
    let partitions = apply::partitions(plan, scope)?;
    if partitions.len() > 1 {
        return Err(if is_batch {
            CqlError::Server(
                "java.lang.IllegalArgumentException: Batch with conditions cannot span multiple partitions (you cannot \
                 use IN on the partition key)"
                    .to_owned(),
            )
        } else {
            invalid!("IN on the partition key is not supported with conditional updates")
        });
    }
    if is_batch {
        partitions.iter().try_for_each(|(id, _)| apply::check_key(id))?;
    }
    if first.is_some_and(|(_, _, target)| target.partitions != partitions) {
        return Err(invalid!("Batch with conditions cannot span multiple partitions"));
    }
    Ok(())
}

pub(super) fn not_modifiable(keyspace: &str) -> CqlError {
    CqlError::Unauthorized(format!("{keyspace} keyspace is not user-modifiable."))
}

fn batch_time(term: &Term, scope: &Scope<'_>, default: i64) -> Result<i64, CqlError> {
    let bytes: Bytes = match scope.evaluate(term, &CqlType::Bigint)? {
        Evaluated::Value(bytes) => bytes,
        Evaluated::Unset => return Ok(default),
        Evaluated::Null => return Err(invalid!("Invalid null value of timestamp")),
    };
    bytes.as_ref().try_into().map(i64::from_be_bytes).map_err(|_| invalid!("Invalid timestamp value"))
}
