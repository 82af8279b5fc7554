//! Runs that blocks ask for: by the name of a pipeline, or because a global data product has to be fresh.

use std::fs::{File, TryLockError};

use baton_base::files::{self, FileError};
use baton_base::{iso, now};
use baton_engine::freshness::freshness;
use baton_model::{BlockUuid, GlobalDataProduct, Map, PipelineUuid, Run, RunId, Timestamp};
use baton_runner::{Answer, Asker, Refusal, RefusalKind, Stored};
use serde_json::{Value, json};

use super::{MOST_RUNS, ProjectAnswers, blocking, failed, no_pipeline};
use crate::nested::Beginning;

/// The trigger of a run that code asks for without naming one.
const FROM_CODE: &str = "API_TRIGGER_CREATED_FROM_CODE";

/// The trigger of a run that renews a global data product.
const FOR_PRODUCT: &str = "GLOBAL_DATA_PRODUCT_TRIGGER";

impl ProjectAnswers {
    /// Starts a run of a pipeline.
    pub(super) async fn trigger(
        &self,
        asker: &Asker,
        pipeline: PipelineUuid,
        trigger: Option<String>,
        variables: Map,
        remote_blocks: Vec<Value>,
    ) -> Result<Answer, Refusal> {
        let wanted = pipeline.clone();
        self.project(move |project| {
            project.pipeline(&wanted).map_err(no_pipeline)?;
            Ok(Value::Null)
        })
        .await?;
        let beginning = Beginning {
            pipeline,
            trigger: trigger.unwrap_or_else(|| FROM_CODE.to_owned()),
            variables: with_remote_blocks(variables, &remote_blocks),
            parent: asker.run,
            asked_by: asker.block.clone(),
            product: None,
        };
        let run = self.children.start(beginning).await?;
        let described = self.described(&[run]).await?;
        Ok(Answer::open(
            described.into_iter().next().unwrap_or_default(),
        ))
    }

    /// Sees to a fresh run of a global data product. `state` is `fresh`, `started` (with the run), or `waiting` when
    /// somebody else is at it.
    pub(super) async fn renew_product(
        &self,
        asker: &Asker,
        settings: Map,
        variables: Map,
        remote_blocks: Vec<Value>,
    ) -> Result<Answer, Refusal> {
        let (product, _) = self.shared_product(settings).await?;
        if let Some(fresh) = self.fresh(&product).await? {
            return Ok(Answer::open(fresh));
        }
        if self.children.holds(asker.run, &product.uuid).await {
            return Err(Refusal::new(
                RefusalKind::Failed,
                format!(
                    "the global data product `{}` needs itself: its pipeline `{}`, or one that this starts, hands it out",
                    product.uuid, product.pipeline
                ),
            ));
        }
        let Some(lock) = self.lock_product(&product.uuid).await? else {
            return Ok(Answer::open(json!({"state": "waiting"})));
        };
        // It may have been made between the look and the lock.
        if let Some(fresh) = self.fresh(&product).await? {
            return Ok(Answer::open(fresh));
        }
        let beginning = Beginning {
            pipeline: product.pipeline.clone(),
            trigger: FOR_PRODUCT.to_owned(),
            variables: with_remote_blocks(variables, &remote_blocks),
            parent: asker.run,
            asked_by: asker.block.clone(),
            product: Some((product.uuid.clone(), lock)),
        };
        let run = self.children.start(beginning).await?;
        let described = self.described(&[run]).await?;
        Ok(Answer::open(
            json!({"state": "started", "run": described.into_iter().next()}),
        ))
    }

    /// What is said of a product whose newest run still does; none for one that has to be made.
    async fn fresh(&self, product: &GlobalDataProduct) -> Result<Option<Value>, Refusal> {
        let newest = self.product_runs(product, 1).await?.into_iter().next();
        let found = freshness(product, newest.map(|(_, date)| date), Timestamp(now()));
        if found.is_outdated {
            return Ok(None);
        }
        Ok(newest.map(|(run, date)| {
            json!({
                "state": "fresh", "run_id": run, "at": iso(date.0),
                "until": found.outdated_at.map(|until| iso(until.0)),
            })
        }))
    }

    /// The outputs of a product's newest runs: `{"blocks": [{"block": uuid, "outputs": [...]}]}`.
    pub(super) async fn product_outputs(
        &self,
        asker: &Asker,
        settings: Map,
    ) -> Result<Answer, Refusal> {
        let (product, blocks) = self.shared_product(settings).await?;
        let most = blocks.iter().map(|(_, partitions)| *partitions);
        let most = if most.clone().any(|partitions| partitions == 0) {
            MOST_RUNS
        } else {
            most.max().unwrap_or(1)
        };
        let mut runs: Vec<Run> = Vec::new();
        for (id, _) in self.product_runs(&product, most).await? {
            runs.extend(self.store.load_run(id).await.map_err(failed)?);
        }
        let mut shown = Vec::with_capacity(blocks.len());
        for (uuid, partitions) in blocks {
            let wanted = match partitions {
                0 => runs.len(),
                some => some as usize,
            };
            let mut outputs = Vec::new();
            for run in runs.iter().take(wanted) {
                let its = run.blocks.iter().filter(|block| block.key.block == uuid);
                for block in its {
                    let stored = Stored {
                        pipeline: product.pipeline.clone(),
                        block: block.name.as_str().into(),
                        partition: None,
                        run: Some(run.id),
                    };
                    let answer = self.stored(asker, &stored, None).await?.value;
                    if let Some(Value::Array(products)) = answer.get("products") {
                        outputs.extend(products.iter().cloned());
                    }
                }
            }
            shown.push(json!({"block": uuid, "outputs": outputs}));
        }
        Ok(Answer::open(json!({"blocks": shown})))
    }

    /// The product that a block means, and the blocks that it shares with the number of runs of each.
    async fn shared_product(
        &self,
        settings: Map,
    ) -> Result<(GlobalDataProduct, Vec<(BlockUuid, u32)>), Refusal> {
        let root = self.root.clone();
        blocking(move || {
            let refuse = |text: String| Refusal::new(RefusalKind::NotFound, text);
            let project = baton_project::Project::open(&root).map_err(failed)?;
            let Some(uuid) = settings.get("uuid").and_then(Value::as_str) else {
                return Err(refuse(
                    "the block names no global data product: set `configuration.global_data_product.uuid`".to_owned(),
                ));
            };
            let declared = project.global_data_products();
            let Some(product) = declared.get(uuid) else {
                let names: Vec<&str> = declared
                    .products
                    .iter()
                    .map(|product| product.uuid.as_str())
                    .collect();
                let there = match names.as_slice() {
                    [] => "it declares none".to_owned(),
                    names => format!("it declares {}", names.join(", ")),
                };
                return Err(refuse(format!(
                    "`global_data_products.yaml` has no product `{uuid}`: {there}"
                )));
            };
            let product = baton_project::adjusted(product, &settings);
            let pipeline = project.pipeline(&product.pipeline).map_err(no_pipeline)?;
            let blocks = if product.blocks.is_empty() {
                let is_above = |uuid: &BlockUuid| {
                    let mut blocks = pipeline.blocks.iter();
                    blocks.any(|block| block.kind.runs() && block.upstream.contains(uuid))
                };
                let last = pipeline.blocks.iter().filter(|block| block.kind.runs());
                last.filter(|block| !is_above(&block.uuid))
                    .map(|block| (block.uuid.clone(), 1))
                    .collect()
            } else {
                let blocks = product.blocks.iter();
                blocks
                    .map(|block| (block.uuid.clone(), block.partitions))
                    .collect()
            };
            Ok((product, blocks))
        })
        .await
    }

    /// The newest completed runs that were started for a product, with their logical dates.
    async fn product_runs(
        &self,
        product: &GlobalDataProduct,
        most: u32,
    ) -> Result<Vec<(RunId, Timestamp)>, Refusal> {
        let found = self
            .store
            .runs_of_product(&product.pipeline, &product.uuid, most);
        found.await.map_err(failed)
    }

    /// The right to renew a product, unless another process has it. The system takes it back when its holder dies.
    async fn lock_product(&self, uuid: &str) -> Result<Option<File>, Refusal> {
        let name = baton_project::clean_name(uuid, false);
        let path = self
            .home
            .path()
            .join("locks")
            .join(format!("product-{name}"));
        blocking(move || {
            let file = files::open_lock(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => Ok(Some(file)),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(source)) => {
                    Err(failed(FileError::new("lock", &path, source)))
                }
            }
        })
        .await
    }
}

/// Variables with outputs of other runs, which each block reads when it starts.
fn with_remote_blocks(mut variables: Map, remote_blocks: &[Value]) -> Map {
    if !remote_blocks.is_empty() {
        variables.insert(
            "remote_blocks".to_owned(),
            json!({"$outputs": remote_blocks}),
        );
    }
    variables
}
