//! Reading source text roughly: which lines are product code, and code without its comments and strings.
//! Not a parser: good enough for rules about words.

/// Whether a file holds tests, or text that stands for somebody else's project.
pub(super) fn is_foreign(path: &str) -> bool {
    path.starts_with("examples/")
        || path
            .split('/')
            .any(|part| matches!(part, "fixtures" | "templates" | "corpus"))
}

/// Whether a whole file is test code.
pub(super) fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.split('/').any(|part| part == "tests")
        || name == "tests.rs"
        || name.ends_with("_tests.rs")
        || name.starts_with("test_")
        || name == "conftest.py"
}

/// The part of a Rust file before its module of tests.
pub(super) fn product_part(text: &str) -> &str {
    let mut offset = 0;
    let mut pending = None;
    for line in text.split_inclusive('\n') {
        let code = line.trim();
        if code == "#[cfg(test)]" {
            pending.get_or_insert(offset);
        } else if let Some(start) = pending {
            if code.starts_with("mod ") && code.ends_with('{') {
                return text.get(..start).unwrap_or(text);
            }
            if !code.starts_with("#[") {
                pending = None;
            }
        }
        offset += line.len();
    }
    text
}

/// Rust code with the contents of comments and strings blanked out; lines keep their numbers.
pub(super) fn code_only(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first == '"' {
            string_length(rest)
        } else if let Some(length) = raw_string_length(rest) {
            length
        } else if rest.starts_with("'\"'") {
            3
        } else {
            code.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        };
        let (gone, left) = rest.split_at(skipped);
        code.extend(gone.chars().filter(|c| *c == '\n'));
        code.push(' ');
        rest = left;
    }
    code
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

fn raw_string_length(text: &str) -> Option<usize> {
    let hashes = text.strip_prefix('r')?;
    let count = hashes.len() - hashes.trim_start_matches('#').len();
    let body = hashes.get(count..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(count));
    let start = text.len() - body.len();
    Some(
        body.find(&end)
            .map_or(text.len(), |at| start + at + end.len()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_not_product_code() {
        let text = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n";
        assert_eq!(product_part(text), "fn a() {}\n\n");
        let helper = "#[cfg(test)]\nfn only_in_tests() {}\nfn product() {}\n";
        assert_eq!(product_part(helper), helper);
        let reasoned = "fn a() {}\n#[cfg(test)]\n#[expect(x)]\nmod tests {\n}\n";
        assert_eq!(product_part(reasoned), "fn a() {}\n");
    }

    #[test]
    fn comments_and_strings_are_blank() {
        for (text, expected) in [
            ("a // std::fs\nb", "a  \nb"),
            ("a /* x\ny */ b", "a \n  b"),
            (r#"f("std::fs \" x") + 1"#, "f( ) + 1"),
            (r##"f(r#"a "quoted" b"#, c)"##, "f( , c)"),
            ("let q = '\"'; g()", "let q =  ; g()"),
            ("for x in r {}", "for x in r {}"),
        ] {
            assert_eq!(code_only(text), expected, "{text}");
        }
    }

    #[test]
    fn foreign_and_test_files_are_known_by_their_path() {
        assert!(is_foreign("examples/flights/utils/tables.py"));
        assert!(is_foreign("crates/project/tests/fixtures/a/utils/x.py"));
        assert!(!is_foreign("crates/project/src/yaml.rs"));
        assert!(is_test("crates/project/tests/edits.rs"));
        assert!(is_test("crates/engine/src/run/tests.rs"));
        assert!(!is_test("crates/engine/src/run/apply.rs"));
    }
}
