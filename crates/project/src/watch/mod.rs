//! Tells which files of a project change, within a second and without a restart.
//!
//! The system's notifications only say where to look: a file has changed when its stamp has. A slow look at everything
//! finds what the notifications miss; when they miss something, or the system refuses them, the files are looked at
//! again and again instead, and that is said. What a change means for runs is the business of others.

mod places;
mod snapshot;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use baton_base::files::FileError;
use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

pub use places::Changed;
use places::meaning;
use snapshot::{Difference, Snapshot};

/// What the watch has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// These changed, each once, in order.
    Changed(Vec<Changed>),
    /// From now on the files are looked at again and again, for this reason. Said once, before any change.
    Polling(String),
}

/// How a project is watched.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// Where notifications come from.
    pub source: Source,
    /// Changes are told when nothing changed for so long.
    pub quiet: Duration,
    /// Changes are told after this time at the latest.
    pub patience: Duration,
    /// Time between two looks at everything, where there are no notifications. A large project takes longer.
    pub poll: Duration,
    /// Time between two looks at everything, where there are. A large project takes longer.
    pub scan: Duration,
    /// A change that is found by looking and not notified for so long has been missed.
    pub grace: Duration,
}

/// Where notifications come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The system, if it has any for these files.
    System,
    /// Nowhere; the files are looked at again and again.
    Off,
    /// For tests: the system seems to watch and says nothing, as on some mounted folders.
    Silent,
    /// For tests: the system can watch so many folders, then it refuses.
    Few(usize),
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            source: Source::System,
            quiet: Duration::from_millis(50),
            patience: Duration::from_millis(300),
            poll: Duration::from_millis(500),
            scan: Duration::from_secs(10),
            grace: Duration::from_secs(2),
        }
    }
}

/// Looking at everything takes at most this part of the time.
const POLL_SHARE: u32 = 10;
const SCAN_SHARE: u32 = 200;

/// Watches a project until it is dropped.
#[derive(Debug)]
pub struct Watch {
    signals: Sender<Signal>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread wakes up for.
enum Signal {
    /// Something happened at these paths.
    At(Vec<PathBuf>),
    /// Notifications were lost.
    Lost,
    /// Notifications stopped.
    Broken(String),
    Stop,
}

impl Watch {
    /// Watches the project at `root`; `tell` is called on the watch's own thread. Every change after the return of this
    /// function is told, so what is read then is never older than what the watch knows.
    pub fn start(
        root: &Path,
        options: WatchOptions,
        tell: impl FnMut(Notice) + Send + 'static,
    ) -> Result<Self, FileError> {
        let fail = |error| FileError::new("watch", root, error);
        let root = root.canonicalize().map_err(fail)?;
        let (signals, receiver) = mpsc::channel();
        let mut worker = Worker {
            ears: Ears::open(&root, options.source, &signals),
            root,
            options,
            tell,
            snapshot: Snapshot::default(),
            touched: BTreeSet::new(),
            touched_at: None,
            suspects: BTreeMap::new(),
            took: Duration::ZERO,
        };
        worker.look("");
        let thread = thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || worker.work(&receiver))
            .map_err(fail)?;
        Ok(Self {
            signals,
            thread: Some(thread),
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // A thread that has ended hears nothing, and need not.
        drop(self.signals.send(Signal::Stop));
        if let Some(thread) = self.thread.take()
            // Whoever is told of a change may end the watch; its thread cannot wait for itself.
            && thread.thread().id() != thread::current().id()
        {
            drop(thread.join());
        }
    }
}

/// What hears notifications.
enum Ears {
    Open {
        watcher: RecommendedWatcher,
        /// So many folders can still be watched.
        left: usize,
    },
    Closed {
        reason: String,
        is_told: bool,
    },
}

impl Ears {
    fn open(root: &Path, source: Source, signals: &Sender<Signal>) -> Self {
        if source == Source::Off {
            return Self::closed("notifications are off".to_owned());
        }
        if let Some(kind) = remote_kind(root) {
            return Self::closed(format!(
                "a {kind} file system does not tell of every change"
            ));
        }
        let signals = signals.clone();
        let is_silent = source == Source::Silent;
        let hear = move |event: notify::Result<notify::Event>| {
            let signal = match event {
                Ok(_) if is_silent => return,
                Ok(event) if event.need_rescan() => Signal::Lost,
                Ok(event) => match event.kind {
                    // Reading changes nothing.
                    EventKind::Access(AccessKind::Close(AccessMode::Write)) => {
                        Signal::At(event.paths)
                    }
                    EventKind::Access(_) => return,
                    _ => Signal::At(event.paths),
                },
                Err(error) => Signal::Broken(error.to_string()),
            };
            // When the watch has ended nobody needs it.
            drop(signals.send(signal));
        };
        match notify::recommended_watcher(hear) {
            Ok(watcher) => Self::Open {
                watcher,
                left: match source {
                    Source::Few(count) => count,
                    _ => usize::MAX,
                },
            },
            Err(error) => Self::closed(error.to_string()),
        }
    }

    fn closed(reason: String) -> Self {
        Self::Closed {
            reason,
            is_told: false,
        }
    }

    fn are_open(&self) -> bool {
        matches!(self, Self::Open { .. })
    }

    /// Hears of the files of a folder from now on.
    fn listen(&mut self, folder: &Path) {
        let Self::Open { watcher, left } = self else {
            return;
        };
        let refusal = match left.checked_sub(1) {
            Some(rest) => {
                *left = rest;
                watcher.watch(folder, RecursiveMode::NonRecursive).err()
            }
            None => Some(notify::Error::new(notify::ErrorKind::MaxFilesWatch)),
        };
        match refusal.map(|error| (error.to_string(), error.kind)) {
            // A folder that is gone again.
            None | Some((_, notify::ErrorKind::PathNotFound)) => {}
            Some((reason, _)) => *self = Self::closed(reason),
        }
    }

    fn forget(&mut self, folder: &Path) {
        if let Self::Open { watcher, .. } = self {
            drop(watcher.unwatch(folder));
        }
    }
}

struct Worker<F> {
    root: PathBuf,
    options: WatchOptions,
    tell: F,
    ears: Ears,
    snapshot: Snapshot,
    /// Paths that something happened to, and when it began and was last so.
    touched: BTreeSet<String>,
    touched_at: Option<(Instant, Instant)>,
    /// What was found by looking and has not been notified yet.
    suspects: BTreeMap<String, Instant>,
    /// How long the last look at everything took.
    took: Duration,
}

impl<F: FnMut(Notice)> Worker<F> {
    fn work(mut self, signals: &Receiver<Signal>) {
        let mut scan_at = Instant::now() + self.pause();
        loop {
            self.tell_of_polling();
            let due = self.flush_at().map_or(scan_at, |at| at.min(scan_at));
            let due = self
                .suspects
                .values()
                .map(|at| *at + self.options.grace)
                .fold(due, Instant::min);
            let first = signals.recv_timeout(due.saturating_duration_since(Instant::now()));
            if matches!(first, Err(RecvTimeoutError::Disconnected)) {
                return;
            }
            // All that has been said counts before anything is held to be unsaid.
            for signal in first.into_iter().chain(signals.try_iter()) {
                match signal {
                    Signal::At(paths) => self.touch(&paths),
                    Signal::Lost => {
                        let found = self.look("");
                        self.tell(&found.files);
                    }
                    Signal::Broken(reason) => self.close(reason),
                    Signal::Stop => return,
                }
            }
            let now = Instant::now();
            if self.flush_at().is_some_and(|at| at <= now) {
                self.flush();
            }
            if self
                .suspects
                .values()
                .any(|at| *at + self.options.grace <= now)
            {
                self.close("the system did not tell of a change".to_owned());
            }
            if scan_at <= now {
                self.scan();
                scan_at = Instant::now() + self.pause();
            }
            if !self.ears.are_open() {
                scan_at = scan_at.min(Instant::now() + self.pause());
            }
        }
    }

    fn pause(&self) -> Duration {
        if self.ears.are_open() {
            self.options.scan.max(self.took * SCAN_SHARE)
        } else {
            self.options.poll.max(self.took * POLL_SHARE)
        }
    }

    fn flush_at(&self) -> Option<Instant> {
        let (first, last) = self.touched_at?;
        Some((last + self.options.quiet).min(first + self.options.patience))
    }

    fn close(&mut self, reason: String) {
        self.suspects.clear();
        if self.ears.are_open() {
            self.ears = Ears::closed(reason);
        }
    }

    fn tell_of_polling(&mut self) {
        if let Ears::Closed { reason, is_told } = &mut self.ears
            && !*is_told
        {
            *is_told = true;
            (self.tell)(Notice::Polling(reason.clone()));
        }
    }

    /// Remembers where something happened.
    fn touch(&mut self, paths: &[PathBuf]) {
        let now = Instant::now();
        for path in paths {
            let Ok(path) = path.strip_prefix(&self.root) else {
                continue;
            };
            let Some(path) = path.to_str() else {
                continue;
            };
            if path.split('/').any(places::is_ignored) {
                continue;
            }
            self.suspects.retain(|suspect, _| {
                let is_it = suspect == path;
                !is_it && !is_below(suspect, path) && !is_below(path, suspect)
            });
            self.touched.insert(path.to_owned());
            let first = self.touched_at.map_or(now, |(first, _)| first);
            self.touched_at = Some((first, now));
        }
    }

    /// Looks at what was touched, and tells what has changed.
    fn flush(&mut self) {
        self.touched_at = None;
        let touched = std::mem::take(&mut self.touched);
        let mut changed = BTreeSet::new();
        let mut above: Option<&str> = None;
        for path in &touched {
            // The folder above has been looked at with all below it.
            if above.is_some_and(|above| is_below(path, above)) {
                continue;
            }
            above = Some(path);
            changed.extend(self.look(path).files);
        }
        self.tell(&changed);
    }

    /// Looks at everything. What nobody told of becomes a suspect.
    fn scan(&mut self) {
        let watched = self.snapshot.folders.clone();
        let start = Instant::now();
        let found = self.look("");
        self.took = start.elapsed();
        if self.ears.are_open() {
            let folders = found.new_folders.iter().chain(&found.lost_folders);
            // A folder at the top may have begun to count by what is in it.
            let folders = folders.filter(|folder| folder.contains('/'));
            for path in found.files.iter().chain(folders) {
                let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
                let is_expected = self.touched.iter().any(|touched| {
                    touched == path || is_below(path, touched) || is_below(touched, path)
                });
                if watched.contains(parent) && !is_expected {
                    self.suspects.insert(path.clone(), start);
                }
            }
        }
        self.tell(&found.files);
    }

    /// Looks at `path` and all below it, listens to the folders there, and says what differs.
    fn look(&mut self, path: &str) -> Difference {
        let (root, ears, known) = (&self.root, &mut self.ears, &self.snapshot.folders);
        let is_everything = path.is_empty();
        let found = Snapshot::take(root, path, &mut |folder| {
            let is_known = known.contains(folder);
            if is_known && !is_everything {
                // Another folder may have come in its place.
                ears.forget(&root.join(folder));
            }
            if !is_known || !is_everything {
                ears.listen(&root.join(folder));
            }
        });
        let difference = self.snapshot.replace(path, found);
        for folder in &difference.lost_folders {
            self.ears.forget(&self.root.join(folder));
        }
        difference
    }

    fn tell(&mut self, files: &BTreeSet<String>) {
        let changed: BTreeSet<Changed> = files.iter().filter_map(|path| meaning(path)).collect();
        if !changed.is_empty() {
            self.tell_of_polling();
            (self.tell)(Notice::Changed(changed.into_iter().collect()));
        }
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// The kind of file system, where others can change files without this machine being told.
#[cfg(target_os = "linux")]
fn remote_kind(root: &Path) -> Option<&'static str> {
    const KINDS: [(u32, &str); 7] = [
        (0x6969, "NFS"),
        (0x517b, "SMB"),
        (0xff53_4d42, "CIFS"),
        (0xfe53_4d42, "SMB"),
        (0x6573_5546, "FUSE"),
        (0x0102_1997, "9P"),
        (0x786f_4256, "VirtualBox"),
    ];
    let kind = rustix::fs::statfs(root).ok()?.f_type as u32;
    let known = KINDS.iter().find(|(magic, _)| *magic == kind);
    known.map(|(_, name)| *name)
}

#[cfg(not(target_os = "linux"))]
fn remote_kind(_: &Path) -> Option<&'static str> {
    None
}
