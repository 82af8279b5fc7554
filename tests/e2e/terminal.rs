//! Terminals: a shell of the project over a socket, who may have one, and what is left of it.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};

use crate::project::TestProject;
use crate::service::Server;
use crate::websocket::{Connection, Message, UPGRADE};

/// A terminal as a browser has it.
struct Screen {
    connection: Connection,
    /// What was shown so far.
    shown: String,
    /// What was told so far.
    told: Vec<Value>,
}

/// Asks for a terminal; gives the status of the answer.
fn asked(server: &Server, headers: &str) -> u16 {
    let headers = format!("{UPGRADE}{headers}");
    Connection::open_with(server, "/websocket/terminal", &headers).status
}

fn bearer(server: &Server) -> String {
    format!("authorization: Bearer {}\r\n", server.token)
}

impl Screen {
    fn open(server: &Server, query: &str) -> Self {
        let path = format!("/websocket/terminal{query}");
        let connection = Connection::open(server, &path, UPGRADE);
        assert_eq!(connection.status, 101);
        let mut screen = Self {
            connection,
            shown: String::new(),
            told: Vec::new(),
        };
        screen.until(|screen| !screen.told.is_empty());
        assert_eq!(screen.told[0]["type"], "opened");
        screen
    }

    fn say(&mut self, message: &Value) {
        self.connection.say(message);
    }

    fn input(&mut self, data: &str) {
        self.say(&json!({"type": "input", "data": data}));
    }

    fn until(&mut self, is_it: impl Fn(&Self) -> bool) {
        while !is_it(self) {
            match self.connection.hear() {
                Message::Bytes(bytes) => self.shown += &String::from_utf8_lossy(&bytes),
                Message::Text(told) => self.told.push(told),
                Message::Closed => panic!("closed after {:?} {}", self.told, self.shown),
            }
        }
    }

    /// Waits for a line that the shell prints; what was typed is shown, too, so it is written in two parts.
    fn prints(&mut self, text: &str) {
        self.until(|screen| screen.shown.contains(text));
    }

    fn ends(&mut self) -> Value {
        self.until(|screen| screen.told.last().unwrap()["type"] == "ended");
        self.told.last().unwrap().clone()
    }
}

/// A server whose shells know nothing of the machine's user, with an environment in which no Python has to be.
fn served(project: &TestProject, options: &[&str]) -> Server {
    let python = project.scratch().join("made/bin/python");
    fs::create_dir_all(python.parent().unwrap()).unwrap();
    fs::write(&python, "").unwrap();
    let options = [&["--python", python.to_str().unwrap()], options].concat();
    let variables = [("SHELL", "/bin/sh"), ("ENV", "")];
    Server::start_in(project, &options, &variables)
}

fn is_gone(pid: Pid) -> bool {
    // A zombie that nobody has waited for yet is as good as gone.
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    stat.is_ok_and(|stat| stat.contains(") Z ")) || test_kill_process(pid).is_err()
}

fn vanishes(pid: Pid, within: Duration) {
    let start = Instant::now();
    while !is_gone(pid) {
        assert!(start.elapsed() < within, "process {pid:?} lives on");
        std::thread::yield_now();
    }
}

/// Starts a process that has left the shell's session, and gives its number.
fn daemon(screen: &mut Screen) -> Pid {
    screen.input("setsid sh -c 'echo \"daemon\"=$$=; sleep 600' &\n");
    let number = |shown: &str| {
        let (_, rest) = shown.split_once("daemon=")?;
        let (number, _) = rest.split_once('=')?;
        number.parse().ok()
    };
    screen.until(|screen| number(&screen.shown).is_some());
    Pid::from_raw(number(&screen.shown).unwrap()).unwrap()
}

#[test]
fn a_shell_of_the_project_is_typed_into_and_resized_and_ends_whole() {
    let project = TestProject::new();
    let mut command = project.command(&["secret", "PROJECT", "set", "key"]);
    let mut setting = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut value = setting.stdin.take().unwrap();
    writeln!(value, "hunter22hunter22").unwrap();
    drop(value);
    assert!(setting.wait().unwrap().success());
    let server = served(&project, &[]);
    assert_eq!(
        server.get("/api/terminals")["terminals"],
        json!({"is_offered": true, "open": 0, "most": 8, "shell": "/bin/sh"})
    );
    let mut screen = Screen::open(&server, "?columns=91&rows=33");
    screen.input("pwd; stty size; echo a''b=$((6*7)); echo path=$PATH\n");
    screen.prints("ab=42");
    let bin = project.scratch().join("made/bin");
    screen.prints(&format!("path={}:", bin.display()));
    let folder = project.root().canonicalize().unwrap();
    assert!(screen.shown.contains(folder.to_str().unwrap()));
    assert!(screen.shown.contains("33 91"), "{}", screen.shown);
    screen.say(&json!({"type": "resize", "columns": 120, "rows": 50}));
    screen.input("stty size\n");
    screen.prints("50 120");
    screen.say(&json!({"type": "dance"}));
    screen.until(|screen| screen.told.len() == 2);
    assert_eq!(screen.told[1]["type"], "error");
    screen.input("env | grep -c -e hunter22 -e BATON_DATABASE; echo c''d\n");
    screen.prints("cd");
    // The prompt of the line before may come after what was typed, and stand before the answer.
    let is_none = ["\n0\r\n", "\n# 0\r\n"]
        .iter()
        .any(|answer| screen.shown.contains(answer));
    assert!(is_none, "{}", screen.shown);

    // Ctrl-C is for what runs in it.
    screen.input("sh -c 'echo up\"\"on; sleep 600'\n");
    // Before it runs, Ctrl-C would find nobody but the shell.
    screen.prints("upon");
    screen.input("\u{3}");
    screen.input("echo e''f\n");
    screen.prints("ef");
    assert_eq!(server.get("/api/terminals")["terminals"]["open"], 1);

    let left = daemon(&mut screen);
    screen.input("exit 3\n");
    let ended = screen.ends();
    assert_eq!(
        (&ended["exit_code"], &ended["reason"]),
        (&json!(3), &json!("the shell has ended"))
    );
    assert!(is_gone(left), "a daemon has outlived its terminal");
    assert_eq!(server.get("/api/terminals")["terminals"]["open"], 0);
    let audits = server.get("/api/audits");
    let audits = audits["audits"].as_array().unwrap();
    assert_eq!(audits[0]["action"], "terminal.close");
    assert_eq!(audits[0]["details"]["processes_left"], 0);
    assert_eq!(audits[1]["action"], "terminal.open");
}

#[test]
fn a_program_that_prints_without_end_waits_for_who_reads() {
    let project = TestProject::new();
    let server = served(&project, &[]);
    let mut screen = Screen::open(&server, "");
    screen.say(&json!({"type": "seen", "bytes": 0}));
    screen.input("yes | head -c 3000000; echo g''h\n");
    let mut seen = 0;
    while !screen.shown.contains("gh") {
        let before = screen.shown.len();
        screen.until(|screen| screen.shown.len() > before);
        seen += screen.shown.len() - before;
        if seen > 200_000 {
            screen.say(&json!({"type": "seen", "bytes": seen}));
            seen = 0;
        }
    }
    assert!(screen.shown.len() > 3_000_000);
}

#[test]
fn nothing_of_a_terminal_outlives_its_socket_or_its_server() {
    let project = TestProject::new();
    let server = served(&project, &[]);
    let mut screen = Screen::open(&server, "");
    let left = daemon(&mut screen);
    drop(screen);
    vanishes(left, Duration::from_secs(5));

    let mut screen = Screen::open(&server, "");
    let left = daemon(&mut screen);
    kill_process(server.pid(), Signal::KILL).unwrap();
    vanishes(left, Duration::from_secs(2));
}

#[test]
fn eight_at_once_and_only_with_the_token_and_from_this_page() {
    let project = TestProject::new();
    let server = served(&project, &[]);
    assert_eq!(asked(&server, ""), 401);
    let foreign = format!("{}origin: http://evil.example\r\n", bearer(&server));
    assert_eq!(asked(&server, &foreign), 403);
    let mut screens: Vec<Screen> = (0..8).map(|_| Screen::open(&server, "")).collect();
    assert_eq!(asked(&server, &bearer(&server)), 429);
    let mut first = screens.remove(0);
    first.input("exit\n");
    first.ends();
    screens.push(Screen::open(&server, ""));
    // A server that stops says so.
    kill_process(server.pid(), Signal::TERM).unwrap();
    let ended = screens[0].ends();
    assert_eq!(ended["reason"], "the server stops");
    drop(server);

    let server = served(&project, &["--no-terminal"]);
    assert_eq!(asked(&server, &bearer(&server)), 403);
    assert_eq!(
        server.get("/api/terminals")["terminals"]["is_offered"],
        false
    );
}
