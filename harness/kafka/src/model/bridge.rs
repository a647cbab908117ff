//! Between the operations that a broker wants and what a simulated ZooKeeper takes: for shells that connect the
//! machines of both without a socket.

use stacklab_zookeeper::model::{Acl, Code, CreateMode, Reply, Request, Response, WatchEvent};

use super::zk::{Answer, ZkEvent, ZkFault, ZkOp, ZkReply};

/// The request of an operation.
pub fn to_request(op: ZkOp) -> Request {
    match op {
        ZkOp::Exists { path, watch } => Request::Exists { path, watch },
        ZkOp::Get { path, watch } => Request::GetData { path, watch },
        ZkOp::Children { path, watch } => Request::GetChildren { path, watch },
        ZkOp::Create { path, data, ephemeral } => {
            let mode = if ephemeral { CreateMode::Ephemeral } else { CreateMode::Persistent };
            Request::Create { path, data, acl: Some(Acl::open()), flags: mode.flags() }
        }
        ZkOp::Set { path, data, version } => Request::SetData { path, data: Some(data), version },
        ZkOp::Delete { path } => Request::Delete { path, version: -1 },
    }
}

/// The answer that a reply is. `set` says whether the operation was [`ZkOp::Set`], for figures are answered to two
/// kinds of operation.
pub fn to_answer(set: bool, reply: Reply) -> Answer {
    match reply.result {
        Ok(Response::Stat(stat)) if set => Ok(ZkReply::Version(stat.version)),
        Ok(Response::Data(data, stat)) => Ok(ZkReply::Data(data, stat.version)),
        Ok(Response::Children(names) | Response::ChildrenAndStat(names, _)) => Ok(ZkReply::Children(names)),
        Ok(_) => Ok(ZkReply::Done),
        Err(code) => Err(to_fault(code)),
    }
}

/// What the machine is told of a watch.
pub fn to_event(event: WatchEvent) -> ZkEvent {
    ZkEvent::Fired(event.path)
}

fn to_fault(code: Code) -> ZkFault {
    match code {
        Code::NoNode => ZkFault::NoNode,
        Code::NodeExists => ZkFault::NodeExists,
        Code::BadVersion => ZkFault::BadVersion,
        Code::SessionExpired => ZkFault::Expired,
        other => ZkFault::Other(other.number()),
    }
}
