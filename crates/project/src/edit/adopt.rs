//! Keeps the text of what stays equal when a value takes the place of another one.

use super::scalar::{Scalar, Style};
use super::tree::{Data, Entry, Item, Node, Shape};

/// `new` with as much of `old` in it as possible, so that what stays equal keeps its text.
pub(super) fn adopt(old: &Node, new: Node) -> Node {
    if old.same(&new) {
        return old.clone();
    }
    if old.anchor.is_some() || old.tag.is_some() {
        return new;
    }
    match (&old.data, new.data) {
        (Data::Scalar(Scalar::Text(_), style), Data::Scalar(scalar @ Scalar::Text(_), wanted)) => {
            let style = match (style, wanted) {
                (Style::Single | Style::Double, Style::Plain) => *style,
                _ => wanted,
            };
            Node::new(Data::Scalar(scalar, style))
        }
        (Data::Map(shape, entries), Data::Map(_, wanted)) => Node {
            data: adopt_entries(*shape, entries, wanted),
            ..old.clone()
        },
        (Data::List(shape, items), Data::List(_, wanted)) => Node {
            data: adopt_items(*shape, items, wanted),
            ..old.clone()
        },
        (_, data) => Node::new(data),
    }
}

fn adopt_entries(shape: Shape, old: &[Entry], mut wanted: Vec<Entry>) -> Data {
    let mut entries = Vec::with_capacity(wanted.len());
    for entry in old {
        if let Some(index) = wanted.iter().position(|new| new.key.same(&entry.key)) {
            let new = wanted.remove(index);
            entries.push(Entry {
                value: adopt(&entry.value, new.value),
                ..entry.clone()
            });
        }
    }
    entries.extend(wanted);
    Data::Map(shape_of(shape, old.is_empty()), entries)
}

fn adopt_items(shape: Shape, old: &[Item], wanted: Vec<Item>) -> Data {
    let same = |(a, b): &(&Item, &Item)| a.value.same(&b.value);
    let head = old.iter().zip(&wanted).take_while(same).count();
    let most = old.len().min(wanted.len()) - head;
    let tail = old
        .iter()
        .rev()
        .zip(wanted.iter().rev())
        .take(most)
        .take_while(same)
        .count();
    let middle = &old[head..old.len() - tail];
    let last = wanted.len() - tail;
    let items = wanted
        .into_iter()
        .enumerate()
        .map(|(index, item)| {
            let known = if index < head {
                old.get(index)
            } else if index >= last {
                old.get(old.len() - tail + (index - last))
            } else {
                middle.get(index - head)
            };
            match known {
                Some(known) => Item {
                    value: adopt(&known.value, item.value),
                    ..known.clone()
                },
                None => item,
            }
        })
        .collect();
    Data::List(shape_of(shape, old.is_empty()), items)
}

/// Brackets that were empty say nothing about the style of what goes in.
fn shape_of(shape: Shape, was_empty: bool) -> Shape {
    if was_empty { Shape::Block } else { shape }
}
