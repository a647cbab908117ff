//! Lists, sets and maps under the changes of a write. A collection is kept as one cell here, where Cassandra has a
//! cell for each element: two writers of one collection do not merge element by element.

use bytes::Bytes;

use super::selection::int_of;
use super::terms::{self, Scope};
use crate::cql::{Change, Term};
use crate::error::invalid;
use crate::value::collection;
use crate::{CqlError, CqlType};

pub(super) fn is_empty(bytes: &Bytes) -> bool {
    bytes.len() <= 4
}

/// Sets and maps in the order of their elements, each once, however a client wrote them.
pub(super) fn normal(ty: &CqlType, bytes: Bytes) -> Bytes {
    match ty.thawed() {
        CqlType::Set(element) => terms::set_bytes(element, terms::split(&bytes, 1)),
        CqlType::Map(key, _) => terms::map_bytes(key, pairs(&bytes)),
        _ => bytes,
    }
}

fn pairs(bytes: &Bytes) -> Vec<(Bytes, Bytes)> {
    let parts = terms::split(bytes, 2);
    parts.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

fn list(items: &[Bytes]) -> Option<Bytes> {
    let bytes = collection(items.len(), items.iter().map(|item| Some(item.as_ref())));
    (!items.is_empty()).then(|| Bytes::from(bytes))
}

/// `c = c + v`, `c = v + c`, `c = c - v`; `None` when nothing is left.
pub(super) fn combine(
    change: &Change,
    ty: &CqlType,
    current: Option<Bytes>,
    operand: &Bytes,
) -> Option<Bytes> {
    let empty = Bytes::from_static(&[0; 4]);
    let current = current.unwrap_or(empty);
    let result = match ty {
        CqlType::Map(key, _) => {
            let mut entries = pairs(&current);
            if matches!(change, Change::Subtract(_)) {
                let gone = terms::split(operand, 1);
                entries.retain(|(key, _)| !gone.contains(key));
            } else {
                entries.extend(pairs(operand));
            }
            terms::map_bytes(key, entries)
        }
        _ => {
            let operand = terms::split(operand, 1);
            let mut items = terms::split(&current, 1);
            match change {
                Change::Subtract(_) => items.retain(|item| !operand.contains(item)),
                Change::Prepend(_) => items = operand.into_iter().chain(items).collect(),
                _ => items.extend(operand),
            }
            match ty {
                CqlType::Set(element) => terms::set_bytes(element, items),
                _ => return list(&items),
            }
        }
    };
    (!is_empty(&result)).then_some(result)
}

/// `c[k] = v`.
pub(super) fn set_element(
    ty: &CqlType,
    name: &str,
    current: Option<Bytes>,
    key: &Term,
    value: &Term,
    scope: &Scope<'_>,
) -> Result<Option<Bytes>, CqlError> {
    match ty {
        CqlType::Map(key_type, value_type) => {
            let mut entries = current.as_ref().map(pairs).unwrap_or_default();
            let key = scope.required(key, name, key_type)?;
            match scope.evaluate(value, value_type)? {
                terms::Evaluated::Value(value) => entries.push((key, value)),
                _ => entries.retain(|(other, _)| *other != key),
            }
            let bytes = terms::map_bytes(key_type, entries);
            Ok((!is_empty(&bytes)).then_some(bytes))
        }
        CqlType::List(element) => {
            let (mut items, at) = item(current, key, name, scope)?;
            match scope.evaluate(value, element)? {
                terms::Evaluated::Value(value) => items[at] = value,
                _ => {
                    items.remove(at);
                }
            }
            Ok(list(&items))
        }
        _ => Ok(current),
    }
}

/// `DELETE c[k]`.
pub(super) fn delete_element(
    ty: &CqlType,
    name: &str,
    current: Option<Bytes>,
    key: &Term,
    scope: &Scope<'_>,
) -> Result<Option<Bytes>, CqlError> {
    match ty {
        CqlType::Map(key_type, _) => {
            let key = scope.required(key, name, key_type)?;
            let mut entries = current.as_ref().map(pairs).unwrap_or_default();
            entries.retain(|(other, _)| *other != key);
            let bytes = terms::map_bytes(key_type, entries);
            Ok((!is_empty(&bytes)).then_some(bytes))
        }
        CqlType::Set(element) => {
            let key = scope.required(key, name, element)?;
            let mut items = current.map(|bytes| terms::split(&bytes, 1)).unwrap_or_default();
            items.retain(|item| *item != key);
            Ok(list(&items))
        }
        CqlType::List(_) => {
            let (mut items, at) = item(current, key, name, scope)?;
            items.remove(at);
            Ok(list(&items))
        }
        _ => Ok(current),
    }
}

/// The elements of a list, and the position of the one that is meant.
fn item(
    current: Option<Bytes>,
    key: &Term,
    name: &str,
    scope: &Scope<'_>,
) -> Result<(Vec<Bytes>, usize), CqlError> {
    let index = int_of(&scope.required(key, name, &CqlType::Int)?)?;
    let Some(current) = current else {
        return Err(invalid!("Attempted to set an element on a list which is null"));
    };
    let items = terms::split(&current, 1);
    match usize::try_from(index).ok().filter(|at| *at < items.len()) {
        Some(at) => Ok((items, at)),
        None => Err(invalid!("List index {index} out of bound, list has size {}", items.len())),
    }
}
