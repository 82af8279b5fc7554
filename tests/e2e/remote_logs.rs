//! Logs in a bucket: copied there when a run ends and after a crash, and read from there where no file of them is. S3 is
//! spoken by moto's server. For Google's store it stands in as well: what is used of that one's XML protocol is the same, and
//! the emulators that can be installed here do not list objects by it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::project::TestProject;
use crate::retention::state;
use crate::service::{Server, until};

/// Serves a bucket `logs`, prints its address, and ends with its input. Who does not sign as Amazon's clients do is let in, too.
const STORE: &str = "
import logging, sys, threading
logging.disable(logging.CRITICAL)
import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

moto = DomainDispatcherApplication(create_backend_app)

def answer(environ, start):
    if not environ.get('HTTP_AUTHORIZATION', '').startswith('AWS4'):
        scope = 'who/20260101/us-east-1/s3/aws4_request'
        environ['HTTP_AUTHORIZATION'] = f'AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0'
    return moto(environ, start)

server = make_server('127.0.0.1', 0, answer, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = 'http://127.0.0.1:%d' % server.server_port
keys = dict(aws_access_key_id='who', aws_secret_access_key='hunter22hunter22', region_name='us-east-1')
boto3.client('s3', endpoint_url=address, **keys).create_bucket(Bucket='logs')
print(address, flush=True)
sys.stdin.read()
";

const SPEAKER: &str =
    "@custom\ndef speak(*args, **kwargs):\n    print('a word to keep')\n    return 1\n";

/// A server of objects, which ends when dropped.
struct Bucket {
    child: Child,
    address: String,
}

impl Bucket {
    fn start() -> Self {
        let python = std::env::var("BATON_TEST_PYTHON").unwrap();
        let mut child = Command::new(python)
            .args(["-c", STORE])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().to_owned();
        Self { child, address }
    }

    /// `logging_config` of a project that keeps its logs in S3.
    fn s3(&self) -> String {
        format!(
            "logging_config:\n  type: s3\n  destination_config:\n    bucket: logs\n    prefix: some/where\n    \
             aws_access_key_id: who\n    aws_secret_access_key: hunter22hunter22\n    endpoint_url: {}\n",
            self.address
        )
    }

    /// The keys of all objects, as XML.
    fn keys(&self) -> String {
        let address = self.address.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "GET /logs?list-type=2 HTTP/1.0\r\nhost: {address}\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The file of a service account, whose store is the emulator.
    fn gcs_key(&self) -> String {
        let key = json!({
            "gcs_base_url": self.address, "disable_oauth": true, "client_email": "", "private_key": "", "private_key_id": "",
        });
        key.to_string()
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn project(config: &str) -> TestProject {
    let mut project = TestProject::new();
    project.block("speak", "speaker", "custom", &[], "", SPEAKER);
    let text = format!("project_type: standalone\n{config}");
    project.file("metadata.yaml", text);
    let trigger = "{name: called, schedule_type: api, schedule_interval: null, start_time: null, status: active}";
    project.file(
        "pipelines/speak/triggers.yaml",
        format!("triggers:\n- {trigger}\n"),
    );
    project
}

/// Runs the pipeline once; gives the number of the run.
fn run(project: &TestProject) -> i64 {
    let (code, summary) = project.run("speak", &[]);
    assert_eq!(code, 0, "{summary}");
    summary["run_id"].as_i64().unwrap()
}

/// What `baton logs` shows when no file of the log is on this machine.
fn shown_from_bucket(project: &TestProject, run: i64) -> String {
    fs::remove_file(state(project).join(format!("logs/{run}.jsonl"))).unwrap();
    let done = project.baton(&["logs", "PROJECT", &run.to_string()]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    done.stdout
}

#[test]
fn the_log_of_a_run_is_kept_in_s3_and_read_from_there() {
    let bucket = Bucket::start();
    let project = project(&bucket.s3());
    let first = run(&project);
    let shown = shown_from_bucket(&project, first);
    assert!(shown.contains("a word to keep"), "{shown}");

    let mut server = Server::start(&project);
    let page = server.get(&format!("/api/pipeline_runs/{first}/logs"));
    assert!(page.to_string().contains("a word to keep"), "{page}");
    let trigger = server.trigger("speak", "called");
    let second = server.call(&trigger, &json!({}));
    assert_eq!(server.ended(second)["status"], "completed");
    // A server that stops leaves nothing behind.
    server.stop();
    let shown = shown_from_bucket(&project, second);
    assert!(shown.contains("a word to keep"), "{shown}");

    // With a run its log goes.
    let server = Server::start(&project);
    let path = format!("/api/pipeline_runs/{first}");
    let (status, _) = server.ask("DELETE", &path, None);
    assert_eq!(status, 200);
    let left = bucket.keys();
    assert_eq!(left.matches("<Key>").count(), 1, "{left}");
    assert!(
        left.contains("<Key>some/where/demo/pipelines/speak/20"),
        "{left}"
    );
}

#[test]
fn logs_that_were_there_before_their_bucket_are_copied_when_the_server_starts() {
    let bucket = Bucket::start();
    let project = project("");
    let run = run(&project);
    project.file("key.json", bucket.gcs_key());
    let config = "logging_config:\n  type: gcs\n  destination_config:\n    bucket: logs\n    path_to_credentials: key.json\n";
    project.file(
        "metadata.yaml",
        format!("project_type: standalone\n{config}"),
    );
    let _server = Server::start(&project);
    until("the copy of the log", || {
        let keys = bucket.keys();
        keys.contains("<Key>demo/pipelines/speak/").then_some(())
    });
    let shown = shown_from_bucket(&project, run);
    assert!(shown.contains("a word to keep"), "{shown}");
}

#[test]
fn a_bucket_that_is_away_costs_no_run() {
    let project = project(
        "logging_config:\n  type: s3\n  destination_config:\n    bucket: logs\n    aws_access_key_id: who\n    \
         aws_secret_access_key: hunter22hunter22\n    endpoint_url: http://127.0.0.1:9\n",
    );
    let done = project.baton(&["run", "PROJECT", "speak"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(
        done.stderr.contains("the log stays on this machine alone"),
        "{}",
        done.stderr
    );
    assert!(!done.stderr.contains("hunter22"), "{}", done.stderr);
    let done = project.baton(&["logs", "PROJECT", "1"]);
    assert!(done.stdout.contains("a word to keep"), "{}", done.stdout);
}
