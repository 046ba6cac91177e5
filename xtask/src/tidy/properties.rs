//! Which test proves which property: a test's name begins with the property's number
//! (`g07_login_issues_a_new_id`), with several (`g44_g45_…`), or with the number of the hole that
//! it shows closed (`hole05_alg_as_an_object_is_refused`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Finding;
use crate::source::RustSource;
use crate::tree::Tree;

/// Each series of numbers, and its last one.
const SERIES: &[(&str, usize)] = &[("g", 70), ("hole", 16)];

/// A function whose name is meant to begin with numbers.
struct Numbered<'a> {
    path: &'a str,
    line: usize,
    name: &'a str,
    /// Each as it is written: the series and the digits.
    numbers: Vec<(&'static str, &'a str)>,
    is_test: bool,
}

/// The number, when it has two digits and the series knows it.
fn known(series: &str, digits: &str) -> Option<usize> {
    let last = SERIES.iter().find(|(name, _)| *name == series)?.1;
    let number = digits.parse().ok().filter(|_| digits.len() == 2)?;
    (1..=last).contains(&number).then_some(number)
}

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for test in numbered(tree) {
        let mut find = |fault: String, fix: &str| {
            findings.push(Finding::new(test.path, test.line, fault, fix));
        };
        if test.numbers.iter().any(|(series, digits)| known(series, digits).is_none()) {
            let fault = format!("`{}` names no known property", test.name);
            find(fault, "two digits: g01 to g70, hole01 to hole16");
        } else if !test.is_test {
            let fault = format!("`{}` carries a number but is no test", test.name);
            find(fault, "add `#[test]`, or take the number from the helper's name");
        }
    }
    findings
}

/// The table of `cargo xtask properties`.
pub(crate) fn table(tree: &Tree) -> String {
    let tests: Vec<Numbered<'_>> = numbered(tree).filter(|test| test.is_test).collect();
    let mut proven: BTreeMap<(&str, usize), Vec<&Numbered<'_>>> = BTreeMap::new();
    for test in &tests {
        for (series, digits) in &test.numbers {
            if let Some(number) = known(series, digits) {
                proven.entry((series, number)).or_default().push(test);
            }
        }
    }
    let mut text = String::new();
    for (series, last) in SERIES {
        let mut open = Vec::new();
        for number in 1..=*last {
            let label = format!("{series}{number:02}");
            let Some(tests) = proven.get(&(series, number)) else {
                open.push(label);
                continue;
            };
            for test in tests {
                let _ = writeln!(text, "{label:<7} {:<60} {}:{}", test.name, test.path, test.line);
            }
        }
        let done = last - open.len();
        let _ = writeln!(
            text,
            "{series}: {done} of {last} have a test; none yet: {}\n",
            open.join(" ")
        );
    }
    text
}

fn numbered(tree: &Tree) -> impl Iterator<Item = Numbered<'_>> {
    tree.rust().flat_map(|(file, rust)| {
        let lines = rust.lines.iter().enumerate();
        lines.filter_map(move |(index, line)| {
            let (name, numbers) = parse(&line.code)?;
            let is_test = has_test_attribute(rust, index);
            Some(Numbered { path: &file.path, line: index + 1, name, numbers, is_test })
        })
    })
}

/// The name of a function and the numbers that it begins with; `None` without any.
fn parse(code: &str) -> Option<(&str, Vec<(&'static str, &str)>)> {
    let (head, tail) = code.split_once("fn ")?;
    if !head.is_empty() && !head.ends_with([' ', '(']) {
        return None;
    }
    let name = tail.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    let numbers: Vec<_> = name.split('_').map_while(number).collect();
    (!numbers.is_empty()).then_some((name, numbers))
}

/// The series and the digits of `g07`.
fn number(part: &str) -> Option<(&'static str, &str)> {
    SERIES.iter().find_map(|(series, _)| {
        let digits = part.strip_prefix(series)?;
        let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        all_digits.then_some((*series, digits))
    })
}

/// Whether an attribute right above the function makes it a test (`#[test]`, `#[tokio::test]`).
fn has_test_attribute(rust: &RustSource, function: usize) -> bool {
    let above = rust.lines.iter().take(function).rev().map(|line| line.code.trim());
    above
        .take_while(|line| line.is_empty() || line.starts_with("#[") || line.ends_with(")]"))
        .any(|line| line.starts_with("#[test]") || line.contains("::test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Tree {
        Tree::of(&[("jam-core/tests/it.rs", text)])
    }

    fn faults(text: &str) -> Vec<String> {
        check(&tree(text)).into_iter().map(|finding| finding.to_string()).collect()
    }

    const GOOD: &str = "#[test]\nfn g07_login_issues_a_new_id() {}\n\
                        #[tokio::test(flavor = \"current_thread\")]\n\
                        async fn hole05_alg_as_an_object_is_refused() {}\n\
                        fn good_helper() {}\nfn holes() {}\n// fn g99_in_a_comment() {}\n";

    #[test]
    fn known_numbers_pass() {
        assert_eq!(faults(GOOD), [""; 0]);
    }

    #[test]
    fn an_unknown_number_is_found() {
        for name in ["g71_a", "g00_a", "hole17_a", "g7_a", "g007_a", "g07_g71_a"] {
            let found = faults(&format!("#[test]\nfn {name}() {{}}"));
            assert_eq!(found.len(), 1, "{name}");
            assert!(found[0].starts_with("jam-core/tests/it.rs:2: "), "{}", found[0]);
            assert!(found[0].contains("no known property"), "{}", found[0]);
        }
    }

    #[test]
    fn a_number_on_a_function_that_never_runs_is_found() {
        let found = faults("fn g07_login_issues_a_new_id() {}");
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("is no test"), "{}", found[0]);
    }

    #[test]
    fn a_test_of_several_properties_stands_under_each() {
        let table = table(&tree("#[test]\nfn g44_g45_a_cookie_is_safe_for_4_hours() {}"));
        assert!(table.starts_with("g44     g44_g45_a_cookie"), "{table}");
        assert!(table.contains("\ng45     g44_g45_a_cookie"), "{table}");
        assert!(table.contains("g: 2 of 70"), "{table}");
    }

    #[test]
    fn the_table_lists_tests_by_property_and_names_what_has_none() {
        let table = table(&tree(GOOD));
        let first = table.lines().next().unwrap();
        assert!(first.starts_with("g07     g07_login_issues_a_new_id "), "{table}");
        assert!(first.ends_with(" jam-core/tests/it.rs:2"), "{table}");
        assert!(table.contains("g: 1 of 70 have a test; none yet: g01 g02"), "{table}");
        assert!(table.contains("hole: 1 of 16 have a test"), "{table}");
        assert!(!table.contains("g07 g08"), "{table}");
    }
}
