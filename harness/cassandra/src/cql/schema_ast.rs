//! What a statement says about the schema: keyspaces, tables, indexes and types.

use super::TableName;

/// A type as a statement names it: user types are not looked up yet.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum TypeName {
    /// A simple type, in lower case, or a user type with its keyspace, if said.
    Named(Option<String>, String),
    Custom(String),
    List(Box<Self>),
    Set(Box<Self>),
    Map(Box<Self>, Box<Self>),
    Tuple(Vec<Self>),
    Frozen(Box<Self>),
}

/// The right side of a property.
#[derive(Debug, Clone, PartialEq)]
pub enum Property {
    /// A string, number, word.
    Text(String),
    /// `{'a': 'b'}`.
    Map(Vec<(String, String)>),
}

/// `WITH a = b AND …`, in the order written.
pub type Properties = Vec<(String, Property)>;

/// A column of CREATE TABLE.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDefinition {
    /// Name.
    pub name: String,
    /// Type.
    pub kind: TypeName,
    /// Whether it is one value a partition.
    pub is_static: bool,
}

/// CREATE TABLE.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateTable {
    /// Name.
    pub table: TableName,
    /// Whether a table that is there already is no error.
    pub if_not_exists: bool,
    /// Columns in the order written.
    pub columns: Vec<ColumnDefinition>,
    /// Every PRIMARY KEY that was said, each as partition key and clustering columns.
    pub keys: Vec<(Vec<String>, Vec<String>)>,
    /// CLUSTERING ORDER BY: column, and whether descending.
    pub order: Vec<(String, bool)>,
    /// Whether it says COMPACT STORAGE.
    pub compact: bool,
    /// WITH.
    pub properties: Properties,
}

/// What ALTER TABLE does.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum TableChange {
    Add(ColumnDefinition),
    Drop(String),
    Type(String, TypeName),
    Rename(Vec<(String, String)>),
    With(Properties),
}

/// What ALTER TYPE does.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum UserTypeChange {
    Add(String, TypeName),
    Alter(String, TypeName),
    Rename(Vec<(String, String)>),
}

/// A statement about the schema. `conditional` is IF NOT EXISTS or IF EXISTS.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum SchemaStatement {
    CreateKeyspace { name: String, conditional: bool, properties: Properties },
    AlterKeyspace { name: String, properties: Properties },
    DropKeyspace { name: String, conditional: bool },
    CreateTable(Box<CreateTable>),
    AlterTable { table: TableName, change: TableChange },
    DropTable { table: TableName, conditional: bool },
    CreateIndex { name: Option<String>, conditional: bool, table: TableName, column: String, target: String },
    DropIndex { keyspace: Option<String>, name: String, conditional: bool },
    CreateType { name: TableName, conditional: bool, fields: Vec<(String, TypeName)> },
    AlterType { name: TableName, change: UserTypeChange },
    DropType { name: TableName, conditional: bool },
}
