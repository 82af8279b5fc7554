//! Global hooks (spec 1.9): pipelines that run before and after operations of the API, and change what goes in and out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use baton_model::{Cause, Content, Map, PipelineUuid, ProductKind, RunId, RunStatus};
use baton_project::watch::Changed;
use baton_project::{
    GlobalHook, GlobalHooks, HOOKED, HookCondition, HookOperation, HookOutput, HookStage,
    HookStrategy, HookTarget, Project,
};
use baton_scheduler::Wanted;
use serde_json::{Value, json};

use super::Host;
use crate::actor::Actor;
use crate::failure::Failure;

/// The trigger that runs of hooks belong to.
const TRIGGER: &str = "GLOBAL_HOOK_TRIGGER";

/// How long an operation waits for a hook.
const PATIENCE: Duration = Duration::from_secs(600);

/// The hooks as they were last read; none before, and when files have changed.
#[derive(Debug, Default)]
pub(super) struct KnownHooks(Mutex<Option<Arc<GlobalHooks>>>);

impl KnownHooks {
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// An operation that hooks follow.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The resource, as hooks name it: `PipelineRun`.
    pub resource: String,
    /// What is done with it.
    pub kind: HookOperation,
    /// What the address says of it: numbers and names.
    pub ids: Map,
    /// What goes in and comes out, by the names of [`HookTarget`]. Hooks change it.
    pub parts: Map,
}

impl Operation {
    /// What is known of the resource.
    fn subject(&self) -> Value {
        let mut known = self.ids.clone();
        for part in ["payload", "resource"] {
            if let Some(Value::Object(map)) = self.parts.get(part) {
                known.extend(map.clone());
            }
        }
        Value::Object(known)
    }
}

impl Host {
    /// The hooks of the project, if any of them follows this operation.
    pub async fn hooks_on(
        &self,
        resource: &str,
        kind: HookOperation,
    ) -> Result<Option<Arc<GlobalHooks>>, Failure> {
        if !HOOKED.contains(&resource) {
            return Ok(None);
        }
        let known = self.lock_hooks().clone();
        let hooks = if let Some(hooks) = known {
            hooks
        } else {
            let project = self.project().await?;
            let read = if project.settings().has_feature("global_hooks") {
                project.global_hooks()
            } else {
                GlobalHooks::default()
            };
            let read = Arc::new(read);
            *self.lock_hooks() = Some(Arc::clone(&read));
            read
        };
        let mut all = hooks.hooks.iter();
        let follows = all.any(|hook| hook.resource == resource && hook.operation == kind);
        Ok(follows.then_some(hooks))
    }

    fn lock_hooks(&self) -> std::sync::MutexGuard<'_, Option<Arc<GlobalHooks>>> {
        self.hooks.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the hooks of a stage, one after the other. An error is one of a hook whose failure fails the operation.
    pub async fn run_hooks(
        &self,
        hooks: &GlobalHooks,
        stage: HookStage,
        end: Option<HookCondition>,
        operation: &mut Operation,
    ) -> Result<(), Failure> {
        let (resource, kind) = (operation.resource.clone(), operation.kind);
        for hook in hooks.of(&resource, kind, stage) {
            let subject = match (stage, resource.as_str()) {
                (HookStage::Before, "Pipeline") => self.with_keys(operation).await,
                _ => operation.subject(),
            };
            if !hook.applies(end, &subject) {
                continue;
            }
            let Err(failure) = self.run_hook(hook, stage, operation).await else {
                continue;
            };
            let (uuid, reason) = (&hook.uuid, &failure.message);
            tracing::warn!(hook = uuid, reason, "a hook failed");
            if hook.strategies.contains(&HookStrategy::Raise) {
                let message = format!("the hook `{uuid}` failed: {reason}");
                return Err(Failure { message, ..failure });
            }
            if hook.strategies.contains(&HookStrategy::Break) {
                break;
            }
        }
        Ok(())
    }

    /// What is known of a pipeline that is about to be changed: its own keys, too.
    async fn with_keys(&self, operation: &Operation) -> Value {
        let uuid = operation.ids.get("uuid").and_then(Value::as_str);
        let mut known = match (uuid, self.project().await) {
            (Some(uuid), Ok(project)) => {
                let document = project.pipeline_document(&PipelineUuid::new(uuid));
                document.map(|document| document.keys).unwrap_or_default()
            }
            _ => Map::new(),
        };
        if let Value::Object(more) = operation.subject() {
            known.extend(more);
        }
        Value::Object(known)
    }

    async fn run_hook(
        &self,
        hook: &GlobalHook,
        stage: HookStage,
        operation: &mut Operation,
    ) -> Result<(), Failure> {
        let Some(pipeline) = &hook.pipeline else {
            return Ok(());
        };
        if let Some(agreed) = &hook.snapshot_hash {
            let project = self.project().await?;
            let now = digest(&project, pipeline)?;
            if *agreed != now {
                return Err(Failure::conflict(
                    format!(
                        "the pipeline `{pipeline}` is not the one that somebody agreed to: it is `{now}` now"
                    ),
                    "look at the pipeline, and write this as `snapshot_hash`",
                ));
            }
        }
        let mut wanted = Wanted::new(pipeline.clone(), Cause::Call, self.service().now());
        let stored = self.store().trigger_named(pipeline, TRIGGER).await?;
        wanted.trigger = stored;
        wanted.trigger_name = Some(TRIGGER.to_owned());
        wanted.variables = operation.parts.clone();
        wanted.variables.extend(hook.variables.clone());
        let told = json!({
            "uuid": hook.uuid,
            "resource": operation.resource,
            "operation": HookOperation::KNOWN.iter().find(|(kind, _)| *kind == operation.kind).map(|(_, word)| *word),
            "stage": match stage { HookStage::Before => "before", HookStage::After => "after" },
            "ids": operation.ids,
        });
        wanted.variables.insert("hook".to_owned(), told);
        let made = self.service().submit(vec![wanted]).await.into_iter().next();
        let run = match made {
            Some(Ok(Some(run))) => run,
            Some(Err(complaint)) => return Err(Failure::complained(complaint)),
            _ => return Err(Failure::bug("its run was not made")),
        };
        if hook.asynchronous {
            return Ok(());
        }
        let ended = self.wait_for_run(&Actor::Owner, run, PATIENCE).await?;
        if ended.status != RunStatus::Completed {
            return Err(Failure::conflict(
                self.words_of(run, ended.status).await?,
                format!("the `why` and the log of run {run} say more"),
            ));
        }
        for output in &hook.outputs {
            let value = self.value_of(run, output).await?;
            merge(&mut operation.parts, output, value);
        }
        Ok(())
    }

    /// How a hook's run ended, in the words of the first block that failed.
    async fn words_of(&self, run: RunId, status: RunStatus) -> Result<String, Failure> {
        let blocks = self.store().block_runs(run).await?;
        let status = status.name();
        Ok(match blocks.into_iter().find_map(|block| block.error) {
            Some(error) => format!("its run {run} is {status}: {}", error.message),
            None => format!("its run {run} is {status}"),
        })
    }

    /// What a block of a hook's run gave, as JSON.
    async fn value_of(&self, run: RunId, output: &HookOutput) -> Result<Value, Failure> {
        let block = &output.block;
        let products = self.store().products_named(run, block.as_str()).await?;
        let Some(product) = products.into_iter().next() else {
            return Err(Failure::missing(format!(
                "its block `{block}` gave no output"
            )));
        };
        let text = match (&product.kind, &product.content) {
            (ProductKind::Json | ProductKind::Text, Content::Inline(text)) => text.clone(),
            (ProductKind::Json | ProductKind::Text, Content::Chunks(_)) => {
                let bytes = self.product_bytes(&Actor::Owner, &product).await?;
                String::from_utf8_lossy(&bytes).into_owned()
            }
            _ => {
                return Err(Failure::conflict(
                    format!("its block `{block}` gave a {}", product.kind.name()),
                    "return a dictionary or a list",
                ));
            }
        };
        if product.kind == ProductKind::Text {
            return Ok(Value::String(text));
        }
        let value = serde_json::from_str(&text);
        value.map_err(|error| Failure::bug(format!("the output of `{block}`: {error}")))
    }

    /// Tells hooks of changes of files, however they came about.
    pub(super) fn follow_changes(self: &Arc<Self>, changes: &[Changed]) {
        let operations: Vec<Operation> = changes.iter().filter_map(change).collect();
        if operations.is_empty() {
            return;
        }
        let host = Arc::clone(self);
        tokio::spawn(async move {
            for mut operation in operations {
                let found = host.hooks_on(&operation.resource, operation.kind).await;
                let Ok(Some(hooks)) = found else { continue };
                operation.parts = Map::from_iter([("resource".to_owned(), json!(operation.ids))]);
                let end = Some(HookCondition::Success);
                // Its failure was told, and there is no operation that it could fail.
                let _ = host
                    .run_hooks(&hooks, HookStage::After, end, &mut operation)
                    .await;
            }
        });
    }
}

fn change(change: &Changed) -> Option<Operation> {
    let (resource, ids) = match change {
        Changed::Pipeline(uuid) => ("Pipeline", json!({"uuid": uuid})),
        Changed::BlockFile(path) => {
            let (folder, name) = path.rsplit_once('/')?;
            let uuid = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
            (
                "Block",
                json!({"uuid": uuid, "file": path, "folder": folder}),
            )
        }
        Changed::Project | Changed::Triggers(_) => return None,
    };
    Some(Operation {
        resource: resource.to_owned(),
        kind: HookOperation::UpdateAnywhere,
        ids: ids.as_object().cloned().unwrap_or_default(),
        parts: Map::new(),
    })
}

/// Puts an output into the part of the operation that it is for: maps are joined, anything else is replaced.
fn merge(parts: &mut Map, output: &HookOutput, value: Value) {
    let mut slot = parts.entry(part(output.target)).or_insert(Value::Null);
    for key in &output.keys {
        if !slot.is_object() {
            *slot = Value::Object(Map::new());
        }
        let Value::Object(map) = slot else { return };
        slot = map.entry(key.as_str()).or_insert(Value::Null);
    }
    match (slot, value) {
        (Value::Object(map), Value::Object(more)) => map.extend(more),
        (slot, value) => *slot = value,
    }
}

fn part(target: HookTarget) -> &'static str {
    match target {
        HookTarget::Error => "error",
        HookTarget::Meta => "meta",
        HookTarget::Metadata => "metadata",
        HookTarget::Payload => "payload",
        HookTarget::Query => "query",
        HookTarget::Resource => "resource",
        HookTarget::Resources => "resources",
    }
}

/// Names the content of a pipeline: its file and those of its blocks.
fn digest(project: &Project, uuid: &PipelineUuid) -> Result<String, Failure> {
    let document = project.pipeline_document(uuid)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&document.bytes);
    for block in &document.file.pipeline.blocks {
        let file = project.block_file(&document.file.pipeline, block);
        let text = file.and_then(|file| project.read(&file.path).ok());
        hasher.update(block.uuid.as_str().as_bytes());
        hasher.update(&[0]);
        hasher.update(&text.unwrap_or_default());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_go_where_they_are_wanted() {
        let mut parts = json!({"payload": {"name": "a", "more": {"x": 1}}})
            .as_object()
            .cloned()
            .unwrap();
        for (target, keys, value) in [
            (HookTarget::Payload, vec![], json!({"name": "b"})),
            (HookTarget::Payload, vec!["more"], json!({"y": 2})),
            (HookTarget::Payload, vec!["name", "deep"], json!(3)),
            (HookTarget::Query, vec!["limit"], json!(["5"])),
            (HookTarget::Resources, vec![], json!([1])),
        ] {
            let output = HookOutput {
                block: "x".into(),
                target,
                keys: keys.into_iter().map(str::to_owned).collect(),
            };
            merge(&mut parts, &output, value);
        }
        let expected = json!({
            "payload": {"name": {"deep": 3}, "more": {"x": 1, "y": 2}},
            "query": {"limit": ["5"]},
            "resources": [1],
        });
        assert_eq!(Value::Object(parts), expected);
    }
}
