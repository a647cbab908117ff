//! HTTP: a request may be answered here. What begins after an answer, or at the start, is taken for a request.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{PIECE, Road};
use crate::mishap::HttpFault;

pub(super) async fn serve(mut client: TcpStream, mut service: TcpStream, road: &Road) -> io::Result<()> {
    let (mut asked, mut answered) = (vec![0; PIECE], vec![0; PIECE]);
    let mut begins = true;
    loop {
        tokio::select! {
            length = client.read(&mut asked) => {
                let length = length?;
                if length == 0 {
                    return Ok(());
                }
                if let Some(fault) = std::mem::take(&mut begins).then(|| road.mishaps.http_fault(&road.party)).flatten() {
                    return answer(client, fault).await;
                }
                road.to_service(length).await;
                service.write_all(&asked[..length]).await?;
            }
            length = service.read(&mut answered) => {
                let length = length?;
                if length == 0 {
                    return client.shutdown().await;
                }
                begins = true;
                road.to_client(length).await;
                client.write_all(&answered[..length]).await?;
            }
        }
    }
}

async fn answer(mut client: TcpStream, fault: HttpFault) -> io::Result<()> {
    match fault {
        HttpFault::Close => Ok(()),
        HttpFault::Hang => {
            let mut rest = vec![0; PIECE];
            while client.read(&mut rest).await? > 0 {}
            Ok(())
        }
        HttpFault::Status(status) => {
            let text = format!("{status} by a planned fault\n");
            let head = format!(
                "HTTP/1.1 {status} Planned\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                text.len()
            );
            client.write_all(head.as_bytes()).await?;
            client.write_all(text.as_bytes()).await?;
            client.shutdown().await
        }
    }
}
