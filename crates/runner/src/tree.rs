//! Process trees: who descends from whom, and ending a whole tree for certain.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// Rounds of looking for new descendants before giving up: a tree that forks faster than it is
/// stopped would otherwise keep us here for ever.
const MAX_ROUNDS: usize = 200;

/// All descendants of `root`, without `root` itself. Empty where there is no `/proc`.
pub(crate) fn descendants(root: i32) -> BTreeSet<i32> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    let Ok(entries) = fs::read_dir("/proc") else {
        return BTreeSet::new();
    };
    for entry in entries.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<i32>().ok())
        else {
            continue;
        };
        if let Some(parent) = parent_of(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = BTreeSet::new();
    let mut open = vec![root];
    while let Some(pid) = open.pop() {
        for child in children.get(&pid).into_iter().flatten() {
            if found.insert(*child) {
                open.push(*child);
            }
        }
    }
    found
}

/// Direct children of `pid` that are not zombies.
pub(crate) fn children(pid: i32) -> Vec<i32> {
    descendants(pid)
        .into_iter()
        .filter(|child| parent_of(*child) == Some(pid))
        .collect()
}

/// The parent of a living process; none for a zombie or a process that is gone.
fn parent_of(pid: i32) -> Option<i32> {
    // `pid (name) state ppid ...`; the name may hold spaces and parentheses, so look behind the last one.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    (state != "Z" && state != "X").then_some(parent)
}

/// Kills `root` and everything below it, also processes with a session of their own.
///
/// Everything is stopped first, from the top: a stopped process cannot fork, so the set of
/// descendants is complete once a round finds nobody new; then all are killed together. Returns
/// whether nothing is left.
pub(crate) fn kill_tree(root: i32) -> bool {
    signal(root, Signal::STOP);
    let mut stopped = BTreeSet::from([root]);
    for _ in 0..MAX_ROUNDS {
        let new: Vec<i32> = descendants(root)
            .into_iter()
            .filter(|pid| !stopped.contains(pid))
            .collect();
        if new.is_empty() {
            break;
        }
        for pid in new {
            signal(pid, Signal::STOP);
            stopped.insert(pid);
        }
    }
    for pid in &stopped {
        signal(*pid, Signal::KILL);
    }
    descendants(root).is_empty()
}

/// Asks one process to stop, as Ctrl-C does.
pub(crate) fn interrupt(pid: i32) {
    signal(pid, Signal::INT);
}

fn signal(pid: i32, signal: Signal) {
    // That the process is already gone is what we want.
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, signal);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_tree_with_its_own_sessions_is_killed_whole() {
        let script = "setsid sh -c 'sleep 600 & sleep 600' & sleep 600 & echo ready; wait";
        let mut shell = Command::new("sh")
            .args(["-c", script])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let pid = shell.id() as i32;
        assert!(!descendants(pid).is_empty());
        kill_tree(pid);
        shell.wait().unwrap();
        assert!(descendants(pid).is_empty());
        assert!(descendants(std::process::id() as i32).iter().all(|child| {
            !fs::read_to_string(format!("/proc/{child}/cmdline"))
                .unwrap_or_default()
                .contains("600")
        }));
    }
}
