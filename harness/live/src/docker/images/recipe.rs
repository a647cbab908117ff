//! A recipe: a folder with a Dockerfile and what goes with it, and the hash of all that.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sha1::{Digest, Sha1};

use super::ImageError;

/// Changes when images are built in another way from the same files.
const WAY: &str = "1";
/// Largest file of a recipe.
const MAX_FILE: u64 = 1 << 20;

/// The files of a recipe.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    files: BTreeMap<String, Vec<u8>>,
    hash: String,
}

impl Recipe {
    /// Reads a folder. `under` is the hash of what it is built on, or empty.
    pub(super) fn read(folder: &Path, under: &str) -> Result<Self, ImageError> {
        let mut files = BTreeMap::new();
        let failed = |path: &Path, why: String| ImageError::Recipe { path: path.display().to_string(), why };
        for entry in fs::read_dir(folder).map_err(|why| failed(folder, why.to_string()))? {
            let entry = entry.map_err(|why| failed(folder, why.to_string()))?;
            let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
            let about = entry.metadata().map_err(|why| failed(&path, why.to_string()))?;
            // An editor's own, or left by somebody who tried it by hand.
            if name.starts_with('.') || !about.is_file() {
                continue;
            }
            if about.len() > MAX_FILE {
                return Err(failed(&path, format!("more than {MAX_FILE} bytes")));
            }
            files.insert(name, fs::read(&path).map_err(|why| failed(&path, why.to_string()))?);
        }
        let hash = hash(&files, under);
        Ok(Self { files, hash })
    }

    /// The hash of its files and of what it is built on, in hexadecimal.
    pub(super) fn hash(&self) -> &str {
        &self.hash
    }

    /// Where the engine keeps the image of this name.
    pub(super) fn reference(&self, name: &str) -> String {
        let short: String = self.hash.chars().take(12).collect();
        format!("stacklab/{name}:{short}")
    }

    /// Its files by name.
    pub(super) fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// Whether it has a file.
    #[cfg(test)]
    pub(super) fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// The lines of a file, without empty ones.
    pub(super) fn lines(&self, name: &str) -> Vec<String> {
        let text =
            self.files.get(name).map_or(String::new(), |text| String::from_utf8_lossy(text).into_owned());
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }
}

/// Names and contents with their lengths, so that no two recipes read the same.
fn hash(files: &BTreeMap<String, Vec<u8>>, under: &str) -> String {
    let mut sum = Sha1::new();
    let mut add = |part: &[u8]| {
        sum.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        sum.update(part);
    };
    add(WAY.as_bytes());
    add(under.as_bytes());
    for (name, content) in files {
        add(name.as_bytes());
        add(content);
    }
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)], under: &str) -> String {
        hash(&files.iter().map(|(n, c)| ((*n).to_owned(), c.as_bytes().to_vec())).collect(), under)
    }

    #[test]
    fn the_hash_is_of_all_that_matters() {
        let one = of(&[("Dockerfile", "FROM a"), ("pom.xml", "b")], "");
        assert_eq!(
            one,
            of(&[("pom.xml", "b"), ("Dockerfile", "FROM a")], ""),
            "the order of a folder is no matter"
        );
        assert_eq!(one.len(), 40);
        for other in [
            of(&[("Dockerfile", "FROM a"), ("pom.xml", "c")], ""),
            of(&[("Dockerfile", "FROM a"), ("pom", "b")], ""),
            of(&[("Dockerfile", "FROM apom.xmlb")], ""),
            of(&[("Dockerfile", "FROM a"), ("pom.xml", "b")], "base"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_reference_has_twelve_digits() {
        let recipe = Recipe { files: BTreeMap::new(), hash: of(&[], "") };
        let reference = recipe.reference("kafka");
        assert!(reference.starts_with("stacklab/kafka:") && reference.len() == "stacklab/kafka:".len() + 12);
    }
}
