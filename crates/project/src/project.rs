//! A project folder: what it is called, where its files are, and how each of them is read.
//!
//! Opening reads `metadata.yaml` and nothing else; every other file is read when somebody asks for it. Nothing
//! here writes, and nothing runs user code.

use std::fs;
use std::path::{Path, PathBuf};

use baton_base::files::{self, FileError};
use baton_base::{Class, Diagnose};
use baton_model::{Block, Pipeline, PipelineUuid};

use crate::blockfile::{self, BlockFile};
use crate::imports::{Imports, Sources};
use crate::nearby::{near, similar};
use crate::pipeline::{self, PipelineFile};
use crate::platform::{self, Platform};
use crate::problem::{Problem, Rule};
use crate::profiles::{self, Profiles};
use crate::reading::Reader;
use crate::requirements::{self, Requirement};
use crate::settings::ProjectSettings;
use crate::template::{self, Lookup};
use crate::triggers::{self, Triggers};
use crate::yaml::Mark;

/// The file that makes a folder a project, and a folder under `pipelines` a pipeline.
pub(crate) const METADATA: &str = "metadata.yaml";

/// Opening a project failed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such folder.
    #[error("open the project `{}`: there is no such folder", path.display())]
    NoFolder {
        /// The path that was given.
        path: PathBuf,
    },
    /// The folder is no project.
    #[error("open the project `{}`: it has no metadata.yaml", path.display())]
    NotAProject {
        /// The path that was given.
        path: PathBuf,
        /// Projects above or below it.
        near: Vec<PathBuf>,
        /// Whether it has pipelines all the same.
        has_pipelines: bool,
    },
    /// The folder holds several projects.
    #[error("open the project `{}`: it holds several projects", path.display())]
    SeveralProjects {
        /// The path that was given.
        path: PathBuf,
        /// The projects.
        projects: Vec<PathBuf>,
    },
    /// The folder cannot be read.
    #[error("open the project")]
    Folder(#[from] FileError),
}

impl Diagnose for OpenError {
    fn class(&self) -> Class {
        match self {
            Self::NoFolder { .. } | Self::NotAProject { .. } | Self::SeveralProjects { .. } => {
                Class::User
            }
            Self::Folder(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoFolder { path } => Some(format!(
                "check the path, or make a project with `baton init {}`",
                path.display()
            )),
            Self::NotAProject {
                has_pipelines: true,
                ..
            } => Some("it has pipelines: add a file metadata.yaml, which may be empty".to_owned()),
            Self::NotAProject { path, near, .. } => Some(match near.first() {
                Some(project) => format!("open the project `{}` instead", project.display()),
                None => format!("make a project with `baton init {}`", path.display()),
            }),
            Self::SeveralProjects { projects, .. } => {
                Some(format!("name one of them: {}", platform::list(projects)))
            }
            Self::Folder(error) => error.hint(),
        }
    }
}

/// Reading a pipeline failed.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The project has no such pipeline.
    #[error("find the pipeline `{uuid}`")]
    Unknown {
        /// The name that was given.
        uuid: PipelineUuid,
        /// The project's pipeline with the most similar name.
        similar: Option<PipelineUuid>,
        /// How many pipelines the project has.
        count: usize,
    },
    /// Its file is broken.
    #[error("read the pipeline `{uuid}`: {}", describe(problems))]
    Broken {
        /// The pipeline.
        uuid: PipelineUuid,
        /// What is wrong, with file, line and column. At least one is an error.
        problems: Vec<Problem>,
    },
}

/// The first error and how many there are.
fn describe(problems: &[Problem]) -> String {
    let mut errors = problems.iter().filter(|problem| problem.is_error());
    let Some(first) = errors.next() else {
        return "its metadata.yaml is broken".to_owned();
    };
    let text = format!("{}: {}", first.place(), first.message);
    match errors.count() {
        0 => text,
        more => format!("{text} (and {more} more)"),
    }
}

impl Diagnose for PipelineError {
    fn class(&self) -> Class {
        Class::User
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { count: 0, .. } => Some("the project has no pipelines".to_owned()),
            Self::Unknown {
                similar: Some(similar),
                ..
            } => Some(format!("did you mean `{similar}`?")),
            Self::Unknown { .. } => Some("use the name of a folder under `pipelines`".to_owned()),
            Self::Broken { problems, .. } => problems
                .iter()
                .find(|problem| problem.is_error())
                .and_then(|problem| problem.hint.clone()),
        }
    }
}

/// A project folder.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    base: PathBuf,
    name: String,
    settings: ProjectSettings,
    problems: Vec<Problem>,
    lookup: Lookup,
}

impl Project {
    /// Opens the project at `path`; templates take environment variables from this process.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_with(path, Lookup::process())
    }

    /// Opens the project at `path`; templates take their values from `lookup`.
    ///
    /// A broken `metadata.yaml` is no error: the project has default settings then, and says what is wrong.
    pub fn open_with(path: &Path, lookup: Lookup) -> Result<Self, OpenError> {
        let root = match path.canonicalize() {
            Ok(root) if root.is_dir() => root,
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(FileError::new("find", path, error).into());
            }
            _ => {
                return Err(OpenError::NoFolder {
                    path: path.to_owned(),
                });
            }
        };
        let below = Platform::open(&root);
        if let Some(platform) = below.filter(|platform| {
            // A project that is one of them, and not just their base, can be meant itself.
            !platform.members().iter().any(|member| member.root == root)
        }) {
            return Err(OpenError::SeveralProjects {
                projects: platform.projects(),
                path: path.to_owned(),
            });
        }
        if !is_project(&root) {
            return Err(OpenError::NotAProject {
                near: near(&root),
                has_pipelines: root.join("pipelines").is_dir(),
                path: path.to_owned(),
            });
        }
        let name = root.file_name().map_or_else(
            || "project".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        let base = Platform::of_project(&root).map(|platform| platform.root().to_owned());
        let mut project = Self {
            base: base.unwrap_or_else(|| root.clone()),
            root,
            name,
            settings: ProjectSettings::default(),
            problems: Vec::new(),
            lookup,
        };
        project.read_settings();
        Ok(project)
    }

    fn read_settings(&mut self) {
        let mut reader = Reader::new(METADATA, None);
        let text = match self.read_text(METADATA) {
            Ok(Some(text)) => text,
            Ok(None) => {
                let message = "the project has no metadata.yaml; every setting has its default";
                let problem = Problem::new(Rule::MissingMetadata, METADATA, message);
                self.problems
                    .push(problem.hint("add the file; it may be empty"));
                return;
            }
            Err(problem) => {
                self.problems.push(*problem);
                return;
            }
        };
        match template::render(&text, &self.lookup) {
            Ok(rendered) => {
                let place = |name: &str| {
                    let line = template::lines_of(&text, name).first().copied()?;
                    Some(Mark { line, column: 1 })
                };
                for (name, mark) in rendered
                    .unset
                    .iter()
                    .filter_map(|name| Some((name, place(name)?)))
                {
                    let message = format!("the environment variable `{name}` is not set");
                    reader.problem(Rule::UnsetVariable, mark, message).hint =
                        Some(unset_hint(name));
                }
                let secrets = &rendered.unknown_secrets;
                for (name, mark) in secrets.iter().filter_map(|name| Some((name, place(name)?))) {
                    let message = format!("there is no secret `{name}`");
                    reader.problem(Rule::UnknownSecret, mark, message);
                }
                if let Some(document) = reader.parse(&rendered.text) {
                    self.settings = ProjectSettings::read(&document.root, &mut reader);
                }
            }
            Err(error) => {
                let mark = Mark {
                    line: error.line,
                    column: 1,
                };
                reader.problem(Rule::BadTemplate, mark, error.message);
            }
        }
        self.problems = reader.problems;
    }

    /// The folder, as an absolute path without links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the platform that lists the project, else the project's own: what Mage would be started with.
    /// Code is imported from the folder above it, too.
    pub fn base(&self) -> &Path {
        &self.base
    }

    /// The folder whose `requirements.txt` counts: the project's, else the base.
    pub fn requirements_folder(&self) -> &Path {
        let own = self.root.join(requirements::FILE).is_file();
        if own { &self.root } else { &self.base }
    }

    /// The folder's name: the project's name in imports and on screen.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the project says about itself.
    pub fn settings(&self) -> &ProjectSettings {
        &self.settings
    }

    /// An environment variable, from where templates take theirs.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.lookup.variable(name)
    }

    pub(crate) fn lookup(&self) -> &Lookup {
        &self.lookup
    }

    /// What is wrong with the project's own `metadata.yaml`.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The names of the pipelines, sorted: the folders under `pipelines` that hold a `metadata.yaml`.
    pub fn pipeline_uuids(&self) -> Vec<PipelineUuid> {
        pipelines_of(&self.root)
    }

    /// Path of a pipeline's `metadata.yaml`, relative to the project.
    pub fn pipeline_path(&self, uuid: &PipelineUuid) -> String {
        format!("pipelines/{uuid}/{METADATA}")
    }

    /// Path of a pipeline's `triggers.yaml`, relative to the project.
    pub fn triggers_path(&self, uuid: &PipelineUuid) -> String {
        format!("pipelines/{uuid}/triggers.yaml")
    }

    /// A pipeline that can be planned. Its warnings are not told; [`crate::check`] tells them.
    pub fn pipeline(&self, uuid: &PipelineUuid) -> Result<Pipeline, PipelineError> {
        let file = self.pipeline_file(uuid)?;
        if file.is_broken() {
            return Err(PipelineError::Broken {
                uuid: uuid.clone(),
                problems: file.problems,
            });
        }
        Ok(file.pipeline)
    }

    /// A pipeline as far as it can be read, with everything that is wrong with its file.
    pub fn pipeline_file(&self, uuid: &PipelineUuid) -> Result<PipelineFile, PipelineError> {
        let name = uuid.as_str();
        let path = self.pipeline_path(uuid);
        match self.pipeline_text(uuid, &path) {
            Ok(Some(text)) => Ok(pipeline::read(uuid, &path, &text, &self.lookup)),
            Ok(None) => {
                let known = self.pipeline_uuids();
                Err(PipelineError::Unknown {
                    uuid: uuid.clone(),
                    similar: similar(name, &known),
                    count: known.len(),
                })
            }
            Err(problem) => Ok(PipelineFile {
                pipeline: pipeline::empty(uuid),
                problems: vec![(*problem).pipeline(uuid)],
                places: Vec::new(),
            }),
        }
    }

    /// What the file of a pipeline would say if this were its text.
    pub fn pipeline_of(&self, uuid: &PipelineUuid, text: &str) -> PipelineFile {
        pipeline::read(uuid, &self.pipeline_path(uuid), text, &self.lookup)
    }

    /// The file that a block runs; none for kinds of blocks that have no file.
    pub fn block_file(&self, pipeline: &Pipeline, block: &Block) -> Option<BlockFile> {
        blockfile::resolve(&self.root, &self.base, pipeline, block)
    }

    /// What a pipeline's `triggers.yaml` holds; empty without one.
    pub fn triggers(&self, uuid: &PipelineUuid) -> Triggers {
        let file = self.triggers_path(uuid);
        match self.pipeline_text(uuid, &file) {
            Ok(text) => text
                .map(|text| triggers::read(uuid, &file, &text))
                .unwrap_or_default(),
            Err(problem) => Triggers {
                triggers: Vec::new(),
                problems: vec![(*problem).pipeline(uuid)],
                is_broken: true,
            },
        }
    }

    /// What `io_config.yaml` holds; empty without one.
    pub fn profiles(&self) -> Profiles {
        match self.read_text(profiles::FILE) {
            Ok(text) => text
                .map(|text| profiles::read(&text, &self.lookup))
                .unwrap_or_default(),
            Err(problem) => Profiles {
                problems: vec![*problem],
                exists: true,
                ..Profiles::default()
            },
        }
    }

    /// The valid lines of `requirements.txt`; none without one.
    pub fn requirements(&self) -> Vec<Requirement> {
        self.requirements_file().0
    }

    pub(crate) fn requirements_file(&self) -> (Vec<Requirement>, Vec<Problem>) {
        match self.read_text(requirements::FILE) {
            Ok(text) => text
                .map(|text| requirements::read(&text))
                .unwrap_or_default(),
            Err(problem) => (Vec::new(), vec![*problem]),
        }
    }

    /// The project's Python files, to be asked several questions: each file is read and parsed once.
    pub fn sources(&self) -> Sources {
        Sources::new(&self.root, &self.base, &self.name)
    }

    /// What a file of the project imports, directly and through the project's own modules.
    pub fn imports_closure(&self, file: &str) -> Imports {
        self.sources().closure(file)
    }

    /// The bytes of a file, given by its path relative to the project.
    pub fn read(&self, file: &str) -> Result<Vec<u8>, FileError> {
        files::read(&self.root.join(file))
    }

    /// The text of a file of a pipeline; none where the pipeline's name, which may come from anywhere, is none.
    pub(crate) fn pipeline_text(
        &self,
        uuid: &PipelineUuid,
        file: &str,
    ) -> Result<Option<String>, Box<Problem>> {
        if is_name(uuid) {
            self.read_text(file)
        } else {
            Ok(None)
        }
    }

    /// The text of a file; none when there is no such file, a problem when it is no text.
    pub(crate) fn read_text(&self, file: &str) -> Result<Option<String>, Box<Problem>> {
        let unreadable = |message: String| Problem::new(Rule::UnreadableFile, file, message);
        match fs::read(self.root.join(file)) {
            Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|error| {
                let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = String::from_utf8_lossy(valid).matches('\n').count() as u32 + 1;
                let problem = unreadable("the file is not UTF-8".to_owned());
                Box::new(problem.at_line(line).hint("save the file as UTF-8"))
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Box::new(unreadable(format!(
                "the file cannot be read: {error}"
            )))),
        }
    }
}

/// Whether the name of a pipeline can be that of a folder right below `pipelines`.
pub(crate) fn is_name(uuid: &PipelineUuid) -> bool {
    let name = uuid.as_str();
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

/// Whether the project at `root` has this pipeline, readable or not.
pub fn has_pipeline(root: &Path, uuid: &PipelineUuid) -> bool {
    let folder = root.join("pipelines").join(uuid.as_str());
    is_name(uuid) && folder.join(METADATA).is_file()
}

/// Whether a folder is a project: it has a `metadata.yaml`, or pipelines all the same.
pub(crate) fn is_project(root: &Path) -> bool {
    root.join(METADATA).is_file() || !pipelines_of(root).is_empty()
}

/// The names of the pipelines of the project at `root`, sorted.
pub(crate) fn pipelines_of(root: &Path) -> Vec<PipelineUuid> {
    let mut names: Vec<String> = fs::read_dir(root.join("pipelines"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join(METADATA).is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names.into_iter().map(PipelineUuid::new).collect()
}

pub(crate) fn unset_hint(name: &str) -> String {
    format!("set it, or give a default: env_var('{name}', '...')")
}
