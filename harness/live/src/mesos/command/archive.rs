//! Archives in a sandbox: unpacked beside themselves, as an agent's fetcher does.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::GzDecoder;

/// Most that one archive may hold, in bytes.
const MAX_UNPACKED: u64 = 2 << 30;
/// What a real fetcher unpacks and we do not.
const NOT_UNPACKED: [&str; 6] = [".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".zip", ".bz2"];

/// Unpacks a file of a sandbox if its name is that of an archive.
///
/// # Errors
/// It is no archive, it is too large, or of a kind that is not unpacked here.
pub(super) fn unpack(sandbox: &Path, name: &str) -> io::Result<()> {
    let open = || File::open(sandbox.join(name));
    if name.ends_with(".tar.gz") || name.ends_with(".tgz") {
        return unpack_tar(GzDecoder::new(open()?), sandbox);
    }
    if name.ends_with(".tar") {
        return unpack_tar(open()?, sandbox);
    }
    match NOT_UNPACKED.iter().find(|suffix| name.ends_with(**suffix)) {
        Some(suffix) => Err(io::Error::other(format!("archives called *{suffix} are not unpacked here"))),
        None => Ok(()),
    }
}

/// Nothing is written outside of the sandbox: such entries are passed over.
fn unpack_tar(archive: impl Read, sandbox: &Path) -> io::Result<()> {
    let mut limited = archive.take(MAX_UNPACKED);
    tar::Archive::new(&mut limited).unpack(sandbox)?;
    if limited.limit() == 0 {
        return Err(io::Error::other(format!("the archive holds more than {MAX_UNPACKED} bytes")));
    }
    Ok(())
}
