//! What the manifests must say: one version, one place for dependencies, a reason for each.

use toml::{Table, Value};

use super::Finding;
use crate::metadata::{Metadata, Package};
use crate::tree::{File, Tree};

const ROOT: &str = "Cargo.toml";

/// What every member takes from the workspace.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license"];

pub(crate) fn check(tree: &Tree, metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some((root, table)) = parsed(tree, ROOT) else {
        return vec![Finding::new(ROOT, 1, "is missing or no TOML", "restore it")];
    };
    findings.extend(reasons(root));
    findings.extend(own_versions(root, &table));
    for member in metadata.members() {
        let path = metadata.manifest(member);
        findings.extend(says_what_it_is(path, member));
        match parsed(tree, path) {
            Some((file, table)) => findings.extend(inherits(file, &table)),
            None => findings.push(Finding::new(path, 1, "is not tracked by git", "`git add` it")),
        }
    }
    findings
}

/// The version that all members share.
pub(super) fn version(tree: &Tree) -> Option<String> {
    let (_, table) = parsed(tree, ROOT)?;
    let version = table.get("workspace")?.get("package")?.get("version")?;
    Some(version.as_str()?.to_owned())
}

fn parsed<'a>(tree: &'a Tree, path: &str) -> Option<(&'a File, Table)> {
    let file = tree.get(path)?;
    Some((file, file.text.parse().ok()?))
}

/// The line that starts with this key, for the reader's convenience; the first when there is none.
fn line_of(file: &File, key: &str) -> usize {
    let starts = |line: &str| {
        line.strip_prefix(key).is_some_and(|rest| rest.starts_with([' ', '=', '.', ']']))
    };
    file.lines().find(|(_, line)| starts(line.trim_start_matches('['))).map_or(1, |(at, _)| at)
}

/// Each foreign dependency is chosen for a reason, which stands behind it.
fn reasons(root: &File) -> Vec<Finding> {
    let mut section = "";
    let mut findings = Vec::new();
    for (at, line) in root.lines() {
        if line.starts_with('[') {
            section = line;
        }
        let entry = line.starts_with(|c: char| c.is_ascii_alphanumeric());
        let ours = line.contains("path = \"");
        let reason = line.rsplit_once('#').is_some_and(|(_, text)| !text.trim().is_empty());
        if section == "[workspace.dependencies]" && entry && !ours && !reason {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            let fault = format!("`{name}` has no reason");
            findings.push(Finding::new(ROOT, at, fault, "say why it, in a comment on its line"));
        }
    }
    findings
}

/// What the workspace says about its own crates agrees with their version.
fn own_versions(root: &File, table: &Table) -> Vec<Finding> {
    let workspace = table.get("workspace");
    let version = workspace.and_then(|w| w.get("package")?.get("version"));
    let dependencies = workspace.and_then(|w| w.get("dependencies")?.as_table());
    let mut findings = Vec::new();
    for (name, entry) in dependencies.into_iter().flatten() {
        let said = entry.get("version").filter(|_| entry.get("path").is_some());
        if said.is_some_and(|said| Some(said) != version) {
            let fault = format!("`{name}` is asked for in another version than the workspace's");
            let fix = "write the version of [workspace.package]";
            findings.push(Finding::new(ROOT, line_of(root, name), fault, fix));
        }
    }
    findings
}

fn says_what_it_is(path: &str, member: &Package) -> Vec<Finding> {
    let said = [
        ("description", &member.description),
        ("license", &member.license),
        ("rust-version", &member.rust_version),
    ];
    said.into_iter()
        .filter(|(_, value)| value.as_ref().is_none_or(|text| text.trim().is_empty()))
        .map(|(key, _)| Finding::new(path, 1, format!("has no `{key}`"), "state it"))
        .collect()
}

/// Version, edition, lints and dependencies come from the workspace.
fn inherits(file: &File, table: &Table) -> Vec<Finding> {
    let from_workspace = |value: Option<&Value>| {
        value.and_then(|v| v.get("workspace")) == Some(&Value::Boolean(true))
    };
    let mut findings = Vec::new();
    for key in INHERITED {
        if !from_workspace(table.get("package").and_then(|package| package.get(key))) {
            let fault = format!("`{key}` is not the workspace's");
            let fix = format!("write `{key}.workspace = true`");
            findings.push(Finding::new(&file.path, line_of(file, key), fault, fix));
        }
    }
    if !from_workspace(table.get("lints")) {
        let fix = "write `[lints]` and below it `workspace = true`";
        findings.push(Finding::new(&file.path, 1, "does not take the workspace's lints", fix));
    }
    for name in
        dependencies(table).filter(|(_, entry)| !from_workspace(Some(entry))).map(|(n, _)| n)
    {
        let fault = format!("`{name}` is not the workspace's");
        let fix =
            format!("name it, with a reason, in the root manifest; here `{name}.workspace = true`");
        findings.push(Finding::new(&file.path, line_of(file, name), fault, fix));
    }
    findings
}

/// The dependencies of every kind and for every target.
fn dependencies(table: &Table) -> impl Iterator<Item = (&String, &Value)> {
    const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let targets = table.get("target").and_then(Value::as_table).into_iter().flatten();
    let targets = targets.filter_map(|(_, target)| target.as_table());
    std::iter::once(table)
        .chain(targets)
        .flat_map(|table| KINDS.iter().filter_map(|kind| table.get(*kind)?.as_table()).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::synthetic::workspace;

    const GOOD_ROOT: &str = "[workspace.package]\nversion = \"0.1.0\"\n[workspace.dependencies]\n\
                             jam-core = { path = \"jam-core\", version = \"0.1.0\" }\n\
                             serde = \"1\" # every payload\n";
    const GOOD_MEMBER: &str = "[package]\nname = \"jam-core\"\nversion.workspace = true\n\
                               edition.workspace = true\nrust-version.workspace = true\n\
                               license.workspace = true\n[dependencies]\nserde.workspace = true\n\
                               [lints]\nworkspace = true\n";

    fn found(root: &str, member: &str) -> Vec<String> {
        let tree = Tree::of(&[(ROOT, root), ("jam-core/Cargo.toml", member)]);
        let metadata = workspace(&[("jam-core", "jam-core")], &[]);
        check(&tree, &metadata)
            .into_iter()
            .map(|finding| format!("{}: {}", finding.place, finding.fault))
            .collect()
    }

    #[test]
    fn good_manifests_pass() {
        assert_eq!(found(GOOD_ROOT, GOOD_MEMBER), [""; 0]);
    }

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        let root = GOOD_ROOT.replace(" # every payload", "");
        assert_eq!(found(&root, GOOD_MEMBER), ["Cargo.toml:5: `serde` has no reason"]);
    }

    #[test]
    fn a_crate_asked_for_in_another_version_is_found() {
        let root = GOOD_ROOT.replace("\", version = \"0.1.0", "\", version = \"0.2.0");
        let fault = "`jam-core` is asked for in another version than the workspace's";
        assert_eq!(found(&root, GOOD_MEMBER), [format!("Cargo.toml:4: {fault}")]);
    }

    #[test]
    fn a_version_of_a_members_own_is_found() {
        let member = GOOD_MEMBER.replace("version.workspace = true\ned", "version = \"0.2.0\"\ned");
        let fault = "jam-core/Cargo.toml:3: `version` is not the workspace's";
        assert_eq!(found(GOOD_ROOT, &member), [fault]);
    }

    #[test]
    fn a_dependency_of_a_members_own_is_found_for_every_kind_and_target() {
        for section in ["dev-dependencies", "target.'cfg(unix)'.dependencies"] {
            let member = format!("{GOOD_MEMBER}[{section}]\nrand = \"1\"\n");
            let fault = "jam-core/Cargo.toml:12: `rand` is not the workspace's";
            assert_eq!(found(GOOD_ROOT, &member), [fault]);
        }
    }

    #[test]
    fn lints_of_a_members_own_are_found() {
        let member = GOOD_MEMBER.replace("[lints]\nworkspace = true", "");
        let fault = "jam-core/Cargo.toml:1: does not take the workspace's lints";
        assert_eq!(found(GOOD_ROOT, &member), [fault]);
    }

    #[test]
    fn a_member_without_a_description_is_found() {
        let package = serde_json::json!({
            "id": "a", "name": "a", "version": "0.1.0", "manifest_path": "a", "description": " ",
            "license": "MIT", "rust_version": null, "dependencies": [], "features": {},
        });
        let package: Package = serde_json::from_value(package).unwrap();
        let found = says_what_it_is("a/Cargo.toml", &package);
        let faults: Vec<&str> = found.iter().map(|finding| finding.fault.as_str()).collect();
        assert_eq!(faults, ["has no `description`", "has no `rust-version`"]);
    }
}
