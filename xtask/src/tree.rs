//! The files of the repository, read once.

use std::path::Path;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::source::RustSource;

/// Every text file that is, or is about to be, under version control.
pub(crate) struct Tree {
    files: Vec<File>,
}

/// One text file.
pub(crate) struct File {
    /// From the root of the repository, with `/` between the parts.
    pub(crate) path: String,
    pub(crate) text: String,
    /// For files that end in `.rs`.
    pub(crate) rust: Option<RustSource>,
}

impl Tree {
    /// Asks git which files count: tracked ones, and new ones that no ignore file names. In an
    /// unpacked archive there is no git, and every file counts.
    pub(crate) fn load(sh: &Shell) -> anyhow::Result<Tree> {
        let root = sh.current_dir();
        let mut paths = Vec::new();
        if is_git_checkout(sh) {
            // A checkout mounted into a container often belongs to another user; git only reads.
            let list = cmd!(
                sh,
                "git -c safe.directory=* ls-files -z --cached --others --exclude-standard"
            );
            let list = list.quiet().read().context("git cannot list the files")?;
            paths.extend(list.split('\0').map(str::to_owned));
        } else {
            walk(&root, "", &mut paths)?;
        }
        let mut files: Vec<File> =
            paths.iter().filter_map(|path| File::read(&root, path)).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Tree { files })
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    pub(crate) fn rust(&self) -> impl Iterator<Item = (&File, &RustSource)> {
        self.files.iter().filter_map(|file| Some((file, file.rust.as_ref()?)))
    }

    pub(crate) fn get(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// A tree that exists in memory only.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        let files = files.iter().map(|(path, text)| File::new((*path).into(), (*text).into()));
        Tree { files: files.collect() }
    }
}

pub(crate) fn is_git_checkout(sh: &Shell) -> bool {
    sh.path_exists(".git")
}

/// The files below `folder`, but for what cargo builds.
fn walk(root: &Path, folder: &str, paths: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if !entry.file_type()?.is_dir() {
            paths.push(path);
        } else if name != "target" {
            walk(root, &path, paths)?;
        }
    }
    Ok(())
}

impl File {
    /// `None` for what is not text or was deleted but not yet committed.
    fn read(root: &Path, path: &str) -> Option<File> {
        let text = std::fs::read_to_string(root.join(path)).ok()?;
        Some(File::new(path.to_owned(), text))
    }

    fn new(path: String, text: String) -> File {
        let rust = path.ends_with(".rs").then(|| RustSource::new(&path, &text));
        File { path, text, rust }
    }

    /// The lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        numbered(&self.text)
    }
}

pub(crate) fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_git_every_file_counts_but_what_cargo_builds() {
        let sh = Shell::new().unwrap();
        let folder = sh.create_temp_dir().unwrap();
        sh.change_dir(folder.path());
        for path in ["a/src/lib.rs", "b.md", "target/debug/c.rs", "a/target/d.rs"] {
            sh.write_file(path, "text").unwrap();
        }
        sh.write_file("image.png", [0xff, 0xfe]).unwrap();
        let tree = Tree::load(&sh).unwrap();
        let paths: Vec<&str> = tree.files().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["a/src/lib.rs", "b.md"]);
        assert!(tree.get("a/src/lib.rs").unwrap().rust.is_some());
    }
}
