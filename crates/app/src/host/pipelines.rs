//! Use cases that look at pipelines.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use baton_model::{Block, BlockUuid, Map, Pipeline, PipelineUuid, Timestamp, Trigger};
use baton_project::{PipelineStamp, Problem, Project, ProjectPath};

use super::Host;
use super::editing::{of_pipeline, revision};
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// The largest file of a block that is sent as its content.
const LARGEST_CONTENT: u64 = 4 << 20;

/// Most bytes of the name of a folder, on every file system that there is to expect.
const LONGEST_NAME: usize = 255;

/// A pipeline as its file says.
#[derive(Clone, Debug)]
pub struct PipelineFacts {
    /// The pipeline, as far as it could be read.
    pub pipeline: Pipeline,
    /// Every key as the file has it.
    pub keys: Map,
    /// What is wrong with the file.
    pub problems: Vec<Problem>,
    /// Names the content of the file.
    pub revision: String,
    /// When the file was changed.
    pub updated_at: Timestamp,
}

impl PipelineFacts {
    fn read(project: &Project, uuid: &PipelineUuid) -> Result<Self, Failure> {
        let document = project.pipeline_document(uuid).map_err(of_pipeline)?;
        Ok(Self {
            pipeline: document.file.pipeline,
            keys: document.keys,
            problems: document.file.problems,
            revision: revision(&document.bytes),
            updated_at: Timestamp(document.modified),
        })
    }

    /// Every block, whichever list it is in.
    pub fn all_blocks(&self) -> impl Iterator<Item = &Block> {
        let pipeline = &self.pipeline;
        [
            &pipeline.blocks,
            &pipeline.callbacks,
            &pipeline.conditionals,
            &pipeline.widgets,
            &pipeline.extensions,
        ]
        .into_iter()
        .flatten()
    }

    /// The block of this name.
    pub fn block(&self, uuid: &BlockUuid) -> Option<&Block> {
        self.all_blocks().find(|block| &block.uuid == uuid)
    }
}

/// What was read of pipelines, for as long as their files stay as they are.
#[derive(Clone, Debug, Default)]
pub(super) struct PipelineCache(Arc<Mutex<Cached>>);

type Cached = HashMap<PipelineUuid, (PipelineStamp, Arc<PipelineFacts>)>;

impl PipelineCache {
    /// The pipeline, read again only when its file has changed.
    pub(super) fn get(
        &self,
        project: &Project,
        uuid: &PipelineUuid,
    ) -> Result<Arc<PipelineFacts>, Failure> {
        let stamp = project.pipeline_stamp(uuid);
        let cached = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((read_at, facts)) = cached().get(uuid)
            && *read_at == stamp
        {
            return Ok(Arc::clone(facts));
        }
        let facts = Arc::new(PipelineFacts::read(project, uuid)?);
        cached().insert(uuid.clone(), (stamp, Arc::clone(&facts)));
        Ok(facts)
    }

    /// Forgets pipelines that there are no more.
    fn keep(&self, uuids: &[PipelineUuid]) {
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cached.len() > uuids.len() {
            let uuids: HashSet<_> = uuids.iter().collect();
            cached.retain(|uuid, _| uuids.contains(uuid));
        }
    }
}

/// Which pipelines are wanted; every condition that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct PipelineQuery {
    /// Of one of these types.
    pub kinds: Vec<String>,
    /// `active` (with a trigger that is on), `inactive` (with triggers, none of them on), `no_schedules`.
    pub statuses: Vec<String>,
    /// With one of these tags.
    pub tags: Vec<String>,
    /// With this text in the name, the id or the description.
    pub search: Option<String>,
    /// Those that come after this one.
    pub after: Option<PipelineUuid>,
    /// So many are left out first.
    pub offset: usize,
    /// So many at most.
    pub limit: usize,
}

/// A page of pipelines.
#[derive(Clone, Debug, Default)]
pub struct PipelinePage {
    /// The page, by id.
    pub rows: Vec<(Arc<PipelineFacts>, Vec<Trigger>)>,
    /// How many pipelines meet the conditions, on all pages.
    pub total: usize,
}

/// The file of a block.
#[derive(Clone, Debug)]
pub struct BlockText {
    /// Its path, relative to the project.
    pub path: String,
    /// What it holds; none when it is no text, too large, or not there.
    pub text: Option<String>,
    /// Names the content; none when there is no file.
    pub revision: Option<String>,
}

impl Host {
    /// A page of the pipelines.
    pub async fn pipelines(
        &self,
        actor: &Actor,
        query: PipelineQuery,
    ) -> Result<PipelinePage, Failure> {
        actor.may(Right::Read)?;
        let mut triggers: HashMap<PipelineUuid, Vec<Trigger>> = HashMap::new();
        for trigger in self.store().triggers().await? {
            let of_pipeline = triggers.entry(trigger.pipeline.clone()).or_default();
            of_pipeline.push(trigger);
        }
        let cache = self.pipelines.clone();
        self.reading(move |project| Ok(page(project, &cache, &query, triggers)))
            .await
    }

    /// One pipeline with its triggers.
    pub async fn pipeline(
        &self,
        actor: &Actor,
        uuid: &PipelineUuid,
    ) -> Result<(Arc<PipelineFacts>, Vec<Trigger>), Failure> {
        self.expect_pipeline(actor, uuid).await?;
        let (cache, wanted) = (self.pipelines.clone(), uuid.clone());
        let facts = self
            .reading(move |project| cache.get(project, &wanted))
            .await?;
        Ok((facts, self.triggers(actor, Some(uuid)).await?))
    }

    /// Refuses a pipeline that the project does not have.
    pub async fn expect_pipeline(&self, actor: &Actor, uuid: &PipelineUuid) -> Result<(), Failure> {
        actor.may(Right::Read)?;
        if self.state().has_pipeline(uuid) {
            return Ok(());
        }
        if uuid.as_str().len() > LONGEST_NAME {
            return Err(Failure::missing(format!("there is no pipeline `{uuid}`")));
        }
        let wanted = uuid.clone();
        // Knows similar names, and what is there and cannot be read.
        self.reading(move |project| project.pipeline_file(&wanted).map_err(of_pipeline))
            .await
            .map(drop)
    }

    /// Refuses a block that the pipeline does not have.
    pub async fn expect_block(
        &self,
        actor: &Actor,
        pipeline: &PipelineUuid,
        block: &BlockUuid,
    ) -> Result<(), Failure> {
        let (facts, _) = self.pipeline(actor, pipeline).await?;
        match facts.block(block) {
            Some(_) => Ok(()),
            None => Err(Failure::missing(format!(
                "pipeline `{pipeline}` has no block `{block}`"
            ))),
        }
    }

    /// In how many pipelines the file of each block is used, by its path relative to the project.
    pub async fn uses_of_files(&self, actor: &Actor) -> Result<HashMap<String, usize>, Failure> {
        actor.may(Right::Read)?;
        let cache = self.pipelines.clone();
        self.reading(move |project| {
            let mut uses = HashMap::new();
            for uuid in project.pipeline_uuids() {
                let Ok(facts) = cache.get(project, &uuid) else {
                    continue;
                };
                let blocks = facts.all_blocks();
                let files = blocks.filter_map(|block| project.block_file(&facts.pipeline, block));
                let paths: HashSet<String> = files.map(|file| file.path).collect();
                for path in paths {
                    *uses.entry(path).or_default() += 1;
                }
            }
            Ok(uses)
        })
        .await
    }

    /// These pipelines; those that cannot be read are left out.
    pub(super) async fn facts_of_pipelines(
        &self,
        uuids: Vec<PipelineUuid>,
    ) -> Result<HashMap<PipelineUuid, Arc<PipelineFacts>>, Failure> {
        let cache = self.pipelines.clone();
        self.reading(move |project| {
            let read = |uuid: PipelineUuid| {
                let facts = cache.get(project, &uuid).ok()?;
                Some((uuid, facts))
            };
            Ok(uuids.into_iter().filter_map(read).collect())
        })
        .await
    }

    /// The files of blocks of a pipeline: of all, or of one.
    pub async fn block_texts(
        &self,
        actor: &Actor,
        uuid: &PipelineUuid,
        only: Option<&BlockUuid>,
    ) -> Result<HashMap<BlockUuid, BlockText>, Failure> {
        actor.may(Right::Read)?;
        let (cache, uuid, only) = (self.pipelines.clone(), uuid.clone(), only.cloned());
        self.reading(move |project| {
            let facts = cache.get(project, &uuid)?;
            let blocks = facts.all_blocks();
            let wanted =
                blocks.filter(|block| only.as_ref().is_none_or(|uuid| *uuid == block.uuid));
            Ok(wanted
                .filter_map(|block| {
                    let file = project.block_file(&facts.pipeline, block)?;
                    Some((block.uuid.clone(), block_text(project, file.path)))
                })
                .collect())
        })
        .await
    }

    /// The tags of pipelines and triggers, sorted, with how many pipelines carry each.
    pub async fn tags(&self, actor: &Actor) -> Result<Vec<(String, usize)>, Failure> {
        let query = PipelineQuery {
            // A condition that holds for every pipeline that has tags would not read less.
            limit: usize::MAX,
            ..PipelineQuery::default()
        };
        let mut tags = std::collections::BTreeMap::new();
        for (facts, triggers) in self.pipelines(actor, query).await?.rows {
            for tag in &facts.pipeline.tags {
                *tags.entry(tag.clone()).or_default() += 1;
            }
            for tag in triggers.into_iter().flat_map(|trigger| trigger.tags) {
                tags.entry(tag).or_default();
            }
        }
        Ok(tags.into_iter().collect())
    }
}

fn block_text(project: &Project, path: String) -> BlockText {
    // A file of a neighbouring project is named, not shown.
    let read = ProjectPath::resolve(project.root(), &path).and_then(|file| {
        let (size, _) = file.facts()?;
        (size <= LARGEST_CONTENT).then(|| file.read()).transpose()
    });
    let bytes = read.ok().flatten();
    BlockText {
        path,
        revision: bytes.as_deref().map(revision),
        text: bytes.and_then(|bytes| String::from_utf8(bytes).ok()),
    }
}

fn page(
    project: &Project,
    cache: &PipelineCache,
    query: &PipelineQuery,
    mut triggers: HashMap<PipelineUuid, Vec<Trigger>>,
) -> PipelinePage {
    let mut uuids = project.pipeline_uuids();
    cache.keep(&uuids);
    if !query.statuses.is_empty() {
        uuids.retain(|uuid| {
            let of_pipeline = triggers.get(uuid).map(Vec::as_slice).unwrap_or_default();
            let status = if of_pipeline.is_empty() {
                "no_schedules"
            } else if of_pipeline.iter().any(|trigger| trigger.is_active) {
                "active"
            } else {
                "inactive"
            };
            query.statuses.iter().any(|wanted| wanted == status)
        });
    }
    let reads_all = !query.kinds.is_empty() || !query.tags.is_empty() || query.search.is_some();
    let search = query.search.as_ref().map(|text| text.to_lowercase());
    let fits = |facts: &PipelineFacts| {
        let pipeline = &facts.pipeline;
        let has = |text: &str| {
            let has = |wanted: &String| text.to_lowercase().contains(wanted);
            search.as_ref().is_some_and(has)
        };
        (query.kinds.is_empty() || query.kinds.iter().any(|kind| kind == pipeline.kind.name()))
            && (query.tags.is_empty() || query.tags.iter().any(|tag| pipeline.tags.contains(tag)))
            && (search.is_none()
                || has(&pipeline.name)
                || has(pipeline.uuid.as_str())
                || has(pipeline.description.as_deref().unwrap_or_default()))
    };
    // One that was deleted meanwhile is left out.
    let read = |uuid: &PipelineUuid| cache.get(project, uuid).ok();
    let is_seen = |uuid: &PipelineUuid| query.after.as_ref().is_some_and(|after| uuid <= after);
    let (total, rows): (usize, Vec<_>) = if reads_all {
        let found: Vec<_> = uuids
            .iter()
            .filter_map(read)
            .filter(|one| fits(one))
            .collect();
        let page = found.iter().filter(|one| !is_seen(&one.pipeline.uuid));
        let page = page.skip(query.offset).take(query.limit);
        (found.len(), page.cloned().collect())
    } else {
        let page = uuids.iter().filter(|uuid| !is_seen(uuid));
        let page = page.skip(query.offset).take(query.limit);
        (uuids.len(), page.filter_map(read).collect())
    };
    PipelinePage {
        rows: rows
            .into_iter()
            .map(|facts| {
                let triggers = triggers.remove(&facts.pipeline.uuid);
                (facts, triggers.unwrap_or_default())
            })
            .collect(),
        total,
    }
}
