//! One suite for both ways to start a block process, against real interpreters.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here fails the test"
)]

mod asks;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use baton_model::{
    BlockKind, BlockRunKey, BlockUuid, Content, FailureKind, Fence, Language, Map, Outcome,
    PlannedBlock, ResourceSettings, RetryPolicy, RunId,
};
use baton_products::Products;
use baton_runner::{
    Attempt, AttemptReport, Library, LogRecord, Runner, RunnerOptions, Stop, Strategy, Work,
    YieldedItem,
};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

/// A runner with folders of its own.
struct Bench {
    _folder: TempDir,
    runner: Runner,
    items: mpsc::UnboundedSender<YieldedItem>,
    _yielded: mpsc::UnboundedReceiver<YieldedItem>,
}

impl Bench {
    fn new(strategy: Strategy, memory_limit: Option<u64>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("demo");
        std::fs::create_dir(&project).unwrap();
        let library = Library::unpack(folder.path()).unwrap();
        let python =
            std::env::var_os("BATON_TEST_PYTHON").map_or(PathBuf::from("python3"), PathBuf::from);
        let options = RunnerOptions {
            python,
            library: library.path().to_owned(),
            project,
            folder: folder.path().to_owned(),
            strategy,
            memory_limit,
            inline_bytes: 1024,
            log_limit: 64 * 1024,
            environ: BTreeMap::new(),
            shield: None,
        };
        let products = Products::open(&folder.path().join("products")).unwrap();
        let (items, yielded) = mpsc::unbounded_channel();
        Self {
            _folder: folder,
            runner: Runner::new(options, products),
            items,
            _yielded: yielded,
        }
    }

    async fn run(&self, code: &str) -> (AttemptReport, Vec<LogRecord>) {
        let (_stop, stopped) = watch::channel(Stop::No);
        self.run_with(code, None, stopped).await
    }

    async fn run_with(
        &self,
        code: &str,
        timeout: Option<Duration>,
        stop: watch::Receiver<Stop>,
    ) -> (AttemptReport, Vec<LogRecord>) {
        let (log, mut records) = mpsc::channel(1024);
        let attempt = attempt(code, timeout);
        let collect = async move {
            let mut all = Vec::new();
            while let Some(record) = records.recv().await {
                all.push(record);
            }
            all
        };
        let run = async {
            let report = self.runner.run(&attempt, &log, &self.items, stop).await;
            drop(log);
            report
        };
        tokio::join!(run, collect)
    }
}

fn attempt(code: &str, timeout: Option<Duration>) -> Attempt {
    let uuid = BlockUuid::from("b");
    let block = PlannedBlock {
        uuid: uuid.clone(),
        kind: BlockKind::Custom,
        language: Language::Python,
        upstream: Vec::new(),
        file: "custom/b.py".to_owned(),
        code: None,
        configuration: Map::new(),
        retry: RetryPolicy {
            retries: 0,
            delay: Duration::ZERO,
            max_delay: Duration::ZERO,
            total_delay: None,
            exponential_backoff: false,
        },
        timeout,
        replicated: None,
        priority: 0,
        dynamic: false,
        reduce_output: false,
        conditions: Vec::new(),
        callbacks: Vec::new(),
        extensions: Vec::new(),
        needs_frames: false,
        slow_imports: Vec::new(),
        resources: ResourceSettings::default(),
        problem: None,
    };
    Attempt {
        run: RunId(1),
        pipeline: "p".to_owned(),
        block,
        key: BlockRunKey::declared(uuid),
        name: "b".to_owned(),
        number: 1,
        fence: Fence(1),
        code: code.to_owned(),
        work: Work::Block,
        inputs: Vec::new(),
        conditions: Vec::new(),
        callbacks: Vec::new(),
        extensions: Vec::new(),
        one_process: false,
        cache: false,
        kwargs: Map::new(),
        triggered: false,
        staging: "1-1".to_owned(),
        run_tests: true,
        strict: false,
    }
}

fn kind(report: &AttemptReport) -> FailureKind {
    match &report.outcome {
        Outcome::Failed { error, .. } => error.kind,
        other => panic!("it did not fail: {other:?}"),
    }
}

async fn completes(strategy: Strategy) {
    let bench = Bench::new(strategy, None);
    let (report, log) = bench
        .run("@custom\ndef b(*args):\n    print('hello')\n    return 7, 'x' * 5000\n")
        .await;
    let Outcome::Completed { products, .. } = report.outcome else {
        panic!("{report:?}")
    };
    assert_eq!(products[0].content, Content::Inline("7".to_owned()));
    assert!(
        matches!(products[1].content, Content::Chunks(_)),
        "larger than a manifest holds"
    );
    assert_eq!(
        log.iter()
            .map(|record| record.message.as_str())
            .collect::<Vec<_>>(),
        ["hello"]
    );
    assert_eq!(
        (log[0].block.as_deref(), log[0].attempt),
        (Some("b"), Some(1))
    );
    bench.runner.shut_down().await;
}

async fn fails_in_every_way(strategy: Strategy) {
    let bench = Bench::new(strategy, Some(200_000_000));
    for (code, expected) in [
        (
            "@custom\ndef b(*args):\n    raise ValueError('no')\n",
            FailureKind::Exception,
        ),
        (
            "@custom\ndef b(*args):\n    import os\n    os._exit(3)\n",
            FailureKind::Exit,
        ),
        (
            "@custom\ndef b(*args):\n    import os\n    os.abort()\n",
            FailureKind::Crash,
        ),
        (
            "@custom\ndef b(*args):\n    k = []\n    while True:\n        k.append(bytearray(b'x' * 4000000))\n",
            FailureKind::OutOfMemory,
        ),
        (
            "@custom\ndef b(*args):\n    return 1\n\n@test\ndef t(x):\n    assert x == 2\n",
            FailureKind::TestFailed,
        ),
    ] {
        let (report, _) = bench.run(code).await;
        assert_eq!(kind(&report), expected, "{code}");
    }
    let (_stop, stopped) = watch::channel(Stop::No);
    let endless = "@custom\ndef b(*args):\n    while True:\n        pass\n";
    let (report, _) = bench
        .run_with(endless, Some(Duration::from_millis(300)), stopped)
        .await;
    assert_eq!(kind(&report), FailureKind::Timeout);
    // After all that the next block runs as if nothing had been.
    let (report, _) = bench.run("@custom\ndef b(*args):\n    return 1\n").await;
    assert!(
        matches!(report.outcome, Outcome::Completed { .. }),
        "{report:?}"
    );
    bench.runner.shut_down().await;
}

async fn stops_when_asked(strategy: Strategy) {
    let bench = Bench::new(strategy, None);
    for wish in [Stop::Gently, Stop::Now] {
        let (stop, stopped) = watch::channel(Stop::No);
        let code = "@custom\ndef b(*args):\n    print('begun')\n    while True:\n        pass\n";
        let (log, mut records) = mpsc::channel(16);
        let attempt = attempt(code, None);
        let run = bench.runner.run(&attempt, &log, &bench.items, stopped);
        let ask = async {
            records.recv().await.unwrap();
            stop.send_replace(wish);
        };
        let (report, ()) = tokio::join!(run, ask);
        assert_eq!(report.outcome, Outcome::Cancelled);
    }
    bench.runner.shut_down().await;
}

/// Blocks of a run of one process: they share memory, their output is told apart, and what one of them breaks is
/// mended before the next.
async fn shares_one_process(strategy: Strategy) {
    let bench = Bench::new(strategy, None);
    let count = "@custom\ndef b(*args, **kwargs):\n    c = kwargs['context']\n    c['n'] = c.get('n', 0) + 1\n    print('number', c['n'], end='')\n    return c['n']\n";
    let raise = "@custom\ndef b(*args):\n    raise ValueError('no')\n";
    let die = "@custom\ndef b(*args):\n    import os\n    os._exit(3)\n";
    for (code, expected, printed) in [
        (count, Ok("1"), Some("number 1")),
        (count, Ok("2"), Some("number 2")),
        (raise, Err(FailureKind::Exception), None),
        (count, Ok("3"), Some("number 3")),
        (die, Err(FailureKind::Exit), None),
        (count, Ok("1"), Some("number 1")),
    ] {
        let (log, mut records) = mpsc::channel(64);
        let mut attempt = attempt(code, None);
        attempt.one_process = true;
        let (_stop, stopped) = watch::channel(Stop::No);
        let report = bench
            .runner
            .run(&attempt, &log, &bench.items, stopped)
            .await;
        drop(log);
        let found = match &report.outcome {
            Outcome::Completed { products, .. } => Ok(products[0].content.clone()),
            Outcome::Failed { error, .. } => Err(error.kind),
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected.map(|text| Content::Inline(text.to_owned())));
        let mut said = Vec::new();
        while let Some(record) = records.recv().await {
            said.push(record.message);
        }
        assert_eq!(said, printed.into_iter().collect::<Vec<_>>());
    }
    bench.runner.shut_down().await;
}

#[tokio::test]
async fn fork_shares_one_process() {
    shares_one_process(Strategy::Fork).await;
}

#[tokio::test]
async fn spawn_shares_one_process() {
    shares_one_process(Strategy::Spawn).await;
}

#[tokio::test]
async fn fork_completes() {
    completes(Strategy::Fork).await;
}

#[tokio::test]
async fn spawn_completes() {
    completes(Strategy::Spawn).await;
}

#[tokio::test]
async fn fork_fails_in_every_way() {
    fails_in_every_way(Strategy::Fork).await;
}

#[tokio::test]
async fn spawn_fails_in_every_way() {
    fails_in_every_way(Strategy::Spawn).await;
}

#[tokio::test]
async fn fork_stops_when_asked() {
    stops_when_asked(Strategy::Fork).await;
}

#[tokio::test]
async fn spawn_stops_when_asked() {
    stops_when_asked(Strategy::Spawn).await;
}
