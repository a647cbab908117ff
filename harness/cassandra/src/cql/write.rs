//! INSERT, UPDATE and DELETE.

use super::lexer::Kind;
use super::parser::Parser;
use super::{Change, Condition, Term, Using, Write, WriteKind};
use crate::CqlError;
use crate::error::invalid;

impl Parser<'_> {
    pub(super) fn write(&mut self) -> Result<Write, CqlError> {
        if self.eat_word("insert") {
            self.insert()
        } else if self.eat_word("update") {
            self.update()
        } else if self.eat_word("delete") {
            self.delete()
        } else {
            Err(self.no_viable())
        }
    }

    fn insert(&mut self) -> Result<Write, CqlError> {
        self.word("into")?;
        let table = self.table_name()?;
        if self.is_word("json") {
            return Err(invalid!("INSERT JSON is not supported by this simulated node"));
        }
        self.expect("(")?;
        let columns = self.list(")", Self::name)?;
        self.word("values")?;
        self.expect("(")?;
        let values = self.list(")", Self::term)?;
        if columns.len() != values.len() {
            return Err(invalid!("Unmatched column names/values"));
        }
        let condition = if self.if_exists(true)? { Condition::NotExists } else { Condition::None };
        let using = self.using_if_there()?;
        let changes = columns.into_iter().zip(values.into_iter().map(Change::Set)).collect();
        Ok(Write { kind: WriteKind::Insert, table, using, changes, relations: Vec::new(), condition })
    }

    fn update(&mut self) -> Result<Write, CqlError> {
        let table = self.table_name()?;
        let using = self.using_if_there()?;
        self.word("set")?;
        let mut changes = Vec::new();
        loop {
            changes.push(self.assignment()?);
            if !self.eat(",") {
                break;
            }
        }
        let relations = self.where_clause()?;
        let condition = self.condition()?;
        Ok(Write { kind: WriteKind::Update, table, using, changes, relations, condition })
    }

    fn assignment(&mut self) -> Result<(String, Change), CqlError> {
        let column = self.name()?;
        if self.eat("[") {
            let key = self.term()?;
            self.expect("]")?;
            self.expect("=")?;
            return Ok((column, Change::SetElement(key, self.term()?)));
        }
        self.expect("=")?;
        // `c = c + v`, `c = c - v`, and `c = c -1`, where the sign belongs to the number.
        let names_column = match self.peek().kind {
            Kind::QuotedName => true,
            Kind::Word => self.peek_at(1).text == "+" || self.peek_at(1).text.starts_with('-'),
            _ => false,
        };
        if names_column {
            let same = self.name()?;
            if same != column {
                return Err(invalid!("Only expressions of the form X = X + <value> are supported."));
            }
            if self.eat("+") {
                return Ok((column, Change::Add(self.term()?)));
            }
            if self.eat("-") {
                return Ok((column, Change::Subtract(self.term()?)));
            }
            return Ok((column, Change::Add(self.term()?)));
        }
        let value = self.term()?;
        if self.eat("+") {
            if self.name()? != column {
                return Err(invalid!("Only expressions of the form X = <value> + X are supported."));
            }
            return Ok((column, Change::Prepend(value)));
        }
        Ok((column, Change::Set(value)))
    }

    fn delete(&mut self) -> Result<Write, CqlError> {
        let mut changes = Vec::new();
        while !self.is_word("from") {
            let column = self.name()?;
            let change = if self.eat("[") {
                let key: Term = self.term()?;
                self.expect("]")?;
                Change::DeleteElement(key)
            } else {
                Change::Delete
            };
            changes.push((column, change));
            if !self.eat(",") {
                break;
            }
        }
        self.word("from")?;
        let table = self.table_name()?;
        let using = self.using_if_there()?;
        let relations = self.where_clause()?;
        let condition = self.condition()?;
        Ok(Write { kind: WriteKind::Delete, table, using, changes, relations, condition })
    }

    fn using_if_there(&mut self) -> Result<Using, CqlError> {
        if self.is_word("using") { self.using() } else { Ok(Using::default()) }
    }

    fn condition(&mut self) -> Result<Condition, CqlError> {
        if !self.eat_word("if") {
            return Ok(Condition::None);
        }
        if self.is_word("exists") && self.peek_at(1).text != "=" {
            self.advance();
            return Ok(Condition::Exists);
        }
        let mut conditions = Vec::new();
        loop {
            let column = self.name()?;
            let operator = self.operator()?;
            conditions.push((column, operator, self.operand(operator)?));
            if !self.eat_word("and") {
                return Ok(Condition::Columns(conditions));
            }
        }
    }
}
