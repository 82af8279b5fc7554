//! Global hooks: pipelines around operations of the API.

use serde_json::{Value, json};

use crate::project::TestProject;
use crate::service::{Server, until};

/// A project with a pipeline `p`, pipelines that hooks run, and these hooks on `Pipeline.update` and the like.
fn hooked(hooks: &str) -> TestProject {
    let mut project = TestProject::new();
    let scratch = project.scratch().display().to_string();
    project.block(
        "p",
        "up",
        "custom",
        &[],
        "",
        "@custom\ndef up(*args):\n    return 1\n",
    );
    let note = format!(
        "import json\n\n@custom\ndef note(*args, **kwargs):\n    told = {{key: kwargs.get(key) for key in \
         ('hook', 'payload', 'resource', 'error', 'word')}}\n    with open('{scratch}/noted', 'a') as file:\n        \
         file.write(json.dumps(told) + '\\n')\n    return {{'description': 'by a hook', 'seen': True}}\n"
    );
    project.block("note", "note", "custom", &[], "", &note);
    project.block(
        "refuse",
        "refuse",
        "custom",
        &[],
        "",
        "@custom\ndef refuse(*args):\n    raise ValueError('not today')\n",
    );
    project.file(
        "metadata.yaml",
        "project_type: standalone\nfeatures: {global_hooks: true}\n",
    );
    project.file("global_hooks.yaml", hooks);
    project
}

fn noted(project: &TestProject) -> Vec<Value> {
    let text = std::fs::read_to_string(project.scratch().join("noted")).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn hooks_run_around_an_operation_and_change_it() {
    let project = hooked(
        "resources:\n  Pipeline:\n    update:\n    - uuid: first\n      stages: [before]\n      \
         predicate: {uuid: p, type: python}\n      pipeline: {uuid: note, variables: {word: hello}}\n      \
         outputs: [{block: {uuid: note}, key: payload}]\n    - uuid: other\n      stages: [before]\n      \
         predicate: {uuid: elsewhere}\n      pipeline: {uuid: refuse}\n      strategies: [raise]\n    - uuid: last\n      \
         stages: [after]\n      conditions: [success]\n      pipeline: {uuid: note}\n      \
         outputs: [{block: {uuid: note}, key: metadata, keys: [hooks]}]\n    - uuid: sorry\n      stages: [after]\n      \
         conditions: [failure]\n      pipeline: {uuid: refuse}\n      strategies: [raise]\n",
    );
    let server = Server::start(&project);
    let body = json!({"pipeline": {"description": "mine"}});
    let (status, answer) = server.ask("PUT", "/api/pipelines/p", Some(&body));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["pipeline"]["description"], "by a hook");
    assert_eq!(answer["metadata"]["hooks"]["seen"], true);
    let file = std::fs::read_to_string(project.root().join("pipelines/p/metadata.yaml")).unwrap();
    assert!(file.contains("by a hook"), "{file}");
    let noted = noted(&project);
    assert_eq!(noted.len(), 2);
    assert_eq!(noted[0]["hook"]["uuid"], "first");
    assert_eq!(noted[0]["payload"], json!({"description": "mine"}));
    assert_eq!(noted[0]["word"], "hello");
    assert_eq!(noted[1]["resource"]["description"], "by a hook");
    let runs = server.get("/api/pipelines/note/pipeline_runs");
    assert_eq!(
        runs["pipeline_runs"][0]["pipeline_schedule_name"],
        "GLOBAL_HOOK_TRIGGER"
    );
    // Who may not come in starts nothing.
    let (status, _) = server.send("PUT", "/api/pipelines/p", Some(&body), &[]);
    assert_eq!(status, 401);
    assert_eq!(
        server.get("/api/pipelines/note/pipeline_runs")["metadata"]["count"],
        2
    );
}

#[test]
fn a_hook_that_fails_does_what_its_strategy_says() {
    let hook = |name: &str, strategy: &str| {
        format!(
            "    - uuid: {name}\n      stages: [before]\n      pipeline: {{uuid: refuse}}\n      strategies: [{strategy}]\n    \
             - uuid: {name}-next\n      stages: [before]\n      pipeline: {{uuid: note}}\n"
        )
    };
    let hooks = format!(
        "resources:\n  Pipeline:\n    update:\n{}    delete:\n{}    detail:\n{}",
        hook("goes-on", "continue"),
        hook("fails-it", "raise"),
        hook("ends-it", "break"),
    );
    let project = hooked(&hooks);
    let server = Server::start(&project);
    let names = || {
        let noted = noted(&project);
        let names = noted
            .iter()
            .map(|one| one["hook"]["uuid"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let body = json!({"pipeline": {"description": "mine"}});
    assert_eq!(server.ask("PUT", "/api/pipelines/p", Some(&body)).0, 200);
    assert_eq!(names(), ["goes-on-next"]);
    let (status, refused) = server.ask("DELETE", "/api/pipelines/p", None);
    assert_eq!(status, 409, "{refused}");
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("the hook `fails-it` failed: "),
        "{message}"
    );
    assert!(message.ends_with(" is failed: not today"), "{message}");
    assert!(project.root().join("pipelines/p/metadata.yaml").exists());
    assert_eq!(server.ask("GET", "/api/pipelines/p", None).0, 200);
    assert_eq!(names(), ["goes-on-next"]);
}

#[test]
fn a_hook_waits_for_nobody_follows_files_and_runs_only_what_was_agreed_to() {
    let project = hooked(
        "resources:\n  Pipeline:\n    update_anywhere:\n    - uuid: anywhere\n      stages: [after]\n      \
         predicate: {uuid: p}\n      pipeline: {uuid: note}\n      run_settings: {asynchronous: true}\n  Tag:\n    list:\n    \
         - uuid: stale\n      stages: [before]\n      pipeline: {uuid: note}\n      strategies: [raise]\n      \
         metadata: {snapshot_hash: abc}\n",
    );
    let server = Server::start(&project);
    let path = project.root().join("pipelines/p/metadata.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + "description: by an editor\n").unwrap();
    until("the hook to follow the file", || {
        let noted = noted(&project);
        noted
            .iter()
            .any(|one| one["hook"]["uuid"] == "anywhere")
            .then_some(())
    });
    let (status, refused) = server.ask("GET", "/api/tags", None);
    assert_eq!(status, 409, "{refused}");
    let message = refused["error"]["message"].as_str().unwrap();
    let digest = message.split('`').rev().nth(1).unwrap();
    assert_eq!(digest.len(), 64, "{message}");
    // Agreed to, it runs.
    let hooks = project.root().join("global_hooks.yaml");
    let text = std::fs::read_to_string(&hooks).unwrap();
    std::fs::write(&hooks, text.replace("abc", digest)).unwrap();
    until("the edit to be noticed", || {
        (server.ask("GET", "/api/tags", None).0 == 200).then_some(())
    });
    assert!(
        noted(&project)
            .iter()
            .any(|one| one["hook"]["uuid"] == "stale")
    );
}

#[test]
fn hooks_that_can_never_run_fail_the_check() {
    let project = hooked(
        "resources:\n  Secret:\n    create: [{uuid: a, stages: [after], pipeline: {uuid: note}}]\n  \
         Pipeline:\n    execute: [{uuid: b, stages: [after], pipeline: {uuid: note}}]\n",
    );
    let done = project.baton(&["check", "PROJECT"]);
    assert_eq!(done.code, Some(1), "{}", done.stdout);
    let said = done.stdout + &done.stderr;
    for name in ["a", "b"] {
        assert!(
            said.contains(&format!("the hook `{name}` can never run")),
            "{said}"
        );
    }
}
