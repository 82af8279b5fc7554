//! A small project, served without a socket.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::request::Builder;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use baton_app::{Host, WorkerOptions};
use baton_base::Home;
use baton_scheduler::ServiceOptions;
use baton_server::{Door, Shared, router};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::described;

/// The token of the server.
const TOKEN: &str = "0123456789abcdef";

/// A pipeline with comments that edits must leave alone.
pub(crate) const ETL: &str = "# kept\nname: etl\nuuid: etl\ntype: python\ntags: [nightly]\nvariables: {region: eu}\n\
                              unknown_key: 1 # kept too\nblocks:\n- name: load\n  uuid: load\n  type: data_loader\n  \
                              language: python\n  upstream_blocks: []\n  downstream_blocks: [clean]\n- name: clean\n  \
                              uuid: clean\n  type: transformer\n  language: python\n  upstream_blocks: [load]\n  \
                              downstream_blocks: []\n";

/// A served project.
pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) host: Arc<Host>,
    app: Router,
}

impl Scene {
    /// A project with the pipelines `etl` and `other`.
    pub(crate) async fn new() -> Self {
        Self::with_python("/nonexistent/python").await
    }

    /// The same, whose code runs.
    pub(crate) async fn at_work() -> Self {
        let python = std::env::var("BATON_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let scene = Self::with_python(&python).await;
        scene.host.start().await.unwrap();
        scene
    }

    async fn with_python(python: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("demo");
        for (path, text) in [
            ("metadata.yaml", "project_type: standalone\n"),
            ("pipelines/etl/metadata.yaml", ETL),
            (
                "pipelines/other/metadata.yaml",
                "name: Other one\nuuid: other\ntype: streaming\nblocks: []\n",
            ),
            ("data_loaders/load.py", "x = 1\n"),
            ("transformers/clean.py", "y = 1\n"),
            (".git/config", "[core]\n"),
        ] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let home = Home::find(Some(folder.path().join("home"))).unwrap();
        let options = WorkerOptions {
            python: Some(python.to_owned()),
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

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("demo").join(path)
    }

    pub(crate) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// The lines of the audit, the oldest first.
    pub(crate) fn audit(&self) -> String {
        fs::read_to_string(self.host.state().home.path().join("audit.jsonl")).unwrap_or_default()
    }

    /// A request of somebody with a session.
    pub(crate) fn request(method: &str, path: &str) -> Builder {
        Self::stranger(method, path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
    }

    /// A request of somebody without one.
    pub(crate) fn stranger(method: &str, path: &str) -> Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost:6789")
    }

    /// Sends a request; gives the answer with its headers.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Response {
        self.app.clone().oneshot(request).await.unwrap()
    }

    /// Sends a request; gives its status and its body as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, Vec<u8>) {
        let response = self.answer(request).await;
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, body.to_vec())
    }

    /// Sends JSON; gives the number of the status and the answer.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let sent = match &body {
            Value::Null => Body::empty(),
            body => Body::from(body.to_string()),
        };
        let request = Self::request(method, path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(sent)
            .unwrap();
        let (status, answer) = self.send(request).await;
        let status = status.as_u16();
        let value = serde_json::from_slice(&answer)
            .unwrap_or_else(|_| json!(String::from_utf8_lossy(&answer)));
        let sent = Some(&body).filter(|body| !body.is_null());
        described::check(method, path, sent, status, &value);
        (status, value)
    }

    /// What a GET gives, which must be found.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ok("GET", path, Value::Null).await
    }

    /// Sends JSON, which must be accepted.
    pub(crate) async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    /// Sends JSON, which must be refused with this status; gives the message.
    pub(crate) async fn refused(
        &self,
        method: &str,
        path: &str,
        body: Value,
        status: u16,
    ) -> String {
        let (given, answer) = self.call(method, path, body).await;
        assert_eq!(given, status, "{method} {path}: {answer}");
        assert_eq!(answer["error"]["code"], json!(status), "{answer}");
        answer["error"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}
