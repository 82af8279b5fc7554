//! `requirements.txt`: its lines, as far as choosing and checking packages needs them. Resolving is uv's business.

use crate::problem::{Problem, Rule};

/// The file's name.
pub(crate) const FILE: &str = "requirements.txt";

/// A line that asks for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Line, from 1.
    pub line: u32,
    /// The text, without comment and continuation.
    pub text: String,
    /// The package, in normal form (`scikit-learn`); none for an option, a path or an address.
    pub package: Option<String>,
}

/// Reads the text of the file.
pub(crate) fn read(text: &str) -> (Vec<Requirement>, Vec<Problem>) {
    let mut requirements = Vec::new();
    let mut problems = Vec::new();
    for (number, line) in logical_lines(text) {
        match classify(&line) {
            Some(package) => requirements.push(Requirement {
                line: number,
                text: line,
                package,
            }),
            None => problems.push(
                Problem::new(
                    Rule::InvalidRequirement,
                    FILE,
                    format!("`{line}` names no package and is left out"),
                )
                .at_line(number)
                .hint("write a package per line, as in `requests>=2.31`"),
            ),
        }
    }
    (requirements, problems)
}

/// Lines without comments and blank ones, continued lines joined.
fn logical_lines(text: &str) -> Vec<(u32, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut result: Vec<(u32, String)> = Vec::new();
    let mut continued = false;
    for (line, number) in text.lines().zip(1_u32..) {
        let comment = line
            .char_indices()
            .find(|(at, c)| *c == '#' && (*at == 0 || line[..*at].ends_with(char::is_whitespace)));
        let line = comment.map_or(line, |(at, _)| &line[..at]).trim();
        let (line, goes_on) = match line.strip_suffix('\\') {
            Some(line) => (line.trim_end(), true),
            None => (line, false),
        };
        match result.last_mut() {
            Some((_, last)) if continued => {
                last.push(' ');
                last.push_str(line);
            }
            _ => result.push((number, line.to_owned())),
        }
        continued = goes_on;
    }
    result.retain(|(_, line)| !line.is_empty());
    result
}

/// Outer none: not a requirement. Inner none: one that names no package.
#[expect(
    clippy::option_option,
    reason = "not valid, valid without a package, and a package are three answers"
)]
fn classify(line: &str) -> Option<Option<String>> {
    let is_address = |text: &str| {
        ["://", "./", "../"].iter().any(|mark| text.contains(mark))
            || text.starts_with('/')
            || [".whl", ".tar.gz", ".zip"]
                .iter()
                .any(|end| text.ends_with(end))
    };
    if line.starts_with('-')
        || (is_address(line) && !line.contains('@'))
        || line.starts_with("git+")
    {
        return Some(None);
    }
    let end = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric());
    if !is_name {
        return None;
    }
    let mut rest = rest.trim_start();
    if let Some(extras) = rest.strip_prefix('[') {
        rest = extras[extras.find(']')? + 1..].trim_start();
    }
    let rest = rest.split(" --").next().unwrap_or_default();
    let specifiers = rest.split(';').next().unwrap_or_default().trim();
    let valid = specifiers.is_empty()
        || specifiers
            .strip_prefix('@')
            .is_some_and(|address| !address.trim().is_empty())
        || specifiers
            .trim_start_matches('(')
            .trim_end_matches(')')
            .split(',')
            .all(|specifier| is_specifier(specifier.trim()));
    valid.then(|| Some(normal(name)))
}

fn is_specifier(text: &str) -> bool {
    ["===", "~=", "==", "!=", "<=", ">=", "<", ">"]
        .iter()
        .find_map(|operator| text.strip_prefix(operator))
        .is_some_and(|version| {
            let version = version.trim();
            !version.is_empty() && !version.contains([' ', '=', '<', '>'])
        })
}

/// The normal form of a package's name: lower case, with `-` between its parts.
fn normal(name: &str) -> String {
    let mut result = String::with_capacity(name.len());
    for c in name.chars() {
        if !matches!(c, '-' | '_' | '.') {
            result.push(c.to_ascii_lowercase());
        } else if !result.ends_with('-') {
            result.push('-');
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let text = "\u{feff}# comment\r\nScikit_Learn==1.4  # pinned\r\n\r\nrequests[socks] >=2, <3 ; python_version > '3.8'\n-r more.txt\n--index-url https://example.org/simple\n./local\ngit+https://example.org/x.git#egg=x\npkg @ https://example.org/p.whl\nnumpy \\\n  >=1.26\nplain\nhashed==1 --hash=sha256:00\n";
        let (requirements, problems) = read(text);
        assert_eq!(problems, []);
        let found: Vec<_> = requirements
            .iter()
            .map(|r| (r.line, r.package.as_deref()))
            .collect();
        assert_eq!(
            found,
            [
                (2, Some("scikit-learn")),
                (4, Some("requests")),
                (5, None),
                (6, None),
                (7, None),
                (8, None),
                (9, Some("pkg")),
                (10, Some("numpy")),
                (12, Some("plain")),
                (13, Some("hashed")),
            ]
        );
        assert_eq!(requirements[7].text, "numpy >=1.26");
    }

    #[test]
    fn other_text_is_reported() {
        let (requirements, problems) =
            read("pandas = 2\nnot a package\n==1.0\nx=>1\npolars==\ny[\n");
        assert_eq!(requirements, []);
        let lines: Vec<_> = problems.iter().filter_map(|p| p.line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5, 6]);
    }
}
