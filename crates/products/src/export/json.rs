//! Indents JSON text without reading it into values: numbers of any size, the order of keys and what Python adds to
//! JSON (`NaN`, `Infinity`) stay as they were written.

/// Deeper levels are not indented further, so that the output stays in proportion to the text.
const MAX_INDENT: usize = 32;

/// The same JSON with one member or element per line.
pub(super) fn indent(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut characters = text.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth.min(MAX_INDENT)));
    };
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                out.push('"');
                let mut escaped = false;
                for character in characters.by_ref() {
                    out.push(character);
                    if character == '"' && !escaped {
                        break;
                    }
                    escaped = character == '\\' && !escaped;
                }
            }
            '{' | '[' => {
                out.push(character);
                while characters.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(close) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(',');
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            space if space.is_ascii_whitespace() => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(indent(text), expected);
    }

    #[test]
    fn indents() {
        check("7", "7");
        check("[]", "[]");
        check("{ }", "{}");
        check(r#""a, [b] \" {c: d}\\""#, r#""a, [b] \" {c: d}\\""#);
        check(
            r#"{"a":[1,{"b":null}],"c":{}}"#,
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": {}\n}",
        );
        check(
            "[123456789012345678901234567890, NaN, -1e400]",
            "[\n  123456789012345678901234567890,\n  NaN,\n  -1e400\n]",
        );
    }

    #[test]
    fn stays_in_proportion() {
        let text = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(indent(&text).len() < text.len() * 100);
    }
}
