//! Where the children of a block collection stand: which lines, comments and gaps are theirs.

use super::emit::column;

/// The lines of one child of a block collection.
///
/// Comment lines right above a child belong to it, and so do comments below it that are indented deeper
/// than its key or dash. What is left between two children (empty lines, comments that stand alone) is a gap.
#[derive(Clone, Debug)]
pub(super) struct Extent {
    /// Where its key or dash is.
    pub(super) start: usize,
    /// Start of its first line, comments above it included; `start` itself where the child shares its
    /// line with the dash of its parent.
    pub(super) head: usize,
    /// Behind the line break of its last line.
    pub(super) end: usize,
    /// Whether its key or dash is the first thing on its line.
    pub(super) own_line: bool,
}

/// The extents of children that start and end at `spans`, in a collection whose colon or dash ends at `after`.
pub(super) fn extents(text: &str, spans: &[(usize, usize)], after: usize) -> Vec<Extent> {
    let mut extents: Vec<Extent> = Vec::with_capacity(spans.len());
    let mut above = if after == 0 { 0 } else { line_end(text, after) };
    for (index, (start, end)) in spans.iter().copied().enumerate() {
        let line = line_start(text, start);
        let own_line = text
            .get(line..start)
            .is_some_and(|indent| indent.trim_start_matches('\u{feff}').trim().is_empty());
        let head = match (own_line, index, after) {
            (false, ..) => start,
            // What stands above the first key of a file is about the file.
            (true, 0, 0) => line,
            (true, ..) => comments_above(text, line, above),
        };
        let end = comments_below(text, line_end(text, end), column(text, start));
        above = end;
        extents.push(Extent {
            start,
            head,
            end,
            own_line,
        });
    }
    extents
}

/// Start of the line of a position.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |end| end + 1)
}

/// Behind the line break of the line of a position.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text.get(at..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |length| at + length + 1)
}

/// Start of the run of comment lines that ends at `line`, not before `least`.
fn comments_above(text: &str, line: usize, least: usize) -> usize {
    let mut head = line;
    while head > least {
        let above = line_start(text, head - 1);
        let is_comment = text
            .get(above..head)
            .is_some_and(|line| line.trim_start().starts_with('#'));
        if above < least || !is_comment {
            break;
        }
        head = above;
    }
    head
}

/// End of the last comment line after `line` that is indented deeper than `column`; empty lines may stand between.
fn comments_below(text: &str, line: usize, column: usize) -> usize {
    let (mut end, mut at) = (line, line);
    while at < text.len() {
        let next = line_end(text, at);
        let line = text.get(at..next).unwrap_or_default();
        let content = line.trim_start_matches([' ', '\t']);
        if content.starts_with('#') && line.len() - content.len() > column {
            end = next;
        } else if !content.trim().is_empty() {
            break;
        }
        at = next;
    }
    end
}
