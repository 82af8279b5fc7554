//! `global_hooks.yaml` (spec 1.9): pipelines that run before or after an operation on a resource of the API. Running
//! them is the business of others.

use baton_model::{BlockUuid, Map, PipelineUuid};
use serde_json::Value;

use crate::problem::{Problem, Rule};
use crate::project::Project;
use crate::reading::{self, Reader};
use crate::yaml::{Mark, Node};

pub(crate) const FILE: &str = "global_hooks.yaml";

/// What is done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HookOperation {
    /// One is made.
    Create,
    /// One is deleted.
    Delete,
    /// One is shown.
    Detail,
    /// One is run.
    Execute,
    /// Several are shown.
    List,
    /// One is changed.
    Update,
    /// One is changed from anywhere, also by its own file.
    UpdateAnywhere,
}

impl HookOperation {
    /// Every operation with the word that the file uses.
    pub const KNOWN: &'static [(Self, &'static str)] = &[
        (Self::Create, "create"),
        (Self::Delete, "delete"),
        (Self::Detail, "detail"),
        (Self::Execute, "execute"),
        (Self::List, "list"),
        (Self::Update, "update"),
        (Self::UpdateAnywhere, "update_anywhere"),
    ];
}

/// Resources whose operations hooks can follow. Secrets are none of them: what a hook is told is stored with its run.
pub const HOOKED: &[&str] = &[
    "Backfill",
    "Block",
    "BlockRun",
    "CustomTemplate",
    "File",
    "FileContent",
    "Folder",
    "GlobalDataProduct",
    "Interaction",
    "Log",
    "Output",
    "Pipeline",
    "PipelineInteraction",
    "PipelineRun",
    "PipelineSchedule",
    "Project",
    "Run",
    "Tag",
    "Variable",
];

/// Resources whose files are watched: the only ones that can be changed from anywhere.
const WATCHED: &[&str] = &["Block", "Pipeline"];

/// How the operation must have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookCondition {
    /// Well.
    Success,
    /// With an error.
    Failure,
}

/// Whether the hook runs before or after the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookStage {
    /// Before it.
    Before,
    /// After it.
    After,
}

/// What the failure of a hook means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookStrategy {
    /// The hooks behind it do not run.
    Break,
    /// Nothing.
    Continue,
    /// The operation fails.
    Raise,
}

/// The part of an operation that an output of a hook is merged into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookTarget {
    /// Its error.
    Error,
    /// Facts about the answer.
    Meta,
    /// Facts about the request.
    Metadata,
    /// What the caller sent.
    Payload,
    /// What the caller asked for.
    Query,
    /// The resource.
    Resource,
    /// The resources.
    Resources,
}

const CONDITIONS: &[(HookCondition, &str)] = &[
    (HookCondition::Success, "success"),
    (HookCondition::Failure, "failure"),
];
const STAGES: &[(HookStage, &str)] = &[(HookStage::Before, "before"), (HookStage::After, "after")];
const STRATEGIES: &[(HookStrategy, &str)] = &[
    (HookStrategy::Break, "break"),
    (HookStrategy::Continue, "continue"),
    (HookStrategy::Raise, "raise"),
];
const TARGETS: &[(HookTarget, &str)] = &[
    (HookTarget::Error, "error"),
    (HookTarget::Meta, "meta"),
    (HookTarget::Metadata, "metadata"),
    (HookTarget::Payload, "payload"),
    (HookTarget::Query, "query"),
    (HookTarget::Resource, "resource"),
    (HookTarget::Resources, "resources"),
];

/// An output of a hook's pipeline that changes the operation.
#[derive(Clone, Debug, PartialEq)]
pub struct HookOutput {
    /// The block whose output it is.
    pub block: BlockUuid,
    /// What it is merged into.
    pub target: HookTarget,
    /// The keys below it that it is merged into; empty for the whole.
    pub keys: Vec<String>,
}

/// A pipeline that runs before or after an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct GlobalHook {
    /// Its name.
    pub uuid: String,
    /// The kind of resource, as the API names it: `Pipeline`, `Block`.
    pub resource: String,
    /// What is done with it.
    pub operation: HookOperation,
    /// How the operation must have ended; empty for any end.
    pub conditions: Vec<HookCondition>,
    /// When it runs; empty for never.
    pub stages: Vec<HookStage>,
    /// What its failure means.
    pub strategies: Vec<HookStrategy>,
    /// What the resource must be like, as it is; none for any.
    pub predicate: Option<Value>,
    /// The pipeline that runs; none does nothing.
    pub pipeline: Option<PipelineUuid>,
    /// Variables of the run.
    pub variables: Map,
    /// Whether the operation does not wait for the run.
    pub asynchronous: bool,
    /// Whether the run belongs to a trigger and is kept like others.
    pub with_trigger: bool,
    /// What the run gives to the operation.
    pub outputs: Vec<HookOutput>,
    /// The content of the pipeline that somebody agreed to; the hook runs only as long as it is that.
    pub snapshot_hash: Option<String>,
    /// `metadata` as it is.
    pub metadata: Map,
    /// Where its pipeline is named.
    pub(crate) mark: Mark,
}

impl GlobalHook {
    /// Whether it runs now: after an operation that ended so, or before one, on a resource like this.
    pub fn applies(&self, end: Option<HookCondition>, resource: &Value) -> bool {
        let ended =
            end.is_none_or(|end| self.conditions.is_empty() || self.conditions.contains(&end));
        let predicate = self.predicate.as_ref();
        ended && predicate.is_none_or(|predicate| fits(predicate, resource))
    }

    /// Why it can never run; none when it can.
    pub(crate) fn obstacle(&self) -> Option<String> {
        let (resource, operation) = (self.resource.as_str(), self.operation);
        if !HOOKED.contains(&resource) {
            return Some(format!("nothing tells of operations on `{resource}`"));
        }
        match operation {
            HookOperation::Execute => Some(
                "the API has no operation `execute`: runs are made by `create` of `PipelineRun`"
                    .to_owned(),
            ),
            HookOperation::UpdateAnywhere if !WATCHED.contains(&resource) => Some(format!(
                "changes of `{resource}` are seen through the API only: use `update`"
            )),
            HookOperation::UpdateAnywhere if self.stages.contains(&HookStage::Before) => Some(
                "a change from anywhere is seen when it has been made: use the stage `after`"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

/// Whether a resource has the attributes that a predicate names: maps key by key, one of a list, else the same value.
fn fits(predicate: &Value, resource: &Value) -> bool {
    match predicate {
        Value::Null => true,
        Value::Object(wanted) => wanted.iter().all(|(key, value)| {
            value.is_null() || resource.get(key).is_some_and(|found| fits(value, found))
        }),
        Value::Array(choices) => choices.iter().any(|choice| fits(choice, resource)),
        wanted => {
            // Numbers of a path are text.
            let text = |value: &Value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            };
            match resource {
                Value::Array(items) => items.iter().any(|item| fits(wanted, item)),
                found => text(wanted) == text(found),
            }
        }
    }
}

/// What the file of a project holds.
#[derive(Clone, Debug, Default)]
pub struct GlobalHooks {
    /// The hooks, in the order of the file.
    pub hooks: Vec<GlobalHook>,
    /// What is wrong with the file.
    pub problems: Vec<Problem>,
}

impl GlobalHooks {
    /// The hooks of an operation, in the order of the file.
    pub fn of(
        &self,
        resource: &str,
        operation: HookOperation,
        stage: HookStage,
    ) -> impl Iterator<Item = &GlobalHook> {
        self.hooks.iter().filter(move |hook| {
            hook.resource == resource && hook.operation == operation && hook.stages.contains(&stage)
        })
    }
}

impl Project {
    /// What `global_hooks.yaml` holds; empty without one. They count only where the feature `global_hooks` is on.
    pub fn global_hooks(&self) -> GlobalHooks {
        match self.read_text(FILE) {
            Ok(text) => text.map(|text| read(&text)).unwrap_or_default(),
            Err(problem) => GlobalHooks {
                hooks: Vec::new(),
                problems: vec![*problem],
            },
        }
    }
}

/// Reads the text of the file.
pub(crate) fn read(text: &str) -> GlobalHooks {
    let mut reader = Reader::new(FILE, None);
    let mut hooks = Vec::new();
    if let Some(document) = reader.parse(text) {
        let root = &document.root;
        if !root.is_null() && reader.is_mapping(root, "the file") {
            for resource in reader.mapping(root, "resources") {
                if resource.value.is_null() || !reader.is_mapping(&resource.value, &resource.key) {
                    continue;
                }
                for entry in resource.value.entries() {
                    let known = HookOperation::KNOWN;
                    let operation = known.iter().find(|(_, word)| *word == entry.key);
                    let Some((operation, _)) = operation else {
                        let words: Vec<String> =
                            known.iter().map(|(_, word)| format!("`{word}`")).collect();
                        let message = format!("there is no operation `{}`", entry.key);
                        reader.problem(Rule::BadSetting, entry.mark, message).hint =
                            Some(format!("use {}", words.join(", ")));
                        continue;
                    };
                    for node in reader.list(&resource.value, &entry.key) {
                        if reader.is_mapping(node, "a hook") {
                            hooks.push(hook(node, &resource.key, *operation, &mut reader));
                        }
                    }
                }
            }
        }
    }
    GlobalHooks {
        hooks,
        problems: reader.problems,
    }
}

fn hook(
    node: &Node,
    resource: &str,
    operation: HookOperation,
    reader: &mut Reader<'_>,
) -> GlobalHook {
    let section = |key: &str| node.get(key).filter(|value| !value.is_null());
    let pipeline = section("pipeline");
    let settings = section("run_settings");
    let switch = |key: &str| settings.and_then(|settings| reading::flag(settings, key));
    let metadata = reader.map(node, "metadata");
    let mut outputs = Vec::new();
    for item in reader.list(node, "outputs") {
        let block = item
            .get("block")
            .and_then(|block| reading::text(block, "uuid"));
        let target = reader.word(item, "key", TARGETS);
        let (Some(block), Some(target)) = (block, target) else {
            if item.get("key").is_none_or(Node::is_null) || item.get("block").is_none() {
                let message = "an output of a hook needs `block.uuid` and `key`";
                reader.problem(Rule::BadSetting, item.mark, message);
            }
            continue;
        };
        let keys = reader.names(item, "keys");
        outputs.push(HookOutput {
            block: BlockUuid::new(block),
            target,
            keys: keys.into_iter().map(|(key, _)| key).collect(),
        });
    }
    GlobalHook {
        uuid: reading::text(node, "uuid").unwrap_or_default(),
        resource: resource.to_owned(),
        operation,
        conditions: reader.words(node, "conditions", CONDITIONS),
        stages: reader.words(node, "stages", STAGES),
        strategies: reader.words(node, "strategies", STRATEGIES),
        predicate: section("predicate").map(Node::to_json),
        pipeline: pipeline
            .and_then(|pipeline| reading::text(pipeline, "uuid"))
            .map(PipelineUuid::new),
        variables: pipeline
            .map(|pipeline| reader.variables(pipeline, "variables"))
            .unwrap_or_default(),
        asynchronous: switch("asynchronous").unwrap_or(false),
        with_trigger: switch("with_trigger").unwrap_or(false),
        outputs,
        snapshot_hash: metadata
            .get("snapshot_hash")
            .and_then(Value::as_str)
            .map(str::to_owned),
        metadata,
        mark: pipeline.map_or(node.mark, |pipeline| pipeline.mark),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hooks_are_read() {
        let text = "resources:\n  Pipeline:\n    update:\n    - uuid: tell\n      conditions: [success]\n      stages: [after]\n      strategies: [continue]\n      predicate: {resource_id: demo}\n      pipeline: {uuid: notify, variables: {day: 2024-01-01}}\n      run_settings: {asynchronous: true, with_trigger: true}\n      outputs:\n      - {block: {uuid: last}, key: metadata, keys: [a, b]}\n      metadata: {snapshot_hash: abc, user: {id: 1}, later: x}\n    - uuid: first\n      stages: [before, after]\n  Block:\n    create: null\n";
        let read = read(text);
        assert_eq!(read.problems, []);
        let [tell, first] = read.hooks.as_slice() else {
            panic!("{:?}", read.hooks);
        };
        assert_eq!(
            (tell.resource.as_str(), tell.operation),
            ("Pipeline", HookOperation::Update)
        );
        assert_eq!(tell.conditions, [HookCondition::Success]);
        assert_eq!(tell.strategies, [HookStrategy::Continue]);
        assert_eq!(tell.predicate, Some(json!({"resource_id": "demo"})));
        assert_eq!(tell.pipeline, Some("notify".into()));
        assert_eq!(tell.variables["day"], json!({"$date": "2024-01-01"}));
        assert!(tell.asynchronous && tell.with_trigger);
        assert_eq!(tell.outputs[0].target, HookTarget::Metadata);
        assert_eq!(tell.outputs[0].keys, ["a", "b"]);
        assert_eq!(tell.snapshot_hash.as_deref(), Some("abc"));
        assert_eq!(tell.metadata["later"], "x");
        assert_eq!((&first.pipeline, &first.predicate), (&None, &None));
        let named = |stage| -> Vec<&str> {
            let hooks = read.of("Pipeline", HookOperation::Update, stage);
            hooks.map(|hook| hook.uuid.as_str()).collect()
        };
        assert_eq!(named(HookStage::After), ["tell", "first"]);
        assert_eq!(named(HookStage::Before), ["first"]);
        assert!(super::read("").hooks.is_empty());
    }

    #[test]
    fn hooks_apply_to_what_their_predicate_and_conditions_say() {
        let hook = |rest: &str| {
            let text =
                format!("resources: {{Pipeline: {{update: [{{stages: [after]{rest}}}]}}}}\n");
            read(&text).hooks.remove(0)
        };
        let resource = json!({"uuid": "demo", "type": "python", "id": "7", "tags": ["a", "b"], "blocks": {"x": 1}});
        let good = Some(HookCondition::Success);
        for (rest, expected) in [
            ("", true),
            (", conditions: [failure]", false),
            (", conditions: [success, failure]", true),
            (", predicate: {uuid: demo, id: 7}", true),
            (", predicate: {uuid: other}", false),
            (", predicate: {colour: null}", true),
            (", predicate: {colour: red}", false),
            (", predicate: {type: [streaming, python]}", true),
            (", predicate: {tags: b}", true),
            (", predicate: {tags: [c, d]}", false),
            (", predicate: {blocks: {x: 2}}", false),
        ] {
            assert_eq!(hook(rest).applies(good, &resource), expected, "{rest}");
        }
        // Before an operation nobody knows how it ends.
        assert!(hook(", conditions: [failure]").applies(None, &resource));
    }

    #[test]
    fn what_can_never_run_has_an_obstacle() {
        let obstacle = |resource: &str, operation: &str, stage: &str| {
            let text =
                format!("resources: {{{resource}: {{{operation}: [{{stages: [{stage}]}}]}}}}\n");
            read(&text).hooks.remove(0).obstacle()
        };
        assert_eq!(obstacle("Pipeline", "update", "before"), None);
        assert_eq!(obstacle("Block", "update_anywhere", "after"), None);
        for (resource, operation, stage, reason) in [
            ("Secret", "create", "after", "nothing tells"),
            ("Pipeline", "execute", "after", "no operation `execute`"),
            (
                "PipelineRun",
                "update_anywhere",
                "after",
                "through the API only",
            ),
            (
                "Pipeline",
                "update_anywhere",
                "before",
                "when it has been made",
            ),
        ] {
            let found = obstacle(resource, operation, stage).unwrap();
            assert!(found.contains(reason), "{found}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let text = "resources:\n  Pipeline:\n    destroy: []\n    create:\n    - text\n    - stages: [during]\n      conditions: maybe\n      outputs: [{key: moon, block: {uuid: x}}, {key: meta}]\n  Block: 3\n";
        let read = read(text);
        let found: Vec<_> = read
            .problems
            .iter()
            .map(|problem| (problem.code, problem.line.unwrap_or(0)))
            .collect();
        assert_eq!(
            found,
            [
                ("bad-setting", 3),
                ("yaml-shape", 5),
                ("bad-setting", 8),
                ("bad-setting", 8),
                ("yaml-shape", 7),
                ("bad-setting", 6),
                ("yaml-shape", 9),
            ]
        );
        assert_eq!(read.hooks.len(), 1);
        assert_eq!(super::read("resources: 3\n").problems.len(), 1);
    }
}
