//! Situations of docs/reference/why.md, made real.

use serde_json::json;

use crate::served::Served;

async fn why(served: &Served, path: &str) -> String {
    let answer = served.get(&format!("{path}/why")).await;
    answer["why"]["headline"].as_str().unwrap().to_owned()
}

async fn trigger(served: &Served, pipeline: &str, wanted: serde_json::Value) -> String {
    let path = format!("/api/pipelines/{pipeline}/pipeline_schedules");
    let made = served
        .ok("POST", &path, &json!({"pipeline_schedule": wanted}))
        .await;
    format!(
        "/api/pipeline_schedules/{}",
        made["pipeline_schedule"]["id"]
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_say_why_they_make_no_run() {
    let served = Served::new().await;
    let nightly = |more: serde_json::Value| {
        let mut all = json!({
            "name": "nightly", "schedule_type": "time", "schedule_interval": "@daily", "status": "active",
        });
        for (key, value) in more.as_object().unwrap() {
            all[key] = value.clone();
        }
        all
    };
    let off = trigger(&served, "note", nightly(json!({"status": "inactive"}))).await;
    assert_eq!(
        why(&served, &off).await,
        "Trigger `nightly` makes no run now: the trigger is switched off."
    );
    let set = async |wanted: serde_json::Value| {
        let body = json!({"pipeline_schedule": wanted});
        served.ok("PUT", &off, &body).await;
    };
    set(json!({"status": "active", "start_time": "2999-01-01 00:00:00"})).await;
    assert_eq!(
        why(&served, &off).await,
        "Trigger `nightly` makes no run now: its start time has not come."
    );
    set(json!({"start_time": null})).await;
    // No request stores such a one; a file may say it.
    let store = served.host.store();
    for mut stored in store.triggers().await.unwrap() {
        let zone = json!("Europe/Berlni");
        stored.settings.insert("timezone".to_owned(), zone);
        store.put_trigger(stored).await.unwrap();
    }
    assert_eq!(
        why(&served, &off).await,
        "Trigger `nightly` makes no run now: there is no time zone called `Europe/Berlni`; names look like Europe/Berlin or UTC."
    );
    set(json!({"settings": {"create_initial_pipeline_run": true}})).await;
    served
        .until(&format!("{off}/pipeline_runs"), |answer| {
            answer["metadata"]["count"] == 1
        })
        .await;
    assert_eq!(
        why(&served, &off).await,
        "Trigger `nightly` waits for its next date: its newest date has its run."
    );
    // A pipeline that cannot be planned.
    std::fs::write(
        served.root().join("pipelines/broken/metadata.yaml"),
        "name: broken\nuuid: broken\ntype: python\nblocks:\n\
         - {name: a, uuid: a, type: custom, language: python, upstream_blocks: [b]}\n\
         - {name: b, uuid: b, type: custom, language: python, upstream_blocks: [a]}\n",
    )
    .unwrap();
    let settings = json!({"settings": {"create_initial_pipeline_run": true}});
    let cycle = trigger(&served, "broken", nightly(settings)).await;
    let told = served
        .until(&format!("{cycle}/why"), |answer| {
            let text = answer["why"]["headline"].as_str().unwrap();
            text.contains("could not make its newest run")
        })
        .await;
    let text = told["why"]["headline"].as_str().unwrap();
    assert!(text.contains("a → b → a"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_without_a_schedule_say_what_they_wait_for() {
    let served = Served::new().await;
    let after = json!({"name": "next", "schedule_type": "pipeline", "status": "active",
        "settings": {"after": [{"pipeline": "broken", "status": "failed"}]}});
    let next = trigger(&served, "note", after).await;
    assert_eq!(
        why(&served, &next).await,
        "Trigger `next` makes no run now: it waits for the end of pipeline `broken` (failed)."
    );
    std::fs::remove_dir_all(served.root().join("pipelines/broken")).unwrap();
    assert_eq!(
        why(&served, &next).await,
        "Trigger `next` makes no run now: it waits for the end of pipeline `broken` (failed), but there is no pipeline `broken`."
    );
    let event = json!({"name": "file", "schedule_type": "event", "status": "active"});
    let event = trigger(&served, "note", event).await;
    assert_eq!(
        why(&served, &event).await,
        "Trigger `file` makes no run now: it waits for an event, and `event_matchers` has no pattern that one could fit."
    );
    // The example of docs/reference/triggers.md.
    let matchers = json!({"pipeline_schedule": {
        "status": "active",
        "event_matchers": [{"pattern": {"source": ["aws.s3"], "detail": {"bucket": {"name": ["incoming"]}}}}],
    }});
    served.ok("PUT", &event, &matchers).await;
    assert_eq!(
        why(&served, &event).await,
        "Trigger `file` makes no run now: it waits for an event that fits `{\"source\":[\"aws.s3\"],\"detail\":{\"bucket\":{\"name\":[\"incoming\"]}}}`."
    );
    let event_of = |bucket: &str| json!({"source": "aws.s3", "detail": {"bucket": {"name": bucket}, "object": {"key": "a.csv"}}});
    let other = served.ok("POST", "/api/events", &event_of("other")).await;
    assert_eq!(other["event"]["pipeline_run_ids"], json!([]));
    served
        .ok("POST", "/api/events", &event_of("incoming"))
        .await;
    served
        .until(&format!("{event}/pipeline_runs"), |answer| {
            answer["metadata"]["count"] == 1
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_of_files_that_form_a_circle_make_each_run_once() {
    let served = Served::idle().await;
    let file = |name: &str, pipeline: &str| {
        format!(
            "triggers:\n- {{name: {name}, schedule_type: pipeline, schedule_interval: null, start_time: null, \
             status: active, settings: {{after: [{{pipeline: {pipeline}, status: any}}]}}}}\n"
        )
    };
    let write = |pipeline: &str, text: String| {
        let path = format!("pipelines/{pipeline}/triggers.yaml");
        std::fs::write(served.root().join(path), text).unwrap();
    };
    write("note", file("back", "broken"));
    write("broken", file("on", "note"));
    served.host.start().await.unwrap();
    let api = json!({"name": "api", "schedule_type": "api", "status": "active"});
    let api = trigger(&served, "note", api).await;
    served
        .ok("POST", &format!("{api}/pipeline_runs"), &json!({}))
        .await;
    let all = served.get("/api/pipeline_schedules").await;
    let all = all["pipeline_schedules"].as_array().unwrap();
    let back = all.iter().find(|one| one["name"] == "back").unwrap();
    let back = format!("/api/pipeline_schedules/{}", back["id"]);
    let told = served
        .until(&format!("{back}/why"), |answer| {
            let text = answer["why"]["headline"].as_str().unwrap();
            text.contains("could not make its newest run")
        })
        .await;
    let text = told["why"]["headline"].as_str().unwrap();
    assert!(text.contains("without end: note → broken → note"), "{text}");
    let runs = served.get("/api/pipeline_runs").await;
    assert_eq!(runs["metadata"]["count"], 2, "{runs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_say_why_they_are_as_they_are() {
    let served = Served::new().await;
    let (run, _) = served.ended_run("note").await;
    let text = why(&served, &format!("/api/pipeline_runs/{run}")).await;
    assert!(
        text.starts_with(&format!("Run {run} completed in ")),
        "{text}"
    );
    let (run, _) = served.ended_run("broken").await;
    let text = why(&served, &format!("/api/pipeline_runs/{run}")).await;
    assert!(
        text.starts_with(&format!("Run {run} failed: block `gone` failed")),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_and_stopped_runs_say_why() {
    // The scheduler of this one is never started, so that runs stay as they were made.
    let served = Served::idle().await;
    let run = served.start_run("note").await;
    let path = format!("/api/pipeline_runs/{run}");
    let text = why(&served, &path).await;
    assert!(
        text.starts_with(&format!("Run {run} is about to start: it was created")),
        "{text}"
    );
    let note = "1 of 1 places of pool `db` are taken: 14";
    served.host.store().set_note(run, Some(note)).await.unwrap();
    assert_eq!(
        why(&served, &path).await,
        format!("Run {run} waits: {note}.")
    );
    let body = json!({"pipeline_run": {"status": "cancelled"}});
    served.ok("PUT", &path, &body).await;
    assert_eq!(
        why(&served, &path).await,
        format!("Run {run} was not started: stopped by a person.")
    );
}
