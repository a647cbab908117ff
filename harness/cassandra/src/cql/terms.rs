//! Terms, USING and WHERE.

use super::lexer::Kind;
use super::parser::Parser;
use super::{ConstantKind, Operand, Operator, Relation, Term, Using};
use crate::CqlError;
use crate::error::invalid;

impl Parser<'_> {
    pub(super) fn term(&mut self) -> Result<Term, CqlError> {
        self.nested(Self::term_inner)
    }

    fn term_inner(&mut self) -> Result<Term, CqlError> {
        if let Some(bind) = self.bind()? {
            return Ok(Term::Bind(bind));
        }
        if self.eat("[") {
            return Ok(Term::List(self.list("]", Self::term)?));
        }
        if self.eat("(") {
            return Ok(Term::Tuple(self.list(")", Self::term)?));
        }
        if self.eat("{") {
            return self.braces();
        }
        if self.eat("-") {
            if !self.is_word("infinity") && !self.is_word("nan") {
                return Err(self.mismatched_set());
            }
            return Ok(Term::Constant(ConstantKind::Float, format!("-{}", self.advance().text)));
        }
        let kind = match self.peek().kind {
            Kind::String => ConstantKind::String,
            Kind::Integer => ConstantKind::Integer,
            Kind::Float => ConstantKind::Float,
            Kind::Uuid => ConstantKind::Uuid,
            Kind::Hex => ConstantKind::Hex,
            Kind::Word => return self.word_term(),
            _ => return Err(self.no_viable()),
        };
        Ok(Term::Constant(kind, self.advance().text))
    }

    fn word_term(&mut self) -> Result<Term, CqlError> {
        let word = self.peek().text.to_ascii_lowercase();
        let (kind, text) = match word.as_str() {
            "null" => {
                self.advance();
                return Ok(Term::Null);
            }
            "true" | "false" => (ConstantKind::Boolean, word),
            "nan" | "infinity" => (ConstantKind::Float, self.peek().text.clone()),
            _ => {
                let start = self.mark();
                let name = if word == "token" { self.advance().text } else { self.function_name()? };
                if !self.eat("(") {
                    return Err(self.no_viable_from(start));
                }
                return Ok(Term::Call(name.to_ascii_lowercase(), self.list(")", Self::term)?));
            }
        };
        self.advance();
        Ok(Term::Constant(kind, text))
    }

    /// A function's name; those of 2.2 itself may be called with their keyspace.
    fn function_name(&mut self) -> Result<String, CqlError> {
        let name = self.table_name()?;
        match name.keyspace.as_deref() {
            None | Some("system") => Ok(name.name),
            Some(keyspace) => Err(invalid!("Unknown function '{keyspace}.{}'", name.name)),
        }
    }

    fn braces(&mut self) -> Result<Term, CqlError> {
        if self.eat("}") {
            return Ok(Term::Set(Vec::new()));
        }
        let constant = ["true", "false", "nan", "infinity", "null"].iter().any(|word| self.is_word(word));
        let is_field = matches!(self.peek().kind, Kind::Word | Kind::QuotedName)
            && !constant
            && self.peek_at(1).kind == Kind::Symbol
            && self.peek_at(1).text == ":";
        if is_field {
            let fields = self.list("}", |parser| {
                let name = parser.name()?;
                parser.expect(":")?;
                Ok((name, parser.term()?))
            })?;
            return Ok(Term::Udt(fields));
        }
        let first = self.term()?;
        if self.eat(":") {
            let mut entries = vec![(first, self.term()?)];
            while self.eat(",") {
                let key = self.term()?;
                self.expect(":")?;
                entries.push((key, self.term()?));
            }
            self.expect("}")?;
            return Ok(Term::Map(entries));
        }
        let mut items = vec![first];
        while self.eat(",") {
            items.push(self.term()?);
        }
        self.expect("}")?;
        Ok(Term::Set(items))
    }

    /// `?` or `:name`, and which bind variable it is.
    pub(super) fn bind(&mut self) -> Result<Option<usize>, CqlError> {
        let name = if self.eat("?") {
            None
        } else if self.eat(":") {
            Some(self.name()?)
        } else {
            return Ok(None);
        };
        self.binds.push(name);
        Ok(Some(self.binds.len() - 1))
    }

    pub(super) fn using(&mut self) -> Result<Using, CqlError> {
        self.word("using")?;
        let mut using = Using::default();
        loop {
            if self.eat_word("ttl") {
                using.ttl = self.number()?;
            } else if self.eat_word("timestamp") {
                using.timestamp = self.number()?;
            } else {
                return Err(self.no_viable());
            }
            if !self.eat_word("and") {
                return Ok(using);
            }
        }
    }

    /// A whole number or a bind variable. At the end of a statement the original takes none for granted.
    pub(super) fn number(&mut self) -> Result<Option<Term>, CqlError> {
        if let Some(bind) = self.bind()? {
            return Ok(Some(Term::Bind(bind)));
        }
        match self.peek().kind {
            Kind::Integer => Ok(Some(Term::Constant(ConstantKind::Integer, self.advance().text))),
            Kind::End => Ok(None),
            _ => Err(self.no_viable()),
        }
    }

    /// `WHERE a = b AND …`, the WHERE included.
    pub(super) fn where_clause(&mut self) -> Result<Vec<Relation>, CqlError> {
        self.word("where")?;
        let mut relations = Vec::new();
        loop {
            relations.push(self.relation()?);
            if !self.eat_word("and") {
                return Ok(relations);
            }
        }
    }

    fn relation(&mut self) -> Result<Relation, CqlError> {
        if self.is_word("token") {
            self.advance();
            self.expect("(")?;
            let columns = self.names()?;
            let start = self.mark();
            let operator = self.operator(start)?;
            if operator == Operator::In || matches!(operator, Operator::Contains | Operator::ContainsKey) {
                return Err(self.back(start).no_viable());
            }
            return Ok(Relation { columns, token: true, operator, operand: Operand::One(self.term()?) });
        }
        if self.is("(") {
            return Err(invalid!("Multi-column relations are not supported by this simulated node"));
        }
        let start = self.mark();
        let columns = vec![self.name()?];
        let operator = self.operator(start)?;
        let operand = self.operand(operator, start)?;
        Ok(Relation { columns, token: false, operator, operand })
    }

    pub(super) fn operator(&mut self, start: usize) -> Result<Operator, CqlError> {
        const SYMBOLS: [(&str, Operator); 6] = [
            ("=", Operator::Eq),
            ("!=", Operator::Neq),
            ("<", Operator::Lt),
            ("<=", Operator::Le),
            (">", Operator::Gt),
            (">=", Operator::Ge),
        ];
        if let Some((_, operator)) = SYMBOLS.iter().find(|(symbol, _)| self.is(symbol)) {
            self.advance();
            return Ok(*operator);
        }
        if self.eat_word("in") {
            return Ok(Operator::In);
        }
        if self.eat_word("contains") {
            return Ok(if self.eat_word("key") { Operator::ContainsKey } else { Operator::Contains });
        }
        Err(self.no_viable_from(start))
    }

    /// The right side of a relation that begins with the token of that number.
    pub(super) fn operand(&mut self, operator: Operator, start: usize) -> Result<Operand, CqlError> {
        if operator != Operator::In {
            return self.term().map(Operand::One);
        }
        if let Some(bind) = self.bind()? {
            return Ok(Operand::ManyBound(bind));
        }
        if !self.eat("(") {
            return Err(self.no_viable_from(start));
        }
        self.list(")", Self::term).map(Operand::Many)
    }
}
