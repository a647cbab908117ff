//! RESULT and EVENT: rows, prepared statements, changes.

use std::sync::Arc;

use super::wire::{Reader, Writer};
use super::{EventKind, Response, Version, option};
use crate::CqlError;
use crate::model::{
    ChangeKind, ChangeTarget, ClusterEvent, ColumnSpec, PreparedInfo, ResultSet, SchemaChange,
};

const GLOBAL_TABLE: i32 = 1;
const MORE_PAGES: i32 = 2;
const NO_METADATA: i32 = 4;
/// Columns of a row; Cassandra's own limit is far beyond what anybody has.
const MAX_COLUMNS: i32 = 65_535;

pub(super) fn write_rows(out: &mut Writer, set: &ResultSet, skip_metadata: bool, version: Version) {
    let global = is_global(&set.columns);
    let mut flags = if global { GLOBAL_TABLE } else { 0 };
    if set.paging_state.is_some() {
        flags |= MORE_PAGES;
    }
    if skip_metadata {
        flags |= NO_METADATA;
    }
    out.i32(flags);
    out.count(set.columns.len());
    if let Some(state) = &set.paging_state {
        out.bytes(Some(state));
    }
    if !skip_metadata {
        write_columns(out, &set.columns, global, version);
    }
    out.count(set.rows.len());
    for row in &set.rows {
        row.iter().for_each(|value| out.bytes(value.as_deref()));
    }
}

fn is_global(columns: &[ColumnSpec]) -> bool {
    match columns.split_first() {
        None => false,
        Some((first, rest)) => {
            rest.iter().all(|column| column.keyspace == first.keyspace && column.table == first.table)
        }
    }
}

fn write_columns(out: &mut Writer, columns: &[ColumnSpec], global: bool, version: Version) {
    if let Some(first) = columns.first().filter(|_| global) {
        out.string(&first.keyspace);
        out.string(&first.table);
    }
    for column in columns {
        if !global {
            out.string(&column.keyspace);
            out.string(&column.table);
        }
        out.string(&column.name);
        option::write(out, &column.ty, version);
    }
}

fn read_columns(from: &mut Reader, count: usize, global: bool) -> Result<Vec<ColumnSpec>, CqlError> {
    let table = if global { Some((from.string()?, from.string()?)) } else { None };
    let mut columns = Vec::new();
    for _ in 0..count {
        let (keyspace, table) = match &table {
            Some((keyspace, table)) => (keyspace.clone(), table.clone()),
            None => (from.string()?, from.string()?),
        };
        columns.push(ColumnSpec { keyspace, table, name: from.string()?, ty: option::read(from)? });
    }
    Ok(columns)
}

fn read_count(from: &mut Reader) -> Result<usize, CqlError> {
    let count = from.i32()?;
    if !(0..=MAX_COLUMNS).contains(&count) {
        return Err(CqlError::Protocol(format!("{count} columns")));
    }
    Ok(usize::try_from(count).unwrap_or_default())
}

pub(super) fn read_rows(from: &mut Reader) -> Result<Response, CqlError> {
    let flags = from.i32()?;
    let count = read_count(from)?;
    let paging_state = if flags & MORE_PAGES != 0 { from.bytes()? } else { None };
    let skip_metadata = flags & NO_METADATA != 0;
    let columns =
        if skip_metadata { Vec::new() } else { read_columns(from, count, flags & GLOBAL_TABLE != 0)? };
    let rows = from.i32()?;
    // Each value takes four bytes at least, and a row without values none.
    let claimed = usize::try_from(rows).unwrap_or(usize::MAX);
    if rows < 0 || claimed.saturating_mul(count.max(1)) > from.left().max(1) {
        return Err(CqlError::Protocol(format!("{rows} rows in {} bytes", from.left())));
    }
    let mut all = Vec::new();
    for _ in 0..rows {
        all.push((0..count).map(|_| from.bytes()).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(Response::Rows { set: ResultSet { columns: columns.into(), rows: all, paging_state }, skip_metadata })
}

pub(super) fn write_prepared(out: &mut Writer, info: &PreparedInfo, version: Version) {
    out.short_bytes(&info.id);
    let global = is_global(&info.binds);
    out.i32(if global { GLOBAL_TABLE } else { 0 });
    out.count(info.binds.len());
    if version >= Version::V4 {
        out.count(info.partition_binds.len());
        info.partition_binds.iter().for_each(|bind| out.u16(*bind));
    }
    write_columns(out, &info.binds, global, version);
    match &info.columns {
        None => {
            out.i32(NO_METADATA);
            out.i32(0);
        }
        Some(columns) => {
            let global = is_global(columns);
            out.i32(if global { GLOBAL_TABLE } else { 0 });
            out.count(columns.len());
            write_columns(out, columns, global, version);
        }
    }
}

pub(super) fn read_prepared(from: &mut Reader, version: Version) -> Result<PreparedInfo, CqlError> {
    let id = from.short_bytes()?;
    let id =
        id.as_ref().try_into().map_err(|_| CqlError::Protocol(format!("an id of {} bytes", id.len())))?;
    let flags = from.i32()?;
    let count = read_count(from)?;
    let mut partition_binds = Vec::new();
    if version >= Version::V4 {
        for _ in 0..read_count(from)? {
            partition_binds.push(from.u16()?);
        }
    }
    let binds = read_columns(from, count, flags & GLOBAL_TABLE != 0)?;
    let flags = from.i32()?;
    let count = read_count(from)?;
    let columns = if flags & NO_METADATA != 0 {
        None
    } else {
        Some(Arc::from(read_columns(from, count, flags & GLOBAL_TABLE != 0)?))
    };
    Ok(PreparedInfo { id, binds, partition_binds, columns })
}

pub(super) fn write_change(out: &mut Writer, change: &SchemaChange) {
    out.string(match change.kind {
        ChangeKind::Created => "CREATED",
        ChangeKind::Updated => "UPDATED",
        ChangeKind::Dropped => "DROPPED",
    });
    let (target, name) = match &change.target {
        ChangeTarget::Keyspace => ("KEYSPACE", None),
        ChangeTarget::Table(name) => ("TABLE", Some(name)),
        ChangeTarget::Type(name) => ("TYPE", Some(name)),
    };
    out.string(target);
    out.string(&change.keyspace);
    if let Some(name) = name {
        out.string(name);
    }
}

pub(super) fn read_change(from: &mut Reader) -> Result<SchemaChange, CqlError> {
    let unknown = |text: &str| CqlError::Protocol(format!("Unknown schema change {text}"));
    let kind = match from.string()?.as_str() {
        "CREATED" => ChangeKind::Created,
        "UPDATED" => ChangeKind::Updated,
        "DROPPED" => ChangeKind::Dropped,
        other => return Err(unknown(other)),
    };
    let target = from.string()?;
    let keyspace = from.string()?;
    let target = match target.as_str() {
        "KEYSPACE" => ChangeTarget::Keyspace,
        "TABLE" => ChangeTarget::Table(from.string()?),
        "TYPE" => ChangeTarget::Type(from.string()?),
        other => return Err(unknown(other)),
    };
    Ok(SchemaChange { kind, keyspace, target })
}

pub(super) fn write_event(out: &mut Writer, event: &ClusterEvent) {
    match event {
        ClusterEvent::Schema(change) => {
            out.string(EventKind::SchemaChange.name());
            write_change(out, change);
        }
        ClusterEvent::Status { up, address, port } => {
            out.string(EventKind::StatusChange.name());
            out.string(if *up { "UP" } else { "DOWN" });
            out.inet(*address, *port);
        }
        ClusterEvent::Topology { joined, address, port } => {
            out.string(EventKind::TopologyChange.name());
            out.string(if *joined { "NEW_NODE" } else { "REMOVED_NODE" });
            out.inet(*address, *port);
        }
    }
}

pub(super) fn read_event(from: &mut Reader) -> Result<ClusterEvent, CqlError> {
    let kind = from.string()?;
    if kind == EventKind::SchemaChange.name() {
        return read_change(from).map(ClusterEvent::Schema);
    }
    let what = from.string()?;
    let (address, port) = from.inet()?;
    match what.as_str() {
        "UP" | "DOWN" => Ok(ClusterEvent::Status { up: what == "UP", address, port }),
        "NEW_NODE" | "REMOVED_NODE" => {
            Ok(ClusterEvent::Topology { joined: what == "NEW_NODE", address, port })
        }
        other => Err(CqlError::Protocol(format!("Unknown event {other}"))),
    }
}
