//! Memory of a block: how much it may use, how much it uses.

use std::fs;

/// Anonymous pages of one process that are resident, bytes.
pub(crate) fn anonymous(pid: i32) -> u64 {
    fs::read_to_string(format!("/proc/{pid}/status"))
        .ok()
        .and_then(|status| field(&status, "RssAnon:"))
        .unwrap_or(0)
}

/// Memory of this machine, or of the control group the process lives in where that is less; none when
/// the system does not say.
pub fn machine_memory() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| field(&text, "MemTotal:"));
    let group = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]
    .iter()
    .filter_map(|path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok())
    .min();
    match (machine, group) {
        (Some(machine), Some(group)) => Some(machine.min(group)),
        (one, other) => one.or(other),
    }
}

/// The value of a line such as `MemTotal:  24576 kB`, bytes.
fn field(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_this_process_is_seen() {
        assert!(anonymous(std::process::id() as i32) > 0);
        assert!(machine_memory().is_some_and(|bytes| bytes > 1 << 26));
    }
}
