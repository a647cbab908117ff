//! Kafka: a request may be answered with an error, and the broker never sees it. A broker of 0.8 answers one request
//! of a connection after the other, and so does this.

use std::io;

use bytes::Bytes;
use stacklab_kafka::codec::Request;
use stacklab_kafka::model::ErrorCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Road;

/// The longest frame that is carried: `socket.request.max.bytes`.
const MAX_FRAME: usize = 100 << 20;

pub(super) async fn serve(mut client: TcpStream, mut broker: TcpStream, road: &Road) -> io::Result<()> {
    loop {
        let frame = read(&mut client).await?;
        road.to_service(frame.len()).await;
        // What cannot be read is for the broker to refuse: it closes the connection.
        let request = Request::decode(frame.clone()).ok();
        let answered = request.as_ref().is_none_or(|(_, request)| request.is_answered());
        let refused = request.filter(|_| answered).and_then(|(header, request)| {
            let error = road.mishaps.error_for(&road.service)?;
            Some(request.refused(ErrorCode(error)).encode(header.correlation))
        });
        let answer = match refused {
            Some(answer) => answer.into(),
            None => {
                write(&mut broker, &frame).await?;
                if !answered {
                    continue;
                }
                read(&mut broker).await?
            }
        };
        road.to_client(answer.len()).await;
        write(&mut client, &answer).await?;
    }
}

async fn read(from: &mut TcpStream) -> io::Result<Bytes> {
    let length = usize::try_from(from.read_i32().await?).ok().filter(|length| *length <= MAX_FRAME);
    let length = length.ok_or(io::ErrorKind::InvalidData)?;
    let mut frame = Vec::new();
    from.take(length as u64).read_to_end(&mut frame).await?;
    if frame.len() < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(frame.into()) }
}

async fn write(to: &mut TcpStream, frame: &[u8]) -> io::Result<()> {
    let length = i32::try_from(frame.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    to.write_i32(length).await?;
    to.write_all(frame).await
}
