//! A project that a server hosts: its scheduler, its triggers, and what watches its files.

mod audit;
mod backfills;
mod block_edits;
mod blocks;
mod catalogue;
mod chart_pages;
mod charts;
mod children;
mod code_charts;
mod comparing;
mod editing;
mod executing;
mod forms;
mod hooks;
mod judging;
mod log_copies;
mod logs;
mod making;
mod measures;
mod notebook;
mod notices;
mod outlook;
mod outputs;
mod own;
mod pipeline_edits;
mod pipelines;
mod products;
mod project_files;
mod promises;
mod retention;
mod runs;
mod stopping;
mod sync;
mod telemetry;
mod terminals;
mod transfer;
mod triggers;
mod usual;
mod variables;
mod versions;
mod why;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use baton_base::{Home, files, now};
use baton_model::{BackfillId, Map, RunStatus, Timestamp, Trigger};
use baton_products::Products;
use baton_project::Project;
use baton_project::watch::{Changed, Notice, Watch, WatchOptions};
use baton_runner::Answers;
use baton_scheduler::{End, Lease, Role, Service, ServiceOptions};
use baton_store::Store;
use serde_json::Value;
use tokio::sync::{Mutex as AsyncMutex, broadcast, mpsc};

use self::chart_pages::ChartPages;
use self::children::FromBlocks;
use self::hooks::KnownHooks;
use self::log_copies::LogCopies;
use self::measures::Durations;
use self::notices::Notices;
use crate::answers::{ProjectAnswers, VariableChange};
use crate::desk::ProjectDesk;
use crate::drivers::SERVER;
use crate::failure::Failure;
use crate::request::WorkerOptions;
use crate::secrets::{Known, lookup};
use crate::settings;
use crate::state::ProjectState;
use crate::workers::machine;

use self::pipelines::PipelineCache;
use self::terminals::Terminals;
use self::usual::UsualCache;

pub use backfills::{Detail, Wish};
pub use charts::{BlockChart, ChartWish, Shown};
pub use code_charts::Picture;
pub use comparing::{BlockResult, ComparedBlock, Comparison};
pub use executing::{Executed, Inputs, Taken};
pub use hooks::Operation;
pub use logs::{LogPage, LogQuery, MOST_RECORDS};
pub use measures::{BOUNDS, Measures};
pub use notebook::NotebookBlock;
pub use outlook::Outlook;
pub use outputs::Outputs;
pub use own::{Found, PipelineTemplate, ProjectFacts, flat};
pub use pipeline_edits::{ChangeOptions, Consequences};
pub use pipelines::{BlockText, PipelineFacts, PipelinePage, PipelineQuery};
pub use products::{KeysOfFile, ProductFreshness};
pub use project_files::{FileBody, FileNode, FileTree, LARGEST_FILE, Writing};
pub use retention::Stale;
pub use runs::{BesideRuns, DayOfRuns};
pub use terminals::{MOST_TERMINALS, OpenTerminal, TerminalFacts, TerminalPlace};
pub use transfer::{ArchivedFile, Fate, Import};
pub use triggers::{Call, Called};
pub use variables::{IoProfile, IoProfiles, scope_name};
pub use versions::{Commit, CommitPage, Commits, MOST_COMMITS};

/// Files of the project that changed, for those who look at them.
pub type FileNews = Arc<Vec<Changed>>;

/// Changes of files that wait for somebody slow; what is older is lost, and they are told so.
const FILE_NEWS: usize = 64;

/// A project that a server hosts. Everything a person can do with it starts here.
pub struct Host {
    root: PathBuf,
    state: ProjectState,
    products: Products,
    service: Service,
    desk: Arc<ProjectDesk>,
    /// Held as long as this process serves the project alone.
    _lock: Option<Lease>,
    watch: Mutex<Option<Watch>>,
    durations: Arc<Durations>,
    pipelines: PipelineCache,
    notices: Notices,
    hooks: KnownHooks,
    log_copies: LogCopies,
    file_news: broadcast::Sender<FileNews>,
    usual: UsualCache,
    terminals: Terminals,
    chart_pages: ChartPages,
    /// Backfills whose runs are being stopped, and whether to look once more for others.
    stopping: Mutex<HashMap<BackfillId, bool>>,
    /// Held while triggers go from files to the database or back.
    syncing: AsyncMutex<()>,
}

impl Host {
    /// Opens the project at `root` to be hosted by this process. Nothing runs before [`Host::start`].
    pub async fn open(
        root: &Path,
        options: WorkerOptions,
        service: ServiceOptions,
    ) -> Result<Arc<Self>, Failure> {
        let url = settings::database_url();
        Self::open_on(&settings::home()?, url, root, options, service).await
    }

    /// The same, with all state under `home`.
    pub async fn open_in(
        home: &Home,
        root: &Path,
        options: WorkerOptions,
        service: ServiceOptions,
    ) -> Result<Arc<Self>, Failure> {
        Self::open_on(home, None, root, options, service).await
    }

    async fn open_on(
        home: &Home,
        url: Option<String>,
        root: &Path,
        options: WorkerOptions,
        service: ServiceOptions,
    ) -> Result<Arc<Self>, Failure> {
        let machine = machine(&options)?;
        let project = Project::open(root)?;
        let mut state = ProjectState::open_in(home, project.root(), url).await?;
        let mut lock = None;
        if service.sharing.is_none() {
            lock = Some(Lease::take_named("this project", &state.server_lock())?);
            state.store = state.store.driven_by(SERVER);
        }
        state.note_database(home, project.root())?;
        let products = Products::open(&state.home.products())?;
        let children = Arc::new(FromBlocks::default());
        let links = Arc::clone(&children);
        let answers = ProjectAnswers::new(
            project.root().to_owned(),
            state.home.clone(),
            state.store.clone(),
            products.clone(),
            children,
        );
        let told = Arc::clone(&links);
        let answers = answers.telling(Arc::new(move |change: &VariableChange| {
            if let Some(service) = told.service() {
                let value = change.value.clone().unwrap_or(Value::Null);
                service.set_variables(change.run, Map::from_iter([(change.key.clone(), value)]));
            }
        }));
        let answers: Arc<dyn Answers> = Arc::new(answers);
        let desk = Arc::new(ProjectDesk::new(
            &project,
            state.clone(),
            products.clone(),
            options,
            machine,
            answers,
        ));
        let (ended, ends) = mpsc::unbounded_channel();
        let service = Service::new(
            state.store.clone(),
            Arc::clone(&desk) as _,
            Arc::new(|| Timestamp(now())),
            service,
            move |end: &End| {
                // The host goes before the service.
                let _ = ended.send(end.clone());
            },
        );
        links.link(state.store.clone(), service.clone());
        tokio::spawn(links.follow(service.news()));
        let host = Arc::new(Self {
            root: project.root().to_owned(),
            state,
            products,
            service,
            desk,
            _lock: lock,
            watch: Mutex::default(),
            durations: Arc::default(),
            pipelines: PipelineCache::default(),
            notices: Notices::default(),
            hooks: KnownHooks::default(),
            log_copies: LogCopies::default(),
            file_news: broadcast::Sender::new(FILE_NEWS),
            usual: UsualCache::default(),
            terminals: Terminals::default(),
            chart_pages: ChartPages::default(),
            stopping: Mutex::default(),
            syncing: AsyncMutex::default(),
        });
        tokio::spawn(Arc::clone(&host).after_runs(ends));
        Ok(host)
    }

    /// Reads the triggers, begins to watch the files, and starts the scheduler.
    pub async fn start(self: &Arc<Self>) -> Result<(), Failure> {
        let (told, changes) = mpsc::unbounded_channel();
        let watch = Watch::start(&self.root, WatchOptions::default(), move |notice| {
            // The host goes before its watch.
            let _ = told.send(notice);
        })?;
        *self.watch.lock().unwrap_or_else(PoisonError::into_inner) = Some(watch);
        let schedules = self.role().schedules();
        let stamped = if schedules {
            self.sync_all_triggers().await?
        } else {
            Vec::new()
        };
        tokio::spawn(Arc::clone(self).follow_files(changes));
        if schedules {
            tokio::spawn(Self::write_stamps(Arc::downgrade(self), stamped));
            self.finish_backfills().await?;
            tokio::spawn(promises::watch(Arc::downgrade(self)));
            tokio::spawn(notices::deliver(Arc::downgrade(self)));
            let news = self.service.news();
            tokio::spawn(notices::follow(Arc::downgrade(self), news));
            tokio::spawn(retention::watch(Arc::downgrade(self)));
        }
        // Whoever answers hears of everything; the others would tell it once more.
        if self.role().serves() {
            telemetry::start(self);
        }
        tokio::spawn(log_copies::follow(
            Arc::downgrade(self),
            self.service.news(),
        ));
        tokio::spawn(log_copies::copy(Arc::downgrade(self)));
        let (durations, news) = (Arc::clone(&self.durations), self.service.news());
        tokio::spawn(async move { durations.follow(news).await });
        let service = self.service.clone();
        tokio::spawn(async move { Box::pin(service.run()).await });
        Ok(())
    }

    /// Stops: what runs is left for the next process to go on with.
    pub async fn shut_down(&self) {
        drop(
            self.watch
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        self.terminals.close_all().await;
        self.service.shut_down().await;
        self.desk.close().await;
        self.copy_last_logs().await;
    }

    /// What this process does of the work.
    pub fn role(&self) -> Role {
        let sharing = self.service.sharing();
        sharing.map_or(Role::All, |sharing| sharing.role)
    }

    /// The token that opens the server of this project: made once, and kept in a file that only its owner reads.
    pub fn token(&self) -> Result<String, Failure> {
        let path = self.state.home.path().join("server.token");
        if let Ok(token) = files::read_text(&path)
            && !token.trim().is_empty()
        {
            return Ok(token.trim().to_owned());
        }
        let token = sync::new_token();
        if token.is_empty() {
            return Err(Failure::bug("this machine gives no random numbers"));
        }
        files::write_secret(&path, token.as_bytes())?;
        Ok(token)
    }

    /// The project's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The project's state.
    pub fn state(&self) -> &ProjectState {
        &self.state
    }

    /// The project's database.
    pub fn store(&self) -> &Store {
        &self.state.store
    }

    /// The data products.
    pub fn products(&self) -> &Products {
        &self.products
    }

    /// The scheduler.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The project as its files are now, with the secrets that its templates name.
    pub async fn project(&self) -> Result<Project, Failure> {
        let known = Known::load(&self.state.secrets()).await;
        let root = self.root.clone();
        let opened = tokio::task::spawn_blocking(move || Project::open_with(&root, lookup(&known)));
        match opened.await {
            Ok(opened) => Ok(opened?),
            Err(error) => Err(Failure::bug(format!(
                "the project could not be read: {error}"
            ))),
        }
    }

    /// Acts on a change of the project's own file. One that cannot be read changes nothing.
    async fn follow_settings(&self) {
        match self.project().await {
            Ok(project) => self.desk.follow_settings(&project),
            Err(failure) => {
                let reason = failure.message;
                tracing::warn!(
                    reason,
                    "the project's settings could not be read: the earlier ones stay"
                );
            }
        }
    }

    /// Acts on changes of the files.
    async fn follow_files(self: Arc<Self>, mut notices: mpsc::UnboundedReceiver<Notice>) {
        while let Some(notice) = notices.recv().await {
            let changes = match notice {
                Notice::Polling(reason) => {
                    tracing::warn!(%reason, "the project's files are looked at again and again");
                    continue;
                }
                Notice::Changed(changes) => changes,
            };
            let environment = changes
                .iter()
                .any(|change| matches!(change, Changed::Project | Changed::BlockFile(_)));
            self.desk.forget(environment).await;
            if changes.contains(&Changed::Project) {
                self.follow_settings().await;
            }
            self.service.limits_changed();
            self.hooks.forget();
            if changes.contains(&Changed::Project) {
                self.note_uncopied_logs();
            }
            self.follow_changes(&changes);
            let changes = Arc::new(changes);
            // That nobody listens is as good.
            let _ = self.file_news.send(Arc::clone(&changes));
            for change in changes.iter() {
                if let Changed::Triggers(pipeline) = change
                    && self.role().schedules()
                    && let Err(failure) = self.sync_triggers(pipeline).await
                {
                    tracing::warn!(%pipeline, reason = failure.message, "triggers could not be read");
                }
            }
        }
    }

    /// What follows from the end of a run, besides what the scheduler does.
    async fn after_runs(self: Arc<Self>, mut ends: mpsc::UnboundedReceiver<End>) {
        while let Some(end) = ends.recv().await {
            self.notices.hint.notify_one();
            if let Err(failure) = self.after_run(&end).await {
                tracing::warn!(run = %end.run, reason = failure.message, "the end of a run had no consequence");
            }
        }
    }

    async fn after_run(&self, end: &End) -> Result<(), Failure> {
        self.usual.forget(&end.pipeline);
        if let Some(backfill) = end.backfill {
            return self.follow_backfill(backfill).await;
        }
        let Some(id) = end.trigger else {
            return Ok(());
        };
        let Some(mut trigger) = self.store().trigger(id).await? else {
            return Ok(());
        };
        self.note_broken_promises_of(end.run, &trigger).await?;
        if is_spent(&trigger, end.status) {
            trigger.is_active = false;
            trigger.updated_at = Timestamp(now());
            self.save_trigger(trigger).await?;
        }
        Ok(())
    }
}

/// Whether a trigger that fires once has done so: after an end in order it is switched off.
fn is_spent(trigger: &Trigger, status: RunStatus) -> bool {
    let may_fail = trigger.settings.get("allow_blocks_to_fail") == Some(&Value::Bool(true));
    trigger.is_active
        && trigger.interval.as_deref() == Some("@once")
        && (status == RunStatus::Completed || status == RunStatus::Failed && may_fail)
}
