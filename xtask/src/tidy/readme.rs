//! What the Markdown files promise: the commands exist, and the README's programs compile.

use super::Finding;
use crate::metadata::Metadata;
use crate::tree::{File, Tree, numbered};

/// All that a newcomer has to type.
const COMMANDS: &[&str] = &["cargo run -p quickstart-axum", "cargo xtask test-all"];

/// The crate whose doc tests compile the README: it sees every crate that the README uses.
const COMPILED_BY: &str = "jam-axum/src/lib.rs";
const ATTRIBUTE: &str = "#[cfg(doctest)]";
const INCLUDE: &str = "#[doc = include_str!(\"../../README.md\")]";

const CHORES: &[&str] = &["test-all", "tidy", "properties", "bench", "--help"];

pub(crate) fn check(tree: &Tree, metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files().filter(|file| file.path.ends_with(".md")) {
        findings.extend(commands_exist(file, metadata));
    }
    match tree.get("README.md") {
        Some(readme) => findings.extend(readme_keeps_its_word(readme)),
        None => findings.push(Finding::new("README.md", 1, "is missing", "write it")),
    }
    findings.extend(readme_is_compiled(tree));
    findings
}

/// A fenced block of a Markdown file: the line of its fence, its tags, its lines.
struct Block<'a> {
    line: usize,
    tags: &'a str,
    lines: Vec<(usize, &'a str)>,
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for (line, content) in numbered(text) {
        let fence = content.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (None, Some(tags)) => open = Some(Block { line, tags: tags.trim(), lines: Vec::new() }),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.lines.push((line, content)),
            (None, None) => {}
        }
    }
    blocks
}

impl Block<'_> {
    fn is_shell(&self) -> bool {
        matches!(self.tags, "sh" | "bash" | "shell" | "console")
    }

    fn commands(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines.iter().map(|(at, line)| (*at, line.trim().trim_start_matches("$ ")))
    }
}

fn readme_keeps_its_word(readme: &File) -> Vec<Finding> {
    let blocks = blocks(&readme.text);
    let mut findings = Vec::new();
    for command in COMMANDS {
        let shell = blocks.iter().filter(|block| block.is_shell());
        let shown = shell.flat_map(Block::commands).any(|(_, line)| line.starts_with(command));
        if !shown {
            let fault = format!("no shell block shows `{command}`");
            let fix = "two commands do all set-up on a fresh machine: show both in ```sh blocks";
            findings.push(Finding::new(&readme.path, 1, fault, fix));
        }
    }
    for block in &blocks {
        let is_rust = block.tags.split(',').any(|tag| tag.trim() == "rust");
        if is_rust && block.tags.split(',').any(|tag| tag.trim() == "ignore") {
            let fix = "let it compile (`no_run` for a server that would not end)";
            findings.push(Finding::new(&readme.path, block.line, "a program is ignored", fix));
        }
    }
    findings
}

/// Every package and chore that a shell block names is there.
fn commands_exist(file: &File, metadata: &Metadata) -> Vec<Finding> {
    let blocks = blocks(&file.text);
    let shell = blocks.iter().filter(|block| block.is_shell());
    let mut findings = Vec::new();
    for (at, command) in shell.flat_map(Block::commands) {
        let words: Vec<&str> = command.split_whitespace().collect();
        let after = |flags: &[&str]| {
            let pair =
                words.windows(2).find(|pair| pair.first().is_some_and(|w| flags.contains(w)));
            pair.and_then(|pair| pair.last()).copied()
        };
        let cargo = words.first() == Some(&"cargo");
        let package = after(&["-p", "--package"]).filter(|_| cargo);
        if let Some(package) = package.filter(|package| metadata.member(package).is_none()) {
            let fault = format!("`{command}` names a package that does not exist: `{package}`");
            findings.push(Finding::new(&file.path, at, fault, "name a member of the workspace"));
        }
        let chore = after(&["xtask"]).filter(|_| cargo);
        if let Some(chore) = chore.filter(|chore| !CHORES.contains(chore)) {
            let fault = format!("`{command}` names a chore that does not exist: `{chore}`");
            findings.push(Finding::new(&file.path, at, fault, "see `cargo xtask --help`"));
        }
    }
    findings
}

/// The README's programs are doc tests of one crate, through an item that exists only for them.
fn readme_is_compiled(tree: &Tree) -> Option<Finding> {
    let rust = tree.get(COMPILED_BY).and_then(|file| file.rust.as_ref());
    let lines: Vec<&str> =
        rust.iter().flat_map(|r| &r.lines).map(|l| l.uncommented.trim()).collect();
    let includes = lines.windows(2).any(|pair| pair == [ATTRIBUTE, INCLUDE]);
    let fault = "does not compile the README's programs";
    let fix = format!("add `{ATTRIBUTE}`, on the next line `{INCLUDE}`, and an item below them");
    (!includes).then(|| Finding::new(COMPILED_BY, 1, fault, fix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::synthetic::workspace;

    const README: &str = "# Jam\n```sh\n$ cargo run -p quickstart-axum\n```\n```sh\n\
                          cargo xtask test-all\n```\n```rust\nfn main() {}\n```\n";
    const LIB: &str = "//! Docs.\n#[cfg(doctest)]\n\
                       #[doc = include_str!(\"../../README.md\")]\nstruct Readme;\n";

    fn faults(readme: &str, lib: &str) -> Vec<String> {
        let tree = Tree::of(&[("README.md", readme), (COMPILED_BY, lib)]);
        let metadata = workspace(&[("quickstart-axum", "examples/quickstart-axum")], &[]);
        check(&tree, &metadata).into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn a_good_readme_passes() {
        assert_eq!(faults(README, LIB), [""; 0]);
    }

    #[test]
    fn a_readme_without_one_of_the_two_commands_is_found() {
        let found = faults(&README.replace("xtask test-all", "test"), LIB);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("no shell block shows `cargo xtask test-all`"), "{found:?}");
    }

    #[test]
    fn a_command_with_an_unknown_package_or_chore_is_found_on_its_line() {
        let text = format!("{README}```sh\ncargo run -p quickstart-flask\ncargo xtask fly\n```\n");
        let found = faults(&text, LIB);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("README.md:12: `cargo run -p quickstart-flask`"), "{found:?}");
        assert!(found[1].starts_with("README.md:13: `cargo xtask fly`"), "{found:?}");
    }

    #[test]
    fn a_readme_that_no_crate_compiles_is_found() {
        let found = faults(README, "//! #[cfg(doctest)]\nstruct Readme;");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(COMPILED_BY), "{found:?}");
        let unguarded = LIB.replace("#[cfg(doctest)]\n", "");
        assert_eq!(faults(README, &unguarded).len(), 1);
    }

    #[test]
    fn an_ignored_program_in_the_readme_is_found() {
        let found = faults(&README.replace("```rust", "```rust,ignore"), LIB);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("README.md:8: "), "{found:?}");
    }
}
