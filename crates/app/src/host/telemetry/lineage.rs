//! Lineage in the form of OpenLineage: a run of a pipeline is a run of a job, and so is each of its blocks; data products are
//! datasets.

use baton_base::iso;
use baton_model::{BlockRun, BlockStatus, Product, Run, RunStatus, Timestamp};
use serde_json::{Value, json};

/// Who says it.
const PRODUCER: &str = concat!("urn:baton:", env!("CARGO_PKG_VERSION"));

const EVENT: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const SCHEMA: &str =
    "https://openlineage.io/spec/facets/1-1-1/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet";
const STATISTICS: &str = "https://openlineage.io/spec/facets/1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet";
const PARENT: &str =
    "https://openlineage.io/spec/facets/1-0-1/ParentRunFacet.json#/$defs/ParentRunFacet";
const NOMINAL: &str =
    "https://openlineage.io/spec/facets/1-0-1/NominalTimeRunFacet.json#/$defs/NominalTimeRunFacet";
const ERROR: &str = "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet";

/// A run as lineage names it.
#[derive(Clone, Debug)]
pub(super) struct Subject<'a> {
    /// Where jobs and datasets belong.
    pub(super) namespace: &'a str,
    /// What tells this run from those of other projects.
    pub(super) seed: String,
}

impl Subject<'_> {
    /// A number in the form of a UUID, always the same for `what`.
    fn uuid(&self, what: &str) -> String {
        let hash = blake3::hash(format!("{}\0{what}", self.seed).as_bytes());
        let mut bytes = [0_u8; 16];
        for (to, from) in bytes.iter_mut().zip(hash.as_bytes()) {
            *to = *from;
        }
        let number = u128::from_be_bytes(bytes);
        // Version 8, of whoever makes it; the variant of RFC 9562.
        let number = number & !(0xf << 76) | (8 << 76);
        let number = number & !(0x3 << 62) | (2 << 62);
        let hex = format!("{number:032x}");
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!(
            "{}-{}-{}-{}-{}",
            part(0, 8),
            part(8, 12),
            part(12, 16),
            part(16, 20),
            part(20, 32)
        )
    }

    fn dataset(&self, run: &Run, block: &str, product: &Product, is_output: bool) -> Value {
        let mut dataset = json!({
            "namespace": self.namespace,
            "name": format!("{}/{block}/{}", run.plan.pipeline, product.name),
        });
        if !product.columns.is_empty() {
            let fields = product.columns.iter();
            let fields: Vec<Value> = fields
                .map(|column| json!({"name": column.name, "type": column.data_type}))
                .collect();
            dataset["facets"] = json!({
                "schema": {"_producer": PRODUCER, "_schemaURL": SCHEMA, "fields": fields},
            });
        }
        if is_output {
            let mut statistics =
                json!({"_producer": PRODUCER, "_schemaURL": STATISTICS, "size": product.bytes});
            if let Some(rows) = product.rows {
                statistics["rowCount"] = json!(rows);
            }
            dataset["outputFacets"] = json!({ "outputStatistics": statistics });
        }
        dataset
    }

    fn datasets(&self, run: &Run, block: &BlockRun, is_output: bool) -> Vec<Value> {
        let products = block.products.iter();
        products
            .map(|product| self.dataset(run, &block.name, product, is_output))
            .collect()
    }

    fn event(&self, kind: &str, at: Timestamp, id: &str, job: &str, facets: &Value) -> Value {
        json!({
            "eventType": kind,
            "eventTime": iso(at.0),
            "producer": PRODUCER,
            "schemaURL": EVENT,
            "run": {"runId": self.uuid(id), "facets": facets},
            "job": {"namespace": self.namespace, "name": job},
            "inputs": [],
            "outputs": [],
        })
    }

    fn facets(run: &Run, error: Option<&str>) -> Value {
        let mut facets = json!({"nominalTime": {
            "_producer": PRODUCER,
            "_schemaURL": NOMINAL,
            "nominalStartTime": iso(run.plan.execution_date.0),
        }});
        if let Some(error) = error {
            facets["errorMessage"] = json!({
                "_producer": PRODUCER,
                "_schemaURL": ERROR,
                "message": error,
                "programmingLanguage": "PYTHON",
            });
        }
        facets
    }

    /// What is told when a run begins.
    pub(super) fn begins(&self, run: &Run, at: Timestamp) -> Vec<Value> {
        let job = run.plan.pipeline.as_str();
        vec![self.event("START", at, "run", job, &Self::facets(run, None))]
    }

    /// What is told when a run has ended: of each block that ran, and of the run.
    pub(super) fn ended(&self, run: &Run, at: Timestamp) -> Vec<Value> {
        let mut events = Vec::new();
        let mut outputs = Vec::new();
        for block in &run.blocks {
            let kind = match block.status {
                BlockStatus::Completed => "COMPLETE",
                BlockStatus::Failed => "FAIL",
                BlockStatus::Cancelled if block.attempt > 0 => "ABORT",
                _ => continue,
            };
            let error = block.error.as_ref().filter(|_| kind == "FAIL");
            let error = error.map(|error| error.message.as_str());
            let mut facets = Self::facets(run, error);
            facets["parent"] = json!({
                "_producer": PRODUCER,
                "_schemaURL": PARENT,
                "run": {"runId": self.uuid("run")},
                "job": {"namespace": self.namespace, "name": run.plan.pipeline},
            });
            let id = format!("block {}", block.name);
            let job = format!("{}.{}", run.plan.pipeline, block.key.block);
            let ended = block.ended_at.unwrap_or(at);
            let begun = block.started_at.unwrap_or(ended);
            events.push(self.event("START", begun, &id, &job, &facets));
            let mut event = self.event(kind, ended, &id, &job, &facets);
            event["inputs"] = json!(self.inputs(run, block));
            let made = self.datasets(run, block, true);
            event["outputs"] = json!(made);
            outputs.extend(made);
            events.push(event);
        }
        let kind = match run.status {
            RunStatus::Completed => "COMPLETE",
            RunStatus::Failed => "FAIL",
            _ => "ABORT",
        };
        let error = run.reason.as_deref().filter(|_| kind == "FAIL");
        let facets = Self::facets(run, error);
        let ended = run.ended_at.unwrap_or(at);
        let mut event = self.event(kind, ended, "run", run.plan.pipeline.as_str(), &facets);
        event["outputs"] = json!(outputs);
        events.push(event);
        events
    }

    /// What the blocks above have handed to a block.
    fn inputs(&self, run: &Run, block: &BlockRun) -> Vec<Value> {
        let Some(planned) = run.plan.block(&block.key.block) else {
            return Vec::new();
        };
        let above = run.blocks.iter();
        let above = above.filter(|one| planned.upstream.contains(&one.key.block));
        above
            .flat_map(|one| self.datasets(run, one, false))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_uuids_that_do_not_change() {
        let subject = Subject {
            namespace: "default",
            seed: "x".to_owned(),
        };
        let uuid = subject.uuid("run");
        assert_eq!(uuid, subject.uuid("run"));
        assert_ne!(uuid, subject.uuid("block a"));
        let parts: Vec<&str> = uuid.split('-').collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{uuid}");
        assert!(
            parts[2].starts_with('8') && parts[3].starts_with(['8', '9', 'a', 'b']),
            "{uuid}"
        );
    }
}
