//! Writes what happens to the children of one collection: they stay, go, come, or move with their lines.

use std::collections::HashSet;
use std::ops::Range;

use super::patch::Writer;
use super::place::{Extent, extents, line_end, line_start};
use super::tree::Shape;

/// A child of the changed collection.
pub(super) enum Slot {
    /// The child of this index stays where it is.
    Kept(usize),
    /// The child of this index goes elsewhere as it is.
    Moved(usize),
    /// A new child, as lines with indentation (block) or as one line (flow).
    New(Vec<String>),
}

/// The children of a collection as they stand in the text.
pub(super) struct Children {
    /// How the collection is written.
    pub(super) shape: Shape,
    /// Start and end of each child.
    pub(super) spans: Vec<(usize, usize)>,
    /// Where the colon or dash of the collection ends.
    pub(super) after: usize,
    /// Column of the keys or dashes.
    pub(super) column: usize,
    /// So many equal gaps of empty lines make a habit that new children follow.
    pub(super) least_gaps: usize,
}

impl<'t> Writer<'t> {
    /// Writes what happens to the children of a collection, at least one of which is kept.
    pub(super) fn children(&mut self, children: &Children, slots: Vec<Slot>) {
        let kept: HashSet<usize> = slots
            .iter()
            .filter_map(|slot| match slot {
                Slot::Kept(index) => Some(*index),
                _ => None,
            })
            .collect();
        let count = children.spans.len();
        if slots.len() == count && kept.len() == count {
            return;
        }
        match children.shape {
            Shape::Block => self.block_children(children, slots, &kept),
            Shape::Flow => self.flow_children(&children.spans, slots, &kept),
        }
    }

    fn block_children(&mut self, children: &Children, slots: Vec<Slot>, kept: &HashSet<usize>) {
        let column = children.column;
        let extents = extents(self.text, &children.spans, children.after);
        let Some(first) = extents.first() else { return };
        let gap = self.usual_gap(&extents, children.least_gaps);
        let newline = self.manner.newline;
        let mut last_kept: Option<&Extent> = None;
        for slot in slots {
            let lines = match slot {
                Slot::Kept(index) => {
                    last_kept = extents.get(index);
                    continue;
                }
                Slot::New(lines) => lines.join(newline),
                Slot::Moved(index) => match extents.get(index) {
                    Some(extent) => self.lines_of(extent, column),
                    None => continue,
                },
            };
            match last_kept {
                Some(extent) => {
                    self.patch(extent.end..extent.end, format!("{gap}{lines}{newline}"));
                }
                None if first.own_line => {
                    self.patch(first.head..first.head, format!("{lines}{newline}{gap}"));
                }
                None => {
                    let indent = " ".repeat(column);
                    let lines = lines.trim_start();
                    self.patch(
                        first.start..first.start,
                        format!("{lines}{newline}{gap}{indent}"),
                    );
                }
            }
        }
        self.remove_block_children(&extents, kept);
    }

    fn remove_block_children(&mut self, extents: &[Extent], kept: &HashSet<usize>) {
        let Some(first_kept) = kept.iter().min().copied() else {
            return;
        };
        let last_kept = kept.iter().max().copied().unwrap_or(first_kept);
        let mut index = 0;
        // The first child may share its line with its parent's dash: the next one takes its place there.
        if let [first, ..] = extents
            && !first.own_line
            && first_kept > 0
        {
            if let Some(next) = extents.get(first_kept) {
                self.patch(first.start..next.start, "");
            }
            index = first_kept;
        }
        for (at, extent) in extents.iter().enumerate().skip(index) {
            if kept.contains(&at) {
                continue;
            }
            let mut range = extent.head..extent.end;
            if let Some(next) = extents.get(at + 1)
                && self.is_blank(extent.end..next.head)
            {
                range.end = next.head;
            }
            if at == last_kept + 1
                && let Some(previous) = extents.get(last_kept)
                && self.is_blank(previous.end..extent.head)
            {
                range.start = previous.end;
            }
            self.patch(range, "");
        }
    }

    /// The text of a child that moves, without its last line break.
    fn lines_of(&self, extent: &Extent, column: usize) -> String {
        let text = self
            .text
            .get(extent.head..extent.end)
            .unwrap_or_default()
            .trim_end_matches(['\r', '\n']);
        if extent.own_line {
            text.to_owned()
        } else {
            format!("{}{text}", " ".repeat(column))
        }
    }

    /// What stands between all children, where that is empty lines and always the same.
    fn usual_gap(&self, extents: &[Extent], least: usize) -> &'t str {
        let mut gaps = extents.windows(2).filter_map(|pair| match pair {
            [one, two] => self.text.get(one.end..two.head),
            _ => None,
        });
        match gaps.next() {
            Some(gap)
                if extents.len() > least
                    && gap.trim().is_empty()
                    && gaps.all(|other| other == gap) =>
            {
                gap
            }
            _ => "",
        }
    }

    fn flow_children(&mut self, spans: &[(usize, usize)], slots: Vec<Slot>, kept: &HashSet<usize>) {
        let Some(first) = spans.first().copied() else {
            return;
        };
        let mut last_kept: Option<(usize, usize)> = None;
        for slot in slots {
            let text = match slot {
                Slot::Kept(index) => {
                    last_kept = spans.get(index).copied();
                    continue;
                }
                Slot::New(lines) => lines.concat(),
                Slot::Moved(index) => spans
                    .get(index)
                    .and_then(|(start, end)| self.text.get(*start..*end))
                    .unwrap_or_default()
                    .to_owned(),
            };
            if let Some((start, end)) = last_kept {
                let separator = self.flow_separator(start);
                self.patch(end..end, format!("{separator}{text}"));
            } else {
                let separator = self.flow_separator(first.0);
                self.patch(first.0..first.0, format!("{text}{separator}"));
            }
        }
        let last_kept = kept.iter().max().copied().unwrap_or(0);
        for (index, (start, end)) in spans.iter().copied().enumerate() {
            if kept.contains(&index) {
                continue;
            }
            if index > last_kept {
                if index == last_kept + 1
                    && let (Some(previous), Some(last)) = (spans.get(last_kept), spans.last())
                {
                    let range = self.flow_tail(previous.1, start, last.1);
                    self.patch(range, "");
                }
            } else if let Some(next) = spans.get(index + 1) {
                self.patch(start..next.0, "");
            } else {
                self.patch(start..end, "");
            }
        }
    }

    /// A comma, and a new line where the child at `start` begins one.
    fn flow_separator(&self, start: usize) -> String {
        let line = line_start(self.text, start);
        match self.text.get(line..start) {
            Some(indent) if !indent.is_empty() && indent.trim().is_empty() => {
                format!(",{}{indent}", self.manner.newline)
            }
            _ => ", ".to_owned(),
        }
    }

    /// What goes with the last children: whole lines, where they have lines to themselves and a comma stands
    /// before them (which may stay); else the comma too.
    fn flow_tail(&self, previous: usize, start: usize, end: usize) -> Range<usize> {
        let line = line_start(self.text, start);
        let next = line_end(self.text, end);
        let behind = self.text.get(end..next).unwrap_or_default().trim();
        let behind = behind.strip_prefix(',').unwrap_or(behind).trim_start();
        if line > previous
            && self.is_blank(line..start)
            && (behind.is_empty() || behind.starts_with('#'))
        {
            line..next
        } else {
            previous..end
        }
    }
}
