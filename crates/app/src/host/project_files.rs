//! Use cases around files and folders of the project. Every path goes through [`ProjectPath`].

use baton_model::{Map, Timestamp};
use baton_project::{PathEntry, Project, ProjectPath};
use serde_json::{Value, json};

use super::Host;
use super::editing::{expect, flag, needed, of_path, revision, text};
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// The largest file that is sent or stored.
pub const LARGEST_FILE: usize = 64 << 20;

/// Most files and folders that one listing names.
const MOST_ENTRIES: usize = 20_000;

/// How deep folders are listed.
const MOST_DEPTH: usize = 24;

/// What is no part of a project for those who edit it: history, caches, environments, and what we ourselves write.
const HIDDEN: [&str; 14] = [
    ".git",
    ".hg",
    ".svn",
    ".ssh",
    ".baton",
    ".cache",
    ".file_versions",
    ".ipynb_checkpoints",
    ".mage_data",
    ".variables",
    ".venv",
    "__pycache__",
    "node_modules",
    "venv",
];

/// A file or folder in the tree of a project.
#[derive(Clone, Debug)]
pub struct FileNode {
    /// Its name.
    pub name: String,
    /// Its path, relative to the project.
    pub path: String,
    /// Bytes of a file.
    pub size: u64,
    /// When it was changed.
    pub modified: Timestamp,
    /// What a folder holds; none for a file.
    pub children: Option<Vec<FileNode>>,
}

/// The tree of a project.
#[derive(Clone, Debug)]
pub struct FileTree {
    /// What the project's folder holds.
    pub children: Vec<FileNode>,
    /// Whether there is more than is listed.
    pub is_cut: bool,
}

/// A file with what it holds.
#[derive(Clone, Debug)]
pub struct FileBody {
    /// Its path, relative to the project.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Names the content.
    pub revision: String,
    /// When it was changed.
    pub modified: Timestamp,
}

/// How a file is written.
#[derive(Clone, Debug, Default)]
pub struct Writing {
    /// The revision that the change was made to.
    pub revision: Option<String>,
    /// Whether the file must not be there yet.
    pub is_new: bool,
    /// Whether the file must be there already.
    pub is_known: bool,
}

impl Host {
    /// The files and folders of the project, or of one folder of it.
    pub async fn file_tree(
        &self,
        actor: &Actor,
        below: Option<String>,
    ) -> Result<FileTree, Failure> {
        actor.may(Right::Read)?;
        self.reading(move |project| {
            let (folder, prefix) = match below.filter(|path| !matches!(path.as_str(), "" | ".")) {
                Some(path) => {
                    let folder = visible(project, &path)?;
                    let prefix = format!("{}/", folder.as_str());
                    (folder, prefix)
                }
                None => (
                    ProjectPath::top(project.root()).map_err(of_path)?,
                    String::new(),
                ),
            };
            let mut left = MOST_ENTRIES;
            let entries = folder.entries().map_err(of_path)?;
            let children = nodes(project, entries, &prefix, 0, &mut left);
            Ok(FileTree {
                children,
                is_cut: left == 0,
            })
        })
        .await
    }

    /// A file.
    pub async fn file(&self, actor: &Actor, path: String) -> Result<FileBody, Failure> {
        actor.may(Right::Read)?;
        self.reading(move |project| body(&visible(project, &path)?))
            .await
    }

    /// Writes a file: replaces it in one step, or makes it.
    pub async fn write_file(
        &self,
        actor: &Actor,
        path: String,
        content: Vec<u8>,
        writing: Writing,
    ) -> Result<FileBody, Failure> {
        actor.may(Right::Edit)?;
        if content.len() > LARGEST_FILE {
            return Err(Failure::usage(
                format!("the file is larger than {} MB", LARGEST_FILE >> 20),
                "keep data of this size outside the project",
            ));
        }
        let size = content.len();
        let written = self
            .editing(move |project| {
                let file = visible(project, &path)?;
                if file.exists() {
                    if writing.is_new {
                        return Err(exists(file.as_str()));
                    }
                    expect(
                        writing.revision.as_deref(),
                        &file.read().map_err(of_path)?,
                        "the file",
                    )?;
                } else if writing.is_known || writing.revision.is_some() {
                    return Err(Failure::missing(format!(
                        "there is no file `{}`",
                        file.as_str()
                    )));
                }
                file.write(&content).map_err(of_path)?;
                body(&file)
            })
            .await?;
        self.audit(actor, "file.write", &written.path, json!({"bytes": size}))
            .await;
        Ok(written)
    }

    /// Makes a file from a request with `name`, `dir_path`, `content` and `overwrite`.
    pub async fn create_file(&self, actor: &Actor, wanted: &Map) -> Result<FileBody, Failure> {
        actor.may(Right::Edit)?;
        let path = joined(text(wanted, "dir_path")?, needed(wanted, "name")?);
        let content = text(wanted, "content")?.unwrap_or_default();
        let writing = Writing {
            is_new: !flag(wanted, "overwrite")?,
            ..Writing::default()
        };
        self.write_file(actor, path, content.as_bytes().to_vec(), writing)
            .await
    }

    /// Gives a file or folder another name or folder; nothing may be there yet. Gives its new path.
    pub async fn move_file(
        &self,
        actor: &Actor,
        path: String,
        wanted: &Map,
    ) -> Result<String, Failure> {
        actor.may(Right::Edit)?;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let folder = if wanted.contains_key("dir_path") {
            text(wanted, "dir_path")?.unwrap_or_default()
        } else {
            folder
        };
        let to = joined(Some(folder), text(wanted, "name")?.unwrap_or(name));
        let from = path.clone();
        let moved = self
            .editing(move |project| {
                let (from, to) = (visible(project, &from)?, visible(project, &to)?);
                if !from.exists() {
                    return Err(Failure::missing(format!("there is no `{}`", from.as_str())));
                }
                if from == to {
                    return Ok(to.as_str().to_owned());
                }
                if to.exists() {
                    return Err(exists(to.as_str()));
                }
                from.rename_to(&to).map_err(of_path)?;
                Ok(to.as_str().to_owned())
            })
            .await?;
        self.audit(actor, "file.move", &path, json!({"to": moved}))
            .await;
        Ok(moved)
    }

    /// Deletes a file.
    pub async fn delete_file(
        &self,
        actor: &Actor,
        path: String,
        expected: Option<String>,
    ) -> Result<(), Failure> {
        actor.may(Right::Edit)?;
        let gone = path.clone();
        self.editing(move |project| {
            let file = visible(project, &gone)?;
            refuse_own(&file)?;
            if let Some(expected) = expected {
                let now = file.read().map_err(of_path)?;
                expect(Some(&expected), &now, "the file")?;
            }
            file.remove().map_err(of_path)
        })
        .await?;
        self.audit(actor, "file.delete", &path, Value::Null).await;
        Ok(())
    }

    /// Makes a folder from a request with `name` and `path`, the folder above it.
    pub async fn create_folder(&self, actor: &Actor, wanted: &Map) -> Result<String, Failure> {
        actor.may(Right::Edit)?;
        let path = joined(text(wanted, "path")?, needed(wanted, "name")?);
        let may_exist = flag(wanted, "overwrite")?;
        let made = self
            .editing(move |project| {
                let folder = visible(project, &path)?;
                if !folder.make_folder().map_err(of_path)? && !may_exist {
                    return Err(exists(folder.as_str()));
                }
                Ok(folder.as_str().to_owned())
            })
            .await?;
        self.audit(actor, "folder.create", &made, Value::Null).await;
        Ok(made)
    }

    /// Deletes a folder; one that holds something only when it is forced to.
    pub async fn delete_folder(
        &self,
        actor: &Actor,
        path: String,
        is_forced: bool,
    ) -> Result<(), Failure> {
        actor.may(Right::Edit)?;
        let gone = path.clone();
        self.editing(move |project| {
            let folder = visible(project, &gone)?;
            refuse_own(&folder)?;
            let held = folder.entries().map_err(of_path)?.len();
            if held > 0 && !is_forced {
                return Err(Failure {
                    details: Some(Box::new(json!({"entries": held}))),
                    ..Failure::conflict(
                        format!("the folder `{}` is not empty", folder.as_str()),
                        "repeat it with force=1 to delete what it holds, too",
                    )
                });
            }
            folder.remove_folder().map_err(of_path)
        })
        .await?;
        self.audit(actor, "folder.delete", &path, Value::Null).await;
        Ok(())
    }
}

fn joined(folder: Option<&str>, name: &str) -> String {
    match folder.unwrap_or_default().trim_end_matches('/') {
        // An absolute name stays one, and is refused as such.
        _ if name.starts_with('/') => name.to_owned(),
        "" | "." => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

fn exists(path: &str) -> Failure {
    Failure::conflict(
        format!("there is a `{path}` already"),
        "choose another name",
    )
}

fn is_hidden(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    HIDDEN.contains(&lower.as_str()) || lower.starts_with(".baton.")
}

/// The path, if it leads to something that belongs to the project. A link to what is hidden is hidden, too.
pub(super) fn visible(project: &Project, given: &str) -> Result<ProjectPath, Failure> {
    let path = ProjectPath::resolve(project.root(), given).map_err(of_path)?;
    let real = path.shown().canonicalize().ok();
    let real = real.as_ref().and_then(|real| {
        let below = real.strip_prefix(project.root()).ok()?;
        below.to_str()
    });
    let parts = path.as_str().split('/');
    if parts
        .chain(real.unwrap_or_default().split('/'))
        .any(is_hidden)
    {
        return Err(Failure::missing(format!(
            "`{}` is no part of the project",
            path.as_str()
        )));
    }
    Ok(path)
}

/// Without these the project is none, or nothing of it.
fn refuse_own(path: &ProjectPath) -> Result<(), Failure> {
    if matches!(path.as_str(), "metadata.yaml" | "pipelines") {
        return Err(Failure::conflict(
            format!("`{}` is what makes the folder a project", path.as_str()),
            "delete single pipelines instead",
        ));
    }
    Ok(())
}

fn body(file: &ProjectPath) -> Result<FileBody, Failure> {
    let (size, modified) = file.facts().map_err(of_path)?;
    if size > LARGEST_FILE as u64 {
        return Err(Failure::usage(
            format!(
                "`{}` is larger than {} MB",
                file.as_str(),
                LARGEST_FILE >> 20
            ),
            "look at it with another program",
        ));
    }
    let bytes = file.read().map_err(of_path)?;
    Ok(FileBody {
        path: file.as_str().to_owned(),
        revision: revision(&bytes),
        bytes,
        modified: Timestamp(modified),
    })
}

fn nodes(
    project: &Project,
    entries: Vec<PathEntry>,
    prefix: &str,
    depth: usize,
    left: &mut usize,
) -> Vec<FileNode> {
    let mut nodes = Vec::new();
    for entry in entries {
        if is_hidden(&entry.name) {
            continue;
        }
        if *left == 0 {
            break;
        }
        *left -= 1;
        let path = format!("{prefix}{}", entry.name);
        let children = entry.is_folder.then(|| {
            let below = ProjectPath::resolve(project.root(), &path).and_then(|path| path.entries());
            match below {
                Ok(below) if depth < MOST_DEPTH => {
                    self::nodes(project, below, &format!("{path}/"), depth + 1, left)
                }
                _ => Vec::new(),
            }
        });
        nodes.push(FileNode {
            name: entry.name,
            path,
            size: if entry.is_folder { 0 } else { entry.size },
            modified: Timestamp(entry.modified),
            children,
        });
    }
    nodes
}
