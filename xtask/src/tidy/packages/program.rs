//! The program that a crate's documentation begins with.

/// The first code block of the crate's own documentation, as the file that a user would write.
/// `None` when there is none.
pub(super) fn first(lib: &str) -> Option<String> {
    let mut lines = lib.lines().map_while(|line| line.strip_prefix("//!")).map(unindented);
    let fence = lines.find(|line| line.starts_with("```"))?;
    let attributes = fence.trim_start_matches('`');
    if !["", "rust", "no_run"].contains(&attributes) {
        return None;
    }
    // As rustdoc has it.
    let mut program = String::from("#![allow(unused)]\n\n");
    for line in lines.take_while(|line| !line.starts_with("```")) {
        program.push_str(shown(line));
        program.push('\n');
    }
    if !program.contains("fn main(") {
        program.push_str("\nfn main() {}\n");
    }
    Some(program)
}

/// Whether the program names something of a crate.
pub(super) fn uses(program: &str, package: &str) -> bool {
    let path = format!("{}::", package.replace('-', "_"));
    program.match_indices(&path).any(|(at, _)| {
        let before = program.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

fn unindented(line: &str) -> &str {
    line.strip_prefix(' ').unwrap_or(line)
}

/// Lines that rustdoc compiles but does not show begin with `# `.
fn shown(line: &str) -> &str {
    let code = line.trim_start();
    match code.strip_prefix("# ") {
        Some(hidden) => hidden,
        None if code == "#" => "",
        None => code.strip_prefix("##").map_or(line, |_| &code[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_lines_belong_to_the_program_and_attributes_stay() {
        let lib = "//! What it is.\n//!\n//! ```\n//! #[derive(Debug)]\n//! struct A;\n//! #\n\
                   //! # fn main() {\n//! A;\n//! # }\n//! ```\n//!\n//! ```\n//! other();\n//! ```\n";
        let program = first(lib).unwrap();
        let program = program.strip_prefix("#![allow(unused)]\n\n").unwrap();
        assert_eq!(program, "#[derive(Debug)]\nstruct A;\n\nfn main() {\nA;\n}\n");
    }

    #[test]
    fn items_alone_get_a_main() {
        let lib = "//! ```no_run\n//! #[test]\n//! fn it() {}\n//! ```\n";
        assert!(first(lib).unwrap().ends_with("\n#[test]\nfn it() {}\n\nfn main() {}\n"));
    }

    #[test]
    fn what_is_no_program_is_left_alone() {
        assert_eq!(first("//! Words.\n\npub fn a() {}\n"), None);
        assert_eq!(first("//! ```toml\n//! a = 1\n//! ```\n"), None);
        let later = "//! Words.\n\n/// ```\n/// a();\n/// ```\npub fn a() {}\n";
        assert_eq!(first(later), None, "an item's, not the crate's");
    }

    #[test]
    fn a_crate_is_used_where_a_path_begins_with_it() {
        let program = "use serde::Deserialize;\n#[tokio::main]\nlet a = jam_core::Jam::builder();";
        for used in ["serde", "tokio", "jam-core"] {
            assert!(uses(program, used), "{used}");
        }
        for other in ["core", "main", "Jam", "axum"] {
            assert!(!uses(program, other), "{other}");
        }
    }
}
