//! `io_config.yaml` (spec 1.4): the whole text is a template; its top-level mappings are connection profiles.

use baton_model::Map;
use serde_json::Value;

use crate::Problem;
use crate::problem::Rule;
use crate::reading::Reader;
use crate::template::{self, Lookup};
use crate::yaml::{Content, Mark};

/// The file's name.
pub(crate) const FILE: &str = "io_config.yaml";

/// Headers that make a profile verbose.
const HEADERS: [&str; 16] = [
    "AWS",
    "Airtable",
    "Algolia",
    "Backblaze B2",
    "BigQuery",
    "Chroma",
    "ClickHouse",
    "Druid",
    "Duck DB",
    "Pinot",
    "PostgreSQL",
    "Qdrant",
    "Redshift",
    "Snowflake",
    "Spark",
    "Weaviate",
];

/// A connection profile. Its values may be secrets: it has no `Debug` and is never shown.
#[derive(Clone, PartialEq)]
pub struct Profile {
    /// Its name: `default`, or any other.
    pub name: String,
    /// Whether it has nested maps under provider names; then its flat keys are ignored.
    pub is_verbose: bool,
    /// Line of its name, from 1.
    pub line: u32,
    /// Its keys, templates rendered.
    pub values: Map,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A place that asks for an environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Used {
    /// Line, from 1.
    pub(crate) line: u32,
    /// The key whose value asks for it; empty where that cannot be told.
    pub(crate) key: String,
}

/// What `io_config.yaml` holds.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    /// The profiles, in the order of the file.
    pub profiles: Vec<Profile>,
    /// What is wrong with the file.
    pub problems: Vec<Problem>,
    /// Environment variables that are not set, and where the file asks for each.
    pub(crate) unset: Vec<(String, Vec<Used>)>,
    /// Whether there is a file.
    pub exists: bool,
}

impl Profiles {
    /// The profile called `name`.
    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }

    /// The profile that a line of the file belongs to.
    pub(crate) fn at(&self, line: u32) -> Option<&Profile> {
        self.profiles
            .iter()
            .rev()
            .find(|profile| profile.line <= line)
    }

    /// Whether the file could not be read as a whole, so that nothing is known of its profiles.
    pub fn is_broken(&self) -> bool {
        self.problems.iter().any(|problem| {
            [
                Rule::YamlSyntax,
                Rule::BadTemplate,
                Rule::YamlShape,
                Rule::UnreadableFile,
            ]
            .iter()
            .any(|rule| rule.code() == problem.code)
        })
    }
}

/// Reads the text of the file.
pub(crate) fn read(text: &str, lookup: &Lookup) -> Profiles {
    let mut reader = Reader::new(FILE, None);
    let mut result = Profiles {
        exists: true,
        ..Profiles::default()
    };
    let rendered = match template::render(text, lookup) {
        Ok(rendered) => rendered,
        Err(error) => {
            let mark = Mark {
                line: error.line,
                column: 1,
            };
            reader.problem(Rule::BadTemplate, mark, error.message);
            result.problems = reader.problems;
            return result;
        }
    };
    for name in &rendered.unknown_secrets {
        let Some(line) = template::lines_of(text, name).first().copied() else {
            continue;
        };
        reader
            .problem(
                Rule::UnknownSecret,
                Mark { line, column: 1 },
                format!("there is no secret `{name}`"),
            )
            .hint = Some("create the secret, or use env_var".to_owned());
    }
    let used = |line: u32| Used {
        line,
        key: text
            .lines()
            .nth(line as usize - 1)
            .and_then(|line| line.split_once(':'))
            .map_or_else(String::new, |(key, _)| key.trim().to_owned()),
    };
    result.unset = rendered
        .unset
        .iter()
        .map(|name| {
            let lines = template::lines_of(text, name);
            (name.clone(), lines.into_iter().map(used).collect())
        })
        .filter(|(_, places): &(String, Vec<Used>)| !places.is_empty())
        .collect();
    if let Some(document) = reader.parse(&rendered.text) {
        let root = &document.root;
        if !root.is_null() && reader.is_mapping(root, "the file") {
            for entry in root.entries() {
                // `version` and other scalars are no profiles.
                let Content::Mapping(keys) = &entry.value.content else {
                    continue;
                };
                let values = match entry.value.to_json() {
                    Value::Object(map) => map,
                    _ => Map::new(),
                };
                result.profiles.push(Profile {
                    name: entry.key.clone(),
                    is_verbose: keys.iter().any(|key| HEADERS.contains(&key.key.as_str())),
                    line: entry.mark.line,
                    values,
                });
            }
        }
    }
    result.problems = reader.problems;
    if rendered.text.lines().count() != text.lines().count() {
        // Places in the rendered text say nothing about the file.
        for problem in &mut result.problems {
            if [
                Rule::YamlSyntax,
                Rule::YamlShape,
                Rule::DuplicateKey,
                Rule::LargeInteger,
            ]
            .iter()
            .any(|rule| rule.code() == problem.code)
            {
                problem.line = None;
                problem.column = None;
            }
        }
        for profile in &mut result.profiles {
            profile.line = line_of_key(text, &profile.name);
        }
    }
    result
}

fn line_of_key(text: &str, key: &str) -> u32 {
    text.lines()
        .zip(1_u32..)
        .find(|(line, _)| {
            line.strip_prefix(key)
                .is_some_and(|rest| rest.trim_start().starts_with(':'))
        })
        .map_or(1, |(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup() -> Lookup {
        Lookup::new(|name| match name {
            "PORT" => Some("5432".to_owned()),
            "MANY" => Some("a\nb: [".to_owned()),
            "PASSWORD" => Some("s3cr3t".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn profiles_are_read_flat_and_verbose() {
        let text = "version: 0.1.1\ndefault:\n  POSTGRES_PORT: {{ env_var('PORT') }}\n  POSTGRES_USER: \"{{ env_var('NOBODY') }}\"\n  X: {{ env_var('NOBODY') }}\nold:\n  PostgreSQL:\n    port: 1\n  FLAT: 2\nempty:\n";
        let read = read(text, &lookup());
        assert_eq!(read.problems, []);
        let names: Vec<_> = read
            .profiles
            .iter()
            .map(|p| (p.name.as_str(), p.is_verbose, p.line))
            .collect();
        assert_eq!(names, [("default", false, 2), ("old", true, 6)]);
        let default = read.get("default").unwrap();
        assert_eq!(default.values["POSTGRES_PORT"], 5432);
        assert_eq!(default.values["POSTGRES_USER"], "None");
        assert_eq!(default.values["X"], "None");
        let used = |line, key: &str| Used {
            line,
            key: key.to_owned(),
        };
        assert_eq!(
            read.unset,
            [(
                "NOBODY".to_owned(),
                vec![used(4, "POSTGRES_USER"), used(5, "X")]
            )]
        );
        assert!(!read.is_broken());
    }

    #[test]
    fn a_broken_file_names_the_place_and_no_secret() {
        for (text, code, line) in [
            (
                "default:\n  A: {{ env_var('PORT' }}\n",
                "bad-template",
                Some(2),
            ),
            ("default:\n  A: 1\n B: 2\n", "yaml-syntax", Some(3)),
            ("- a\n", "yaml-shape", Some(1)),
            (
                "default:\n  A: {{ env_var('MANY') }}\n",
                "yaml-syntax",
                None,
            ),
            (
                "default:\n  A: {{ env_var('PASSWORD') }}: x\n",
                "yaml-syntax",
                Some(2),
            ),
        ] {
            let read = read(text, &lookup());
            assert!(read.is_broken(), "{text}");
            assert_eq!(
                (read.problems[0].code, read.problems[0].line),
                (code, line),
                "{text}"
            );
            assert!(!format!("{read:?}").contains("s3cr3t"));
        }
    }
}
