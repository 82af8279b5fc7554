//! The edits and the one function that makes them. How they are made is told by the modules beside this one.

use baton_model::{BlockKind, BlockUuid, Language, Map};
use serde_json::Value;

use super::emit::Literals;
use super::error::EditError;
use super::keys::set_path;
use super::tree::{Node, line_of};
use super::{change, patch, read};

/// A list of blocks in a pipeline's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockList {
    /// The blocks that run.
    Blocks,
    /// Callbacks; their upstream names the blocks they are attached to.
    Callbacks,
    /// Conditions; their upstream names the blocks they are attached to.
    Conditionals,
    /// Charts; their upstream names the block whose output they draw.
    Widgets,
}

impl BlockList {
    /// Every list.
    pub const ALL: [Self; 4] = [
        Self::Blocks,
        Self::Callbacks,
        Self::Conditionals,
        Self::Widgets,
    ];

    /// Its key in the metadata.
    pub fn key(self) -> &'static str {
        match self {
            Self::Blocks => "blocks",
            Self::Callbacks => "callbacks",
            Self::Conditionals => "conditionals",
            Self::Widgets => "widgets",
        }
    }
}

/// A block to add.
#[derive(Clone, Debug, PartialEq)]
pub struct NewBlock {
    /// Name inside the pipeline.
    pub uuid: BlockUuid,
    /// Name for people.
    pub name: String,
    /// What it is for.
    pub kind: BlockKind,
    /// Language of its file.
    pub language: Language,
    /// Blocks whose products are its inputs, or that it is attached to.
    pub upstream: Vec<BlockUuid>,
    /// Its settings.
    pub configuration: Map,
    /// Colour of a custom block.
    pub color: Option<String>,
    /// The block whose file it runs.
    pub replicated: Option<BlockUuid>,
    /// Further keys, as the metadata spells them.
    pub other: Map,
}

impl NewBlock {
    /// A block with nothing but what it must have.
    pub fn new(uuid: BlockUuid, name: &str, kind: BlockKind, language: Language) -> Self {
        Self {
            uuid,
            name: name.to_owned(),
            kind,
            language,
            upstream: Vec::new(),
            configuration: Map::new(),
            color: None,
            replicated: None,
            other: Map::new(),
        }
    }
}

/// A change of a YAML file of a project.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Adds a block behind another one of the list, or at its end. In the list of blocks that run, the
    /// upstream blocks name it as their downstream.
    AddBlock {
        /// The list.
        list: BlockList,
        /// The block.
        block: Box<NewBlock>,
        /// The block before it.
        after: Option<BlockUuid>,
    },
    /// Removes a block, and its id from every list of upstream and downstream blocks.
    DeleteBlock {
        /// The block.
        uuid: BlockUuid,
    },
    /// Gives a block another id, in every list that names it too, and in the settings that hold the default
    /// path of its file. The file itself is for the caller to move.
    RenameBlock {
        /// The block.
        uuid: BlockUuid,
        /// Its new id.
        to: BlockUuid,
        /// Its new name for people. Without one, a name that was equal to the id follows it.
        name: Option<String>,
    },
    /// Puts a block elsewhere in its list; its lines go with their comments.
    MoveBlock {
        /// The block.
        uuid: BlockUuid,
        /// Its new position, from 0.
        to_index: usize,
    },
    /// Rewires a block. Blocks that run are also entered as downstream of their new parents, and removed
    /// from the old ones.
    SetUpstream {
        /// The block.
        uuid: BlockUuid,
        /// The blocks above it, in the order of its arguments.
        upstream: Vec<BlockUuid>,
    },
    /// Sets a global variable of the pipeline, or removes it.
    SetVariable {
        /// Name of the variable.
        name: String,
        /// Its value; none removes it.
        value: Option<Value>,
    },
    /// Sets or removes a key of a block: `["configuration", "dynamic"]`, `["retry_config", "retries"]`.
    SetBlockKey {
        /// The block.
        uuid: BlockUuid,
        /// The keys that lead to the value.
        path: Vec<String>,
        /// The value; none removes the key.
        value: Option<Value>,
    },
    /// Sets or removes a key of the pipeline, or of any other file that is a map.
    SetPipelineKey {
        /// The keys that lead to the value.
        path: Vec<String>,
        /// The value; none removes the key.
        value: Option<Value>,
    },
    /// Sets keys of a trigger, in the text of a `triggers.yaml`, and adds the trigger where there is none. Its other
    /// keys stay. Moments may be written as ISO texts and variables tagged as [`crate::Trigger`] has them.
    PutTrigger {
        /// Name of the trigger.
        name: String,
        /// The keys with their values, as the file spells them.
        keys: Map,
    },
    /// Sets or removes a key of a trigger, in the text of a `triggers.yaml`.
    SetTriggerKey {
        /// Name of the trigger.
        name: String,
        /// The keys that lead to the value.
        path: Vec<String>,
        /// The value; none removes the key.
        value: Option<Value>,
    },
    /// Gives a trigger another name.
    RenameTrigger {
        /// Name of the trigger.
        name: String,
        /// Its new name.
        to: String,
    },
    /// Removes a trigger.
    RemoveTrigger {
        /// Name of the trigger.
        name: String,
    },
}

/// The text after the edit. Lines that the edit does not concern are the same, byte for byte.
///
/// The result is read again and compared with what was asked for, so a text that means anything else is never returned.
pub fn apply(text: &str, edit: &Edit) -> Result<String, EditError> {
    if text.is_empty() || text.ends_with('\n') {
        return apply_to_lines(text, edit).map(|(result, _)| result);
    }
    // While the edit is made every line ends like the others; then the last one is as it was.
    let newline = newline_of(text);
    let (result, tree) = apply_to_lines(&format!("{text}{newline}"), edit)?;
    if read::parse(text)?.ends_in_block_scalar() {
        return Err(EditError::Unsupported {
            what: "a file that ends inside a text block, without a line break",
            line: line_of(text, text.len()),
        });
    }
    Ok(match result.strip_suffix(newline) {
        Some(stripped) if !tree.ends_in_block_scalar() => stripped.to_owned(),
        _ => result,
    })
}

/// A new text that has these keys.
pub fn write(keys: &Map) -> Result<String, EditError> {
    let old = read::parse("")?;
    let mut new = Node::map([]);
    for (key, value) in keys {
        set_path(&mut new, "", std::slice::from_ref(key), Some(value))?;
    }
    if new.entries().is_empty() {
        return Ok(String::new());
    }
    let result = patch::write("", &old, &new, Literals::Allowed)?;
    if check(&result, &new).is_ok() {
        return Ok(result);
    }
    let result = patch::write("", &old, &new, Literals::Avoided)?;
    check(&result, &new).map(|_| result)
}

/// How lines end in a text.
pub(super) fn newline_of(text: &str) -> &'static str {
    let first = text.split_inclusive('\n').next().unwrap_or_default();
    if first.ends_with("\r\n") {
        "\r\n"
    } else {
        "\n"
    }
}

/// The result, and the tree of it, for a text whose last line ends.
fn apply_to_lines(text: &str, edit: &Edit) -> Result<(String, Node), EditError> {
    let old = read::parse(text)?;
    let mut new = old.clone();
    change::change(&mut new, edit, text)?;
    if old.same(&new) || (old.is_absent() && new.entries().is_empty()) {
        return Ok((text.to_owned(), old));
    }
    let result = patch::write(text, &old, &new, Literals::Allowed)?;
    if let Ok(tree) = check(&result, &new) {
        return Ok((result, tree));
    }
    // The lines of a literal can run into comments that stand below it.
    let result = patch::write(text, &old, &new, Literals::Avoided)?;
    let tree = check(&result, &new)?;
    Ok((result, tree))
}

/// The tree of the changed text, if it means what was asked for.
fn check(result: &str, wanted: &Node) -> Result<Node, EditError> {
    let corrupt = |reason| EditError::WouldCorrupt { reason };
    let tree =
        read::parse(result).map_err(|_| corrupt("the changed text is not readable".to_owned()))?;
    if tree.same(wanted) {
        Ok(tree)
    } else {
        Err(corrupt("the changed text means something else".to_owned()))
    }
}
