//! What is usual for pipelines and blocks, kept at hand: lists show it in every row.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use baton_base::now;
use baton_engine::usual::Usual;
use baton_model::{BlockUuid, PipelineUuid, Timestamp};

use super::Host;
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// After so long figures are read again: another process may have run the pipeline.
const OLD: Duration = Duration::from_secs(60);

/// Most pipelines that are kept; beyond them everything is read anew.
const MOST: usize = 20_000;

/// Figures that were read.
#[derive(Debug, Default)]
pub(super) struct UsualCache(Mutex<HashMap<PipelineUuid, Kept>>);

#[derive(Debug)]
struct Kept {
    read_at: Timestamp,
    /// None when no run of it has completed.
    pipeline: Option<Usual>,
    blocks: Option<Arc<BTreeMap<BlockUuid, Usual>>>,
}

impl UsualCache {
    fn lock(&self) -> MutexGuard<'_, HashMap<PipelineUuid, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A run of the pipeline has ended.
    pub(super) fn forget(&self, pipeline: &PipelineUuid) {
        self.lock().remove(pipeline);
    }
}

impl Host {
    /// What is usual for these pipelines; one that has never completed is left out.
    pub async fn usual_of_pipelines(
        &self,
        actor: &Actor,
        pipelines: &[PipelineUuid],
    ) -> Result<BTreeMap<PipelineUuid, Usual>, Failure> {
        actor.may(Right::Read)?;
        let at = Timestamp(now());
        let mut found = BTreeMap::new();
        let mut missing: Vec<PipelineUuid> = Vec::new();
        {
            let kept = self.usual.lock();
            for pipeline in pipelines {
                match kept
                    .get(pipeline)
                    .filter(|kept| at.since(kept.read_at) < OLD)
                {
                    Some(kept) => found.extend(kept.pipeline.map(|one| (pipeline.clone(), one))),
                    None => missing.push(pipeline.clone()),
                }
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        missing.sort_unstable();
        missing.dedup();
        let read = self.state().usual_of_pipelines(&missing, None).await?;
        let mut kept = self.usual.lock();
        if kept.len() + missing.len() > MOST {
            kept.clear();
        }
        for pipeline in missing {
            let usual = read.get(&pipeline).copied();
            found.extend(usual.map(|one| (pipeline.clone(), one)));
            let fresh = Kept {
                read_at: at,
                pipeline: usual,
                blocks: None,
            };
            kept.insert(pipeline, fresh);
        }
        Ok(found)
    }

    /// What is usual for the blocks of a pipeline.
    pub async fn usual_of_blocks(
        &self,
        actor: &Actor,
        pipeline: &PipelineUuid,
    ) -> Result<Arc<BTreeMap<BlockUuid, Usual>>, Failure> {
        actor.may(Right::Read)?;
        let at = Timestamp(now());
        let is_fresh = |kept: &&Kept| at.since(kept.read_at) < OLD;
        let known = self
            .usual
            .lock()
            .get(pipeline)
            .filter(is_fresh)
            .and_then(|kept| kept.blocks.clone());
        if let Some(blocks) = known {
            return Ok(blocks);
        }
        let blocks = Arc::new(self.state().usual_of_blocks(pipeline, None).await?);
        if let Some(kept) = self.usual.lock().get_mut(pipeline) {
            kept.blocks = Some(Arc::clone(&blocks));
        }
        Ok(blocks)
    }
}
