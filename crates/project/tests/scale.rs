//! How long a project of 10,000 pipelines takes to read and to watch. Not part of the usual tests:
//! `cargo test --release -p baton-project --test scale -- --ignored --nocapture`.

use std::fs;
use std::time::{Duration, Instant};

use baton_project::watch::{Notice, Source, Watch, WatchOptions};
use baton_project::{Lookup, Project};

const PIPELINES: usize = 10_000;

/// How long this thread has computed: what it would take on a machine of its own.
fn on_cpu() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().unwrap_or_default().parse();
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

#[test]
#[ignore = "a measurement"]
fn ten_thousand_pipelines() {
    let root = tempfile::tempdir().unwrap();
    fs::write(
        root.path().join("metadata.yaml"),
        "project_type: standalone\n",
    )
    .unwrap();
    for number in 0..PIPELINES {
        let folder = root.path().join(format!("pipelines/p{number:05}"));
        fs::create_dir_all(&folder).unwrap();
        let block = |uuid: &str, kind: &str, up: &str, down: &str| {
            format!(
                "- all_upstream_blocks_executed: true\n  color: null\n  configuration: {{}}\n  downstream_blocks: [{down}]\n  executor_config: null\n  executor_type: local_python\n  has_callback: false\n  language: python\n  name: {uuid}\n  retry_config: null\n  status: executed\n  timeout: null\n  type: {kind}\n  upstream_blocks: [{up}]\n  uuid: {uuid}\n"
            )
        };
        let text = format!(
            "blocks:\n{}{}{}callbacks: []\nconditionals: []\ncreated_at: '2024-01-31 12:00:00.000000+00:00'\ndata_integration: null\ndescription: null\nexecutor_config: {{}}\nexecutor_count: 1\nexecutor_type: null\nextensions: {{}}\nname: p{number:05}\nnotification_config: {{}}\ntags: []\ntype: python\nuuid: p{number:05}\nwidgets: []\n",
            block("load", "data_loader", "", "clean"),
            block("clean", "transformer", "load", "save"),
            block("save", "data_exporter", "clean", ""),
        );
        fs::write(folder.join("metadata.yaml"), text).unwrap();
        let text = "triggers:\n- description: null\n  envs: []\n  last_enabled_at: 2024-05-06 07:08:09\n  name: nightly\n  schedule_interval: '@daily'\n  schedule_type: time\n  settings: {skip_if_previous_running: true}\n  sla: null\n  start_time: 2024-01-01 00:00:00\n  status: active\n  token: abc\n  variables: {region: eu}\n";
        fs::write(folder.join("triggers.yaml"), text).unwrap();
    }

    let timed = |what: &str, work: &mut dyn FnMut()| {
        let (start, cpu) = (Instant::now(), on_cpu());
        work();
        let (elapsed, cpu) = (start.elapsed(), on_cpu().saturating_sub(cpu));
        println!("{what}: {elapsed:?}, of which this thread computed {cpu:?}");
        elapsed
    };
    let lookup = || Lookup::new(|_| None);
    let mut project = None;
    timed("open", &mut || {
        project = Some(Project::open_with(root.path(), lookup()).unwrap());
    });
    let project = project.unwrap();
    let mut uuids = Vec::new();
    timed("names", &mut || uuids = project.pipeline_uuids());
    assert_eq!(uuids.len(), PIPELINES);
    let mut count = 0;
    timed("read metadata and triggers", &mut || {
        for uuid in &uuids {
            count += project.pipeline(uuid).unwrap().blocks.len();
            count += project.triggers(uuid).triggers.len();
        }
    });
    assert_eq!(count, 4 * PIPELINES);
    let mut stamps = Vec::new();
    let mut stamp = || stamps.extend(uuids.iter().map(|uuid| project.pipeline_stamp(uuid)));
    timed("stamps", &mut stamp);
    assert!(
        stamps
            .iter()
            .all(|stamp| stamp.metadata.is_some() && stamp.triggers.is_some())
    );

    for source in [Source::System, Source::Off] {
        let (sender, notices) = std::sync::mpsc::channel();
        let options = WatchOptions {
            source,
            ..WatchOptions::default()
        };
        let mut watch = None;
        timed("begin to watch", &mut || {
            let sender = sender.clone();
            let tell = move |notice| drop(sender.send(notice));
            watch = Some(Watch::start(root.path(), options.clone(), tell).unwrap());
        });
        let told = timed("a change is told", &mut || {
            let file = root.path().join("pipelines/p05000/triggers.yaml");
            fs::write(file, format!("# {source:?}\ntriggers: []\n")).unwrap();
            loop {
                match notices.recv_timeout(Duration::from_secs(60)).unwrap() {
                    Notice::Changed(_) => break,
                    Notice::Polling(reason) => println!("polling: {reason}"),
                }
            }
        });
        assert!(told < Duration::from_secs(60));
        drop(watch);
    }
}
