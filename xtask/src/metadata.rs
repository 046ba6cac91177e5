//! The part of `cargo metadata` that the chores read.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context as _;
use serde::Deserialize;
use xshell::{Shell, cmd};

#[derive(Deserialize)]
pub(crate) struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    workspace_root: String,
    /// Where cargo puts what it builds.
    pub(crate) target_directory: String,
    resolve: Resolve,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    id: String,
    pub(crate) name: String,
    manifest_path: String,
    pub(crate) description: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) rust_version: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Absent for a normal dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    kind: Option<String>,
}

impl Metadata {
    /// Asks cargo, which needs no network once the dependencies are fetched.
    pub(crate) fn load(sh: &Shell) -> anyhow::Result<Metadata> {
        let json = cmd!(sh, "cargo metadata --format-version 1 --locked")
            .quiet()
            .read()
            .context("cargo cannot read the workspace; `cargo fetch --locked` says more")?;
        serde_json::from_str(&json).context("`cargo metadata` answered in an unknown form")
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    pub(crate) fn member(&self, name: &str) -> Option<&Package> {
        self.members().find(|package| package.name == name)
    }

    /// The manifest's path from the root of the workspace.
    pub(crate) fn manifest<'a>(&self, package: &'a Package) -> &'a str {
        let path = package.manifest_path.strip_prefix(&self.workspace_root);
        path.unwrap_or(&package.manifest_path).trim_start_matches('/')
    }

    /// Everything that gets compiled into `package`, each with the way there (`a → b → c`).
    pub(crate) fn linked_into(&self, package: &Package) -> BTreeMap<&str, String> {
        let names: HashMap<&str, &str> =
            self.packages.iter().map(|p| (p.id.as_str(), p.name.as_str())).collect();
        let nodes: HashMap<&str, &Node> =
            self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut ways = BTreeMap::new();
        let mut open = vec![(package.id.as_str(), package.name.clone())];
        while let Some((id, way)) = open.pop() {
            for edge in nodes.get(id).map_or(&[][..], |node| &node.deps) {
                let Some(name) = names.get(edge.pkg.as_str()) else { continue };
                let normal = edge.dep_kinds.iter().any(|kind| kind.kind.is_none());
                if normal && !ways.contains_key(name) {
                    let way = format!("{way} → {name}");
                    ways.insert(*name, way.clone());
                    open.push((&edge.pkg, way));
                }
            }
        }
        ways
    }
}

#[cfg(test)]
pub(crate) mod synthetic {
    //! Workspaces that never were, for the tests of the rules.

    use serde_json::{Value, json};

    use super::Metadata;

    /// A workspace of `members` (name, folder) and `edges` (from, to, kind); whatever an edge
    /// names beyond the members is a foreign crate.
    pub(crate) fn workspace(members: &[(&str, &str)], edges: &[(&str, &str, &str)]) -> Metadata {
        let kind = |kind: &str| if kind == "normal" { Value::Null } else { json!(kind) };
        let mut names: Vec<&str> = members.iter().map(|member| member.0).collect();
        names.extend(edges.iter().flat_map(|edge| [edge.0, edge.1]));
        names.sort_unstable();
        names.dedup();
        let packages: Vec<Value> = names
            .iter()
            .map(|name| {
                let folder = members.iter().find(|member| member.0 == *name);
                let folder = folder.map_or("foreign", |member| member.1);
                let dependencies: Vec<Value> = edges
                    .iter()
                    .filter(|edge| edge.0 == *name)
                    .map(|edge| json!({"name": edge.1, "kind": kind(edge.2)}))
                    .collect();
                json!({
                    "id": name, "name": name, "description": "x",
                    "license": "MIT", "rust_version": "1.89", "features": {},
                    "manifest_path": format!("/r/{folder}/Cargo.toml"),
                    "dependencies": dependencies,
                })
            })
            .collect();
        let nodes: Vec<Value> = names
            .iter()
            .map(|name| {
                let deps: Vec<Value> = edges
                    .iter()
                    .filter(|edge| edge.0 == *name)
                    .map(|edge| json!({"pkg": edge.1, "dep_kinds": [{"kind": kind(edge.2)}]}))
                    .collect();
                json!({"id": name, "deps": deps})
            })
            .collect();
        let members: Vec<&str> = members.iter().map(|member| member.0).collect();
        serde_json::from_value(json!({
            "packages": packages, "workspace_members": members, "workspace_root": "/r", "target_directory": "/r/target",
            "resolve": {"nodes": nodes},
        }))
        .unwrap()
    }
}
