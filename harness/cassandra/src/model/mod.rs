//! Keyspaces, tables and rows.
