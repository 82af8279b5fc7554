//! Triggers between their files, the database and requests.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::scene::Scene;

const FILE: &str = "pipelines/etl/triggers.yaml";

/// An entry of a file: a trigger of this name that is on and whose next date is far away.
fn entry(name: &str) -> String {
    format!(
        "- name: {name}\n  schedule_type: time\n  schedule_interval: '@daily'\n  start_time: 2999-01-01 00:00:00\n  \
         status: active\n  last_enabled_at: 2024-01-01 00:00:00\n"
    )
}

fn file(names: &[&str]) -> String {
    let entries: String = names.iter().map(|name| entry(name)).collect();
    format!("triggers:\n{entries}")
}

/// A project at work whose file has these triggers.
async fn at_work(names: &[&str]) -> Scene {
    let scene = Scene::new().await;
    fs::write(scene.path(FILE), file(names)).unwrap();
    scene.host.start().await.unwrap();
    scene
}

/// The trigger of this name.
async fn named(scene: &Scene, name: &str) -> Value {
    let all = scene.get("/api/pipeline_schedules").await;
    let all = all["pipeline_schedules"].as_array().unwrap();
    let found = all.iter().find(|one| one["name"] == name);
    found.cloned().unwrap_or(Value::Null)
}

/// Asks for a trigger until it is as wanted; gives it, and how long that took.
async fn until(scene: &Scene, name: &str, is_wanted: impl Fn(&Value) -> bool) -> (Value, Duration) {
    let since = Instant::now();
    loop {
        let found = named(scene, name).await;
        if is_wanted(&found) {
            return (found, since.elapsed());
        }
        assert!(since.elapsed() < Duration::from_secs(20), "{found}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Long enough for what is not to happen.
async fn a_while() {
    tokio::time::sleep(Duration::from_millis(1_500)).await;
}

fn path(trigger: &Value) -> String {
    format!("/api/pipeline_schedules/{}", trigger["id"])
}

fn set(wanted: &Value) -> Value {
    json!({ "pipeline_schedule": wanted })
}

async fn made(scene: &Scene, wanted: Value) -> Value {
    let path = "/api/pipelines/etl/pipeline_schedules";
    let answer = scene.ok("POST", path, set(&wanted)).await;
    answer["pipeline_schedule"].clone()
}

async fn why(scene: &Scene, trigger: &Value) -> String {
    let answer = scene.get(&format!("{}/why", path(trigger))).await;
    answer["why"]["headline"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_out_of_the_file_is_switched_off_and_comes_back() {
    let scene = at_work(&["keep", "gone"]).await;
    let own = made(
        &scene,
        json!({"name": "own", "schedule_type": "api", "status": "active"}),
    )
    .await;
    assert_eq!(named(&scene, "gone").await["status"], "active");
    fs::write(scene.path(FILE), file(&["keep"])).unwrap();
    let (gone, took) = until(&scene, "gone", |one| one["status"] == "inactive").await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(
        why(&scene, &gone).await,
        "Trigger `gone` makes no run now: it was taken out of `triggers.yaml` and is switched off."
    );
    assert_eq!(named(&scene, "keep").await["status"], "active");
    assert_eq!(named(&scene, "own").await["status"], "active");
    // A change of it does not write it into the file; the entry brings it back.
    scene
        .ok(
            "PUT",
            &path(&gone),
            set(&json!({"description": "was here"})),
        )
        .await;
    assert_eq!(scene.text(FILE), file(&["keep"]));
    fs::write(scene.path(FILE), file(&["keep", "gone"])).unwrap();
    let (back, _) = until(&scene, "gone", |one| one["status"] == "active").await;
    assert_eq!(back["id"], gone["id"]);
    // The whole file.
    fs::remove_file(scene.path(FILE)).unwrap();
    until(&scene, "keep", |one| one["status"] == "inactive").await;
    until(&scene, "gone", |one| one["status"] == "inactive").await;
    assert_eq!(named(&scene, "own").await["status"], "active");
    // Whoever switches it on has it without the file.
    scene
        .ok("PUT", &path(&gone), set(&json!({"status": "active"})))
        .await;
    a_while().await;
    assert_eq!(named(&scene, "gone").await["status"], "active");
    assert!(!scene.path(FILE).exists());
    scene.ok("DELETE", &path(&own), Value::Null).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_another_name_leaves_nothing_behind_that_fires() {
    let scene = at_work(&["old"]).await;
    fs::write(scene.path(FILE), file(&["new"])).unwrap();
    until(&scene, "new", |one| one["status"] == "active").await;
    until(&scene, "old", |one| one["status"] == "inactive").await;
    // Through the API the entry itself gets the name.
    let new = named(&scene, "new").await;
    scene
        .ok("PUT", &path(&new), set(&json!({"name": "newer"})))
        .await;
    let text = scene.text(FILE);
    assert!(text.starts_with(&file(&["newer"])), "{text}");
    a_while().await;
    assert_eq!(named(&scene, "newer").await["id"], new["id"]);
    assert_eq!(named(&scene, "new").await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_files_and_files_that_vanish_for_a_moment_change_nothing() {
    let scene = at_work(&["a", "b"]).await;
    for broken in [
        "triggers:\n- name: [a\n",
        "triggers: soon\n",
        "- a\n",
        "triggers:\n- schedule_type: time\n",
        "triggers:\n- nothing\n",
    ] {
        fs::write(scene.path(FILE), broken).unwrap();
        a_while().await;
        for name in ["a", "b"] {
            assert_eq!(named(&scene, name).await["status"], "active", "{broken}");
        }
    }
    fs::write(scene.path(FILE), file(&["a", "b"])).unwrap();
    let is_there = |one: &Value| one["status"] == "active";
    until(&scene, "a", is_there).await;
    // As an editor or Git writes it.
    let aside = scene.path("pipelines/etl/.aside");
    for _ in 0..5 {
        fs::rename(scene.path(FILE), &aside).unwrap();
        tokio::time::sleep(Duration::from_millis(150)).await;
        fs::rename(&aside, scene.path(FILE)).unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
        fs::write(scene.path(FILE), "").unwrap();
        tokio::time::sleep(Duration::from_millis(150)).await;
        fs::write(scene.path(FILE), file(&["a", "b"])).unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        for name in ["a", "b"] {
            assert_eq!(named(&scene, name).await["status"], "active");
        }
    }
    a_while().await;
    assert!(is_there(&named(&scene, "a").await) && is_there(&named(&scene, "b").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_out_while_nobody_looked_does_not_fire() {
    let scene = Scene::new().await;
    let daily = json!({"name": "gone", "schedule_interval": "* * * * * *", "status": "active"});
    let gone = made(&scene, daily).await;
    for mut trigger in scene.host.store().triggers().await.unwrap() {
        trigger.is_declared = true;
        scene.host.store().put_trigger(trigger).await.unwrap();
    }
    fs::write(scene.path(FILE), file(&["keep"])).unwrap();
    scene.host.start().await.unwrap();
    let found = named(&scene, "gone").await;
    assert_eq!(found["status"], "inactive");
    assert_eq!(
        (&found["id"], &found["pipeline_runs_count"]),
        (&gone["id"], &json!(0))
    );
    assert_eq!(named(&scene, "keep").await["status"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_is_deleted_whatever_its_file_says() {
    for left in [
        Some("triggers: []\n".to_owned()),
        Some(file(&["other"])),
        None,
    ] {
        let scene = at_work(&["gone"]).await;
        let gone = named(&scene, "gone").await;
        match &left {
            Some(left) => fs::write(scene.path(FILE), left).unwrap(),
            None => fs::remove_file(scene.path(FILE)).unwrap(),
        }
        scene.ok("DELETE", &path(&gone), Value::Null).await;
        assert_eq!(named(&scene, "gone").await, Value::Null);
        assert_eq!(fs::read_to_string(scene.path(FILE)).ok(), left);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_of_a_pipeline_that_is_gone_do_nothing_and_can_be_switched_off_and_deleted() {
    let scene = at_work(&["filed"]).await;
    let daily = json!({
        "name": "own", "schedule_type": "time", "schedule_interval": "* * * * * *", "status": "active",
    });
    let own = made(&scene, daily).await;
    assert_ne!(own["next_pipeline_run_date"], Value::Null);
    let listed = |answer: Value| {
        let runs = answer["forecast"]["runs"].as_array().unwrap().clone();
        runs.iter()
            .filter(|run| run["pipeline_schedule_id"] == own["id"])
            .count()
    };
    assert_ne!(listed(scene.get("/api/forecast?hours=1").await), 0);
    fs::rename(scene.path("pipelines/etl"), scene.path("pipelines/moved")).unwrap();
    let (filed, _) = until(&scene, "filed", |one| {
        one["status"] == "inactive" && one["pipeline_uuid"] == "etl"
    })
    .await;
    assert_eq!(listed(scene.get("/api/forecast?hours=1").await), 0);
    let own = named(&scene, "own").await;
    assert_eq!(own["next_pipeline_run_date"], Value::Null);
    assert_eq!(
        why(&scene, &own).await,
        "Trigger `own` makes no run now: its pipeline `etl` does not exist."
    );
    let before = named(&scene, "own").await["pipeline_runs_count"].clone();
    a_while().await;
    assert_eq!(named(&scene, "own").await["pipeline_runs_count"], before);
    scene
        .ok("PUT", &path(&own), set(&json!({"status": "inactive"})))
        .await;
    assert!(!scene.path("pipelines/etl").exists());
    for trigger in [own, filed] {
        scene.ok("DELETE", &path(&trigger), Value::Null).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_written_leaves_the_database_as_it_was() {
    let scene = at_work(&["a"]).await;
    let a = named(&scene, "a").await;
    // Nothing is written beside a folder of this name: root may write everywhere.
    let beside = format!("pipelines/etl/.triggers.yaml.{}.tmp", std::process::id());
    fs::create_dir(scene.path(&beside)).unwrap();
    let wanted = set(&json!({"status": "inactive"}));
    scene.refused("PUT", &path(&a), wanted, 502).await;
    assert_eq!(named(&scene, "a").await["status"], "active");
    scene.refused("DELETE", &path(&a), Value::Null, 502).await;
    assert_eq!(named(&scene, "a").await["status"], "active");
    assert_eq!(scene.text(FILE), file(&["a"]));
    fs::remove_dir(scene.path(&beside)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_work_is_refused_and_not_stored() {
    let scene = Scene::new().await;
    let path = "/api/pipelines/etl/pipeline_schedules";
    let setting = |key: &str, value: Value| json!({"settings": {key: value}});
    let long = "n".repeat(256);
    let cases = [
        (
            setting("timezone", json!("Europe/Atlantis")),
            "settings.timezone",
        ),
        (
            setting("misfire_policy", json!("sometimes")),
            "settings.misfire_policy",
        ),
        (setting("priority", json!("high")), "settings.priority"),
        (setting("queue_limit", json!(-1)), "settings.queue_limit"),
        (setting("timeout", json!("abc")), "settings.timeout"),
        (
            setting("skip_if_previous_running", json!("yes")),
            "settings.skip_if_previous_running",
        ),
        (json!({"schedule_type": "zzz"}), "schedule_type"),
        (json!({"status": "weird"}), "status"),
        (setting("after", json!(["nosuch"])), "settings.after"),
        (setting("after", json!(["etl"])), "settings.after"),
        (
            json!({"schedule_type": "api", "schedule_interval": "zzz"}),
            "schedule_interval",
        ),
        (
            json!({"schedule_interval": "0 0 31 2 *"}),
            "schedule_interval",
        ),
        (json!({"name": long}), "name"),
        (json!({"sla": -5}), "sla"),
        (json!({"start_time": "yesterday"}), "start_time"),
    ];
    let whole = |wanted: &Value| {
        let mut all = json!({"name": "t", "schedule_type": "pipeline", "status": "active"});
        for (key, value) in wanted.as_object().unwrap() {
            all[key] = value.clone();
        }
        all
    };
    for (wanted, field) in &cases {
        let message = scene.refused("POST", path, set(&whole(wanted)), 400).await;
        assert!(message.contains(&format!("`{field}`")), "{message}");
    }
    let none = scene.get("/api/pipeline_schedules").await;
    assert_eq!(none["metadata"]["count"], json!(0));
    let message = scene
        .refused("POST", path, set(&json!({"name": "t", "sla": -5})), 400)
        .await;
    assert_eq!(message, "`sla` must be a whole number that is at least 0");
    // The same for one that is stored. What Mage's clients or anybody else keep there stays.
    let fine = json!({"name": "t", "schedule_type": "pipeline", "settings": {"colour": "red", "timezonee": 1}});
    let fine = made(&scene, fine).await;
    for (wanted, field) in &cases {
        let message = scene
            .refused("PUT", &self::path(&fine), set(&wanted.clone()), 400)
            .await;
        assert!(message.contains(&format!("`{field}`")), "{message}");
        assert_eq!(named(&scene, "t").await, fine);
    }
    // Backfills.
    let backfill = json!({"backfill": {"name": "b", "settings": {"pipeline_run_limit": "many"}}});
    let message = scene
        .refused("POST", "/api/pipelines/etl/backfills", backfill, 400)
        .await;
    assert!(
        message.contains("`settings.pipeline_run_limit`"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelines_that_would_start_each_other_are_refused() {
    let scene = Scene::new().await;
    let after = |name: &str, after: Value| {
        set(
            &json!({"name": name, "schedule_type": "pipeline", "status": "active", "settings": {"after": [after]}}),
        )
    };
    let of = |pipeline: &str| format!("/api/pipelines/{pipeline}/pipeline_schedules");
    scene
        .ok("POST", &of("other"), after("there", json!("etl")))
        .await;
    let back = after("back", json!({"pipeline": "other", "status": "any"}));
    let message = scene.refused("POST", &of("etl"), back, 400).await;
    assert!(message.contains("etl → other → etl"), "{message}");
    // Only runs of one trigger are followed, and those of the follower are none of them.
    let one = after("again", json!({"pipeline": "etl", "trigger": "first"}));
    scene.ok("POST", &of("etl"), one).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_that_never_worked_can_be_switched_off_and_not_on() {
    let bad = file(&["bad"]).replace("'@daily'", "99 * * * *");
    let scene = Scene::new().await;
    fs::write(scene.path(FILE), bad).unwrap();
    scene.host.start().await.unwrap();
    let bad = named(&scene, "bad").await;
    let off = set(&json!({"status": "inactive", "description": "no use"}));
    scene.ok("PUT", &path(&bad), off).await;
    assert!(scene.text(FILE).contains("status: inactive"));
    let on = set(&json!({"status": "active"}));
    let message = scene.refused("PUT", &path(&bad), on, 400).await;
    assert!(message.contains("`schedule_interval`"), "{message}");
}
