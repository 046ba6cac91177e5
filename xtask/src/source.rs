//! Rust source as the textual rules see it: comments and literals told apart from code, test code
//! told apart from the rest. No parser: a rule that needs one belongs into clippy.

/// A source file, line by line.
pub(crate) struct RustSource {
    pub(crate) lines: Vec<Line>,
}

/// One line in three readings. Blanked parts are spaces, so that nothing moves.
pub(crate) struct Line {
    /// As written.
    pub(crate) raw: String,
    /// Without comments.
    pub(crate) uncommented: String,
    /// Without comments and without what stands inside of literals.
    pub(crate) code: String,
    /// In a test: an integration test, or an item under `#[cfg(test)]`.
    pub(crate) in_test: bool,
}

/// The comment that lifts a textual rule for its own line, or, alone on a line, for the next one.
const ALLOW: &str = "tidy-allow:";

impl RustSource {
    pub(crate) fn new(path: &str, text: &str) -> RustSource {
        let (uncommented, code) = blank(text);
        let all_test = is_test_file(path);
        let in_test = test_lines(&code);
        let lines = text
            .lines()
            .zip(uncommented.lines())
            .zip(code.lines())
            .enumerate()
            .map(|(index, ((raw, uncommented), code))| Line {
                raw: raw.to_owned(),
                uncommented: uncommented.to_owned(),
                code: code.to_owned(),
                in_test: all_test || in_test.get(index).copied().unwrap_or(false),
            })
            .collect();
        RustSource { lines }
    }

    /// The lines that the textual rules judge, with their numbers from 1: all that no
    /// `tidy-allow: reason` lifts.
    pub(crate) fn judged(&self) -> impl Iterator<Item = (usize, &Line)> {
        let mut lifted = false;
        self.lines.iter().enumerate().filter_map(move |(index, line)| {
            let allowed = allows(&line.raw) || std::mem::take(&mut lifted);
            lifted = allows(&line.raw) && line.code.trim().is_empty();
            (!allowed).then_some((index + 1, line))
        })
    }
}

/// A reason must be given: an empty one allows nothing.
pub(crate) fn allows(raw: &str) -> bool {
    raw.split_once(ALLOW).is_some_and(|(_, reason)| !reason.trim().is_empty())
}

/// Whether `word` stands in `text` and is no part of a longer name.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let starts_name = word.starts_with(is_name);
    let ends_name = word.ends_with(is_name);
    text.match_indices(word).any(|(at, found)| {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|tail| tail.chars().next());
        let longer_left = starts_name && before.is_some_and(is_name);
        let longer_right = ends_name && after.is_some_and(is_name);
        !longer_left && !longer_right
    })
}

fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "benches"))
}

/// The text without comments, and the text without comments and literals.
fn blank(text: &str) -> (String, String) {
    let (mut uncommented, mut code) = (String::new(), String::new());
    let mut rest = text;
    let mut in_name = false;
    while let Some(first) = rest.chars().next() {
        let comment = comment(rest);
        let literal = literal(rest, in_name);
        let length = comment.or(literal).unwrap_or(first.len_utf8());
        let (piece, tail) = rest.split_at(length);
        let blanked = || piece.chars().map(|c| if c == '\n' { c } else { ' ' });
        match comment {
            Some(_) => uncommented.extend(blanked()),
            None => uncommented.push_str(piece),
        }
        match comment.or(literal) {
            Some(_) => code.extend(blanked()),
            None => code.push_str(piece),
        }
        in_name = is_name(first);
        rest = tail;
    }
    (uncommented, code)
}

/// The length of the comment that `rest` starts with.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    let mut inside = rest.strip_prefix("/*")?;
    let mut depth = 1;
    while depth > 0 {
        if let Some(tail) = inside.strip_prefix("/*") {
            (inside, depth) = (tail, depth + 1);
        } else if let Some(tail) = inside.strip_prefix("*/") {
            (inside, depth) = (tail, depth - 1);
        } else {
            let mut chars = inside.chars();
            if chars.next().is_none() {
                break;
            }
            inside = chars.as_str();
        }
    }
    Some(rest.len() - inside.len())
}

/// The length of the text or character literal that `rest` starts with.
fn literal(rest: &str, in_name: bool) -> Option<usize> {
    if rest.starts_with('"') {
        return Some(quoted(rest, '"'));
    }
    if let Some(inside) = rest.strip_prefix('\'') {
        let mut chars = inside.chars();
        let first = chars.next()?;
        // Anything else is a lifetime.
        return (first == '\\' || chars.next() == Some('\'')).then(|| quoted(rest, '\''));
    }
    if in_name {
        return None;
    }
    let body = rest.strip_prefix(['b', 'c']).unwrap_or(rest).strip_prefix('r')?;
    let opened = body.trim_start_matches('#');
    let inside = opened.strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(body.len() - opened.len()));
    let end = inside.find(&close).map_or(inside.len(), |end| end + close.len());
    Some(rest.len() - inside.len() + end)
}

/// The length of the literal between `quote`s, the first of which starts `rest`.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// For each line, whether it belongs to an item under `#[cfg(test)]`.
fn test_lines(code: &str) -> Vec<bool> {
    let mut marks = vec![false; code.lines().count()];
    let mut rest = 0;
    while let Some(found) = code.get(rest..).and_then(|tail| tail.find("#[cfg(")) {
        let start = rest + found;
        rest = start + 1;
        let attribute = code.get(start..).unwrap_or_default();
        let attribute = attribute.split(']').next().unwrap_or_default();
        if !has_word(attribute, "test") || attribute.contains("not(test") {
            continue;
        }
        let end = item_end(code, start + attribute.len() + 1);
        let line_of = |byte: usize| code.get(..byte).map_or(0, |head| head.matches('\n').count());
        let first = line_of(start);
        for mark in marks.iter_mut().take(line_of(end) + 1).skip(first) {
            *mark = true;
        }
        rest = end;
    }
    marks
}

/// The byte behind the item that starts at `start`: its closing brace or its semicolon.
fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, c) in code.get(start..).unwrap_or_default().char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '}' if depth <= 1 => return start + offset,
            '}' => depth -= 1,
            ';' if depth == 0 => return start + offset,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Vec<String> {
        let source = RustSource::new("src/lib.rs", text);
        source.lines.into_iter().map(|line| line.code.trim_end().to_owned()).collect()
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        assert_eq!(code("a(); // b()\nc();"), ["a();", "c();"]);
        assert_eq!(code("a /* b /* c */ d\n e */ f"), ["a", "      f"]);
        assert_eq!(code("a(\"b \\\" c\") + d"), ["a(        ) + d"]);
        assert_eq!(code("a(r#\"b \" c\"#) + r#d"), ["a(          ) + r#d"]);
        assert_eq!(code("a(br\"\\\", b)"), ["a(     , b)"]);
        assert_eq!(code("a('\"', '\\'', b)"), ["a(   ,     , b)"]);
        assert_eq!(code("fn a<'x>(b: &'x str) {}"), ["fn a<'x>(b: &'x str) {}"]);
    }

    #[test]
    fn uncommented_lines_keep_their_literals() {
        let source = RustSource::new("src/lib.rs", "a(\"// b\"); // c");
        let lines: Vec<&str> = source.lines.iter().map(|l| l.uncommented.trim_end()).collect();
        assert_eq!(lines, ["a(\"// b\");"]);
    }

    #[test]
    fn items_under_cfg_test_are_test_code_and_what_follows_is_not() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() { {} }\n}\nfn c() {}\n\
                    #[cfg(test)]\nuse d;\n#[cfg(not(test))]\nfn e() {}\n";
        let source = RustSource::new("src/lib.rs", text);
        let tests: Vec<bool> = source.lines.iter().map(|line| line.in_test).collect();
        assert_eq!(
            tests,
            [false, true, true, true, true, false, true, true, false, false],
            "line by line"
        );
        let source = RustSource::new("jam-core/tests/a.rs", "fn a() {}");
        assert!(source.lines.iter().all(|line| line.in_test), "an integration test");
    }

    #[test]
    fn an_allowance_needs_a_reason_and_lifts_one_line() {
        let judged = |text: &str| {
            let source = RustSource::new("src/lib.rs", text);
            source.judged().map(|(number, _)| number).collect::<Vec<_>>()
        };
        assert_eq!(judged("a(); // tidy-allow: it must\nb();"), [2]);
        assert_eq!(judged("// tidy-allow: it must\na();\nb();"), [3]);
        assert_eq!(judged("a(); // tidy-allow:\nb();"), [1, 2]);
    }

    #[test]
    fn a_word_is_no_part_of_a_longer_name() {
        assert!(has_word("x = SystemTime::now();", "SystemTime::now"));
        assert!(!has_word("MySystemTime::now()", "SystemTime::now"));
        assert!(!has_word("SystemTime::nowhere()", "SystemTime::now"));
        assert!(has_word("a.unwrap()", ".unwrap()"));
    }
}
