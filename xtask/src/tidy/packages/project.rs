//! A user's project outside of the workspace.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use toml::{Table, Value};
use xshell::Shell;

use super::program;
use crate::metadata::{Metadata, Package};

/// A project that depends on one packaged crate, as if it came from the registry.
pub(super) struct Project {
    manifest: PathBuf,
    program: &'static str,
}

/// What all the projects have in common.
struct Surroundings<'a> {
    published: Vec<&'a Package>,
    profiles: String,
}

impl Project {
    /// Writes the project beside the unpacked packages in `folder`.
    pub(super) fn write(
        sh: &Shell,
        metadata: &Metadata,
        member: &Package,
        folder: &Path,
    ) -> anyhow::Result<Project> {
        let around = Surroundings {
            published: metadata.members().filter(|package| package.is_published()).collect(),
            profiles: profiles(&sh.read_file("Cargo.toml")?),
        };
        let home = folder.join(format!("hello-{}", member.name));
        let package = folder.join(unpacked(member));
        let lib = package.join("src/lib.rs");
        let manifest = home.join("Cargo.toml");
        // The versions that everybody here builds, hence nothing to ask the network for.
        sh.create_dir(&home)?;
        sh.copy_file("Cargo.lock", &home)?;
        if !sh.path_exists(&lib) {
            std::fs::rename(&package, home.join(unpacked(member)))?;
            sh.write_file(&manifest, around.workspace(metadata, member))?;
            return Ok(Project { manifest, program: "the program itself" });
        }
        let said = program::first(&sh.read_file(&lib)?);
        let (program, name) = match said {
            Some(program) => (program, "the program of the first page"),
            None => (bare(member), "an empty program"),
        };
        let packaged: Table = sh.read_file(package.join("Cargo.toml"))?.parse()?;
        sh.write_file(home.join("src/main.rs"), &program)?;
        sh.write_file(&manifest, around.manifest(metadata, member, &packaged, &program)?)?;
        Ok(Project { manifest, program: name })
    }

    pub(super) fn manifest(&self) -> &Path {
        &self.manifest
    }

    /// What its program is.
    pub(super) fn program(&self) -> &'static str {
        self.program
    }
}

impl Surroundings<'_> {
    /// A crate that is a program is its user's project itself; a workspace around it holds what
    /// must not be written into the package.
    fn workspace(&self, metadata: &Metadata, member: &Package) -> String {
        let members =
            format!("[workspace]\nresolver = \"3\"\nmembers = [\"{}\"]\n", unpacked(member));
        members + &self.patches(metadata, member, &[]) + &self.profiles
    }

    fn manifest(
        &self,
        metadata: &Metadata,
        member: &Package,
        packaged: &Table,
        program: &str,
    ) -> anyhow::Result<String> {
        let name = &member.name;
        let mut text = format!(
            "[package]\nname = \"hello-{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [workspace]\n\n[dependencies]\n{name} = \"{}\"\n",
            member.version
        );
        let used: Vec<(&String, &Value)> = dependencies(packaged)
            .into_iter()
            .filter(|(other, _)| *other != name && program::uses(program, other))
            .collect();
        for (other, entry) in &used {
            match self.published.iter().find(|package| package.name == **other) {
                Some(ours) => writeln!(text, "{other} = \"{}\"", ours.version)?,
                None => writeln!(text, "{other} = {}", as_asked_for(entry)?)?,
            }
        }
        let mut names: Vec<&str> = used.iter().map(|(other, _)| other.as_str()).collect();
        names.push(name);
        Ok(text + &self.patches(metadata, member, &names) + &self.profiles)
    }

    /// In place of the registry: what the crate links, and what is named.
    fn patches(&self, metadata: &Metadata, member: &Package, named: &[&str]) -> String {
        let linked = metadata.linked_into(member);
        let mut text = String::from("\n[patch.crates-io]\n");
        for package in &self.published {
            let name = package.name.as_str();
            if linked.contains_key(name) || named.contains(&name) {
                let _ = writeln!(text, "{name} = {{ path = \"../{}\" }}", unpacked(package));
            }
        }
        text
    }
}

fn unpacked(package: &Package) -> String {
    format!("{}-{}", package.name, package.version)
}

fn bare(member: &Package) -> String {
    format!("use {} as _;\n\nfn main() {{}}\n", member.name.replace('-', "_"))
}

/// What the packaged crate depends on, for itself and for its own examples and tests. The latter
/// come first: they ask for whatever the first page's program needs.
fn dependencies(packaged: &Table) -> Vec<(&String, &Value)> {
    let kinds = ["dev-dependencies", "dependencies"];
    let mut all: Vec<(&String, &Value)> = Vec::new();
    for table in kinds.into_iter().filter_map(|kind| packaged.get(kind)?.as_table()) {
        for (name, entry) in table {
            if all.iter().all(|(known, _)| *known != name) {
                all.push((name, entry));
            }
        }
    }
    all
}

fn as_asked_for(entry: &Value) -> anyhow::Result<String> {
    let version = entry.get("version").unwrap_or(entry).as_str().context("no version")?;
    let default = entry.get("default-features").and_then(Value::as_bool).unwrap_or(true);
    let features = entry.get("features").and_then(Value::as_array).cloned().unwrap_or_default();
    let features: Vec<&str> = features.iter().filter_map(Value::as_str).collect();
    // A list of strings looks the same in JSON and in TOML.
    let features = serde_json::to_string(&features)?;
    Ok(format!(
        "{{ version = \"{version}\", default-features = {default}, features = {features} }}"
    ))
}

/// The workspace's profiles: with the same ones, the same builds of the dependencies serve all.
fn profiles(root: &str) -> String {
    let mut text = String::from("\n");
    let mut inside = false;
    for line in root.lines() {
        if line.starts_with('[') {
            inside = line.starts_with("[profile.");
        }
        if inside {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::synthetic::workspace;

    const PACKAGED: &str = "[package]\nname = \"jam-axum\"\n[dependencies.jam-core]\n\
        version = \"0.1.0\"\ndefault-features = false\n[dependencies.http]\nversion = \"1.5\"\n\
        [dev-dependencies.axum]\nversion = \"0.8\"\nfeatures = [\"json\", \"ws\"]\n\
        default-features = false\n[dev-dependencies.trybuild]\nversion = \"1.0\"\n";

    fn manifest(program: &str) -> String {
        let members = [("jam-axum", "jam-axum"), ("jam-core", "jam-core"), ("jam-cli", "jam-cli")];
        let metadata = workspace(&members, &[("jam-axum", "jam-core", "normal")]);
        let around = Surroundings {
            published: metadata.members().collect(),
            profiles: profiles("[a]\nb = 1\n[profile.dev]\ndebug = false\n[c]\n"),
        };
        let member = metadata.member("jam-axum").unwrap();
        around.manifest(&metadata, member, &PACKAGED.parse().unwrap(), program).unwrap()
    }

    #[test]
    fn a_project_asks_for_what_its_program_names_and_no_more() {
        let text = manifest("use axum::Router; use jam_core::Jam; use jam_axum::JamLayer;");
        let table: Table = text.parse().unwrap();
        let asked: Vec<&String> = table["dependencies"].as_table().unwrap().keys().collect();
        assert_eq!(asked, ["axum", "jam-axum", "jam-core"], "{text}");
        assert_eq!(table["dependencies"]["axum"]["features"].as_array().unwrap().len(), 2);
        assert_eq!(
            table["dependencies"]["jam-core"].as_str(),
            Some("0.1.0"),
            "as a user writes it"
        );
    }

    #[test]
    fn our_crates_come_from_their_packages_and_only_those_that_are_linked() {
        let table: Table = manifest("").parse().unwrap();
        let patched: Vec<&String> =
            table["patch"]["crates-io"].as_table().unwrap().keys().collect();
        assert_eq!(patched, ["jam-axum", "jam-core"]);
        let path = table["patch"]["crates-io"]["jam-core"]["path"].as_str();
        assert_eq!(path, Some("../jam-core-0.1.0"));
    }

    #[test]
    fn the_profiles_are_the_workspaces() {
        let table: Table = manifest("").parse().unwrap();
        assert_eq!(table["profile"]["dev"]["debug"], Value::Boolean(false));
        assert!(!table.contains_key("c"));
    }
}
