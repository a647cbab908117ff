//! Terms of statements: whether they can be values of a column, which bind variables they hold, and their bytes.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::constants;
use super::functions::{self, Environment};
use super::order;
use super::outcome::{BoundValue, ColumnSpec};
use super::schema::TableSchema;
use crate::cql::{Operand, Term};
use crate::error::invalid;
use crate::value::collection;
use crate::{CqlError, CqlType};

/// The bind variables of a statement as they are found.
pub(super) struct Binds<'a> {
    names: &'a [Option<String>],
    specs: Vec<Option<ColumnSpec>>,
}

impl<'a> Binds<'a> {
    pub(super) fn new(names: &'a [Option<String>]) -> Self {
        Self { names, specs: vec![None; names.len()] }
    }

    /// Says what a variable stands for. `name` is taken for a `?`.
    pub(super) fn set(&mut self, bind: usize, table: &TableSchema, name: &str, ty: &CqlType) {
        let name = self.names.get(bind).and_then(Clone::clone).unwrap_or_else(|| name.to_owned());
        if let Some(spec) = self.specs.get_mut(bind) {
            let (keyspace, table) = (table.keyspace.clone(), table.name.clone());
            *spec = Some(ColumnSpec { keyspace, table, name, ty: ty.clone() });
        }
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
        let inner = |ty| Receiver { ty, ..*self };
        match (term, ty) {
            (Term::Bind(bind), _) => binds.set(*bind, self.table, self.name, self.ty),
            (Term::Null, _) => {}
            (Term::Constant(kind, text), _) => {
                if constants::constant(*kind, text, ty)?.is_none() {
                    let (kind, name) = (kind.name(), self.name);
                    return Err(invalid!(
                        "Invalid {kind} constant ({text}) for \"{name}\" of type {}",
                        self.ty
                    ));
                }
            }
            (Term::List(items), CqlType::List(element)) | (Term::Set(items), CqlType::Set(element)) => {
                items.iter().try_for_each(|item| inner(element).check(item, binds))?;
            }
            (Term::Set(items), CqlType::Map(..)) if items.is_empty() => {}
            (Term::Map(entries), CqlType::Map(key, value)) => {
                for (k, v) in entries {
                    inner(key).check(k, binds)?;
                    inner(value).check(v, binds)?;
                }
            }
            (Term::Udt(fields), CqlType::Udt(udt)) => {
                for (name, value) in fields {
                    let Some((_, ty)) = udt.fields.iter().find(|(field, _)| field == name) else {
                        return Err(invalid!(
                            "Unknown field '{name}' in value of user defined type {}",
                            udt.name
                        ));
                    };
                    inner(ty).check(value, binds)?;
                }
            }
            (Term::Tuple(items), CqlType::Tuple(types)) if items.len() <= types.len() => {
                items.iter().zip(types).try_for_each(|(item, ty)| inner(ty).check(item, binds))?;
            }
            // Brackets around one term are only brackets.
            (Term::Tuple(items), _) if items.len() == 1 => self.check(&items[0], binds)?,
            (Term::Call(name, arguments), _) => self.check_call(name, arguments, binds)?,
            (Term::List(_), _) => return Err(self.no_literal("list")),
            (Term::Set(_), _) => return Err(self.no_literal("set")),
            (Term::Map(_), _) => return Err(self.no_literal("map")),
            (Term::Udt(_), _) => return Err(self.no_literal("user type")),
            (Term::Tuple(_), _) => return Err(self.no_literal("tuple")),
        }
        Ok(())
    }

    fn check_call(&self, name: &str, arguments: &[Term], binds: &mut Binds<'_>) -> Result<(), CqlError> {
        let Some(signature) = functions::signature(name, self.table) else {
            return Err(invalid!("Unknown function '{name}'"));
        };
        if signature.arguments.len() != arguments.len() {
            return Err(wrong_arguments(name, signature.arguments.len(), arguments.len()));
        }
        let fits = signature.result == *self.ty.thawed()
            || signature.result == CqlType::Timeuuid && *self.ty.thawed() == CqlType::Uuid;
        if !fits {
            let (result, own) = (&signature.result, self.ty);
            let column = self.name;
            return Err(invalid!(
                "Type error: cannot assign result of function system.{name} (type {result}) to {column} (type {own})"
            ));
        }
        for (argument, ty) in arguments.iter().zip(&signature.arguments) {
            let name = format!("arg0(system.{name})");
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

    fn no_literal(&self, what: &str) -> CqlError {
        invalid!("Invalid {what} literal for {} of type {}", self.name, self.ty)
    }
}

pub(super) fn wrong_arguments(name: &str, wanted: usize, found: usize) -> CqlError {
    invalid!(
        "Invalid number of arguments in call to function system.{name}: {wanted} required but {found} provided"
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
            (Term::Set(items), CqlType::Set(element)) => set_bytes(element, self.all(items, element)?),
            (Term::Set(_), CqlType::Map(..)) => Bytes::from(collection(0, [])),
            (Term::Map(entries), CqlType::Map(key, value)) => {
                let mut pairs = Vec::with_capacity(entries.len());
                for (k, v) in entries {
                    pairs.push((self.inner(k, key)?, self.inner(v, value)?));
                }
                map_bytes(key, pairs)
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
        let Some(signature) = functions::signature(name, self.table) else {
            return Err(invalid!("Unknown function '{name}'"));
        };
        let mut values = Vec::with_capacity(arguments.len());
        for (argument, ty) in arguments.iter().zip(&signature.arguments) {
            match self.evaluate(argument, ty)? {
                Evaluated::Value(bytes) => values.push(bytes),
                _ => return Ok(Evaluated::Null),
            }
        }
        let result = signature.function.call(&values, &self.environment);
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
        match self.evaluate(term, ty)? {
            Evaluated::Value(bytes) => Ok(bytes),
            Evaluated::Null => Err(invalid!("Invalid null value in condition for column {name}")),
            Evaluated::Unset => Err(invalid!("Invalid unset value for column {name}")),
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
                    Evaluated::Null => return Err(invalid!("Invalid null value for IN restriction")),
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

/// A set: each element once, in order.
pub(super) fn set_bytes(element: &CqlType, items: Vec<Bytes>) -> Bytes {
    let sorted: BTreeMap<_, _> = items.into_iter().map(|item| (order::key(element, &item), item)).collect();
    Bytes::from(collection(sorted.len(), sorted.values().map(|item| Some(item.as_ref()))))
}

/// A map: each key once, in order, the last value given for it.
pub(super) fn map_bytes(key: &CqlType, pairs: Vec<(Bytes, Bytes)>) -> Bytes {
    let sorted: BTreeMap<_, _> = pairs.into_iter().map(|pair| (order::key(key, &pair.0), pair)).collect();
    let parts = sorted.values().flat_map(|(k, v)| [Some(k.as_ref()), Some(v.as_ref())]);
    Bytes::from(collection(sorted.len(), parts))
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
