//! Values that people choose through the forms of a pipeline: each is of a kind that its form names, and among the
//! choices that it offers.

use std::collections::BTreeMap;

use baton_engine::triggers::{Complaint, accept_chosen};
use baton_model::{Accepted, Map, PipelineUuid};
use baton_project::{Interaction, InteractionVariable, Project, ValueKind};
use serde_json::Value;

use super::Host;
use crate::failure::Failure;

/// What a form wants of each variable: every entry is a way in which a value may be right.
type Rules = BTreeMap<String, Vec<Accepted>>;

impl Host {
    /// What is wrong with variables that somebody chose for a pipeline; `known` are those that count without a choice.
    /// Nothing is wrong where the pipeline has no forms.
    pub(super) async fn wrong_choices(
        &self,
        pipeline: &PipelineUuid,
        chosen: &Map,
        known: &Map,
    ) -> Result<Vec<Complaint>, Failure> {
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let (uuid, chosen, known) = (pipeline.clone(), chosen.clone(), known.clone());
        self.reading(move |project| {
            let rules = rules(project, &uuid, &chosen, &known);
            Ok(accept_chosen(&rules, &chosen).err().unwrap_or_default())
        })
        .await
    }

    /// Refuses variables that a form of the pipeline does not offer.
    pub(super) async fn refuse_wrong_choices(
        &self,
        pipeline: &PipelineUuid,
        chosen: &Map,
    ) -> Result<(), Failure> {
        let wrong = self.wrong_choices(pipeline, chosen, &Map::new()).await?;
        match wrong.as_slice() {
            [] => Ok(()),
            wrong => Err(Failure::usage(
                told(wrong),
                "see the forms of the pipeline: `pipelines/<pipeline>/interactions.yaml`",
            )),
        }
    }
}

/// Complaints as one text.
pub(super) fn told(complaints: &[Complaint]) -> String {
    let texts = complaints.iter();
    let texts = texts.map(|one| format!("`{}` {}", one.variable, one.text));
    texts.collect::<Vec<_>>().join("; ")
}

/// What the forms of a pipeline want of the variables that were chosen. A form is used when one of its variables is
/// chosen; then those that it needs must be there.
fn rules(project: &Project, pipeline: &PipelineUuid, chosen: &Map, known: &Map) -> Rules {
    let own = project
        .pipeline(pipeline)
        .map(|pipeline| pipeline.variables);
    let own = own.unwrap_or_default();
    let mut rules = Rules::new();
    for used in project.pipeline_interactions(pipeline).blocks {
        let Some(form) = project.interaction(&used.uuid) else {
            continue;
        };
        let wanted = form.variables.iter().filter_map(|variable| {
            let other = used.variables.iter().find(|one| one.key == variable.key);
            if other.is_some_and(|other| other.disabled) {
                return None;
            }
            let name = other.and_then(|other| other.uuid.as_ref());
            let name = name.unwrap_or(&variable.uuid).clone();
            let required = other.and_then(|other| other.required);
            let types = other.map(|other| other.types.as_slice());
            let types = types.filter(|types| !types.is_empty());
            let types = types.unwrap_or(&variable.types);
            let is_needed = required.unwrap_or(variable.required);
            Some((name, ways(&form, variable, types), is_needed))
        });
        let wanted: Vec<(String, Vec<Accepted>, bool)> = wanted.collect();
        let is_used = wanted.iter().any(|(name, ..)| chosen.contains_key(name));
        for (name, mut ways, is_needed) in wanted {
            let has_value = known.contains_key(&name) || own.contains_key(&name);
            if is_used && is_needed && (!has_value || chosen.contains_key(&name)) {
                for way in &mut ways {
                    way.required = true;
                }
            }
            rules.entry(name).or_insert(ways);
        }
    }
    rules
}

/// The ways in which a value of a variable may be right: one for each of its types.
fn ways(form: &Interaction, variable: &InteractionVariable, types: &[ValueKind]) -> Vec<Accepted> {
    let input = variable.input.as_ref();
    let input = form.inputs.iter().find(|one| Some(&one.id) == input);
    let options = input.map(|input| input.options.iter().map(|(_, value)| value.clone()));
    let bound = |name: &str| {
        input
            .and_then(|input| input.style.get(name))
            .and_then(Value::as_f64)
    };
    let base = Accepted {
        kind: None,
        min: bound("min"),
        max: bound("max"),
        options: options.map(Iterator::collect).unwrap_or_default(),
        required: false,
    };
    if types.is_empty() {
        return vec![base];
    }
    let word = |kind: &ValueKind| {
        let found = ValueKind::KNOWN.iter().find(|(known, _)| known == kind);
        found.map(|(_, word)| (*word).to_owned())
    };
    let of = |kind| Accepted {
        kind: word(kind),
        ..base.clone()
    };
    types.iter().map(of).collect()
}
