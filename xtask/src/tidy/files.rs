//! What holds for files as such: their length, and the places they must not name.

use super::Finding;
use crate::source::allows;
use crate::tree::{File, Tree};

/// The style asks for about 400.
const MAX_LINES: usize = 500;

/// Where somebody's checkout lies, and who hosts packages: true today on one machine only.
const PLACES: &[&str] = &[
    "/work/",    // tidy-allow: the rule's own words
    "/root/",    // tidy-allow: the rule's own words
    "/home/",    // tidy-allow: the rule's own words
    "/Users/",   // tidy-allow: the rule's own words
    "/tmp/jam",  // tidy-allow: the rule's own words
    "crates.io", // tidy-allow: the rule's own words
];

/// The only registry, as cargo writes it into the lock file.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index"; // tidy-allow: cargo's

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files() {
        findings.extend(length(file));
        findings.extend(doc_tests(file));
        match file.path.as_str() {
            "Cargo.lock" | "benches/Cargo.lock" => findings.extend(registries(file)),
            _ => findings.extend(places(file)),
        }
    }
    findings
}

fn length(file: &File) -> Option<Finding> {
    let in_src = file.path.starts_with("src/") || file.path.contains("/src/");
    let lines = file.text.lines().count();
    let long = in_src && file.rust.is_some() && lines > MAX_LINES;
    let fault = format!("{lines} lines, more than {MAX_LINES}");
    let fix = "split it by nouns: a file holds one screenful of ideas";
    long.then(|| Finding::new(&file.path, lines, fault, fix))
}

/// A program in the docs that nobody compiles goes stale.
fn doc_tests(file: &File) -> Vec<Finding> {
    let stale = |line: &str| {
        let docs = line.trim_start();
        let fence = ["///", "//!"].iter().find_map(|mark| docs.strip_prefix(mark));
        fence
            .and_then(|text| text.trim_start().strip_prefix("```"))
            .is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == "ignore"))
    };
    let fix = "let it compile (`no_run` if it must not run), or mark it `text`";
    let found = file.lines().filter(|(_, line)| file.rust.is_some() && stale(line));
    found.map(|(at, _)| Finding::new(&file.path, at, "an ignored doc test", fix)).collect()
}

fn places(file: &File) -> Vec<Finding> {
    let named = |line: &str| PLACES.iter().find(|place| line.contains(**place));
    let found = file.lines().filter(|(_, line)| !allows(line));
    found
        .filter_map(|(at, line)| Some((at, named(line)?)))
        .map(|(at, place)| {
            let fault = format!("names `{place}`, a place outside the project");
            Finding::new(&file.path, at, fault, "say it from the root of the repository")
        })
        .collect()
}

fn registries(file: &File) -> Vec<Finding> {
    let source =
        |line: &str| Some(line.strip_prefix("source = \"")?.trim_end_matches('"') != REGISTRY);
    let found = file.lines().filter(|(_, line)| source(line) == Some(true));
    let fix = "depend on a published version; remove the mirror and run `cargo update` again";
    found.map(|(at, line)| Finding::new(&file.path, at, format!("foreign {line}"), fix)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places_of(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn a_source_file_past_the_limit_is_found() {
        let text = "\n".repeat(MAX_LINES);
        assert_eq!(places_of("jam-core/src/key.rs", &text), [""; 0]);
        let text = "\n".repeat(MAX_LINES + 1);
        assert_eq!(places_of("jam-core/src/key.rs", &text), ["jam-core/src/key.rs:501"]);
        assert_eq!(places_of("jam-core/tests/vectors.rs", &text), [""; 0], "no source file");
    }

    #[test]
    fn a_machine_path_or_a_registry_host_is_found() {
        for place in PLACES {
            let text = format!("fine\nsee {place}x");
            assert_eq!(places_of("README.md", &text), ["README.md:2"]);
            let text = format!("see {place}x // tidy-allow: an example of a path");
            assert_eq!(places_of("README.md", &text), [""; 0]);
        }
    }

    #[test]
    fn a_foreign_registry_in_the_lock_file_is_found() {
        let own = format!("source = \"{REGISTRY}\"");
        assert_eq!(places_of("Cargo.lock", &own), [""; 0]);
        let git = "version = 4\nsource = \"git+https://example.invalid/x\"";
        assert_eq!(places_of("Cargo.lock", git), ["Cargo.lock:2"]);
    }

    #[test]
    fn an_ignored_doc_test_is_found() {
        assert_eq!(
            places_of("jam-core/src/lib.rs", "//! ```rust,ignore"),
            ["jam-core/src/lib.rs:1"]
        );
        assert_eq!(
            places_of("jam-core/src/lib.rs", "    /// ```ignore"),
            ["jam-core/src/lib.rs:1"]
        );
        assert_eq!(places_of("jam-core/src/lib.rs", "//! ```no_run"), [""; 0]);
    }
}
