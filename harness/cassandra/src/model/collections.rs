//! Lists, sets and maps under the changes of a write: which of their elements are written or deleted.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::order;
use super::schema::Column;
use super::selection::int_of;
use super::store::{Cell, CellChange, Element, Elements};
use super::terms::{self, Evaluated, Scope};
use crate::cql::{Change, Term};
use crate::error::invalid;
use crate::value::collection;
use crate::{CqlError, CqlType};

/// Longer elements are refused.
const MAX_ELEMENT: usize = 65_535;

/// A value as a client wrote it: sets in the order of their elements, each once; maps in the client's order, each key
/// once with its last value.
pub(super) fn normal(ty: &CqlType, bytes: Bytes) -> Bytes {
    match ty.thawed() {
        CqlType::Set(element) => set_bytes(element, terms::split(&bytes, 1)),
        CqlType::Map(..) => {
            let mut kept: Vec<(Bytes, Bytes)> = Vec::new();
            for (key, value) in pairs(&bytes) {
                match kept.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, known)) => *known = value,
                    None => kept.push((key, value)),
                }
            }
            let parts = kept.iter().flat_map(|(key, value)| [Some(key.as_ref()), Some(value.as_ref())]);
            Bytes::from(collection(kept.len(), parts))
        }
        _ => bytes,
    }
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

fn pairs(bytes: &Bytes) -> Vec<(Bytes, Bytes)> {
    let parts = terms::split(bytes, 2);
    parts.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

/// The value of a key in the bytes of a map.
pub(super) fn map_value(map: &Bytes, key_type: &CqlType, key: &Bytes) -> Option<Bytes> {
    let wanted = order::key(key_type, key);
    pairs(map).into_iter().find(|(key, _)| order::key(key_type, key) == wanted).map(|(_, value)| value)
}

/// What clients see of a collection; `None` if nothing is in it.
pub(super) fn value(ty: &CqlType, elements: &Elements, now_secs: i64) -> Option<Bytes> {
    let mut count = 0;
    let mut parts = Vec::new();
    for (_, element) in elements.live(now_secs) {
        count += 1;
        match ty {
            CqlType::Set(_) => parts.push(Some(element.key.as_ref())),
            CqlType::List(_) => parts.push(element.cell.value.as_deref()),
            _ => parts.extend([Some(element.key.as_ref()), element.cell.value.as_deref()]),
        }
    }
    (count > 0).then(|| Bytes::from(collection(count, parts)))
}

/// The change of one column by one write.
pub(super) struct Changed<'a> {
    pub(super) column: &'a Column,
    pub(super) scope: &'a Scope<'a>,
    /// What is there now, and what this write has changed already.
    pub(super) current: Option<&'a Elements>,
    pub(super) pending: &'a [CellChange],
    /// Whether the row is there already, and whether this write has changed anything of it.
    pub(super) row_is_there: bool,
    pub(super) has_written: bool,
    pub(super) now_secs: i64,
    /// Write time in µs.
    pub(super) written: i64,
    /// Makes the cell of a value, or of a deletion.
    pub(super) cell: &'a dyn Fn(Option<Bytes>) -> Cell,
}

impl Changed<'_> {
    /// What becomes of the elements.
    pub(super) fn changes(&self, change: &Change) -> Result<Vec<CellChange>, CqlError> {
        let column = self.column;
        let ty = &column.ty;
        match change {
            Change::Delete => Ok(vec![CellChange::Clear(column.id, self.written)]),
            Change::Set(term) => Ok(match self.scope.evaluate(term, ty)? {
                Evaluated::Unset => Vec::new(),
                // One instant before, so that the new elements stay.
                Evaluated::Null => vec![CellChange::Clear(column.id, self.written.saturating_sub(1))],
                Evaluated::Value(bytes) => {
                    let mut changes = vec![CellChange::Clear(column.id, self.written.saturating_sub(1))];
                    changes.extend(self.put(&bytes, false)?);
                    changes
                }
            }),
            Change::Add(term) | Change::Prepend(term) => match self.scope.evaluate(term, ty)? {
                Evaluated::Value(bytes) => self.put(&bytes, matches!(change, Change::Prepend(_))),
                _ => Ok(Vec::new()),
            },
            Change::Subtract(term) => self.subtract(term),
            Change::SetElement(key, value) => self.set_element(key, value),
            Change::DeleteElement(key) => self.delete_element(key),
        }
    }

    fn element(&self, sorted: Vec<u8>, key: Bytes, value: Option<Bytes>) -> CellChange {
        CellChange::Element(self.column.id, sorted, Element { key, cell: (self.cell)(value) })
    }

    fn keyed(&self, key_type: &CqlType, key: Bytes, value: Option<Bytes>) -> CellChange {
        self.element(order::key(key_type, &key), key, value)
    }

    /// Elements put in; those of a list behind the ones there are, or before them.
    fn put(&self, bytes: &Bytes, in_front: bool) -> Result<Vec<CellChange>, CqlError> {
        let environment = &self.scope.environment;
        let mut changes = Vec::new();
        match &self.column.ty {
            CqlType::Map(key_type, _) => {
                for (key, value) in pairs(bytes) {
                    check_length("Map value", &value)?;
                    changes.push(self.keyed(key_type, key, Some(value)));
                }
            }
            CqlType::Set(element_type) => {
                for element in terms::split(bytes, 1) {
                    check_length("Set value", &element)?;
                    changes.push(self.keyed(element_type, element, Some(Bytes::new())));
                }
            }
            _ => {
                let mut items = terms::split(bytes, 1);
                if in_front {
                    items.reverse();
                }
                for item in items {
                    check_length("List value", &item)?;
                    let id = if in_front { environment.mirrored_uuid() } else { environment.time_uuid() };
                    changes.push(self.keyed(&CqlType::Timeuuid, Bytes::copy_from_slice(&id), Some(item)));
                }
            }
        }
        Ok(changes)
    }

    fn subtract(&self, term: &Term) -> Result<Vec<CellChange>, CqlError> {
        let ty = &self.column.ty;
        let gone = match ty {
            CqlType::Map(key, _) => self.scope.evaluate(term, &CqlType::Set(key.clone()))?,
            _ => self.scope.evaluate(term, ty)?,
        };
        let Evaluated::Value(gone) = gone else { return Ok(Vec::new()) };
        let gone = terms::split(&gone, 1);
        Ok(match ty {
            CqlType::Map(key_type, _) | CqlType::Set(key_type) => {
                gone.into_iter().map(|key| self.keyed(key_type, key, None)).collect()
            }
            _ => {
                let found = self.list()?.into_iter().filter(|(_, _, value)| gone.contains(value));
                found.map(|(sorted, key, _)| self.element(sorted, key, None)).collect()
            }
        })
    }

    fn set_element(&self, key: &Term, value: &Term) -> Result<Vec<CellChange>, CqlError> {
        let (value_type, name) = match &self.column.ty {
            CqlType::Map(_, value) => (value, "Map value"),
            CqlType::List(element) => (element, "List value"),
            _ => return Ok(Vec::new()),
        };
        let is_map = matches!(self.column.ty, CqlType::Map(..));
        let key = if is_map { self.map_key(key)? } else { self.index(key, false)?.unwrap_or_default() };
        let value = match self.scope.evaluate(value, value_type)? {
            Evaluated::Unset => None,
            Evaluated::Null => Some(None),
            Evaluated::Value(value) => {
                check_length(name, &value)?;
                Some(Some(value))
            }
        };
        let (sorted, key) =
            if is_map { (self.sorted_key(&key), key) } else { self.item(&key, "set an element on")? };
        Ok(value.map(|value| self.element(sorted, key, value)).into_iter().collect())
    }

    fn delete_element(&self, key: &Term) -> Result<Vec<CellChange>, CqlError> {
        let (sorted, key) = match &self.column.ty {
            CqlType::Map(..) => {
                let key = self.map_key(key)?;
                (self.sorted_key(&key), key)
            }
            CqlType::Set(element) => match self.scope.evaluate(key, element)? {
                Evaluated::Value(key) => (order::key(element, &key), key),
                Evaluated::Null => return Err(invalid!("Invalid null set element")),
                Evaluated::Unset => return Ok(Vec::new()),
            },
            _ => match self.index(key, true)? {
                None => return Ok(Vec::new()),
                Some(index) => self.item(&index, "delete an element from")?,
            },
        };
        Ok(vec![self.element(sorted, key, None)])
    }

    fn sorted_key(&self, key: &Bytes) -> Vec<u8> {
        match &self.column.ty {
            CqlType::Map(key_type, _) => order::key(key_type, key),
            _ => key.to_vec(),
        }
    }

    fn map_key(&self, key: &Term) -> Result<Bytes, CqlError> {
        let CqlType::Map(key_type, _) = &self.column.ty else { return Ok(Bytes::new()) };
        match self.scope.evaluate(key, key_type)? {
            Evaluated::Value(key) => Ok(key),
            Evaluated::Null => Err(invalid!("Invalid null map key")),
            Evaluated::Unset => Err(invalid!("Invalid unset map key")),
        }
    }

    /// The position in a list; `None` if there is none and that is no error.
    fn index(&self, key: &Term, may_be_unset: bool) -> Result<Option<Bytes>, CqlError> {
        match self.scope.evaluate(key, &CqlType::Int)? {
            Evaluated::Value(index) => Ok(Some(index)),
            Evaluated::Null => Err(invalid!("Invalid null value for list index")),
            Evaluated::Unset if may_be_unset => Ok(None),
            Evaluated::Unset => Err(invalid!("Invalid unset value for list index")),
        }
    }

    /// The element at a position of the list.
    fn item(&self, index: &Bytes, what: &str) -> Result<(Vec<u8>, Bytes), CqlError> {
        let index = int_of(index)?;
        let mut list = self.list()?;
        if list.is_empty() {
            return Err(invalid!("Attempted to {what} a list which is null"));
        }
        match usize::try_from(index).ok().filter(|at| *at < list.len()) {
            Some(at) => {
                let (sorted, key, _) = list.swap_remove(at);
                Ok((sorted, key))
            }
            None => Err(invalid!("List index {index} out of bound, list has size {}", list.len())),
        }
    }

    /// The list as it is, with what this write has done to it already.
    fn list(&self) -> Result<Vec<(Vec<u8>, Bytes, Bytes)>, CqlError> {
        let is_there = self.current.is_some_and(|elements| elements.live(self.now_secs).next().is_some());
        if self.row_is_there && self.has_written && !is_there {
            // The original adds what it read to what was written, and here it has read nothing.
            return Err(CqlError::Server("java.lang.NullPointerException".to_owned()));
        }
        let mut list: BTreeMap<_, _> = self
            .current
            .into_iter()
            .flat_map(|elements| elements.live(self.now_secs))
            .filter_map(|(sorted, element)| Some((sorted, (&element.key, element.cell.value.as_ref()?))))
            .collect();
        for change in self.pending {
            let CellChange::Element(column, sorted, element) = change else { continue };
            if *column == self.column.id {
                match &element.cell.value {
                    Some(value) => list.insert(sorted, (&element.key, value)),
                    None => list.remove(sorted),
                };
            }
        }
        let list = list.into_iter();
        Ok(list.map(|(sorted, (key, value))| (sorted.clone(), key.clone(), value.clone())).collect())
    }
}

fn check_length(what: &str, value: &Bytes) -> Result<(), CqlError> {
    let length = value.len();
    if length > MAX_ELEMENT {
        return Err(invalid!(
            "{what} is too long. {what}s are limited to {MAX_ELEMENT} bytes but {length} bytes value provided"
        ));
    }
    Ok(())
}
