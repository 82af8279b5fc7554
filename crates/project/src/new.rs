//! `baton new`: a pipeline, or a block with its file and its entry in a pipeline.
//!
//! The pipeline's YAML is edited, so that every other line of it keeps its bytes. Files that exist are not overwritten.

use std::path::Path;

use baton_base::files::{self, FileError};
use baton_base::{Class, Diagnose};
use baton_model::{BlockKind, BlockUuid, Language, Map, Pipeline, PipelineUuid};
use serde_json::{Value, json};

use crate::blocktemplate::{self, BlockTemplate};
use crate::edit::{self, BlockList, Edit, EditError, NewBlock};
use crate::project::{PipelineError, Project};
use crate::scaffold::{created_at, write_new};

const PIPELINE: &str = include_str!("../templates/pipelines/new.yaml");

/// Making a pipeline or a block failed; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// Nothing is left of the name when characters that ids cannot have are taken away.
    #[error("make an id of the name `{name}`")]
    Name {
        /// The name.
        name: String,
    },
    /// There is such a pipeline.
    #[error("make the pipeline `{uuid}`: there is one already")]
    PipelineExists {
        /// Its id.
        uuid: PipelineUuid,
    },
    /// A template was named, and the file that it would fill is there.
    #[error("write `{file}` from a template: the file exists")]
    FileExists {
        /// The file, relative to the project.
        file: String,
    },
    /// Neither the kind nor a template that has one was named.
    #[error("make the block: its type is not known")]
    NoKind,
    /// Blocks of the kind are no files that are run.
    #[error("make a block of the type `{kind}` from a template")]
    NoFile {
        /// The kind.
        kind: String,
    },
    /// There is no such template.
    #[error("find the template `{id}` for a {kind} in {language}")]
    NoTemplate {
        /// The name that was given.
        id: String,
        /// The kind of block.
        kind: String,
        /// The language.
        language: String,
        /// Names that exist for the kind and the language.
        known: Vec<String>,
    },
    /// A template cannot be rendered.
    #[error("render the template `{id}`: {message}")]
    Template {
        /// Its name.
        id: String,
        /// Why.
        message: String,
    },
    /// The block to replicate is not in the pipeline.
    #[error("replicate the block `{uuid}`: the pipeline has none of this name")]
    NoOriginal {
        /// The name that was given.
        uuid: BlockUuid,
    },
    /// The pipeline cannot be read.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// The pipeline's file cannot be changed this way.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Diagnose for NewError {
    fn class(&self) -> Class {
        match self {
            Self::PipelineExists { .. } | Self::FileExists { .. } => Class::Conflict,
            Self::Pipeline(error) => error.class(),
            Self::Edit(error) => error.class(),
            Self::File(error) => error.class(),
            _ => Class::User,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Name { .. } => Some("use a name with letters or digits".to_owned()),
            Self::PipelineExists { .. } => Some("choose another name".to_owned()),
            Self::FileExists { .. } => Some(
                "leave the template out to use the file as it is, or choose another name"
                    .to_owned(),
            ),
            Self::NoKind => Some("say --type data_loader, for instance".to_owned()),
            Self::NoFile { .. } => {
                Some("write its entry into the pipeline's metadata.yaml".to_owned())
            }
            Self::NoTemplate { known, .. } if known.is_empty() => {
                Some("`baton new templates` lists what there is".to_owned())
            }
            Self::NoTemplate { known, .. } => Some(format!("there are: {}", known.join(", "))),
            Self::Template { .. } => Some("correct the template".to_owned()),
            Self::NoOriginal { .. } => None,
            Self::Pipeline(error) => error.hint(),
            Self::Edit(error) => error.hint(),
            Self::File(error) => error.hint(),
        }
    }
}

/// The id that Mage makes of a name: `Load Data-1` gives `load_data_1`. Names of blocks may have `/`.
pub fn clean_name(name: &str, keep_slash: bool) -> String {
    let cleaned: String = name
        .chars()
        .filter(|c| !matches!(c, '\u{feff}' | '"' | '$' | '\n' | '\r' | '\t'))
        .map(|c| match c {
            '_' => c,
            '/' if keep_slash => c,
            c if c.is_alphanumeric() => c,
            _ => '_',
        })
        .flat_map(char::to_lowercase)
        .collect();
    if cleaned.starts_with(|c: char| c.is_ascii_digit()) {
        format!("letter_{cleaned}")
    } else {
        cleaned
    }
}

/// A pipeline to make.
#[derive(Clone, Debug, Default)]
pub struct NewPipeline {
    /// Name for people; its id is made of it.
    pub name: String,
    /// `python`, `integration` or `streaming`.
    pub kind: String,
    /// What it is for.
    pub description: Option<String>,
    /// Labels.
    pub tags: Vec<String>,
}

/// Makes a pipeline without blocks, and gives its id. `now` is in microseconds since 1970 (UTC).
pub fn new_pipeline(
    project: &Project,
    new: &NewPipeline,
    now: i64,
) -> Result<PipelineUuid, NewError> {
    let keys = Map::from_iter([
        ("type".to_owned(), json!(new.kind)),
        ("description".to_owned(), json!(new.description)),
        ("tags".to_owned(), json!(new.tags)),
    ]);
    pipeline_from(project, PIPELINE, &new.name, &keys, now)
}

/// Makes a pipeline of the text of another one's `metadata.yaml`, with its own name and these keys, and gives its id.
/// `now` is in microseconds since 1970 (UTC).
pub fn pipeline_from(
    project: &Project,
    text: &str,
    name: &str,
    keys: &Map,
    now: i64,
) -> Result<PipelineUuid, NewError> {
    let uuid = PipelineUuid::new(usable(clean_name(name, false), name)?);
    let folder = project.root().join("pipelines").join(uuid.as_str());
    let exists = || NewError::PipelineExists { uuid: uuid.clone() };
    if folder.join("metadata.yaml").exists() {
        return Err(exists());
    }
    let mut text = text.to_owned();
    let own = [
        ("name".to_owned(), json!(name)),
        ("uuid".to_owned(), json!(uuid)),
    ];
    let keys = keys.iter().map(|(key, value)| (key.clone(), value.clone()));
    let made = ("created_at".to_owned(), json!(created_at(now)));
    for (key, value) in own.into_iter().chain(keys).chain([made]) {
        let edit = Edit::SetPipelineKey {
            path: vec![key],
            value: Some(value),
        };
        text = edit::apply(&text, &edit)?;
    }
    write_new(&project.root().join("pipelines/__init__.py"), "")?;
    write_new(&folder.join("__init__.py"), "")?;
    if write_new(&folder.join("metadata.yaml"), &text)? {
        Ok(uuid)
    } else {
        Err(exists())
    }
}

fn usable(id: String, name: &str) -> Result<String, NewError> {
    let is_usable = id
        .split('/')
        .all(|part| part.chars().any(char::is_alphanumeric));
    if is_usable {
        Ok(id)
    } else {
        Err(NewError::Name {
            name: name.to_owned(),
        })
    }
}

/// A block to make.
#[derive(Clone, Debug, Default)]
pub struct BlockRequest {
    /// Name for people; its id is made of it.
    pub name: String,
    /// What it is for; the template or the original can say it too.
    pub kind: Option<BlockKind>,
    /// Language of its file; Python unless the template or the original says otherwise.
    pub language: Option<Language>,
    /// Name of the template.
    pub template: Option<String>,
    /// Blocks above it, or that it is attached to.
    pub upstream: Vec<BlockUuid>,
    /// Blocks that get it as a further block above them.
    pub downstream: Vec<BlockUuid>,
    /// The block whose file it runs.
    pub replicate: Option<BlockUuid>,
    /// Whether the blocks below run once for each item that it returns.
    pub dynamic: bool,
    /// Whether what is below a dynamic block's child gets all results as one list.
    pub reduce: bool,
    /// Colour of a custom block.
    pub color: Option<String>,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockReport {
    /// The block's id.
    pub uuid: BlockUuid,
    /// Its file, relative to the project; none for a replica.
    pub file: Option<String>,
    /// Whether the file was there before and is used as it is.
    pub kept: bool,
    /// The pipeline's file, which has a new entry.
    pub pipeline_file: String,
}

/// Makes a block: its file, unless there is one, and its entry in the pipeline.
pub fn new_block(
    project: &Project,
    pipeline: &PipelineUuid,
    request: &BlockRequest,
) -> Result<BlockReport, NewError> {
    let uuid = usable(clean_name(&request.name, true), &request.name)?;
    let pipeline = project.pipeline(pipeline)?;
    let plan = match &request.replicate {
        Some(original) => replica(&pipeline, original)?,
        None => from_template(project, request)?,
    };
    let file = match &plan.template {
        None => None,
        Some(template) => {
            let file = file_of(&plan, &uuid)?;
            let inputs = request.upstream.len();
            let text = template
                .render(&request.name, &uuid, inputs)
                .map_err(|message| NewError::Template {
                    id: template.id.clone(),
                    message,
                })?;
            let exists = project.root().join(&file).exists();
            if exists && request.template.is_some() {
                return Err(NewError::FileExists { file });
            }
            Some((file, text))
        }
    };
    let uuid = BlockUuid::new(uuid);
    let path = project.pipeline_path(&pipeline.uuid);
    let full = project.root().join(&path);
    let text = entered(&files::read_text(&full)?, &uuid, &pipeline, &plan, request)?;
    // The file first: an entry never names a file that is not there.
    let mut kept = false;
    if let Some((file, text)) = &file {
        kept = !write_new(&project.root().join(file), text)?;
        if let Some(folder) = file.split('/').next() {
            write_new(&project.root().join(folder).join("__init__.py"), "")?;
        }
    }
    files::write_atomic(&full, text.as_bytes())?;
    Ok(BlockReport {
        uuid,
        file: file.map(|(file, _)| file),
        kept,
        pipeline_file: path,
    })
}

/// What the block will be.
struct Planned {
    kind: BlockKind,
    language: Language,
    template: Option<BlockTemplate>,
}

fn replica(pipeline: &Pipeline, original: &BlockUuid) -> Result<Planned, NewError> {
    let block = pipeline
        .block(original)
        .ok_or_else(|| NewError::NoOriginal {
            uuid: original.clone(),
        })?;
    Ok(Planned {
        kind: block.kind.clone(),
        language: block.language.clone(),
        template: None,
    })
}

fn from_template(project: &Project, request: &BlockRequest) -> Result<Planned, NewError> {
    let id = match &request.template {
        Some(id) => id.as_str(),
        None if request.dynamic => blocktemplate::DYNAMIC,
        None => blocktemplate::DEFAULT,
    };
    let fits = |template: &BlockTemplate| {
        let kind = request.kind.as_ref();
        let language = request.language.as_ref();
        let default = match kind {
            Some(BlockKind::Markdown) => Language::Markdown,
            _ => Language::Python,
        };
        // A template of the project is unique by its name and may say the rest.
        let (kind_fits, language_fits) = if template.is_custom {
            (
                kind.is_none_or(|kind| *kind == template.kind),
                language.is_none_or(|language| *language == template.language),
            )
        } else {
            (
                kind == Some(&template.kind),
                *language.unwrap_or(&default) == template.language,
            )
        };
        kind_fits && language_fits
    };
    let (mut templates, _) = blocktemplate::custom_block_templates(project);
    templates.extend(blocktemplate::block_templates());
    templates.retain(fits);
    if let Some(template) = templates.iter().find(|template| template.id == id) {
        return Ok(Planned {
            kind: template.kind.clone(),
            language: template.language.clone(),
            template: Some(template.clone()),
        });
    }
    let Some(kind) = &request.kind else {
        return Err(NewError::NoKind);
    };
    Err(NewError::NoTemplate {
        id: id.to_owned(),
        kind: kind.name().to_owned(),
        language: request
            .language
            .as_ref()
            .map_or("python", Language::name)
            .to_owned(),
        known: templates.into_iter().map(|template| template.id).collect(),
    })
}

fn file_of(plan: &Planned, uuid: &str) -> Result<String, NewError> {
    let no_file = || NewError::NoFile {
        kind: plan.kind.name().to_owned(),
    };
    let folder = plan.kind.folder().ok_or_else(no_file)?;
    let extension = plan.language.extension().ok_or_else(no_file)?;
    let file = format!("{folder}/{uuid}.{extension}");
    let is_inside = Path::new(&file)
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    if is_inside { Ok(file) } else { Err(no_file()) }
}

/// The pipeline's text with the block in it.
fn entered(
    text: &str,
    uuid: &BlockUuid,
    pipeline: &Pipeline,
    plan: &Planned,
    request: &BlockRequest,
) -> Result<String, NewError> {
    let list = match plan.kind {
        BlockKind::Callback => BlockList::Callbacks,
        BlockKind::Conditional => BlockList::Conditionals,
        BlockKind::Chart => BlockList::Widgets,
        _ => BlockList::Blocks,
    };
    let mut block = NewBlock::new(
        uuid.clone(),
        &request.name,
        plan.kind.clone(),
        plan.language.clone(),
    );
    block.upstream.clone_from(&request.upstream);
    block.replicated.clone_from(&request.replicate);
    let template = plan.template.as_ref();
    block.color = request
        .color
        .clone()
        .or_else(|| template.and_then(|template| template.color.clone()));
    block.configuration = template.map_or_else(Map::new, |template| template.configuration.clone());
    for (key, wanted) in [
        ("dynamic", request.dynamic),
        ("reduce_output", request.reduce),
    ] {
        if wanted {
            block
                .configuration
                .insert(key.to_owned(), Value::Bool(true));
        }
    }
    let add = Edit::AddBlock {
        list,
        block: Box::new(block),
        after: None,
    };
    let mut text = edit::apply(text, &add)?;
    for below in &request.downstream {
        let found = pipeline
            .block(below)
            .ok_or_else(|| EditError::NoSuchBlock {
                uuid: below.clone(),
            })?;
        let mut upstream = found.upstream.clone();
        upstream.push(uuid.clone());
        let wire = Edit::SetUpstream {
            uuid: below.clone(),
            upstream,
        };
        text = edit::apply(&text, &wire)?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_ids_as_in_mage() {
        for (name, id) in [
            ("Load Data-1", "load_data_1"),
            ("1st", "letter_1st"),
            ("sales/EU/load", "sales/eu/load"),
            ("\u{feff}a\"b$c\n", "abc"),
            ("tschüß", "tschüß"),
            ("a.b", "a_b"),
        ] {
            assert_eq!(clean_name(name, true), id, "{name}");
        }
        assert_eq!(clean_name("a/b", false), "a_b");
        for name in ["", "$", "..", "a//b", "/a", "a/../b"] {
            assert!(usable(clean_name(name, true), name).is_err(), "{name}");
        }
    }
}
