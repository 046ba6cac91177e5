//! Who may import whom: the picture in ARCHITECTURE.md, as a check.

use super::Finding;
use crate::metadata::{Metadata, Package};

/// Each crate of the workspace and the crates of the workspace that it may import. A new edge
/// needs a line in ARCHITECTURE.md too.
const ALLOWED: &[(&str, &[&str])] = &[
    ("jam-core", &[]),
    ("jam-tower", &["jam-core"]),
    ("jam-axum", &["jam-core", "jam-openapi", "jam-tower"]),
    ("jam-warp", &["jam-core", "jam-tower"]),
    ("jam-poem", &["jam-core", "jam-tower"]),
    ("jam-actix", &["jam-core", "jam-openapi"]),
    ("jam-openapi", &["jam-core"]),
    ("jam-redis", &["jam-core"]),
    ("jam-sqlx", &["jam-core"]),
    ("jam-conformance", &["jam-core"]),
    ("jam-cli", &["jam-core"]),
    ("xtask", &[]),
];

/// The kit that proves stores and adapters: any crate's tests may use it.
const KIT: &str = "jam-conformance";

/// Core knows no runtime and no framework.
pub(super) const NOT_IN_CORE: &[&str] = &[
    "tokio",
    "async-std",
    "smol",
    "http",
    "http-body",
    "hyper",
    "hyper-util",
    "tower",
    "tower-service",
    "tower-layer",
    "axum",
    "axum-core",
    "actix-web",
    "actix-http",
    "actix-rt",
    "poem",
    "warp",
    "reqwest",
    "ureq",
    "socket2",
    "mio",
];

/// Adapters translate between a framework and core; what parses tokens and cookies is core's.
const ADAPTERS: &[&str] = &["jam-tower", "jam-axum", "jam-warp", "jam-poem", "jam-actix"];
const NOT_IN_ADAPTERS: &[&str] =
    &["jsonwebtoken", "aws-lc-rs", "base64", "base64-simd", "cookie", "axum-extra", "headers"];

pub(crate) fn check(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in metadata.members() {
        findings.extend(edges(metadata, member));
        if ADAPTERS.contains(&member.name.as_str()) {
            findings.extend(adapter_parses_nothing(metadata, member));
        }
        if member.name == "jam-core" {
            findings.extend(core_knows_no_framework(metadata, member));
        }
    }
    findings
}

fn is_example(metadata: &Metadata, package: &Package) -> bool {
    metadata.manifest(package).starts_with("examples/")
}

fn edges(metadata: &Metadata, member: &Package) -> Vec<Finding> {
    let path = metadata.manifest(member);
    if is_example(metadata, member) {
        return Vec::new();
    }
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == member.name) else {
        let fault = format!("`{}` has no line in the import rules", member.name);
        let fix = "say who it may import in xtask/src/tidy/imports.rs and in ARCHITECTURE.md";
        return vec![Finding::new(path, 1, fault, fix)];
    };
    let forbidden = |dependency: &&crate::metadata::Dependency| {
        let is_kit = dependency.name == KIT && dependency.kind.as_deref() == Some("dev");
        metadata.member(&dependency.name).is_some()
            && dependency.name != member.name
            && !is_kit
            && !allowed.contains(&dependency.name.as_str())
    };
    let finding = |dependency: &crate::metadata::Dependency| {
        let fault = format!("`{}` may not import `{}`", member.name, dependency.name);
        let fix = if metadata.member(&dependency.name).is_some_and(|to| is_example(metadata, to)) {
            "nothing but an example imports an example: move what both need into a crate"
        } else {
            "put the code where both may reach it, or argue for a new edge in ARCHITECTURE.md \
             and add it to xtask/src/tidy/imports.rs"
        };
        Finding::new(path, 1, fault, fix)
    };
    member.dependencies.iter().filter(forbidden).map(finding).collect()
}

fn core_knows_no_framework(metadata: &Metadata, core: &Package) -> Vec<Finding> {
    let path = metadata.manifest(core);
    let linked = metadata.linked_into(core);
    let found = NOT_IN_CORE.iter().filter_map(|name| linked.get(name));
    let fix = "core has no runtime and no framework: drop the feature or the dependency that \
               brings it, or move the code into an adapter";
    found.map(|way| Finding::new(path, 1, format!("jam-core links {way}"), fix)).collect()
}

fn adapter_parses_nothing(metadata: &Metadata, adapter: &Package) -> Vec<Finding> {
    let path = metadata.manifest(adapter);
    let parses = |name: &str| NOT_IN_ADAPTERS.contains(&name);
    let used = adapter.dependencies.iter();
    let used = used.filter(|dep| dep.kind.is_none() && parses(&dep.name));
    let fix = "an adapter parses no token and no cookie: ask jam-core for it";
    used.map(|dep| Finding::new(path, 1, format!("`{}` imports `{}`", adapter.name, dep.name), fix))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::synthetic::workspace;

    const MEMBERS: &[(&str, &str)] = &[
        ("jam-core", "jam-core"),
        ("jam-tower", "jam-tower"),
        ("jam-axum", "jam-axum"),
        ("jam-cli", "jam-cli"),
        ("jam-conformance", "jam-conformance"),
        ("quickstart-axum", "examples/quickstart-axum"),
        ("xtask", "xtask"),
    ];

    fn faults(edges: &[(&str, &str, &str)]) -> Vec<String> {
        check(&workspace(MEMBERS, edges)).into_iter().map(|finding| finding.fault).collect()
    }

    #[test]
    fn the_edges_of_the_picture_are_allowed() {
        let edges = [
            ("jam-tower", "jam-core", "normal"),
            ("jam-axum", "jam-core", "normal"),
            ("jam-axum", "jam-tower", "normal"),
            ("jam-axum", "jam-conformance", "dev"),
            ("jam-cli", "jam-core", "normal"),
            ("quickstart-axum", "jam-axum", "normal"),
            ("jam-axum", "axum-core", "normal"),
        ];
        assert_eq!(faults(&edges), [""; 0]);
    }

    #[test]
    fn an_edge_against_the_picture_is_found() {
        let back = faults(&[("jam-core", "jam-axum", "normal")]);
        assert_eq!(back, ["`jam-core` may not import `jam-axum`"]);
        let sideways = faults(&[("jam-cli", "jam-axum", "dev")]);
        assert_eq!(sideways, ["`jam-cli` may not import `jam-axum`"]);
        let chores = faults(&[("xtask", "jam-core", "build")]);
        assert_eq!(chores, ["`xtask` may not import `jam-core`"]);
    }

    #[test]
    fn nothing_but_an_example_imports_an_example() {
        let found = check(&workspace(MEMBERS, &[("jam-axum", "quickstart-axum", "dev")]));
        assert_eq!(found.len(), 1);
        assert!(found[0].fix.contains("nothing but an example"), "{}", found[0]);
    }

    #[test]
    fn a_crate_that_the_rules_do_not_know_is_found() {
        let found = check(&workspace(&[("jam-new", "jam-new")], &[]));
        assert_eq!(found.len(), 1);
        assert!(found[0].fault.contains("no line in the import rules"), "{}", found[0]);
    }

    #[test]
    fn a_framework_deep_below_core_is_found_with_the_way_there() {
        let normal = [("jam-core", "a", "normal"), ("a", "tokio", "normal")];
        assert_eq!(faults(&normal), ["jam-core links jam-core → a → tokio"]);
        let dev = [("jam-core", "a", "dev"), ("a", "tokio", "normal")];
        assert_eq!(faults(&dev), [""; 0], "tests may run on a runtime");
    }

    #[test]
    fn an_adapter_that_imports_a_parser_is_found() {
        let found = faults(&[("jam-axum", "cookie", "normal")]);
        assert_eq!(found, ["`jam-axum` imports `cookie`"]);
    }
}
