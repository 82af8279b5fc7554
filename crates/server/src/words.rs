//! The schemas of words that the model has: its statuses and kinds, as requests and answers name them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::contract::one_of;

macro_rules! words {
    ($($name:ident $($more:ident)?: $($word:literal)+;)*) => {
        $(
            /// Words of the model; only their schema is of use.
            pub(crate) enum $name {}

            impl JsonSchema for $name {
                fn schema_name() -> Cow<'static, str> {
                    stringify!($name).into()
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    one_of(&[$($word),+], words!(@ $($more)?))
                }
            }
        )*
    };
    (@) => { false };
    (@ more) => { true };
}

// `more`: a project may have a kind that this version does not know, and it is passed on.
words! {
    RunStatus: "initial" "running" "completed" "failed" "cancelled";
    BlockStatus: "initial" "queued" "running" "completed" "failed" "cancelled" "upstream_failed" "condition_failed";
    Cause: "hand" "schedule" "call" "event" "completion" "backfill" "code" "again";
    TriggerKind more: "time" "event" "api" "pipeline";
    TriggerStatus: "active" "inactive";
    CallStatus: "started" "repeated" "refused" "full" "failed";
    BackfillStatus: "initial" "running" "paused" "completed" "failed" "cancelling" "cancelled";
    IntervalUnit: "second" "minute" "hour" "day" "week" "month" "year" "custom";
    PipelineKind more: "python" "integration" "streaming";
    BlockKind more: "callback" "chart" "conditional" "custom" "data_exporter" "data_loader" "dbt" "extension"
        "global_data_product" "hook" "markdown" "scratchpad" "sensor" "transformer";
    Language more: "python" "sql" "r" "yaml" "markdown";
    ProductKind: "frame" "json" "text" "image" "opaque";
    ChartType: "bar chart" "custom" "histogram" "line chart" "pie chart" "table" "time series bar chart" "time series line chart";
    TimeInterval: "original" "second" "minute" "hour" "day" "week" "month" "year";
    FileFate: "new" "same" "overwritten";
    LogLevel: "DEBUG" "INFO" "WARNING" "ERROR" "EXCEPTION" "CRITICAL";
    FailureKind: "exception" "test_failed" "signature" "syntax" "missing_file" "unstorable" "exit" "crash" "timeout"
        "out_of_memory" "storage" "environment" "unsupported" "worker";
    StaleReason: "code" "settings" "inputs" "variable" "upstream" "upstream_failed" "upstream_stale";
    TestStatus: "passed" "failed" "error" "not_run";
    Severity: "error" "warning";
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    /// Every word is one of the model, and every other word is told apart.
    fn check<W: JsonSchema, T: DeserializeOwned + Serialize>(count: usize) {
        let schema = W::json_schema(&mut SchemaGenerator::default()).to_value();
        let words = schema.get("enum").or(schema.pointer("/anyOf/0/enum"));
        let words = words.and_then(Value::as_array).unwrap();
        assert_eq!(words.len(), count, "{}", W::schema_name());
        for word in words {
            let known: T = serde_json::from_value(word.clone()).unwrap();
            assert_eq!(serde_json::to_value(known).unwrap(), *word);
        }
    }

    #[test]
    fn they_are_those_of_the_model() {
        check::<RunStatus, baton_model::RunStatus>(5);
        check::<BlockStatus, baton_model::BlockStatus>(8);
        check::<Cause, baton_model::Cause>(8);
        check::<TriggerKind, baton_model::TriggerKind>(4);
        check::<BackfillStatus, baton_model::BackfillStatus>(7);
        check::<IntervalUnit, baton_model::IntervalUnit>(8);
        check::<PipelineKind, baton_model::PipelineKind>(3);
        check::<BlockKind, baton_model::BlockKind>(baton_model::BlockKind::KNOWN.len());
        check::<Language, baton_model::Language>(5);
        check::<ProductKind, baton_model::ProductKind>(5);
        check::<LogLevel, baton_runner::Level>(6);
        check::<TestStatus, baton_model::TestStatus>(4);
        check::<FailureKind, baton_model::FailureKind>(14);
    }
}
