//! Requests that manage users.

use stacklab_machine::http::Response;
use stacklab_machine::process::ExchangeId;

use super::body::Body;
use super::flow::{Flow, Step};
use super::store::{Role, StoreOp, StoreReply, User};
use super::{Mode, Out, Server, keys, reply};

impl Server {
    pub(super) fn create_user(
        &mut self,
        exchange: ExchangeId,
        body: &[u8],
        out: &mut Out,
    ) -> Result<(), String> {
        let mut body = Body::read(body, "")?;
        let (name, _, role) = (body.text("name"), body.text("key"), body.text("role"));
        body.check()?;
        let role = if role == "admin" { Role::Admin } else { Role::Regular };
        if self.config.mode == Mode::Developer {
            self.respond(exchange, Response::empty(201), out);
            return Ok(());
        }
        self.check_key(&name)?;
        let step = Step::CreateUser { name: name.clone(), role };
        self.ask(StoreOp::User(name), Flow { exchange, step }, out);
        Ok(())
    }

    pub(super) fn refresh_token(
        &mut self,
        exchange: ExchangeId,
        body: &[u8],
        out: &mut Out,
    ) -> Result<(), String> {
        let mut body = Body::read(body, "")?;
        let (name, _, _) = (body.text("name"), body.text("key"), body.text("role"));
        body.check()?;
        if self.config.mode == Mode::Developer {
            self.respond(exchange, Response::empty(200), out);
            return Ok(());
        }
        self.check_key(&name)?;
        let step = Step::RefreshToken { name: name.clone() };
        self.ask(StoreOp::User(name), Flow { exchange, step }, out);
        Ok(())
    }

    pub(super) fn go_on_with_users(
        &mut self,
        exchange: ExchangeId,
        step: Step,
        answer: StoreReply,
        out: &mut Out,
    ) -> Result<(), Response> {
        let refuse = |text: String| Err(reply::error(400, &text));
        match (step, answer) {
            (Step::CreateUser { name, .. }, StoreReply::User(Some(_))) => {
                refuse(format!("User '{name}' already exists"))
            }
            (Step::CreateUser { name, role }, _) => {
                self.give_key(exchange, 201, name, role, out);
                Ok(())
            }
            (Step::RefreshToken { name }, StoreReply::User(Some(user))) => {
                self.give_key(exchange, 200, name, user.role, out);
                Ok(())
            }
            (Step::RefreshToken { name }, _) => refuse(format!("User '{name}' does not exist")),
            (Step::Key { status, key }, _) => Err(reply::plain(status, key)),
            _ => Err(Response::empty(200)),
        }
    }

    fn give_key(&mut self, exchange: ExchangeId, status: u16, name: String, role: Role, out: &mut Out) {
        let key = self.keys.fresh();
        let op = StoreOp::PutUser(User { name, key_hash: keys::hash(&key), role });
        self.ask(op, Flow { exchange, step: Step::Key { status, key } }, out);
    }
}
