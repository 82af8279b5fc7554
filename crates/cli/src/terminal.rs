//! Words, colours and numbers on the terminal.

use std::io::{IsTerminal, Write};
use std::time::Duration;
use std::{env, io};

use baton_model::{BlockError, BlockRun, BlockStatus, Caret, Content, RunStatus};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Colours, or none: when the output is no terminal or `NO_COLOR` is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(bool);

impl Paint {
    /// For standard output.
    pub(crate) fn stdout() -> Self {
        Self(wanted(io::stdout().is_terminal()))
    }

    /// For standard error.
    pub(crate) fn stderr() -> Self {
        Self(wanted(io::stderr().is_terminal()))
    }

    /// Whether there are colours.
    pub(crate) fn is_on(self) -> bool {
        self.0
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }

    pub(crate) fn cyan(self, text: &str) -> String {
        self.wrap("36", text)
    }
}

fn wanted(is_terminal: bool) -> bool {
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    is_terminal && !no_color && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Columns of the terminal; 100 when it does not say.
pub(crate) fn width() -> usize {
    rustix::termios::tcgetwinsize(io::stdout())
        .map_or(100, |size| usize::from(size.ws_col))
        .max(20)
}

/// Writes a line to standard output. A reader that went away, as `head` does, ends the output quietly.
pub(crate) fn say(line: &str) {
    let mut out = io::stdout().lock();
    drop(
        out.write_all(line.as_bytes())
            .and_then(|()| out.write_all(b"\n")),
    );
}

/// Writes a line to standard error.
pub(crate) fn tell(line: &str) {
    let mut out = io::stderr().lock();
    drop(
        out.write_all(line.as_bytes())
            .and_then(|()| out.write_all(b"\n")),
    );
}

/// `1.24 s`, `13 ms`, `2 min 5 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 0.9995 {
        format!("{:.0} ms", seconds * 1000.0)
    } else if seconds < 60.0 {
        format!("{seconds:.2} s")
    } else {
        let whole = duration.as_secs();
        match whole {
            ..3600 => format!("{} min {} s", whole / 60, whole % 60),
            _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
        }
    }
}

/// `336,776`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `41.2 MB`, `512 B`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = number as f64;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let unit_name = UNITS.get(unit).unwrap_or(&"B");
    if unit == 0 {
        format!("{number} B")
    } else {
        format!("{value:.1} {unit_name}")
    }
}

/// One line about an ended block: rows and bytes of what it produced, or why it did not.
pub(crate) fn block_detail(block: &BlockRun) -> String {
    match block.status {
        BlockStatus::Completed => {
            let rows: u64 = block
                .products
                .iter()
                .filter_map(|product| product.rows)
                .sum();
            let size: u64 = block.products.iter().map(|product| product.bytes).sum();
            let has_rows = block.products.iter().any(|product| product.rows.is_some());
            match (block.products.is_empty(), has_rows) {
                (true, _) => String::new(),
                (false, true) => format!("{} rows, {}", thousands(rows), bytes(size)),
                (false, false) => inline_preview(block).unwrap_or_else(|| bytes(size)),
            }
        }
        BlockStatus::Failed => block.error.as_ref().map(headline).unwrap_or_default(),
        _ => block.reason.clone().unwrap_or_default(),
    }
}

/// A small value as it is.
fn inline_preview(block: &BlockRun) -> Option<String> {
    let [product] = block.products.as_slice() else {
        return None;
    };
    let Content::Inline(text) = &product.content else {
        return None;
    };
    (text.len() <= 40 && !text.contains('\n')).then(|| text.clone())
}

/// `KeyError: 'tail'` or the message alone, on one line.
pub(crate) fn headline(error: &BlockError) -> String {
    let message = error.message.lines().next().unwrap_or("");
    match &error.exception {
        Some(exception) => format!("{exception}: {message}"),
        None => message.to_owned(),
    }
}

/// Everything a person needs about a failed block.
pub(crate) fn explain(name: &str, block: &BlockRun, paint: Paint) -> String {
    let Some(error) = &block.error else {
        return String::new();
    };
    let attempts = if block.attempt > 1 {
        format!(" after {} attempts", block.attempt)
    } else {
        String::new()
    };
    let head = format!("{} {}{attempts}", paint.red("✗"), paint.bold(name));
    explain_error(head, error, paint)
}

/// Everything about a callback that failed, which changes nothing about its block.
pub(crate) fn explain_callback(name: &str, error: &BlockError, paint: Paint) -> String {
    let head = format!(
        "{} {}: a callback failed",
        paint.yellow("!"),
        paint.bold(name)
    );
    explain_error(head, error, paint)
}

fn explain_error(head: String, error: &BlockError, paint: Paint) -> String {
    let mut lines = vec![head];
    let message = match &error.exception {
        Some(exception) => format!("{exception}: {}", error.message),
        None => error.message.clone(),
    };
    let count = message.lines().count();
    let words = message.lines().take(MOST_WORDS);
    lines.extend(words.map(|line| format!("  {}", clip(&printable(line), LONGEST_WORDS))));
    if count > MOST_WORDS {
        let more = thousands((count - MOST_WORDS) as u64);
        lines.push(format!(
            "  {}",
            paint.dim(&format!("… {more} more lines, in full with --json"))
        ));
    }
    let left_out = error.frames.len().saturating_sub(MOST_FRAMES);
    for (number, frame) in error.frames.iter().enumerate() {
        if left_out > 0 && number == FIRST_FRAMES {
            lines.push(paint.dim(&format!("    … {left_out} more lines of code …")));
        }
        if (FIRST_FRAMES..FIRST_FRAMES + left_out).contains(&number) {
            continue;
        }
        if frame.function.starts_with("...") {
            let words = frame.function.trim_matches(['.', ' ']);
            lines.push(paint.dim(&format!("    … {words} …")));
            continue;
        }
        let place = printable(&format!("{}:{}", frame.file, frame.line));
        lines.push(format!("    {} in {}", paint.cyan(&place), frame.function));
        if let Some(code) = &frame.code {
            lines.push(format!("      {}", paint.dim(&printable(code))));
            let carets = frame.caret.map(|caret| carets(code, caret));
            lines.extend(carets.map(|carets| format!("      {}", paint.red(&carets))));
        }
    }
    let hint = error.hint.iter();
    lines.extend(hint.map(|hint| format!("  {} {}", paint.yellow("hint:"), printable(hint))));
    lines.join("\n")
}

/// Carets that stand under a place in a line of code, as wide as its characters are.
fn carets(code: &str, caret: Caret) -> String {
    let (from, to) = (caret.from as usize, caret.to as usize);
    let before: String = code.chars().take(from).collect();
    let place: String = code.chars().take(to).skip(from).collect();
    let blank = |c: char| match c {
        '\t' => "\t".to_owned(),
        c => " ".repeat(c.width().unwrap_or(0)),
    };
    let width = printable(&place).width().max(1);
    printable(&before).chars().map(blank).collect::<String>() + &"^".repeat(width)
}

/// Most lines of an error's message, the longest of them, and most frames: together they fit on a screen.
const MOST_WORDS: usize = 12;
const LONGEST_WORDS: usize = 500;
const MOST_FRAMES: usize = 8;
const FIRST_FRAMES: usize = 3;

/// Text of at most `longest` characters that says when it was cut.
pub(crate) fn clip(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some((end, _)) => {
            let more = thousands(text[end..].chars().count() as u64);
            format!("{}… ({more} more characters)", text[..end].trim_end())
        }
    }
}

/// Text without control characters, which could rewrite the terminal. Colours and the like go without a trace.
pub(crate) fn printable(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' && rest.peek() == Some(&'[') {
            rest.next();
            // Parameters, then one letter that ends the sequence.
            while rest.next_if(|c| matches!(c, ' '..='?')).is_some() {}
            rest.next_if(|c| matches!(c, '@'..='~'));
        } else if c.is_control() && c != '\t' {
            plain.push('\u{fffd}');
        } else {
            plain.push(c);
        }
    }
    plain
}

/// The lines of a log record, without control characters. Of a line that was written over with carriage returns,
/// as bars of progress are, the last state stays.
pub(crate) fn log_lines(message: &str) -> Vec<String> {
    let message = message.trim_end_matches(['\n', '\r']);
    let last_state = |line: &str| {
        let states = line.trim_end_matches('\r').rsplit('\r');
        states.map(printable).find(|state| !state.trim().is_empty())
    };
    message
        .split('\n')
        .map(|line| last_state(line).unwrap_or_default())
        .collect()
}

/// The word for a run's status, coloured.
pub(crate) fn run_status(status: RunStatus, paint: Paint) -> String {
    match status {
        RunStatus::Completed => paint.green(status.name()),
        RunStatus::Failed => paint.red(status.name()),
        RunStatus::Cancelled => paint.yellow(status.name()),
        RunStatus::Initial | RunStatus::Running => paint.cyan(status.name()),
    }
}

/// A sign for a block's status that is readable without colour.
pub(crate) fn sign(status: BlockStatus, paint: Paint) -> String {
    match status {
        BlockStatus::Completed => paint.green("✓"),
        BlockStatus::Failed => paint.red("✗"),
        BlockStatus::Cancelled => paint.yellow("■"),
        BlockStatus::UpstreamFailed | BlockStatus::ConditionFailed => paint.dim("–"),
        BlockStatus::Initial | BlockStatus::Queued => paint.dim("·"),
        BlockStatus::Running => paint.cyan("▸"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_cannot_rewrite_the_terminal() {
        assert_eq!(printable("a\tb"), "a\tb");
        assert_eq!(printable("\u{1b}[1;31mred\u{1b}[0m"), "red");
        assert_eq!(
            printable("a\u{1b}]0;title\u{7}"),
            "a\u{fffd}]0;title\u{fffd}"
        );
        assert_eq!(printable("a\u{1b}["), "a");
        assert_eq!(log_lines("one\n\r\ntwo\r\n"), ["one", "", "two"]);
        assert_eq!(log_lines("10 %\r50 %\r100 %\r"), ["100 %"]);
        assert_eq!(log_lines(""), [""]);
        assert_eq!(clip("añb", 3), "añb");
        assert_eq!(clip("añbcd", 2), "añ… (3 more characters)");
    }

    #[test]
    fn carets_stand_under_their_place() {
        let check = |code: &str, from: u32, to: u32, expected: &str| {
            assert_eq!(carets(code, Caret { from, to }), expected, "{code}");
        };
        check("def f(:", 6, 7, "      ^");
        check("if x", 4, 5, "    ^");
        check("é = [1 2]", 5, 8, "     ^^^");
        check("名 = 1 2", 6, 7, "       ^");
        check("a\t= 名名", 4, 6, " \t  ^^^^");
        check("", 900, 901, "^");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(336_776), "336,776");
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(999_999), "1.0 MB");
        assert_eq!(bytes(41_200_000), "41.2 MB");
        assert_eq!(seconds(Duration::from_millis(13)), "13 ms");
        assert_eq!(seconds(Duration::from_millis(1240)), "1.24 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 5 s");
    }
}
