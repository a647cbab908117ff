//! Reads CQL statements, as Cassandra 2.2 understands them: the subset that drivers, Zipkin and a person at a CQL
//! shell send. Knows no schema: names are only names here.

mod ast;
mod ddl;
mod lexer;
mod parser;
mod schema_ast;
mod select;
mod terms;
mod write;

pub use ast::*;
pub use parser::parse;
pub use schema_ast::*;
