//! Whether a trigger can do what a request wants of it. What files say is judged by `baton check`, with the same rules.

use baton_engine::triggers::{Waiting, circle, told};
use baton_model::{After, Map, Trigger, TriggerKind, TriggerSettings};
use baton_project::{INTERVALS, Rule, Triggers, interval_problem};
use serde_json::{Value, json};

use super::Host;
use crate::failure::Failure;

/// Longest name of a trigger, in characters, as in Mage's database.
const LONGEST_NAME: usize = 255;

impl Host {
    /// Refuses what cannot be followed, and notes when a trigger is switched on. Only what changes is judged, so that a
    /// trigger that never could work can still be switched off; all of it when it is made or switched on.
    pub(super) async fn checked(
        &self,
        trigger: &mut Trigger,
        before: Option<&Trigger>,
    ) -> Result<(), Failure> {
        let was_active = before.is_some_and(|before| before.is_active);
        let is_switched_on = trigger.is_active && !was_active;
        // What a change leaves alone; nothing when everything is judged.
        let kept = before.filter(|_| !is_switched_on);
        if kept.is_none_or(|kept| kept.name != trigger.name) {
            name(&trigger.name)?;
        }
        // The triggers of backfills have a kind of their own.
        if before.is_none_or(|before| before.kind != trigger.kind) {
            kind(&trigger.kind)?;
        }
        if kept.is_none_or(|kept| kept.interval != trigger.interval) {
            interval(trigger.interval.as_deref())?;
        }
        settings(&trigger.settings, kept.map(|kept| &kept.settings))?;
        let after = |trigger: &Trigger| TriggerSettings::of(&trigger.settings).after;
        let waits = after(trigger);
        let is_same = |kept: &Trigger| after(kept) == waits && kept.kind == trigger.kind;
        if !waits.is_empty() && !kept.is_some_and(is_same) {
            self.judge_waits(trigger, &waits).await?;
        }
        let has_new_interval = before.is_some_and(|before| before.interval != trigger.interval);
        if trigger.is_active && (!was_active || has_new_interval) {
            trigger.last_enabled_at = Some(self.service().now());
        }
        Ok(())
    }

    /// Refuses to wait for pipelines that do not exist, and for runs that the trigger's own runs would lead to.
    async fn judge_waits(&self, trigger: &Trigger, waits: &[After]) -> Result<(), Failure> {
        for one in waits {
            if !self.state().has_pipeline(&one.pipeline) {
                return Err(Failure::usage(
                    format!("`settings.after`: there is no pipeline `{}`", one.pipeline),
                    "name pipelines of the project",
                ));
            }
        }
        let stored = self.store().triggers().await?;
        let on = stored.iter().filter(|other| other.is_active);
        let on: Vec<(&Trigger, Vec<After>)> = on
            .map(|other| (other, TriggerSettings::of(&other.settings).after))
            .collect();
        let others: Vec<Waiting<'_>> = on
            .iter()
            .map(|(trigger, after)| Waiting { trigger, after })
            .collect();
        let own = Waiting {
            trigger,
            after: waits,
        };
        match circle(own, &others) {
            None => Ok(()),
            Some(way) => Err(Failure::usage(
                format!(
                    "`settings.after`: pipelines would start each other without end: {}",
                    told(&way)
                ),
                "take one of these pipelines out of `settings.after`",
            )),
        }
    }
}

fn name(name: &str) -> Result<(), Failure> {
    if name.trim().is_empty() {
        return Err(Failure::usage("the trigger has no name", "give it one"));
    }
    let length = name.chars().count();
    if length > LONGEST_NAME {
        return Err(Failure::usage(
            format!("`name` has {length} characters, and {LONGEST_NAME} are the most"),
            "give it a shorter one",
        ));
    }
    Ok(())
}

fn kind(kind: &TriggerKind) -> Result<(), Failure> {
    match kind {
        TriggerKind::Other(name) => Err(Failure::usage(
            format!("`schedule_type` cannot be `{name}`"),
            "use `time`, `event`, `api` or `pipeline`",
        )),
        _ => Ok(()),
    }
}

fn interval(interval: Option<&str>) -> Result<(), Failure> {
    let interval = interval.filter(|text| !text.trim().is_empty());
    match interval.and_then(|text| Some((text, interval_problem(text)?))) {
        None => Ok(()),
        Some((text, reason)) => Err(Failure::usage(
            format!("`schedule_interval`: `{text}` is no schedule: {reason}"),
            format!("write {INTERVALS}"),
        )),
    }
}

/// Refuses settings that the check of a file would complain of. Keys that nobody knows may be anybody's.
pub(super) fn settings(settings: &Map, kept: Option<&Map>) -> Result<(), Failure> {
    for (key, value) in settings {
        if kept.is_none_or(|kept| kept.get(key) != Some(value)) {
            setting(key, value)?;
        }
    }
    Ok(())
}

fn setting(key: &str, value: &Value) -> Result<(), Failure> {
    // JSON is YAML.
    let file = json!({"triggers": [{
        "name": "trigger", "schedule_type": "api", "schedule_interval": null, "start_time": null,
        "settings": {key: value},
    }]});
    let read = Triggers::of_text(&"pipeline".into(), &file.to_string());
    let counts = |code: &str| {
        [Rule::BadSetting, Rule::YamlShape]
            .iter()
            .any(|rule| rule.code() == code)
    };
    let mut problems = read.problems.into_iter();
    let Some(problem) = problems.find(|problem| counts(problem.code)) else {
        return Ok(());
    };
    let (quoted, place) = (format!("`{key}`"), format!("`settings.{key}`"));
    let message = if problem.message.contains(&quoted) {
        problem.message.replacen(&quoted, &place, 1)
    } else {
        format!("{place}: {}", problem.message)
    };
    Err(Failure {
        hint: problem.hint,
        ..Failure::usage(message, "")
    })
}
