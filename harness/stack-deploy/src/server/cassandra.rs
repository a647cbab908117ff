//! The store in Cassandra: the original's keyspace and tables, so that either can go on where the other stopped.

use std::time::Duration;

use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::errors::{ExecutionError, RequestAttemptError};
use scylla::serialize::row::SerializeRow;
use scylla::statement::Consistency;
use scylla::value::Row;
use stacklab_stack::server::{Role, RunKey, StoreError, StoreOp, StoreReply, User};
use stacklab_stack::{Stack, Variables};

/// How long a statement may take.
const LIMIT: Duration = Duration::from_secs(5);
const PORT: u16 = 9042;

/// How to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CassandraConfig {
    /// The keyspace; made if it is missing.
    pub keyspace: String,
    /// How often to try to connect.
    pub tries: u32,
    /// The pause between tries.
    pub backoff: Duration,
}

impl Default for CassandraConfig {
    fn default() -> Self {
        Self { keyspace: "stack_deploy".into(), tries: 10, backoff: Duration::from_secs(10) }
    }
}

/// A store in Cassandra.
pub(super) struct CassandraStore {
    config: CassandraConfig,
    session: Option<Session>,
}

type Done<T> = Result<T, StoreError>;

impl CassandraStore {
    pub(super) fn new(config: CassandraConfig) -> Self {
        Self { config, session: None }
    }

    /// Carries out an operation.
    pub(super) async fn perform(&mut self, op: StoreOp) -> Done<StoreReply> {
        match op {
            StoreOp::Open { contact_points } => self.open(&contact_points).await?,
            StoreOp::StackNames => {
                return Ok(StoreReply::Names(self.names("SELECT name FROM {}.stacks", ()).await?));
            }
            StoreOp::Stack(name) => return self.stack(name).await.map(StoreReply::Stack),
            StoreOp::AddStack(stack) => return self.add(*stack).await,
            StoreOp::ReplaceStack { name, stack } => self.put(name, &stack).await?,
            StoreOp::Children(parent) => {
                let query = "SELECT name FROM {}.stacks WHERE parent = ?";
                return Ok(StoreReply::Names(self.names(query, (parent,)).await?));
            }
            StoreOp::RemoveStacks(names) => {
                for name in names {
                    self.run("DELETE FROM {}.stacks WHERE name = ?", (name,)).await?;
                }
            }
            StoreOp::AnyUser => {
                return Ok(StoreReply::Any(
                    !self.rows("SELECT name FROM {}.users LIMIT 1", ()).await?.is_empty(),
                ));
            }
            StoreOp::User(name) => return self.user(name).await.map(StoreReply::User),
            StoreOp::PutUser(user) => {
                let query = "INSERT INTO {}.users (name, key, role) VALUES (?, ?, ?)";
                self.run(query, (user.name, user.key_hash, user.role as i32)).await?;
            }
            StoreOp::SaveStack { run, state } => {
                let query = "INSERT INTO {}.stack_states (name, zone, state) VALUES (?, ?, ?)";
                self.run(query, (run.stack, run.zone, state as i32)).await?;
            }
            StoreOp::SaveApplication { run, application, state } => {
                let query =
                    "INSERT INTO {}.application_states (stack, zone, name, state) VALUES (?, ?, ?, ?)";
                self.run(query, (run.stack, run.zone, application, state as i32)).await?;
            }
            StoreOp::SaveVariables { run, variables } => self.save_variables(&run, &variables).await?,
        }
        Ok(StoreReply::Done)
    }

    async fn open(&mut self, contact_points: &[String]) -> Done<()> {
        let name = &self.config.keyspace;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(StoreError(format!("{name:?} is no name for a keyspace")));
        }
        let with_port = |point: &String| {
            if point.contains(':') { point.clone() } else { format!("{point}:{PORT}") }
        };
        let points: Vec<String> = contact_points.iter().map(with_port).collect();
        let mut tries = self.config.tries.max(1);
        loop {
            tries -= 1;
            let opened = match connect(&points).await {
                Ok(session) => {
                    self.session = Some(session);
                    self.make_tables().await
                }
                Err(why) => Err(StoreError(why)),
            };
            match opened {
                Err(_) if tries > 0 => tokio::time::sleep(self.config.backoff).await,
                ended => return ended,
            }
        }
    }

    async fn make_tables(&self) -> Done<()> {
        for statement in [
            "CREATE KEYSPACE IF NOT EXISTS {} WITH replication = { 'class' : 'SimpleStrategy', 'replication_factor' : 1 }",
            "CREATE TABLE IF NOT EXISTS {}.stacks (name text, parent text, applications text, PRIMARY KEY(name))",
            "CREATE INDEX IF NOT EXISTS stacks_parent_idx ON {}.stacks (parent)",
            "CREATE TABLE IF NOT EXISTS {}.users (name text, key text, role int, PRIMARY KEY(name))",
            "CREATE TABLE IF NOT EXISTS {}.stack_states (name text, zone text, state int, PRIMARY KEY(name, zone))",
            "CREATE TABLE IF NOT EXISTS {}.application_states (stack text, zone text, name text, state int, PRIMARY KEY(stack, zone, name))",
            "CREATE TABLE IF NOT EXISTS {}.stack_variables (stack text, zone text, key text, value text, variable_type text, PRIMARY KEY(stack, zone, key))",
        ] {
            self.run(statement, ()).await?;
        }
        Ok(())
    }

    async fn stack(&self, name: String) -> Done<Option<Box<Stack>>> {
        let query = "SELECT name, parent, applications FROM {}.stacks WHERE name = ? LIMIT 1";
        let Some(row) = self.rows(query, (name,)).await?.into_iter().next() else { return Ok(None) };
        let mut texts = texts(row).into_iter();
        let mut next = || texts.next().flatten().unwrap_or_default();
        let (name, from, applications) = (next(), next(), next());
        let applications = Stack::parse_applications(&applications)
            .map_err(|why| StoreError(format!("Unable get stack {name} from Cassandra: {why}")))?;
        // Level and namespace are not stored.
        Ok(Some(Box::new(Stack { name, from, applications, ..Stack::default() })))
    }

    async fn add(&self, stack: Stack) -> Done<StoreReply> {
        // One server writes, and one operation after the other: nobody comes in between.
        if !self.rows("SELECT name FROM {}.stacks WHERE name = ?", (stack.name.clone(),)).await?.is_empty() {
            return Ok(StoreReply::Added(false));
        }
        self.put(stack.name.clone(), &stack).await?;
        Ok(StoreReply::Added(true))
    }

    async fn put(&self, name: String, stack: &Stack) -> Done<()> {
        let query = "INSERT INTO {}.stacks (name, parent, applications) VALUES (?, ?, ?)";
        self.run(query, (name, stack.from.clone(), stack.print_applications())).await
    }

    async fn user(&self, name: String) -> Done<Option<User>> {
        let query = "SELECT name, key, role FROM {}.users WHERE name = ? LIMIT 1";
        let Some(row) = self.rows(query, (name,)).await?.into_iter().next() else { return Ok(None) };
        let role = row.columns.get(2).and_then(|column| column.as_ref()).and_then(|role| role.as_int());
        let mut texts = texts(row).into_iter();
        let mut next = || texts.next().flatten().unwrap_or_default();
        let (name, key_hash) = (next(), next());
        // A role that is missing is the least: the original would take it for an admin's.
        let role = if role == Some(Role::Admin as i32) { Role::Admin } else { Role::Regular };
        Ok(Some(User { name, key_hash, role }))
    }

    async fn save_variables(&self, run: &RunKey, variables: &Variables) -> Done<()> {
        let kinds =
            [("global", &variables.global), ("arbitrary", &variables.arbitrary), ("stack", &variables.stack)];
        for (kind, variables) in kinds {
            for (key, value) in variables {
                let query = "INSERT INTO {}.stack_variables (stack, zone, key, value, variable_type) \
                             VALUES (?, ?, ?, ?, ?)";
                self.run(query, (&run.stack, &run.zone, key, value, kind)).await?;
            }
        }
        Ok(())
    }

    async fn names(&self, query: &str, values: impl SerializeRow) -> Done<Vec<String>> {
        let rows = self.rows(query, values).await?;
        Ok(rows.into_iter().filter_map(|row| texts(row).into_iter().next().flatten()).collect())
    }

    async fn run(&self, query: &str, values: impl SerializeRow) -> Done<()> {
        self.query(query, values).await.map(|_| ())
    }

    async fn rows(&self, query: &str, values: impl SerializeRow) -> Done<Vec<Row>> {
        let broken = |why: String| StoreError(why);
        let result = self.query(query, values).await?;
        let rows = result.into_rows_result().map_err(|why| broken(why.to_string()))?;
        let rows = rows.rows::<Row>().map_err(|why| broken(why.to_string()))?;
        rows.collect::<Result<Vec<Row>, _>>().map_err(|why| broken(why.to_string()))
    }

    async fn query(
        &self,
        query: &str,
        values: impl SerializeRow,
    ) -> Done<scylla::response::query_result::QueryResult> {
        let session = self.session.as_ref().ok_or_else(|| StoreError("not connected".into()))?;
        // The keyspace's name was checked to be one.
        let query = query.replacen("{}", &self.config.keyspace, 1);
        session.query_unpaged(query, values).await.map_err(|why| StoreError(words(why)))
    }
}

async fn connect(points: &[String]) -> Result<Session, String> {
    let profile = ExecutionProfile::builder()
        .consistency(Consistency::Quorum)
        .request_timeout(Some(LIMIT))
        .build()
        .into_handle();
    SessionBuilder::new()
        .known_nodes(points)
        .default_execution_profile_handle(profile)
        // A real 2.2 has no system_schema: the driver must not look for it.
        .fetch_schema_metadata(false)
        .connection_timeout(LIMIT)
        .build()
        .await
        .map_err(|why| format!("unable to connect to Cassandra at {}: {why}", points.join(",")))
}

/// What Cassandra itself said, where it did.
fn words(error: ExecutionError) -> String {
    match error {
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(_, words)) => words,
        other => other.to_string(),
    }
}

fn texts(row: Row) -> Vec<Option<String>> {
    row.columns.into_iter().map(|column| column.and_then(|value| value.into_string())).collect()
}
