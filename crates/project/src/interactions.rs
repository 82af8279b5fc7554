//! Interactions (spec 1.12): forms that set variables of a pipeline without code. `interactions/<name>.yaml` holds the
//! forms, `pipelines/<uuid>/interactions.yaml` which blocks use them and who may. Reading only; how they look is decided
//! elsewhere.

use std::fs;

use baton_model::{BlockUuid, Map, PipelineUuid};
use serde_json::Value;

use crate::problem::{Problem, Rule};
use crate::project::Project;
use crate::reading::{self, Reader};
use crate::yaml::{Entry, Mark, Node};

const FOLDER: &str = "interactions";

/// What a person types or clicks into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// Boxes to tick.
    Checkbox,
    /// A text editor.
    Code,
    /// A list to choose from.
    DropdownMenu,
    /// On or off.
    Switch,
    /// A line of text.
    TextField,
}

const INPUTS: &[(InputKind, &str)] = &[
    (InputKind::Checkbox, "checkbox"),
    (InputKind::Code, "code"),
    (InputKind::DropdownMenu, "dropdown_menu"),
    (InputKind::Switch, "switch"),
    (InputKind::TextField, "text_field"),
];

/// The kind of a value that people type in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// True or false.
    Boolean,
    /// A day.
    Date,
    /// A moment.
    Datetime,
    /// A map.
    Dictionary,
    /// A number.
    Float,
    /// A whole number.
    Integer,
    /// A list.
    List,
    /// Text.
    String,
}

impl ValueKind {
    /// Every kind with the word that files use.
    pub const KNOWN: &'static [(Self, &'static str)] = &[
        (Self::Boolean, "boolean"),
        (Self::Date, "date"),
        (Self::Datetime, "datetime"),
        (Self::Dictionary, "dictionary"),
        (Self::Float, "float"),
        (Self::Integer, "integer"),
        (Self::List, "list"),
        (Self::String, "string"),
    ];
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct InteractionInput {
    /// Its name in the form.
    pub id: String,
    /// What it is; none for a line of text.
    pub kind: Option<InputKind>,
    /// What can be chosen: a label and a value each.
    pub options: Vec<(String, Value)>,
    /// How it looks, as it is: `input_type`, `multiline`, `language`, `monospace`.
    pub style: Map,
}

/// A variable that a form sets.
#[derive(Clone, Debug, PartialEq)]
pub struct InteractionVariable {
    /// Its key in the file.
    pub key: String,
    /// Name of the pipeline's variable.
    pub uuid: String,
    /// Name for people.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The field that sets it.
    pub input: Option<String>,
    /// Whether it must be set.
    pub required: bool,
    /// The kinds of value that it may have; empty for any.
    pub types: Vec<ValueKind>,
}

/// A place in a layout.
#[derive(Clone, Debug, PartialEq)]
pub struct LayoutCell {
    /// The block, in the layout of a pipeline.
    pub block: Option<BlockUuid>,
    /// The form, in the layout of a pipeline.
    pub interaction: Option<String>,
    /// The variable.
    pub variable: Option<String>,
    /// Its share of the row.
    pub width: Option<f64>,
}

/// A form.
#[derive(Clone, Debug, Default)]
pub struct Interaction {
    /// Its fields.
    pub inputs: Vec<InteractionInput>,
    /// The variables that it sets.
    pub variables: Vec<InteractionVariable>,
    /// Its rows.
    pub layout: Vec<Vec<LayoutCell>>,
    /// What is wrong with the file.
    pub problems: Vec<Problem>,
}

/// Who may use a form, and for which triggers.
#[derive(Clone, Debug, PartialEq)]
pub struct InteractionPermission {
    /// `Owner`, `Admin`, `Editor`, `Viewer`; empty for everybody.
    pub roles: Vec<String>,
    /// Interval and type of the triggers that may be made; empty for none.
    pub triggers: Vec<(Option<String>, Option<String>)>,
}

/// What a block changes about a variable of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableOverride {
    /// The variable's key in the form.
    pub key: String,
    /// Whether the form does not show it.
    pub disabled: bool,
    /// Whether it must be set; none for what the form says.
    pub required: Option<bool>,
    /// The kinds of value that it may have; empty for what the form says.
    pub types: Vec<ValueKind>,
    /// Another variable of the pipeline to set.
    pub uuid: Option<String>,
}

/// A form that a block uses.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockInteraction {
    /// The block.
    pub block: BlockUuid,
    /// The form: its file in `interactions`.
    pub uuid: String,
    /// Name for people.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Its rows; empty for those of the form.
    pub layout: Vec<Vec<LayoutCell>>,
    /// Who may use it.
    pub permissions: Vec<InteractionPermission>,
    /// What is different here.
    pub variables: Vec<VariableOverride>,
    /// Where it stands.
    pub(crate) mark: Mark,
}

/// The forms of a pipeline.
#[derive(Clone, Debug, Default)]
pub struct PipelineInteractions {
    /// The forms that its blocks use, in the order of the file.
    pub blocks: Vec<BlockInteraction>,
    /// The rows of the pipeline's page.
    pub layout: Vec<Vec<LayoutCell>>,
    /// Who may use it.
    pub permissions: Vec<InteractionPermission>,
    /// What is wrong with the file.
    pub problems: Vec<Problem>,
}

impl Project {
    /// The forms: paths of files in `interactions`, sorted, with `/` and extension.
    pub fn interaction_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(self.root().join(FOLDER).join(&folder));
            for entry in entries.into_iter().flatten().flatten() {
                let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                    continue;
                };
                let path = format!("{folder}{name}");
                if name.starts_with('.') {
                    continue;
                }
                let extension = name.rsplit_once('.').map(|(_, extension)| extension);
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(format!("{path}/")),
                    _ if matches!(extension, Some("yaml" | "yml")) => names.push(path),
                    _ => {}
                }
            }
        }
        names.sort();
        names
    }

    /// The form called `name`, with its extension; none when there is none.
    pub fn interaction(&self, name: &str) -> Option<Interaction> {
        let is_inside = name.split('/').all(|part| !matches!(part, "" | "." | ".."));
        let file = format!("{FOLDER}/{name}");
        if !is_inside {
            return None;
        }
        match self.read_text(&file) {
            Ok(text) => text.map(|text| read_form(&file, &text)),
            Err(problem) => Some(Interaction {
                problems: vec![*problem],
                ..Interaction::default()
            }),
        }
    }

    /// The forms of a pipeline; empty without an `interactions.yaml`.
    pub fn pipeline_interactions(&self, uuid: &PipelineUuid) -> PipelineInteractions {
        let file = path_of(uuid);
        match self.pipeline_text(uuid, &file) {
            Ok(text) => text
                .map(|text| read_pipeline(uuid, &file, &text))
                .unwrap_or_default(),
            Err(problem) => PipelineInteractions {
                problems: vec![(*problem).pipeline(uuid)],
                ..PipelineInteractions::default()
            },
        }
    }
}

/// Path of a pipeline's `interactions.yaml`, relative to the project.
pub(crate) fn path_of(uuid: &PipelineUuid) -> String {
    format!("pipelines/{uuid}/interactions.yaml")
}

pub(crate) fn read_form(file: &str, text: &str) -> Interaction {
    let mut reader = Reader::new(file, None);
    let mut form = Interaction::default();
    if let Some(document) = reader.parse(text) {
        let root = &document.root;
        if !root.is_null() && reader.is_mapping(root, "the file") {
            form.inputs = reader
                .mapping(root, "inputs")
                .iter()
                .map(|entry| input(entry, &mut reader))
                .collect();
            for entry in reader.mapping(root, "variables") {
                let variable = variable(entry, &mut reader);
                let known = |id: &String| form.inputs.iter().any(|input| input.id == *id);
                if let Some(id) = variable.input.as_ref().filter(|id| !known(id)) {
                    let message = format!("the form has no input `{id}`");
                    reader.problem(Rule::BadSetting, entry.mark, message);
                }
                form.variables.push(variable);
            }
            form.layout = layout(root, &mut reader);
        }
    }
    form.problems = reader.problems;
    form
}

fn input(entry: &Entry, reader: &mut Reader<'_>) -> InteractionInput {
    let node = &entry.value;
    let mut options = Vec::new();
    for option in reader.list(node, "options") {
        let value = option.get("value").map_or(Value::Null, Node::to_json);
        let label = reading::text(option, "label").or_else(|| option.get("value")?.text());
        options.push((label.unwrap_or_default(), value));
    }
    InteractionInput {
        id: entry.key.clone(),
        kind: reader.word(node, "type", INPUTS),
        options,
        style: reader.map(node, "style"),
    }
}

fn variable(entry: &Entry, reader: &mut Reader<'_>) -> InteractionVariable {
    let node = &entry.value;
    InteractionVariable {
        key: entry.key.clone(),
        uuid: reading::text(node, "uuid").unwrap_or_else(|| entry.key.clone()),
        name: reading::text(node, "name"),
        description: reading::text(node, "description"),
        input: reading::text(node, "input"),
        required: reading::flag(node, "required").unwrap_or(false),
        types: reader.words(node, "types", ValueKind::KNOWN),
    }
}

fn layout(node: &Node, reader: &mut Reader<'_>) -> Vec<Vec<LayoutCell>> {
    let mut rows = Vec::new();
    for row in reader.list(node, "layout") {
        if !matches!(row.content, crate::yaml::Content::Sequence(_)) {
            reader.shape(row, "a row of `layout`", "a list");
            continue;
        }
        let cells = row.items().iter().map(|cell| LayoutCell {
            block: reading::text(cell, "block_uuid").map(BlockUuid::new),
            interaction: reading::text(cell, "interaction"),
            variable: reading::text(cell, "variable"),
            width: reader.number(cell, "width"),
        });
        rows.push(cells.collect());
    }
    rows
}

pub(crate) fn read_pipeline(uuid: &PipelineUuid, file: &str, text: &str) -> PipelineInteractions {
    let mut reader = Reader::new(file, Some(uuid));
    let mut forms = PipelineInteractions::default();
    if let Some(document) = reader.parse(text) {
        let root = &document.root;
        if !root.is_null() && reader.is_mapping(root, "the file") {
            if let Some(blocks) = root.get("blocks") {
                for entry in reader.mapping(root, "blocks") {
                    let block = BlockUuid::new(entry.key.as_str());
                    for node in reader.list(blocks, &entry.key) {
                        if reader.is_mapping(node, "an interaction") {
                            let form = block_interaction(&block, node, &mut reader);
                            forms.blocks.push(form);
                        }
                    }
                }
            }
            forms.layout = layout(root, &mut reader);
            forms.permissions = permissions(root, &mut reader);
        }
    }
    forms.problems = reader.problems;
    forms
}

fn block_interaction(block: &BlockUuid, node: &Node, reader: &mut Reader<'_>) -> BlockInteraction {
    let variables = reader.mapping(node, "variables");
    BlockInteraction {
        block: block.clone(),
        uuid: reading::text(node, "uuid").unwrap_or_default(),
        name: reading::text(node, "name"),
        description: reading::text(node, "description"),
        layout: layout(node, reader),
        permissions: permissions(node, reader),
        variables: variables
            .iter()
            .map(|entry| VariableOverride {
                key: entry.key.clone(),
                disabled: reading::flag(&entry.value, "disabled").unwrap_or(false),
                required: reading::flag(&entry.value, "required"),
                types: reader.words(&entry.value, "types", ValueKind::KNOWN),
                uuid: reading::text(&entry.value, "uuid_override"),
            })
            .collect(),
        mark: node.get("uuid").map_or(node.mark, |value| value.mark),
    }
}

fn permissions(node: &Node, reader: &mut Reader<'_>) -> Vec<InteractionPermission> {
    let mut permissions = Vec::new();
    for item in reader.list(node, "permissions") {
        if !reader.is_mapping(item, "a permission") {
            continue;
        }
        let triggers = reader.list(item, "triggers").iter();
        let triggers = triggers.map(|trigger| {
            let text = |key| reading::text(trigger, key);
            (text("schedule_interval"), text("schedule_type"))
        });
        permissions.push(InteractionPermission {
            triggers: triggers.collect(),
            roles: reader
                .names(item, "roles")
                .into_iter()
                .map(|(role, _)| role)
                .collect(),
        });
    }
    permissions
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn forms_are_read() {
        let text = "inputs:\n  region:\n    type: dropdown_menu\n    options: [{label: Europe, value: eu}, {value: 2}]\n  rows: {type: text_field, style: {input_type: number}}\n  plain:\nvariables:\n  region: {uuid: region, name: Region, description: where, input: region, required: true, types: [string]}\n  count: {input: rows, types: [integer, float]}\nlayout:\n- [{variable: region, width: 2}, {variable: count}]\n";
        let form = read_form("interactions/a.yaml", text);
        assert_eq!(form.problems, []);
        assert_eq!(form.inputs[0].kind, Some(InputKind::DropdownMenu));
        assert_eq!(
            form.inputs[0].options,
            [
                ("Europe".to_owned(), json!("eu")),
                ("2".to_owned(), json!(2))
            ]
        );
        assert_eq!(form.inputs[1].style["input_type"], "number");
        assert_eq!(form.inputs[2].kind, None);
        assert!(form.variables[0].required);
        assert_eq!(form.variables[1].uuid, "count");
        assert_eq!(
            form.variables[1].types,
            [ValueKind::Integer, ValueKind::Float]
        );
        assert_eq!(form.layout[0].len(), 2);
        assert_eq!(form.layout[0][0].width, Some(2.0));
    }

    #[test]
    fn forms_of_a_pipeline_are_read() {
        let text = "blocks:\n  load:\n  - uuid: a.yaml\n    name: A\n    permissions: [{roles: [Viewer], triggers: [{schedule_interval: '@daily', schedule_type: time}]}]\n    variables: {region: {disabled: true, required: false, types: [date], uuid_override: zone}}\n  save:\nlayout: [[{block_uuid: load, interaction: a.yaml, variable: region, width: 1}]]\npermissions: [{roles: [Owner]}]\n";
        let forms = read_pipeline(&"p".into(), "f", text);
        assert_eq!(forms.problems, []);
        let form = &forms.blocks[0];
        assert_eq!(
            (form.block.as_str(), form.uuid.as_str()),
            ("load", "a.yaml")
        );
        let daily = (Some("@daily".to_owned()), Some("time".to_owned()));
        assert_eq!(form.permissions[0].triggers, [daily]);
        let expected = VariableOverride {
            key: "region".to_owned(),
            disabled: true,
            required: Some(false),
            types: vec![ValueKind::Date],
            uuid: Some("zone".to_owned()),
        };
        assert_eq!(form.variables, [expected]);
        assert_eq!(forms.layout[0][0].block, Some("load".into()));
        assert_eq!(forms.permissions[0].roles, ["Owner"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let codes = |problems: Vec<Problem>| -> Vec<(&'static str, u32)> {
            let places = problems.iter();
            places
                .map(|problem| (problem.code, problem.line.unwrap_or(0)))
                .collect()
        };
        let text = "inputs:\n  a: {type: slider}\nvariables:\n  x: {input: b, types: [moon]}\nlayout: [a]\n";
        assert_eq!(
            codes(read_form("f", text).problems),
            [
                ("bad-setting", 2),
                ("bad-setting", 4),
                ("bad-setting", 4),
                ("yaml-shape", 5)
            ]
        );
        let text = "blocks:\n  a: [x]\n  b: y\npermissions: [z]\nlayout: 3\n";
        assert_eq!(
            codes(read_pipeline(&"p".into(), "f", text).problems),
            [
                ("yaml-shape", 2),
                ("yaml-shape", 3),
                ("yaml-shape", 5),
                ("yaml-shape", 4)
            ]
        );
    }
}
