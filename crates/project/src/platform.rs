//! Several projects in one folder: Mage's "project platform" (spec 1.1).
//!
//! A file `settings.yaml` names the projects below its folder; `.settings.yaml` says which of them somebody works on.
//! The folder itself is the base: its parent is where `<base>.<project>.utils` is imported from. Runs nothing.

use std::fs;
use std::path::{Path, PathBuf};

use baton_base::{Class, Diagnose};
use baton_model::PipelineUuid;

use crate::nearby::similar;
use crate::problem::{Problem, Rule};
use crate::project::{is_project, pipelines_of};
use crate::reading::{self, Reader};
use crate::yaml;

/// The file that lists the projects.
const SETTINGS: &str = "settings.yaml";

/// The file that says which project is the active one.
const ACTIVE: &str = ".settings.yaml";

/// Folders above a project in which its platform is looked for.
const MAX_DEPTH: usize = 8;

/// A project of a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name in `settings.yaml`.
    pub name: String,
    /// Its folder.
    pub root: PathBuf,
    /// Whether the folder is a project. Public platforms name projects that nobody made yet.
    pub exists: bool,
}

/// A folder with several projects.
#[derive(Clone, Debug)]
pub struct Platform {
    root: PathBuf,
    members: Vec<Member>,
    active: Option<String>,
    problems: Vec<Problem>,
}

/// Finding a pipeline among the projects of a platform failed.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// No project has it.
    #[error("find the pipeline `{uuid}` in any project of `{}`", root.display())]
    Unknown {
        /// The name that was given.
        uuid: PipelineUuid,
        /// The platform's folder.
        root: PathBuf,
        /// A pipeline with a similar name, and its project.
        similar: Option<(PipelineUuid, PathBuf)>,
    },
    /// Several projects have it.
    #[error(
        "choose the pipeline `{uuid}`: {} projects of `{}` have one of this name",
        projects.len(), root.display()
    )]
    Ambiguous {
        /// The name that was given.
        uuid: PipelineUuid,
        /// The platform's folder.
        root: PathBuf,
        /// The projects that have it.
        projects: Vec<PathBuf>,
    },
}

impl Diagnose for PlatformError {
    fn class(&self) -> Class {
        Class::User
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown {
                similar: Some((name, project)),
                ..
            } => format!("did you mean `{name}` of `{}`?", project.display()),
            Self::Unknown { root, .. } => {
                format!("`baton check {}` names the projects", root.display())
            }
            Self::Ambiguous { projects, .. } => format!("name one of them: {}", list(projects)),
        })
    }
}

/// Paths for a sentence.
pub(crate) fn list(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths
        .iter()
        .map(|path| format!("`{}`", path.display()))
        .collect();
    names.join(", ")
}

impl Platform {
    /// The platform whose folder is `path`; none when the folder has no `settings.yaml` that names projects.
    pub fn open(path: &Path) -> Option<Self> {
        let root = path.canonicalize().ok()?;
        let text = fs::read_to_string(root.join(SETTINGS)).ok()?;
        let mut reader = Reader::new(SETTINGS, None);
        let document = reader.parse(&text)?;
        let entries = document.root.get("projects")?.entries();
        let mut members = Vec::new();
        for entry in entries {
            let path = reading::text(&entry.value, "path").unwrap_or_else(|| entry.key.clone());
            let folder = root.join(path.trim_matches('/'));
            let folder = folder.canonicalize().unwrap_or(folder);
            let inside = folder.starts_with(&root);
            let exists = inside && is_project(&folder);
            if !exists {
                let message = if inside {
                    format!("the project `{}` is not there: {path}", entry.key)
                } else {
                    format!("the project `{}` is outside of this folder", entry.key)
                };
                reader
                    .problem(Rule::MissingProject, entry.mark, message)
                    .hint = Some("add its folder, or remove it from settings.yaml".to_owned());
            }
            members.push(Member {
                name: entry.key.clone(),
                root: folder,
                exists,
            });
        }
        if !members.iter().any(|member| member.exists) {
            return None;
        }
        if is_project(&root) && !pipelines_of(&root).is_empty() {
            members.push(Member {
                name: root.file_name()?.to_string_lossy().into_owned(),
                root: root.clone(),
                exists: true,
            });
        }
        let active = active(&root);
        Some(Self {
            root,
            members,
            active,
            problems: reader.problems,
        })
    }

    /// The platform that lists the project at `root`, in a folder above it.
    pub(crate) fn of_project(root: &Path) -> Option<Self> {
        root.ancestors()
            .skip(1)
            .take(MAX_DEPTH)
            .filter_map(Self::open)
            .find(|platform| platform.members.iter().any(|member| member.root == root))
    }

    /// The folder, as an absolute path without links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Its projects, in the order of `settings.yaml`; also those that are not there.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// What is wrong with `settings.yaml`.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Folders of the projects that are there.
    pub fn projects(&self) -> Vec<PathBuf> {
        let there = self.members.iter().filter(|member| member.exists);
        there.map(|member| member.root.clone()).collect()
    }

    /// The folder of the project that has a pipeline. Of several the active one counts.
    pub fn project_of(&self, uuid: &PipelineUuid) -> Result<PathBuf, PlatformError> {
        let having: Vec<&Member> = self
            .members
            .iter()
            .filter(|member| member.exists && pipelines_of(&member.root).contains(uuid))
            .collect();
        match having[..] {
            [] => Err(PlatformError::Unknown {
                uuid: uuid.clone(),
                root: self.root.clone(),
                similar: self.similar(uuid),
            }),
            [only] => Ok(only.root.clone()),
            _ => having
                .iter()
                .find(|member| Some(&member.name) == self.active.as_ref())
                .map(|member| member.root.clone())
                .ok_or_else(|| PlatformError::Ambiguous {
                    uuid: uuid.clone(),
                    root: self.root.clone(),
                    projects: having.iter().map(|member| member.root.clone()).collect(),
                }),
        }
    }

    fn similar(&self, uuid: &PipelineUuid) -> Option<(PipelineUuid, PathBuf)> {
        self.projects().into_iter().find_map(|project| {
            let name = similar(uuid.as_str(), &pipelines_of(&project))?;
            Some((name, project))
        })
    }
}

/// The project that `.settings.yaml` calls active.
fn active(root: &Path) -> Option<String> {
    let text = fs::read_to_string(root.join(ACTIVE)).ok()?;
    let document = yaml::parse(&text).ok()?;
    let projects = document.root.get("projects")?.entries();
    let active = projects
        .iter()
        .find(|entry| reading::flag(&entry.value, "active") == Some(true))?;
    Some(active.key.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Project;

    fn platform(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("default_repo");
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        (folder, root)
    }

    const PIPELINE: &str = "type: python\nblocks: []\n";

    #[test]
    fn pipelines_are_found_in_their_projects() {
        let (_folder, root) = platform(&[
            (
                "settings.yaml",
                "projects:\n  shop: {}\n  marketing:\n    path: growth/marketing\n  later: {}\n  out: {path: ../..}\n",
            ),
            ("shop/metadata.yaml", ""),
            ("shop/pipelines/daily/metadata.yaml", PIPELINE),
            ("shop/pipelines/orders/metadata.yaml", PIPELINE),
            ("growth/marketing/metadata.yaml", ""),
            ("growth/marketing/pipelines/daily/metadata.yaml", PIPELINE),
        ]);
        let platform = Platform::open(&root).unwrap();
        assert_eq!(
            platform.projects(),
            [root.join("shop"), root.join("growth/marketing")]
        );
        let codes: Vec<_> = platform
            .problems()
            .iter()
            .map(|problem| (problem.code, problem.line))
            .collect();
        assert_eq!(
            codes,
            [("missing-project", Some(5)), ("missing-project", Some(6))]
        );
        assert_eq!(
            platform.project_of(&"orders".into()).unwrap(),
            root.join("shop")
        );
        let twice = platform.project_of(&"daily".into()).unwrap_err();
        assert!(twice.hint().unwrap().contains("growth/marketing`"));
        let typo = platform.project_of(&"order".into()).unwrap_err();
        assert!(typo.hint().unwrap().contains("did you mean `orders`"));

        fs::write(
            root.join(".settings.yaml"),
            "projects:\n  marketing: {active: true}\n",
        )
        .unwrap();
        let platform = Platform::open(&root).unwrap();
        assert_eq!(
            platform.project_of(&"daily".into()).unwrap(),
            root.join("growth/marketing")
        );

        let project = Project::open(&root.join("growth/marketing")).unwrap();
        assert_eq!(project.base(), root);
        let error = Project::open(&root).unwrap_err();
        assert!(error.hint().unwrap().contains("shop`"), "{error:?}");
    }

    #[test]
    fn a_file_without_projects_makes_no_platform() {
        for text in ["", "projects: {}\n", "projects:\n  gone: {}\n", "a: [", "x"] {
            let (_folder, root) = platform(&[("settings.yaml", text), ("metadata.yaml", "")]);
            assert!(Platform::open(&root).is_none(), "{text}");
            let project = Project::open(&root).unwrap();
            assert_eq!(project.base(), root, "{text}");
        }
    }

    #[test]
    fn a_project_below_shares_code_of_the_base() {
        let (_folder, root) = platform(&[
            ("settings.yaml", "projects:\n  shop: {}\n"),
            ("utils/__init__.py", ""),
            ("utils/money.py", "import decimal\nfrom .words import x\n"),
            ("utils/words.py", "import polars\n"),
            ("shop/metadata.yaml", ""),
            (
                "shop/data_loaders/a.py",
                "from default_repo.utils.money import cents\n",
            ),
            ("other/data_loaders/b.py", "import torch\n"),
        ]);
        let project = Project::open(&root.join("shop")).unwrap();
        let all = project.all_imports();
        assert!(all.contains("polars"), "{all:?}");
        assert!(!all.contains("torch"), "{all:?}");
    }
}
