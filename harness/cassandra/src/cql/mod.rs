//! Reads CQL statements.
