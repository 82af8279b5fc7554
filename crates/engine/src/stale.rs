//! Whether what a block last produced is still what it would produce: its code, its settings, its inputs and the
//! variables that it names are compared with those of the run in which it last completed.
//!
//! Nothing is run to find out: a block that reads the clock or a web page is as good as before.

use std::collections::BTreeMap;

use baton_model::{Block, BlockUuid, CodeHash, Map, Pipeline, Plan, RunId};

/// Why the result of a block is not what its code and inputs would give now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Its code was changed.
    Code,
    /// Its settings were changed.
    Settings,
    /// It takes its inputs from other blocks, or in another order.
    Inputs,
    /// A variable that it names was changed.
    Variable {
        /// The variable.
        name: String,
    },
    /// A block above it has run again since.
    Upstream {
        /// The block.
        block: BlockUuid,
    },
    /// The newest run of a block above it failed.
    UpstreamFailed {
        /// The block.
        block: BlockUuid,
    },
    /// A block above it is stale itself.
    UpstreamStale {
        /// The block.
        block: BlockUuid,
    },
}

/// What is known of a block besides what the pipeline says.
#[derive(Clone, Debug, Default)]
pub struct Known<'a> {
    /// Hash of its code as it is now.
    pub code: Option<CodeHash>,
    /// The code as it is now.
    pub text: &'a str,
    /// The run in which it last completed, and what was planned there.
    pub completed: Option<(RunId, &'a Plan)>,
    /// Its newest run, when it failed there after it last completed.
    pub failed: Option<RunId>,
}

/// Why the results of blocks are stale; those that are not, and those that have no result, are left out.
pub fn stale(
    pipeline: &Pipeline,
    known: &BTreeMap<BlockUuid, Known<'_>>,
) -> BTreeMap<BlockUuid, Vec<Stale>> {
    let mut found = BTreeMap::new();
    for block in &pipeline.blocks {
        let reasons = own(pipeline, block, known);
        if !reasons.is_empty() {
            found.insert(block.uuid.clone(), reasons);
        }
    }
    // What is stale makes what is below it stale; as many rounds as blocks are below each other.
    loop {
        let mut fresh = Vec::new();
        for block in &pipeline.blocks {
            let has_result = known
                .get(&block.uuid)
                .is_some_and(|of| of.completed.is_some());
            if !has_result || found.contains_key(&block.uuid) {
                continue;
            }
            let above = block
                .upstream
                .iter()
                .find(|above| found.contains_key(*above));
            fresh.extend(above.map(|above| (block.uuid.clone(), above.clone())));
        }
        if fresh.is_empty() {
            return found;
        }
        for (block, above) in fresh {
            found.insert(block, vec![Stale::UpstreamStale { block: above }]);
        }
    }
}

/// Why a block is stale apart from stale blocks above it.
fn own(pipeline: &Pipeline, block: &Block, known: &BTreeMap<BlockUuid, Known<'_>>) -> Vec<Stale> {
    let Some(of) = known.get(&block.uuid) else {
        return Vec::new();
    };
    let Some((run, plan)) = of.completed else {
        return Vec::new();
    };
    let Some(planned) = plan.block(&block.uuid) else {
        return Vec::new();
    };
    let mut reasons = Vec::new();
    if planned.code != of.code {
        reasons.push(Stale::Code);
    }
    if planned.configuration != block.configuration {
        reasons.push(Stale::Settings);
    }
    let is_part = |uuid: &&BlockUuid| pipeline.block(uuid).is_some_and(|one| one.kind.runs());
    if !planned
        .upstream
        .iter()
        .eq(block.upstream.iter().filter(is_part))
    {
        reasons.push(Stale::Inputs);
    }
    let changes = changed(&plan.variables, &pipeline.variables);
    let named = changes.filter(|name| has_word(of.text, name));
    reasons.extend(named.map(|name| Stale::Variable { name: name.clone() }));
    for above in &planned.upstream {
        let Some(its) = known.get(above) else {
            continue;
        };
        let taken = match plan.block(above) {
            Some(_) => Some(run),
            None => plan.inputs.get(above).map(|older| older.run),
        };
        let block = above.clone();
        if its.failed.is_some_and(|failed| failed > run) {
            reasons.push(Stale::UpstreamFailed { block });
        } else if its.completed.map(|(newest, _)| newest) > taken {
            reasons.push(Stale::Upstream { block });
        }
    }
    reasons
}

/// Names of variables that are not what they were.
fn changed<'a>(before: &'a Map, now: &'a Map) -> impl Iterator<Item = &'a String> {
    let gone = before.keys().filter(|name| !now.contains_key(*name));
    let other = now
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value));
    gone.chain(other.map(|(name, _)| name))
}

/// Whether a text has a name in it, not as a part of a longer one.
fn has_word(text: &str, name: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(name).any(|(at, found)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text
            .get(at + found.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for (text, name, expected) in [
            ("kwargs['late_after']", "late_after", true),
            ("late_after", "late", false),
            ("too_late", "late", false),
            ("late_after, late", "late", true),
            ("{{ late }}", "late", true),
            ("", "late", false),
        ] {
            assert_eq!(has_word(text, name), expected, "{name} in {text}");
        }
    }
}
