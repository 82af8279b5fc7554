//! Messages about runs: who gets them, in which shape, how often, and what happens when a receiver or the server is
//! gone. The receivers are real ones, on this machine.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::mail::{CERTIFICATE, Encryption, Mail};
use crate::project::TestProject;
use crate::service::{Server, until};

/// A request that a [`Web`] got.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A web server that keeps what it gets.
pub(crate) struct Web {
    pub(crate) url: String,
    requests: Receiver<Request>,
    /// What it answers next: the end of a path, and a status. Others get 200.
    answers: Arc<Mutex<VecDeque<(&'static str, u16)>>>,
}

impl Web {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (told, requests) = channel();
        let answers: Arc<Mutex<VecDeque<(&'static str, u16)>>> = Arc::default();
        let answering = Arc::clone(&answers);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (told, answers) = (told.clone(), Arc::clone(&answering));
                std::thread::spawn(move || serve(&stream.unwrap(), &told, &answers));
            }
        });
        Self {
            url,
            requests,
            answers,
        }
    }

    fn answer(&self, path: &'static str, status: u16) {
        self.answers.lock().unwrap().push_back((path, status));
    }

    pub(crate) fn next(&self) -> Request {
        let next = self.requests.recv_timeout(Duration::from_secs(90));
        next.unwrap_or_else(|_| panic!("no request came"))
    }

    fn take(&self, count: usize) -> Vec<Request> {
        (0..count).map(|_| self.next()).collect()
    }
}

/// Answers requests until the other side closes.
fn serve(
    mut stream: &TcpStream,
    told: &Sender<Request>,
    answers: &Mutex<VecDeque<(&'static str, u16)>>,
) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.trim().parse::<usize>().unwrap())
        });
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).unwrap();
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let status = {
            let mut answers = answers.lock().unwrap();
            let found = answers.iter().position(|(end, _)| path.ends_with(end));
            found
                .and_then(|place| answers.remove(place))
                .map_or(200, |(_, status)| status)
        };
        // The test may have seen enough.
        let _ = told.send(Request { path, head, body });
        let _ = write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nok");
    }
}

const FAILS: &str = "@custom\ndef up(*args, **kwargs):\n    raise ValueError('no luck')\n";

/// A pipeline `p` with one block and a trigger for calls, whose project tells of runs as `config` says.
fn telling(code: &str, config: &str) -> TestProject {
    let mut project = TestProject::new();
    project.block("p", "up", "custom", &[], "", code);
    project.file(
        "pipelines/p/triggers.yaml",
        "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n",
    );
    project.file(
        "metadata.yaml",
        format!("project_type: standalone\nnotification_config:\n{config}"),
    );
    project
}

/// The messages about a run when none of them is due any more.
fn told(server: &Server, run: i64) -> Vec<Value> {
    until("the messages to be delivered or given up", || {
        let found = server.get(&format!("/api/pipeline_runs/{run}/notices"));
        let notices = found["notices"].as_array().unwrap().clone();
        let is_over = |notice: &Value| notice["status"] != "due";
        (!notices.is_empty() && notices.iter().all(is_over)).then_some(notices)
    })
}

#[test]
fn a_run_that_fails_is_told_once_to_every_channel() {
    let (web, mail) = (Web::start(), Mail::start(Encryption::None));
    let url = &web.url;
    let mut project = telling(
        FAILS,
        &format!(
            "  slack_config: {{webhook_url: '{url}/h1dden/slack'}}\n  \
             discord_config: {{webhook_url: '{url}/h1dden/discord'}}\n  \
             telegram_config: {{webhook_url: '{url}/h1dden/telegram?chat_id=1'}}\n  \
             google_chat_config: {{webhook_url: '{url}/h1dden/chat'}}\n  \
             teams_config: {{webhook_url: ['{url}/h1dden/teams1', '{url}/h1dden/teams2']}}\n  \
             opsgenie_config: {{url: '{url}/h1dden/opsgenie', api_key: k3y, tags: [data]}}\n  \
             pagerduty_config: {{url: '{url}/h1dden/pagerduty', routing_key: k3y}}\n  \
             webhook_config: {{webhook_url: '{url}/h1dden/own'}}\n  \
             email_config: {{smtp_host: 127.0.0.1, smtp_port: {}, smtp_starttls: false, \
             smtp_mail_from: baton@mail.example, to_emails: [ops@mail.example]}}\n",
            mail.port
        ),
    );
    project.block(
        "fine",
        "down",
        "custom",
        &[],
        "",
        "@custom\ndef down(*args):\n    return 1\n",
    );
    let mut server = Server::start(&project);
    let run = server.call(&server.trigger("p", "hook"), &json!({}));
    let run = server.ended(run)["id"].as_i64().unwrap();
    let notices = told(&server, run);
    assert_eq!(notices.len(), 10, "{notices:?}");
    for notice in &notices {
        assert_eq!(
            (&notice["status"], &notice["tries"], &notice["error"]),
            (&json!("sent"), &json!(1), &Value::Null),
            "{notice}"
        );
    }
    let got = web.take(9);
    let of = |end: &str| {
        let mut found = got
            .iter()
            .filter(|request| request.path.contains(&format!("/h1dden/{end}")));
        let first = found.next().unwrap_or_else(|| panic!("{end}: {got:?}"));
        assert!(found.next().is_none(), "{end} twice");
        first
    };
    let link = format!("{}/pipelines/p/runs/{run}", server.url);
    for (end, pointer) in [
        ("slack", "/blocks/1/text/text"),
        ("discord", "/embeds/0/description"),
        ("telegram", "/text"),
        ("chat", "/text"),
        ("teams1", "/attachments/0/content/body/1/text"),
        ("teams2", "/attachments/0/content/body/1/text"),
        ("opsgenie", "/description"),
        ("pagerduty", "/payload/custom_details/details"),
        ("own", "/summary"),
    ] {
        let body = of(end).json();
        let text = body.pointer(pointer).and_then(Value::as_str);
        let text = text.unwrap_or_else(|| panic!("{end}: {body}"));
        assert!(
            text.contains("block `up`: ValueError: no luck"),
            "{end}: {text}"
        );
        let has_link = matches!(end, "slack" | "opsgenie" | "pagerduty");
        assert_eq!(text.contains(&link), has_link, "{end}: {text}");
    }
    let opsgenie = of("opsgenie").head.to_lowercase();
    assert!(
        opsgenie.contains("authorization: geniekey k3y"),
        "{opsgenie}"
    );
    let facts = &of("own").json()["run"];
    assert_eq!(facts["pipeline_schedule_name"], "hook");
    let trace = facts["stacktrace"].as_str().unwrap();
    assert!(
        trace.contains("in up") && trace.ends_with("ValueError: no luck"),
        "{trace}"
    );
    let letter = mail.next();
    for part in [
        "RCPT TO:<ops@mail.example>",
        "Subject: Pipeline `p` failed",
        "no luck",
    ] {
        assert!(letter.contains(part), "{part}: {letter}");
    }
    let metrics = server.get("/metrics");
    let metrics = metrics.as_str().unwrap();
    assert!(
        metrics.contains("baton_notices{status=\"sent\"} 10"),
        "{metrics}"
    );
    // A server that starts later has nothing to add: the next message is about the next run.
    server.stop();
    let log = fs::read_to_string(project.scratch().join("server.log")).unwrap();
    assert!(!log.contains("h1dden") && !log.contains("k3y"), "{log}");
    let server = Server::start(&project);
    let next = server.call(&server.trigger("p", "hook"), &json!({}));
    told(&server, next);
    for request in web.take(9) {
        assert!(
            !String::from_utf8_lossy(&request.body).contains(&link),
            "{request:?}"
        );
    }
    assert_eq!(
        server.get("/api/notices")["notices"]
            .as_array()
            .unwrap()
            .len(),
        20
    );
}

#[test]
fn a_pipeline_says_itself_what_is_told_and_in_which_words() {
    let web = Web::start();
    let mut project = telling(
        "@custom\ndef up(*args):\n    return 1\n",
        &format!(
            "  alert_on: [trigger_failure]\n  discord_config: {{webhook_url: '{}/x'}}\n",
            web.url
        ),
    );
    project.block(
        "q",
        "fine",
        "custom",
        &[],
        "",
        "@custom\ndef fine(*args):\n    return 1\n",
    );
    let path = project.root().join("pipelines/q/metadata.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let own = "notification_config:\n  alert_on: [trigger_success]\n  message_templates:\n    success:\n      \
               title: '{pipeline_uuid}!'\n      summary: 'by {pipeline_schedule_name}'\n";
    fs::write(&path, text + own).unwrap();
    project.file(
        "pipelines/q/triggers.yaml",
        "triggers:\n- {name: other, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n",
    );
    let server = Server::start(&project);
    let quiet = server.call(&server.trigger("p", "hook"), &json!({}));
    assert_eq!(server.ended(quiet)["status"], "completed");
    let loud = server.call(&server.trigger("q", "other"), &json!({}));
    told(&server, loud);
    let embed = web.next().json()["embeds"][0].clone();
    assert_eq!(embed, json!({"title": "q!", "description": "by other"}));
    let quiet = server.get(&format!("/api/pipeline_runs/{quiet}/notices"));
    assert_eq!(quiet["notices"], json!([]));
    // What is run by hand is told to nobody: somebody is looking.
    assert_eq!(project.run("q", &[]).0, 0);
    let again = server.call(&server.trigger("q", "other"), &json!({}));
    told(&server, again);
    assert_eq!(
        server.get("/api/notices")["notices"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_receiver_that_is_down_is_asked_again_and_one_that_refuses_is_not() {
    let web = Web::start();
    let url = &web.url;
    web.answer("/own", 503);
    web.answer("/slack", 404);
    let project = telling(
        FAILS,
        &format!(
            "  webhook_config: {{webhook_url: '{url}/own'}}\n  slack_config: {{webhook_url: '{url}/slack'}}\n  \
             discord_config: {{webhook_url: 'http://127.0.0.1:9/gone'}}\n"
        ),
    );
    let server = Server::start(&project);
    let run = server.call(&server.trigger("p", "hook"), &json!({}));
    let path = format!("/api/pipeline_runs/{run}/notices");
    let notice = |name: &str| {
        let found = server.get(&path);
        let mut found = found["notices"].as_array().unwrap().iter();
        found.find(|notice| notice["channel"] == name).cloned()
    };
    until("the second try", || {
        notice("webhook").filter(|notice| notice["status"] == "sent" && notice["tries"] == 2)
    });
    let slack = until("the refusal", || {
        notice("slack").filter(|notice| notice["status"] == "failed")
    });
    assert_eq!(slack["error"], "the receiver answered 404: ok");
    assert_eq!(slack["tries"], 1);
    let discord = until("a second try that fails, too", || {
        notice("discord").filter(|notice| notice["tries"].as_i64() >= Some(2))
    });
    let error = discord["error"].as_str().unwrap();
    assert!(
        !error.contains("gone") && discord["status"] == "due",
        "{discord}"
    );
    let log = fs::read_to_string(project.scratch().join("server.log")).unwrap();
    assert!(
        log.contains("a message was not delivered") && !log.contains("127.0.0.1:9"),
        "{log}"
    );
    let metrics = server.get("/metrics");
    let metrics = metrics.as_str().unwrap();
    assert!(
        metrics.contains("baton_notices{status=\"failed\"} 1"),
        "{metrics}"
    );
}

#[test]
fn a_crash_between_a_run_and_its_message_loses_none_and_repeats_none() {
    for place in ["ends-found", "notices-stored"] {
        let web = Web::start();
        let config = format!("  webhook_config: {{webhook_url: '{}/own'}}\n", web.url);
        let project = telling(FAILS, &config);
        let mut server = Server::start_in(&project, &[], &[("BATON_KILL_AT", place)]);
        let run = server.call(&server.trigger("p", "hook"), &json!({}));
        server.died();
        let server = Server::start(&project);
        assert_eq!(server.ended(run)["status"], "failed", "{place}");
        let notices = told(&server, run);
        assert_eq!(notices.len(), 1, "{place}: {notices:?}");
        assert_eq!(web.next().json()["run"]["pipeline_run_id"], run, "{place}");
        // The next message is about another run.
        let other = server.call(&server.trigger("p", "hook"), &json!({}));
        assert_eq!(
            web.next().json()["run"]["pipeline_run_id"],
            other,
            "{place}"
        );
    }
}

#[test]
fn runs_that_are_late_are_marked_and_told_also_those_that_did_not_start() {
    let web = Web::start();
    let mut project = TestProject::new();
    let scratch = project.scratch().display().to_string();
    let wait = format!(
        "import os, time\n\n@custom\ndef up(*args):\n    while not os.path.exists('{scratch}/go'):\n        time.sleep(0.01)\n"
    );
    project.block("p", "up", "custom", &[], "", &wait);
    project.file(
        "pipelines/p/triggers.yaml",
        "triggers:\n- name: hook\n  schedule_type: api\n  schedule_interval: null\n  start_time: null\n  status: active\n  \
         sla: 2\n- name: prompt\n  schedule_type: api\n  schedule_interval: null\n  start_time: null\n  status: active\n  \
         settings: {start_within: 1}\n",
    );
    project.file(
        "metadata.yaml",
        format!(
            "project_type: standalone\nnotification_config:\n  webhook_config: {{webhook_url: '{}/own'}}\n",
            web.url
        ),
    );
    let server = Server::start_with(&project, &["--open-runs", "1"]);
    let slow = server.call(&server.trigger("p", "hook"), &json!({}));
    until("the first run", || {
        let run = server.get(&format!("/api/pipeline_runs/{slow}"));
        (run["pipeline_run"]["status"] == "running").then_some(())
    });
    // There is no place for it.
    let waits = server.call(&server.trigger("p", "prompt"), &json!({}));
    let mut found: Vec<Value> = web.take(2).iter().map(Request::json).collect();
    found.sort_by_key(|message| message["run"]["pipeline_run_id"].as_i64());
    for (message, (run, verb)) in found.iter().zip([(slow, "ended"), (waits, "started")]) {
        assert_eq!(message["alert"], "trigger_passed_sla");
        assert_eq!(message["run"]["pipeline_run_id"], run);
        let said = message["summary"].as_str().unwrap();
        let expected = format!("run {run} should have {verb}");
        assert!(said.contains(&expected), "{said}");
        let run = server.get(&format!("/api/pipeline_runs/{run}"));
        assert_eq!(run["pipeline_run"]["passed_sla"], true);
    }
    fs::write(project.scratch().join("go"), "").unwrap();
    for run in [slow, waits] {
        assert_eq!(server.ended(run)["status"], "completed");
        assert_eq!(told(&server, run).len(), 1);
    }
}

#[test]
fn a_run_that_ends_late_between_two_looks_is_told_too() {
    let web = Web::start();
    let mut project = TestProject::new();
    let code = "import time\n\n@custom\ndef up(*args):\n    time.sleep(1.5)\n";
    project.block("p", "up", "custom", &[], "", code);
    project.file(
        "pipelines/p/triggers.yaml",
        "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active, sla: 1}\n",
    );
    let config = format!("  webhook_config: {{webhook_url: '{}/own'}}\n", web.url);
    project.file(
        "metadata.yaml",
        format!("project_type: standalone\nnotification_config:\n{config}"),
    );
    let server = Server::start(&project);
    let trigger = server.trigger("p", "hook");
    // Open runs are looked at every five seconds: one of two that follow each other is over before a look comes.
    for _ in 0..2 {
        let run = server.call(&trigger, &json!({}));
        let message = web.take(1)[0].json();
        let said = message["summary"].as_str().unwrap();
        assert!(
            said.contains(&format!("run {run} should have ended")),
            "{said}"
        );
        assert_eq!(server.ended(run)["passed_sla"], true);
    }
}

#[test]
fn a_date_that_cannot_become_a_run_is_told_once() {
    let web = Web::start();
    let config = format!("  webhook_config: {{webhook_url: '{}/own'}}\n", web.url);
    let mut project = telling(FAILS, &config);
    // Blocks that wait for each other.
    let code = "@custom\ndef one(*args):\n    return 1\n";
    project.block("broken", "one", "custom", &["two"], "", code);
    project.block(
        "broken",
        "two",
        "custom",
        &["one"],
        "",
        &code.replace("one", "two"),
    );
    project.file(
        "pipelines/broken/triggers.yaml",
        "triggers:\n- name: first\n  schedule_type: time\n  schedule_interval: '@once'\n  start_time: 2024-01-01 00:00:00\n  status: active\n",
    );
    let server = Server::start(&project);
    let message = web.next().json();
    assert_eq!(message["alert"], "trigger_failure");
    assert_eq!(message["run"]["pipeline_uuid"], "broken");
    let said = message["summary"].as_str().unwrap();
    assert!(said.contains("the run of trigger `first`"), "{said}");
    let error = message["run"]["error"].as_str().unwrap();
    assert!(error.contains("one") && error.contains("two"), "{error}");
    // The next start tries the date again; what comes next is about something else.
    drop(server);
    let server = Server::start(&project);
    until("the date to be tried again", || {
        let log = fs::read_to_string(project.scratch().join("server.log")).unwrap();
        log.contains("could not become a run").then_some(())
    });
    let run = server.call(&server.trigger("p", "hook"), &json!({}));
    assert_eq!(web.next().json()["run"]["pipeline_run_id"], run);
    let found = server.get("/api/notices");
    let notices = found["notices"].as_array().unwrap();
    assert_eq!(
        (notices.len(), &notices[1]["pipeline_run_id"]),
        (2, &Value::Null)
    );
}

/// A mail about a failed run, by a server that demands encryption and a password.
fn is_mailed(encryption: Encryption, how: &str) {
    let mail = Mail::start(encryption);
    let project = telling(
        FAILS,
        &format!(
            "  email_config: {{smtp_host: localhost, smtp_port: {}, {how}, smtp_user: baton, \
             smtp_password: h1dden, smtp_mail_from: baton@mail.example, to_emails: [ops@mail.example]}}\n",
            mail.port
        ),
    );
    let authority = project.scratch().join("authority.pem");
    fs::write(&authority, CERTIFICATE).unwrap();
    let known = [("SSL_CERT_FILE", authority.to_str().unwrap())];
    let server = Server::start_in(&project, &[], &known);
    let run = server.call(&server.trigger("p", "hook"), &json!({}));
    let notices = told(&server, run);
    assert_eq!(notices[0]["status"], "sent", "{notices:?}");
    let letter = mail.next();
    // The password, as SMTP writes it: `\0baton\0h1dden` in base64.
    for part in ["AUTH PLAIN AGJhdG9uAGgxZGRlbg==", "no luck"] {
        assert!(letter.contains(part), "{part}: {letter}");
    }
    drop(server);

    // An authority that is not known to this machine: nothing is sent, least of all the password.
    let server = Server::start(&project);
    let run = server.call(&server.trigger("p", "hook"), &json!({}));
    let notice = until("a first try", || {
        let found = server.get(&format!("/api/pipeline_runs/{run}/notices"));
        let notice = found["notices"][0].clone();
        notice["error"].is_string().then_some(notice)
    });
    let error = notice["error"].as_str().unwrap();
    assert!(error.contains("certificate"), "{error}");
    assert!(mail.is_silent());
}

#[test]
fn mails_go_encrypted_from_the_first_byte() {
    is_mailed(Encryption::Tls, "smtp_ssl: true");
}

#[test]
fn mails_go_encrypted_after_starttls() {
    is_mailed(Encryption::StartTls, "smtp_starttls: true");
}
