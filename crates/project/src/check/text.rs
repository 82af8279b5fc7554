//! The check of one text as somebody types it: what can be told without the rest of the project.

use baton_model::PipelineUuid;

use crate::problem::{self, Problem, Rule};
use crate::project::{METADATA, Project};
use crate::reading::Reader;
use crate::{globalproducts, hooks, interactions, pipeline, profiles, requirements, source};
use crate::{template, triggers};

/// Checks `text` as if it stood in the project's file `path`. Nothing is read or written.
pub fn check_text(project: &Project, path: &str, text: &str) -> Vec<Problem> {
    let parts: Vec<&str> = path.split('/').collect();
    let mut problems = match parts.as_slice() {
        ["pipelines", uuid, file] => {
            let uuid = PipelineUuid::from(*uuid);
            match *file {
                METADATA => pipeline::read(&uuid, path, text, project.lookup()).problems,
                "triggers.yaml" => triggers::read(&uuid, path, text).problems,
                "interactions.yaml" => interactions::read_pipeline(&uuid, path, text).problems,
                _ => by_extension(path, text),
            }
        }
        ["interactions", ..] => interactions::read_form(path, text).problems,
        [profiles::FILE] => profiles::read(text, project.lookup()).problems,
        [requirements::FILE] => requirements::read(text).1,
        ["global_data_products.yaml"] => globalproducts::read(text).problems,
        ["global_hooks.yaml"] => hooks::read(text).problems,
        [METADATA] => own(path, text, project),
        _ => by_extension(path, text),
    };
    problem::arrange(&mut problems);
    problems
}

/// The project's own file is a template.
fn own(path: &str, text: &str, project: &Project) -> Vec<Problem> {
    match template::render(text, project.lookup()) {
        Ok(rendered) => yaml(path, &rendered.text),
        Err(error) => {
            vec![Problem::new(Rule::BadTemplate, path, error.message).at_line(error.line)]
        }
    }
}

fn by_extension(path: &str, text: &str) -> Vec<Problem> {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("py") => source::facts(text)
            .syntax_error
            .map(|error| Problem::new(Rule::PythonSyntax, path, error.message).at(error.mark))
            .into_iter()
            .collect(),
        // Blocks in YAML are templates that only the worker fills in.
        Some("yaml" | "yml") if !text.contains("{{") && !text.contains("{%") => yaml(path, text),
        _ => Vec::new(),
    }
}

fn yaml(path: &str, text: &str) -> Vec<Problem> {
    let mut reader = Reader::new(path, None);
    reader.parse(text);
    reader.problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_file_is_checked_as_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("metadata.yaml"), "").unwrap();
        let project = Project::open(folder.path()).unwrap();
        for (path, text, code) in [
            ("data_loaders/a.py", "x = 1\n", None),
            ("data_loaders/a.py", "def f(:\n", Some("python-syntax")),
            ("pipelines/p/metadata.yaml", "blocks: []\n", None),
            ("pipelines/p/metadata.yaml", "a: [\n", Some("yaml-syntax")),
            (
                "pipelines/p/metadata.yaml",
                "blocks: 1\n",
                Some("yaml-shape"),
            ),
            (
                "pipelines/p/triggers.yaml",
                "triggers: 1\n",
                Some("yaml-shape"),
            ),
            ("io_config.yaml", "a: [\n", Some("yaml-syntax")),
            ("metadata.yaml", "a: {{ b\n", Some("bad-template")),
            ("custom/a.yaml", "a: [\n", Some("yaml-syntax")),
            ("data.csv", "a: [\n", None),
        ] {
            let found = check_text(&project, path, text);
            assert_eq!(
                found.first().map(|problem| problem.code),
                code,
                "{path}: {text}"
            );
        }
    }
}
