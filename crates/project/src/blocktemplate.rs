//! Templates of new blocks: ours, and those that a project keeps under `custom_templates` (spec 1.11).
//!
//! A template is text with Jinja placeholders; nothing is executed. What a template makes is told by `new`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use baton_model::{BlockKind, Language, Map};

use crate::problem::Problem;
use crate::project::Project;
use crate::reading::{self, Reader};

/// The template of a kind that is taken when none is named.
pub(crate) const DEFAULT: &str = "default";

/// The template of a block whose items each get a run of the blocks below.
pub(crate) const DYNAMIC: &str = "dynamic";

/// Folder of a project's own templates.
const CUSTOM: &str = "custom_templates";

/// A template of a block.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockTemplate {
    /// Its name among the templates of its kind and language.
    pub id: String,
    /// The kind of block it makes.
    pub kind: BlockKind,
    /// The language of the file.
    pub language: Language,
    /// Group and name, for people.
    pub title: String,
    /// What it is for; empty where the title says it.
    pub description: String,
    /// Whether it belongs to the project.
    pub is_custom: bool,
    /// Settings of the new block.
    pub configuration: Map,
    /// Colour of the new block.
    pub color: Option<String>,
    /// The text.
    pub(crate) text: String,
    /// Values of placeholders that belong to the template.
    pub(crate) values: Vec<(&'static str, &'static str)>,
}

struct Builtin {
    kind: &'static str,
    extension: &'static str,
    id: &'static str,
    title: &'static str,
    text: &'static str,
    values: &'static [(&'static str, &'static str)],
}

macro_rules! builtin {
    ($($kind:literal $id:literal $extension:literal $title:literal,)*) => {
        &[$(Builtin {
            kind: $kind,
            extension: $extension,
            id: $id,
            title: $title,
            text: include_str!(concat!("../templates/blocks/", $kind, "/", $id, ".", $extension)),
            values: &[],
        },)*]
    };
}

const BUILTIN: &[Builtin] = builtin! {
    "data_loader" "default" "py" "Generic",
    "data_loader" "api" "py" "API",
    "data_loader" "file" "py" "Local file",
    "data_loader" "dynamic" "py" "Items for dynamic blocks",
    "data_loader" "default" "sql" "Generic",
    "data_loader" "default" "r" "Generic",
    "transformer" "default" "py" "Generic",
    "transformer" "dynamic" "py" "Items for dynamic blocks",
    "transformer" "drop_duplicates" "py" "Row actions: Drop duplicate rows",
    "transformer" "filter_rows" "py" "Row actions: Filter rows",
    "transformer" "remove_rows" "py" "Row actions: Remove rows",
    "transformer" "sort_rows" "py" "Row actions: Sort rows",
    "transformer" "clean_column_names" "py" "Column actions, formatting: Clean column names",
    "transformer" "fix_syntax_errors" "py" "Column actions, formatting: Fix syntax errors",
    "transformer" "reformat_values" "py" "Column actions, formatting: Reformat values",
    "transformer" "keep_columns" "py" "Column actions, removal: Keep columns",
    "transformer" "remove_columns" "py" "Column actions, removal: Remove columns",
    "transformer" "shift_rows_down" "py" "Column actions, shift: Values of the row before",
    "transformer" "shift_rows_up" "py" "Column actions, shift: Values of the row after",
    "transformer" "normalize" "py" "Column actions, scaling: Normalize",
    "transformer" "standardize" "py" "Column actions, scaling: Standardize",
    "transformer" "fill_missing_values" "py" "Column actions, cleaning: Fill in missing values",
    "transformer" "remove_outliers" "py" "Column actions, cleaning: Remove outliers",
    "transformer" "difference" "py" "Column actions, extraction: Difference between rows",
    "transformer" "default" "sql" "Generic",
    "transformer" "default" "r" "Generic",
    "data_exporter" "default" "py" "Generic",
    "data_exporter" "file" "py" "Local file",
    "data_exporter" "default" "sql" "Generic",
    "data_exporter" "default" "r" "Generic",
    "custom" "default" "py" "Generic",
    "custom" "dynamic" "py" "Items for dynamic blocks",
    "sensor" "default" "py" "Generic",
    "sensor" "file" "py" "Local file",
    "conditional" "default" "py" "Generic",
    "callback" "default" "py" "Generic",
    "scratchpad" "default" "py" "Generic",
    "markdown" "default" "md" "Generic",
    "chart" "default" "py" "Generic",
};

const AGGREGATE: &str = include_str!("../templates/blocks/transformer/aggregate.py");

macro_rules! aggregates {
    ($($id:literal $how:literal $name:literal,)*) => {
        &[$(Builtin {
            kind: "transformer",
            extension: "py",
            id: $id,
            title: concat!("Column actions, aggregate: ", $name),
            text: AGGREGATE,
            values: &[("how", $how), ("name", $name)],
        },)*]
    };
}

const AGGREGATES: &[Builtin] = aggregates! {
    "average" "mean" "Average",
    "count_distinct" "nunique" "Number of different values",
    "first" "first" "First value",
    "last" "last" "Last value",
    "maximum" "max" "Maximum",
    "median" "median" "Median",
    "minimum" "min" "Minimum",
    "sum" "sum" "Sum",
    "count" "count" "Number of values",
};

/// The templates that every project has, by kind and language.
pub fn block_templates() -> Vec<BlockTemplate> {
    BUILTIN
        .iter()
        .chain(AGGREGATES)
        .map(|builtin| BlockTemplate {
            id: builtin.id.to_owned(),
            kind: BlockKind::parse(builtin.kind),
            language: language_of(builtin.extension),
            title: builtin.title.to_owned(),
            description: String::new(),
            is_custom: false,
            configuration: Map::new(),
            color: None,
            text: builtin.text.to_owned(),
            values: builtin.values.to_vec(),
        })
        .collect()
}

fn language_of(extension: &str) -> Language {
    let known = [
        Language::Python,
        Language::Sql,
        Language::R,
        Language::Yaml,
        Language::Markdown,
    ];
    known
        .into_iter()
        .find(|language| language.extension() == Some(extension))
        .unwrap_or(Language::Python)
}

/// The project's own templates of blocks, sorted by name, and what is wrong with them.
pub fn custom_block_templates(project: &Project) -> (Vec<BlockTemplate>, Vec<Problem>) {
    let root = match project.variable("CUSTOM_TEMPLATES_DIRECTORY") {
        Some(folder) if !folder.is_empty() => project.root().join(folder),
        _ => project.root().join(CUSTOM),
    };
    let mut found = Vec::new();
    let mut problems = Vec::new();
    let blocks = root.join("blocks");
    for (id, folder) in folders_with_metadata(&blocks) {
        let shown = format!("{CUSTOM}/blocks/{id}/metadata.yaml");
        let mut reader = Reader::new(&shown, None);
        found.extend(read_custom(&id, &folder, &mut reader));
        problems.append(&mut reader.problems);
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    (found, problems)
}

/// Folders at any depth that hold a `metadata.yaml`, with their paths relative to `root`.
fn folders_with_metadata(root: &Path) -> Vec<(String, PathBuf)> {
    const MAX_DEPTH: usize = 8;
    let mut found = Vec::new();
    let mut waiting = vec![(String::new(), root.to_owned(), 0)];
    while let Some((id, folder, depth)) = waiting.pop() {
        if !id.is_empty() && folder.join("metadata.yaml").is_file() {
            found.push((id, folder));
            continue;
        }
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if depth < MAX_DEPTH && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let id = if id.is_empty() {
                    name
                } else {
                    format!("{id}/{name}")
                };
                waiting.push((id, entry.path(), depth + 1));
            }
        }
    }
    found
}

fn read_custom(id: &str, folder: &Path, reader: &mut Reader<'_>) -> Option<BlockTemplate> {
    let text = std::fs::read_to_string(folder.join("metadata.yaml")).ok()?;
    let document = reader.parse(&text)?;
    let root = &document.root;
    if !reader.is_mapping(root, "the file") {
        return None;
    }
    let kind = BlockKind::parse(&reading::text(root, "block_type")?);
    let language =
        reading::text(root, "language").map_or(Language::Python, |name| Language::parse(&name));
    let last = id.rsplit('/').next().unwrap_or(id);
    let extension = language.extension()?;
    // Without a file the template gives settings only.
    let code = std::fs::read_to_string(folder.join(format!("{last}.{extension}")));
    Some(BlockTemplate {
        id: id.to_owned(),
        kind,
        language,
        title: reading::text(root, "name").unwrap_or_else(|| id.to_owned()),
        description: reading::text(root, "description").unwrap_or_default(),
        is_custom: true,
        configuration: reader.map(root, "configuration"),
        color: reading::text(root, "color"),
        text: code.unwrap_or_default(),
        values: Vec::new(),
    })
}

impl BlockTemplate {
    /// The text of the file of a block that this template makes below one other block; none when the template is
    /// broken.
    pub fn preview(&self) -> Option<String> {
        self.render(&self.id, &self.id, 1).ok()
    }

    /// The text of a new block's file.
    pub(crate) fn render(&self, name: &str, uuid: &str, inputs: usize) -> Result<String, String> {
        let parameter = |number: usize| match number {
            1 => "data, ".to_owned(),
            number => format!("data_{number}, "),
        };
        // Transformers and exporters cannot do without input; a custom block can.
        let least = usize::from(self.kind != BlockKind::Custom);
        let r: Vec<_> = (1..=inputs.max(1)).map(|n| format!("df_{n}")).collect();
        let mut values = BTreeMap::from([
            ("name", name.to_owned()),
            ("block_name", name.to_owned()),
            ("block_uuid", uuid.to_owned()),
            (
                "parameters",
                (1..=inputs.max(least)).map(parameter).collect(),
            ),
            ("more", (2..=inputs).map(parameter).collect()),
            ("r_parameters", r.join(", ")),
        ]);
        values.extend(
            self.values
                .iter()
                .map(|(key, value)| (*key, (*value).to_owned())),
        );
        crate::template::render_values(&self.text, &values).map_err(|error| error.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_python_template_is_valid_and_has_its_decorator() {
        for template in block_templates() {
            let text = template.render("My notes", "my_notes", 2).unwrap();
            assert!(
                !text.contains("{{") || template.language == Language::Sql,
                "{text}"
            );
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{text}");
            let is_free = matches!(template.kind, BlockKind::Scratchpad | BlockKind::Chart);
            if template.language != Language::Python || is_free {
                continue;
            }
            let facts = crate::source::facts(&text);
            assert!(facts.syntax_error.is_none(), "{}: {text}", template.id);
            let decorator = match template.kind.name() {
                "conditional" => "condition",
                kind => kind,
            };
            assert!(text.contains(&format!("\n@{decorator}")), "{text}");
            assert!(
                text.contains(&format!("if '{decorator}' not in globals()")),
                "{text}"
            );
        }
    }

    #[test]
    fn parameters_follow_the_blocks_above() {
        let template = |kind: &str, id: &str| {
            let kind = BlockKind::parse(kind);
            let found = block_templates()
                .into_iter()
                .find(|template| template.kind == kind && template.id == id);
            found.unwrap()
        };
        for (kind, id, inputs, line) in [
            (
                "transformer",
                "default",
                0,
                "def transform(data, *args, **kwargs):",
            ),
            (
                "transformer",
                "default",
                3,
                "def transform(data, data_2, data_3, *args, **kwargs):",
            ),
            (
                "transformer",
                "sort_rows",
                2,
                "def sort_rows(data: DataFrame, data_2, *args, **kwargs) -> DataFrame:",
            ),
            ("custom", "default", 0, "def run(*args, **kwargs):"),
            ("custom", "default", 1, "def run(data, *args, **kwargs):"),
        ] {
            let text = template(kind, id).render("x", "x", inputs).unwrap();
            assert!(text.contains(line), "{line} is not in {text}");
        }
    }
}
