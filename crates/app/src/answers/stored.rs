//! Which stored outputs a block means, and how they are handed to it.

use baton_base::chain;
use baton_model::{Product, RunId, Timestamp};
use baton_runner::{Answer, Asker, InputProduct, Refusal, RefusalKind, Stored};
use baton_store::RunQuery;
use chrono::NaiveDateTime;
use serde_json::{Value, json};

use super::{ProjectAnswers, failed};

/// Runs of one logical date that are looked at.
const SAME_DATE: u32 = 20;

/// Outputs that were found, or a word about why there are none.
#[derive(Default)]
struct Found {
    products: Vec<Product>,
    note: Option<String>,
}

impl ProjectAnswers {
    /// The outputs of a block, or the one called `output`.
    pub(super) async fn stored(
        &self,
        asker: &Asker,
        stored: &Stored,
        output: Option<&str>,
    ) -> Result<Answer, Refusal> {
        let found = self.find(asker, stored).await?;
        let mut products = Vec::with_capacity(found.products.len());
        for product in &found.products {
            if output.is_none_or(|name| name == product.name) {
                products.push(self.described_product(stored, product)?);
            }
        }
        let mut answer = match output {
            Some(_) => json!({"product": products.into_iter().next()}),
            None => json!({"products": products}),
        };
        if let Some(note) = found.note {
            answer["note"] = json!(note);
        }
        Ok(Answer::open(answer))
    }

    async fn find(&self, asker: &Asker, stored: &Stored) -> Result<Found, Refusal> {
        let name = stored.block.as_str();
        if let Some(run) = stored.run {
            let query = self.store.load_run(run).await.map_err(failed)?;
            let is_its = query.is_some_and(|run| run.plan.pipeline == stored.pipeline);
            return if is_its {
                self.products_of(&[run], name).await
            } else {
                Ok(Found::default())
            };
        }
        let Some(partition) = &stored.partition else {
            return self.by_hand(asker, stored).await;
        };
        let Some((from, to)) = logical_date(partition) else {
            return Ok(Found::default());
        };
        let query = RunQuery {
            pipeline: Some(stored.pipeline.clone()),
            from: Some(from),
            to: Some(to),
            limit: SAME_DATE,
            ..RunQuery::default()
        };
        let mut runs = self.store.find_runs(&query).await.map_err(failed)?;
        // Runs may share a date; the one that asks means itself.
        runs.sort_by_key(|run| *run != asker.run);
        self.products_of(&runs, name).await
    }

    /// The newest output of a run that a person started: what code without a partition means, as in Mage. A run that a
    /// trigger started has a partition, and its outputs are found by that.
    async fn by_hand(&self, asker: &Asker, stored: &Stored) -> Result<Found, Refusal> {
        let name = stored.block.as_str();
        let mut runs = Vec::new();
        if asker.pipeline == stored.pipeline.as_str() {
            let own = self.store.load_run(asker.run).await.map_err(failed)?;
            runs.extend(own.filter(|run| !run.plan.triggered).map(|run| run.id));
        }
        let newest = |triggered| {
            self.store
                .newest_output(&stored.pipeline, name, Some(triggered))
        };
        let by_hand = newest(false).await.map_err(failed)?;
        runs.extend(by_hand.map(|(run, _)| run));
        let mut found = self.products_of(&runs, name).await?;
        if found.products.is_empty() && newest(true).await.map_err(failed)?.is_some() {
            found.note = Some(format!(
                "no run that a person started has stored an output of block `{}` of pipeline `{}`; those of triggered \
                 runs are found with partition=kwargs['execution_partition']",
                stored.block, stored.pipeline
            ));
        }
        Ok(found)
    }

    /// What the first of these runs has that has anything.
    async fn products_of(&self, runs: &[RunId], name: &str) -> Result<Found, Refusal> {
        for run in runs {
            let products = self.store.products_named(*run, name).await;
            let products = products.map_err(failed)?;
            if !products.is_empty() {
                return Ok(Found {
                    products,
                    note: None,
                });
            }
        }
        Ok(Found::default())
    }

    /// A product in the form of an input of a job.
    fn described_product(&self, stored: &Stored, product: &Product) -> Result<Value, Refusal> {
        let input = InputProduct::stored(&self.products, product).map_err(|error| {
            let text = format!(
                "`{}` of block `{}` is lost: {}",
                product.name,
                stored.block,
                chain(&error)
            );
            Refusal::new(RefusalKind::Failed, text)
        })?;
        serde_json::to_value(input).map_err(|error| {
            Refusal::new(
                RefusalKind::Failed,
                format!("`{}` cannot be described: {error}", product.name),
            )
        })
    }
}

/// The logical dates that `<trigger>/<date>T<time>[_<microseconds>]` can mean: one, or those of a second.
fn logical_date(partition: &str) -> Option<(Timestamp, Timestamp)> {
    let text = partition.rsplit('/').next()?;
    let (seconds, from, to) = match text.split_once('_') {
        Some((seconds, micros)) if micros.len() == 6 => {
            let micros = micros.parse::<i64>().ok()?;
            (seconds, micros, micros)
        }
        Some(_) => return None,
        None => (text, 0, 999_999),
    };
    let date = NaiveDateTime::parse_from_str(seconds, "%Y%m%dT%H%M%S").ok()?;
    let date = date.and_utc().timestamp_micros();
    Some((Timestamp(date + from), Timestamp(date + to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_name_a_date() {
        let date = Timestamp(1_700_000_000_123_456);
        let whole = Timestamp(1_700_000_000_000_000);
        let last = Timestamp(1_700_000_000_999_999);
        for (partition, expected) in [
            ("1/20231114T221320_123456", Some((date, date))),
            ("20231114T221320_123456", Some((date, date))),
            ("7/20231114T221320", Some((whole, last))),
            ("1/20231114T221320_12", None),
            ("1/yesterday", None),
            ("", None),
        ] {
            assert_eq!(logical_date(partition), expected, "{partition}");
        }
    }
}
