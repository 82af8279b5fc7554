//! Triggers that wait for the ends of each other's runs. A circle of them makes runs without end.

use std::collections::{BTreeMap, VecDeque};

use baton_model::{After, PipelineUuid, Trigger, TriggerId, TriggerKind};

/// A trigger with the ends that it waits for.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// The trigger.
    pub trigger: &'a Trigger,
    /// What its settings say that it waits for.
    pub after: &'a [After],
}

impl Waiting<'_> {
    /// Whether the end of a run of `other` can start a run of it.
    fn follows(&self, other: &Trigger) -> bool {
        self.after.iter().any(|one| {
            let trigger = one.trigger.as_deref();
            one.pipeline == other.pipeline && trigger.is_none_or(|name| name == other.name)
        })
    }
}

/// The pipelines through which the runs of a trigger lead back to itself, from its own to its own; none where they do
/// not. `others` are those that are on; the trigger itself need not be among them.
pub fn circle(start: Waiting<'_>, others: &[Waiting<'_>]) -> Option<Vec<PipelineUuid>> {
    let pipeline = &start.trigger.pipeline;
    if start.trigger.kind != TriggerKind::Pipeline {
        return None;
    }
    if start.follows(start.trigger) {
        return Some(vec![pipeline.clone(), pipeline.clone()]);
    }
    let others = others.iter().filter(|other| {
        other.trigger.id != start.trigger.id && other.trigger.kind == TriggerKind::Pipeline
    });
    let mut left: Vec<&Waiting<'_>> = others.collect();
    // What each was reached from.
    let mut from: BTreeMap<TriggerId, Option<&Trigger>> = BTreeMap::new();
    let mut next = VecDeque::from([start.trigger]);
    while let Some(trigger) = next.pop_front() {
        let before = (trigger.id != start.trigger.id).then_some(trigger);
        let (reached, rest) = left.iter().partition(|one| one.follows(trigger));
        left = rest;
        let reached: Vec<&Waiting<'_>> = reached;
        for one in reached {
            from.insert(one.trigger.id, before);
            if start.follows(one.trigger) {
                let mut way = vec![pipeline.clone(), one.trigger.pipeline.clone()];
                let mut above = before;
                while let Some(trigger) = above {
                    way.push(trigger.pipeline.clone());
                    above = from.get(&trigger.id).copied().flatten();
                }
                way.push(pipeline.clone());
                way.reverse();
                return Some(way);
            }
            next.push_back(one.trigger);
        }
    }
    None
}

/// A way along pipelines, for people.
pub fn told(way: &[PipelineUuid]) -> String {
    let names: Vec<&str> = way.iter().map(PipelineUuid::as_str).collect();
    names.join(" → ")
}
