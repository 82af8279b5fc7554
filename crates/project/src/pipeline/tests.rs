//! What a pipeline's file says, old or new, and what is said of one that is wrong.

use serde_json::json;

use super::*;

fn file(text: &str) -> PipelineFile {
    let lookup = Lookup::new(|name| (name == "EXECUTOR").then(|| "k8s".to_owned()));
    read(
        &"demo".into(),
        "pipelines/demo/metadata.yaml",
        text,
        &lookup,
    )
}

fn codes(file: &PipelineFile) -> Vec<(&'static str, u32)> {
    file.problems
        .iter()
        .map(|p| (p.code, p.line.unwrap_or(0)))
        .collect()
}

#[test]
fn the_oldest_format_reads() {
    let file = file(
        "blocks:\n- uuid: load\n  type: data_loader\n- uuid: sales/eu/clean\n  type: transformer\n  upstream_blocks: [load]\n  configuration: null\n  upstream: x\ncallbacks:\nwidgets: null\n",
    );
    assert_eq!(file.problems, []);
    let pipeline = &file.pipeline;
    assert_eq!(
        (pipeline.name.as_str(), &pipeline.kind),
        ("demo", &PipelineKind::Python)
    );
    assert_eq!(pipeline.blocks[0].language, Language::Python);
    assert_eq!(pipeline.blocks[0].executor, "local_python");
    assert_eq!(pipeline.blocks[1].upstream, ["load".into()]);
}

#[test]
fn every_field_reads() {
    let file = file(
        "name: Demo\nuuid: other\ntype: streaming\ndescription: what\ntags: [a, 1]\nvariables: {d: 2024-01-01, n: 010}\nretry_config: {retries: '2', delay: 1.5, exponential_backoff: off}\nconcurrency_config: {block_run_limit: 3, pipeline_run_limit: 2, pipeline_run_limit_all_triggers: 0, on_pipeline_run_limit_reached: skip}\nnotification_config: {alert_on: [trigger_success]}\nsettings: {triggers: {save_in_code_automatically: true}}\nrun_pipeline_in_one_process: true\nblocks:\n- uuid: a\n  name: A\n  type: ai\n  language: yaml\n  color: teal\n  executor_type: \"{{ env_var('EXECUTOR') }}\"\n  timeout: 5\n  priority: 2\n  has_callback: true\n  replicated_block: b\n  retry_config: {retries: 1}\n  configuration: {x: 1}\n  downstream_blocks: [b, gone]\n",
    );
    assert_eq!(file.problems, []);
    let pipeline = &file.pipeline;
    assert_eq!(pipeline.uuid.as_str(), "demo");
    assert_eq!(pipeline.variables["d"], json!({"$date": "2024-01-01"}));
    assert_eq!(pipeline.variables["n"], json!(8));
    assert_eq!(pipeline.tags, ["a", "1"]);
    assert_eq!(pipeline.retry.retries, Some(2));
    assert_eq!(pipeline.retry.exponential_backoff, Some(false));
    assert_eq!(pipeline.block_run_limit, Some(3));
    assert_eq!(
        pipeline.run_limits,
        RunLimits {
            per_trigger: Some(2),
            all_triggers: None,
            when_reached: LimitReached::Skip,
        }
    );
    assert_eq!(
        pipeline.notifications["alert_on"],
        json!(["trigger_success"])
    );
    assert!(pipeline.saves_triggers);
    assert!(pipeline.one_process);
    let block = &pipeline.blocks[0];
    assert_eq!(block.kind, BlockKind::Other("ai".to_owned()));
    assert_eq!(block.executor, "k8s");
    assert_eq!(
        (block.timeout, block.priority, block.has_callback),
        (Some(5.0), 2, true)
    );
    assert_eq!(block.replicated, Some("b".into()));
    assert_eq!(block.downstream, ["b".into(), "gone".into()]);
}

#[test]
fn a_block_says_what_it_reserves_and_may_use() {
    let file = file(
        "executor_config: {resource_limits: {cpu: 2, memory: 1Gi}}\nblocks:\n- uuid: a\n  type: custom\n  executor_config: {resource_requests: {cpu: 500m, memory: 1048576}, resource_limits: {memory: 2Gi}}\n- uuid: b\n  type: custom\n  executor_config: {container: {resources: {requests: {cpu: 0.25}}}, container_config: {resources: {limits: {cpu: 4}}}}\n- {uuid: c, type: custom, executor_type: ecs, executor_config: {cpu: 512, memory: 1024}}\n- {uuid: d, type: custom, executor_config: {resource_requests: {cpu: many, memory: null}, namespace: x}}\n- {uuid: e, type: custom, executor_config: null}\n",
    );
    assert_eq!(codes(&file), [("bad-setting", 10)]);
    let resources = |at: usize| {
        let found = file.pipeline.blocks[at].resources;
        let requests = (found.cpu_request, found.memory_request);
        (requests, (found.cpu_limit, found.memory_limit))
    };
    let gibibytes = |number: u64| Some(number << 30);
    assert_eq!(
        resources(0),
        ((Some(500), Some(1 << 20)), (Some(2000), gibibytes(2)))
    );
    assert_eq!(
        resources(1),
        ((Some(250), None), (Some(4000), gibibytes(1)))
    );
    assert_eq!(
        resources(2),
        ((Some(500), gibibytes(1)), (Some(2000), gibibytes(1)))
    );
    assert_eq!(resources(3), ((None, None), (Some(2000), gibibytes(1))));
    assert_eq!(resources(4), resources(3));
}

#[test]
fn what_is_wrong_is_said_and_the_rest_is_read() {
    let file = file(
        "type: pythn\nnotification_config: {alert_on: [moon], slack_config: x, email_config: {smtp_port: y}}\nconcurrency_config: {on_pipeline_run_limit_reached: stop}\nblocks:\n- name: nameless\n- uuid: a\n  type: custom\n  upstream_blocks: b\n- text\n- uuid: a\n  type: custom\n- {uuid: c, type: custom, timeout: soon, executor_type: '{{ x'}\nwidgets: 5\nextensions: {great_expectations: {blocks: [{uuid: c}]}}\n",
    );
    assert_eq!(
        codes(&file),
        [
            ("unknown-pipeline-type", 1),
            ("bad-setting", 3),
            ("bad-setting", 2),
            ("bad-setting", 2),
            ("bad-setting", 2),
            ("yaml-shape", 5),
            ("yaml-shape", 8),
            ("yaml-shape", 9),
            ("yaml-shape", 12),
            ("bad-template", 12),
            ("yaml-shape", 13),
            ("duplicate-block", 10),
            ("duplicate-block", 14),
        ]
    );
    assert_eq!(file.pipeline.blocks.len(), 3);
}

#[test]
fn what_blocks_do_not_need_breaks_no_pipeline() {
    let file = file(
        "notification_config: [slack]\nconcurrency_config: {pipeline_run_limit: few, on_pipeline_run_limit_reached: 3}\nsettings: x\nblocks: []\n",
    );
    let expected = [("bad-setting", 2), ("bad-setting", 2), ("bad-setting", 1)];
    assert_eq!(codes(&file), expected);
    assert!(!file.is_broken());
    assert_eq!(file.pipeline.run_limits, RunLimits::default());
}

#[test]
fn unknown_upstream_is_dropped_and_its_place_kept() {
    let file = file(
        "blocks:\n- {uuid: a, type: custom, upstream_blocks: [b, a2]}\n- {uuid: a2, type: custom}\n",
    );
    assert_eq!(file.pipeline.blocks[0].upstream, ["a2".into()]);
    assert_eq!(file.places[0].upstream[0].0, "b");
}

#[test]
fn a_cycle_is_named() {
    #[track_caller]
    fn check(edges: &[(&str, &[&str])], expected: Option<&str>) {
        let mut text = "blocks:\n".to_owned();
        for (uuid, upstream) in edges {
            let upstream = upstream.join(", ");
            text.extend([format!(
                "- {{uuid: {uuid}, type: custom, upstream_blocks: [{upstream}]}}\n"
            )]);
        }
        let found = file(&text)
            .problems
            .into_iter()
            .find(|p| p.code == "dependency-cycle");
        assert_eq!(
            found.map(|p| p.message),
            expected.map(|names| format!("blocks wait for each other: {names}"))
        );
    }
    check(
        &[
            ("a", &[]),
            ("b", &["a"]),
            ("c", &["a", "b"]),
            ("d", &["b", "c"]),
        ],
        None,
    );
    check(&[("a", &["a"])], Some("a → a"));
    check(
        &[("x", &[]), ("a", &["c", "x"]), ("b", &["a"]), ("c", &["b"])],
        Some("a → b → c → a"),
    );
    check(
        &[("c", &["b"]), ("b", &["a"]), ("a", &["b"])],
        Some("b → a → b"),
    );
}
