//! What is different since an earlier run.

use std::collections::BTreeSet;

use baton_model::{BlockUuid, Map, Run};
use serde_json::Value;

use super::words::number;

/// Most of one kind of difference that is listed.
const MOST: usize = 5;

/// Longest value that is shown.
const LONGEST: usize = 40;

/// Differences between a run and an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Blocks whose code differs.
    pub code: Vec<BlockUuid>,
    /// What else differs: a sentence each.
    pub other: Vec<String>,
}

impl Changes {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.code.is_empty() && self.other.is_empty()
    }

    /// One sentence for each difference.
    pub fn sentences(&self) -> Vec<String> {
        let code = (!self.code.is_empty()).then(|| {
            let blocks = listed(self.code.iter().map(|uuid| format!("`{uuid}`")));
            format!("The code of {blocks} has changed.")
        });
        code.into_iter().chain(self.other.iter().cloned()).collect()
    }
}

/// What is different in `run` since `earlier`: code, blocks, variables, environment, settings, rows.
pub fn changes(run: &Run, earlier: &Run) -> Changes {
    let (new, old) = (&run.plan, &earlier.plan);
    let mut changes = Changes::default();
    let names = |run: &Run| -> BTreeSet<BlockUuid> {
        let blocks = run.plan.blocks.iter();
        blocks.map(|block| block.uuid.clone()).collect()
    };
    let (now, then) = (names(run), names(earlier));
    for block in &new.blocks {
        let Some(before) = old.block(&block.uuid) else {
            continue;
        };
        if before.code != block.code {
            changes.code.push(block.uuid.clone());
        }
        if before.configuration != block.configuration {
            let text = format!("The settings of block `{}` have changed.", block.uuid);
            changes.other.push(text);
        }
        if before.upstream != block.upstream {
            let text = format!("Block `{}` takes its inputs from other blocks.", block.uuid);
            changes.other.push(text);
        }
    }
    let quoted =
        |uuids: &mut dyn Iterator<Item = &BlockUuid>| listed(uuids.map(|uuid| format!("`{uuid}`")));
    if now.difference(&then).next().is_some() {
        let text = format!("New blocks: {}.", quoted(&mut now.difference(&then)));
        changes.other.push(text);
    }
    if then.difference(&now).next().is_some() {
        let text = format!(
            "Blocks that are gone: {}.",
            quoted(&mut then.difference(&now))
        );
        changes.other.push(text);
    }
    if new.env != old.env {
        let text = format!("It runs as `{}`; it ran as `{}`.", new.env, old.env);
        changes.other.push(text);
    }
    changes.other.extend(variables(
        &merged(&old.variables, &old.given),
        &merged(&new.variables, &new.given),
    ));
    changes.other.extend(rows(run, earlier));
    changes
}

fn merged(variables: &Map, given: &Map) -> Map {
    let mut all = variables.clone();
    all.extend(given.clone());
    all
}

/// Variables that differ. Those of a backfill's or a schedule's dates differ in every run.
fn variables(old: &Map, new: &Map) -> Vec<String> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differs = |name: &&String| old.get(*name) != new.get(*name) && !is_date(name);
    let differing: Vec<&String> = names.into_iter().filter(differs).collect();
    let mut found: Vec<String> = differing
        .iter()
        .take(MOST)
        .map(|name| match (old.get(*name), new.get(*name)) {
            _ if is_private(name) => format!("Variable `{name}` has changed."),
            (Some(old), Some(new)) => {
                format!(
                    "Variable `{name}` is {}; it was {}.",
                    short(new),
                    short(old)
                )
            }
            (None, Some(new)) => format!("Variable `{name}` is new: {}.", short(new)),
            _ => format!("Variable `{name}` is gone."),
        })
        .collect();
    if differing.len() > MOST {
        found.push(format!("{} more variables differ.", differing.len() - MOST));
    }
    found
}

fn is_date(name: &str) -> bool {
    matches!(name, "ds" | "hr" | "execution_date") || name.starts_with("interval_")
}

/// Whether the value of a variable of this name is nobody's business.
fn is_private(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "passwd", "secret", "token", "key", "credential"]
        .iter()
        .any(|word| name.contains(word))
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= LONGEST {
        return text;
    }
    let kept: String = text.chars().take(LONGEST - 1).collect();
    format!("{kept}…")
}

/// Blocks that gave far more or far fewer rows: twice, or half.
fn rows(run: &Run, earlier: &Run) -> Vec<String> {
    let rows = |run: &Run, uuid: &BlockUuid| -> Option<f64> {
        let blocks = run.blocks.iter().filter(|block| block.key.block == *uuid);
        let counts = blocks.flat_map(|block| &block.products);
        let mut counts = counts.filter_map(|product| product.rows).peekable();
        counts.peek()?;
        Some(counts.map(|rows| rows as f64).sum())
    };
    let differs = |old: f64, new: f64| new > 2.0 * old || new < 0.5 * old;
    run.plan
        .blocks
        .iter()
        .filter_map(|block| {
            let (old, new) = (rows(earlier, &block.uuid)?, rows(run, &block.uuid)?);
            differs(old, new).then(|| {
                let (new, old) = (number(new), number(old));
                format!("Block `{}` gave {new} rows; it gave {old}.", block.uuid)
            })
        })
        .take(MOST)
        .collect()
}

/// `a, b, c and 4 more`.
pub(super) fn listed(names: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = names.collect();
    let shown = all
        .iter()
        .take(MOST)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match all.len().checked_sub(MOST) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}
