//! A project's `requirements.txt`: what is installed of it, and which line a package came from.

use std::io;
use std::path::Path;

use baton_base::files::{self, FileError};

/// Packages that Baton stands in for: projects list them because Mage runs them.
const REPLACED: [&str; 2] = ["mage-ai", "mage-integrations"];

/// The requirements of a project.
#[derive(Clone, Debug, Default)]
pub(super) struct Requirements {
    /// The lines to install, as a file of their own; paths are absolute.
    pub(super) text: String,
    /// What was left out, for people.
    pub(super) notes: Vec<String>,
    /// Normalised package name and line number.
    packages: Vec<(String, usize)>,
}

impl Requirements {
    /// Reads the file; a project without one has no requirements.
    pub(super) fn read(path: &Path) -> Result<Self, FileError> {
        match files::read(path) {
            Ok(bytes) => Ok(Self::parse(path, &String::from_utf8_lossy(&bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn parse(path: &Path, text: &str) -> Self {
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut read = Self::default();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim_end();
            let name = name_of(line);
            if REPLACED.contains(&normalised(name).as_str()) {
                read.notes.push(format!(
                    "requirements.txt:{}: `{}` is not installed: Baton takes its place",
                    index + 1,
                    line.trim()
                ));
                continue;
            }
            if !name.is_empty() {
                read.packages.push((normalised(name), index + 1));
            }
            read.text.push_str(&absolute(line, folder));
            read.text.push('\n');
        }
        read
    }

    /// Whether the project asks for this package itself.
    pub(super) fn names(&self, package: &str) -> bool {
        let package = normalised(package);
        self.packages.iter().any(|(name, _)| *name == package)
    }

    /// `requirements.txt:line` of every package that a resolver's message mentions.
    pub(super) fn lines_named_in(&self, message: &str) -> Vec<String> {
        let message = message.to_lowercase().replace('_', "-");
        let words: Vec<&str> = message
            .split(|c: char| !(c.is_ascii_alphanumeric() || "-.".contains(c)))
            .collect();
        self.packages
            .iter()
            .filter(|(name, _)| words.contains(&name.as_str()))
            .map(|(name, line)| format!("requirements.txt:{line} `{name}`"))
            .collect()
    }
}

/// The package that a requirement line names; empty for options, comments and paths.
pub(super) fn name_of(line: &str) -> &str {
    let line = line.trim_start();
    let end = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
        .unwrap_or(line.len());
    let name = line.get(..end).unwrap_or("");
    if name.starts_with(['-', '.']) || line.contains("://") && !line.contains('@') {
        ""
    } else {
        name
    }
}

/// One spelling for all spellings of a package's name (PEP 503).
fn normalised(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

/// A line whose file or folder is found from anywhere.
fn absolute(line: &str, folder: &Path) -> String {
    const WITH_PATH: [&str; 6] = [
        "-r ",
        "--requirement ",
        "-c ",
        "--constraint ",
        "-e ",
        "--editable ",
    ];
    let trimmed = line.trim_start();
    for option in WITH_PATH {
        if let Some(path) = trimmed.strip_prefix(option) {
            let path = path.trim();
            if !path.contains("://") {
                return format!("{option}{}", folder.join(path).display());
            }
        }
    }
    if trimmed.starts_with("./") || trimmed.starts_with("../") {
        return folder.join(trimmed).display().to_string();
    }
    line.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_lines() {
        for (line, expected) in [
            ("pandas==2.2.0", "pandas"),
            ("  Scikit_Learn >= 1 # comment", "Scikit_Learn"),
            ("uvicorn[standard]>=0.2; python_version > '3.8'", "uvicorn"),
            ("pkg @ https://example.org/pkg.whl", "pkg"),
            ("# comment", ""),
            ("-r other.txt", ""),
            ("--index-url https://example.org", ""),
            ("./local", ""),
            ("", ""),
        ] {
            assert_eq!(name_of(line), expected, "{line:?}");
        }
    }

    #[test]
    fn mage_itself_is_left_out_and_that_is_said() {
        let text = "mage-ai==0.9.79\npolars\nmage_integrations[all]\n-r more.txt\n";
        let read = Requirements::parse(Path::new("/p/requirements.txt"), text);
        assert_eq!(read.text, "polars\n-r /p/more.txt\n");
        assert_eq!(read.notes.len(), 2);
        assert!(
            read.notes[1].starts_with("requirements.txt:3:"),
            "{:?}",
            read.notes
        );
    }

    #[test]
    fn a_resolvers_message_leads_to_the_line() {
        let read = Requirements::parse(Path::new("r.txt"), "requests\nTypo_Package==9\n");
        let message =
            "Because typo-package was not found in the package registry and you require it";
        assert_eq!(
            read.lines_named_in(message),
            ["requirements.txt:2 `typo-package`"]
        );
    }
}
