//! CHANGELOG.md: in the form that keepachangelog.com describes, and of one mind with the manifest.

use std::collections::HashSet;

use super::{Finding, manifests};
use crate::tree::{File, Tree};

const PATH: &str = "CHANGELOG.md";
const UNRELEASED: &str = "Unreleased";
const GROUPS: &[&str] = &["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];

/// One `## [name]` section.
struct Section<'a> {
    line: usize,
    name: &'a str,
}

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.get(PATH) else {
        return vec![Finding::new(PATH, 1, "is missing", "write it")];
    };
    let Some(version) = manifests::version(tree) else {
        let fix = "state `version` in [workspace.package]";
        return vec![Finding::new("Cargo.toml", 1, "the workspace has no version", fix)];
    };
    let mut findings = Vec::new();
    let sections = sections(file, &mut findings);
    findings.extend(agrees(&sections, &version));
    findings
}

/// The sections; what has no form is a finding.
fn sections<'a>(file: &'a File, findings: &mut Vec<Finding>) -> Vec<Section<'a>> {
    let mut sections: Vec<Section<'a>> = Vec::new();
    for (line, text) in file.lines() {
        if let Some(heading) = text.strip_prefix("## ") {
            let name = heading.strip_prefix('[').and_then(|rest| rest.split_once(']'));
            match name.filter(|(name, _)| *name == UNRELEASED || number(name).is_some()) {
                Some((name, _)) => sections.push(Section { line, name }),
                None => {
                    let fault = format!("`{heading}` is no version");
                    let fix = "write `## [Unreleased]` or `## [1.2.3] - 2026-01-31`";
                    findings.push(Finding::new(PATH, line, fault, fix));
                }
            }
        }
        if let Some(group) = text.strip_prefix("### ").filter(|group| !GROUPS.contains(group)) {
            let fix = format!("one of {}", GROUPS.join(", "));
            findings.push(Finding::new(PATH, line, format!("`{group}` is no kind of change"), fix));
        }
    }
    sections
}

/// Major, minor, patch.
fn number(version: &str) -> Option<[u64; 3]> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    let number = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(number)
}

fn agrees(sections: &[Section<'_>], version: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = HashSet::new();
    for section in sections.iter().filter(|section| !seen.insert(section.name)) {
        let fault = format!("`{}` stands here twice", section.name);
        findings.push(Finding::new(PATH, section.line, fault, "merge the two sections"));
    }
    for pair in sections.windows(2) {
        let [upper, lower] = pair else { continue };
        let ordered = upper.name == UNRELEASED || number(upper.name) >= number(lower.name);
        if lower.name == UNRELEASED || !ordered {
            let fault = format!("`{}` stands below `{}`", lower.name, upper.name);
            findings.push(Finding::new(PATH, lower.line, fault, "the newest comes first"));
        }
    }
    if !seen.contains(UNRELEASED) && !seen.contains(version) {
        let fault = format!("says nothing about version {version} of Cargo.toml");
        let fix = format!("add `## [{UNRELEASED}]` or `## [{version}]`");
        findings.push(Finding::new(PATH, 1, fault, fix));
    }
    for section in sections.iter().filter(|section| number(section.name) > number(version)) {
        let fault = format!("{} is newer than version {version} of Cargo.toml", section.name);
        findings.push(Finding::new(PATH, section.line, fault, "let the two agree"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(changelog: &str) -> Vec<String> {
        let manifest = "[workspace.package]\nversion = \"0.2.0\"\n";
        let tree = Tree::of(&[("Cargo.toml", manifest), (PATH, changelog)]);
        check(&tree)
            .into_iter()
            .map(|finding| format!("{}: {}", finding.place, finding.fault))
            .collect()
    }

    #[test]
    fn a_good_changelog_passes() {
        assert_eq!(found("# Changelog\n## [Unreleased]\n### Added\n- A.\n## [0.1.0]\n"), [""; 0]);
        assert_eq!(found("# Changelog\n## [0.2.0] - 2026-01-31\n## [0.1.0]\n"), [""; 0]);
    }

    #[test]
    fn a_version_that_the_changelog_does_not_know_is_found() {
        let fault = "CHANGELOG.md:1: says nothing about version 0.2.0 of Cargo.toml";
        assert_eq!(found("# Changelog\n## [0.1.0]\n"), [fault]);
    }

    #[test]
    fn a_changelog_ahead_of_the_manifest_is_found() {
        let fault = "CHANGELOG.md:2: 0.10.0 is newer than version 0.2.0 of Cargo.toml";
        assert_eq!(found("## [Unreleased]\n## [0.10.0]\n"), [fault]);
    }

    #[test]
    fn sections_out_of_order_or_doubled_are_found() {
        let order = "CHANGELOG.md:2: `0.2.0` stands below `0.1.0`";
        assert_eq!(found("## [0.1.0]\n## [0.2.0]\n"), [order]);
        let twice = "CHANGELOG.md:2: `0.2.0` stands here twice";
        assert_eq!(found("## [0.2.0]\n## [0.2.0]\n"), [twice]);
        let below = "CHANGELOG.md:2: `Unreleased` stands below `0.2.0`";
        assert_eq!(found("## [0.2.0]\n## [Unreleased]\n"), [below]);
    }

    #[test]
    fn headings_without_form_are_found() {
        let found = found("## [Unreleased]\n## 0.2\n### Improved\n");
        let faults = [
            "CHANGELOG.md:2: `0.2` is no version",
            "CHANGELOG.md:3: `Improved` is no kind of change",
        ];
        assert_eq!(found, faults);
    }
}
