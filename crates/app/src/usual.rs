//! What is usual for pipelines and their blocks, from their newest runs that completed.

use std::collections::BTreeMap;

use baton_engine::usual::{Past, RECENT, Usual, usual};
use baton_model::{BlockUuid, PipelineUuid, RunId};
use baton_store::GoodRun;

use crate::failure::Failure;
use crate::state::ProjectState;

/// One more than counts, since a run is not compared with itself.
const READ: u32 = RECENT as u32 + 1;

impl ProjectState {
    /// What is usual for these pipelines, leaving one run out; a pipeline that has never completed is left out.
    pub async fn usual_of_pipelines(
        &self,
        pipelines: &[PipelineUuid],
        except: Option<RunId>,
    ) -> Result<BTreeMap<PipelineUuid, Usual>, Failure> {
        let good = self.store.good_runs(pipelines, READ).await?;
        Ok(all(good, except))
    }

    /// What is usual for the blocks of a pipeline, likewise.
    pub async fn usual_of_blocks(
        &self,
        pipeline: &PipelineUuid,
        except: Option<RunId>,
    ) -> Result<BTreeMap<BlockUuid, Usual>, Failure> {
        let good = self.store.good_block_runs(pipeline, READ).await?;
        Ok(all(good, except))
    }
}

fn all<K: Ord>(good: BTreeMap<K, Vec<GoodRun>>, except: Option<RunId>) -> BTreeMap<K, Usual> {
    let figures = |(name, runs): (K, Vec<GoodRun>)| {
        let others = runs.iter().filter(|run| Some(run.run) != except);
        let past: Vec<Past> = others.map(past).collect();
        (!past.is_empty()).then(|| (name, usual(&past)))
    };
    good.into_iter().filter_map(figures).collect()
}

fn past(run: &GoodRun) -> Past {
    Past {
        time: Some(run.took),
        rows: run.usage.rows,
        memory: run.usage.peak_memory,
    }
}
