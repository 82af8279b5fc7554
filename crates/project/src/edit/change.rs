//! The meaning of each edit: how it changes the tree of a file. Knows nothing of text.

use baton_model::{BlockKind, BlockUuid, Language};
use serde_json::Value;

use super::adopt::adopt;
use super::error::EditError;
use super::keys::{insert, like, open_list, set_path, shape};
use super::operation::{BlockList, Edit, NewBlock};
use super::tree::{Data, Item, Node};
use super::trigger;

const UPSTREAM: &str = "upstream_blocks";
const DOWNSTREAM: &str = "downstream_blocks";

/// Makes `edit` on the tree of `text`.
pub(super) fn change(root: &mut Node, edit: &Edit, text: &str) -> Result<(), EditError> {
    if root.is_absent() {
        *root = Node::map([]);
    } else if !matches!(root.data, Data::Map(..)) {
        return Err(shape(&[], "a map of keys and values"));
    }
    let tree = &mut Tree { root, text };
    match edit {
        Edit::AddBlock { list, block, after } => tree.add_block(*list, block, after.as_ref()),
        Edit::DeleteBlock { uuid } => tree.delete_block(uuid),
        Edit::RenameBlock { uuid, to, name } => tree.rename_block(uuid, to, name.as_deref()),
        Edit::MoveBlock { uuid, to_index } => tree.move_block(uuid, *to_index),
        Edit::SetUpstream { uuid, upstream } => tree.set_upstream(uuid, upstream),
        Edit::SetVariable { name, value } => {
            let path = ["variables".to_owned(), name.clone()];
            set_path(tree.root, text, &path, value.as_ref())
        }
        Edit::SetBlockKey { uuid, path, value } => {
            refuse_path(path, &["uuid"])?;
            let block = tree.block(uuid)?;
            set_path(block, text, path, value.as_ref())
        }
        Edit::SetPipelineKey { path, value } => {
            refuse_path(path, &BlockList::ALL.map(BlockList::key))?;
            set_path(tree.root, text, path, value.as_ref())
        }
        Edit::PutTrigger { name, keys } => trigger::put(tree.root, text, name, keys),
        Edit::SetTriggerKey { name, path, value } => {
            refuse_path(path, &[])?;
            trigger::set(tree.root, text, name, path, value.as_ref())
        }
        Edit::RenameTrigger { name, to } => trigger::rename(tree.root, name, to),
        Edit::RemoveTrigger { name } => trigger::remove(tree.root, name),
    }
}

fn refuse_path(path: &[String], taken: &[&str]) -> Result<(), EditError> {
    let reason = match path {
        [] => "a path needs at least one key",
        [key] if taken.contains(&key.as_str()) => "blocks and their ids have edits of their own",
        _ => return Ok(()),
    };
    Err(EditError::Path {
        path: path.join("."),
        reason,
    })
}

struct Tree<'n, 't> {
    root: &'n mut Node,
    text: &'t str,
}

impl Tree<'_, '_> {
    /// Every list of blocks, those of extensions included, with its key.
    fn lists(&mut self) -> Vec<(&'static str, &mut Vec<Item>)> {
        let mut lists = Vec::new();
        let Data::Map(_, entries) = &mut self.root.data else {
            return lists;
        };
        for entry in entries {
            let Some(key) = entry.key.as_text() else {
                continue;
            };
            if let Some(list) = BlockList::ALL.into_iter().find(|list| list.key() == key) {
                lists.extend(entry.value.items_mut().map(|items| (list.key(), items)));
            } else if key == "extensions"
                && let Data::Map(_, extensions) = &mut entry.value.data
            {
                for extension in extensions {
                    let blocks = extension.value.get_mut(BlockList::Blocks.key());
                    let items = blocks.and_then(Node::items_mut);
                    lists.extend(items.map(|items| ("extensions", items)));
                }
            }
        }
        lists
    }

    /// The list that holds a block, and the block's position in it.
    fn find(
        &mut self,
        uuid: &BlockUuid,
    ) -> Result<(&'static str, &mut Vec<Item>, usize), EditError> {
        for (key, items) in self.lists() {
            if let Some(index) = items.iter().position(|item| is_block(&item.value, uuid)) {
                return Ok((key, items, index));
            }
        }
        Err(EditError::NoSuchBlock { uuid: uuid.clone() })
    }

    fn block(&mut self, uuid: &BlockUuid) -> Result<&mut Node, EditError> {
        let missing = EditError::NoSuchBlock { uuid: uuid.clone() };
        let (_, items, index) = self.find(uuid)?;
        items
            .get_mut(index)
            .map(|item| &mut item.value)
            .ok_or(missing)
    }

    fn refuse_taken(&mut self, uuid: &BlockUuid) -> Result<(), EditError> {
        match self.find(uuid) {
            Ok(_) => Err(EditError::BlockExists { uuid: uuid.clone() }),
            Err(_) => Ok(()),
        }
    }

    fn each_block(&mut self, visit: &mut dyn FnMut(&mut Node)) {
        for (_, items) in self.lists() {
            for item in items {
                visit(&mut item.value);
            }
        }
    }

    fn add_block(
        &mut self,
        list: BlockList,
        block: &NewBlock,
        after: Option<&BlockUuid>,
    ) -> Result<(), EditError> {
        self.refuse_taken(&block.uuid)?;
        for parent in &block.upstream {
            self.block(parent)?;
        }
        let text = self.text;
        if self.root.get(list.key()).is_none() {
            insert(self.root, text, list.key(), Node::list([]))?;
        }
        let Some(node) = self.root.get_mut(list.key()) else {
            return Err(shape(&[list.key()], "a list of blocks"));
        };
        let items = open_list(node, text, &[list.key()], "a list of blocks")?;
        let index = match after {
            None => items.len(),
            Some(uuid) => {
                1 + items
                    .iter()
                    .position(|item| is_block(&item.value, uuid))
                    .ok_or_else(|| EditError::NoSuchBlock { uuid: uuid.clone() })?
            }
        };
        let sibling = items.last().map(|item| &item.value);
        let node = block_node(block, sibling);
        items.insert(index, Item::new(node));
        if list == BlockList::Blocks {
            for parent in &block.upstream {
                add_id(self.block(parent)?, text, DOWNSTREAM, &block.uuid)?;
            }
        }
        Ok(())
    }

    fn delete_block(&mut self, uuid: &BlockUuid) -> Result<(), EditError> {
        let (_, items, index) = self.find(uuid)?;
        items.remove(index);
        self.each_block(&mut |block| {
            remove_id(block, UPSTREAM, uuid);
            remove_id(block, DOWNSTREAM, uuid);
        });
        Ok(())
    }

    fn rename_block(
        &mut self,
        uuid: &BlockUuid,
        to: &BlockUuid,
        name: Option<&str>,
    ) -> Result<(), EditError> {
        if uuid != to {
            self.refuse_taken(to)?;
        }
        let text = self.text;
        let block = self.block(uuid)?;
        let paths = default_path(block, uuid).zip(default_path(block, to));
        rename_text(block, "uuid", uuid.as_str(), to.as_str());
        match name {
            Some(name) => {
                let path = ["name".to_owned()];
                let name = Value::String(name.to_owned());
                set_path(block, text, &path, Some(&name))?;
            }
            None => rename_text(block, "name", uuid.as_str(), to.as_str()),
        }
        self.each_block(&mut |block| {
            for key in [UPSTREAM, DOWNSTREAM] {
                for item in block
                    .get_mut(key)
                    .and_then(Node::items_mut)
                    .into_iter()
                    .flatten()
                {
                    replace_text(&mut item.value, uuid.as_str(), to.as_str());
                }
            }
            rename_text(block, "replicated_block", uuid.as_str(), to.as_str());
            if let (Some((from, to)), Some(settings)) = (&paths, block.get_mut("configuration")) {
                rename_text(settings, "file_path", from, to);
                if let Some(source) = settings.get_mut("file_source") {
                    rename_text(source, "path", from, to);
                }
            }
        });
        Ok(())
    }

    fn move_block(&mut self, uuid: &BlockUuid, to_index: usize) -> Result<(), EditError> {
        let (_, items, index) = self.find(uuid)?;
        if to_index >= items.len() {
            return Err(EditError::NoSuchPosition {
                uuid: uuid.clone(),
                index: to_index,
                length: items.len(),
            });
        }
        let item = items.remove(index);
        items.insert(to_index, item);
        Ok(())
    }

    fn set_upstream(&mut self, uuid: &BlockUuid, upstream: &[BlockUuid]) -> Result<(), EditError> {
        let text = self.text;
        let (list, ..) = self.find(uuid)?;
        let block = self.block(uuid)?;
        let old = ids(block, UPSTREAM);
        set_ids(block, text, UPSTREAM, upstream)?;
        for parent in upstream {
            // What the file names already may stay, even if there is no such block.
            if !old.contains(parent) {
                self.block(parent)?;
            }
        }
        if list != BlockList::Blocks.key() {
            return Ok(());
        }
        for parent in old.iter().filter(|parent| !upstream.contains(parent)) {
            if let Ok(parent) = self.block(parent) {
                remove_id(parent, DOWNSTREAM, uuid);
            }
        }
        for parent in upstream {
            if let Ok(parent) = self.block(parent) {
                add_id(parent, text, DOWNSTREAM, uuid)?;
            }
        }
        Ok(())
    }
}

fn is_block(node: &Node, uuid: &BlockUuid) -> bool {
    node.get("uuid").and_then(Node::as_text) == Some(uuid.as_str())
}

/// Where the file of a block is, unless its settings say otherwise.
fn default_path(block: &Node, uuid: &BlockUuid) -> Option<String> {
    let text = |key| block.get(key).and_then(Node::as_text);
    let folder = BlockKind::parse(text("type")?).folder()?.to_owned();
    let language = text("language").map_or(Language::Python, Language::parse);
    Some(format!("{folder}/{uuid}.{}", language.extension()?))
}

/// The entry of a new block, its keys in the order that `sibling` has.
fn block_node(block: &NewBlock, sibling: Option<&Node>) -> Node {
    let ids = |ids: &[BlockUuid]| Node::list(ids.iter().map(|id| Node::text(id.as_str())));
    let configuration = Value::Object(block.configuration.clone());
    let mut entries = vec![
        ("configuration", Node::from_json(&configuration)),
        (DOWNSTREAM, ids(&[])),
        ("executor_type", Node::text("local_python")),
        ("language", Node::text(block.language.name())),
        ("name", Node::text(&block.name)),
        ("type", Node::text(block.kind.name())),
        (UPSTREAM, ids(&block.upstream)),
        ("uuid", Node::text(block.uuid.as_str())),
    ];
    if let Some(color) = &block.color {
        entries.push(("color", Node::text(color)));
    }
    if let Some(original) = &block.replicated {
        entries.push(("replicated_block", Node::text(original.as_str())));
    }
    for (key, value) in &block.other {
        entries.retain(|(known, _)| known != key);
        entries.push((key, Node::from_json(value)));
    }
    like(sibling, entries)
}

/// The ids that a list of a block names.
fn ids(block: &Node, key: &str) -> Vec<BlockUuid> {
    let items = block.get(key).map(Node::items).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| item.value.as_text().map(BlockUuid::new))
        .collect()
}

/// Makes a list of a block name `to`; what it names already keeps its line.
fn set_ids(block: &mut Node, text: &str, key: &str, to: &[BlockUuid]) -> Result<(), EditError> {
    let items = list_below(block, text, key)?;
    let mut old = std::mem::take(items);
    for id in to {
        let known = old
            .iter()
            .position(|item| item.value.as_text() == Some(id.as_str()));
        items.push(match known {
            Some(index) => old.remove(index),
            None => Item::new(Node::text(id.as_str())),
        });
    }
    Ok(())
}

fn add_id(block: &mut Node, text: &str, key: &str, id: &BlockUuid) -> Result<(), EditError> {
    let items = list_below(block, text, key)?;
    if !items
        .iter()
        .any(|item| item.value.as_text() == Some(id.as_str()))
    {
        items.push(Item::new(Node::text(id.as_str())));
    }
    Ok(())
}

fn list_below<'n>(
    block: &'n mut Node,
    text: &str,
    key: &str,
) -> Result<&'n mut Vec<Item>, EditError> {
    if block.get(key).is_none() {
        insert(block, text, key, Node::list([]))?;
    }
    match block.get_mut(key) {
        Some(node) => open_list(node, text, &[key], "a list of block ids"),
        None => Err(shape(&[key], "a list of block ids")),
    }
}

fn remove_id(block: &mut Node, key: &str, id: &BlockUuid) {
    if let Some(items) = block.get_mut(key).and_then(Node::items_mut) {
        items.retain(|item| item.value.as_text() != Some(id.as_str()));
    }
}

/// Replaces the text of a key, where it is `from`.
fn rename_text(map: &mut Node, key: &str, from: &str, to: &str) {
    if let Some(node) = map.get_mut(key) {
        replace_text(node, from, to);
    }
}

fn replace_text(node: &mut Node, from: &str, to: &str) {
    if node.as_text() == Some(from) {
        *node = adopt(node, Node::text(to));
    }
}
