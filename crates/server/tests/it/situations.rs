//! The situations of docs/reference/why.md that runs can be in, each made in the database of a server by the events that
//! lead to it, and told through the API.

use std::fs;
use std::time::Duration;

use baton_app::{RunRequest, plan};
use baton_base::now;
use baton_engine::{apply, create};
use baton_model::{
    BlockError, BlockRunKey, Cause, FailureKind, Outcome, Plan, Run, RunEvent, RunId, RunStatus,
    RunTimeout, Timestamp,
};
use baton_project::Project;
use baton_scheduler::Lease;
use serde_json::{Value, json};

use crate::served::Served;

const PAGE: &str = include_str!("../../../../docs/reference/why.md");

/// A run that is driven by hand, in time that is past.
pub(crate) struct Driven<'a> {
    served: &'a Served,
    pub(crate) run: Run,
    at: Timestamp,
}

/// A pipeline whose blocks have files: `lines` are entries of the list.
pub(crate) fn pipeline(served: &Served, name: &str, lines: &[&str], more: &str) {
    let blocks = lines.iter();
    let blocks = blocks.map(|line| format!("- {{type: custom, language: python, {line}}}\n"));
    let blocks = blocks.collect::<Vec<_>>().concat();
    let text = format!("name: {name}\nuuid: {name}\ntype: python\nblocks:\n{blocks}{more}");
    let folder = served.root().join("pipelines").join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("metadata.yaml"), text).unwrap();
    for folder in ["custom", "callbacks"] {
        fs::create_dir_all(served.root().join(folder)).unwrap();
    }
    for block in ["a", "b", "c"] {
        let file = served.root().join(format!("custom/{block}.py"));
        fs::write(file, "@custom\ndef run(*args):\n    pass\n").unwrap();
    }
    let callback = "@callback('success')\ndef tell(*args, **kwargs):\n    pass\n";
    fs::write(served.root().join("callbacks/tell.py"), callback).unwrap();
}

impl<'a> Driven<'a> {
    /// A run that was made so many seconds ago.
    async fn new(
        served: &'a Served,
        pipeline: &str,
        ago: i64,
        change: impl FnOnce(&mut Plan),
    ) -> Self {
        let project = Project::open(&served.root()).unwrap();
        let request = RunRequest {
            pipeline: pipeline.to_owned(),
            env: "dev".to_owned(),
            workers: Some(8),
            ..RunRequest::default()
        };
        let store = served.host.store();
        let mut planned = plan(store, &project, &request, None).await.unwrap();
        change(&mut planned.plan);
        let at = Timestamp(now() - ago * 1_000_000);
        let plan = planned.plan.into();
        let made = store.create_run(&planned.texts, |id| create(id, plan, at));
        let run = made.await.unwrap();
        Self { served, run, at }
    }

    pub(crate) async fn started(served: &'a Served, pipeline: &str, ago: i64) -> Self {
        let run = Self::new(served, pipeline, ago, |_| {}).await;
        run.then(RunEvent::Started).await
    }

    pub(crate) fn after(mut self, seconds: i64) -> Self {
        self.at.0 += seconds * 1_000_000;
        self
    }

    pub(crate) async fn then(mut self, event: RunEvent) -> Self {
        let step = apply(self.run, &event, self.at);
        assert_eq!(step.ignored, None);
        let store = self.served.host.store();
        let done = store.commit(&step.run, &step.changed, &event, self.at);
        done.await.unwrap();
        self.run = step.run;
        self
    }

    async fn ended(self, name: &str, outcome: Outcome) -> Self {
        let key = BlockRunKey::declared(name.into());
        let fence = self.run.block(&key).unwrap().fence;
        self.then(RunEvent::AttemptEnded {
            key,
            fence,
            outcome,
            usage: None,
            tests: Vec::new(),
        })
        .await
    }

    async fn ok(self, name: &str) -> Self {
        let products = Vec::new();
        let items = None;
        self.ended(name, Outcome::Completed { products, items })
            .await
    }

    async fn fails(self, name: &str, exception: Option<&str>, message: &str) -> Self {
        let mut error = BlockError::new(FailureKind::Exception, message);
        error.exception = exception.map(str::to_owned);
        let products = Vec::new();
        self.ended(name, Outcome::Failed { error, products }).await
    }

    async fn stopped(self) -> Self {
        let reason = "somebody asked".to_owned();
        self.then(RunEvent::CancelRequested { reason }).await
    }

    /// The first sentence, with the number of the run as the page has it, while somebody drives the run.
    async fn why(self) -> String {
        let lease = self.served.host.state().lease_run(self.run.id).unwrap();
        let told = self.why_undriven().await;
        drop(lease);
        told
    }

    /// The same while nobody does.
    async fn why_undriven(self) -> String {
        let id = self.run.id;
        let path = format!("/api/pipeline_runs/{id}/why");
        let answer = self.served.get(&path).await;
        let text = answer["why"]["headline"].as_str().unwrap().to_owned();
        let rest = text.strip_prefix(&format!("Run {id} ")).map(str::to_owned);
        let told = rest.map_or(text, |rest| format!("Run 1 {rest}"));
        told.replace(&format!("--resume {id}`"), "--resume 1`")
    }
}

/// Runs of a pipeline that completed, with the seconds that `a` took, and then `b`.
async fn good(served: &Served, pipeline: &str, a: i64, b: Option<i64>) {
    for number in 0..4 {
        let run = Driven::started(served, pipeline, 90_000 - number * 3_000).await;
        let mut run = run.after(a).ok("a").await;
        if let Some(b) = b {
            run = run.after(b).ok("b").await;
        }
        assert_eq!(run.run.status, RunStatus::Completed);
    }
}

/// What the API says of a situation; none where it is made elsewhere.
async fn happen(served: &Served, situation: &str, number: usize) -> Option<String> {
    let name = format!("p{number}");
    let chain = ["uuid: a", "uuid: b, upstream_blocks: [a]"];
    let of = |lines: &[&str], more: &str| pipeline(served, &name, lines, more);
    let told = match situation {
        // In `why.rs`: what triggers say.
        "The trigger is off"
        | "The start time is to come"
        | "The date has its run already"
        | "It was switched on after the date"
        | "It was taken out of its file"
        | "It waits for other pipelines"
        | "It waits for an event"
        | "The time zone does not exist"
        | "The run could not be made"
        // A server that could say so schedules.
        | "Nothing schedules"
        // Below, by a scheduler at work.
        | "A limit on runs is met"
        | "A pool is full"
        | "The machine is full" => return None,
        "It is about to start" => {
            of(&["uuid: a"], "");
            Driven::new(served, &name, 2, |_| {}).await.why().await
        }
        "It was skipped" => {
            of(&["uuid: a"], "");
            let reason = "a run of the trigger has not ended".to_owned();
            let run = Driven::new(served, &name, 2, |_| {}).await;
            run.then(RunEvent::Refused { reason }).await.why().await
        }
        "A block is at work" => {
            of(&["uuid: a", "uuid: b"], "");
            Driven::started(served, &name, 10).await.why().await
        }
        "A block is slower than usual" => {
            of(&["uuid: a"], "");
            good(served, &name, 60, None).await;
            Driven::started(served, &name, 600).await.why().await
        }
        "Other runs keep it from working" => {
            of(&["uuid: a"], "");
            let run = Driven::started(served, &name, 10).await;
            let key = BlockRunKey::declared("a".into());
            let fence = run.run.last_fence;
            let event = RunEvent::AttemptWaits { key, fence };
            run.then(event).await.why().await
        }
        "A block waits for its next attempt" => {
            of(&["uuid: a, retry_config: {retries: 1, delay: 60}"], "");
            let run = Driven::started(served, &name, 20).await;
            run.after(10).fails("a", None, "it broke").await.why().await
        }
        "Only callbacks are left" => {
            let callback = "callbacks:\n- {uuid: tell, type: callback, language: python, upstream_blocks: [a]}\n";
            of(&["uuid: a"], callback);
            let run = Driven::started(served, &name, 10).await;
            run.ok("a").await.why().await
        }
        "No process drives it" | "Nor did a server start it" => {
            of(&chain, "");
            let run = Driven::new(served, &name, 10, |plan| {
                if situation == "No process drives it" {
                    plan.occasion.cause = Cause::Schedule;
                }
            });
            let run = run.await.then(RunEvent::Started).await;
            run.why_undriven().await
        }
        "It was interrupted for a time" => {
            of(&["uuid: a"], "");
            good(served, &name, 20, None).await;
            let run = Driven::started(served, &name, 1_000).await.after(908);
            let run = run.then(RunEvent::Resumed).await;
            run.after(20).ok("a").await.why().await
        }
        "It is being stopped" => {
            of(&chain, "");
            let run = Driven::started(served, &name, 10).await;
            run.stopped().await.why().await
        }
        "A block raised an error" | "The code of the block is new" => {
            of(&chain, "");
            if situation == "The code of the block is new" {
                good(served, &name, 60, Some(60)).await;
                let file = served.root().join("custom/a.py");
                fs::write(file, "@custom\ndef run(*args):\n    raise ValueError\n").unwrap();
            }
            let run = Driven::started(served, &name, 10).await;
            run.fails("a", Some("ValueError"), "no rows").await.why().await
        }
        "The run took too long" => {
            of(&["uuid: a"], "");
            let timeout = RunTimeout {
                after: Duration::from_secs(60),
                status: RunStatus::Failed,
            };
            let run = Driven::new(served, &name, 100, |plan| plan.timeout = Some(timeout)).await;
            let run = run.then(RunEvent::Started).await.after(61);
            run.then(RunEvent::Woken).await.why().await
        }
        "Somebody stopped it" => {
            of(&["uuid: a"], "");
            let run = Driven::started(served, &name, 10).await.stopped().await;
            run.ended("a", Outcome::Cancelled).await.why().await
        }
        "It completed as usual" => {
            of(&["uuid: a"], "");
            good(served, &name, 60, None).await;
            let run = Driven::started(served, &name, 100).await;
            run.after(70).ok("a").await.why().await
        }
        "It took longer because of one block" => {
            of(&chain, "");
            good(served, &name, 60, Some(60)).await;
            let run = Driven::started(served, &name, 800).await;
            let run = run.after(600).ok("a").await.after(120);
            run.ok("b").await.why().await
        }
        "It took longer for want of workers" => {
            of(&["uuid: a", "uuid: b"], "");
            // Both at the same time, and nothing stands in the way.
            good(served, &name, 120, Some(0)).await;
            let run = Driven::new(served, &name, 1_300, |plan| plan.workers = 1).await;
            let run = run.then(RunEvent::Started).await;
            let run = run.after(600).ok("a").await.after(600);
            run.ok("b").await.why().await
        }
        "A condition said no" => {
            of(&[chain[0], chain[1], "uuid: c, upstream_blocks: [b]"], "");
            let run = Driven::started(served, &name, 20).await;
            let run = run.after(10).ok("a").await;
            let reason = "the condition `is_weekend` said no".to_owned();
            let run = run.ended("b", Outcome::ConditionFailed { reason }).await;
            run.why().await
        }
        other => panic!("no test makes this happen: {other}"),
    };
    Some(told)
}

/// Text in which moments, numbers of older runs and lengths of time that go on while the test runs are all alike.
fn alike(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let digits = word.trim_matches(|one: char| !one.is_ascii_digit());
        let is_number = !digits.is_empty() && digits.chars().all(|one| one.is_ascii_digit());
        words.push(if is_number {
            "N".to_owned()
        } else {
            word.to_owned()
        });
    }
    words.join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_situation_is_told_through_the_api() {
    let served = Served::idle().await;
    let rows = PAGE.lines().filter_map(|line| {
        let (situation, sentence) = line.strip_prefix("| ")?.split_once(" | ")?;
        Some((situation, sentence.trim_end_matches(" |")))
    });
    let rows = rows.filter(|(situation, _)| *situation != "Situation");
    let (mut made, mut others) = (0, Vec::new());
    for (number, (situation, sentence)) in rows.enumerate() {
        let Some(told) = happen(&served, situation, number).await else {
            continue;
        };
        made += 1;
        let goes_on = [
            "is about to start",
            "is running",
            "is slow",
            "waits for a place",
            "again at",
            "since run",
        ];
        let is_alike = if goes_on.iter().any(|part| sentence.contains(part)) {
            let shown = |text: &str| alike(text).split(" again at ").next().map(str::to_owned);
            shown(&told) == shown(sentence)
        } else if situation == "It took longer for want of workers" {
            // Whose usual time is whose does not matter here.
            told.ends_with(sentence.rsplit_once(": ").unwrap().1)
        } else {
            told == sentence
        };
        if !is_alike {
            others.push(format!("{situation}: {told}"));
        }
    }
    assert!(others.is_empty(), "{others:#?}");
    assert_eq!(made, 19, "situations that are made here");
    let value: Value = served.get("/api/pipeline_runs/1/why").await;
    assert!(value["why"]["details"].is_array());
}

/// What a callback raised is told with its block, and by `why`: it changes no status, so nothing else would.
#[tokio::test(flavor = "multi_thread")]
async fn errors_of_callbacks_are_told_through_the_api() {
    let served = Served::idle().await;
    let callback =
        "callbacks:\n- {uuid: tell, type: callback, language: python, upstream_blocks: [a]}\n";
    pipeline(&served, "calls", &["uuid: a"], callback);
    let run = Driven::started(&served, "calls", 10).await.ok("a").await;
    let key = BlockRunKey::declared("a".into());
    let fence = run
        .run
        .block(&key)
        .unwrap()
        .callbacks
        .as_ref()
        .unwrap()
        .fence;
    let mut error = BlockError::new(FailureKind::Exception, "no mail today");
    error.exception = Some("OSError".to_owned());
    let error = Some(error);
    let run = run
        .then(RunEvent::CallbacksEnded { key, fence, error })
        .await;
    assert_eq!(run.run.status, RunStatus::Completed);

    let path = format!("/api/pipeline_runs/{}", run.run.id);
    let blocks = served.get(&format!("{path}/block_runs")).await;
    let block = &blocks["block_runs"][0];
    assert_eq!(block["status"], "completed");
    assert_eq!(block["callback_error"]["exception"], "OSError");
    assert_eq!(block["callback_error"]["message"], "no mail today");
    let why = served.get(&format!("{path}/why")).await;
    let details = why["why"]["details"].as_array().unwrap();
    let told = "A callback of block `a` failed with OSError: no mail today.";
    assert!(details.contains(&json!(told)), "{details:?}");
}

/// The sentence of the page for a situation.
fn sentence(situation: &str) -> String {
    let line = PAGE.lines().find_map(|line| {
        let rest = line.strip_prefix("| ")?.strip_prefix(situation)?;
        rest.strip_prefix(" | ")?.strip_suffix(" |")
    });
    line.unwrap().to_owned()
}

/// A trigger that is called from outside.
async fn called(served: &Served, pipeline: &str, settings: Value) -> String {
    let path = format!("/api/pipelines/{pipeline}/pipeline_schedules");
    let wanted = json!({
        "name": "nightly", "schedule_type": "api", "status": "active", "settings": settings,
    });
    let body = json!({"pipeline_schedule": wanted});
    let made = served.ok("POST", &path, &body).await;
    format!(
        "/api/pipeline_schedules/{}/pipeline_runs",
        made["pipeline_schedule"]["id"]
    )
}

/// What the last of some calls says that it waits for, by the rules of a scheduler at work. The runs before it are let in
/// and stay open, since other processes drive them.
async fn held_up(served: &Served, calls: &[&str]) -> String {
    let home = &served.host.state().home;
    let others = 1..calls.len() as i64;
    let others = others.map(|run| Lease::take(RunId(run), &home.run_lock(run)).unwrap());
    let others: Vec<Lease> = others.collect();
    served.host.start().await.unwrap();
    let mut run = Value::Null;
    for call in calls {
        run = served.ok("POST", call, &json!({})).await["pipeline_run"]["id"].take();
    }
    assert_eq!(run, calls.len());
    let why = format!("/api/pipeline_runs/{run}/why");
    let is_told = |answer: &Value| {
        let text = answer["why"]["headline"].as_str().unwrap();
        text.contains(" waits: ")
    };
    let told = served.until(&why, is_told).await;
    let listed = served.get(&format!("/api/pipeline_runs/{run}")).await;
    assert_eq!(listed["pipeline_run"]["status"], "initial");
    drop(others);
    // What was in the way is gone.
    served
        .until(&format!("/api/pipeline_runs/{run}"), |answer| {
            let status = &answer["pipeline_run"]["status"];
            status == "completed" || status == "failed"
        })
        .await;
    told["why"]["headline"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_a_limit_keeps_waiting_says_which() {
    let served = Served::idle().await;
    let nightly = called(&served, "note", json!({"pipeline_run_limit": 2})).await;
    let told = held_up(&served, &[&nightly, &nightly, &nightly]).await;
    let page = sentence("A limit on runs is met");
    let page = page.replace("Run 1", "Run 3").replace("14, 15", "1, 2");
    assert_eq!(told, page);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_finds_no_place_in_a_pool_says_which() {
    let served = Served::idle_with("pools: {db: 1}\n", None).await;
    let nightly = called(&served, "note", json!({"pools": ["db"]})).await;
    let told = held_up(&served, &[&nightly, &nightly]).await;
    let page = sentence("A pool is full");
    assert_eq!(told, page.replace("Run 1", "Run 2").replace("14", "1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_the_machine_has_no_room_for_says_what_is_short() {
    let served = Served::idle_with("", Some("2")).await;
    for (name, cpu) in [("one", "1"), ("wide", "1500m")] {
        let needs = format!("executor_config: {{resource_requests: {{cpu: {cpu}}}}}");
        // It has no file: a run that is let in is over at once.
        let block = format!("{{uuid: n, type: custom, language: python, {needs}}}");
        let folder = served.root().join("pipelines").join(name);
        fs::create_dir_all(&folder).unwrap();
        let text = format!("name: {name}\nuuid: {name}\ntype: python\nblocks:\n- {block}\n");
        fs::write(folder.join("metadata.yaml"), text).unwrap();
    }
    let one = called(&served, "one", json!({})).await;
    let wide = called(&served, "wide", json!({})).await;
    let told = held_up(&served, &[&one, &wide]).await;
    let page = sentence("The machine is full");
    assert_eq!(told, page.replace("Run 1", "Run 2"));
}
