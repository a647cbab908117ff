//! Terms of statements: whether they can be values of a column, which bind variables they hold, and their bytes.

use bytes::Bytes;

use super::collections;
use super::constants;
use super::functions::{self, Environment, Signature};
use super::outcome::{BoundValue, ColumnSpec};
use super::schema::{Column, TableSchema};
use crate::cql::{Operand, Term};
use crate::error::invalid;
use crate::value::collection;
use crate::{CqlError, CqlType};

/// The bind variables of a statement as they are found.
pub(super) struct Binds<'a> {
    names: &'a [Option<String>],
    specs: Vec<Option<ColumnSpec>>,
    /// The column that each variable is a value of, if it is one of just that column.
    columns: Vec<Option<String>>,
    /// Whether those are found that belong to a whole batch.
    of_batch: bool,
}

impl<'a> Binds<'a> {
    pub(super) fn new(names: &'a [Option<String>]) -> Self {
        let count = names.len();
        Self { names, specs: vec![None; count], columns: vec![None; count], of_batch: false }
    }

    /// Says what a variable stands for. `name` is taken for a `?`.
    pub(super) fn set(&mut self, bind: usize, table: &TableSchema, name: &str, ty: &CqlType) {
        let column = Some(name.to_owned());
        let name = self.names.get(bind).and_then(Clone::clone).unwrap_or_else(|| name.to_owned());
        if let Some(spec) = self.specs.get_mut(bind) {
            let (keyspace, table) = match self.of_batch {
                true => ("[batch]".to_owned(), "[batch]".to_owned()),
                false => (table.keyspace.clone(), table.name.clone()),
            };
            *spec = Some(ColumnSpec { keyspace, table, name, ty: ty.clone() });
            self.columns[bind] = column;
        }
    }

    /// Finds variables that belong to no table but to a whole batch.
    pub(super) fn of_batch<R>(&mut self, find: impl FnOnce(&mut Self) -> R) -> R {
        self.of_batch = true;
        let found = find(self);
        self.of_batch = false;
        found
    }

    /// For each column of the partition key, the last variable that is a value of it; empty if not all have one.
    pub(super) fn of_partition(&self, table: &TableSchema) -> Vec<u16> {
        let bind = |column: &Column| {
            let at = self.columns.iter().rposition(|found| found.as_deref() == Some(&column.name))?;
            u16::try_from(at).ok()
        };
        table.partition_key().iter().map(bind).collect::<Option<Vec<_>>>().unwrap_or_default()
    }

    pub(super) fn finish(self) -> Vec<ColumnSpec> {
        self.specs.into_iter().flatten().collect()
    }
}

/// The column that a term is for.
#[derive(Clone, Copy)]
pub(super) struct Receiver<'a> {
    pub(super) table: &'a TableSchema,
    pub(super) name: &'a str,
    pub(super) ty: &'a CqlType,
}

impl Receiver<'_> {
    /// Refuses a term that can never be a value of the column, and notes its bind variables.
    pub(super) fn check(&self, term: &Term, binds: &mut Binds<'_>) -> Result<(), CqlError> {
        let ty = self.ty.thawed();
        let name = self.name;
        match (term, ty) {
            (Term::Bind(bind), _) => binds.set(*bind, self.table, name, self.ty),
            (Term::Null, CqlType::Counter) => {
                return Err(invalid!("Invalid null value for counter increment/decrement"));
            }
            (Term::Null, _) => {}
            (Term::Constant(kind, text), _) => {
                if constants::constant(*kind, text, ty)?.is_none() {
                    let (kind, ty) = (kind.name(), self.ty.shown());
                    return Err(invalid!("Invalid {kind} constant ({text}) for \"{name}\" of type {ty}"));
                }
            }
            // Brackets around one term are only brackets where no tuple is wanted.
            (Term::Tuple(items), _)
                if items.len() == 1 && !matches!(ty, CqlType::Tuple(_) | CqlType::Udt(_)) =>
            {
                self.check(&items[0], binds)?;
            }
            (Term::Call(name, arguments), _) => self.check_call(name, arguments, binds)?,
            _ => {
                self.fits(term)?;
                self.check_parts(term, ty, binds)?;
            }
        }
        Ok(())
    }

    /// Refuses a literal of several parts that has the wrong form, or a part of the wrong type.
    fn fits(&self, term: &Term) -> Result<(), CqlError> {
        let name = self.name;
        let no_literal =
            |what: &str| invalid!("Invalid {what} literal for {name} of type {}", self.ty.shown());
        let inner = |ty: &CqlType| match self.ty {
            CqlType::Frozen(_) | CqlType::Tuple(_) | CqlType::Udt(_) => ty.shown_inside(),
            _ => ty.shown(),
        };
        let wrong = |what: &str, part: &str, term: &Term, ty: &CqlType| {
            invalid!("Invalid {what} literal for {name}: {part} {term} is not of type {}", inner(ty))
        };
        let refused = |term: &&Term, ty: &CqlType| assignable(term, ty, self.table).is_none();
        // The original does not see the type of a clustering column whose order is turned round.
        let reversed = self.table.clustering().iter().any(|column| column.name == name && column.descending);
        match (term, self.ty.thawed()) {
            (Term::List(items), CqlType::List(element)) => items
                .iter()
                .find(|item| refused(item, element))
                .map(|item| wrong("list", "value", item, element)),
            (Term::Set(items), CqlType::Set(element)) => items
                .iter()
                .find(|item| refused(item, element))
                .map(|item| wrong("set", "value", item, element)),
            (Term::Set(items), CqlType::Map(..)) if items.is_empty() => reversed.then(|| {
                let (from, to) = ("MapType", "SetType");
                CqlError::Server(format!(
                    "java.lang.ClassCastException: org.apache.cassandra.db.marshal.{from} cannot be cast to \
                     org.apache.cassandra.db.marshal.{to}"
                ))
            }),
            (Term::Tuple(_), _) if reversed => Some(no_literal("tuple type")),
            (Term::Udt(_), _) if reversed => Some(no_literal("user type")),
            (Term::Map(entries), CqlType::Map(key, value)) => entries.iter().find_map(|(k, v)| {
                if refused(&k, key) {
                    return Some(wrong("map", "key", k, key));
                }
                refused(&v, value).then(|| wrong("map", "value", v, value))
            }),
            (Term::Tuple(items), CqlType::Tuple(types)) => items.iter().enumerate().find_map(|(at, item)| {
                let Some(ty) = types.get(at) else {
                    return Some(invalid!(
                        "Invalid tuple literal for {name}: too many elements. Type {} expects {} but got {}",
                        self.ty.shown(),
                        types.len(),
                        items.len()
                    ));
                };
                refused(&item, ty).then(|| {
                    let ty = inner(ty);
                    invalid!("Invalid tuple literal for {name}: component {at} is not of type {ty}")
                })
            }),
            (Term::Udt(fields), CqlType::Udt(udt)) => udt.fields.iter().find_map(|(field, ty)| {
                let (_, value) = fields.iter().find(|(given, _)| given == field)?;
                refused(&value, ty).then(|| {
                    let ty = inner(ty);
                    invalid!("Invalid user type literal for {name}: field {field} is not of type {ty}")
                })
            }),
            (Term::List(_), _) => Some(no_literal("list")),
            (Term::Set(_), _) => Some(no_literal("set")),
            (Term::Map(_), _) => Some(no_literal("map")),
            (Term::Udt(_), _) => Some(no_literal("user type")),
            (Term::Tuple(_), _) => Some(no_literal("tuple type")),
            _ => None,
        }
        .map_or(Ok(()), Err)
    }

    /// Checks the parts of a literal, each for its own sake.
    fn check_parts(&self, term: &Term, ty: &CqlType, binds: &mut Binds<'_>) -> Result<(), CqlError> {
        let table = self.table;
        let part = |what: &str, term: &Term, ty: &CqlType, binds: &mut Binds<'_>| {
            let name = format!("{what}({})", self.name);
            Receiver { table, name: &name, ty }.check(term, binds)
        };
        let kind = match (term, ty) {
            (Term::List(items), CqlType::List(element)) | (Term::Set(items), CqlType::Set(element)) => {
                items.iter().try_for_each(|item| part("value", item, element, binds))?;
                if matches!(ty, CqlType::List(_)) { "list" } else { "set" }
            }
            (Term::Map(entries), CqlType::Map(key, value)) => {
                for (k, v) in entries {
                    part("key", k, key, binds)?;
                    part("value", v, value, binds)?;
                }
                "map"
            }
            (Term::Tuple(items), CqlType::Tuple(types)) => {
                for (at, (item, ty)) in items.iter().zip(types).enumerate() {
                    let name = format!("{}[{at}]", self.name);
                    Receiver { table, name: &name, ty }.check(item, binds)?;
                }
                return Ok(());
            }
            (Term::Udt(fields), CqlType::Udt(udt)) => {
                for (field, ty) in &udt.fields {
                    if let Some((_, value)) = fields.iter().find(|(given, _)| given == field) {
                        let name = format!("{}.{field}", self.name);
                        Receiver { table, name: &name, ty }.check(value, binds)?;
                    }
                }
                let unknown =
                    fields.iter().find(|(given, _)| !udt.fields.iter().any(|(field, _)| field == given));
                return match unknown {
                    None => Ok(()),
                    Some((field, _)) => {
                        Err(invalid!("Unknown field '{field}' in value of user defined type {}", udt.name))
                    }
                };
            }
            _ => return Ok(()),
        };
        if term.has_binds() {
            let name = self.name;
            return Err(invalid!(
                "Invalid {kind} literal for {name}: bind variables are not supported inside collection literals"
            ));
        }
        Ok(())
    }

    fn check_call(&self, name: &str, arguments: &[Term], binds: &mut Binds<'_>) -> Result<(), CqlError> {
        if matches!(name, "min" | "max" | "sum" | "avg" | "count") {
            return Err(invalid!("Aggregation function are not supported in the where clause"));
        }
        let Some(signature) = call(name, arguments, self.table)? else {
            return Err(invalid!("Unknown function {name} called"));
        };
        if !self.ty.takes(&signature.result) {
            let (result, own) = (signature.result.shown(), self.ty.shown());
            let column = self.name;
            return Err(invalid!(
                "Type error: cannot assign result of function system.{name} (type {result}) to {column} (type {own})"
            ));
        }
        if signature.arguments.len() != arguments.len() {
            return Err(invalid!(
                "Incorrect number of arguments specified for function {} (expected {}, found {})",
                signature.shown(name),
                signature.arguments.len(),
                arguments.len()
            ));
        }
        for (at, (argument, ty)) in arguments.iter().zip(&signature.arguments).enumerate() {
            let name = format!("arg{at}(system.{name})");
            Receiver { table: self.table, name: &name, ty }.check(argument, binds)?;
        }
        Ok(())
    }

    /// Checks the right side of a relation.
    pub(super) fn check_operand(&self, operand: &Operand, binds: &mut Binds<'_>) -> Result<(), CqlError> {
        match operand {
            Operand::One(term) => self.check(term, binds),
            Operand::Many(terms) => terms.iter().try_for_each(|term| self.check(term, binds)),
            Operand::ManyBound(bind) => {
                let list = CqlType::List(Box::new(self.ty.clone()));
                binds.set(*bind, self.table, &format!("in({})", self.name), &list);
                Ok(())
            }
        }
    }
}

pub(super) fn wrong_arguments(name: &str, wanted: usize, found: usize) -> CqlError {
    invalid!(
        "Invalid number of arguments in call to function system.{name}: {wanted} required but {found} provided"
    )
}

/// Whether a term may be a value of a type, and whether it is known to be one of just that type.
pub(super) fn assignable(term: &Term, ty: &CqlType, table: &TableSchema) -> Option<bool> {
    let all = |terms: &[Term], ty: &CqlType| {
        let exact: Option<Vec<_>> = terms.iter().map(|term| assignable(term, ty, table)).collect();
        exact.map(|exact| !exact.is_empty() && exact.iter().all(|exact| *exact))
    };
    let ty = ty.thawed();
    match (term, ty) {
        (Term::Null, CqlType::Counter) => None,
        (Term::Bind(_) | Term::Null, _) => Some(false),
        (Term::Constant(kind, _), _) => constants::may_be(*kind, ty).then_some(false),
        (Term::List(items), CqlType::List(element)) | (Term::Set(items), CqlType::Set(element)) => {
            all(items, element)
        }
        (Term::Set(items), CqlType::Map(..)) if items.is_empty() => Some(false),
        (Term::Map(entries), CqlType::Map(key, value)) => {
            let mut exact = !entries.is_empty();
            for (k, v) in entries {
                exact &= assignable(k, key, table)? & assignable(v, value, table)?;
            }
            Some(exact)
        }
        (Term::Tuple(_) | Term::Udt(_), CqlType::Tuple(_) | CqlType::Udt(_)) => {
            Receiver { table, name: "", ty }.fits(term).ok().map(|()| false)
        }
        (Term::Tuple(items), _) if items.len() == 1 => assignable(&items[0], ty, table),
        (Term::Call(name, arguments), _) => match call(name, arguments, table) {
            // What is wrong with the call itself is said when its turn comes.
            Err(_) | Ok(None) => Some(false),
            Ok(Some(signature)) => ty.takes(&signature.result).then(|| signature.result == *ty),
        },
        _ => None,
    }
}

/// The function of a call among terms.
fn call(name: &str, arguments: &[Term], table: &TableSchema) -> Result<Option<Signature>, CqlError> {
    functions::resolve(
        name,
        table,
        arguments.len(),
        &|at, ty| arguments.get(at).and_then(|argument| assignable(argument, ty, table)),
        &|at| arguments.get(at).map(Term::to_string).unwrap_or_default(),
    )
}

/// The bytes of a term.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Evaluated {
    Null,
    Unset,
    Value(Bytes),
}

/// The values and the surroundings that terms are evaluated in.
pub(super) struct Scope<'a> {
    pub(super) values: &'a [BoundValue],
    pub(super) environment: Environment<'a>,
    /// The table whose partition key `token` takes.
    pub(super) table: &'a TableSchema,
}

impl Scope<'_> {
    pub(super) fn evaluate(&self, term: &Term, ty: &CqlType) -> Result<Evaluated, CqlError> {
        let ty = ty.thawed();
        let bytes = match (term, ty) {
            (Term::Bind(bind), _) => return self.bound(*bind, ty),
            (Term::Null, _) => return Ok(Evaluated::Null),
            (Term::Constant(kind, text), _) => match constants::constant(*kind, text, ty)? {
                Some(bytes) => Bytes::from(bytes),
                None => return Err(invalid!("Invalid {} constant ({text})", kind.name())),
            },
            (Term::List(items), CqlType::List(element)) => {
                let items = self.all(items, element)?;
                Bytes::from(collection(items.len(), items.iter().map(|item| Some(item.as_ref()))))
            }
            (Term::Set(items), CqlType::Set(element)) => {
                collections::set_bytes(element, self.all(items, element)?)
            }
            (Term::Set(_), CqlType::Map(..)) => Bytes::from(collection(0, [])),
            (Term::Map(entries), CqlType::Map(key, value)) => {
                let mut pairs = Vec::with_capacity(entries.len());
                for (k, v) in entries {
                    pairs.push((self.inner(k, key)?, self.inner(v, value)?));
                }
                collections::map_bytes(key, pairs)
            }
            (Term::Udt(fields), CqlType::Udt(udt)) => {
                let mut parts = Vec::with_capacity(udt.fields.len());
                for (name, ty) in &udt.fields {
                    let given = fields.iter().find(|(field, _)| field == name);
                    parts.push(given.map_or(Ok(Evaluated::Null), |(_, term)| self.evaluate(term, ty))?);
                }
                tuple_bytes(&parts)
            }
            (Term::Tuple(items), CqlType::Tuple(types)) => {
                let parts: Result<Vec<_>, _> =
                    items.iter().zip(types).map(|(item, ty)| self.evaluate(item, ty)).collect();
                tuple_bytes(&parts?)
            }
            (Term::Tuple(items), _) if items.len() == 1 => return self.evaluate(&items[0], ty),
            (Term::Call(name, arguments), _) => return self.call(name, arguments),
            _ => return Err(invalid!("Invalid literal for a value of type {ty}")),
        };
        Ok(Evaluated::Value(bytes))
    }

    fn bound(&self, bind: usize, ty: &CqlType) -> Result<Evaluated, CqlError> {
        Ok(match self.bound_as_is(bind, ty)? {
            Evaluated::Value(bytes) => Evaluated::Value(collections::normal(ty, bytes)),
            other => other,
        })
    }

    fn bound_as_is(&self, bind: usize, ty: &CqlType) -> Result<Evaluated, CqlError> {
        match self.values.get(bind) {
            None => Err(invalid!("Invalid amount of bind variables")),
            Some(BoundValue::Null) => Ok(Evaluated::Null),
            Some(BoundValue::Unset) => Ok(Evaluated::Unset),
            Some(BoundValue::Bytes(bytes)) => {
                constants::validate(ty, bytes)?;
                Ok(Evaluated::Value(bytes.clone()))
            }
        }
    }

    fn call(&self, name: &str, arguments: &[Term]) -> Result<Evaluated, CqlError> {
        let Some(signature) = call(name, arguments, self.table)? else {
            return Err(invalid!("Unknown function {name} called"));
        };
        let mut values = Vec::with_capacity(arguments.len());
        for (argument, ty) in arguments.iter().zip(&signature.arguments) {
            match self.evaluate(argument, ty)? {
                Evaluated::Value(bytes) => values.push(bytes),
                _ => return Ok(Evaluated::Null),
            }
        }
        let result = signature.call(&values, &self.environment)?;
        Ok(result.map_or(Evaluated::Null, Evaluated::Value))
    }

    fn all(&self, items: &[Term], ty: &CqlType) -> Result<Vec<Bytes>, CqlError> {
        items.iter().map(|item| self.inner(item, ty)).collect()
    }

    fn inner(&self, term: &Term, ty: &CqlType) -> Result<Bytes, CqlError> {
        match self.evaluate(term, ty)? {
            Evaluated::Value(bytes) => Ok(bytes),
            Evaluated::Null => Err(invalid!("null is not supported inside collections")),
            Evaluated::Unset => Err(invalid!("unset value is not supported inside collections")),
        }
    }

    /// A value that a row is looked up by: neither null nor unset.
    pub(super) fn required(&self, term: &Term, name: &str, ty: &CqlType) -> Result<Bytes, CqlError> {
        match self.of_column(term, name, ty)? {
            Evaluated::Value(bytes) => Ok(bytes),
            Evaluated::Null => Err(invalid!("Invalid null value in condition for column {name}")),
            Evaluated::Unset => Err(invalid!("Invalid unset value for column {name}")),
        }
    }

    /// A value of a column. Where the order of a clustering column is turned round, the original does not see that it
    /// is a set or a map, and takes it as it comes.
    pub(super) fn of_column(&self, term: &Term, name: &str, ty: &CqlType) -> Result<Evaluated, CqlError> {
        let reversed = |column: &Column| column.name == name && column.descending;
        match term {
            Term::Bind(bind) if self.table.clustering().iter().any(reversed) => {
                self.bound_as_is(*bind, ty.thawed())
            }
            _ => self.evaluate(term, ty),
        }
    }

    /// All values of the right side of a relation.
    pub(super) fn operand(
        &self,
        operand: &Operand,
        name: &str,
        ty: &CqlType,
    ) -> Result<Vec<Bytes>, CqlError> {
        match operand {
            Operand::One(term) => Ok(vec![self.required(term, name, ty)?]),
            Operand::Many(terms) => terms.iter().map(|term| self.required(term, name, ty)).collect(),
            Operand::ManyBound(bind) => {
                let list = CqlType::List(Box::new(ty.clone()));
                let bytes = match self.bound(*bind, &list)? {
                    Evaluated::Value(bytes) => bytes,
                    Evaluated::Null => return Err(invalid!("Invalid null value for column {name}")),
                    Evaluated::Unset => return Err(invalid!("Invalid unset value for column {name}")),
                };
                Ok(split(&bytes, 1))
            }
        }
    }
}

/// The elements of a collection that has been validated; its bytes are shared, not copied.
pub(super) fn split(bytes: &Bytes, per_entry: usize) -> Vec<Bytes> {
    let parts = crate::value::elements(bytes, per_entry).unwrap_or_default();
    parts.into_iter().flatten().map(|part| bytes.slice_ref(part)).collect()
}

fn tuple_bytes(parts: &[Evaluated]) -> Bytes {
    let mut out = Vec::new();
    for part in parts {
        match part {
            Evaluated::Value(bytes) => {
                out.extend_from_slice(&i32::try_from(bytes.len()).unwrap_or(i32::MAX).to_be_bytes());
                out.extend_from_slice(bytes);
            }
            _ => out.extend_from_slice(&(-1i32).to_be_bytes()),
        }
    }
    Bytes::from(out)
}
