//! Memory of a block: how much it may use, how much it uses.

use std::fs;

use crate::tree;

/// Private memory of a process and its descendants, bytes: anonymous pages that are resident. Pages of
/// mapped files do not count, the system can drop those.
pub(crate) fn private_memory(pid: i32) -> u64 {
    let own = anonymous(pid);
    tree::descendants(pid)
        .into_iter()
        .map(anonymous)
        .sum::<u64>()
        + own
}

fn anonymous(pid: i32) -> u64 {
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

/// Bytes in a text such as `512MB`, `1.5 GiB` or `1000000`. Decimal and binary units are told apart.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().ok()?;
    let factor: f64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" | "ki" => 1024.0,
        "mib" | "mi" => 1024.0 * 1024.0,
        "gib" | "gi" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some((number * factor) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_with_and_without_units() {
        for (text, expected) in [
            ("1000", Some(1000)),
            ("512MB", Some(512_000_000)),
            ("1.5 GiB", Some(1_610_612_736)),
            ("2g", Some(2_000_000_000)),
            ("", None),
            ("much", None),
            ("5 parsecs", None),
        ] {
            assert_eq!(parse_size(text), expected, "{text:?}");
        }
    }

    #[test]
    fn memory_of_this_process_is_seen() {
        assert!(private_memory(std::process::id() as i32) > 0);
        assert!(machine_memory().is_some_and(|bytes| bytes > 1 << 26));
    }
}
