//! The watch of a project with real files: with the system's notifications, without them, and where they fail.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may panic, its helpers too"
)]

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use baton_base::files;
use baton_project::watch::{Changed, Notice, Source, Watch, WatchOptions};
use tempfile::TempDir;

/// Long enough for a machine under load; a test that passes never waits so long.
const PATIENCE: Duration = Duration::from_secs(30);

struct Scene {
    root: TempDir,
    notices: Receiver<Notice>,
    watch: Option<Watch>,
    /// What the step before expected: a save of several moves may be told twice.
    before: RefCell<Vec<Changed>>,
}

/// A project with two pipelines.
fn project() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("metadata.yaml", "project_type: standalone\n"),
        ("pipelines/a/metadata.yaml", "blocks: []\n"),
        ("pipelines/b/metadata.yaml", "blocks: []\n"),
        ("pipelines/b/triggers.yaml", "triggers: []\n"),
        ("data_loaders/load.py", "x = 1\n"),
        ("data/big.yaml", "x\n"),
        (".git/HEAD", "ref\n"),
    ] {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn options(source: Source) -> WatchOptions {
    WatchOptions {
        source,
        poll: Duration::from_millis(20),
        ..WatchOptions::default()
    }
}

impl Scene {
    fn new(options: WatchOptions) -> Self {
        let root = project();
        let (sender, notices) = mpsc::channel();
        let watch = Watch::start(root.path(), options, move |notice| {
            drop(sender.send(notice));
        });
        Self {
            watch: Some(watch.unwrap()),
            before: RefCell::default(),
            root,
            notices,
        }
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn next(&self) -> Notice {
        self.notices.recv_timeout(PATIENCE).unwrap()
    }

    /// The next changes, until all of `expected` were told; nothing else may be.
    #[track_caller]
    fn expect(&self, expected: &[Changed]) {
        let mut left = expected.to_vec();
        while !left.is_empty() {
            match self.next() {
                Notice::Changed(changed) => {
                    for one in changed {
                        let is_known =
                            expected.contains(&one) || self.before.borrow().contains(&one);
                        assert!(is_known, "{one:?} is not among {expected:?}");
                        left.retain(|other| *other != one);
                    }
                }
                Notice::Polling(reason) => panic!("polls: {reason}"),
            }
        }
        self.before.replace(expected.to_vec());
    }

    #[track_caller]
    fn expect_polling(&self, expected: &str) {
        match self.next() {
            Notice::Polling(reason) => assert!(reason.contains(expected), "{reason}"),
            Notice::Changed(changed) => panic!("{changed:?}"),
        }
    }

    /// Nothing has been told that the test did not ask for: the watch has ended, so nothing more can come.
    #[track_caller]
    fn end(mut self) {
        drop(self.watch.take());
        for notice in &self.notices {
            let before = self.before.borrow();
            let is_known = matches!(&notice, Notice::Changed(changed) if changed.iter().all(|one| before.contains(one)));
            assert!(is_known, "{notice:?}");
        }
    }
}

fn pipeline(uuid: &str) -> Changed {
    Changed::Pipeline(uuid.into())
}

fn triggers(uuid: &str) -> Changed {
    Changed::Triggers(uuid.into())
}

fn block(path: &str) -> Changed {
    Changed::BlockFile(path.to_owned())
}

/// Every kind of change, one after the other.
fn story(scene: &Scene) {
    // What nobody cares for comes first: had it been told, the next expectation would fail.
    scene.write(".git/HEAD", "other\n");
    scene.write("data/big.yaml", "longer\n");
    scene.write("data_loaders/__pycache__/load.pyc", "x");
    scene.write("data_loaders/.load.py.swp", "x");
    scene.write("pipelines/a/metadata.yaml", "blocks: []\nname: written\n");
    scene.expect(&[pipeline("a")]);

    files::write_atomic(&scene.path("pipelines/b/triggers.yaml"), b"triggers:\n").unwrap();
    scene.expect(&[triggers("b")]);

    // A save as editors make it: the old file goes aside, the new one is renamed into its place.
    let file = scene.path("data_loaders/load.py");
    fs::rename(&file, scene.path("data_loaders/load.py~")).unwrap();
    fs::write(scene.path("data_loaders/.new"), "x = 2\n").unwrap();
    fs::rename(scene.path("data_loaders/.new"), &file).unwrap();
    scene.expect(&[block("data_loaders/load.py")]);

    // A new pipeline, and what happens in its folder afterwards.
    scene.write("pipelines/c/metadata.yaml", "blocks: []\n");
    scene.expect(&[pipeline("c")]);
    scene.write("pipelines/c/triggers.yaml", "triggers: []\n");
    scene.expect(&[triggers("c")]);

    // Folders of blocks come with all that is in them.
    scene.write("transformers/eu/deep/clean.py", "x\n");
    scene.expect(&[block("transformers/eu/deep/clean.py")]);
    scene.write("transformers/eu/deep/clean.sql", "x\n");
    scene.expect(&[block("transformers/eu/deep/clean.sql")]);

    fs::remove_dir_all(scene.path("pipelines/b")).unwrap();
    scene.expect(&[pipeline("b"), triggers("b")]);

    // A folder is moved in, and replaced by another one.
    let outside = tempfile::tempdir_in(scene.root.path().parent().unwrap()).unwrap();
    let moved = |text: &str| {
        let folder = outside.path().join("d");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("metadata.yaml"), text).unwrap();
        fs::write(folder.join("triggers.yaml"), text).unwrap();
        folder
    };
    fs::rename(moved("a: 1\n"), scene.path("pipelines/d")).unwrap();
    scene.expect(&[pipeline("d"), triggers("d")]);
    fs::rename(scene.path("pipelines/d"), outside.path().join("old")).unwrap();
    fs::rename(moved("a: 2\n"), scene.path("pipelines/d")).unwrap();
    scene.expect(&[pipeline("d"), triggers("d")]);
    scene.write("pipelines/d/triggers.yaml", "a: 33\n");
    scene.expect(&[triggers("d")]);
    // What happens to a folder that has left is nobody's business.
    fs::write(outside.path().join("old/metadata.yaml"), "longer\n").unwrap();

    fs::rename(scene.path("pipelines/a"), scene.path("pipelines/z")).unwrap();
    scene.expect(&[pipeline("a"), pipeline("z")]);

    scene.write("requirements.txt", "requests\n");
    scene.expect(&[Changed::Project]);
}

#[test]
fn every_change_is_notified() {
    let scene = Scene::new(WatchOptions {
        // Without a look at everything: what is told has been notified.
        scan: Duration::from_secs(3600),
        ..options(Source::System)
    });
    story(&scene);
    scene.end();
}

#[test]
fn every_change_is_found_by_looking() {
    let scene = Scene::new(options(Source::Off));
    scene.expect_polling("notifications are off");
    story(&scene);
    scene.end();
}

#[test]
fn a_system_that_refuses_is_replaced_by_looking() {
    let scene = Scene::new(options(Source::Few(2)));
    scene.expect_polling("watch limit");
    story(&scene);
    scene.end();
}

#[test]
fn a_system_that_refuses_later_is_replaced_by_looking() {
    // Its own folder, `pipelines`, two pipelines, `data_loaders`.
    let scene = Scene::new(options(Source::Few(5)));
    scene.write("pipelines/a/metadata.yaml", "name: written\n");
    scene.expect(&[pipeline("a")]);
    scene.write("pipelines/c/metadata.yaml", "blocks: []\n");
    scene.expect_polling("watch limit");
    scene.expect(&[pipeline("c")]);
    scene.write("pipelines/c/metadata.yaml", "name: written\n");
    scene.expect(&[pipeline("c")]);
    scene.end();
}

#[test]
fn a_silent_system_is_found_out() {
    let scene = Scene::new(WatchOptions {
        scan: Duration::from_millis(20),
        grace: Duration::from_millis(50),
        ..options(Source::Silent)
    });
    scene.write("pipelines/a/metadata.yaml", "name: written\n");
    scene.expect(&[pipeline("a")]);
    scene.expect_polling("did not tell");
    scene.write("pipelines/b/triggers.yaml", "triggers:\n- a\n");
    scene.expect(&[triggers("b")]);
    scene.end();
}

#[test]
fn looking_between_notifications_raises_no_false_alarm() {
    let scene = Scene::new(WatchOptions {
        scan: Duration::from_millis(1),
        ..options(Source::System)
    });
    for round in 0..40 {
        let text = format!("name: '{}'\n", "x".repeat(round + 20));
        scene.write("pipelines/a/metadata.yaml", &text);
        scene.expect(&[pipeline("a")]);
        let uuid = format!("n{round}");
        scene.write(&format!("pipelines/{uuid}/metadata.yaml"), "");
        scene.expect(&[pipeline(&uuid)]);
    }
    // A folder that counts only once it is a package.
    scene.write("utils/days.py", "");
    scene.write("utils/__init__.py", "");
    scene.expect(&[block("utils/days.py"), block("utils/__init__.py")]);
}

#[test]
fn changes_are_told_within_a_second() {
    for source in [Source::System, Source::Off] {
        let scene = Scene::new(WatchOptions {
            source,
            ..WatchOptions::default()
        });
        if source == Source::Off {
            scene.expect_polling("");
        }
        // The best of some: a busy machine may be late once.
        let best = (0..5).map(|round| {
            let start = Instant::now();
            scene.write("pipelines/a/metadata.yaml", &"#".repeat(round + 30));
            scene.expect(&[pipeline("a")]);
            start.elapsed()
        });
        let best = best.min().unwrap();
        assert!(best < Duration::from_secs(1), "{source:?}: {best:?}");
    }
}

#[test]
fn a_folder_that_does_not_exist_is_refused() {
    let missing = Path::new("/no/such/project");
    let error = Watch::start(missing, WatchOptions::default(), |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "watch `/no/such/project`");
}
