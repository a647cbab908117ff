//! Bytes to and from the engine: a build's files and a file system as streams, a folder of an image as a map.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    CreateContainerOptions, DownloadFromContainerOptionsBuilder, RemoveContainerOptionsBuilder,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use tokio::sync::mpsc;

use super::ImageError;
use crate::docker::engine::Engine;
use crate::docker::labels::Owner;
use crate::docker::sweep::CleanUp;

/// How much is sent at a time.
const PIECE: usize = 256 << 10;
/// How many pieces wait to be sent.
const WAITING: usize = 8;
/// Largest archive that is taken into memory, and most files in it.
const MAX_ARCHIVE: usize = 256 << 20;
const MAX_FILES: usize = 10_000;

/// Sends what `write` writes, while it is written.
pub(super) fn body(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (sender, mut receiver) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut writer = io::BufWriter::with_capacity(PIECE, Pieces(sender.clone()));
        if let Err(why) = write(&mut writer).and_then(|()| writer.flush()) {
            // Whoever reads no longer wants it, or is told why there is no more.
            let _ = sender.blocking_send(Err(why));
        }
    });
    futures_util::stream::poll_fn(move |context| receiver.poll_recv(context))
}

/// A writer whose pieces go into a channel.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(piece)));
        sent.map(|()| piece.len()).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A build's files: those of the recipe, and everything in a folder.
pub(super) fn context(
    files: BTreeMap<String, Vec<u8>>,
    folder: Option<PathBuf>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    body(move |to| {
        let mut archive = tar::Builder::new(to);
        // Times and owners are of this machine, and would make each build look new to the engine.
        archive.mode(tar::HeaderMode::Deterministic);
        for (name, content) in &files {
            append(&mut archive, name, content)?;
        }
        if let Some(folder) = folder {
            archive.append_dir_all(".", folder)?;
        }
        archive.finish()
    })
}

/// A file's content.
pub(super) fn file(path: PathBuf) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    body(move |to| io::copy(&mut File::open(path)?, to).map(|_| ()))
}

fn append(archive: &mut tar::Builder<&mut dyn Write>, name: &str, content: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(u64::try_from(content.len()).unwrap_or(u64::MAX));
    header.set_mode(0o644);
    archive.append_data(&mut header, name, content)
}

/// All files of a container's folder as one archive.
pub(super) async fn download(
    engine: &Engine,
    container: &str,
    folder: &str,
) -> Result<Vec<u8>, bollard::errors::Error> {
    let options = DownloadFromContainerOptionsBuilder::new().path(folder).build();
    let pieces = engine.docker().download_from_container(container, Some(options));
    let too_large = || io::Error::other(format!("{folder} has more than {MAX_ARCHIVE} bytes"));
    pieces
        .try_fold(Vec::new(), |mut all, piece| async move {
            if all.len() + piece.len() > MAX_ARCHIVE {
                return Err(too_large().into());
            }
            all.extend_from_slice(&piece);
            Ok(all)
        })
        .await
}

/// The files of an image's folder, by path below it. A container is made for it, and not started.
pub(super) async fn files(
    engine: &Engine,
    image: &str,
    folder: &str,
) -> Result<BTreeMap<String, Vec<u8>>, ImageError> {
    let owner = Owner::new(&format!("files-{}", std::process::id()));
    let guard = CleanUp::new(engine, &owner);
    let docker = engine.docker();
    let wanted = ContainerCreateBody {
        image: Some(image.to_owned()),
        entrypoint: Some(vec!["none".to_owned()]),
        labels: Some(owner.labels().into_iter().collect()),
        ..ContainerCreateBody::default()
    };
    let failed = |why| ImageError::of_engine(engine, &format!("look into the image {image}"), &why);
    let made = docker.create_container(None::<CreateContainerOptions>, wanted).await.map_err(failed)?;
    let archive = download(engine, &made.id, folder).await;
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    docker.remove_container(&made.id, Some(options)).await.map_err(failed)?;
    guard.unneeded();
    let no_ui = || ImageError::NoUi { reference: image.to_owned() };
    let archive = match archive {
        Ok(archive) => archive,
        Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => {
            return Err(no_ui());
        }
        Err(why) => return Err(failed(why)),
    };
    let found = unpack(&archive).map_err(|why| failed(why.into()))?;
    if found.is_empty() { Err(no_ui()) } else { Ok(found) }
}

/// The files of an archive by path, without its one folder at the top.
fn unpack(archive: &[u8]) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries()?.take(MAX_FILES) {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path: PathBuf = entry.path()?.components().skip(1).collect();
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        found.insert(path.to_string_lossy().into_owned(), content);
    }
    Ok(found)
}

/// The last of what a stream tells, or why it ended badly, with a limit to each silence.
pub(super) async fn follow<T>(
    mut stream: impl Stream<Item = Result<T, bollard::errors::Error>> + Unpin,
    silence: std::time::Duration,
    mut each: impl FnMut(T) -> Result<(), String>,
) -> Result<(), String> {
    loop {
        match tokio::time::timeout(silence, stream.next()).await {
            Ok(Some(Ok(told))) => each(told)?,
            Ok(Some(Err(why))) => return Err(why.to_string()),
            Ok(None) => return Ok(()),
            Err(_) => return Err(format!("no answer for {} s", silence.as_secs())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_read_without_its_top_folder() -> io::Result<()> {
        let mut bytes = Vec::new();
        {
            let to: &mut dyn Write = &mut bytes;
            let mut archive = tar::Builder::new(to);
            append(&mut archive, "ui/index.html", b"<html>")?;
            append(&mut archive, "ui/img/a.png", b"png")?;
            archive.finish()?;
        }
        let found = unpack(&bytes)?;
        assert_eq!(found.keys().collect::<Vec<_>>(), ["img/a.png", "index.html"]);
        assert_eq!(found["index.html"], b"<html>");
        for cut in [1, 100, 600] {
            assert!(unpack(&bytes[..cut]).is_err(), "{cut}");
        }
        Ok(())
    }
}
