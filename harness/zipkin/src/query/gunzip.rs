//! Unpacks gzip as Java's `GZIPInputStream` does, with its texts for what is broken.

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// What a body may unpack to; the original has no limit.
const MAX_UNPACKED: usize = 64 << 20;

/// What Java says at an end that comes too early outside the packed bytes.
const NO_TEXT: &str = "null";

/// The bytes that were packed, one member after the other. What follows the last member is ignored.
pub(super) fn gunzip(packed: &[u8]) -> Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    let mut rest = packed;
    loop {
        let body = match skip_header(rest) {
            Ok(body) => body,
            Err(why) if rest.len() == packed.len() => return Err(why),
            Err(_) => return Ok(unpacked),
        };
        rest = member(body, &mut unpacked)?;
        if rest.is_empty() {
            return Ok(unpacked);
        }
    }
}

fn skip_header(bytes: &[u8]) -> Result<&[u8], String> {
    let cut = || NO_TEXT.to_owned();
    let magic = bytes.get(..2).ok_or_else(cut)?;
    if magic != [0x1f, 0x8b] {
        return Err("Not in GZIP format".to_owned());
    }
    if *bytes.get(2).ok_or_else(cut)? != 8 {
        return Err("Unsupported compression method".to_owned());
    }
    let flags = *bytes.get(3).ok_or_else(cut)?;
    let mut rest = bytes.get(10..).ok_or_else(cut)?;
    if flags & 4 != 0 {
        let length = rest.get(..2).ok_or_else(cut)?;
        let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
        rest = rest.get(2 + length..).ok_or_else(cut)?;
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = rest.iter().position(|&byte| byte == 0).ok_or_else(cut)?;
            rest = &rest[end + 1..];
        }
    }
    if flags & 2 != 0 {
        rest = rest.get(2..).ok_or_else(cut)?;
    }
    Ok(rest)
}

/// Unpacks one member; returns what follows it.
fn member<'a>(body: &'a [u8], unpacked: &mut Vec<u8>) -> Result<&'a [u8], String> {
    let mut inflater = Decompress::new(false);
    let mut sum = Crc::new();
    let mut buffer = [0; 8192];
    loop {
        let (read, written) = (inflater.total_in(), inflater.total_out());
        let rest = body.get(read as usize..).unwrap_or_default();
        let status = inflater.decompress(rest, &mut buffer, FlushDecompress::None);
        let status = status.map_err(|_| "invalid stored block lengths".to_owned())?;
        let count = (inflater.total_out() - written) as usize;
        sum.update(&buffer[..count]);
        unpacked.extend(&buffer[..count]);
        if unpacked.len() > MAX_UNPACKED {
            return Err("too large".to_owned());
        }
        if status == Status::StreamEnd {
            break;
        }
        if count == 0 && inflater.total_in() == read {
            return Err("Unexpected end of ZLIB input stream".to_owned());
        }
    }
    let rest = body.get(inflater.total_in() as usize..).unwrap_or_default();
    let (trailer, rest) = rest.split_at_checked(8).ok_or(NO_TEXT)?;
    let expected = [sum.sum().to_le_bytes(), (inflater.total_out() as u32).to_le_bytes()].concat();
    if trailer == expected { Ok(rest) } else { Err("Corrupt GZIP trailer".to_owned()) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn unpacks_and_says_what_is_broken() {
        let packed = gzip(b"[]");
        assert_eq!(gunzip(&packed).unwrap(), b"[]");
        assert_eq!(gunzip(&[packed.clone(), packed.clone(), b"x".to_vec()].concat()).unwrap(), b"[][]");
        let long = vec![7; 100_000];
        assert_eq!(gunzip(&gzip(&long)).unwrap(), long);
        let why = |bytes: &[u8]| gunzip(bytes).unwrap_err();
        assert_eq!(why(b"[]"), "Not in GZIP format");
        assert_eq!(why(&packed[..5]), "null");
        assert_eq!(why(&packed[..12]), "Unexpected end of ZLIB input stream");
        assert_eq!(why(&packed[..packed.len() - 1]), "null");
        let mut wrong = packed;
        let at = wrong.len() - 6;
        wrong[at] ^= 1;
        assert_eq!(why(&wrong), "Corrupt GZIP trailer");
    }
}
