//! INSERT, UPDATE and DELETE.

use super::lexer::Kind;
use super::parser::{Parser, is_name};
use super::{Change, ColumnCondition, Condition, Term, Using, Write, WriteKind};
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
        if !self.eat("(") {
            return Err(self.no_viable());
        }
        let columns = self.names()?;
        self.word("values")?;
        self.expect("(")?;
        let values = self.list(")", Self::term)?;
        let unmatched = columns.len() != values.len();
        let condition = if self.if_exists(true)? { Condition::NotExists } else { Condition::None };
        let using = self.using_if_there()?;
        let changes = columns.into_iter().zip(values.into_iter().map(Change::Set)).collect();
        Ok(Write {
            kind: WriteKind::Insert,
            table,
            using,
            changes,
            unmatched,
            relations: Vec::new(),
            condition,
        })
    }

    fn update(&mut self) -> Result<Write, CqlError> {
        let table = self.table_name()?;
        let using = self.using_if_there()?;
        self.word("set")?;
        let mut changes: Vec<(String, Change)> = Vec::new();
        loop {
            let (column, change) = self.assignment()?;
            let is_set = |change: &Change| matches!(change, Change::Set(_));
            if changes.iter().any(|(other, old)| *other == column && (is_set(old) || is_set(&change))) {
                return Err(CqlError::Syntax(format!("Multiple incompatible setting of column {column}")));
            }
            changes.push((column, change));
            if !self.eat(",") {
                break;
            }
        }
        let relations = self.where_clause()?;
        let condition = self.condition()?;
        Ok(Write { kind: WriteKind::Update, table, using, changes, unmatched: false, relations, condition })
    }

    fn assignment(&mut self) -> Result<(String, Change), CqlError> {
        let column = self.name()?;
        if self.eat("[") {
            let key = self.term()?;
            self.expect("]")?;
            self.expect("=")?;
            return Ok((column, Change::SetElement(key, self.term()?)));
        }
        if !self.eat("=") {
            return Err(self.no_viable());
        }
        // `c = c + v`, `c = c - v`, and `c = c -1`, where the sign belongs to the number.
        let names_column = match self.peek().kind {
            Kind::QuotedName => true,
            Kind::Word => self.peek_at(1).text == "+" || self.peek_at(1).text.starts_with('-'),
            _ => false,
        };
        if names_column {
            let same = self.name()?;
            let (sign, change) = if self.eat("+") {
                ("+", Change::Add(self.term()?))
            } else if self.eat("-") {
                ("-", Change::Subtract(self.term()?))
            } else {
                ("+", Change::Add(self.term()?))
            };
            if same != column {
                let text = match sign {
                    "+" => "Only expressions of the form X = X +<value> are supported.",
                    _ => "Only expressions of the form X = X -<value> are supported.",
                };
                return Err(CqlError::Syntax(text.to_owned()));
            }
            return Ok((column, change));
        }
        let value = self.term()?;
        if self.eat("+") {
            if self.name()? != column {
                return Err(CqlError::Syntax(
                    "Only expressions of the form X = <value> + X are supported.".to_owned(),
                ));
            }
            return Ok((column, Change::Prepend(value)));
        }
        Ok((column, Change::Set(value)))
    }

    fn delete(&mut self) -> Result<Write, CqlError> {
        let mut changes = Vec::new();
        let starts = |parser: &Self| is_name(parser.peek());
        while starts(self) || !changes.is_empty() {
            let start = self.mark();
            let column = self.name()?;
            let change = if self.eat("[") {
                let key: Term = self.term()?;
                self.expect("]")?;
                Change::DeleteElement(key)
            } else {
                Change::Delete
            };
            if !self.is(",") && !self.is_word("from") {
                return Err(self.no_viable_from(start));
            }
            changes.push((column, change));
            if !self.eat(",") {
                break;
            }
        }
        self.word("from")?;
        let table = self.table_name()?;
        let mut using = Using::default();
        if self.eat_word("using") {
            self.word_then("timestamp", |token| token.kind == Kind::Integer)?;
            using.timestamp = self.number()?;
        }
        let relations = self.where_clause()?;
        let condition = self.condition()?;
        Ok(Write { kind: WriteKind::Delete, table, using, changes, unmatched: false, relations, condition })
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
            let element = if self.eat("[") {
                let element = self.term()?;
                self.expect("]")?;
                Some(element)
            } else {
                None
            };
            let start = self.mark();
            let operator = self.operator(start)?;
            let operand = self.operand(operator, start)?;
            conditions.push(ColumnCondition { column, element, operator, operand });
            if !self.eat_word("and") {
                return Ok(Condition::Columns(conditions));
            }
        }
    }
}
