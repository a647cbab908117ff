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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// An archive of one entry whose name nobody checks.
    fn archive(name: &str, kind: tar::EntryType, link: &str) -> Vec<u8> {
        let content: &[u8] = if kind == tar::EntryType::Regular { b"content" } else { b"" };
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        let gnu = header.as_gnu_mut().unwrap();
        gnu.name[..name.len()].copy_from_slice(name.as_bytes());
        gnu.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }

    #[test]
    fn nothing_leaves_the_sandbox() {
        let folder = std::env::temp_dir().join(format!("stacklab-archive-{}", std::process::id()));
        let sandbox = folder.join("sandbox");
        fs::create_dir_all(&sandbox).unwrap();
        let regular = tar::EntryType::Regular;
        let outside = [
            archive("../evil", regular, ""),
            archive("a/../../evil", regular, ""),
            [archive("out", tar::EntryType::Symlink, ".."), archive("out/evil", regular, "")].concat(),
        ];
        for (at, bytes) in outside.into_iter().enumerate() {
            let name = format!("{at}.tar");
            fs::write(sandbox.join(&name), [bytes, vec![0; 1024]].concat()).unwrap();
            // Passed over or refused: either will do.
            let _ = unpack(&sandbox, &name);
            assert!(!folder.join("evil").exists(), "{name}");
        }
        fs::write(sandbox.join("good.tar"), [archive("/good", regular, ""), vec![0; 1024]].concat()).unwrap();
        unpack(&sandbox, "good.tar").unwrap();
        assert_eq!(fs::read(sandbox.join("good")).unwrap(), b"content");
        fs::write(sandbox.join("bad.tgz"), b"no archive").unwrap();
        assert!(unpack(&sandbox, "bad.tgz").is_err());
        assert!(unpack(&sandbox, "x.zip").unwrap_err().to_string().contains("not unpacked here"));
        unpack(&sandbox, "plain.txt").unwrap();
        fs::remove_dir_all(&folder).unwrap();
    }
}
