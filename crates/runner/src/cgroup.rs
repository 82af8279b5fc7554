//! Control groups of version 2: where the system has given us a group to divide up, each block process lives in a part
//! of it, and the kernel itself holds it to its memory.
//!
//! Elsewhere the memory of blocks is looked at from time to time; see `memory`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Where Linux has its control groups.
const MOUNT: &str = "/sys/fs/cgroup";

/// Over how long the kernel measures a share of processors, and the least of it that it takes, microseconds.
const PERIOD: u64 = 100_000;
const LEAST_QUOTA: u64 = 1_000;

/// Our own group, below which block processes get theirs.
#[derive(Debug)]
pub(crate) struct Groups {
    folder: PathBuf,
    /// Where we live ourselves, if we had to make room: a group with parts can hold no process.
    host: Option<PathBuf>,
    pid: u32,
    next: AtomicU64,
}

/// The group of one block process and of everything it starts.
#[derive(Debug)]
pub(crate) struct Group {
    folder: PathBuf,
    /// Whether the kernel holds it to its share of the processors.
    pub(crate) limits_cpu: bool,
}

impl Groups {
    /// Our group, if it may be divided and memory can be limited in its parts. Anything else is no error.
    pub(crate) fn find() -> Option<Self> {
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        Self::below(Path::new(MOUNT), &own, std::process::id())
    }

    /// `own` is what `/proc/self/cgroup` says, `pid` our number.
    fn below(mount: &Path, own: &str, pid: u32) -> Option<Self> {
        let path = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
        if path.split('/').any(|part| part == "..") {
            return None;
        }
        let mut groups = Self {
            folder: mount.join(path),
            host: None,
            pid,
            next: AtomicU64::new(1),
        };
        if !groups.lists("memory", "cgroup.controllers") {
            return None;
        }
        if !groups.lists("memory", "cgroup.subtree_control") {
            groups.make_room().ok()?;
        }
        let may_divide_time = groups.lists("cpu", "cgroup.controllers");
        if may_divide_time && !groups.lists("cpu", "cgroup.subtree_control") {
            // Without it blocks are held to whole processors; see `Job::cpus`.
            let _ = fs::write(groups.folder.join("cgroup.subtree_control"), "+cpu");
        }
        Some(groups)
    }

    fn lists(&self, controller: &str, file: &str) -> bool {
        fs::read_to_string(self.folder.join(file))
            .is_ok_and(|list| list.split_whitespace().any(|name| name == controller))
    }

    /// Moves this process into a part, so that the group can have more of them. Fails where somebody else lives in
    /// the group as well, and leaves everything as it was.
    fn make_room(&mut self) -> io::Result<()> {
        let host = self.folder.join(format!("baton-{}-host", self.pid));
        fs::create_dir(&host)?;
        self.host = Some(host.clone());
        // From here on `drop` takes it back.
        fs::write(host.join("cgroup.procs"), self.pid.to_string())?;
        fs::write(self.folder.join("cgroup.subtree_control"), "+memory")
    }

    /// Puts a process into a group of its own that may hold `limit` bytes, and use so many thousandths of a processor.
    /// None where that fails; that processors cannot be limited is no failure.
    pub(crate) fn hold(&self, pid: i32, limit: u64, cpu: Option<u64>) -> Option<Group> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let folder = self.folder.join(format!("baton-{}-{number}", self.pid));
        fs::create_dir(&folder).ok()?;
        let mut group = Group {
            folder,
            limits_cpu: false,
        };
        group.set("memory.max", &limit.to_string()).ok()?;
        // Kernels that do not count swap have no such file; and none dies alone.
        let _ = group.set("memory.swap.max", "0");
        let _ = group.set("memory.oom.group", "1");
        // Only an existing file is written: the kernel's files are there or are not.
        if let Some(cpu) = cpu.filter(|_| group.folder.join("cpu.max").exists()) {
            group.limits_cpu = group.set("cpu.max", &share(cpu)).is_ok();
        }
        group.set("cgroup.procs", &pid.to_string()).ok()?;
        Some(group)
    }
}

/// So many thousandths of a processor, in the words of the kernel.
fn share(cpu: u64) -> String {
    let quota = (cpu.saturating_mul(PERIOD) / 1000).max(LEAST_QUOTA);
    format!("{quota} {PERIOD}")
}

impl Drop for Groups {
    fn drop(&mut self) {
        let Some(host) = &self.host else { return };
        for controller in ["-cpu", "-memory"] {
            let _ = fs::write(self.folder.join("cgroup.subtree_control"), controller);
        }
        let _ = fs::write(self.folder.join("cgroup.procs"), self.pid.to_string());
        let _ = fs::remove_dir(host);
    }
}

impl Group {
    fn set(&self, file: &str, value: &str) -> io::Result<()> {
        fs::write(self.folder.join(file), value)
    }

    /// Whether the kernel killed something here because the group was at its limit. That the whole machine ran out of
    /// memory does not count.
    pub(crate) fn ran_out(&self) -> bool {
        let events = fs::read_to_string(self.folder.join("memory.events")).unwrap_or_default();
        let count = |name: &str| {
            events
                .lines()
                .filter_map(|line| line.split_once(' '))
                .any(|(event, count)| event == name && count.trim() != "0")
        };
        count("oom") && count("oom_kill")
    }

    /// Processor time of everything that has lived here, seconds.
    pub(crate) fn cpu_seconds(&self) -> Option<f64> {
        let text = fs::read_to_string(self.folder.join("cpu.stat")).ok()?;
        let spent = text
            .lines()
            .find_map(|line| line.strip_prefix("usage_usec "))?;
        Some(spent.trim().parse::<u64>().ok()? as f64 / 1e6)
    }

    /// The most memory that was in use at a time, bytes; none before Linux 5.19.
    pub(crate) fn peak(&self) -> Option<u64> {
        let text = fs::read_to_string(self.folder.join("memory.peak")).ok()?;
        text.trim().parse().ok()
    }
}

impl Drop for Group {
    /// What is still there is no longer wanted.
    fn drop(&mut self) {
        // Only an existing file is written: the kernel's files are there or are not.
        if self.folder.join("cgroup.kill").exists() {
            let _ = self.set("cgroup.kill", "1");
        }
        let _ = fs::remove_dir(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "0::/user.slice/run.scope\n";

    /// A folder that looks like our group. Writing to its files does what writing to files does.
    fn group(controllers: &str, subtree: &str) -> tempfile::TempDir {
        let mount = tempfile::tempdir().unwrap();
        let folder = mount.path().join("user.slice/run.scope");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("cgroup.controllers"), controllers).unwrap();
        fs::write(folder.join("cgroup.subtree_control"), subtree).unwrap();
        mount
    }

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_group_that_cannot_be_divided_is_left_alone() {
        for (own, controllers) in [
            ("", "cpu memory"),
            ("4:memory:/a\n0::/\n", "cpu memory"),
            ("0::/../outside\n", "cpu memory"),
            ("0::/elsewhere\n", "cpu memory"),
            (OWN, "cpu pids\n"),
            (OWN, "cpu memory.fake\n"),
        ] {
            let mount = group(controllers, "");
            let found = Groups::below(mount.path(), own, 7);
            assert!(found.is_none(), "{own:?} {controllers:?}");
            let folder = mount.path().join("user.slice/run.scope");
            assert_eq!(fs::read_dir(folder).unwrap().count(), 2);
        }
    }

    #[test]
    fn the_host_makes_room_and_goes_back() {
        let mount = group("cpu memory pids\n", "\n");
        let folder = mount.path().join("user.slice/run.scope");
        let groups = Groups::below(mount.path(), OWN, 7).unwrap();
        assert_eq!(read(&folder.join("baton-7-host/cgroup.procs")), "7");
        // The last thing that was written: processors come after memory, and are not necessary.
        assert_eq!(read(&folder.join("cgroup.subtree_control")), "+cpu");
        drop(groups);
        assert_eq!(read(&folder.join("cgroup.subtree_control")), "-memory");
        assert_eq!(read(&folder.join("cgroup.procs")), "7");
    }

    #[test]
    fn where_others_live_everything_stays_as_it_was() {
        let mount = group("memory\n", "");
        let folder = mount.path().join("user.slice/run.scope");
        // The kernel refuses; here a folder of that name does.
        fs::remove_file(folder.join("cgroup.subtree_control")).unwrap();
        fs::create_dir(folder.join("cgroup.subtree_control")).unwrap();
        assert!(Groups::below(mount.path(), OWN, 7).is_none());
        assert_eq!(read(&folder.join("cgroup.procs")), "7");
    }

    #[test]
    fn a_block_is_held_to_its_limit() {
        let mount = group("memory", "memory");
        let groups = Groups::below(mount.path(), OWN, 7).unwrap();
        assert!(groups.host.is_none(), "the group is divided already");
        let group = groups.hold(42, 1_000_000, None).unwrap();
        let set = |file: &str| read(&group.folder.join(file));
        assert_eq!(set("memory.max"), "1000000");
        assert_eq!(set("memory.swap.max"), "0");
        assert_eq!(set("memory.oom.group"), "1");
        assert_eq!(set("cgroup.procs"), "42");
        assert_eq!(group.peak(), None);
        fs::write(group.folder.join("memory.peak"), "999424\n").unwrap();
        assert_eq!(group.peak(), Some(999_424));
        assert_eq!(group.cpu_seconds(), None);
        fs::write(
            group.folder.join("cpu.stat"),
            "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n",
        )
        .unwrap();
        assert_eq!(group.cpu_seconds(), Some(2.5));
        let second = groups.hold(43, 1, None).unwrap();
        assert_ne!(second.folder, group.folder);
    }

    #[test]
    fn a_block_is_held_to_its_share_of_the_processors() {
        let mount = group("cpu memory", "cpu memory");
        let groups = Groups::below(mount.path(), OWN, 7).unwrap();
        let group = groups.hold(42, 1_000_000, Some(1500)).unwrap();
        // The kernel would have made the file.
        assert!(!group.limits_cpu);
        assert!(!group.folder.join("cpu.max").exists());
        assert_eq!(share(1500), "150000 100000");
        assert_eq!(share(1), "1000 100000");
    }

    #[test]
    fn only_its_own_limit_counts_as_having_run_out() {
        let mount = group("memory", "memory");
        let groups = Groups::below(mount.path(), OWN, 7).unwrap();
        let group = groups.hold(42, 1_000_000, None).unwrap();
        assert!(!group.ran_out());
        for (events, expected) in [
            (
                "low 0\nhigh 0\nmax 12\noom 0\noom_kill 0\noom_group_kill 0\n",
                false,
            ),
            (
                "low 0\nhigh 0\nmax 12\noom 0\noom_kill 1\noom_group_kill 0\n",
                false,
            ),
            (
                "low 0\nhigh 0\nmax 12\noom 1\noom_kill 3\noom_group_kill 1\n",
                true,
            ),
        ] {
            fs::write(group.folder.join("memory.events"), events).unwrap();
            assert_eq!(group.ran_out(), expected, "{events}");
        }
    }
}
