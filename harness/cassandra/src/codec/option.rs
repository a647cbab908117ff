//! Types in frames: an option id, and what belongs to it.

use super::Version;
use super::wire::{Reader, Writer};
use crate::types::UserType;
use crate::{CqlError, CqlType};

const MAX_DEPTH: usize = 32;

pub(super) fn write(out: &mut Writer, ty: &CqlType, version: Version) {
    let ty = ty.thawed();
    // Version 3 does not know the four types that 2.2 brought: they are classes to it.
    let young = matches!(ty, CqlType::Date | CqlType::Time | CqlType::Smallint | CqlType::Tinyint);
    if young && version == Version::V3 {
        out.u16(0);
        return out.string(&ty.class_name());
    }
    out.u16(ty.option_id());
    match ty {
        CqlType::Custom(class) => out.string(class),
        CqlType::List(of) | CqlType::Set(of) => write(out, of, version),
        CqlType::Map(key, value) => {
            write(out, key, version);
            write(out, value, version);
        }
        CqlType::Tuple(fields) => {
            out.short_count(fields.len());
            fields.iter().for_each(|field| write(out, field, version));
        }
        CqlType::Udt(udt) => {
            out.string(&udt.keyspace);
            out.string(&udt.name);
            out.short_count(udt.fields.len());
            for (name, field) in &udt.fields {
                out.string(name);
                write(out, field, version);
            }
        }
        _ => {}
    }
}

pub(super) fn read(from: &mut Reader) -> Result<CqlType, CqlError> {
    nested(from, 0)
}

fn nested(from: &mut Reader, depth: usize) -> Result<CqlType, CqlError> {
    if depth > MAX_DEPTH {
        return Err(CqlError::Protocol("a type is nested too deeply".to_owned()));
    }
    let inner = |from: &mut Reader| nested(from, depth + 1).map(Box::new);
    Ok(match from.u16()? {
        0x00 => CqlType::Custom(from.string()?),
        0x20 => CqlType::List(inner(from)?),
        0x21 => CqlType::Map(inner(from)?, inner(from)?),
        0x22 => CqlType::Set(inner(from)?),
        0x30 => {
            let (keyspace, name) = (from.string()?, from.string()?);
            let mut fields = Vec::new();
            for _ in 0..from.u16()? {
                fields.push((from.string()?, nested(from, depth + 1)?));
            }
            CqlType::Udt(Box::new(UserType { keyspace, name, fields }))
        }
        0x31 => {
            let mut fields = Vec::new();
            for _ in 0..from.u16()? {
                fields.push(nested(from, depth + 1)?);
            }
            CqlType::Tuple(fields)
        }
        id => CqlType::from_option_id(id)
            .ok_or_else(|| CqlError::Protocol(format!("Unknown data type option id {id}")))?,
    })
}
