//! `global_data_products.yaml` (spec 1.8). Reading only: whether a product is still fresh is decided elsewhere.

use baton_model::{Age, GlobalDataProduct, Map, MomentPart, PipelineUuid, SharedBlock};
use serde_json::Value;

use crate::new::clean_name;
use crate::problem::{Problem, Rule};
use crate::project::Project;
use crate::reading::Reader;

const FILE: &str = "global_data_products.yaml";

/// The units of an age whose length never varies, with their seconds. Mage knows only the last of them.
const SECONDS: [(&str, u32); 4] = [
    ("days", 24 * 3_600),
    ("hours", 3_600),
    ("minutes", 60),
    ("seconds", 1),
];

/// What the file of a project holds.
#[derive(Clone, Debug, Default)]
pub struct GlobalDataProducts {
    /// The products, in the order of the file.
    pub products: Vec<GlobalDataProduct>,
    /// What is wrong with the file.
    pub problems: Vec<Problem>,
}

impl GlobalDataProducts {
    /// The product called `uuid`. Names are compared as Mage makes them: `Daily orders` is `daily_orders`.
    pub fn get(&self, uuid: &str) -> Option<&GlobalDataProduct> {
        let wanted = clean_name(uuid, true);
        self.products
            .iter()
            .find(|product| clean_name(&product.uuid, true) == wanted)
    }
}

impl Project {
    /// What `global_data_products.yaml` holds; empty without one.
    pub fn global_data_products(&self) -> GlobalDataProducts {
        match self.read_text(FILE) {
            Ok(text) => text.map(|text| read(&text)).unwrap_or_default(),
            Err(problem) => GlobalDataProducts {
                products: Vec::new(),
                problems: vec![*problem],
            },
        }
    }
}

/// Reads the text of the file.
pub(crate) fn read(text: &str) -> GlobalDataProducts {
    let mut reader = Reader::new(FILE, None);
    let mut products = Vec::new();
    if let Some(document) = reader.parse(text) {
        let root = &document.root;
        if !root.is_null() && reader.is_mapping(root, "the file") {
            for entry in root.entries() {
                let name = entry.key.clone();
                let node = &entry.value;
                if !reader.is_mapping(node, &format!("the product `{name}`")) {
                    continue;
                }
                let settings = match node.to_json() {
                    Value::Object(map) => map,
                    _ => Map::new(),
                };
                let Some(pipeline) = settings.get("object_uuid").and_then(Value::as_str) else {
                    let message = format!("the product `{name}` names no pipeline");
                    let found = reader.problem(Rule::YamlShape, node.mark, message);
                    found.hint = Some("set `object_uuid` to the name of one".to_owned());
                    continue;
                };
                let bare = GlobalDataProduct {
                    uuid: name,
                    pipeline: PipelineUuid::from(pipeline),
                    outdated_after: None,
                    outdated_starting_at: Vec::new(),
                    blocks: Vec::new(),
                };
                products.push(adjusted(&bare, &settings));
            }
        }
    }
    GlobalDataProducts {
        products,
        problems: reader.problems,
    }
}

/// The product with the settings that a block gives it: each that is not empty replaces the product's own.
pub fn adjusted(product: &GlobalDataProduct, settings: &Map) -> GlobalDataProduct {
    let mut adjusted = product.clone();
    let given = |key: &str| {
        let map = settings.get(key).and_then(Value::as_object);
        map.filter(|map| !map.is_empty())
    };
    if let Some(age) = given("outdated_after") {
        let unit = |name: &str| age.get(name).and_then(whole);
        let units = ["years", "months", "weeks"].map(unit);
        let seconds = SECONDS.map(|(name, of)| Some(unit(name)?.saturating_mul(of)));
        let is_given = units.iter().chain(&seconds).any(Option::is_some);
        let [years, months, weeks] = units.map(Option::unwrap_or_default);
        let seconds = seconds.into_iter().flatten();
        adjusted.outdated_after = is_given.then(|| Age {
            years,
            months,
            weeks,
            seconds: seconds.fold(0, u32::saturating_add),
        });
    }
    if let Some(parts) = given("outdated_starting_at") {
        adjusted.outdated_starting_at = MomentPart::KNOWN
            .iter()
            .filter_map(|(part, name)| Some((*part, parts.get(*name).and_then(whole)?)))
            .collect();
    }
    if let Some(blocks) = given("settings") {
        adjusted.blocks = blocks
            .iter()
            .map(|(uuid, settings)| SharedBlock {
                uuid: uuid.as_str().into(),
                partitions: settings.get("partitions").and_then(whole).unwrap_or(1),
            })
            .collect();
    }
    adjusted
}

/// A whole number that is not negative, also as text.
fn whole(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => {
            let number = number.as_f64()?;
            (0.0..=f64::from(u32::MAX))
                .contains(&number)
                .then_some(number as u32)
        }
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn products_are_read_and_adjusted() {
        let text = "Daily orders:\n  object_type: pipeline\n  object_uuid: orders\n  outdated_after: {seconds: 60, weeks: null}\n  outdated_starting_at: {hour_of_day: 6}\n  settings:\n    last: {partitions: 3}\n    other:\nbroken: {object_type: pipeline}\nworse: 1\n";
        let read = read(text);
        assert_eq!(read.problems.len(), 2, "{:?}", read.problems);
        let product = read.get("daily_orders").unwrap();
        assert_eq!(product.pipeline.as_str(), "orders");
        let seconds = |seconds| {
            Some(Age {
                seconds,
                ..Age::default()
            })
        };
        assert_eq!(product.outdated_after, seconds(60));
        assert_eq!(product.outdated_starting_at, [(MomentPart::HourOfDay, 6)]);
        let shown = |product: &GlobalDataProduct| -> Vec<(String, u32)> {
            let blocks = product.blocks.iter();
            blocks
                .map(|block| (block.uuid.to_string(), block.partitions))
                .collect()
        };
        assert_eq!(
            shown(product),
            [("last".to_owned(), 3), ("other".to_owned(), 1)]
        );
        let settings = json!({"uuid": "daily_orders", "outdated_after": {"seconds": "5"}, "outdated_starting_at": {},
            "settings": {"else": {"partitions": 0}}});
        let adjusted = adjusted(product, settings.as_object().unwrap());
        assert_eq!(adjusted.outdated_after, seconds(5));
        let days = json!({"outdated_after": {"days": 2, "hours": 1, "minutes": 1, "seconds": 1}});
        let days = super::adjusted(product, days.as_object().unwrap());
        assert_eq!(days.outdated_after, seconds(2 * 86_400 + 3_661));
        let endless = json!({"outdated_after": {"days": 100_000, "seconds": 1}});
        let endless = super::adjusted(product, endless.as_object().unwrap());
        assert_eq!(endless.outdated_after, seconds(u32::MAX));
        let unknown = json!({"outdated_after": {"fortnights": 1}});
        let unknown = super::adjusted(product, unknown.as_object().unwrap());
        assert_eq!(unknown.outdated_after, None);
        assert_eq!(adjusted.outdated_starting_at, product.outdated_starting_at);
        assert_eq!(shown(&adjusted), [("else".to_owned(), 0)]);
        assert!(read.get("nothing").is_none());
        assert!(super::read("").products.is_empty());
    }
}
