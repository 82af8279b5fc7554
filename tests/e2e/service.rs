//! The server: triggers that fire, calls, limits, what happens when it dies, and who may come in.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::project::TestProject;

/// A server of a project, killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// Read by nobody after the first line, but open: a server that prints must not fail.
    _stdout: BufReader<ChildStdout>,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Server {
    pub(crate) fn start(project: &TestProject) -> Self {
        Self::start_with(project, &[])
    }

    pub(crate) fn start_with(project: &TestProject, options: &[&str]) -> Self {
        Self::start_in(project, options, &[])
    }

    /// With variables of its environment.
    pub(crate) fn start_in(
        project: &TestProject,
        options: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let arguments = [&["start", "PROJECT", "--port", "0"], options].concat();
        let mut command = project.command(&arguments);
        command.envs(variables.iter().copied());
        Self::launch(command, &project.scratch().join("server.log"))
            .unwrap_or_else(|said| panic!("{said}"))
    }

    /// The same by a command; what the server says of itself goes to `log`. One that does not come up says why.
    pub(crate) fn launch(mut command: Command, log: &Path) -> Result<Self, String> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(fs::File::create(log).unwrap())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().rsplit(' ').next().unwrap();
        let Some((url, token)) = address.split_once("/?token=") else {
            drop(child.wait());
            return Err(format!("{line}{}", fs::read_to_string(log).unwrap()));
        };
        Ok(Self {
            url: url.to_owned(),
            token: token.to_owned(),
            child,
            _stdout: stdout,
        })
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// A request with the token: its status code and its body.
    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let token = format!("Bearer {}", self.token);
        self.send(method, path, body, &[("authorization", &token)])
    }

    /// A request with nothing but these headers.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> (u16, Value) {
        let address = self.url.trim_start_matches("http://");
        let text = body.map(Value::to_string).unwrap_or_default();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n",
            text.len()
        );
        if !headers.iter().any(|(name, _)| *name == "host") {
            write!(request, "host: {address}\r\n").unwrap();
        }
        if body.is_some() {
            request.push_str("content-type: application/json\r\n");
        }
        for (name, value) in headers {
            write!(request, "{name}: {value}\r\n").unwrap();
        }
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(120)))
            .unwrap();
        write!(stream, "{request}\r\n{text}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let read = serde_json::from_str(text);
        (
            status,
            read.unwrap_or_else(|_| Value::String(text.to_owned())),
        )
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, None);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// The trigger of this name.
    pub(crate) fn trigger(&self, pipeline: &str, name: &str) -> Value {
        let found = self.get(&format!("/api/pipelines/{pipeline}/pipeline_schedules"));
        let mut found = found["pipeline_schedules"].as_array().unwrap().iter();
        found
            .find(|trigger| trigger["name"] == name)
            .unwrap()
            .clone()
    }

    /// Calls a trigger and gives the number of the run.
    pub(crate) fn call(&self, trigger: &Value, variables: &Value) -> i64 {
        let path = format!("/api/pipeline_schedules/{}/pipeline_runs", trigger["id"]);
        let body = json!({"pipeline_run": {"variables": variables}});
        let (status, made) = self.ask("POST", &path, Some(&body));
        assert_eq!(status, 200, "{made}");
        made["pipeline_run"]["id"].as_i64().unwrap()
    }

    /// The run when it has ended.
    pub(crate) fn ended(&self, run: i64) -> Value {
        let run = self.get(&format!("/api/pipeline_runs/{run}?_wait=100"));
        run["pipeline_run"].clone()
    }

    /// Status of every block of a run.
    pub(crate) fn blocks(&self, run: i64) -> Vec<(String, String)> {
        let found = self.get(&format!("/api/pipeline_runs/{run}/block_runs"));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let found = found["block_runs"].as_array().unwrap();
        found
            .iter()
            .map(|block| (text(&block["block_uuid"]), text(&block["status"])))
            .collect()
    }

    /// Waits until it has died by itself.
    pub(crate) fn died(&mut self) {
        self.child.wait().unwrap();
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn stop(&mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits until `done` gives something. What is waited for comes from another process and tells nobody.
pub(crate) fn until<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = done() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

const ADD: &str = "@custom\ndef add(*args, **kwargs):\n    return kwargs['n'] + 1\n";

/// A pipeline `p` of one block that adds 1 to `n`, with a trigger for calls.
fn adding(settings: &str) -> TestProject {
    let mut project = TestProject::new();
    project.block("p", "add", "custom", &[], "", ADD);
    project.file(
        "pipelines/p/triggers.yaml",
        format!(
            "triggers:\n- name: hook\n  schedule_type: api\n  schedule_interval: null\n  start_time: null\n  \
             status: active\n  variables: {{n: 1}}\n{settings}"
        ),
    );
    project
}

#[test]
fn a_call_runs_a_pipeline_and_says_how_it_ended() {
    let project = adding("");
    let server = Server::start(&project);
    let trigger = server.trigger("p", "hook");
    // As another system does it: by the token in the address, waiting for the end.
    let path = format!(
        "/api/pipeline_schedules/{}/pipeline_runs/{}?_wait=100",
        trigger["id"],
        trigger["token"].as_str().unwrap()
    );
    let body = json!({"pipeline_run": {"variables": {"n": 41}}, "source": "shop"});
    let (status, made) = server.send("POST", &path, Some(&body), &[]);
    assert_eq!(
        (status, &made["pipeline_run"]["status"]),
        (200, &json!("completed")),
        "{made}"
    );
    assert_eq!(made["pipeline_run"]["variables"]["n"], 41);
    assert_eq!(made["pipeline_run"]["event_variables"]["source"], "shop");
    assert_eq!(project.output("p", "add", &[]), 42);
    // The trigger's own variable counts where the call gives none.
    let run = server.call(&trigger, &json!({}));
    assert_eq!(server.ended(run)["status"], "completed");
    assert_eq!(project.output("p", "add", &[]), 2);
    // A wrong token is told nothing, and starts nothing.
    for (id, token) in [
        (trigger["id"].to_string(), "wrong"),
        ("999".to_owned(), "wrong"),
    ] {
        let path = format!("/api/pipeline_schedules/{id}/pipeline_runs/{token}");
        let (status, refused) = server.send("POST", &path, Some(&body), &[]);
        assert_eq!(status, 403, "{refused}");
    }
    let runs = server.get("/api/pipeline_runs");
    assert_eq!(runs["metadata"]["count"], 2);
}

#[test]
fn a_schedule_runs_by_itself_and_once_means_once() {
    let mut project = TestProject::new();
    project.block(
        "p",
        "up",
        "custom",
        &[],
        "",
        "@custom\ndef up(*args, **kwargs):\n    return kwargs['trigger_name']\n",
    );
    project.file(
        "pipelines/p/triggers.yaml",
        "# ours\ntriggers:\n- name: first\n  schedule_type: time\n  schedule_interval: '@once'\n  start_time: 2024-01-01 00:00:00\n  status: active\n",
    );
    let server = Server::start(&project);
    let run = until("a run by itself", || {
        let runs = server.get("/api/pipeline_runs");
        runs["pipeline_runs"][0]["id"].as_i64()
    });
    assert_eq!(server.ended(run)["status"], "completed");
    assert_eq!(project.output("p", "up", &[]), "first");
    // It is spent, in the file too, whose other lines stay.
    until("the trigger to be switched off", || {
        let text = fs::read_to_string(project.root().join("pipelines/p/triggers.yaml")).unwrap();
        (text.starts_with("# ours\n") && text.contains("status: inactive")).then_some(())
    });
    assert_eq!(server.get("/api/pipeline_runs")["metadata"]["count"], 1);
}

#[test]
fn an_edited_trigger_counts_without_a_restart() {
    let mut project = adding("");
    let server = Server::start(&project);
    assert_eq!(server.trigger("p", "hook")["variables"]["n"], 1);
    let text = fs::read_to_string(project.root().join("pipelines/p/triggers.yaml")).unwrap();
    project.file(
        "pipelines/p/triggers.yaml",
        text.replace("{n: 1}", "{n: 7}"),
    );
    let begun = Instant::now();
    until("the edit to be noticed", || {
        (server.trigger("p", "hook")["variables"]["n"] == 7).then_some(())
    });
    // A second is promised; a busy machine gets some more.
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    // A pipeline that comes later is there too.
    project.block("late", "add", "custom", &[], "", ADD);
    project.file(
        "pipelines/late/triggers.yaml",
        text.replace("hook", "later"),
    );
    let trigger = until("the new pipeline", || {
        let found = server.get("/api/pipelines/late/pipeline_schedules");
        let first = found["pipeline_schedules"][0].clone();
        (!first.is_null()).then_some(first)
    });
    let run = server.call(&trigger, &json!({"n": 2}));
    assert_eq!(server.ended(run)["status"], "completed");
}

#[test]
fn a_file_of_triggers_that_cannot_be_read_is_named_in_the_log() {
    let project = adding("");
    let server = Server::start(&project);
    let log = || fs::read_to_string(project.scratch().join("server.log")).unwrap();
    let told = "triggers.yaml cannot be read; its triggers stay as they were pipeline=p reason=\"pipelines/p/triggers.yaml:2:1: ";
    assert!(!log().contains(told), "{}", log());
    let path = project.root().join("pipelines/p/triggers.yaml");
    fs::write(path, "triggers: [\n").unwrap();
    until("the line in the log", || log().contains(told).then_some(()));
    assert_eq!(server.trigger("p", "hook")["status"], "active");
}

#[test]
fn a_killed_server_leaves_nobody_behind_and_its_runs_go_on() {
    let mut project = TestProject::new();
    let scratch = project.scratch().display().to_string();
    let first = format!(
        "import os\n\n@custom\ndef first(*args):\n    open('{scratch}/first', 'a').write('x')\n    return 1\n"
    );
    let second = format!(
        "import os, time\n\n@custom\ndef second(*args):\n    open('{scratch}/pid', 'w').write(str(os.getpid()))\n    \
         while not os.path.exists('{scratch}/go'):\n        time.sleep(0.01)\n    return 2\n"
    );
    project.block("p", "first", "custom", &[], "", &first);
    project.block("p", "second", "custom", &["first"], "", &second);
    project.file(
        "pipelines/p/triggers.yaml",
        "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n",
    );
    let mut server = Server::start(&project);
    let run = server.call(&server.trigger("p", "hook"), &json!({}));
    let pid: i32 = until("the second block", || {
        let text = fs::read_to_string(project.scratch().join("pid")).ok()?;
        text.parse().ok()
    });
    server.kill();
    let died = Instant::now();
    until("the worker to end", || {
        // A zombie that nobody has reaped yet runs no more.
        let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        (status.is_empty() || status.contains(") Z ")).then_some(())
    });
    assert!(
        died.elapsed() < Duration::from_secs(2),
        "{:?}",
        died.elapsed()
    );
    fs::write(project.scratch().join("go"), "").unwrap();
    let mut server = Server::start(&project);
    assert_eq!(server.ended(run)["status"], "completed");
    // What was done is not done again.
    assert_eq!(
        fs::read_to_string(project.scratch().join("first")).unwrap(),
        "x"
    );
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn the_runs_of_a_server_are_its_own_until_it_dies() {
    let mut project = TestProject::new();
    let scratch = project.scratch().display().to_string();
    let wait = format!(
        "import os, time\n\n@custom\ndef wait(*args):\n    open('{scratch}/begun', 'a').write('x')\n    \
         while not os.path.exists('{scratch}/go'):\n        time.sleep(0.01)\n"
    );
    project.block("p", "wait", "custom", &[], "", &wait);
    project.file(
        "pipelines/p/triggers.yaml",
        "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n",
    );
    let begun = |count: usize| {
        until("the block to begin", || {
            let text = fs::read_to_string(project.scratch().join("begun")).ok()?;
            (text.len() == count).then_some(())
        });
    };
    let listed = || {
        let listed = project.baton(&["runs", "PROJECT", "--json"]).stdout;
        let run: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
        run["status"].as_str().unwrap().to_owned()
    };
    let mut server = Server::start(&project);
    let run = server.call(&server.trigger("p", "hook"), &json!({}));
    begun(1);
    assert_eq!(listed(), "running");
    let resume = ["run", "PROJECT", "--resume", &run.to_string()];
    let refused = project.baton(&resume);
    assert_eq!(refused.code, Some(4), "{}", refused.stderr);
    let holder = server.child.id().to_string();
    assert!(refused.stderr.contains(&holder), "{}", refused.stderr);

    server.kill();
    assert_eq!(listed(), "interrupted");
    let mut by_hand = project.command(&resume);
    let mut by_hand = by_hand.stdout(Stdio::null()).spawn().unwrap();
    begun(2);
    // The next server leaves it to whoever has taken it over.
    let server = Server::start(&project);
    assert_eq!(listed(), "running");
    fs::write(project.scratch().join("go"), "").unwrap();
    assert!(by_hand.wait().unwrap().success());
    assert_eq!(server.ended(run)["status"], "completed");
    begun(2);
}

#[test]
fn a_run_is_stopped_and_retried_from_a_block() {
    let mut project = TestProject::new();
    let scratch = project.scratch().display().to_string();
    project.block(
        "p",
        "first",
        "custom",
        &[],
        "",
        "@custom\ndef first(*args):\n    return 1\n",
    );
    let wait = format!(
        "import os, time\n\n@custom\ndef second(*args):\n    open('{scratch}/begun', 'w')\n    \
         while not os.path.exists('{scratch}/go'):\n        time.sleep(0.01)\n    return args[0] + 1\n"
    );
    project.block("p", "second", "custom", &["first"], "", &wait);
    project.file(
        "pipelines/p/triggers.yaml",
        "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n",
    );
    let server = Server::start(&project);
    let run = server.call(&server.trigger("p", "hook"), &json!({}));
    until("the second block", || {
        project.scratch().join("begun").exists().then_some(())
    });
    let path = format!("/api/pipeline_runs/{run}");
    let body = json!({"pipeline_run": {"status": "cancelled"}});
    assert_eq!(server.ask("PUT", &path, Some(&body)).0, 200);
    assert_eq!(server.ended(run)["status"], "cancelled");
    let stopped = server.blocks(run);
    assert_eq!(stopped[0].1, "completed");
    assert_eq!(stopped[1].1, "cancelled");

    let second = project.root().join("custom/second.py");
    let text = fs::read_to_string(&second).unwrap();
    fs::write(&second, text.replace("args[0] + 1", "args[0] + 100")).unwrap();
    fs::write(project.scratch().join("go"), "").unwrap();
    let body = json!({"pipeline_run": {"pipeline_run_action": "retry_blocks", "from_block_uuid": "second"}});
    assert_eq!(server.ask("PUT", &path, Some(&body)).0, 200);
    assert_eq!(server.ended(run)["status"], "completed");
    // As it was when the run began; another run takes what is saved now.
    assert_eq!(project.output("p", "second", &[]), 2);
    assert_eq!(project.run("p", &[]).0, 0);
    assert_eq!(project.output("p", "second", &[]), 101);
    let unknown = json!({"pipeline_run": {"pipeline_run_action": "retry_blocks", "from_block_uuid": "third"}});
    let (status, refused) = server.ask("PUT", &path, Some(&unknown));
    assert_eq!(status, 400, "{refused}");
    // Deleting it takes it out of the list.
    assert_eq!(server.ask("DELETE", &path, None).0, 200);
    assert_eq!(server.ask("GET", &path, None).0, 404);
}

#[test]
fn callers_are_held_to_what_a_trigger_accepts() {
    let project =
        adding("  settings:\n    accepts: {n: {type: integer, min: 1, max: 9, required: true}}\n");
    let server = Server::start(&project);
    let trigger = server.trigger("p", "hook");
    let path = format!("/api/pipeline_schedules/{}/pipeline_runs", trigger["id"]);
    for variables in [
        json!({}),
        json!({"n": 10}),
        json!({"n": "x"}),
        json!({"n": 2, "m": 1}),
    ] {
        let body = json!({"pipeline_run": {"variables": variables}});
        let (status, refused) = server.ask("POST", &path, Some(&body));
        assert_eq!(status, 400, "{refused}");
        assert_eq!(refused["error"]["type"], "record_invalid");
    }
    // The same key is the same call.
    let body = json!({"pipeline_run": {"variables": {"n": 2}}});
    let bearer = format!("Bearer {}", server.token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("idempotency-key", "order-17"),
    ];
    let (_, first) = server.send("POST", &path, Some(&body), &headers);
    let (_, again) = server.send("POST", &path, Some(&body), &headers);
    assert_eq!(first["pipeline_run"]["id"], again["pipeline_run"]["id"]);
    assert_eq!(server.get("/api/pipeline_runs")["metadata"]["count"], 1);
}

#[test]
fn runs_beyond_a_limit_wait_and_say_why_and_a_full_queue_refuses() {
    let mut project = TestProject::new();
    let scratch = project.scratch().display().to_string();
    let wait = format!(
        "import os, time\n\n@custom\ndef up(*args):\n    while not os.path.exists('{scratch}/go'):\n        time.sleep(0.01)\n"
    );
    project.block("p", "up", "custom", &[], "", &wait);
    project.file(
        "pipelines/p/triggers.yaml",
        "triggers:\n- name: hook\n  schedule_type: api\n  schedule_interval: null\n  start_time: null\n  status: active\n  settings: {pipeline_run_limit: 1, queue_limit: 1}\n",
    );
    let server = Server::start(&project);
    let trigger = server.trigger("p", "hook");
    let first = server.call(&trigger, &json!({}));
    until("the first run", || {
        let run = server.get(&format!("/api/pipeline_runs/{first}"));
        (run["pipeline_run"]["status"] == "running").then_some(())
    });
    // Of many calls that come at once there is room for one.
    let path = format!("/api/pipeline_schedules/{}/pipeline_runs", trigger["id"]);
    let called = std::thread::scope(|scope| {
        let call = || server.ask("POST", &path, Some(&json!({})));
        let calls: Vec<_> = (0..16).map(|_| scope.spawn(call)).collect();
        let called = calls.into_iter().map(|call| call.join().unwrap());
        called.collect::<Vec<_>>()
    });
    let (made, full): (Vec<_>, Vec<_>) = called.iter().partition(|(status, _)| *status == 200);
    assert!(full.iter().all(|(status, _)| *status == 429), "{full:?}");
    let [(_, second)] = made[..] else {
        panic!("{made:?}")
    };
    let second = second["pipeline_run"]["id"].as_i64().unwrap();
    let reason = until("a reason", || {
        let run = server.get(&format!("/api/pipeline_runs/{second}"));
        assert_eq!(run["pipeline_run"]["status"], "initial");
        run["pipeline_run"]["reason"].as_str().map(str::to_owned)
    });
    assert!(
        reason.contains("`hook`") && reason.contains(&first.to_string()),
        "{reason}"
    );
    let calls = server.get(&path.replace("pipeline_runs", "calls"));
    assert_eq!(calls["calls"][0]["status"], "full", "{calls}");
    fs::write(project.scratch().join("go"), "").unwrap();
    for run in [first, second] {
        assert_eq!(server.ended(run)["status"], "completed");
    }
}

#[test]
fn who_has_no_session_sees_nothing() {
    let project = adding("");
    let server = Server::start(&project);
    assert_eq!(server.send("GET", "/health", None, &[]).0, 200);
    for path in [
        "/api/pipeline_runs",
        "/api/pipeline_schedules",
        "/api/status",
        "/api/pipelines/health/pipeline_runs",
    ] {
        assert_eq!(server.send("GET", path, None, &[]).0, 401, "{path}");
        let (status, _) = server.send("GET", path, None, &[("authorization", "Bearer x")]);
        assert_eq!(status, 401, "{path}");
    }
    let bearer = format!("Bearer {}", server.token);
    // A page of another site, and a name that is not ours, come to nothing even with the token.
    let own = [("authorization", bearer.as_str())];
    assert_eq!(server.send("GET", "/api/pipeline_runs", None, &own).0, 200);
    let foreign = [("authorization", bearer.as_str()), ("host", "evil.example")];
    assert_eq!(
        server.send("GET", "/api/pipeline_runs", None, &foreign).0,
        403
    );
    let foreign = [
        ("authorization", bearer.as_str()),
        ("origin", "http://evil.example"),
    ];
    let path = format!(
        "/api/pipeline_schedules/{}/pipeline_runs",
        server.trigger("p", "hook")["id"]
    );
    assert_eq!(
        server.send("POST", &path, Some(&json!({})), &foreign).0,
        403
    );
    // One server for a project.
    let second = project.baton(&["start", "PROJECT", "--port", "0"]);
    assert_eq!(second.code, Some(4), "{}", second.stderr);
    let open = project.baton(&["start", "PROJECT", "--host", "0.0.0.0"]);
    assert_eq!(open.code, Some(2), "{}", open.stderr);
}

#[test]
fn an_event_starts_the_triggers_that_it_fits() {
    let mut project = TestProject::new();
    let code =
        "@custom\ndef up(*args, **kwargs):\n    return kwargs['event']['detail']['bucket']\n";
    project.block("p", "up", "custom", &[], "", code);
    let server = Server::start(&project);
    let body = json!({"pipeline_schedule": {
        "name": "uploads", "schedule_type": "event", "status": "active",
        "event_matchers": [{"name": "m", "pattern": {"source": ["aws.s3"], "detail": {"bucket": ["raw", "new"]}}}],
    }});
    let (status, made) = server.ask("POST", "/api/pipelines/p/pipeline_schedules", Some(&body));
    assert_eq!(status, 200, "{made}");
    let event =
        |bucket: &str| json!({"source": "aws.s3", "detail": {"bucket": bucket, "key": "a.csv"}});
    let (_, none) = server.ask("POST", "/api/events", Some(&event("other")));
    assert_eq!(none["event"]["pipeline_run_ids"], json!([]));
    let (_, some) = server.ask("POST", "/api/events", Some(&event("new")));
    let run = some["event"]["pipeline_run_ids"][0].as_i64().unwrap();
    assert_eq!(server.ended(run)["status"], "completed");
    assert_eq!(project.output("p", "up", &[]), "new");
}

#[test]
fn a_pipeline_follows_another_one_with_its_date() {
    let mut project = adding("");
    let code = "@custom\ndef date(*args, **kwargs):\n    return str(kwargs['execution_date'])\n";
    project.block("below", "date", "custom", &[], "", code);
    project.file(
        "pipelines/below/triggers.yaml",
        "triggers:\n- name: after\n  schedule_type: event\n  schedule_interval: null\n  start_time: null\n  status: active\n  settings: {after: [p]}\n",
    );
    let server = Server::start(&project);
    let first = server.call(&server.trigger("p", "hook"), &json!({}));
    let first = server.ended(first);
    let below = until("the run that follows", || {
        let runs = server.get("/api/pipelines/below/pipeline_runs");
        runs["pipeline_runs"][0]["id"].as_i64()
    });
    let below = server.ended(below);
    assert_eq!(below["status"], "completed");
    assert_eq!(below["execution_date"], first["execution_date"]);
    assert_eq!(below["parent_run_id"], first["id"]);
}

#[test]
fn an_end_is_followed_once_although_the_server_dies_at_that_moment() {
    // Between the end of the run and the runs that follow it, and right after those were made.
    for place in ["run-ended", "run-followed"] {
        let mut project = adding("");
        let code = "@custom\ndef late(*args, **kwargs):\n    return 1\n";
        project.block("below", "late", "custom", &[], "", code);
        project.file(
            "pipelines/below/triggers.yaml",
            "triggers:\n- name: after\n  schedule_type: event\n  schedule_interval: null\n  start_time: null\n  status: active\n  settings: {after: [p]}\n",
        );
        let mut server = Server::start_in(&project, &[], &[("BATON_KILL_AT", place)]);
        let first = server.call(&server.trigger("p", "hook"), &json!({}));
        assert_eq!(server.child.wait().unwrap().code(), None, "it was killed");
        let server = Server::start(&project);
        assert_eq!(server.ended(first)["status"], "completed");
        let below = until("the run that follows", || {
            let runs = server.get("/api/pipelines/below/pipeline_runs");
            runs["pipeline_runs"][0]["id"].as_i64()
        });
        assert_eq!(server.ended(below)["status"], "completed");
        // An end that was settled is not looked at again, also when another one is.
        let second = server.call(&server.trigger("p", "hook"), &json!({}));
        assert_eq!(server.ended(second)["status"], "completed");
        let count = until("the run that follows the second", || {
            let runs = server.get("/api/pipelines/below/pipeline_runs");
            let count = runs["metadata"]["count"].as_i64();
            count.filter(|count| *count >= 2)
        });
        assert_eq!(count, 2, "{place}");
    }
}

#[test]
fn runs_share_the_places_of_a_pool_key_by_key() {
    let mut project = TestProject::new();
    let scratch = project.scratch().display().to_string();
    let wait = format!(
        "import os, time\n\n@custom\ndef up(*args, **kwargs):\n    while not os.path.exists('{scratch}/go'):\n        time.sleep(0.01)\n"
    );
    project.block("p", "up", "custom", &[], "", &wait);
    project.file(
        "metadata.yaml",
        "project_type: standalone\npools: {api: 1}\n",
    );
    project.file(
        "pipelines/p/triggers.yaml",
        "triggers:\n- name: hook\n  schedule_type: api\n  schedule_interval: null\n  start_time: null\n  status: active\n  \
         settings:\n    pools: [{pool: api, key: 'customer={{ id }}'}]\n",
    );
    let server = Server::start(&project);
    let trigger = server.trigger("p", "hook");
    let runs: Vec<i64> = [1, 1, 2]
        .iter()
        .map(|id| server.call(&trigger, &json!({"id": id})))
        .collect();
    let status =
        |run: i64| server.get(&format!("/api/pipeline_runs/{run}"))["pipeline_run"].clone();
    for run in [runs[0], runs[2]] {
        until("a run of its own customer", || {
            (status(run)["status"] == "running").then_some(())
        });
    }
    let reason = until("a reason", || {
        status(runs[1])["reason"].as_str().map(str::to_owned)
    });
    assert!(reason.contains("customer=1"), "{reason}");
    assert_eq!(status(runs[1])["status"], "initial");
    // More places count without a restart.
    project.file(
        "metadata.yaml",
        "project_type: standalone\npools: {api: 2}\n",
    );
    until("a second run of the customer", || {
        (status(runs[1])["status"] == "running").then_some(())
    });
    fs::write(project.scratch().join("go"), "").unwrap();
    for run in runs {
        assert_eq!(server.ended(run)["status"], "completed");
    }
}

#[test]
fn a_block_that_waits_for_a_place_of_the_server_is_not_at_work() {
    let mut project = TestProject::new();
    let scratch = project.scratch().display().to_string();
    let wait = format!(
        "import os, time\n\n@custom\ndef up(*args, **kwargs):\n    while not os.path.exists('{scratch}/' + kwargs['until']):\n        time.sleep(0.01)\n"
    );
    project.block("p", "up", "custom", &[], "", &wait);
    let places =
        |count: u32| format!("project_type: standalone\nqueue_config:\n  concurrency: {count}\n");
    project.file("metadata.yaml", places(1));
    project.file(
        "pipelines/p/triggers.yaml",
        "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n",
    );
    let server = Server::start(&project);
    let trigger = server.trigger("p", "hook");
    let block = |run: i64| {
        let blocks = server.get(&format!("/api/pipeline_runs/{run}/block_runs"));
        blocks["block_runs"][0].clone()
    };
    let is_at_work = |run: i64| {
        until("a block at work", || {
            (block(run)["status"] == "running").then_some(())
        });
    };
    let waits = |run: i64| {
        until("a block that waits", || {
            let block = block(run);
            let reason = block["reason"].as_str().unwrap_or_default();
            let is_told = block["status"] == "queued" && reason.contains("places");
            (is_told && block["started_at"].is_null()).then_some(())
        });
    };
    let first = server.call(&trigger, &json!({"until": "first"}));
    is_at_work(first);
    let second = server.call(&trigger, &json!({"until": "second"}));
    waits(second);
    let why = server.get(&format!("/api/pipeline_runs/{second}/why"));
    let headline = format!("Run {second} waits for a place: other runs hold all");
    assert!(
        why["why"]["headline"]
            .as_str()
            .unwrap()
            .starts_with(&headline),
        "{why}"
    );
    // More places count without a restart.
    project.file("metadata.yaml", places(2));
    is_at_work(second);
    let third = server.call(&trigger, &json!({"until": "third"}));
    waits(third);
    let freed = baton_base::iso(baton_base::now()).replace('T', " ");
    fs::write(project.scratch().join("first"), "").unwrap();
    is_at_work(third);
    for name in ["second", "third"] {
        fs::write(project.scratch().join(name), "").unwrap();
    }
    for run in [first, second, third] {
        assert_eq!(server.ended(run)["status"], "completed");
    }
    // What it has waited is not its time.
    let began = block(third)["started_at"].as_str().unwrap().to_owned();
    assert!(
        began.as_str() > freed.trim_end_matches('Z'),
        "{began} {freed}"
    );
}

#[test]
fn saving_a_block_does_not_disturb_the_blocks_that_run() {
    let mut project = adding("");
    let scratch = project.scratch().display().to_string();
    let wait = format!(
        "import os, time\n\n@custom\ndef up(*args):\n    open('{scratch}/begun', 'w')\n    \
         while not os.path.exists('{scratch}/go'):\n        time.sleep(0.01)\n"
    );
    project.block("long", "up", "custom", &[], "", &wait);
    project.file(
        "pipelines/long/triggers.yaml",
        "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n",
    );
    let server = Server::start(&project);
    let run = server.call(&server.trigger("long", "hook"), &json!({}));
    until("the block", || {
        project.scratch().join("begun").exists().then_some(())
    });
    // The trigger that is saved after the block shows when both are noticed.
    project.file(
        "custom/add.py",
        format!("from mage_ai.data_preparation.decorators import custom\n\n{ADD}"),
    );
    let triggers = project.root().join("pipelines/p/triggers.yaml");
    let text = fs::read_to_string(&triggers).unwrap();
    fs::write(&triggers, text.replace("{n: 1}", "{n: 7}")).unwrap();
    until("the edit to be noticed", || {
        (server.trigger("p", "hook")["variables"]["n"] == 7).then_some(())
    });
    let other = server.call(&server.trigger("p", "hook"), &json!({}));
    assert_eq!(server.ended(other)["status"], "completed");
    fs::write(project.scratch().join("go"), "").unwrap();
    assert_eq!(server.ended(run)["status"], "completed");
}

#[test]
fn a_run_that_waits_for_one_it_started_does_not_stand_in_its_way() {
    let mut project = adding("");
    let code = "from mage_ai.orchestration.triggers.api import trigger_pipeline\n\n@custom\ndef up(*args, **kwargs):\n    \
                trigger_pipeline('p', variables={'n': 4}, check_status=True, poll_interval=0.05, poll_timeout=60)\n    \
                return 'done'\n";
    project.block("above", "up", "custom", &[], "", code);
    project.file(
        "pipelines/above/triggers.yaml",
        "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n",
    );
    let server = Server::start_with(&project, &["--workers", "1", "--open-runs", "1"]);
    let run = server.call(&server.trigger("above", "hook"), &json!({}));
    assert_eq!(server.ended(run)["status"], "completed");
    assert_eq!(project.output("p", "add", &[]), 5);
}
