//! A project that is served without a socket.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use baton_app::{Host, WorkerOptions};
use baton_base::Home;
use baton_model::{RunId, RunStatus};
use baton_scheduler::{News, ServiceOptions};
use baton_server::{Door, Shared, router};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::described;

/// What tests wait at most for something that happens.
const PATIENCE: Duration = Duration::from_secs(60);

/// Token of the servers of tests.
pub(crate) const TOKEN: &str = "0123456789abcdef";

/// A served project. Its pipelines have no code to execute, so no Python is needed.
pub(crate) struct Served {
    pub(crate) folder: TempDir,
    pub(crate) host: Arc<Host>,
    pub(crate) app: Router,
}

/// A pipeline whose only block is a note: it completes at once.
const NOTE: &str = "name: note\nuuid: note\ntype: python\nblocks:\n- {name: n, uuid: n, type: markdown, language: markdown}\n";

/// A pipeline whose block has no file: it fails at once.
const BROKEN: &str = "name: broken\nuuid: broken\ntype: python\nblocks:\n- {name: gone, uuid: gone, type: custom, language: python}\n";

impl Served {
    /// A project with the pipelines `note`, which completes, and `broken`, which fails; its scheduler is at work.
    pub(crate) async fn new() -> Self {
        let served = Self::idle().await;
        served.host.start().await.unwrap();
        served
    }

    /// The same, and nothing of it has started.
    pub(crate) async fn idle() -> Self {
        Self::idle_with("", None).await
    }

    /// The same with more lines of the project's metadata, and what runs may reserve of processors.
    pub(crate) async fn idle_with(more: &str, cpus: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("demo");
        fs::create_dir_all(&root).unwrap();
        let metadata = format!("project_type: standalone\n{more}");
        fs::write(root.join("metadata.yaml"), metadata).unwrap();
        for (name, text) in [("note", NOTE), ("broken", BROKEN)] {
            let pipeline = root.join("pipelines").join(name);
            fs::create_dir_all(&pipeline).unwrap();
            fs::write(pipeline.join("metadata.yaml"), text).unwrap();
        }
        let home = Home::find(Some(folder.path().join("home"))).unwrap();
        let options = WorkerOptions {
            // Never started: no block of these pipelines has code.
            python: Some("/nonexistent/python".to_owned()),
            cpus: cpus.map(str::to_owned),
            ..WorkerOptions::default()
        };
        let host = Host::open_in(&home, &root, options, ServiceOptions::default());
        let host = host.await.unwrap();
        let app = router(Shared {
            host: Arc::clone(&host),
            door: Arc::new(Door::new(TOKEN.to_owned())),
        });
        Self { folder, host, app }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("demo")
    }

    /// A request of somebody with a session.
    pub(crate) fn request(method: &str, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost:6789")
            .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
    }

    /// Sends a request and gives its status and its body as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, Vec<u8>) {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, body.to_vec())
    }

    async fn json(&self, request: Request<Body>) -> (StatusCode, Value) {
        let (status, body) = self.send(request).await;
        let text = String::from_utf8_lossy(&body).into_owned();
        let value = serde_json::from_str(&text);
        (status, value.unwrap_or(Value::String(text)))
    }

    /// What a GET gives, which must be found.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = Self::request("GET", path).body(Body::empty()).unwrap();
        let (status, body) = self.json(request).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        described::check("GET", path, None, 200, &body);
        body
    }

    /// Sends JSON.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = Self::request(method, path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let (status, answer) = self.json(request).await;
        described::check(method, path, Some(body), status.as_u16(), &answer);
        (status, answer)
    }

    /// Sends JSON, which must be accepted.
    pub(crate) async fn ok(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!(status, StatusCode::OK, "{method} {path}: {answer}");
        answer
    }

    /// Asks again, whenever something has happened, until the answer is as wanted.
    pub(crate) async fn until(&self, path: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let mut news = self.host.service().news();
        let asked = async {
            loop {
                let answer = self.get(path).await;
                if is_wanted(&answer) {
                    return answer;
                }
                // What follows from the end of a run comes after the news of it.
                let _ = timeout(Duration::from_millis(200), news.recv()).await;
            }
        };
        let answer = timeout(PATIENCE, asked).await.ok();
        match answer {
            Some(answer) => answer,
            None => panic!("{path} is {}", self.get(path).await),
        }
    }

    /// Starts a run of a pipeline through a trigger of the API, and waits for its end.
    pub(crate) async fn ended_run(&self, pipeline: &str) -> (RunId, RunStatus) {
        let mut news = self.host.service().news();
        let id = self.start_run(pipeline).await;
        let ended = async {
            loop {
                if let News::Ended(run, status) = news.recv().await.unwrap()
                    && run == id
                {
                    return status;
                }
            }
        };
        (id, timeout(PATIENCE, ended).await.unwrap())
    }

    /// Starts a run of a pipeline through a trigger of the API.
    pub(crate) async fn start_run(&self, pipeline: &str) -> RunId {
        let path = format!("/api/pipelines/{pipeline}/pipeline_schedules");
        let found = self.get(&path).await;
        let known = found["pipeline_schedules"][0]["id"].as_i64();
        let trigger = if let Some(id) = known {
            id
        } else {
            let body = serde_json::json!({"pipeline_schedule": {
                "name": "api", "schedule_type": "api", "status": "active",
                "settings": {"allow_blocks_to_fail": true},
            }});
            let made = self.ok("POST", &path, &body).await;
            made["pipeline_schedule"]["id"].as_i64().unwrap()
        };
        let path = format!("/api/pipeline_schedules/{trigger}/pipeline_runs");
        let made = self.ok("POST", &path, &serde_json::json!({})).await;
        RunId(made["pipeline_run"]["id"].as_i64().unwrap())
    }
}
