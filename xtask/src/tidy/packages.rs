//! `cargo xtask tidy --packages`: what a user gets from a registry is enough for him.
//!
//! Each published crate is packaged and unpacked again; a project outside of the workspace, with
//! the program on the crate's first page, has to build against what was unpacked and nothing else,
//! and must not drag along a framework that it did not ask for.

mod program;
mod project;

use std::path::Path;

use anyhow::{Context as _, ensure};
use xshell::{Shell, cmd};

use self::project::Project;
use super::Finding;
use super::imports::NOT_IN_CORE;
use crate::metadata::{Metadata, Package};
use crate::tree::Tree;

const COMMAND: &str = "cargo xtask tidy --packages";

/// Where packages and projects lie, in the folder that cargo builds in.
const FOLDER: &str = "users";

/// The frameworks, each with the only published crate that may bring it along.
const FRAMEWORKS: &[(&str, &str)] = &[
    ("actix-web", "jam-actix"),
    ("actix-http", "jam-actix"),
    ("axum", "jam-axum"),
    ("axum-core", "jam-axum"),
    ("poem", "jam-poem"),
    ("warp", "jam-warp"),
];

/// Packages all published crates and builds a user's project against each.
pub(crate) fn run(sh: &Shell) -> anyhow::Result<()> {
    let (tree, metadata) = (Tree::load(sh)?, Metadata::load(sh)?);
    let published: Vec<&Package> = metadata.members().filter(|p| p.is_published()).collect();
    let folder = metadata.target_directory.join(FOLDER);
    package(sh, &metadata, &published, &folder)?;
    let missing = published.iter().flat_map(|member| missing(&tree, &metadata, member, &folder));
    super::conclude(&missing.collect::<Vec<_>>(), COMMAND)?;
    let mut findings = Vec::new();
    for member in &published {
        let project = Project::write(sh, &metadata, member, &folder)?;
        build(sh, &metadata, project.manifest())?;
        println!("packages: {} builds for a user of {}", project.program(), member.name);
        let user = Metadata::of(sh, project.manifest())?;
        findings.extend(brings_along(metadata.manifest(member), member, &user));
    }
    super::conclude(&findings, COMMAND)?;
    println!("packages: {} crates, each is enough for its users", published.len());
    Ok(())
}

/// All at once, since they depend on each other and no registry has this version.
fn package(
    sh: &Shell,
    metadata: &Metadata,
    published: &[&Package],
    folder: &Path,
) -> anyhow::Result<()> {
    let names = published.iter().flat_map(|package| ["--package", &package.name]);
    let target = &metadata.target_directory;
    cmd!(sh, "cargo package --quiet --no-verify --allow-dirty --offline --target-dir {target}")
        .args(names)
        .quiet()
        .run()
        .context("the crates cannot be packaged")?;
    sh.remove_path(folder)?;
    sh.create_dir(folder)?;
    for Package { name, version, .. } in published {
        let archive = target.join(format!("package/{name}-{version}.crate"));
        // With the present as the time of its files: cargo takes the archive's times, which are
        // always the same, for a proof that nothing has changed.
        cmd!(sh, "tar --extract --gzip --touch --file {archive} --directory {folder}")
            .quiet()
            .run()
            .with_context(|| format!("{} cannot be unpacked", archive.display()))?;
    }
    Ok(())
}

/// Every source file of the crate is in its package.
fn missing(tree: &Tree, metadata: &Metadata, member: &Package, folder: &Path) -> Vec<Finding> {
    let home = metadata.manifest(member).trim_end_matches("Cargo.toml");
    let package = folder.join(format!("{}-{}", member.name, member.version));
    let sources = tree.files().filter_map(|file| {
        let path = file.path.strip_prefix(home)?;
        path.starts_with("src/").then_some((file, path))
    });
    let fix = "see what the manifest's `include` and `exclude` and the ignore files say";
    sources
        .filter(|(_, path)| !package.join(path).is_file())
        .map(|(file, _)| Finding::new(&file.path, 1, "is not in the crate's package", fix))
        .collect()
}

fn build(sh: &Shell, metadata: &Metadata, manifest: &Path) -> anyhow::Result<()> {
    let target = &metadata.target_directory;
    let call = cmd!(
        sh,
        "cargo check --quiet --all-targets --offline --target-dir {target} --manifest-path {manifest}"
    );
    ensure!(
        call.quiet().run().is_ok(),
        "a user's project does not build against the package: {}",
        manifest.display()
    );
    Ok(())
}

/// What a user of one crate gets that he did not ask for.
fn brings_along(path: &str, member: &Package, user: &Metadata) -> Vec<Finding> {
    let fix = "drop the dependency or the feature that brings it along";
    let foreign = FRAMEWORKS.iter().filter(|(_, of)| *of != member.name).map(|(name, _)| *name);
    let mut unwanted: Vec<&str> = foreign.collect();
    if member.name == "jam-core" {
        unwanted.extend(NOT_IN_CORE);
        unwanted.sort_unstable();
        unwanted.dedup();
    }
    let linked: Vec<_> = user.members().map(|project| user.linked_into(project)).collect();
    let ways = unwanted.iter().flat_map(|name| linked.iter().filter_map(|all| all.get(name)));
    ways.map(|way| Finding::new(path, 1, format!("a user compiles {way}"), fix)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::synthetic::workspace;

    fn faults(member: &str, edges: &[(&str, &str, &str)]) -> Vec<String> {
        let user = workspace(&[("hello", "hello")], edges);
        let members = workspace(&[(member, member)], &[]);
        let member = members.member(member).unwrap();
        let found = brings_along("Cargo.toml", member, &user);
        found.into_iter().map(|finding| finding.fault).collect()
    }

    #[test]
    fn the_framework_of_an_adapter_may_come_along() {
        let edges = [("hello", "jam-poem", "normal"), ("jam-poem", "poem", "normal")];
        assert_eq!(faults("jam-poem", &edges), [""; 0]);
    }

    #[test]
    fn a_framework_of_another_adapter_is_found_with_the_way_there() {
        let edges = [("hello", "jam-poem", "normal"), ("jam-poem", "axum-core", "normal")];
        assert_eq!(faults("jam-poem", &edges), ["a user compiles hello → jam-poem → axum-core"]);
    }

    #[test]
    fn a_runtime_below_core_is_found_but_not_below_an_adapter() {
        let core = [("hello", "jam-core", "normal"), ("jam-core", "tokio", "normal")];
        assert_eq!(faults("jam-core", &core), ["a user compiles hello → jam-core → tokio"]);
        let actix = [("hello", "jam-actix", "normal"), ("jam-actix", "tokio", "normal")];
        assert_eq!(faults("jam-actix", &actix), [""; 0]);
    }

    #[test]
    fn a_source_file_that_the_package_lacks_is_found() {
        let sh = Shell::new().unwrap();
        let folder = sh.create_temp_dir().unwrap();
        sh.write_file(folder.path().join("jam-core-0.1.0/src/lib.rs"), "").unwrap();
        let members = workspace(&[("jam-core", "jam-core")], &[]);
        let text = "include_str!(\"page.md\");";
        let tree = Tree::of(&[
            ("jam-core/src/lib.rs", text),
            ("jam-core/src/page.md", ""),
            ("jam-core/tests/it.rs", ""),
        ]);
        let member = members.member("jam-core").unwrap();
        let found = missing(&tree, &members, member, folder.path());
        let places: Vec<&str> = found.iter().map(|finding| finding.place.as_str()).collect();
        assert_eq!(places, ["jam-core/src/page.md:1"]);
    }
}
