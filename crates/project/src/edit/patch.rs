//! Turns the difference between a tree that was read and the same tree changed into patches of the text.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::children::{Children, Slot};
use super::emit::{Literals, Manner, Written, column};
use super::error::EditError;
use super::place::{extents, line_end, line_start};
use super::tree::{Data, Entry, Item, Node, Shape, line_of};

/// The text after the changes from `old`, which was read from `text`, to `new`.
pub(super) fn write(
    text: &str,
    old: &Node,
    new: &Node,
    literals: Literals,
) -> Result<String, EditError> {
    let mut aliased = HashSet::new();
    old.walk(&mut |node| {
        if let Data::Alias(name) = &node.data {
            aliased.insert(name.as_str());
        }
    });
    let mut writer = Writer {
        text,
        manner: Manner::of(text, old, literals),
        aliased,
        patches: Vec::new(),
    };
    writer.node(old, new, &Place::Root)?;
    writer.finish()
}

/// What a value hangs on.
enum Place<'t> {
    /// The document.
    Root,
    /// A colon in a block map.
    Colon {
        /// Behind it.
        at: usize,
        /// Column of the key.
        column: usize,
        /// The key, where it is text.
        key: Option<&'t str>,
    },
    /// A dash.
    Dash {
        /// Behind it.
        at: usize,
        /// Its column.
        column: usize,
        /// The key that the list belongs to.
        key: Option<&'t str>,
    },
    /// Brackets.
    Flow {
        /// Behind the colon, and whether there is one; none in a list.
        colon: Option<(usize, bool)>,
        /// The key that the value belongs to.
        key: Option<&'t str>,
    },
}

impl<'t> Place<'t> {
    fn key(&self) -> Option<&'t str> {
        match self {
            Self::Root => None,
            Self::Colon { key, .. } | Self::Dash { key, .. } | Self::Flow { key, .. } => *key,
        }
    }

    fn after(&self, old: &Node) -> usize {
        match self {
            Self::Root => 0,
            Self::Colon { at, .. } | Self::Dash { at, .. } => *at,
            Self::Flow { .. } => old.span.start,
        }
    }
}

/// Collects the patches of a text.
pub(super) struct Writer<'t> {
    pub(super) text: &'t str,
    pub(super) manner: Manner,
    aliased: HashSet<&'t str>,
    patches: Vec<(Range<usize>, String)>,
}

impl Writer<'_> {
    /// Puts `text` in the place of a range.
    pub(super) fn patch(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.patches.push((range, text.into()));
    }

    /// Applies the patches. Two that overlap are a mistake of ours.
    fn finish(mut self) -> Result<String, EditError> {
        self.patches
            .sort_by_key(|(range, _)| (range.start, !range.is_empty()));
        let mut out = String::with_capacity(self.text.len() + 256);
        let mut at = 0;
        for (range, text) in &self.patches {
            let Some(between) = self.text.get(at..range.start) else {
                return Err(EditError::WouldCorrupt {
                    reason: "two changes meet in one place".to_owned(),
                });
            };
            out.push_str(between);
            out.push_str(text);
            at = range.end;
        }
        out.push_str(self.text.get(at..).unwrap_or_default());
        Ok(out)
    }

    /// Writes the changes below `old`.
    fn node(&mut self, old: &Node, new: &Node, place: &Place<'_>) -> Result<(), EditError> {
        let before = self.patches.len();
        if new.id == old.id {
            match (&old.data, &new.data) {
                (Data::List(shape, old_items), Data::List(_, new_items)) => {
                    self.list(old, new, (*shape, old_items, new_items), place)?;
                }
                (Data::Map(shape, old_entries), Data::Map(_, new_entries)) => {
                    self.map(old, new, (*shape, old_entries, new_entries), place)?;
                }
                _ => {}
            }
        } else {
            self.replace(old, new, place)?;
        }
        if self.patches.len() > before {
            self.refuse_shared(old.anchor.as_deref(), old)?;
        }
        Ok(())
    }

    fn refuse_shared(&self, anchor: Option<&str>, node: &Node) -> Result<(), EditError> {
        match anchor {
            Some(name) if self.aliased.contains(name) => Err(EditError::Shared {
                name: name.to_owned(),
                line: line_of(self.text, node.span.start),
            }),
            _ => Ok(()),
        }
    }

    /// Refuses to lose a value that an alias needs.
    fn refuse_loss(&self, node: &Node) -> Result<(), EditError> {
        let mut result = Ok(());
        node.walk(&mut |node| {
            if result.is_ok() {
                result = self.refuse_shared(node.anchor.as_deref(), node);
            }
        });
        result
    }

    fn map(
        &mut self,
        old: &Node,
        new: &Node,
        (shape, old_entries, new_entries): (Shape, &[Entry], &[Entry]),
        place: &Place<'_>,
    ) -> Result<(), EditError> {
        let indices: HashMap<usize, usize> = old_entries
            .iter()
            .enumerate()
            .filter_map(|(index, entry)| entry.key.id.map(|id| (id, index)))
            .collect();
        let index_of = |entry: &Entry| entry.key.id.and_then(|id| indices.get(&id).copied());
        let kept: Vec<Option<usize>> = new_entries.iter().map(index_of).collect();
        self.refuse_removed(old_entries.iter().map(|entry| &entry.value), &kept)?;
        if kept.iter().all(Option::is_none) {
            return self.replace_children(old, new, place);
        }
        let column = old_entries
            .first()
            .map_or(0, |entry| column(self.text, entry.key.span.start));
        let mut slots = Vec::with_capacity(new_entries.len());
        for (entry, index) in new_entries.iter().zip(&kept) {
            let Some((index, was)) = index.and_then(|at| Some((at, old_entries.get(at)?))) else {
                let lines = match shape {
                    Shape::Block => self.manner.entry(entry, column),
                    Shape::Flow => vec![self.manner.flow_entry(entry)],
                };
                slots.push(Slot::New(lines));
                continue;
            };
            let key = was.key.as_text();
            let place = match shape {
                Shape::Block => Place::Colon {
                    at: was.colon,
                    column,
                    key,
                },
                Shape::Flow => Place::Flow {
                    colon: Some((was.colon, was.has_colon)),
                    key,
                },
            };
            self.node(&was.value, &entry.value, &place)?;
            slots.push(Slot::Kept(index));
        }
        let spans: Vec<(usize, usize)> = old_entries
            .iter()
            .map(|entry| (entry.key.span.start, entry.end()))
            .collect();
        self.children(
            &Children {
                shape,
                spans,
                after: place.after(old),
                column,
                least_gaps: 2,
            },
            slots,
        );
        Ok(())
    }

    fn list(
        &mut self,
        old: &Node,
        new: &Node,
        (shape, old_items, new_items): (Shape, &[Item], &[Item]),
        place: &Place<'_>,
    ) -> Result<(), EditError> {
        let indices: HashMap<usize, usize> = old_items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| item.id.map(|id| (id, index)))
            .collect();
        let index_of = |item: &Item| item.id.and_then(|id| indices.get(&id).copied());
        let known: Vec<Option<usize>> = new_items.iter().map(index_of).collect();
        self.refuse_removed(old_items.iter().map(|item| &item.value), &known)?;
        if known.iter().all(Option::is_none) {
            return self.replace_children(old, new, place);
        }
        let in_place = longest_rising(&known);
        let key = place.key();
        let column = old_items
            .first()
            .map_or(0, |item| column(self.text, item.dash));
        let mut slots = Vec::with_capacity(new_items.len());
        for (item, index) in new_items.iter().zip(&known) {
            let was = index.and_then(|at| Some((at, old_items.get(at)?)));
            let slot = match was {
                Some((index, was)) if in_place.contains(&index) => {
                    let place = match shape {
                        Shape::Block => Place::Dash {
                            at: was.dash + 1,
                            column,
                            key,
                        },
                        Shape::Flow => Place::Flow { colon: None, key },
                    };
                    self.node(&was.value, &item.value, &place)?;
                    Slot::Kept(index)
                }
                Some((index, was)) if was.value.same(&item.value) => Slot::Moved(index),
                _ => {
                    let lines = match shape {
                        Shape::Block => self.manner.item(&item.value, key, column),
                        Shape::Flow => vec![self.manner.inline(&item.value, key, true)],
                    };
                    Slot::New(lines)
                }
            };
            slots.push(slot);
        }
        let spans: Vec<(usize, usize)> = old_items
            .iter()
            .map(|item| match shape {
                Shape::Block => (item.dash, item.value.span.end.max(item.dash + 1)),
                Shape::Flow => (item.value.span.start, item.value.span.end),
            })
            .collect();
        self.children(
            &Children {
                shape,
                spans,
                after: place.after(old),
                column,
                least_gaps: 1,
            },
            slots,
        );
        Ok(())
    }

    fn refuse_removed<'n>(
        &self,
        old: impl Iterator<Item = &'n Node>,
        kept: &[Option<usize>],
    ) -> Result<(), EditError> {
        for (index, node) in old.enumerate() {
            if !kept.contains(&Some(index)) {
                self.refuse_loss(node)?;
            }
        }
        Ok(())
    }

    /// Every child goes: the collection is written anew, unless it was and is empty.
    fn replace_children(
        &mut self,
        old: &Node,
        new: &Node,
        place: &Place<'_>,
    ) -> Result<(), EditError> {
        let empty = |node: &Node| node.items().is_empty() && node.entries().is_empty();
        if empty(old) && empty(new) {
            return Ok(());
        }
        self.replace(old, new, place)
    }

    /// Whether nothing but white space stands there.
    pub(super) fn is_blank(&self, range: Range<usize>) -> bool {
        self.text
            .get(range)
            .is_some_and(|text| text.trim().is_empty())
    }

    /// Writes `new` where `old` is.
    fn replace(&mut self, old: &Node, new: &Node, place: &Place<'_>) -> Result<(), EditError> {
        self.refuse_loss(old)?;
        if old.tag.is_some() || old.anchor.is_some() {
            return Err(EditError::Unsupported {
                what: "a value with a tag or an anchor",
                line: line_of(self.text, old.span.start),
            });
        }
        match place {
            Place::Flow { colon, key } => {
                let text = self.manner.inline(new, *key, true);
                match colon {
                    Some((at, true)) if old.is_absent() => self.patch(*at..*at, format!(" {text}")),
                    Some((at, false)) => self.patch(*at..*at, format!(": {text}")),
                    _ => self.patch(old.span.clone(), text),
                }
            }
            Place::Root => self.replace_root(old, new),
            Place::Colon { at, column, key } | Place::Dash { at, column, key } => {
                let mut written = self.manner.value(new, *key, *column, false);
                if let (Place::Dash { .. }, Written::Below { head: "", .. }) = (place, &written) {
                    // Below a dash a collection needs no particular column; brackets are the plainest form.
                    written = Written::Inline(self.manner.inline(new, *key, true));
                }
                self.replace_value(old, *at, written);
            }
        }
        Ok(())
    }

    fn replace_root(&mut self, old: &Node, new: &Node) {
        let newline = self.manner.newline;
        let text = match &new.data {
            Data::Map(Shape::Block, entries) if !entries.is_empty() => {
                self.manner.lines(new, None, 0).join(newline)
            }
            _ => self.manner.inline(new, None, false),
        };
        if old.is_absent() {
            let end = self.text.len();
            self.patch(end..end, format!("{text}{newline}"));
        } else {
            self.patch(old.span.clone(), text);
        }
    }

    /// Writes a value behind the colon or dash that ends at `after`, in place of `old`.
    fn replace_value(&mut self, old: &Node, after: usize, written: Written) {
        let newline = self.manner.newline;
        let is_collection = matches!(
            &old.data,
            Data::List(Shape::Block, _) | Data::Map(Shape::Block, _)
        );
        let start = old.span.start;
        let line = line_start(self.text, start);
        if is_collection && line > after && self.is_blank(line..start) {
            let spans = [(start, old.span.end)];
            let Some(extent) = extents(self.text, &spans, after).into_iter().next() else {
                return;
            };
            let (inline, lines) = match written {
                Written::Inline(text) => (format!(" {text}"), String::new()),
                Written::Below { head, lines } => (
                    with_space(head),
                    format!("{}{newline}", lines.join(newline)),
                ),
            };
            self.patch(after..after, inline);
            self.patch(extent.head..extent.end, lines);
            return;
        }
        let is_block_scalar = matches!(
            &old.data,
            Data::Scalar(
                _,
                super::scalar::Style::Literal | super::scalar::Style::Folded
            )
        );
        match written {
            Written::Inline(text) if old.is_absent() => {
                self.patch(after..after, format!(" {text}"));
            }
            Written::Inline(text) => self.patch(old.span.clone(), text),
            Written::Below { head, lines } => {
                let lines = lines.join(newline);
                if is_block_scalar || is_collection {
                    let text = format!("{}{newline}{lines}", with_space(head));
                    self.patch(after..old.span.end, text);
                    return;
                }
                self.patch(after..old.span.end.max(after), with_space(head));
                let end = line_end(self.text, old.span.end.max(after));
                self.patch(end..end, format!("{lines}{newline}"));
            }
        }
    }
}

fn with_space(head: &str) -> String {
    if head.is_empty() {
        String::new()
    } else {
        format!(" {head}")
    }
}

/// The indices that can stay where they are while the others move: a longest rising subsequence.
fn longest_rising(indices: &[Option<usize>]) -> HashSet<usize> {
    let known: Vec<usize> = indices.iter().copied().flatten().collect();
    // Per position: length of the longest run that ends there, and the position before it.
    let mut best: Vec<(usize, Option<usize>)> = Vec::with_capacity(known.len());
    for (at, value) in known.iter().enumerate() {
        let before = (0..at)
            .filter(|earlier| known[*earlier] < *value)
            .max_by_key(|earlier| (best[*earlier].0, std::cmp::Reverse(*earlier)));
        best.push((before.map_or(1, |earlier| best[earlier].0 + 1), before));
    }
    let mut staying = HashSet::new();
    let mut at = (0..best.len()).max_by_key(|at| best[*at].0);
    while let Some(position) = at {
        staying.insert(known[position]);
        at = best[position].1;
    }
    staying
}
