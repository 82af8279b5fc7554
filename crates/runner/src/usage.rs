//! What an attempt uses: rows, bytes, processor time, memory.
//!
//! Several witnesses, none of whom sees everything: the process itself says at its end what it has used, its zygote
//! what the system counted, a control group knows all of its members, and a look at the process tree from time to time
//! sees what is killed before it can speak. Of each figure the greatest counts.

use std::fs;

use baton_model::{Outcome, Product, Usage};
use rustix::param::clock_ticks_per_second;

use crate::cgroup::Group;
use crate::memory::anonymous;
use crate::protocol::{Input, InputProduct};
use crate::tree;

/// So many looks have seen what there is to see; a process that was looked at less often is believed when it says that
/// it had more memory in between.
const ENOUGH_LOOKS: u32 = 5;

/// What a process tree uses at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Glance {
    /// Private memory, bytes: anonymous pages that are resident. Pages of mapped files do not count, the system can drop
    /// those.
    pub(crate) memory: u64,
    /// Processor time so far, seconds; also of what has ended and was waited for.
    pub(crate) cpu_seconds: f64,
}

/// Looks at a process and its descendants.
pub(crate) fn glance(pid: i32) -> Glance {
    let mut seen = Glance::default();
    let tree = tree::descendants(pid);
    for member in tree.into_iter().chain([pid]) {
        seen.memory = seen.memory.saturating_add(anonymous(member));
        seen.cpu_seconds += processor_time(member).unwrap_or_default();
    }
    seen
}

/// Seconds that a process and the children it has waited for have spent.
fn processor_time(pid: i32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // `pid (name) state ppid ...`; user and system time are the 14th and 15th field, those of children follow.
    let fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let ticks: u64 = (fields.skip(11).take(4))
        .map_while(|one| one.parse::<u64>().ok())
        .sum();
    Some(ticks as f64 / clock_ticks_per_second() as f64)
}

/// What is known of one attempt.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Processor time of the process before the attempt, for one that others have used before.
    before: f64,
    cpu_seconds: Option<f64>,
    looks: u32,
    seen_memory: Option<u64>,
    told_memory: Option<u64>,
    held_memory: Option<u64>,
}

impl Meter {
    /// A meter for an attempt in a process that has just come up.
    pub(crate) fn fresh() -> Self {
        Self::default()
    }

    /// A meter for an attempt in a process that has worked before.
    pub(crate) fn shared(pid: i32) -> Self {
        Self {
            before: glance(pid).cpu_seconds,
            ..Self::default()
        }
    }

    /// Notes what a look has seen.
    pub(crate) fn see(&mut self, seen: Glance) {
        self.looks += 1;
        self.seen_memory = self.seen_memory.max(Some(seen.memory));
        self.count((seen.cpu_seconds - self.before).max(0.0));
    }

    /// Notes what the process says.
    pub(crate) fn hear(&mut self, cpu_seconds: Option<f64>, memory: Option<u64>) {
        self.told_memory = memory;
        self.count(cpu_seconds.unwrap_or_default());
    }

    /// Notes what the system has counted when the process was gone.
    pub(crate) fn reaped(&mut self, cpu_seconds: Option<f64>) {
        self.count((cpu_seconds.unwrap_or_default() - self.before).max(0.0));
    }

    /// Asks the group of the process.
    pub(crate) fn ask(&mut self, group: &Group) {
        self.held_memory = group.peak();
        self.count(group.cpu_seconds().unwrap_or_default());
    }

    fn count(&mut self, seconds: f64) {
        // Block code can send what it likes.
        if seconds.is_finite() && seconds > 0.0 {
            self.cpu_seconds = Some(self.cpu_seconds.map_or(seconds, |known| known.max(seconds)));
        }
    }

    fn peak_memory(&self) -> Option<u64> {
        if let Some(held) = self.held_memory {
            return Some(held);
        }
        // Its own figure counts mapped files that it has given back.
        if self.looks < ENOUGH_LOOKS {
            self.seen_memory.max(self.told_memory)
        } else {
            self.seen_memory
        }
    }

    /// All of it, for an attempt that took `inputs` and ended so.
    pub(crate) fn usage(&self, inputs: &[Input], outcome: &Outcome) -> Usage {
        let products: &[Product] = match outcome {
            Outcome::Completed { products, .. } | Outcome::Failed { products, .. } => products,
            Outcome::Cancelled | Outcome::ConditionFailed { .. } => &[],
        };
        Usage {
            rows_in: sum(inputs.iter().map(rows_of)),
            rows: sum(products.iter().map(|product| product.rows)),
            bytes: (!products.is_empty())
                .then(|| products.iter().map(|product| product.bytes).sum()),
            cpu_seconds: self.cpu_seconds,
            peak_memory: self.peak_memory(),
        }
    }
}

/// Rows of the frames that are taken from one block above; a single item of them is none.
fn rows_of(input: &Input) -> Option<u64> {
    if input.item.is_some() {
        return None;
    }
    let children = input.children.iter().flatten().flatten();
    sum(input
        .products
        .iter()
        .chain(children)
        .map(InputProduct::rows))
}

fn sum(numbers: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    numbers.flatten().reduce(u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(memory: u64, cpu_seconds: f64) -> Glance {
        Glance {
            memory,
            cpu_seconds,
        }
    }

    #[test]
    fn the_greatest_figure_counts() {
        let mut meter = Meter::fresh();
        assert_eq!(meter.usage(&[], &Outcome::Cancelled), Usage::default());
        meter.see(seen(500, 0.25));
        meter.hear(Some(0.5), Some(700));
        meter.reaped(Some(0.125));
        let usage = meter.usage(&[], &Outcome::Cancelled);
        assert_eq!(usage.cpu_seconds, Some(0.5));
        assert_eq!(usage.peak_memory, Some(700));
        // What block code makes up is left out.
        meter.hear(Some(f64::NAN), None);
        meter.hear(Some(-1.0), None);
        let usage = meter.usage(&[], &Outcome::Cancelled);
        assert_eq!(usage.cpu_seconds, Some(0.5));
    }

    #[test]
    fn many_looks_know_better_than_the_process() {
        let mut meter = Meter::fresh();
        for _ in 0..ENOUGH_LOOKS {
            meter.see(seen(500, 1.0));
        }
        // Two thirds of it are files that it had mapped and given back.
        meter.hear(Some(1.0), Some(1500));
        let usage = meter.usage(&[], &Outcome::Cancelled);
        assert_eq!(usage.peak_memory, Some(500));
    }

    #[test]
    fn a_shared_process_pays_only_for_the_attempt() {
        let mut meter = Meter {
            before: 10.0,
            ..Meter::default()
        };
        meter.see(seen(1, 12.0));
        let usage = meter.usage(&[], &Outcome::Cancelled);
        assert_eq!(usage.cpu_seconds, Some(2.0));
    }

    #[test]
    fn this_process_is_seen() {
        let pid = std::process::id() as i32;
        assert!(glance(pid).memory > 0);
        let before = processor_time(pid).unwrap();
        // A tick of the clock is ten milliseconds.
        while processor_time(pid).unwrap() <= before {
            std::hint::spin_loop();
        }
    }
}
