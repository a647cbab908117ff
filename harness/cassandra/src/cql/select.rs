//! SELECT.

use super::lexer::Kind;
use super::parser::Parser;
use super::{Select, Selector, Statement};
use crate::CqlError;

impl Parser<'_> {
    pub(super) fn select(&mut self) -> Result<Statement, CqlError> {
        self.advance();
        if self.is_word("json") && self.peek_at(1).text != "," && !self.is_word_at(1, "from") {
            return Err(crate::error::invalid!("SELECT JSON is not supported by this simulated node"));
        }
        let distinct = self.is_word("distinct") && !self.is_word_at(1, "from") && self.peek_at(1).text != ",";
        if distinct {
            self.advance();
        }
        let mut selectors = Vec::new();
        if !self.eat("*") {
            loop {
                let selector = self.selector()?;
                let alias = if self.eat_word("as") { Some(self.name()?) } else { None };
                selectors.push((selector, alias));
                if !self.eat(",") {
                    break;
                }
            }
        }
        self.word("from")?;
        let table = self.table_name()?;
        let relations = if self.is_word("where") { self.where_clause()? } else { Vec::new() };
        let order = if self.eat_word("order") { self.order_by()? } else { Vec::new() };
        let limit = if self.eat_word("limit") { Some(self.term()?) } else { None };
        let allow_filtering = self.eat_word("allow");
        if allow_filtering {
            self.word("filtering")?;
        }
        Ok(Statement::Select(Select { distinct, selectors, table, relations, order, limit, allow_filtering }))
    }

    fn selector(&mut self) -> Result<Selector, CqlError> {
        self.nested(Self::selector_inner)
    }

    fn selector_inner(&mut self) -> Result<Selector, CqlError> {
        let token = self.is_word("token");
        let call = self.peek().kind == Kind::Word
            && self.peek_at(1).kind == Kind::Symbol
            && self.peek_at(1).text == "(";
        if !call && !token {
            let first = self.name()?;
            if !self.eat(".") {
                return Ok(Selector::Column(first));
            }
            // A function of the system keyspace; fields of user types are not selected one by one here.
            let name = self.name()?;
            self.expect("(")?;
            return Ok(Selector::Call(name, self.list(")", Self::selector)?));
        }
        let function = if token { self.advance().text } else { self.name()? };
        self.expect("(")?;
        match function.to_ascii_lowercase().as_str() {
            "count" if self.is("*") || self.peek().text == "1" => {
                self.advance();
                self.expect(")")?;
                Ok(Selector::CountAll)
            }
            "writetime" => {
                let column = self.name()?;
                self.expect(")")?;
                Ok(Selector::WriteTime(column))
            }
            "ttl" => {
                let column = self.name()?;
                self.expect(")")?;
                Ok(Selector::Ttl(column))
            }
            other => Ok(Selector::Call(other.to_owned(), self.list(")", Self::selector)?)),
        }
    }

    /// `BY a DESC, b`, after ORDER or CLUSTERING ORDER.
    fn order_by(&mut self) -> Result<Vec<(String, bool)>, CqlError> {
        self.word("by")?;
        let mut order = Vec::new();
        loop {
            order.push(self.ordered_name()?);
            if !self.eat(",") {
                return Ok(order);
            }
        }
    }

    pub(super) fn ordered_name(&mut self) -> Result<(String, bool), CqlError> {
        let name = self.name()?;
        let descending = self.eat_word("desc");
        if !descending {
            self.eat_word("asc");
        }
        Ok((name, descending))
    }
}
