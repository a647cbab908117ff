//! SELECT.

use super::lexer::Kind;
use super::parser::{Parser, is_name};
use super::{Select, Selector, Statement};
use crate::CqlError;
use crate::error::invalid;

impl Parser<'_> {
    pub(super) fn select(&mut self) -> Result<Statement, CqlError> {
        self.advance();
        if self.is_word("json") && self.peek_at(1).text != "," && !self.is_word_at(1, "from") {
            return Err(invalid!("SELECT JSON is not supported by this simulated node"));
        }
        let distinct = self.is_word("distinct") && !self.is_word_at(1, "from") && self.peek_at(1).text != ",";
        if distinct {
            self.advance();
        }
        let mut selectors = Vec::new();
        if !self.eat("*") {
            loop {
                let start = self.mark();
                let selector = self.selector()?;
                if !(self.is(",")
                    || self.is_word("as")
                    || self.is_word("from")
                    || self.peek().kind == Kind::End)
                {
                    return Err(self.no_viable_from(start));
                }
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
        let limit = if self.eat_word("limit") { self.number()? } else { None };
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
            let qualified = self.is(".") && self.peek_at(2).text == "(";
            if !qualified {
                return self.fields(Selector::Column(first));
            }
            self.advance();
            let name = self.name()?;
            if first != "system" {
                return Err(invalid!("Unknown function '{first}.{name}'"));
            }
            self.expect("(")?;
            let call = Selector::Call(name, self.list(")", Self::selector)?);
            return self.fields(call);
        }
        let start = self.mark();
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
            _ if self.is("?") || self.is(":") => {
                Err(CqlError::Syntax("Bind variables cannot be used for keyspace names".to_owned()))
            }
            other => {
                if !is_name(self.peek()) && !self.is(")") && !self.is_word("token") {
                    return Err(self.no_viable_from(start));
                }
                let call = Selector::Call(other.to_owned(), self.list(")", Self::selector)?);
                self.fields(call)
            }
        }
    }

    /// `.field`, any number of times.
    fn fields(&mut self, mut selector: Selector) -> Result<Selector, CqlError> {
        while self.eat(".") {
            selector = Selector::Field(Box::new(selector), self.name()?);
        }
        Ok(selector)
    }

    /// `BY a DESC, b`, after ORDER or CLUSTERING ORDER.
    fn order_by(&mut self) -> Result<Vec<(String, bool)>, CqlError> {
        self.word_then("by", |token| is_name(token) || token.text == "(")?;
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
