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

#[cfg(test)]
mod tests {
    use baton_model::{Map, Timestamp, TriggerSettings};
    use serde_json::json;

    use super::*;

    fn trigger(id: i64, pipeline: &str, after: serde_json::Value) -> Trigger {
        Trigger {
            id: TriggerId(id),
            pipeline: pipeline.into(),
            name: format!("t{id}"),
            kind: TriggerKind::Pipeline,
            interval: None,
            start_time: None,
            is_active: true,
            last_enabled_at: None,
            variables: Map::new(),
            sla: None,
            settings: Map::from_iter([("after".to_owned(), after)]),
            token: None,
            description: None,
            matchers: Vec::new(),
            tags: Vec::new(),
            product: None,
            is_declared: false,
            taken_out_at: None,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    #[test]
    fn circles_lead_back_to_the_trigger_itself() {
        let check = |all: &[Trigger], expected: Option<&str>| {
            let after: Vec<Vec<After>> = (all.iter())
                .map(|one| TriggerSettings::of(&one.settings).after)
                .collect();
            let all: Vec<Waiting<'_>> = (all.iter().zip(&after))
                .map(|(trigger, after)| Waiting { trigger, after })
                .collect();
            let found = circle(all[0], &all).map(|way| told(&way));
            assert_eq!(found.as_deref(), expected);
        };
        let own = trigger(1, "a", json!(["a"]));
        check(&[own], Some("a → a"));
        let [a, b, c] = [("a", "c"), ("b", "a"), ("c", "b")]
            .map(|(pipeline, after)| (pipeline, json!([after])));
        let a = trigger(1, a.0, a.1);
        let (b, c) = (trigger(2, b.0, b.1), trigger(3, c.0, c.1));
        check(&[a.clone(), b.clone(), c.clone()], Some("a → b → c → a"));
        check(&[a, b.clone()], None);
        // Beside a circle of others.
        let round = trigger(4, "b", json!(["b"]));
        check(&[trigger(1, "a", json!(["d"])), b.clone(), round], None);
        // Only runs of another trigger are followed.
        let named = trigger(1, "a", json!([{"pipeline": "a", "trigger": "t9"}]));
        check(&[named], None);
    }
}
