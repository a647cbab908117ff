//! Runs plans: consistency first, then rows.

use bytes::Bytes;
use stacklab_machine::Time;

use super::apply::{self, Target};
use super::cluster::Cluster;
use super::functions::Environment;
use super::outcome::{BoundValue, Executed, Options, Outcome, ResultSet, Session};
use super::plan::{BatchPlan, Plan};
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
                let write = std::slice::from_ref(write);
                self.run_writes(now, session, &mut write.iter().map(|write| (write, values)), None, options)
            }
            Plan::Batch(BatchPlan { timestamp, writes, .. }) => {
                let timestamp = timestamp.as_ref();
                self.run_writes(
                    now,
                    session,
                    &mut writes.iter().map(|write| (write, values)),
                    timestamp,
                    options,
                )
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
        timestamp: Option<&Term>,
        options: &Options,
    ) -> Result<Executed, CqlError> {
        for (write, _) in writes {
            match (kind, write.table.is_counter()) {
                (BatchKind::Counter, false) => {
                    return Err(invalid!("Cannot include non-counter statement in a counter batch"));
                }
                (BatchKind::Logged, true) => {
                    return Err(invalid!("Cannot include a counter statement in a logged batch"));
                }
                _ => {}
            }
        }
        let mut writes = writes.iter().map(|(write, values)| (write, values.as_slice()));
        self.run_writes(now, session, &mut writes, timestamp, options)
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
    ) -> Result<Executed, CqlError> {
        let default_time = self.write_time(now, options);
        let mut todo: Vec<(&WritePlan, &[BoundValue], Target)> = Vec::new();
        let mut answer: Option<(bool, ResultSet)> = None;
        for (plan, values) in writes {
            let scope =
                Scope { values, environment: Environment { now, ids: &self.ids }, table: &plan.table };
            let default_time = match timestamp {
                Some(term) => batch_time(term, &scope)?,
                None => default_time,
            };
            let keyspace = self.writable(plan)?;
            let target = apply::target(plan, &scope, default_time)?;
            self.check_write(session, keyspace, plan, &target, options)?;
            if let Some(table) = keyspace.tables.get(&plan.table.name)
                && let Some(checked) = apply::check(plan, &target, &table.data, &scope)?
            {
                // Of several conditions the first that does not hold is answered.
                if answer.as_ref().is_none_or(|(applied, _)| *applied) {
                    answer = Some(checked);
                }
            }
            todo.push((plan, values, target));
        }
        let first = todo.first().and_then(|(.., target)| target.partitions.first());
        if answer.is_some() && todo.iter().any(|(.., target)| target.partitions.first() != first) {
            return Err(invalid!("Batch with conditions cannot span multiple partitions"));
        }
        if answer.as_ref().is_none_or(|(applied, _)| *applied) {
            for (plan, values, target) in &todo {
                let scope =
                    Scope { values, environment: Environment { now, ids: &self.ids }, table: &plan.table };
                let keyspace = self.keyspaces.get_mut(&plan.table.keyspace);
                if let Some(table) = keyspace.and_then(|keyspace| keyspace.tables.get_mut(&plan.table.name)) {
                    apply::apply(plan, target, &mut table.data, &scope)?;
                }
            }
        }
        Ok(answer.map_or(Outcome::Void, |(_, rows)| Outcome::Rows(rows)).into())
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
        if !conditional && consistency.is_serial() {
            return Err(invalid!("You must use conditional updates for serializable writes"));
        }
        if conditional && !consistency.is_serial() {
            return Err(invalid!(
                "Invalid consistency for conditional update. Must be one of SERIAL or LOCAL_SERIAL"
            ));
        }
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

pub(super) fn not_modifiable(keyspace: &str) -> CqlError {
    CqlError::Unauthorized(format!("{keyspace} keyspace is not user-modifiable."))
}

fn batch_time(term: &Term, scope: &Scope<'_>) -> Result<i64, CqlError> {
    let bytes: Bytes = match scope.evaluate(term, &CqlType::Bigint)? {
        Evaluated::Value(bytes) => bytes,
        _ => return Err(invalid!("Invalid null value of timestamp")),
    };
    bytes.as_ref().try_into().map(i64::from_be_bytes).map_err(|_| invalid!("Invalid timestamp value"))
}
