//! What Python files import, directly and through modules of the project.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::source::{self, SourceFacts};

/// Folders that hold no code of the project.
const SKIPPED: [&str; 8] = [
    "node_modules",
    "__pycache__",
    "site-packages",
    "dbt_packages",
    "venv",
    "env",
    "build",
    "dist",
];
/// More files than this are not looked at.
const MAX_FILES: usize = 20_000;
/// Deeper folders are not looked at.
const MAX_DEPTH: usize = 24;

/// What a file imports, with everything that its imports in the project import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imports {
    /// Modules, with dots: `pandas`, `google.cloud`, `shop.lib.clean`.
    pub modules: BTreeSet<String>,
    /// Files of the project that are imported, relative to it, in the order they were found.
    pub files: Vec<String>,
}

impl Imports {
    /// Whether the top-level package `name` is imported.
    pub fn has_package(&self, name: &str) -> bool {
        self.modules
            .iter()
            .any(|module| module.split('.').next() == Some(name))
    }
}

/// A Python file as it was read.
#[derive(Debug)]
pub(crate) enum Source {
    /// Its facts.
    Facts(Box<SourceFacts>),
    /// It is there and cannot be read as text.
    Unreadable,
    /// It is not there.
    Missing,
}

/// Python files of a project, each read and parsed once.
#[derive(Debug)]
pub struct Sources {
    root: PathBuf,
    /// Names of the project as a package: its folder's, and the one that Mage's image gives it.
    names: Vec<String>,
    /// The way up to the platform's folder, and its name as a package; none for a project of its own.
    base: Option<(Vec<&'static str>, String)>,
    known: Mutex<HashMap<String, Arc<Source>>>,
}

impl Sources {
    pub(crate) fn new(root: &Path, base: &Path, name: &str) -> Self {
        let way = root.strip_prefix(base).unwrap_or(Path::new(""));
        let base_name = base.file_name().unwrap_or_default().to_string_lossy();
        let up = vec![".."; way.components().count()];
        let parent = root
            .parent()
            .and_then(Path::file_name)
            .map(|name| name.to_string_lossy().into_owned());
        let names = [
            Some(name.to_owned()),
            Some("default_repo".to_owned()),
            parent,
        ];
        Self {
            root: root.to_owned(),
            names: names.into_iter().flatten().collect(),
            base: (!up.is_empty()).then(|| (up, base_name.into_owned())),
            known: Mutex::new(HashMap::new()),
        }
    }

    /// The facts of a file, given by its path relative to the project; none when it is missing or no text.
    pub fn facts(&self, file: &str) -> Option<SourceFacts> {
        match &*self.source(file) {
            Source::Facts(facts) => Some((**facts).clone()),
            Source::Unreadable | Source::Missing => None,
        }
    }

    pub(crate) fn source(&self, file: &str) -> Arc<Source> {
        if let Some(source) = self.lock().get(file) {
            return Arc::clone(source);
        }
        // Read without the lock: two threads may both read a file, and agree on what they found.
        let source = match fs::read(self.root.join(file)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Source::Missing,
            Err(_) => Source::Unreadable,
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Source::Facts(Box::new(source::facts(&text))),
                Err(_) => Source::Unreadable,
            },
        };
        let source = Arc::new(source);
        self.lock().insert(file.to_owned(), Arc::clone(&source));
        source
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Source>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `file` imports, directly and through the project's own modules.
    pub fn closure(&self, file: &str) -> Imports {
        let mut result = Imports::default();
        let mut seen = BTreeSet::from([file.to_owned()]);
        let mut waiting = vec![file.to_owned()];
        while let Some(file) = waiting.pop() {
            let source = self.source(&file);
            let Source::Facts(facts) = &*source else {
                continue;
            };
            result.modules.extend(facts.imports.iter().cloned());
            let absolute = facts.imports.iter().chain(&facts.members);
            let mut found: Vec<String> = absolute
                .flat_map(|module| self.module_files(module))
                .collect();
            for (level, module) in &facts.relative {
                found.extend(self.relative_files(&file, *level, module));
            }
            for path in found {
                if seen.insert(path.clone()) {
                    result.files.push(path.clone());
                    waiting.push(path);
                }
            }
        }
        result
    }

    /// The files of the project that an absolute import runs: the module's and those of the packages around it.
    fn module_files(&self, module: &str) -> Vec<String> {
        let mut parts: Vec<&str> = module.split('.').collect();
        loop {
            let found = self.files_of(&parts);
            if !found.is_empty() {
                return found;
            }
            // `shop.lib.clean` and `default_repo.lib.clean` both mean `lib/clean.py` of the project `shop`.
            match parts.first() {
                Some(first) if self.names.iter().any(|name| name == first) => parts.remove(0),
                _ => return self.base_files(module),
            };
        }
    }

    /// The files of a platform's own code that an import runs: `<base>.utils.clean`, and `utils.clean`.
    fn base_files(&self, module: &str) -> Vec<String> {
        let Some((up, name)) = &self.base else {
            return Vec::new();
        };
        let parts = || up.iter().copied().chain(module.split('.'));
        let found = self.files_of(&parts().collect::<Vec<_>>());
        if !found.is_empty() {
            return found;
        }
        match module.split_once('.') {
            Some((first, rest)) if first == name || first == "default_repo" => {
                let parts = up.iter().copied().chain(rest.split('.'));
                self.files_of(&parts.collect::<Vec<_>>())
            }
            _ => Vec::new(),
        }
    }

    fn relative_files(&self, file: &str, level: u32, module: &str) -> Vec<String> {
        let mut parts: Vec<&str> = file.split('/').collect();
        for _ in 0..level {
            if parts.pop().is_none() {
                return Vec::new();
            }
        }
        parts.extend(module.split('.').filter(|part| !part.is_empty()));
        self.files_of(&parts)
    }

    fn files_of(&self, parts: &[&str]) -> Vec<String> {
        if parts.is_empty() || parts.iter().any(|part| part.is_empty()) {
            return Vec::new();
        }
        let path = parts.join("/");
        let candidates = [format!("{path}.py"), format!("{path}/__init__.py")];
        let module = candidates.into_iter().find(|path| self.is_file(path));
        let Some(module) = module else {
            return Vec::new();
        };
        let packages = (1..parts.len())
            .map(|depth| format!("{}/__init__.py", parts[..depth].join("/")))
            .filter(|path| self.is_file(path));
        packages.chain([module]).collect()
    }

    fn is_file(&self, path: &str) -> bool {
        if self
            .lock()
            .get(path)
            .is_some_and(|source| !matches!(&**source, Source::Missing))
        {
            return true;
        }
        self.root.join(path).is_file()
    }

    /// Modules that any Python file of the project imports, and what formats that it names need. `from a import b` counts as `a.b` too, which
    /// may be a module. Hidden folders, virtual environments and installed packages are left out.
    pub fn all(&self) -> BTreeSet<String> {
        let mut modules = BTreeSet::new();
        for file in python_files(&self.root) {
            if self.base.is_some() {
                // What is imported lies outside of the folder, too.
                modules.extend(self.closure(&file).modules);
            }
            if let Source::Facts(facts) = &*self.source(&file) {
                modules.extend(facts.imports.iter().cloned());
                modules.extend(facts.members.iter().cloned());
                modules.extend(facts.formats.iter().map(|module| (*module).to_owned()));
            }
        }
        modules
    }
}

/// Every Python file of the project, relative to it, sorted.
pub(crate) fn python_files(root: &Path) -> Vec<String> {
    let mut result = Vec::new();
    let mut waiting = vec![(root.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = waiting.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // Links to folders are not followed: they may lead in circles.
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if name.starts_with('.') || result.len() >= MAX_FILES {
                continue;
            }
            let path = format!("{prefix}{name}");
            if kind.is_dir() {
                let is_skipped =
                    SKIPPED.contains(&name.as_str()) || entry.path().join("pyvenv.cfg").exists();
                if !is_skipped && depth < MAX_DEPTH {
                    waiting.push((entry.path(), format!("{path}/"), depth + 1));
                }
            } else if Path::new(&name)
                .extension()
                .is_some_and(|extension| extension == "py")
            {
                result.push(path);
            }
        }
    }
    result.sort();
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, Sources) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("shop");
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let sources = Sources::new(&root, &root, "shop");
        (folder, sources)
    }

    #[test]
    fn imports_go_through_modules_of_the_project() {
        let (_folder, sources) = project(&[
            (
                "data_loaders/load.py",
                "from utils.clean import wash\nimport shop.lib.deep as d\nfrom default_repo.lib import other\n",
            ),
            ("utils/__init__.py", "import numpy\n"),
            (
                "utils/clean.py",
                "import pandas as pd\nfrom .words import STOP\nfrom utils import clean\n",
            ),
            ("utils/words.py", "from ..lib.deep import x\n"),
            ("lib/deep.py", "import polars\nimport utils.clean\n"),
            ("lib/other.py", "import requests\n"),
            ("lib/unused.py", "import torch\n"),
        ]);
        let imports = sources.closure("data_loaders/load.py");
        let mut files = imports.files.clone();
        files.sort();
        assert_eq!(
            files,
            [
                "lib/deep.py",
                "lib/other.py",
                "utils/__init__.py",
                "utils/clean.py",
                "utils/words.py"
            ]
        );
        for package in ["pandas", "numpy", "polars", "requests"] {
            assert!(imports.has_package(package), "{package}");
        }
        assert!(!imports.has_package("torch"));
        assert_eq!(sources.closure("gone.py"), Imports::default());
    }

    #[test]
    fn all_imports_leave_foreign_code_out() {
        let (_folder, sources) = project(&[
            ("a.py", "import one\nfrom google.cloud import storage\n"),
            ("x/y/b.py", "import two\nimport (\n"),
            (".hidden/c.py", "import three\n"),
            ("my_env/pyvenv.cfg", ""),
            ("my_env/lib/d.py", "import four\n"),
            ("node_modules/e.py", "import five\n"),
            ("notes.txt", "import six\n"),
        ]);
        let all: Vec<_> = sources.all().into_iter().collect();
        assert_eq!(all, ["google.cloud", "google.cloud.storage", "one", "two"]);
    }
}
