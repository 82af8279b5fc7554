//! Stopping: Ctrl-C once and twice, and no process left behind, however the end came.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::dynamic::attach;
use crate::project::{TestProject, statuses};

/// A block that starts a child, a grandchild in a session of its own, and a daemon that detached itself;
/// all write their process ids to files and then wait for ever.
const FAMILY: &str = "
import os, subprocess, sys, time

def note(name):
    with open(name + '.tmp', 'w') as f:
        f.write(str(os.getpid()))
    os.rename(name + '.tmp', name + '.pid')

def forever(name):
    note(name)
    while True:
        time.sleep(60)

@custom
def family(*args):
    if os.fork() == 0:
        if os.fork() == 0:
            os.setsid()
            forever('grandchild')
        forever('child')
    middle = os.fork()
    if middle == 0:
        os.setsid()
        if os.fork() == 0:
            forever('daemon')
        os._exit(0)
    os.waitpid(middle, 0)
    while not all(os.path.exists(n + '.pid') for n in ('child', 'grandchild', 'daemon')):
        time.sleep(0.005)
    note('block')
";

fn family(tail: &str) -> TestProject {
    let mut project = TestProject::new();
    project.block("p", "family", "custom", &[], "", &format!("{FAMILY}{tail}"));
    project.block(
        "p",
        "below",
        "custom",
        &["family"],
        "",
        "@custom\ndef below(*args):\n    return 1\n",
    );
    // The environment is made before anything is measured.
    project.block(
        "warm",
        "up",
        "custom",
        &[],
        "",
        "@custom\ndef up(*args):\n    return 1\n",
    );
    assert_eq!(project.run("warm", &[]).0, 0);
    project
}

fn start(project: &TestProject) -> Child {
    project
        .command(&["run", "PROJECT", "p", "--json"])
        .stdout(fs::File::create(project.scratch().join("stdout")).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

pub(crate) fn wait_for(path: &Path, child: &mut Child) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !path.exists() {
        assert!(
            Instant::now() < deadline,
            "{} does not appear",
            path.display()
        );
        assert!(child.try_wait().unwrap().is_none(), "baton ended too early");
        std::thread::yield_now();
    }
}

fn pids(folder: &Path) -> Vec<PathBuf> {
    ["block", "child", "grandchild", "daemon"]
        .iter()
        .map(|name| {
            let pid = fs::read_to_string(folder.join(format!("{name}.pid"))).unwrap();
            PathBuf::from(format!("/proc/{pid}"))
        })
        .collect()
}

/// Waits until all are gone; a zombie that nobody has reaped yet is gone too.
pub(crate) fn assert_gone(processes: &[PathBuf], within: Duration) {
    let deadline = Instant::now() + within;
    loop {
        let alive: Vec<&PathBuf> = processes
            .iter()
            .filter(|process| {
                fs::read_to_string(process.join("stat"))
                    .is_ok_and(|stat| !stat.rsplit(')').next().unwrap().trim().starts_with('Z'))
            })
            .collect();
        if alive.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "still alive: {alive:?}");
        std::thread::yield_now();
    }
}

pub(crate) fn signal(child: &Child, name: &str) {
    let status = std::process::Command::new("kill")
        .arg(name)
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(status.success());
}

fn last_summary(project: &TestProject) -> serde_json::Value {
    let text = fs::read_to_string(project.scratch().join("stdout")).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

#[test]
fn control_c_cancels_cleanly() {
    let project = family(
        "    try:\n        time.sleep(600)\n    finally:\n        open('cleaned', 'w').close()\n",
    );
    let mut child = start(&project);
    wait_for(&project.scratch().join("block.pid"), &mut child);
    let processes = pids(project.scratch());
    signal(&child, "-INT");
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert_gone(&processes, Duration::ZERO);
    assert!(
        project.scratch().join("cleaned").exists(),
        "the block could clean up"
    );
    let run = last_summary(&project);
    assert_eq!(run["status"], "cancelled");
    assert_eq!(
        statuses(&run).into_values().collect::<Vec<_>>(),
        ["cancelled", "cancelled"]
    );
}

/// Blocks under way and blocks that have not started are told apart by nobody: their callbacks hear that they were
/// cancelled, after the processes of the block have ended. What had completed before heard so then.
#[test]
fn callbacks_hear_that_a_run_was_cancelled() {
    let mut project = TestProject::new();
    let done = "@custom\ndef done(*args):\n    return 1\n";
    let waits = "import time\n\n@custom\ndef waits(*args):\n    open('waits', 'w').close()\n    try:\n        time.sleep(600)\n    finally:\n        open('heard', 'a').write('the block has ended\\n')\n";
    let below = "@custom\ndef below(*args):\n    return 1\n";
    project
        .block("p", "done", "custom", &[], "", done)
        .block("p", "waits", "custom", &["done"], "", waits)
        .block("p", "below", "custom", &["waits"], "", below);
    let tell = |status: &str| {
        format!(
            "@callback('{status}')\ndef {status}(data, **kwargs):\n    line = f\"{{kwargs['parent_block_uuid']}} {status} {{data}}\\n\"\n    open('heard', 'a').write(line)\n\n"
        )
    };
    let code = ["success", "failure", "cancelled"].map(tell).concat();
    attach(&project, "callbacks", "tell", "done, waits, below", &code);
    let mut child = start(&project);
    wait_for(&project.scratch().join("waits"), &mut child);
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let run = last_summary(&project);
    assert_eq!(run["status"], "cancelled", "{run}");
    let heard = fs::read_to_string(project.scratch().join("heard")).unwrap();
    let heard: Vec<&str> = heard.lines().collect();
    let at = |line: &str| heard.iter().position(|heard| *heard == line);
    assert_eq!(heard.len(), 4, "{heard:?}");
    assert!(at("done success 1").is_some(), "{heard:?}");
    assert!(at("below cancelled []").is_some(), "{heard:?}");
    let (ended, told) = (at("the block has ended"), at("waits cancelled []"));
    assert!(ended.is_some() && ended < told, "{heard:?}");
}

/// Callbacks are no part of what is cancelled: the first Ctrl-C lets them end; the second one ends them, and that is kept.
#[test]
fn only_the_second_control_c_ends_callbacks() {
    let begun = |sleeps: &str| {
        let mut project = TestProject::new();
        let done = "@custom\ndef done(*args):\n    return 1\n";
        project.block("p", "done", "custom", &[], "", done);
        let code = format!(
            "import os, time\n\n@callback('success')\ndef success(data, **kwargs):\n    open('calling', 'w').close()\n    {sleeps}\n    open('called', 'w').close()\n"
        );
        attach(&project, "callbacks", "tell", "done", &code);
        let mut child = start(&project);
        wait_for(&project.scratch().join("calling"), &mut child);
        signal(&child, "-INT");
        (project, child)
    };
    let (project, mut child) = begun("time.sleep(4)");
    assert!(child.wait().unwrap().success());
    assert!(project.scratch().join("called").exists());
    assert_eq!(last_summary(&project)["status"], "completed");

    let (project, mut child) = begun("time.sleep(600)");
    std::thread::sleep(Duration::from_secs(1));
    assert!(child.try_wait().unwrap().is_none(), "it lets them end");
    signal(&child, "-INT");
    assert!(child.wait().unwrap().success());
    assert!(!project.scratch().join("called").exists());
    assert_eq!(last_summary(&project)["status"], "completed");
    let why = project.baton(&["why", "PROJECT", "1"]).stdout;
    assert!(why.contains("the callbacks were stopped"), "{why}");
}

#[test]
fn control_c_twice_kills_what_does_not_listen() {
    let tail = "    import signal\n    signal.signal(signal.SIGINT, lambda *a: open('deaf', 'w').close())\n    note('deaf_ready')\n    while True:\n        time.sleep(60)\n";
    let project = family(tail);
    let mut child = start(&project);
    wait_for(&project.scratch().join("deaf_ready.pid"), &mut child);
    let processes = pids(project.scratch());
    signal(&child, "-INT");
    wait_for(&project.scratch().join("deaf"), &mut child);
    let begun = Instant::now();
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "the second one does not wait"
    );
    assert_gone(&processes, Duration::ZERO);
    assert_eq!(last_summary(&project)["status"], "cancelled");
}

#[test]
fn a_killed_host_takes_its_workers_with_it() {
    let project = family("    time.sleep(600)\n");
    let mut child = start(&project);
    wait_for(&project.scratch().join("block.pid"), &mut child);
    let processes = pids(project.scratch());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_gone(&processes, Duration::from_secs(2));
}

#[test]
fn a_block_that_ends_leaves_nobody_behind() {
    let project = family("    return 1\n");
    let mut child = start(&project);
    assert!(child.wait().unwrap().success());
    assert_gone(&pids(project.scratch()), Duration::ZERO);
    assert_eq!(last_summary(&project)["status"], "completed");
}

#[test]
fn a_timeout_kills_the_whole_family() {
    let mut project = TestProject::new();
    project.block(
        "p",
        "family",
        "custom",
        &[],
        "timeout: 3",
        &format!("{FAMILY}    time.sleep(600)\n"),
    );
    let mut child = start(&project);
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1));
    assert_gone(&pids(project.scratch()), Duration::ZERO);
}
