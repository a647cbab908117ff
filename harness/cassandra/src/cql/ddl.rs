//! CREATE, ALTER and DROP.

use super::lexer::Kind;
use super::parser::{Parser, is_name};
use super::{
    ColumnDefinition, CreateTable, Properties, Property, SchemaStatement, TableChange, TypeName,
    UserTypeChange,
};
use crate::CqlError;
use crate::error::invalid;

impl Parser<'_> {
    pub(super) fn schema(&mut self) -> Result<SchemaStatement, CqlError> {
        let start = self.mark();
        let verb = self.advance().text.to_ascii_lowercase();
        let object = self.peek().text.to_ascii_lowercase();
        match (verb.as_str(), object.as_str()) {
            ("create", "keyspace" | "schema") => self.create_keyspace(),
            ("create", "table" | "columnfamily") => self.create_table(),
            ("create", "index" | "custom") => self.create_index(),
            ("create", "type") => self.create_type(),
            ("alter", "keyspace" | "schema") => {
                self.advance();
                let name = self.name()?;
                let properties = self.with()?;
                Ok(SchemaStatement::AlterKeyspace { name, properties })
            }
            ("alter", "table" | "columnfamily") => self.alter_table(),
            ("alter", "type") => self.alter_type(),
            ("drop", _) => self.drop(&object),
            ("create", "function" | "aggregate") => Err(invalid!(
                "User-defined-functions are disabled in cassandra.yaml - set enable_user_defined_functions=true to \
                 enable if you are aware of the security risks"
            )),
            (_, "user" | "role" | "function" | "aggregate" | "trigger" | "or") => Err(invalid!(
                "{} {} is not supported by this simulated node",
                verb.to_uppercase(),
                object.to_uppercase()
            )),
            _ => Err(self.no_viable_from(start)),
        }
    }

    fn create_keyspace(&mut self) -> Result<SchemaStatement, CqlError> {
        self.advance();
        let conditional = self.if_exists(true)?;
        let name = self.name()?;
        let properties = self.with()?;
        Ok(SchemaStatement::CreateKeyspace { name, conditional, properties })
    }

    fn create_table(&mut self) -> Result<SchemaStatement, CqlError> {
        self.advance();
        let if_not_exists = self.if_exists(true)?;
        let mut create = CreateTable {
            table: self.table_name()?,
            if_not_exists,
            columns: Vec::new(),
            keys: Vec::new(),
            order: Vec::new(),
            compact: false,
            properties: Vec::new(),
        };
        self.expect("(")?;
        loop {
            if self.eat_word("primary") {
                self.word_then("key", |token| token.text == "(")?;
                self.expect_then("(", |token| token.text == "(" || is_name(token))?;
                create.keys.push(self.primary_key()?);
            } else {
                self.column_of_table(&mut create)?;
            }
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")")?;
        if self.eat_word("with") {
            self.table_options(&mut create)?;
        }
        Ok(SchemaStatement::CreateTable(Box::new(create)))
    }

    fn column_of_table(&mut self, create: &mut CreateTable) -> Result<(), CqlError> {
        let column = self.column_definition()?;
        if self.eat_word("primary") {
            self.word_then("key", |token| matches!(token.text.as_str(), "," | ")"))?;
            create.keys.push((vec![column.name.clone()], Vec::new()));
        }
        create.columns.push(column);
        Ok(())
    }

    fn column_definition(&mut self) -> Result<ColumnDefinition, CqlError> {
        let name = self.name()?;
        let kind = self.type_name()?;
        Ok(ColumnDefinition { name, kind, is_static: self.eat_word("static") })
    }

    fn primary_key(&mut self) -> Result<(Vec<String>, Vec<String>), CqlError> {
        let partition = if self.eat("(") { self.names()? } else { vec![self.name()?] };
        let mut clustering = Vec::new();
        while self.eat(",") {
            clustering.push(self.name()?);
        }
        self.expect(")")?;
        Ok((partition, clustering))
    }

    fn table_options(&mut self, create: &mut CreateTable) -> Result<(), CqlError> {
        loop {
            if self.eat_word("compact") {
                self.word("storage")?;
                create.compact = true;
            } else if self.eat_word("clustering") {
                self.word("order")?;
                self.word_then("by", |token| token.text == "(")?;
                self.expect("(")?;
                create.order = self.list(")", Self::ordered_name)?;
            } else {
                create.properties.push(self.property()?);
            }
            if !self.eat_word("and") {
                return Ok(());
            }
        }
    }

    fn with(&mut self) -> Result<Properties, CqlError> {
        self.word("with")?;
        let mut properties = Vec::new();
        loop {
            properties.push(self.property()?);
            if !self.eat_word("and") {
                return Ok(properties);
            }
        }
    }

    fn property(&mut self) -> Result<(String, Property), CqlError> {
        let start = self.mark();
        let name = self.name()?;
        if !self.eat("=") || self.peek().kind == Kind::End {
            return Err(self.no_viable_from(start));
        }
        if !self.eat("{") {
            return Ok((name, Property::Text(self.property_text()?)));
        }
        let entries = self.list("}", |parser| {
            let key = parser.property_text()?;
            parser.expect(":")?;
            Ok((key, parser.property_text()?))
        })?;
        Ok((name, Property::Map(entries)))
    }

    fn property_text(&mut self) -> Result<String, CqlError> {
        match self.peek().kind {
            Kind::String | Kind::Integer | Kind::Float | Kind::Uuid | Kind::Hex | Kind::Word => {
                Ok(self.advance().text)
            }
            _ => Err(self.no_viable()),
        }
    }

    pub(super) fn type_name(&mut self) -> Result<TypeName, CqlError> {
        self.nested(Self::type_name_inner)
    }

    fn type_name_inner(&mut self) -> Result<TypeName, CqlError> {
        if self.peek().kind == Kind::String {
            return Ok(TypeName::Custom(self.advance().text));
        }
        if self.eat_word("set") {
            // A reserved word everywhere but here.
            self.expect("<")?;
            let element = self.type_name()?;
            self.expect(">")?;
            return Ok(TypeName::Set(Box::new(element)));
        }
        let name = self.table_name()?;
        if name.keyspace.is_some() || !self.eat("<") {
            return Ok(TypeName::Named(name.keyspace, name.name));
        }
        if name.name == "map" {
            let key = self.type_name()?;
            self.expect(",")?;
            let value = self.type_name()?;
            self.expect(">")?;
            return Ok(TypeName::Map(Box::new(key), Box::new(value)));
        }
        let mut inner = self.list(">", Self::type_name)?.into_iter();
        let kind = match (name.name.as_str(), inner.next(), inner.next(), inner.len()) {
            ("list", Some(element), None, 0) => TypeName::List(Box::new(element)),
            ("frozen", Some(element), None, 0) => TypeName::Frozen(Box::new(element)),
            ("tuple", Some(first), second, _) => {
                TypeName::Tuple(std::iter::once(first).chain(second).chain(inner).collect())
            }
            _ => return Err(self.no_viable()),
        };
        Ok(kind)
    }

    fn create_index(&mut self) -> Result<SchemaStatement, CqlError> {
        if self.eat_word("custom") {
            return Err(invalid!("Custom indexes are not supported by this simulated node"));
        }
        self.word("index")?;
        let conditional = self.if_exists(true)?;
        let name = if self.is_word("on") { None } else { Some(self.name()?) };
        self.word("on")?;
        let table = self.table_name()?;
        self.expect("(")?;
        let wrapped = self.peek_at(1).text == "(";
        let target = if wrapped { self.advance().text.to_ascii_lowercase() } else { "values".to_owned() };
        if wrapped {
            self.expect("(")?;
        }
        let column = self.name()?;
        if wrapped {
            self.expect(")")?;
        }
        self.expect(")")?;
        Ok(SchemaStatement::CreateIndex { name, conditional, table, column, target })
    }

    fn create_type(&mut self) -> Result<SchemaStatement, CqlError> {
        self.advance();
        let conditional = self.if_exists(true)?;
        let name = self.table_name()?;
        self.expect("(")?;
        if self.is(")") {
            return Err(self.no_viable());
        }
        let fields = self.list(")", |parser| Ok((parser.name()?, parser.type_name()?)))?;
        Ok(SchemaStatement::CreateType { name, conditional, fields })
    }

    fn alter_table(&mut self) -> Result<SchemaStatement, CqlError> {
        self.advance();
        let table = self.table_name()?;
        let change = if self.eat_word("add") {
            TableChange::Add(self.column_definition()?)
        } else if self.eat_word("drop") {
            TableChange::Drop(self.name()?)
        } else if self.eat_word("alter") {
            let name = self.name()?;
            self.word("type")?;
            TableChange::Type(name, self.type_name()?)
        } else if self.eat_word("rename") {
            TableChange::Rename(self.renames()?)
        } else if self.is_word("with") {
            TableChange::With(self.with()?)
        } else {
            return Err(self.no_viable());
        };
        Ok(SchemaStatement::AlterTable { table, change })
    }

    fn alter_type(&mut self) -> Result<SchemaStatement, CqlError> {
        self.advance();
        let name = self.table_name()?;
        let change = if self.eat_word("add") {
            UserTypeChange::Add(self.name()?, self.type_name()?)
        } else if self.eat_word("alter") {
            let field = self.name()?;
            self.word("type")?;
            UserTypeChange::Alter(field, self.type_name()?)
        } else if self.eat_word("rename") {
            UserTypeChange::Rename(self.renames()?)
        } else {
            return Err(self.no_viable());
        };
        Ok(SchemaStatement::AlterType { name, change })
    }

    fn renames(&mut self) -> Result<Vec<(String, String)>, CqlError> {
        let mut renames = Vec::new();
        loop {
            let from = self.name()?;
            self.word("to")?;
            renames.push((from, self.name()?));
            if !self.eat_word("and") {
                return Ok(renames);
            }
        }
    }

    fn drop(&mut self, object: &str) -> Result<SchemaStatement, CqlError> {
        if !matches!(object, "keyspace" | "schema" | "table" | "columnfamily" | "index" | "type") {
            return Err(self.no_viable_from(self.mark() - 1));
        }
        self.advance();
        let conditional = self.if_exists(false)?;
        Ok(match object {
            "keyspace" | "schema" => SchemaStatement::DropKeyspace { name: self.name()?, conditional },
            "index" => {
                let name = self.table_name()?;
                SchemaStatement::DropIndex { keyspace: name.keyspace, name: name.name, conditional }
            }
            "type" => SchemaStatement::DropType { name: self.table_name()?, conditional },
            _ => SchemaStatement::DropTable { table: self.table_name()?, conditional },
        })
    }
}
