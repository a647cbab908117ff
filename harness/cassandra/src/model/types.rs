//! Type names of statements as types: user types looked up, nesting checked.

use super::schema::Keyspace;
use crate::cql::TypeName;
use crate::error::invalid;
use crate::{CqlError, CqlType};

/// The type of a name, for a column or field in a keyspace.
pub(super) fn resolve(name: &TypeName, keyspace: &Keyspace) -> Result<CqlType, CqlError> {
    let ty = inner(name, keyspace)?;
    if matches!(ty, CqlType::Udt(_)) {
        return Err(invalid!("Non-frozen User-Defined types are not supported, please use frozen<>"));
    }
    Ok(ty)
}

/// The type of a field of a user type: frozen with it.
pub(super) fn field(name: &TypeName, keyspace: &Keyspace) -> Result<CqlType, CqlError> {
    match resolve(name, keyspace)? {
        CqlType::Counter => Err(invalid!("A user type cannot contain counters")),
        ty => Ok(frozen(ty)),
    }
}

fn inner(name: &TypeName, keyspace: &Keyspace) -> Result<CqlType, CqlError> {
    let element = |name: &TypeName, outer: &str| {
        let ty = inner(name, keyspace)?;
        match ty {
            CqlType::Counter => {
                Err(invalid!("Counters are not allowed inside collections: {outer}<counter>"))
            }
            CqlType::Udt(_) => {
                Err(invalid!("Non-frozen collections are not allowed inside collections: {outer}<{ty}>"))
            }
            _ if ty.is_multi_cell() => {
                Err(invalid!("Non-frozen collections are not allowed inside collections: {outer}<{ty}>"))
            }
            _ => Ok(Box::new(ty)),
        }
    };
    Ok(match name {
        TypeName::Named(None, name) if CqlType::simple(name).is_some() => {
            CqlType::simple(name).unwrap_or(CqlType::Blob)
        }
        TypeName::Named(other, name) => {
            if other.as_deref().is_some_and(|other| other != keyspace.name) {
                return Err(invalid!(
                    "Statement on keyspace {} cannot refer to a user type in keyspace {}; user types can only be used \
                     in the keyspace they are defined in",
                    keyspace.name,
                    other.as_deref().unwrap_or_default()
                ));
            }
            let udt = keyspace.types.get(name);
            CqlType::Udt(Box::new(
                udt.cloned().ok_or_else(|| invalid!("Unknown type {}.{name}", keyspace.name))?,
            ))
        }
        TypeName::Custom(class) => CqlType::Custom(class.clone()),
        TypeName::List(of) => CqlType::List(element(of, "list")?),
        TypeName::Set(of) => CqlType::Set(element(of, "set")?),
        TypeName::Map(key, value) => CqlType::Map(element(key, "map")?, element(value, "map")?),
        TypeName::Tuple(fields) => {
            let fields: Result<_, _> =
                fields.iter().map(|field| inner(field, keyspace).map(frozen)).collect();
            CqlType::Frozen(Box::new(CqlType::Tuple(fields?)))
        }
        TypeName::Frozen(of) => {
            let ty = match &**of {
                // What is frozen outside is frozen inside too.
                TypeName::List(of) => CqlType::List(Box::new(frozen(inner(of, keyspace)?))),
                TypeName::Set(of) => CqlType::Set(Box::new(frozen(inner(of, keyspace)?))),
                TypeName::Map(key, value) => CqlType::Map(
                    Box::new(frozen(inner(key, keyspace)?)),
                    Box::new(frozen(inner(value, keyspace)?)),
                ),
                other => inner(other, keyspace)?,
            };
            if !matches!(ty.thawed(), CqlType::Udt(_) | CqlType::Tuple(_)) && !ty.is_collection() {
                return Err(CqlError::Syntax(format!(
                    "frozen<> is only allowed on collections, tuples, and user-defined types (got {ty})"
                )));
            }
            frozen(ty)
        }
    })
}

fn frozen(ty: CqlType) -> CqlType {
    match ty {
        CqlType::List(_) | CqlType::Set(_) | CqlType::Map(..) | CqlType::Udt(_) => {
            CqlType::Frozen(Box::new(ty))
        }
        other => other,
    }
}
